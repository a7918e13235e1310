/* SPDX-License-Identifier: Apache-2.0 */
/* Who is called when a vCPU's timer comes: one row a timer. Apart for the tests' sake. */
#include "kernel/console.h"
#include "kernel/fault.h"
#include "kernel/legacy.h"
#include "kernel/vcpu_timer.h"
#include "kernel/vm_watchdog.h"

void (*const vcpu_timer_handlers[VCPU_TIMER_COUNT])(struct vcpu *vcpu) = {
    [VCPU_TIMER_CONSOLE] = console_timer,
    [VCPU_TIMER_PIT] = legacy_timer,
    [VCPU_TIMER_WATCHDOG] = vm_watchdog_timer,
    [VCPU_TIMER_FAULTS] = fault_timer,
};
