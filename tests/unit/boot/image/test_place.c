/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/place.c kernel/printf.c */
/* Finding free guest memory: pieces in any order, fixed ranges, bounds, alignment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/image/place.h"

static struct vm_plan plan;
static struct placer placer;
static struct image_error error;

static int begin(void **state)
{
    (void)state;
    memset(&plan, 0, sizeof(plan));
    return 0;
}

static void piece(uint64_t gpa, uint64_t size)
{
    plan.memory[plan.memory_count++] = (struct vm_memory){GPA(gpa), HPA(0), size};
}

static uint64_t low(uint64_t size, uint64_t align, uint64_t min, uint64_t end)
{
    const struct place_want want = {size, align, min, end};
    uint64_t gpa = 0;
    return place_find_low(&placer, &want, &gpa) ? gpa : UINT64_MAX;
}

static uint64_t high(uint64_t size, uint64_t align, uint64_t min, uint64_t end)
{
    const struct place_want want = {size, align, min, end};
    uint64_t gpa = 0;
    return place_find_high(&placer, &want, &gpa) ? gpa : UINT64_MAX;
}

static void pieces_are_sorted_and_joined(void **state)
{
    (void)state;
    piece(0x300000, 0x100000);
    piece(0, 0x100000);
    piece(0x100000, 0x100000);
    assert_true(place_init(&placer, &plan, &error));
    assert_int_equal(placer.ram_count, 2);
    assert_int_equal(placer.ram[0].first, 0);
    assert_int_equal(placer.ram[0].end, 0x200000);
    assert_int_equal(placer.ram[1].first, 0x300000);
    assert_true(place_is_ram(&placer, 0xFF000, 0x2000));
    assert_true(place_is_ram(&placer, 0, 0x200000));
    assert_false(place_is_ram(&placer, 0, 0x200001));
    assert_false(place_is_ram(&placer, 0x200000, 1));
    assert_false(place_is_ram(&placer, 0x3FFFFF, UINT64_MAX));
}

static void pieces_that_are_no_pages_are_refused(void **state)
{
    (void)state;
    piece(0x1000, 0x1001);
    assert_false(place_init(&placer, &plan, &error));
    assert_string_equal(error.text,
                        "memory piece 0x1000, 4097 bytes: must be whole pages of 4 KiB");
    plan.memory[0].size = 0;
    assert_false(place_init(&placer, &plan, &error));
    plan.memory[0] = (struct vm_memory){GPA(0x1800), HPA(0), 0x1000};
    assert_false(place_init(&placer, &plan, &error));
}

static void overlapping_pieces_are_refused(void **state)
{
    (void)state;
    piece(0x100000, 0x100000);
    piece(0x1FF000, 0x2000);
    assert_false(place_init(&placer, &plan, &error));
    assert_string_equal(error.text, "memory piece 0x1ff000, 8192 bytes: overlaps another");
    plan.memory[1] = (struct vm_memory){GPA(0xFF000), HPA(0), 0x2000};
    assert_false(place_init(&placer, &plan, &error));
}

static void pieces_beyond_physical_memory_are_refused(void **state)
{
    (void)state;
    piece(BIT(52) - 0x1000, 0x2000);
    assert_false(place_init(&placer, &plan, &error));
    assert_string_equal(error.text, "memory piece 0xffffffffff000, 8192 bytes: ends beyond 2^52");
    plan.memory[0].gpa = GPA(~UINT64_C(0xFFF));
    assert_false(place_init(&placer, &plan, &error));
}

static void the_number_of_pieces_is_bounded(void **state)
{
    (void)state;
    assert_false(place_init(&placer, &plan, &error));
    assert_string_equal(error.text, "VM has 0 memory pieces, must have 1 to 8");
    plan.memory_count = VM_MEMORY_MAX + 1;
    assert_false(place_init(&placer, &plan, &error));
}

static void what_is_taken_is_not_found_again(void **state)
{
    (void)state;
    piece(0, 0x10000);
    assert_true(place_init(&placer, &plan, &error));
    assert_int_equal(low(0x1000, 0x1000, 0, GIB(4)), 0);
    assert_true(place_take(&placer, 0, 0x1000));
    assert_int_equal(low(0x1000, 0x1000, 0, GIB(4)), 0x1000);
    assert_true(place_take(&placer, 0x3000, 1));
    assert_int_equal(low(0x2000, 0x1000, 0, GIB(4)), 0x1000);
    assert_int_equal(low(0x3000, 0x1000, 0, GIB(4)), 0x4000); /* behind the taken page's byte */
    assert_int_equal(low(0x3000, 1, 0, GIB(4)), 0x3001);
    assert_int_equal(high(0xC000, 0x1000, 0, GIB(4)), 0x4000);
    assert_int_equal(high(0xD000, 0x1000, 0, GIB(4)), UINT64_MAX);
    assert_true(place_is_free(&placer, 0x1000, 0x2000));
    assert_false(place_is_free(&placer, 0x1000, 0x2001));
    assert_false(place_is_free(&placer, 0xF000, 0x1001));
}

