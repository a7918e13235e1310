/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/vkbc.c */
/*
 * The virtual keyboard controller: it resets, opens A20, and answers every probe at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/vkbc.h"

struct rig {
    struct vkbc kbc;
    unsigned resets;
};

static void requested(void *context, enum vpower_request request, const char *by)
{
    struct rig *rig = context;

    assert_int_equal(request, VPOWER_RESET);
    assert_non_null(by);
    rig->resets++;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    vkbc_init(&rig->kbc, requested, rig);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void command(struct rig *rig, unsigned value)
{
    vkbc_command_ops.write(&rig->kbc, 0, 1, value);
}

static void send(struct rig *rig, unsigned value)
{
    vkbc_data_ops.write(&rig->kbc, 0, 1, value);
}

static unsigned status(struct rig *rig)
{
    return (unsigned)vkbc_command_ops.read(&rig->kbc, 0, 1);
}

static unsigned receive(struct rig *rig)
{
    return (unsigned)vkbc_data_ops.read(&rig->kbc, 0, 1);
}

static unsigned ask(struct rig *rig, unsigned value)
{
    command(rig, value);
    assert_true(status(rig) & KBC_STATUS_OUTPUT);
    return receive(rig);
}

static void idle_controller_never_makes_a_driver_wait(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(status(rig), KBC_STATUS_SYSTEM | KBC_STATUS_UNLOCK);
    for (unsigned value = 0; value < 256; value++) {
        command(rig, value);
        assert_false(status(rig) & KBC_STATUS_INPUT);
        send(rig, value);
        assert_false(status(rig) & KBC_STATUS_INPUT);
        receive(rig);
        assert_false(status(rig) & KBC_STATUS_OUTPUT); /* flushing ends */
    }
}

static void pulse_of_the_reset_line_resets(void **state)
{
    struct rig *rig = *state;

    for (unsigned value = 0xF0; value < 0x100; value++) {
        rig->resets = 0;
        command(rig, value);
        assert_int_equal(rig->resets, !(value & 1));
    }
    rig->resets = 0;
    for (unsigned value = 0; value < 0xF0; value++)
        command(rig, value);
    assert_int_equal(rig->resets, 0);
}

static void output_port_resets_and_keeps_a20(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(ask(rig, 0xD0), 0x03);
    command(rig, 0xD1);
    send(rig, 0xDD); /* A20 off */
    assert_false(status(rig) & KBC_STATUS_OUTPUT);
    assert_int_equal(ask(rig, 0xD0), 0xDD);
    command(rig, 0xDF);
    assert_int_equal(ask(rig, 0xD0), 0xDF);
    command(rig, 0xDD);
    assert_int_equal(ask(rig, 0xD0), 0xDD);
    assert_int_equal(rig->resets, 0);
    command(rig, 0xD1);
    send(rig, 0xFE);
    assert_int_equal(rig->resets, 1);
}

static void tests_answer_as_a_working_controller_without_mouse(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(ask(rig, 0xAA), 0x55);
    assert_int_equal(ask(rig, 0xAB), 0x00);
    assert_int_equal(ask(rig, 0xA9), 0x01);
    assert_int_equal(ask(rig, 0xA4), 0xF1);
    assert_int_equal(ask(rig, 0xC0), 0x80);
    assert_int_equal(ask(rig, 0xE0), 0x00);
}

static void mode_byte_reads_back_with_the_mouse_port_off(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(ask(rig, 0x20), 0x34);
    command(rig, 0x60);
    send(rig, 0x46);
    assert_int_equal(rig->resets, 0); /* not the output port */
    command(rig, 0x60);
    send(rig, 0x47);
    assert_int_equal(ask(rig, 0x20), 0x67);
    command(rig, 0xAD);
    assert_int_equal(ask(rig, 0x20), 0x77);
    command(rig, 0xAE);
    assert_int_equal(ask(rig, 0x20), 0x67);
    command(rig, 0xA8); /* turning the mouse on changes nothing */
    assert_int_equal(ask(rig, 0x20), 0x67);
    command(rig, 0x65); /* other memory: swallowed, reads 0 */
    send(rig, 0x12);
    assert_false(status(rig) & KBC_STATUS_OUTPUT);
    assert_int_equal(ask(rig, 0x25), 0);
    assert_int_equal(ask(rig, 0x20), 0x67);
}

