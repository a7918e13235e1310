/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/doorbell.c */
/* Events of VMs on their way to managing VMs: who is told, and that the bell rings once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/lapic.h"
#include "kernel/vm.h"

#define VMS     3
#define VECTOR  0x70
#define APIC_ID 5

static struct vm vms[VMS];
static unsigned sent;
static uint32_t sent_to;
static uint8_t sent_vector;

uint32_t vm_count(void)
{
    return VMS;
}

struct vm *vm_get(uint32_t index)
{
    assert_true(index < VMS);
    return &vms[index];
}

void lapic_send_fixed(uint32_t apic_id, uint8_t vector)
{
    sent++;
    sent_to = apic_id;
    sent_vector = vector;
}

static int set_up(void **state)
{
    (void)state;
    memset(vms, 0, sizeof(vms));
    sent = 0;
    for (uint32_t i = 0; i < VMS; i++) {
        vms[i].life.state = VM_RUNNING;
        vms[i].index = i;
    }
    return 0;
}

static void choose(uint64_t events, uint64_t mask)
{
    assert_true(doorbell_set(&vms[0], VECTOR, APIC_ID, events, mask));
}

/* What has happened, as one number: event number 0 in the lowest byte and so on. */
static uint64_t take(void)
{
    uint64_t happened[BULKHEAD_EVENT_COUNT];
    doorbell_take(&vms[0], happened);
    return happened[0] | happened[1] << 8 | happened[2] << 16 | happened[3] << 24;
}

static void everything_chosen_is_pending_at_first(void **state)
{
    (void)state;
    choose(1 << BULKHEAD_EVENT_CONSOLE | 1 << BULKHEAD_EVENT_LOG, 6);
    assert_int_equal(take(), 0x01000006);
    assert_int_equal(take(), 0);
    assert_int_equal(sent, 0);
}

static void what_was_not_chosen_is_not_told(void **state)
{
    (void)state;
    choose(1 << BULKHEAD_EVENT_CONSOLE, 2);
    take();
    doorbell_arm(&vms[0]);
    doorbell_post(BULKHEAD_EVENT_CONSOLE, 2);
    doorbell_post(BULKHEAD_EVENT_STATE, 1);
    doorbell_post(BULKHEAD_EVENT_LOG, 0);
    assert_int_equal(sent, 0);
    assert_int_equal(take(), 0);
}

static void nothing_rings_unarmed(void **state)
{
    (void)state;
    choose(1 << BULKHEAD_EVENT_STATE, 2);
    take();
    doorbell_post(BULKHEAD_EVENT_STATE, 1);
    assert_int_equal(sent, 0);
    assert_int_equal(take(), 0x20000);
}

static void an_armed_bell_rings_once(void **state)
{
    (void)state;
    choose(1 << BULKHEAD_EVENT_CONSOLE, 6);
    take();
    doorbell_arm(&vms[0]);
    assert_int_equal(sent, 0);
    doorbell_post(BULKHEAD_EVENT_CONSOLE, 1);
    doorbell_post(BULKHEAD_EVENT_CONSOLE, 2);
    doorbell_post(BULKHEAD_EVENT_CONSOLE, 1);
    assert_int_equal(sent, 1);
    assert_int_equal(sent_to, APIC_ID);
    assert_int_equal(sent_vector, VECTOR);
    assert_int_equal(take(), 6);
    doorbell_arm(&vms[0]);
    doorbell_post(BULKHEAD_EVENT_CONSOLE, 2);
    assert_int_equal(sent, 2);
}

static void what_came_before_arming_rings_at_once(void **state)
{
    (void)state;
    choose(1 << BULKHEAD_EVENT_CONSOLE, 2);
    take();
    doorbell_post(BULKHEAD_EVENT_CONSOLE, 1);
    doorbell_arm(&vms[0]);
    assert_int_equal(sent, 1);
}

static void without_a_vector_nothing_is_told(void **state)
{
    (void)state;
    choose(15, 7);
    assert_true(doorbell_set(&vms[0], 0, APIC_ID, 15, 7));
    assert_int_equal(take(), 0);
    doorbell_arm(&vms[0]);
    doorbell_post(BULKHEAD_EVENT_CONSOLE, 1);
    assert_int_equal(sent, 0);
    assert_int_equal(take(), 0);
}

static void a_vm_that_ends_is_not_rung(void **state)
{
    (void)state;
    choose(15, 7);
    take();
    doorbell_arm(&vms[0]);
    vms[0].life.state = VM_ENDING;
    doorbell_stop(&vms[0]);
    doorbell_post(BULKHEAD_EVENT_CONSOLE, 1);
    assert_int_equal(sent, 0);
    assert_false(doorbell_set(&vms[0], VECTOR, APIC_ID, 15, 7));
    doorbell_arm(&vms[0]);
    doorbell_post(BULKHEAD_EVENT_CONSOLE, 1);
    assert_int_equal(sent, 0);
}

static void two_managers_are_told_each(void **state)
{
    uint64_t happened[BULKHEAD_EVENT_COUNT];
    (void)state;
    choose(1 << BULKHEAD_EVENT_STATE, 4);
    assert_true(doorbell_set(&vms[1], VECTOR + 1, APIC_ID + 1, 1 << BULKHEAD_EVENT_STATE, 4));
    take();
    doorbell_take(&vms[1], happened);
    doorbell_arm(&vms[0]);
    doorbell_arm(&vms[1]);
    doorbell_post(BULKHEAD_EVENT_STATE, 2);
    assert_int_equal(sent, 2);
    assert_int_equal(take(), 0x40000);
    doorbell_take(&vms[1], happened);
    assert_int_equal(happened[BULKHEAD_EVENT_STATE], 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(everything_chosen_is_pending_at_first, set_up),
        cmocka_unit_test_setup(what_was_not_chosen_is_not_told, set_up),
        cmocka_unit_test_setup(nothing_rings_unarmed, set_up),
        cmocka_unit_test_setup(an_armed_bell_rings_once, set_up),
        cmocka_unit_test_setup(what_came_before_arming_rings_at_once, set_up),
        cmocka_unit_test_setup(without_a_vector_nothing_is_told, set_up),
        cmocka_unit_test_setup(a_vm_that_ends_is_not_rung, set_up),
        cmocka_unit_test_setup(two_managers_are_told_each, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
