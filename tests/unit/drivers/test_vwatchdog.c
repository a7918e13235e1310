/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/vwatchdog.c */
/*
 * The virtual watchdog: it expires exactly when a guest stops reloading it, and never otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/vwatchdog.h"

struct rig {
    struct vwatchdog watchdog;
    uint64_t now;
};

static uint64_t now(void *context)
{
    return ((struct rig *)context)->now;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    rig->now = 5000;
    vwatchdog_init(&rig->watchdog, now, rig);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void put(struct rig *rig, unsigned offset, unsigned size, unsigned value)
{
    vwatchdog_ops.write(&rig->watchdog, offset, size, value);
}

static unsigned get(struct rig *rig, unsigned offset, unsigned size)
{
    return (unsigned)vwatchdog_ops.read(&rig->watchdog, offset, size);
}

static bool expired(struct rig *rig)
{
    return vwatchdog_expired(&rig->watchdog);
}

static void stopped_watchdog_never_expires(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(get(rig, 0, 4), 600 << 16);
    rig->now += 1000000000;
    assert_false(expired(rig));
    assert_int_equal(vwatchdog_deadline(&rig->watchdog), VWATCHDOG_NEVER);
    assert_int_equal(get(rig, VWATCHDOG_REMAINING, 2), 600);
}

static void running_watchdog_expires_after_its_timeout(void **state)
{
    struct rig *rig = *state;

    put(rig, VWATCHDOG_TIMEOUT, 2, 300);
    put(rig, VWATCHDOG_CONTROL, 1, 1);
    assert_int_equal(get(rig, VWATCHDOG_CONTROL, 1), 1);
    assert_int_equal(vwatchdog_deadline(&rig->watchdog), 35000);
    rig->now += 29999;
    assert_false(expired(rig));
    assert_int_equal(get(rig, VWATCHDOG_REMAINING, 2), 1);
    rig->now += 1;
    assert_true(expired(rig));
    assert_int_equal(get(rig, VWATCHDOG_REMAINING, 2), 0);
    assert_int_equal(vwatchdog_deadline(&rig->watchdog), 0);
}

static void reload_starts_again_and_timeout_write_too(void **state)
{
    struct rig *rig = *state;

    put(rig, VWATCHDOG_TIMEOUT, 2, 10);
    put(rig, VWATCHDOG_CONTROL, 1, 1);
    for (unsigned i = 0; i < 100; i++) {
        rig->now += 999;
        assert_false(expired(rig));
        put(rig, VWATCHDOG_RELOAD, 1, 1);
    }
    rig->now += 999;
    put(rig, VWATCHDOG_TIMEOUT, 2, 20);
    rig->now += 1999;
    assert_false(expired(rig));
    put(rig, VWATCHDOG_CONTROL, 1, 1); /* running already: no reload */
    rig->now += 1;
    assert_true(expired(rig));
}

static void late_reload_does_not_undo_an_expiry(void **state)
{
    struct rig *rig = *state;

    put(rig, VWATCHDOG_TIMEOUT, 2, 10);
    put(rig, VWATCHDOG_CONTROL, 1, 1);
    rig->now += 5000; /* nobody has looked yet */
    put(rig, VWATCHDOG_RELOAD, 1, 1);
    put(rig, VWATCHDOG_CONTROL, 1, 0);
    assert_true(expired(rig));
}

static void stopping_and_starting_takes_the_full_time(void **state)
{
    struct rig *rig = *state;

    put(rig, VWATCHDOG_TIMEOUT, 2, 10);
    put(rig, VWATCHDOG_CONTROL, 1, 1);
    rig->now += 900;
    put(rig, VWATCHDOG_CONTROL, 1, 0);
    rig->now += 900;
    put(rig, VWATCHDOG_CONTROL, 1, 1);
    rig->now += 999;
    assert_false(expired(rig));
    rig->now += 1;
    assert_true(expired(rig));
}

static void timeout_of_zero_is_one_unit(void **state)
{
    struct rig *rig = *state;

    put(rig, VWATCHDOG_TIMEOUT, 2, 0);
    put(rig, VWATCHDOG_CONTROL, 1, 1);
    assert_int_equal(vwatchdog_deadline(&rig->watchdog), rig->now + 100);
}

