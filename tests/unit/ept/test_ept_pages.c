/* SPDX-License-Identifier: Apache-2.0 */
/* links: ept/ept.c ept/ept_pages.c ept/ept_tables.c ept/ept_unmap.c tests/unit/ept/ept_fake.c */
/* Formats, the EPT pointer, and that ept_pages_needed() says exactly what building takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/msr.h"
#include "tests/unit/ept/ept_fake.h"

#define RW         (EPT_READ | EPT_WRITE)
#define RWX        (EPT_READ | EPT_WRITE | EPT_EXECUTE)
#define CAP_USABLE (EPT_VPID_CAP_WALK_4 | EPT_VPID_CAP_WB)

static struct ept_fake fake;

static int setup(void **state)
{
    (void)state;
    ept_fake_init(&fake);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(fake.taken_count, 0);
    ept_fake_fini(&fake);
    return 0;
}

/* Builds the ranges, counts tables by looking, and compares with the prediction. */
static uint64_t build(const struct ept_format *format, const struct ept_range *ranges, size_t count)
{
    struct ept_pages pages = ept_fake_pages(&fake);
    struct ept ept;
    uint64_t needed = ept_pages_needed(format, ranges, count);
    fake.limit = needed;
    assert_int_equal(ept_create(&ept, format, &pages), EPT_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ept_map(&ept, &ranges[i]), EPT_OK);
    }
    assert_int_equal(fake.taken_count, needed);
    assert_int_equal(ept.tables, needed);
    assert_int_equal(ept_fake_count_tables(&fake, &ept), needed);
    ept_destroy(&ept);
    return needed;
}

static void capabilities_become_a_format(void **state)
{
    (void)state;
    struct ept_format format;
    assert_true(ept_format_choose(&format, CAP_USABLE, 39, false));
    assert_int_equal(format.walk_length, 4);
    assert_int_equal(format.physical_bits, 39);
    assert_false(format.page_2m || format.page_1g || format.execute_only || format.large_execute);
    assert_true(format.tables_wb);
    assert_true(ept_format_choose(
        &format, CAP_USABLE | EPT_VPID_CAP_2M | EPT_VPID_CAP_1G | EPT_VPID_CAP_EXECUTE_ONLY, 46,
        true));
    assert_true(format.page_2m && format.page_1g && format.execute_only && format.large_execute);
}

static void a_cpu_without_a_usable_walk_is_refused(void **state)
{
    (void)state;
    struct ept_format format;
    assert_false(ept_format_choose(&format, EPT_VPID_CAP_WB, 39, true));
    assert_false(ept_format_choose(&format, EPT_VPID_CAP_WALK_4, 39, true));
    assert_false(ept_format_choose(&format, CAP_USABLE, 53, true));
    assert_false(ept_format_choose(&format, CAP_USABLE, 0, true));
    assert_true(ept_format_choose(&format, EPT_VPID_CAP_WALK_4 | EPT_VPID_CAP_UC, 39, true));
    assert_false(format.tables_wb);
}

static void the_guest_physical_width_is_the_smaller_of_cpu_and_walk(void **state)
{
    (void)state;
    struct ept_format format = ept_fake_format;
    format.physical_bits = 39;
    assert_int_equal(ept_gpa_bits(&format), 39);
    format.physical_bits = 52;
    assert_int_equal(ept_gpa_bits(&format), 48);
    format.walk_length = 5;
    assert_int_equal(ept_gpa_bits(&format), 52);
}

static void the_pointer_names_root_walk_length_and_memory_type(void **state)
{
    (void)state;
    struct ept ept = {.format = ept_fake_format, .root = HPA(0x123456000)};
    assert_int_equal(ept_pointer(&ept), 0x123456000 | 3 << 3 | 6);
    ept.format.tables_wb = false;
    ept.format.walk_length = 5;
    assert_int_equal(ept_pointer(&ept), 0x123456000 | 4 << 3);
}

static void no_range_needs_the_root_only(void **state)
{
    (void)state;
    assert_int_equal(build(&ept_fake_format, NULL, 0), 1);
}

static void a_gigabyte_page_needs_two_tables_and_a_small_one_four(void **state)
{
    (void)state;
    struct ept_range range = {GPA(0), HPA(0), PAGE_SIZE_1G, RWX, MEMORY_TYPE_WB};
    assert_int_equal(build(&ept_fake_format, &range, 1), 2);
    range.hpa = HPA(PAGE_SIZE_2M);
    assert_int_equal(build(&ept_fake_format, &range, 1), 3);
    range.hpa = HPA(PAGE_SIZE);
    assert_int_equal(build(&ept_fake_format, &range, 1), 3 + 512);
    range.size = PAGE_SIZE;
    assert_int_equal(build(&ept_fake_format, &range, 1), 4);
}