static void absent_keyboard_answers_resend_at_once(void **state)
{
    struct rig *rig = *state;

    send(rig, 0xFF);
    assert_int_equal(status(rig) & (KBC_STATUS_OUTPUT | KBC_STATUS_AUX | KBC_STATUS_TIMEOUT),
                     KBC_STATUS_OUTPUT | KBC_STATUS_TIMEOUT);
    assert_int_equal(receive(rig), 0xFE);
    assert_int_equal(status(rig), KBC_STATUS_SYSTEM | KBC_STATUS_UNLOCK);
    command(rig, 0xD4);
    send(rig, 0xF4);
    assert_int_equal(status(rig) & (KBC_STATUS_OUTPUT | KBC_STATUS_AUX | KBC_STATUS_TIMEOUT),
                     KBC_STATUS_OUTPUT | KBC_STATUS_AUX | KBC_STATUS_TIMEOUT);
    assert_int_equal(receive(rig), 0xFE);
    command(rig, 0xD3);
    send(rig, 0x5A);
    assert_int_not_equal(receive(rig), 0x5A); /* what Linux takes for a mouse port */
}

static void keyboard_buffer_can_be_written(void **state)
{
    struct rig *rig = *state;

    command(rig, 0xD2);
    send(rig, 0x1C);
    assert_int_equal(status(rig) & (KBC_STATUS_OUTPUT | KBC_STATUS_AUX), KBC_STATUS_OUTPUT);
    assert_int_equal(receive(rig), 0x1C);
}

static void new_command_forgets_the_pending_one(void **state)
{
    struct rig *rig = *state;

    command(rig, 0xD1);
    command(rig, 0xAE);
    send(rig, 0x00); /* for the keyboard, not the output port */
    assert_int_equal(rig->resets, 0);
    assert_int_equal(receive(rig), 0xFE);
}

static void self_test_restores_the_mode(void **state)
{
    struct rig *rig = *state;

    command(rig, 0x60);
    send(rig, 0x03);
    rig->kbc.status &= (uint8_t)~KBC_STATUS_SYSTEM;
    assert_int_equal(ask(rig, 0xAA), 0x55);
    assert_true(status(rig) & KBC_STATUS_SYSTEM);
    assert_int_equal(ask(rig, 0x20), 0x34);
}

static void status_tells_what_was_written_last_and_what_waits(void **state)
{
    struct rig *rig = *state;

    command(rig, 0xD4);
    assert_int_equal(status(rig), KBC_STATUS_SYSTEM | KBC_STATUS_UNLOCK | KBC_STATUS_COMMAND);
    send(rig, 0xF4);
    assert_int_equal(status(rig), KBC_STATUS_SYSTEM | KBC_STATUS_UNLOCK | KBC_STATUS_OUTPUT |
                                      KBC_STATUS_AUX | KBC_STATUS_TIMEOUT);
    command(rig, 0x20); /* overwrites what was not read */
    assert_int_equal(status(rig), KBC_STATUS_SYSTEM | KBC_STATUS_UNLOCK | KBC_STATUS_OUTPUT |
                                      KBC_STATUS_COMMAND);
}

static void command_takes_one_byte_only(void **state)
{
    struct rig *rig = *state;

    command(rig, 0x60);
    send(rig, 0x45);
    send(rig, 0x00); /* for the keyboard */
    assert_int_equal(receive(rig), 0xFE);
    assert_int_equal(ask(rig, 0x20), 0x65);
}

static void reset_restores_what_firmware_leaves(void **state)
{
    struct rig *rig = *state;

    command(rig, 0x60);
    send(rig, 0x03);
    command(rig, 0xD1);
    vkbc_reset(&rig->kbc);
    send(rig, 0x00);
    assert_int_equal(rig->resets, 0);
    receive(rig);
    assert_int_equal(ask(rig, 0x20), 0x34);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(idle_controller_never_makes_a_driver_wait),
        TEST(pulse_of_the_reset_line_resets),
        TEST(output_port_resets_and_keeps_a20),
        TEST(tests_answer_as_a_working_controller_without_mouse),
        TEST(mode_byte_reads_back_with_the_mouse_port_off),
        TEST(absent_keyboard_answers_resend_at_once),
        TEST(keyboard_buffer_can_be_written),
        TEST(new_command_forgets_the_pending_one),
        TEST(self_test_restores_the_mode),
        TEST(status_tells_what_was_written_last_and_what_waits),
        TEST(command_takes_one_byte_only),
        TEST(reset_restores_what_firmware_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