static void byte_writes_set_the_timeout_too(void **state)
{
    struct rig *rig = *state;

    put(rig, VWATCHDOG_TIMEOUT, 1, 0x34);
    put(rig, VWATCHDOG_TIMEOUT + 1, 1, 0x12);
    assert_int_equal(get(rig, VWATCHDOG_TIMEOUT, 2), 0x1234);
    assert_int_equal(get(rig, VWATCHDOG_TIMEOUT + 1, 1), 0x12);
}

static void status_tells_of_the_last_run_until_cleared(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(get(rig, VWATCHDOG_STATUS, 1), 0);
    put(rig, VWATCHDOG_CONTROL, 1, 1);
    rig->now += 60000;
    assert_true(expired(rig));
    vwatchdog_reset(&rig->watchdog);
    assert_false(expired(rig));
    assert_int_equal(get(rig, VWATCHDOG_CONTROL, 1), 0);
    assert_int_equal(get(rig, VWATCHDOG_STATUS, 1), 1);
    put(rig, VWATCHDOG_STATUS, 1, 0xFE);
    assert_int_equal(get(rig, VWATCHDOG_STATUS, 1), 1);
    put(rig, VWATCHDOG_STATUS, 1, 1);
    assert_int_equal(get(rig, VWATCHDOG_STATUS, 1), 0);
    vwatchdog_reset(&rig->watchdog);
    assert_int_equal(get(rig, VWATCHDOG_STATUS, 1), 0);
}

static void paused_vm_keeps_its_time(void **state)
{
    struct rig *rig = *state;

    put(rig, VWATCHDOG_TIMEOUT, 2, 10);
    put(rig, VWATCHDOG_CONTROL, 1, 1);
    rig->now += 600;
    vwatchdog_pause(&rig->watchdog);
    vwatchdog_pause(&rig->watchdog);
    rig->now += 1000000;
    assert_false(expired(rig));
    assert_int_equal(get(rig, VWATCHDOG_REMAINING, 2), 4);
    assert_int_equal(vwatchdog_deadline(&rig->watchdog), VWATCHDOG_NEVER);
    vwatchdog_resume(&rig->watchdog);
    vwatchdog_resume(&rig->watchdog);
    rig->now += 399;
    assert_false(expired(rig));
    rig->now += 1;
    assert_true(expired(rig));
    vwatchdog_pause(&rig->watchdog);
    assert_true(expired(rig)); /* a pause does not hide it */
}

static void reload_while_paused_counts_from_the_resumption(void **state)
{
    struct rig *rig = *state;

    put(rig, VWATCHDOG_TIMEOUT, 2, 10);
    put(rig, VWATCHDOG_CONTROL, 1, 1);
    rig->now += 600;
    vwatchdog_pause(&rig->watchdog);
    put(rig, VWATCHDOG_RELOAD, 1, 0);
    rig->now += 5000;
    vwatchdog_resume(&rig->watchdog);
    assert_int_equal(vwatchdog_deadline(&rig->watchdog), rig->now + 1000);
    vwatchdog_pause(&rig->watchdog);
    vwatchdog_reset(&rig->watchdog); /* a restart is not paused */
    put(rig, VWATCHDOG_CONTROL, 1, 1);
    assert_int_equal(vwatchdog_deadline(&rig->watchdog), rig->now + 60000);
}

static void reserved_and_read_only_registers_swallow_writes(void **state)
{
    struct rig *rig = *state;

    put(rig, VWATCHDOG_REMAINING, 4, 0xFFFEFFFF); /* status bit 0 clear */
    assert_int_equal(get(rig, VWATCHDOG_REMAINING, 4), 600);
    assert_int_equal(get(rig, 7, 1), 0);
    assert_int_equal(get(rig, VWATCHDOG_RELOAD, 1), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stopped_watchdog_never_expires),
        TEST(running_watchdog_expires_after_its_timeout),
        TEST(reload_starts_again_and_timeout_write_too),
        TEST(late_reload_does_not_undo_an_expiry),
        TEST(stopping_and_starting_takes_the_full_time),
        TEST(timeout_of_zero_is_one_unit),
        TEST(byte_writes_set_the_timeout_too),
        TEST(status_tells_of_the_last_run_until_cleared),
        TEST(paused_vm_keeps_its_time),
        TEST(reload_while_paused_counts_from_the_resumption),
        TEST(reserved_and_read_only_registers_swallow_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
