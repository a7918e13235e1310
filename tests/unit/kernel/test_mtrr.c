/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/mtrr.c */
/* What MTRRs say about memory, with sets as firmware makes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/mtrr.h"

#define BITS 39
#define ON   (MTRR_DEF_ENABLE | MTRR_DEF_FIXED_ENABLE)
#define END  (UINT64_C(1) << BITS)

static struct mtrrs mtrrs;
static unsigned pairs;

static int begin(void **state)
{
    (void)state;
    memset(&mtrrs, 0, sizeof(mtrrs));
    mtrrs.physical_bits = BITS;
    mtrrs.value[MTRR_PLACE_CAP] = 0xd0a;
    mtrrs.value[MTRR_PLACE_DEF] = ON | MTRR_TYPE_UC;
    /* As every firmware has it: RAM, the screen, ROMs. */
    mtrrs.value[MTRR_PLACE_FIXED] = UINT64_C(0x0606060606060606);
    mtrrs.value[MTRR_PLACE_FIXED + 1] = UINT64_C(0x0606060606060606);
    mtrrs.value[MTRR_PLACE_FIXED + 3] = UINT64_C(0x0505050505050505);
    mtrrs.value[MTRR_PLACE_FIXED + 10] = UINT64_C(0x0405050505050505);
    pairs = 0;
    return 0;
}

/* size: a power of two; base: a multiple of it. */
static void range(uint64_t base, uint64_t size, uint8_t type)
{
    unsigned place = MTRR_PLACE_VARIABLE + 2 * pairs++;
    mtrrs.value[place] = base | type;
    mtrrs.value[place + 1] = (MASK(BITS - 1, 12) & ~(size - 1)) | MTRR_MASK_VALID;
}

static void assert_run(uint64_t from, uint64_t to, uint8_t type)
{
    uint8_t found = 0xff;
    uint64_t until = mtrr_run(&mtrrs, from, END, &found);
    if (found != type || until != to) {
        fail_msg("from %lx: type %u until %lx, not %u until %lx", from, found, until, type, to);
    }
}

static void desktop_of_16_gib(void)
{
    range(0, GIB(16), MTRR_TYPE_WB);
    range(GIB(16), GIB(1), MTRR_TYPE_WB);
    range(0x80000000, GIB(2), MTRR_TYPE_UC);
    range(0x7c000000, MIB(64), MTRR_TYPE_UC);
    range(0x7b800000, MIB(8), MTRR_TYPE_UC);
    range(0x43f800000, MIB(8), MTRR_TYPE_UC);
}

static void uncached_wins_over_write_back(void **state)
{
    (void)state;
    desktop_of_16_gib();
    assert_run(MIB(1), 0x7b800000, MTRR_TYPE_WB);
    assert_run(0x7b800000, GIB(4), MTRR_TYPE_UC);
    assert_run(GIB(4), 0x43f800000, MTRR_TYPE_WB);
    assert_run(0x43f800000, END, MTRR_TYPE_UC);
}

static void a_run_begins_anywhere_and_ends_where_it_is_told(void **state)
{
    (void)state;
    desktop_of_16_gib();
    uint8_t type;
    assert_int_equal(mtrr_run(&mtrrs, 0x12345000, 0x12346000, &type), 0x12346000);
    assert_int_equal(type, MTRR_TYPE_WB);
    assert_int_equal(mtrr_run(&mtrrs, 0x7b7ff000, GIB(5), &type), 0x7b800000);
    assert_int_equal(mtrr_run(&mtrrs, GIB(4) - PAGE_SIZE, GIB(5), &type), GIB(4));
    assert_int_equal(type, MTRR_TYPE_UC);
}

/* OVMF: all is write-back but the hole for devices. */
static void default_type_counts_where_no_range_does(void **state)
{
    (void)state;
    mtrrs.value[MTRR_PLACE_DEF] = ON | MTRR_TYPE_WB;
    range(0x80000000, GIB(2), MTRR_TYPE_UC);
    assert_run(MIB(1), 0x80000000, MTRR_TYPE_WB);
    assert_run(0x80000000, GIB(4), MTRR_TYPE_UC);
    assert_run(GIB(4), END, MTRR_TYPE_WB);
}