static void a_vm_with_memory_around_the_hole_needs_what_was_worked_out_by_hand(void **state)
{
    (void)state;
    const struct ept_range ranges[] = {
        /* 640 KiB, cut: a page table; below it a directory and a directory pointer table */
        {GPA(0), HPA(GIB(1)), KIB(640), RWX, MEMORY_TYPE_WB},
        /* 1 MiB to 3 GiB: shares that page table and directory, then 1 GiB pages */
        {GPA(MIB(1)), HPA(GIB(1) + MIB(1)), GIB(3) - MIB(1), RWX, MEMORY_TYPE_WB},
        /* a device page: a directory and a page table */
        {GPA(0xfee00000), HPA(0xfee00000), PAGE_SIZE, RW, MEMORY_TYPE_UC},
        /* 1 GiB at 4 GiB, not congruent with 1 GiB: a directory */
        {GPA(GIB(4)), HPA(GIB(5) + MIB(2)), GIB(1), RWX, MEMORY_TYPE_WB},
        /* at 512 GiB: a directory pointer table */
        {GPA(GIB(512)), HPA(GIB(8)), GIB(1), RWX, MEMORY_TYPE_WB},
    };
    assert_int_equal(build(&ept_fake_format, ranges, ARRAY_SIZE(ranges)), 1 + 3 + 0 + 2 + 1 + 1);
}

static void ranges_that_meet_within_one_table_share_it(void **state)
{
    (void)state;
    const struct ept_range ranges[] = {
        {GPA(MIB(2)), HPA(0x1000), KIB(8), RWX, MEMORY_TYPE_WB},
        {GPA(MIB(2) + KIB(8)), HPA(0x9000), MIB(4), RWX, MEMORY_TYPE_WB},
        {GPA(MIB(6) + KIB(8)), HPA(0x1000), KIB(8), RWX, MEMORY_TYPE_WB},
        {GPA(0), HPA(0x5000), MIB(2), RWX, MEMORY_TYPE_WB},
    };
    assert_int_equal(build(&ept_fake_format, ranges, ARRAY_SIZE(ranges)), 3 + 4);
}

static uint64_t random_state;

static uint64_t random_below(uint64_t bound)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (random_state >> 11) % bound;
}

static struct ept_range random_range(uint64_t gpa)
{
    static const uint64_t units[] = {PAGE_SIZE, PAGE_SIZE_2M, PAGE_SIZE_1G};
    struct ept_range range = {.gpa = GPA(gpa), .type = MEMORY_TYPE_WB};
    uint64_t unit = units[random_below(3)];
    range.size = (1 + random_below(4)) * unit;
    range.size += random_below(3) == 0 ? random_below(600) * PAGE_SIZE : 0;
    range.hpa = HPA((gpa & (units[random_below(3)] - 1)) + random_below(100) * PAGE_SIZE_1G);
    range.rights = random_below(2) == 0 ? RW : RWX;
    return range;
}

static void the_prediction_is_exact_for_random_sets_in_any_order(void **state)
{
    (void)state;
    for (random_state = 1; random_state < 120; random_state++) {
        uint64_t seed = random_state;
        struct ept_format format = ept_fake_format;
        struct ept_range ranges[8];
        uint64_t gpa = random_below(2) * (512 * PAGE_SIZE_1G - 3 * PAGE_SIZE_1G);
        format.page_1g = random_below(4) != 0;
        format.page_2m = random_below(8) != 0;
        format.large_execute = random_below(2) != 0;
        format.walk_length = (uint8_t)(4 + random_below(2));
        size_t count = 1 + random_below(ARRAY_SIZE(ranges));
        for (size_t i = 0; i < count; i++) {
            static const uint64_t gaps[] = {0, 0, PAGE_SIZE, 300 * PAGE_SIZE, PAGE_SIZE_2M};
            gpa += gaps[random_below(5)];
            gpa = random_below(3) == 0 ? align_up(gpa, PAGE_SIZE_2M) : gpa;
            gpa = random_below(4) == 0 ? align_up(gpa, PAGE_SIZE_1G) : gpa;
            ranges[i] = random_range(gpa);
            gpa += ranges[i].size;
        }
        for (size_t i = count - 1; i > 0; i--) {
            size_t j = random_below(i + 1);
            struct ept_range swap = ranges[i];
            ranges[i] = ranges[j];
            ranges[j] = swap;
        }
        build(&format, ranges, count);
        random_state = seed;
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(capabilities_become_a_format),
        TEST(a_cpu_without_a_usable_walk_is_refused),
        TEST(the_guest_physical_width_is_the_smaller_of_cpu_and_walk),
        TEST(the_pointer_names_root_walk_length_and_memory_type),
        TEST(no_range_needs_the_root_only),
        TEST(a_gigabyte_page_needs_two_tables_and_a_small_one_four),
        TEST(a_vm_with_memory_around_the_hole_needs_what_was_worked_out_by_hand),
        TEST(ranges_that_meet_within_one_table_share_it),
        TEST(the_prediction_is_exact_for_random_sets_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
