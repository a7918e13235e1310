/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on purpose: what a VM with `faults` in its configuration suffers so that its user sees how
 * the guest takes it. VMs without it pay nothing. See docs/faults.md.
 */
#ifndef KERNEL_FAULT_H
#define KERNEL_FAULT_H

#include "drivers/device.h"
#include "drivers/vioapic.h"
#include "kernel/fault_plan.h"
#include "kernel/spinlock.h"

struct vcpu;
struct vm;

struct vm_faults {
    struct spinlock lock; /* of everything here; taken inside of the device lock, or without it */
    struct fault_plan plan;
    uint64_t random; /* state of the generator */
    uint32_t count;  /* faults of this run so far */
    uint32_t reads;  /* != 0: reads of devices are looked at; read without the lock */
    uint64_t next[FAULT_DOUBLE + 1]; /* TSC: when a timed fault is due, VCPU_TIMER_OFF */
    struct vioapic_message again;    /* what FAULT_DOUBLE delivers then */
};

/*
 * Sets what faults the VM suffers from now on, in words (kernel/fault_plan.h); the former ones end,
 * the generator begins anew. 0, -BULKHEAD_EPERM: its configuration does not allow it,
 * -BULKHEAD_EINVAL: not understood. Any CPU in root mode.
 */
int fault_set(struct vm *vm, const char *text, size_t length);

/* The plan of the configuration. Boot processor, before memory_seal(). */
void fault_create(struct vm *vm);

/* A new run: the same faults again, in the same order. First vCPU's CPU, before it enters. */
void fault_reset(struct vm *vm);

/* Sets the timer for the next timed fault. First vCPU's CPU, VMCS current. */
void fault_arm(struct vcpu *vcpu);

/* VCPU_TIMER_FAULTS. */
void fault_timer(struct vcpu *vcpu);

/* Instead of vm_deliver() as a fault VM's IOAPIC's way out. Under the device lock. */
void fault_deliver(void *context, const struct vioapic_message *message);

/* What a guest reads instead of `value`. Under the device lock, when vm->faults.reads is not 0. */
uint64_t fault_read(struct vm *vm, const struct device_ops *ops, uint64_t value, unsigned size);

/* What the VM's next restart takes longer. */
uint64_t fault_restart_us(struct vm *vm);

enum fault_mc { FAULT_MC_DONE, FAULT_MC_LATER, FAULT_MC_SHUTDOWN };

/*
 * A machine check for the guest at the next entry. LATER: another event is on its way in; SHUTDOWN:
 * CR4.MCE is clear, hardware would shut down. Provided by the vendor's mechanism (vmx/event.c).
 * The vCPU's own CPU, VMCS current.
 */
enum fault_mc vcpu_inject_machine_check(struct vcpu *vcpu);

#endif