/* 8 GiB, whose last 512 MiB no register was left for. */
static void memory_that_firmware_forgot_is_found(void **state)
{
    (void)state;
    range(0, GIB(4), MTRR_TYPE_WB);
    range(0xc0000000, GIB(1), MTRR_TYPE_UC);
    range(GIB(4), GIB(4), MTRR_TYPE_WB);
    range(GIB(8), MIB(512), MTRR_TYPE_WB);
    assert_run(GIB(4), GIB(8) + MIB(512), MTRR_TYPE_WB);
    assert_run(GIB(8) + MIB(512), END, MTRR_TYPE_UC);
}

static void fixed_ranges_win_below_1_mib(void **state)
{
    (void)state;
    desktop_of_16_gib();
    assert_run(0, 0xa0000, MTRR_TYPE_WB);
    assert_run(0x9f000, 0xa0000, MTRR_TYPE_WB);
    assert_run(0xa0000, 0xc0000, MTRR_TYPE_UC);
    assert_run(0xc0000, 0xc8000, MTRR_TYPE_WP);
    assert_run(0xc8000, 0xf8000, MTRR_TYPE_UC);
    assert_run(0xf8000, 0xff000, MTRR_TYPE_WP);
    assert_run(0xff000, 0x100000, MTRR_TYPE_WT);
    mtrrs.value[MTRR_PLACE_DEF] &= ~MTRR_DEF_FIXED_ENABLE;
    assert_run(0, 0x7b800000, MTRR_TYPE_WB);
}

static void each_type_of_a_fixed_register_is_found(void **state)
{
    (void)state;
    static const uint32_t places[MTRR_FIXED_COUNT][2] = {
        {0, 0x10000},      {0x80000, 0x4000}, {0xa0000, 0x4000}, {0xc0000, 0x1000},
        {0xc8000, 0x1000}, {0xd0000, 0x1000}, {0xd8000, 0x1000}, {0xe0000, 0x1000},
        {0xe8000, 0x1000}, {0xf0000, 0x1000}, {0xf8000, 0x1000}};
    for (unsigned i = 0; i < MTRR_FIXED_COUNT; i++) {
        for (unsigned k = 0; k < 8; k++) {
            memset(&mtrrs.value[MTRR_PLACE_FIXED], 6, 8 * MTRR_FIXED_COUNT);
            mtrrs.value[MTRR_PLACE_FIXED + i] &= ~(UINT64_C(0xff) << 8 * k);
            uint64_t first = places[i][0] + k * places[i][1];
            uint8_t type;
            if (first != 0) {
                assert_int_equal(mtrr_run(&mtrrs, 0, MIB(1), &type), first);
                assert_int_equal(type, MTRR_TYPE_WB);
            }
            assert_int_equal(mtrr_run(&mtrrs, first, MIB(1), &type), first + places[i][1]);
            assert_int_equal(type, MTRR_TYPE_UC);
        }
    }
}

static void overlaps_follow_the_manuals_precedence(void **state)
{
    (void)state;
    static const uint8_t cases[][3] = {
        {MTRR_TYPE_WB, MTRR_TYPE_WT, MTRR_TYPE_WT}, {MTRR_TYPE_WB, MTRR_TYPE_UC, MTRR_TYPE_UC},
        {MTRR_TYPE_WT, MTRR_TYPE_UC, MTRR_TYPE_UC}, {MTRR_TYPE_WC, MTRR_TYPE_UC, MTRR_TYPE_UC},
        {MTRR_TYPE_WB, MTRR_TYPE_WB, MTRR_TYPE_WB}, {MTRR_TYPE_WP, MTRR_TYPE_WP, MTRR_TYPE_WP},
        {MTRR_TYPE_WB, MTRR_TYPE_WC, MTRR_TYPE_UC}, {MTRR_TYPE_WB, MTRR_TYPE_WP, MTRR_TYPE_UC},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (unsigned order = 0; order < 2; order++) {
            begin(NULL);
            range(0, GIB(1), cases[i][order]);
            range(0, GIB(1), cases[i][1 - order]);
            uint8_t type;
            mtrr_run(&mtrrs, MIB(16), MIB(17), &type);
            assert_int_equal(type, cases[i][2]);
        }
    }
}

