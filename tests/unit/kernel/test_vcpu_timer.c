/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/vcpu_timer.c */
/* Timers of a vCPU: which is next, who is called when, and that a handler may arm its own again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/vcpu.h"

static struct vcpu vcpu;
static unsigned calls[VCPU_TIMER_COUNT];
static unsigned programmed;
static uint64_t programmed_next;
static uint64_t again; /* what the PIT's handler arms; VCPU_TIMER_OFF: nothing */

void vcpu_timer_program(struct vcpu *which)
{
    assert_ptr_equal(which, &vcpu);
    programmed++;
    programmed_next = which->timers.next;
}

static void on_console(struct vcpu *which)
{
    assert_ptr_equal(which, &vcpu);
    assert_false(vcpu_timer_armed(which, VCPU_TIMER_CONSOLE));
    calls[VCPU_TIMER_CONSOLE]++;
}

static void on_pit(struct vcpu *which)
{
    calls[VCPU_TIMER_PIT]++;
    vcpu_timer_set(which, VCPU_TIMER_PIT, again);
}

void (*const vcpu_timer_handlers[VCPU_TIMER_COUNT])(struct vcpu *vcpu) = {
    [VCPU_TIMER_CONSOLE] = on_console,
    [VCPU_TIMER_PIT] = on_pit,
};

static int set_up(void **state)
{
    (void)state;
    memset(&vcpu, 0, sizeof(vcpu));
    memset(calls, 0, sizeof(calls));
    programmed = 0;
    again = VCPU_TIMER_OFF;
    vcpu_timers_reset(&vcpu);
    return 0;
}

static void nothing_is_armed_after_reset(void **state)
{
    (void)state;
    assert_int_equal(vcpu.timers.next, VCPU_TIMER_OFF);
    for (unsigned i = 0; i < VCPU_TIMER_COUNT; i++) {
        assert_false(vcpu_timer_armed(&vcpu, i));
    }
    assert_int_equal(programmed, 0);
    vcpu_timers_expire(&vcpu, UINT64_MAX - 1);
    assert_int_equal(calls[VCPU_TIMER_CONSOLE] + calls[VCPU_TIMER_PIT], 0);
    assert_int_equal(programmed_next, VCPU_TIMER_OFF);
}

static void the_earliest_deadline_is_programmed(void **state)
{
    (void)state;
    vcpu_timer_set(&vcpu, VCPU_TIMER_WATCHDOG, 900);
    assert_int_equal(programmed_next, 900);
    vcpu_timer_set(&vcpu, VCPU_TIMER_CONSOLE, 500);
    assert_int_equal(programmed_next, 500);
    vcpu_timer_set(&vcpu, VCPU_TIMER_PIT, 700);
    assert_int_equal(programmed_next, 500);
    vcpu_timer_set(&vcpu, VCPU_TIMER_CONSOLE, 1000); /* the earliest moves back */
    assert_int_equal(programmed_next, 700);
    vcpu_timer_set(&vcpu, VCPU_TIMER_PIT, VCPU_TIMER_OFF);
    assert_int_equal(programmed_next, 900);
    vcpu_timer_set(&vcpu, VCPU_TIMER_WATCHDOG, VCPU_TIMER_OFF);
    vcpu_timer_set(&vcpu, VCPU_TIMER_CONSOLE, VCPU_TIMER_OFF);
    assert_int_equal(programmed_next, VCPU_TIMER_OFF);
    assert_int_equal(programmed, 7);
}

static void handlers_run_when_due_and_once(void **state)
{
    (void)state;
    vcpu_timer_set(&vcpu, VCPU_TIMER_CONSOLE, 100);
    vcpu_timer_set(&vcpu, VCPU_TIMER_PIT, 200);
    vcpu_timers_expire(&vcpu, 99); /* an exit that came early: programmed again */
    assert_int_equal(calls[VCPU_TIMER_CONSOLE], 0);
    assert_int_equal(programmed_next, 100);
    vcpu_timers_expire(&vcpu, 100);
    assert_int_equal(calls[VCPU_TIMER_CONSOLE], 1);
    assert_int_equal(calls[VCPU_TIMER_PIT], 0);
    assert_int_equal(programmed_next, 200);
    vcpu_timer_set(&vcpu, VCPU_TIMER_CONSOLE, 150);
    vcpu_timers_expire(&vcpu, 1000); /* late: both */
    assert_int_equal(calls[VCPU_TIMER_CONSOLE], 2);
    assert_int_equal(calls[VCPU_TIMER_PIT], 1);
    vcpu_timers_expire(&vcpu, 2000);
    assert_int_equal(calls[VCPU_TIMER_CONSOLE], 2);
    assert_int_equal(programmed_next, VCPU_TIMER_OFF);
}

static void a_handler_may_arm_its_timer_again(void **state)
{
    (void)state;
    again = 300;
    vcpu_timer_set(&vcpu, VCPU_TIMER_PIT, 200);
    vcpu_timers_expire(&vcpu, 250);
    assert_int_equal(calls[VCPU_TIMER_PIT], 1);
    assert_int_equal(programmed_next, 300);
    again = 10; /* in the past: once a call, not for ever */
    vcpu_timers_expire(&vcpu, 300);
    assert_int_equal(calls[VCPU_TIMER_PIT], 2);
    assert_int_equal(programmed_next, 10);
}

static void a_timer_without_a_handler_ends(void **state)
{
    (void)state;
    vcpu_timer_set(&vcpu, VCPU_TIMER_FAULTS, 5);
    vcpu_timers_expire(&vcpu, 5);
    assert_false(vcpu_timer_armed(&vcpu, VCPU_TIMER_FAULTS));
    assert_int_equal(programmed_next, VCPU_TIMER_OFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_armed_after_reset, set_up),
        cmocka_unit_test_setup(the_earliest_deadline_is_programmed, set_up),
        cmocka_unit_test_setup(handlers_run_when_due_and_once, set_up),
        cmocka_unit_test_setup(a_handler_may_arm_its_timer_again, set_up),
        cmocka_unit_test_setup(a_timer_without_a_handler_ends, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