static void both_directions_look_into_every_piece(void **state)
{
    (void)state;
    piece(0x10000, 0x2000);
    piece(0x20000, 0x8000);
    piece(0x40000, 0x2000);
    assert_true(place_init(&placer, &plan, &error));
    assert_int_equal(low(0x4000, 0x1000, 0, GIB(4)), 0x20000);
    assert_int_equal(high(0x4000, 0x1000, 0, GIB(4)), 0x24000);
    assert_int_equal(low(0x9000, 0x1000, 0, GIB(4)), UINT64_MAX);
    assert_int_equal(high(0x9000, 0x1000, 0, GIB(4)), UINT64_MAX);
}

static void bounds_and_alignment_are_kept(void **state)
{
    (void)state;
    piece(0x1000, 0xFF000);
    assert_true(place_init(&placer, &plan, &error));
    assert_int_equal(low(0x1000, 0x10000, 0, GIB(4)), 0x10000);
    assert_int_equal(low(0x1000, 0x1000, 0x5800, GIB(4)), 0x6000);
    assert_int_equal(high(0x1000, 0x10000, 0, 0x28000), 0x20000);
    assert_int_equal(high(0x1800, 0x1000, 0, 0x28000), 0x26000);
    assert_int_equal(low(0x1000, 0x1000, 0x28000, 0x28FFF), UINT64_MAX);
    assert_int_equal(high(0x1000, 0x1000, 0x28001, 0x29FFF), UINT64_MAX);
    assert_int_equal(low(0x1000, BIT(31), 0, GIB(4)), UINT64_MAX);
    assert_int_equal(low(0x1000, 0x1000, GIB(8), GIB(4)), UINT64_MAX);
    assert_int_equal(high(UINT64_MAX, 0x1000, 0, GIB(4)), UINT64_MAX);
}

static void the_table_of_taken_ranges_is_bounded(void **state)
{
    (void)state;
    piece(0, 0x100000);
    assert_true(place_init(&placer, &plan, &error));
    for (uint64_t i = 0; i < PLACE_USED_MAX; i++) {
        assert_true(place_take(&placer, i * 0x1000, 0x1000));
    }
    assert_false(place_take(&placer, 0x80000, 0x1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pieces_are_sorted_and_joined, begin),
        cmocka_unit_test_setup(pieces_that_are_no_pages_are_refused, begin),
        cmocka_unit_test_setup(overlapping_pieces_are_refused, begin),
        cmocka_unit_test_setup(pieces_beyond_physical_memory_are_refused, begin),
        cmocka_unit_test_setup(the_number_of_pieces_is_bounded, begin),
        cmocka_unit_test_setup(what_is_taken_is_not_found_again, begin),
        cmocka_unit_test_setup(both_directions_look_into_every_piece, begin),
        cmocka_unit_test_setup(bounds_and_alignment_are_kept, begin),
        cmocka_unit_test_setup(the_table_of_taken_ranges_is_bounded, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
