/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices of a PC before ACPI, for VMs with `legacy`: a PIC pair, a PIT with port 0x61, a PM
 * timer, and the wires between them, the IOAPIC and the first vCPU's LINT0. Ticks come by
 * VCPU_TIMER_PIT on the first vCPU; interrupts of the PIC are injected there by the vendor's
 * mechanism, which asks legacy_interrupt_pending() when VCPU_REQUEST_LEGACY says so. Other VMs have
 * none of this and pay nothing for it.
 */
#ifndef KERNEL_LEGACY_H
#define KERNEL_LEGACY_H

#include "drivers/vpic.h"
#include "drivers/vpit.h"
#include "drivers/vpmtimer.h"
#include "kernel/types.h"

struct vm;
struct vcpu;

/* A device's interrupt line, which the IOAPIC and the PIC both see. */
struct legacy_line {
    struct vm *vm;
    uint8_t gsi;
    uint8_t irq; /* the PIC's input */
};

/* In struct vm, guarded by its device_lock. */
struct vm_legacy {
    struct vpic pic;
    struct vpit pit;
    struct vpmtimer pm_timer;
    struct legacy_line pit_line;
    struct legacy_line uart_line;
    uint64_t edge;      /* what the vCPU's timer is armed for, in ticks of the PIT */
    uint64_t ticked_at; /* TSC of the last tick */
};

/* Creation: boot processor. */
void legacy_init(struct vm *vm);

/* The line that a device of the VM is to drive; only VMs with `legacy`. */
struct irq_line legacy_uart_line(struct vm *vm);

/* At the VM's start; device_lock held. */
void legacy_reset(struct vm *vm);

/* What LINT0 says at a vCPU's start: the first one takes the PIC's interrupts, as firmware leaves
 * it. */
uint32_t legacy_lint0_reset(const struct vcpu *vcpu);

/* True for vCPUs whose LINT0 is kept in vcpu->lint0, not in hardware. */
bool legacy_has_lint0(const struct vcpu *vcpu);

/* LINT0 or APIC_BASE of the vCPU changed: a waiting interrupt may get through. Its own CPU. */
void legacy_lint0_changed(struct vcpu *vcpu);

/* For VCPU_REQUEST_LEGACY, and the handler of VCPU_TIMER_PIT. The first vCPU's CPU, root mode. */
void legacy_rearm(struct vcpu *vcpu);
void legacy_timer(struct vcpu *vcpu);

/* Whether the PIC has an interrupt that the vCPU's LINT0 lets through. Its own CPU. */
bool legacy_interrupt_pending(const struct vcpu *vcpu);

/* The acknowledge cycle: returns the vector. For an interrupt that is injected at the next entry.
 */
uint8_t legacy_acknowledge(struct vcpu *vcpu);

/* After an access to ports of `legacy`, device_lock held: the PIT's next tick may have moved. */
void legacy_accessed(struct vm *vm);

#endif
