/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI functions handed over to VMs: the real configuration space behind the VM's virtual bus
 * (drivers/vpci.h), their interrupts, their reset. Interrupts reach the guest's CPU without root
 * mode: a pin of the machine's IOAPIC, or MSI, is programmed as the guest programs its own.
 */
#ifndef KERNEL_VM_PCI_H
#define KERNEL_VM_PCI_H

#include "drivers/vpci.h"
#include "ept/ept.h"
#include "kernel/boot_info.h"

struct vm;

/* One function of a VM: what its virtual bus calls back with. Constant but for `told`. */
struct vm_pci {
    struct vm *vm;
    const struct vm_pci_function *plan;
    bool told; /* an MSI was refused, and the log says so */
};

/* ---- creation: boot processor, before memory_seal() ---- */

/* Takes over the machine's IOAPIC, all pins masked. Once, before any VM is created. */
void vm_pci_init(const struct boot_info *info);

/*
 * An edge of this pin of the machine's IOAPIC is an NMI of that CPU from now on; false: no IOAPIC.
 * Boot processor, before VMs start.
 */
bool vm_pci_nmi_from_pin(unsigned pin, uint8_t apic_id);

#define VM_PCI_RANGES (VM_PCI_MAX * VM_PCI_BARS)

/* The functions' memory BARs as ranges for EPT, uncached, gpa = hpa; returns how many. */
uint32_t vm_pci_ranges(const struct vm_plan *plan, struct ept_range *ranges);

/* Opens the functions' I/O BARs in a bitmap of 65536 ports, 1: exits. */
void vm_pci_open_ports(const struct vm_plan *plan, uint8_t *io_bitmap);

/* Puts the functions onto the VM's bus; its IOAPIC must be initialized. */
void vm_pci_create(struct vm *vm);

/* ---- life ---- */

/* No function of the VM interrupts or does DMA from here on. Its vCPUs have left. */
void vm_pci_stop(struct vm *vm);

/*
 * Functions reset as far as they can be, decoding on: for a start of the VM, on its CPU, before its
 * RAM is filled. Takes up to about a second a function.
 */
void vm_pci_reset(struct vm *vm);

/* ---- what the VM's IOAPIC calls (struct vioapic_host), with device_lock held; vm: the context */

void vm_pci_entry_changed(void *vm, unsigned pin, uint64_t entry);
void vm_pci_passed_eoi(void *vm, uint8_t vector);

#endif
