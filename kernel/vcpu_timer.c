/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a vCPU's deadlines is next, and who is called when it comes; see the header. */
#include "kernel/vcpu_timer.h"

#include "kernel/vcpu.h"

static void set(struct vcpu_timers *timers, unsigned which, uint64_t deadline)
{
    timers->deadlines[which] = deadline;
    timers->next = VCPU_TIMER_OFF;
    for (unsigned i = 0; i < VCPU_TIMER_COUNT; i++) {
        timers->next = MIN(timers->next, timers->deadlines[i]);
    }
}

void vcpu_timer_set(struct vcpu *vcpu, enum vcpu_timer which, uint64_t deadline)
{
    set(&vcpu->timers, which, deadline);
    vcpu_timer_program(vcpu);
}

bool vcpu_timer_armed(const struct vcpu *vcpu, enum vcpu_timer which)
{
    return vcpu->timers.deadlines[which] != VCPU_TIMER_OFF;
}

void vcpu_timers_expire(struct vcpu *vcpu, uint64_t now)
{
    for (unsigned i = 0; i < VCPU_TIMER_COUNT; i++) {
        if (vcpu->timers.deadlines[i] <= now) {
            set(&vcpu->timers, i, VCPU_TIMER_OFF);
            if (vcpu_timer_handlers[i] != NULL) {
                vcpu_timer_handlers[i](vcpu); /* may arm it again */
            }
        }
    }
    vcpu_timer_program(vcpu);
}

void vcpu_timers_reset(struct vcpu *vcpu)
{
    for (unsigned i = 0; i < VCPU_TIMER_COUNT; i++) {
        set(&vcpu->timers, i, VCPU_TIMER_OFF);
    }
}
