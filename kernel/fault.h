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
    uint32_t poisoned;               /* how many of `pages` */
    uint32_t told;                   /* bit i: the first access to pages[i] is in the log */
    gpa_t pages[FAULT_POISON_MAX];
};

/*
 * Sets what faults the VM suffers from now on, in words (kernel/fault_plan.h); the former ones end,
 * the generator begins anew. 0, -BULKHEAD_EPERM: its configuration does not allow it,
 * -BULKHEAD_EINVAL: not understood, -BULKHEAD_ENOENT: `poison` names what is no RAM. Any CPU in
 * root mode.
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

/* ---- memory; kernel/fault_memory.c ---- */

enum fault_access {
    FAULT_ACCESS_NONE,   /* no RAM there anyway */
    FAULT_ACCESS_POISON, /* the vCPU is to get a machine check: its report is made */
    FAULT_ACCESS_AGAIN,  /* RAM that is no longer poisoned: let the guest try again */
};

/*
 * What a guest's access to an address without second-level translation means in a VM that has
 * `faults`. restartable: no event was on its way into the guest. The other vCPUs get a machine
 * check too, as processors broadcast it. The vCPU's own CPU.
 */
enum fault_access fault_memory_access(struct vcpu *vcpu, gpa_t gpa, bool fetch, bool restartable);

/* Any page of the VM's RAM. Under the lock. */
gpa_t fault_memory_choose(struct vm *vm);

/* Makes a page bad; false: is no RAM, is bad already, or too many are. Under the lock. */
bool fault_memory_poison(struct vm *vm, gpa_t page);
bool fault_memory_full(const struct vm_faults *faults);

/* All pages are good again. Under the lock. */
void fault_memory_heal(struct vm *vm);

/* ---- between the two files ---- */

/* A line in the log. Under the lock. */
#define FAULT_NOTE(vm, format, ...)                                                                \
    log_notice("VM %s: fault %u: " format, (vm)->plan->name, ++(vm)->faults.count, __VA_ARGS__)

/* A machine check for all vCPUs but one (or NULL). */
void fault_broadcast_mc(struct vm *vm, const struct vcpu *but);

#endif
