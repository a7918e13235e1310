/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers of a vCPU: several deadlines, of which the earliest programs the one timer that the
 * processor has for making a guest exit. While none is armed there are no exits. Policy sets
 * deadlines; the vendor's mechanism implements vcpu_timer_program() and calls vcpu_timers_expire().
 */
#ifndef KERNEL_VCPU_TIMER_H
#define KERNEL_VCPU_TIMER_H

#include "kernel/types.h"

struct vcpu;

enum vcpu_timer {
    VCPU_TIMER_CONSOLE,  /* output waits for a busy UART; kernel/console.c */
    VCPU_TIMER_PIT,      /* channel 0's next edge; VMs with `legacy`, first vCPU */
    VCPU_TIMER_WATCHDOG, /* the VM's watchdog runs out */
    VCPU_TIMER_FAULTS,   /* the next fault to inject */
    VCPU_TIMER_COUNT,
};

#define VCPU_TIMER_OFF UINT64_MAX

struct vcpu_timers {
    uint64_t deadlines[VCPU_TIMER_COUNT]; /* TSC; VCPU_TIMER_OFF: not armed */
    uint64_t next;                        /* the earliest of them */
};

/*
 * What is called at or after a deadline: on the vCPU's own CPU in root mode, its timer being off
 * again. NULL: nobody.
 */
extern void (*const vcpu_timer_handlers[VCPU_TIMER_COUNT])(struct vcpu *vcpu);

/*
 * Arms a timer for a TSC value (one that has passed: as soon as possible), or turns it off with
 * VCPU_TIMER_OFF. The vCPU's own CPU, in root mode. A vCPU that waits for SIPI or is paused keeps
 * the deadline, and the handler runs late.
 */
void vcpu_timer_set(struct vcpu *vcpu, enum vcpu_timer which, uint64_t deadline);

/* True while the timer is armed. */
bool vcpu_timer_armed(const struct vcpu *vcpu, enum vcpu_timer which);

/* Calls the handlers of all timers that are due at `now`. The vCPU's own CPU, in root mode. */
void vcpu_timers_expire(struct vcpu *vcpu, uint64_t now);

/* All off, as at the start of the VM. While the vCPU is in no guest. */
void vcpu_timers_reset(struct vcpu *vcpu);

/*
 * Makes the guest exit when vcpu->timers.next comes, or not at all. Provided by the vendor's
 * mechanism (vmx/timer.c). The vCPU's own CPU, in root mode.
 */
void vcpu_timer_program(struct vcpu *vcpu);

#endif
