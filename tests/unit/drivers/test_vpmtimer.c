/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/vpmtimer.c */
/*
 * The virtual ACPI power management timer: width, partial reads, read only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/vpmtimer.h"

static uint64_t ticks;

static uint64_t now(void *context)
{
    assert_ptr_equal(context, &ticks);
    return ticks;
}

static void narrow_timer_wraps_at_24_bits_and_wide_at_32(void **state)
{
    struct vpmtimer timer;

    (void)state;
    ticks = UINT64_C(0x1234FEDCBA);
    vpmtimer_init(&timer, false, now, &ticks);
    assert_int_equal(vpmtimer_ops.read(&timer, 0, 4), 0x00FEDCBA);
    vpmtimer_init(&timer, true, now, &ticks);
    assert_int_equal(vpmtimer_ops.read(&timer, 0, 4), 0x34FEDCBA);
}

static void partial_reads_are_bytes_of_the_count(void **state)
{
    struct vpmtimer timer;

    (void)state;
    ticks = 0x12345678;
    vpmtimer_init(&timer, true, now, &ticks);
    assert_int_equal(vpmtimer_ops.read(&timer, 0, 1), 0x78);
    assert_int_equal(vpmtimer_ops.read(&timer, 1, 2), 0x3456);
    assert_int_equal(vpmtimer_ops.read(&timer, 3, 1), 0x12);
}

static void writes_change_nothing(void **state)
{
    struct vpmtimer timer;

    (void)state;
    ticks = 5;
    vpmtimer_init(&timer, true, now, &ticks);
    vpmtimer_ops.write(&timer, 0, 4, 0xFFFFFFFF);
    assert_int_equal(vpmtimer_ops.read(&timer, 0, 4), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrow_timer_wraps_at_24_bits_and_wide_at_32),
        cmocka_unit_test(partial_reads_are_bytes_of_the_count),
        cmocka_unit_test(writes_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