static void a_pair_counts_only_when_valid(void **state)
{
    (void)state;
    desktop_of_16_gib();
    range(MIB(64), MIB(16), MTRR_TYPE_UC);
    assert_run(MIB(1), MIB(64), MTRR_TYPE_WB);
    mtrrs.value[MTRR_PLACE_VARIABLE + 2 * (pairs - 1) + 1] &= ~MTRR_MASK_VALID;
    assert_run(MIB(1), 0x7b800000, MTRR_TYPE_WB);
}

static void odd_masks_are_taken_at_their_word(void **state)
{
    (void)state;
    range(0, GIB(4), MTRR_TYPE_WB);
    /* A gap in the mask: every other 16 MiB of the first 64. */
    range(MIB(16), MIB(64), MTRR_TYPE_UC);
    mtrrs.value[MTRR_PLACE_VARIABLE + 2] = MIB(16) | MTRR_TYPE_UC;
    mtrrs.value[MTRR_PLACE_VARIABLE + 3] |= MIB(16);
    assert_run(MIB(1), MIB(16), MTRR_TYPE_WB);
    assert_run(MIB(16), MIB(32), MTRR_TYPE_UC);
    assert_run(MIB(32), MIB(48), MTRR_TYPE_WB);
    assert_run(MIB(48), MIB(64), MTRR_TYPE_UC);
    /* No mask at all: everything. And one that was made for more address bits than there are. */
    begin(NULL);
    range(0, GIB(1), MTRR_TYPE_WB);
    mtrrs.value[MTRR_PLACE_VARIABLE + 1] = MTRR_MASK_VALID;
    assert_run(MIB(1), END, MTRR_TYPE_WB);
    begin(NULL);
    range(0, GIB(1), MTRR_TYPE_WB);
    mtrrs.value[MTRR_PLACE_VARIABLE + 1] |= UINT64_C(0xfffff) << 44;
    assert_run(MIB(1), GIB(1), MTRR_TYPE_WB);
}

static void registers_that_are_off_say_nothing(void **state)
{
    (void)state;
    assert_true(mtrr_enabled(&mtrrs));
    mtrrs.value[MTRR_PLACE_DEF] &= ~MTRR_DEF_ENABLE;
    assert_false(mtrr_enabled(&mtrrs));
    memset(&mtrrs, 0, sizeof(mtrrs));
    assert_false(mtrr_enabled(&mtrrs));
}

static void the_first_register_that_differs_is_named(void **state)
{
    (void)state;
    desktop_of_16_gib();
    struct mtrrs other = mtrrs;
    assert_int_equal(mtrr_difference(&mtrrs, &other), MTRR_PLACES);
    other.value[MTRR_PLACE_VARIABLE + 5] ^= MTRR_MASK_VALID;
    assert_int_equal(mtrr_msr(mtrr_difference(&mtrrs, &other)), 0x205);
    other.value[MTRR_PLACE_FIXED + 10] ^= 1;
    assert_int_equal(mtrr_msr(mtrr_difference(&mtrrs, &other)), 0x26f);
    other.value[MTRR_PLACE_DEF] = 0;
    assert_int_equal(mtrr_msr(mtrr_difference(&mtrrs, &other)), 0x2ff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(uncached_wins_over_write_back, begin),
        cmocka_unit_test_setup(a_run_begins_anywhere_and_ends_where_it_is_told, begin),
        cmocka_unit_test_setup(default_type_counts_where_no_range_does, begin),
        cmocka_unit_test_setup(memory_that_firmware_forgot_is_found, begin),
        cmocka_unit_test_setup(fixed_ranges_win_below_1_mib, begin),
        cmocka_unit_test_setup(each_type_of_a_fixed_register_is_found, begin),
        cmocka_unit_test_setup(overlaps_follow_the_manuals_precedence, begin),
        cmocka_unit_test_setup(a_pair_counts_only_when_valid, begin),
        cmocka_unit_test_setup(odd_masks_are_taken_at_their_word, begin),
        cmocka_unit_test_setup(registers_that_are_off_say_nothing, begin),
        cmocka_unit_test_setup(the_first_register_that_differs_is_named, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
