/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/tsc_bounds.c */
/* What samples of two TSCs say about their difference, and how one that differs is corrected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/tsc_bounds.h"

static struct tsc_bounds bounds;

static int begin(void **state)
{
    (void)state;
    tsc_bounds_init(&bounds);
    return 0;
}

/* Times of one round: the other side reads after `there` ticks, the answer is seen after `back`. */
static void sample(uint64_t before, int64_t difference, uint64_t there, uint64_t back)
{
    tsc_bounds_add(&bounds, before, before + there + (uint64_t)difference, before + there + back);
}

static void a_sample_bounds_the_difference_by_its_round_trip(void **state)
{
    (void)state;
    sample(1000, 500, 30, 70);
    assert_int_equal(bounds.low, 500 - 70);
    assert_int_equal(bounds.high, 500 + 30);
    assert_int_equal(tsc_bounds_middle(&bounds), 480);
    assert_int_equal(tsc_bounds_error(&bounds), 50);
}

static void the_closest_bounds_of_all_samples_count(void **state)
{
    (void)state;
    sample(1000, 0, 400, 5);
    sample(2000, 0, 3, 900);
    sample(3000, 0, 5000, 5000); /* interrupted by firmware: says nothing new */
    assert_int_equal(bounds.low, -5);
    assert_int_equal(bounds.high, 3);
    assert_int_equal(tsc_bounds_error(&bounds), 4);
}

static void equal_clocks_agree_however_lopsided_the_way(void **state)
{
    (void)state;
    for (uint64_t there = 0; there < 2000; there += 37) {
        begin(NULL);
        sample(UINT64_C(1) << 40, 0, there, 2000 - there);
        assert_true(tsc_bounds_agree(&bounds));
    }
}

static void a_difference_is_told_as_soon_as_it_exceeds_the_uncertainty(void **state)
{
    (void)state;
    sample(1000, 40, 40, 40);
    assert_true(tsc_bounds_agree(&bounds));
    begin(NULL);
    sample(1000, 41, 40, 40);
    assert_false(tsc_bounds_agree(&bounds));
    begin(NULL);
    sample(1000, -41, 40, 40);
    assert_false(tsc_bounds_agree(&bounds));
    assert_int_equal(tsc_bounds_middle(&bounds), -41);
}

static void counters_that_wrap_or_were_reset_are_compared_too(void **state)
{
    (void)state;
    sample(UINT64_MAX - 10, 7, 20, 20);
    assert_int_equal(tsc_bounds_middle(&bounds), 7);
    begin(NULL);
    sample(UINT64_C(0x123456789abc), -INT64_C(0x123456789000), 20, 20);
    assert_int_equal(tsc_bounds_middle(&bounds), -INT64_C(0x123456789000));
}

static void clocks_of_different_rates_show_an_error_and_no_overflow(void **state)
{
    (void)state;
    sample(1000, 0, 10, 10);
    sample(2000, 100, 10, 10);
    assert_int_equal(bounds.low, 90);
    assert_int_equal(bounds.high, 10);
    assert_false(tsc_bounds_agree(&bounds));
    assert_int_equal(tsc_bounds_error(&bounds), 40);
    begin(NULL);
    assert_true(tsc_bounds_agree(&bounds)); /* nothing is known */
    assert_true(tsc_bounds_error(&bounds) > UINT64_C(1) << 61);
}

static void correction_is_first_the_boot_processors_adjustment(void **state)
{
    (void)state;
    sample(1000, 5000, 10, 10);
    assert_int_equal(tsc_bounds_correction(&bounds, 5000, 0), 0);
    assert_int_equal(tsc_bounds_correction(&bounds, 0, -77), -77);
}

static void correction_is_the_measured_difference_when_that_is_the_same(void **state)
{
    (void)state;
    sample(1000, 5000, 10, 10);
    assert_int_equal(tsc_bounds_correction(&bounds, 0, 0), -5000);
    assert_int_equal(tsc_bounds_correction(&bounds, -300, -300), -5300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_sample_bounds_the_difference_by_its_round_trip, begin),
        cmocka_unit_test_setup(the_closest_bounds_of_all_samples_count, begin),
        cmocka_unit_test_setup(equal_clocks_agree_however_lopsided_the_way, begin),
        cmocka_unit_test_setup(a_difference_is_told_as_soon_as_it_exceeds_the_uncertainty, begin),
        cmocka_unit_test_setup(counters_that_wrap_or_were_reset_are_compared_too, begin),
        cmocka_unit_test_setup(clocks_of_different_rates_show_an_error_and_no_overflow, begin),
        cmocka_unit_test_setup(correction_is_first_the_boot_processors_adjustment, begin),
        cmocka_unit_test_setup(correction_is_the_measured_difference_when_that_is_the_same, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
