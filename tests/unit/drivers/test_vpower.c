/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/vpower.c */
/*
 * The virtual power-off and reset ports: what asks for what, and what does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/guest_platform.h"
#include "drivers/vpower.h"

struct rig {
    struct vpower power;
    unsigned offs;
    unsigned resets;
};

static void requested(void *context, enum vpower_request request, const char *by)
{
    struct rig *rig = context;

    assert_true(strlen(by) > 0);
    rig->offs += request == VPOWER_OFF;
    rig->resets += request == VPOWER_RESET;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    vpower_init(&rig->power, requested, rig);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void put(struct rig *rig, unsigned port, unsigned size, unsigned value)
{
    vpower_acpi_ops.write(&rig->power, port - GUEST_SLEEP_CONTROL, size, value);
}

static void only_s5_with_enable_powers_off(void **state)
{
    struct rig *rig = *state;

    for (unsigned value = 0; value < 256; value++) {
        unsigned before = rig->offs;

        put(rig, GUEST_SLEEP_CONTROL, 1, value);
        assert_int_equal(rig->offs - before, (value & 0x3C) == (0x20 | 5 << 2));
    }
    assert_int_equal(rig->offs, 16); /* the other four bits do not matter */
    assert_int_equal(rig->resets, 0);
}

static void only_the_tables_value_resets(void **state)
{
    struct rig *rig = *state;

    for (unsigned value = 0; value < 256; value++)
        put(rig, GUEST_RESET_PORT, 1, value);
    assert_int_equal(rig->resets, 1);
    assert_int_equal(rig->offs, 0);
}

static void sleep_status_swallows_writes_and_all_read_zero(void **state)
{
    struct rig *rig = *state;

    put(rig, GUEST_SLEEP_STATUS, 1, 0xFF);
    put(rig, GUEST_SLEEP_STATUS, 1, 0x80);
    assert_int_equal(rig->offs + rig->resets, 0);
    for (unsigned offset = 0; offset < VPOWER_ACPI_PORT_COUNT; offset++)
        assert_int_equal(vpower_acpi_ops.read(&rig->power, offset, 1), 0);
}

static void wide_write_is_bytes(void **state)
{
    struct rig *rig = *state;

    put(rig, GUEST_SLEEP_STATUS, 2, GUEST_RESET_VALUE << 8);
    assert_int_equal(rig->resets, 1);
    put(rig, GUEST_SLEEP_CONTROL, 2, 0x0034);
    assert_int_equal(rig->offs, 1);
}

static void cf9_resets_on_rst_cpu_and_keeps_the_kind(void **state)
{
    struct rig *rig = *state;

    vpower_cf9_ops.write(&rig->power, 0, 1, 0x02); /* as Linux: kind first, then the edge */
    assert_int_equal(rig->resets, 0);
    assert_int_equal(vpower_cf9_ops.read(&rig->power, 0, 1), 0x02);
    vpower_cf9_ops.write(&rig->power, 0, 1, 0x06);
    assert_int_equal(rig->resets, 1);
    vpower_cf9_ops.write(&rig->power, 0, 1, 0xFF);
    assert_int_equal(rig->resets, 2);
    assert_int_equal(vpower_cf9_ops.read(&rig->power, 0, 1), 0x0A);
}

static void port92_resets_on_bit_0_and_keeps_a20(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(vpower_port92_ops.read(&rig->power, 0, 1), 0x02);
    vpower_port92_ops.write(&rig->power, 0, 1, 0xFE);
    assert_int_equal(vpower_port92_ops.read(&rig->power, 0, 1), 0x02);
    vpower_port92_ops.write(&rig->power, 0, 1, 0x00);
    assert_int_equal(vpower_port92_ops.read(&rig->power, 0, 1), 0x00);
    assert_int_equal(rig->resets, 0);
    vpower_port92_ops.write(&rig->power, 0, 1, 0x01);
    assert_int_equal(rig->resets, 1);
}

static void reset_restores_what_firmware_leaves(void **state)
{
    struct rig *rig = *state;

    vpower_cf9_ops.write(&rig->power, 0, 1, 0x0A);
    vpower_port92_ops.write(&rig->power, 0, 1, 0x00);
    vpower_reset(&rig->power);
    assert_int_equal(vpower_cf9_ops.read(&rig->power, 0, 1), 0);
    assert_int_equal(vpower_port92_ops.read(&rig->power, 0, 1), 0x02);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_s5_with_enable_powers_off),
        TEST(only_the_tables_value_resets),
        TEST(sleep_status_swallows_writes_and_all_read_zero),
        TEST(wide_write_is_bytes),
        TEST(cf9_resets_on_rst_cpu_and_keeps_the_kind),
        TEST(port92_resets_on_bit_0_and_keeps_a20),
        TEST(reset_restores_what_firmware_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
