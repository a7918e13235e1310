/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's watchdog (drivers/vwatchdog.h) and what its expiry does: the VM crashes. Its time is
 * looked at by the first vCPU's timer, which a guest that hangs with interrupts off cannot stop;
 * until the guest starts it there is no timer and no exit.
 */
#ifndef KERNEL_VM_WATCHDOG_H
#define KERNEL_VM_WATCHDOG_H

#include "drivers/vwatchdog.h"

struct vcpu;
struct vm;

struct vm_watchdog {
    struct vwatchdog device; /* under the VM's device lock, as is the next one */
    uint64_t armed;          /* ms: what the timer is set for; VWATCHDOG_NEVER */
};

/* Boot processor, before memory_seal(). */
void vm_watchdog_create(struct vm *vm);

/* With the VM's other devices, under the device lock. */
void vm_watchdog_reset(struct vm *vm);

/* The timer, set anew; while the VM is paused the watchdog's time stands. First vCPU's CPU. */
void vm_watchdog_arm(struct vcpu *vcpu);
void vm_watchdog_pause(struct vcpu *vcpu);
void vm_watchdog_resume(struct vcpu *vcpu);

/* VCPU_TIMER_WATCHDOG. */
void vm_watchdog_timer(struct vcpu *vcpu);

/* The ports; the device is the struct vm. */
extern const struct device_ops vm_watchdog_ops;

#endif
