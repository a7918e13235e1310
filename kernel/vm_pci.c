/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI functions handed over: see the header. Everything has been checked by the loader
 * (boot/config/place_pci.c); here is what happens while VMs run. Configuration space and the IOAPIC
 * are the machine's: all VMs' accesses take one lock, never while waiting.
 */
#include "kernel/vm_pci.h"

#include "drivers/ioapic.h"
#include "drivers/pci_control.h"
#include "kernel/irq_route.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/msr.h"
#include "kernel/panic.h"
#include "kernel/time.h"
#include "kernel/vm.h"

_Static_assert(VM_PCI_MAX <= VPCI_FUNCTION_MAX && VM_PCI_BARS == VPCI_BAR_COUNT,
               "a plan's functions find room on the bus");

static const struct pci_access ports;
static struct ioapic ioapic;
static struct spinlock machine_lock; /* inside any device_lock */

static struct pci_address address_of(const struct vm_pci_function *plan)
{
    return (struct pci_address){plan->bus, plan->device, plan->function};
}

/* ---- configuration space ---- */

static uint32_t backend_read(void *context, unsigned reg, unsigned size)
{
    const struct vm_pci *pci = context;
    struct pci_address at = address_of(pci->plan);
    spin_lock(&machine_lock);
    uint32_t value = pci_read32(&ports, at, (uint16_t)(reg & ~3U)) >> reg % 4 * 8;
    spin_unlock(&machine_lock);
    return value & (uint32_t)device_open_bus(size);
}

static void backend_write(void *context, unsigned reg, unsigned size, uint32_t value)
{
    const struct vm_pci *pci = context;
    struct pci_address at = address_of(pci->plan);
    spin_lock(&machine_lock);
    if (size == 4) {
        pci_write32(&ports, at, (uint16_t)reg, value);
    } else {
        pci_write16(&ports, at, (uint16_t)reg, (uint16_t)value);
    }
    spin_unlock(&machine_lock);
}

static void msi_changed(void *context, const struct vpci_msi *msi)
{
    struct vm_pci *pci = context;
    struct vioapic_message message;
    uint8_t apic_id = 0;
    bool good = irq_message_of_msi(msi, &message) &&
                irq_route(&pci->vm->apic_map, pci->vm->xapic_logical, &message, &apic_id);
    spin_lock(&machine_lock);
    pci_write_msi(&ports, address_of(pci->plan), irq_msi_address(apic_id), message.vector, good);
    spin_unlock(&machine_lock);
    if (msi->enabled && !good && !pci->told) {
        pci->told = true;
        log_info("VM %s: MSI to %lx, data %x, refused", pci->vm->plan->name, msi->address,
                 msi->data);
    }
}

/* ---- creation ---- */

void vm_pci_init(const struct boot_info *info)
{
    hpa_t hpa = info->platform.ioapic;
    ioapic_init(&ioapic, hpa.v != 0 ? memory_map_mmio(hpa, PAGE_SIZE, false) : NULL);
}

bool vm_pci_nmi_from_pin(unsigned pin, uint8_t apic_id)
{
    ioapic_route_nmi(&ioapic, pin, apic_id);
    return pin < ioapic.pins;
}

/* Small BARs of one function may share a page. */
static bool has_range(const struct ept_range *ranges, uint32_t count, uint64_t gpa)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ranges[i].gpa.v == gpa) {
            return true;
        }
    }
    return false;
}

uint32_t vm_pci_ranges(const struct vm_plan *plan, struct ept_range *ranges)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->pci_count * VM_PCI_BARS; i++) {
        const struct vm_pci_bar *bar = &plan->pci[i / VM_PCI_BARS].bars[i % VM_PCI_BARS];
        uint64_t first = align_down(bar->address, PAGE_SIZE);
        if (bar->size == 0 || bar->io || has_range(ranges, count, first)) {
            continue;
        }
        ranges[count++] = (struct ept_range){
            .gpa = GPA(first),
            .hpa = HPA(first),
            .size = align_up(bar->size, PAGE_SIZE),
            .rights = EPT_READ | EPT_WRITE,
            .type = MEMORY_TYPE_UC,
        };
    }
    return count;
}

