/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/guest_mca.c kernel/string.c */
/* What a guest's machine-check bank says: error codes and flags as the manual's tables have them.
 */
#include "kernel/guest_mca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define VAL   (UINT64_C(1) << 63)
#define OVER  (UINT64_C(1) << 62)
#define UC    (UINT64_C(1) << 61)
#define EN    (UINT64_C(1) << 60)
#define MISCV (UINT64_C(1) << 59)
#define ADDRV (UINT64_C(1) << 58)
#define PCC   (UINT64_C(1) << 57)
#define SRAR  (UINT64_C(3) << 55) /* S and AR */

static struct guest_mca mca;

static int fresh(void **state)
{
    (void)state;
    mca = (struct guest_mca){1, 2, 3, 4, 5, 6};
    guest_mca_reset(&mca);
    return 0;
}

static void nothing_is_reported_after_reset(void **state)
{
    (void)state;
    assert_int_equal(mca.mcg_status | mca.ctl | mca.status | mca.addr | mca.misc, 0);
}

static void poison_is_an_srar_error_with_its_address(void **state)
{
    (void)state;
    mca.ctl = 1;
    guest_mca_report(&mca, GUEST_MC_DATA, 0x7654321, true);
    assert_int_equal(mca.mcg_status, 0);
    assert_true(guest_mca_begin(&mca));
    assert_int_equal(mca.mcg_status, MCG_STATUS_MCIP | MCG_STATUS_EIPV | MCG_STATUS_RIPV);
    assert_int_equal(mca.status, VAL | UC | EN | MISCV | ADDRV | SRAR | 0x134);
    assert_int_equal(mca.addr, 0x7654321);
    assert_int_equal(mca.misc, 2 << 6 | 12);
}

static void a_fetch_has_its_own_code(void **state)
{
    (void)state;
    guest_mca_report(&mca, GUEST_MC_FETCH, 0x1000, true);
    assert_int_equal(mca.status, VAL | UC | MISCV | ADDRV | SRAR | 0x150); /* CTL is 0: no EN */
}

static void an_event_that_got_lost_makes_it_fatal(void **state)
{
    (void)state;
    guest_mca_report(&mca, GUEST_MC_DATA, 0x1000, false);
    assert_true(guest_mca_begin(&mca));
    assert_int_equal(mca.mcg_status, MCG_STATUS_MCIP | MCG_STATUS_EIPV);
}

static void an_internal_error_corrupts_the_context(void **state)
{
    (void)state;
    guest_mca_report(&mca, GUEST_MC_INTERNAL, 0x1000, true);
    assert_true(guest_mca_begin(&mca));
    assert_int_equal(mca.mcg_status, MCG_STATUS_MCIP);
    assert_int_equal(mca.status, VAL | UC | PCC | 0x005);
    assert_int_equal(mca.addr | mca.misc, 0);
}

static void a_bystander_may_go_on(void **state)
{
    (void)state;
    assert_true(guest_mca_begin(&mca));
    assert_int_equal(mca.mcg_status, MCG_STATUS_MCIP | MCG_STATUS_RIPV);
    assert_int_equal(mca.status, 0);
    /* Also after one that was not. */
    mca.mcg_status = 0;
    guest_mca_report(&mca, GUEST_MC_INTERNAL, 0, false);
    assert_true(guest_mca_begin(&mca));
    mca.mcg_status = 0;
    assert_true(guest_mca_begin(&mca));
    assert_int_equal(mca.mcg_status, MCG_STATUS_MCIP | MCG_STATUS_RIPV);
}

static void a_second_one_meanwhile_shuts_down(void **state)
{
    (void)state;
    assert_true(guest_mca_begin(&mca));
    assert_false(guest_mca_begin(&mca));
    mca.mcg_status = 0;
    assert_true(guest_mca_begin(&mca));
}

static void an_error_not_cleared_stays(void **state)
{
    (void)state;
    guest_mca_report(&mca, GUEST_MC_DATA, 0x1000, true);
    uint64_t first = mca.status;
    guest_mca_report(&mca, GUEST_MC_FETCH, 0x2000, true);
    assert_int_equal(mca.status, first | OVER);
    assert_int_equal(mca.addr, 0x1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_reported_after_reset, fresh),
        cmocka_unit_test_setup(poison_is_an_srar_error_with_its_address, fresh),
        cmocka_unit_test_setup(a_fetch_has_its_own_code, fresh),
        cmocka_unit_test_setup(an_event_that_got_lost_makes_it_fatal, fresh),
        cmocka_unit_test_setup(an_internal_error_corrupts_the_context, fresh),
        cmocka_unit_test_setup(a_bystander_may_go_on, fresh),
        cmocka_unit_test_setup(a_second_one_meanwhile_shuts_down, fresh),
        cmocka_unit_test_setup(an_error_not_cleared_stays, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