void vm_pci_open_ports(const struct vm_plan *plan, uint8_t *io_bitmap)
{
    for (uint32_t i = 0; i < plan->pci_count * VM_PCI_BARS; i++) {
        const struct vm_pci_bar *bar = &plan->pci[i / VM_PCI_BARS].bars[i % VM_PCI_BARS];
        for (uint64_t port = bar->address; bar->io && port < bar->address + bar->size; port++) {
            io_bitmap[port / 8] &= (uint8_t) ~(1U << port % 8);
        }
    }
}

void vm_pci_create(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->plan->pci_count; i++) {
        const struct vm_pci_function *plan = &vm->plan->pci[i];
        struct vm_pci *pci = &vm->pci_functions[i];
        *pci = (struct vm_pci){.vm = vm, .plan = plan};
        struct vpci_backend backend = {backend_read, backend_write, msi_changed, pci};
        const struct vpci_function *added;
        enum vpci_error error = vpci_add_function(&vm->pci, VPCI_DEVFN(plan->guest_device, 0),
                                                  &backend, plan->gsi, &added);
        if (error != VPCI_OK) {
            panic("PCI %02x:%02x.%u cannot be given to VM %s (%d)", plan->bus, plan->device,
                  plan->function, vm->plan->name, (int)error);
        }
        if (plan->gsi != VM_PCI_NO_PIN) {
            vioapic_set_pin_kind(&vm->ioapic, plan->gsi, VIOAPIC_PIN_PASSED);
        }
    }
}

/* ---- interrupts ---- */

void vm_pci_entry_changed(void *context, unsigned pin, uint64_t entry)
{
    struct vm *vm = context;
    struct vioapic_message message;
    uint8_t apic_id = 0;
    bool open = irq_message_of_entry(entry, &message) &&
                irq_route(&vm->apic_map, vm->xapic_logical, &message, &apic_id);
    for (uint32_t i = 0; i < vm->plan->pci_count; i++) {
        if (vm->plan->pci[i].gsi != pin) {
            continue;
        }
        spin_lock(&machine_lock);
        if (open) {
            ioapic_route(&ioapic, vm->plan->pci[i].pin, message.vector, apic_id);
        } else {
            ioapic_mask(&ioapic, vm->plan->pci[i].pin);
        }
        spin_unlock(&machine_lock);
        return; /* others with this GSI have the same pin */
    }
}

void vm_pci_passed_eoi(void *context, uint8_t vector)
{
    const struct vm *vm = context;
    for (uint32_t i = 0; i < vm->plan->pci_count; i++) {
        const struct vm_pci_function *plan = &vm->plan->pci[i];
        if (plan->gsi != VM_PCI_NO_PIN && (uint8_t)vm->ioapic.entries[plan->gsi] == vector) {
            spin_lock(&machine_lock);
            ioapic_end(&ioapic, plan->pin);
            spin_unlock(&machine_lock);
        }
    }
}

/* ---- life ---- */

static void wait_unlocked(uint64_t us)
{
    spin_unlock(&machine_lock);
    time_delay_us(us);
    spin_lock(&machine_lock);
}

void vm_pci_stop(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->plan->pci_count; i++) {
        const struct vm_pci_function *plan = &vm->plan->pci[i];
        spin_lock(&machine_lock);
        pci_silence(&ports, address_of(plan));
        ioapic_mask(&ioapic, plan->pin);
        ioapic_end(&ioapic, plan->pin);
        spin_unlock(&machine_lock);
    }
}

void vm_pci_reset(struct vm *vm)
{
    static const char *const how[] = {"not reset", "reset", "reset by D3hot"};
    vm_pci_stop(vm);
    for (uint32_t i = 0; i < vm->plan->pci_count; i++) {
        const struct vm_pci_function *plan = &vm->plan->pci[i];
        spin_lock(&machine_lock);
        enum pci_reset done = pci_reset_function(&ports, address_of(plan), wait_unlocked);
        pci_write16(&ports, address_of(plan), PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
        spin_unlock(&machine_lock);
        vm->pci_functions[i].told = false;
        log_info("VM %s: PCI %02x:%02x.%u is its %02x.0, GSI %u, %s", vm->plan->name, plan->bus,
                 plan->device, plan->function, plan->guest_device, plan->gsi, how[done]);
    }
}
