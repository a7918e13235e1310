/* SPDX-License-Identifier: Apache-2.0 */
/* links: ept/ept.c ept/ept_pages.c ept/ept_tables.c ept/ept_unmap.c tests/unit/ept/ept_fake.c */
/* Mapping: what is mapped is found, with the largest pages allowed; what is refused changes
 * nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/msr.h"
#include "tests/unit/ept/ept_fake.h"

#define RWX (EPT_READ | EPT_WRITE | EPT_EXECUTE)

static struct ept_fake fake;
static struct ept ept;

static void create(const struct ept_format *format)
{
    struct ept_pages pages = ept_fake_pages(&fake);
    assert_int_equal(ept_create(&ept, format, &pages), EPT_OK);
}

static int setup(void **state)
{
    (void)state;
    ept_fake_init(&fake);
    create(&ept_fake_format);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ept_destroy(&ept);
    assert_int_equal(fake.taken_count, 0);
    ept_fake_fini(&fake);
    return 0;
}

static void recreate(struct ept_format format)
{
    ept_destroy(&ept);
    create(&format);
}

static enum ept_result map(uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t rights)
{
    struct ept_range range = {GPA(gpa), HPA(hpa), size, rights, MEMORY_TYPE_WB};
    return ept_map(&ept, &range);
}

static uint64_t page_size_at(uint64_t gpa)
{
    struct ept_translation translation = {.page_size = 0};
    assert_true(ept_walk(&ept, GPA(gpa), &translation));
    return translation.page_size;
}

static void a_mapped_address_translates_with_offset_rights_and_type(void **state)
{
    (void)state;
    struct ept_range range = {GPA(0x5000), HPA(0x77000), 0x3000, EPT_READ, MEMORY_TYPE_UC};
    struct ept_translation t;
    assert_int_equal(ept_map(&ept, &range), EPT_OK);
    assert_true(ept_walk(&ept, GPA(0x7abc), &t));
    assert_int_equal(t.hpa.v, 0x79abc);
    assert_int_equal(t.page_size, PAGE_SIZE);
    assert_int_equal(t.rights, EPT_READ);
    assert_int_equal(t.type, MEMORY_TYPE_UC);
    assert_false(ept_walk(&ept, GPA(0x4fff), &t));
    assert_false(ept_walk(&ept, GPA(0x8000), &t));
}

static void the_largest_pages_that_fit_are_used(void **state)
{
    (void)state;
    uint64_t start = PAGE_SIZE_1G - PAGE_SIZE_2M - PAGE_SIZE;
    uint64_t size = PAGE_SIZE + PAGE_SIZE_2M + 2 * PAGE_SIZE_1G + PAGE_SIZE_2M + PAGE_SIZE;
    assert_int_equal(map(start, start + 4 * PAGE_SIZE_1G, size, RWX), EPT_OK);
    assert_int_equal(page_size_at(start), PAGE_SIZE);
    assert_int_equal(page_size_at(start + PAGE_SIZE), PAGE_SIZE_2M);
    assert_int_equal(page_size_at(PAGE_SIZE_1G), PAGE_SIZE_1G);
    assert_int_equal(page_size_at(2 * PAGE_SIZE_1G), PAGE_SIZE_1G);
    assert_int_equal(page_size_at(3 * PAGE_SIZE_1G), PAGE_SIZE_2M);
    assert_int_equal(page_size_at(3 * PAGE_SIZE_1G + PAGE_SIZE_2M), PAGE_SIZE);
}

static void a_large_page_needs_both_addresses_aligned(void **state)
{
    (void)state;
    assert_int_equal(map(0, PAGE_SIZE, 2 * PAGE_SIZE_1G, RWX), EPT_OK);
    assert_int_equal(page_size_at(PAGE_SIZE_1G), PAGE_SIZE);
    recreate(ept_fake_format);
    assert_int_equal(map(0, PAGE_SIZE_2M, 2 * PAGE_SIZE_1G, RWX), EPT_OK);
    assert_int_equal(page_size_at(PAGE_SIZE_1G), PAGE_SIZE_2M);
}

static void page_sizes_the_cpu_lacks_are_not_used(void **state)
{
    (void)state;
    struct ept_format format = ept_fake_format;
    format.page_1g = false;
    recreate(format);
    assert_int_equal(map(0, 0, PAGE_SIZE_1G, RWX), EPT_OK);
    assert_int_equal(page_size_at(0), PAGE_SIZE_2M);
    format.page_1g = true;
    format.page_2m = false;
    recreate(format);
    assert_int_equal(map(0, 0, PAGE_SIZE_1G, RWX), EPT_OK);
    assert_int_equal(page_size_at(0), PAGE_SIZE);
}

static void executable_pages_stay_small_where_large_ones_are_forbidden(void **state)
{
    (void)state;
    struct ept_format format = ept_fake_format;
    format.large_execute = false;
    recreate(format);
    assert_int_equal(map(0, 0, PAGE_SIZE_1G, RWX), EPT_OK);
    assert_int_equal(map(PAGE_SIZE_1G, 0, PAGE_SIZE_1G, EPT_READ | EPT_WRITE), EPT_OK);
    assert_int_equal(page_size_at(0), PAGE_SIZE);
    assert_int_equal(page_size_at(PAGE_SIZE_1G), PAGE_SIZE_1G);
}

static void five_levels_reach_further_than_four(void **state)
{
    (void)state;
    struct ept_format format = ept_fake_format;
    struct ept_translation t;
    format.physical_bits = 52;
    recreate(format);
    assert_int_equal(map(BIT(48), 0, PAGE_SIZE, RWX), EPT_BAD_ADDRESS);
    assert_int_equal(map(BIT(48) - PAGE_SIZE, BIT(52) - PAGE_SIZE, PAGE_SIZE, RWX), EPT_OK);
    assert_false(ept_walk(&ept, GPA(BIT(49) - 1), &t));
    format.walk_length = 5;
    recreate(format);
    assert_int_equal(map(BIT(52) - PAGE_SIZE_1G, 0, PAGE_SIZE_1G, RWX), EPT_OK);
    assert_true(ept_walk(&ept, GPA(BIT(52) - 1), &t));
    assert_int_equal(t.hpa.v, PAGE_SIZE_1G - 1);
    assert_int_equal(ept_fake_count_tables(&fake, &ept), 3);
}

static void overlaps_are_refused_whatever_the_page_sizes(void **state)
{
    (void)state;
    assert_int_equal(map(PAGE_SIZE_1G, 0, PAGE_SIZE_1G, RWX), EPT_OK);
    assert_int_equal(map(3 * PAGE_SIZE_1G + PAGE_SIZE, 0, PAGE_SIZE, RWX), EPT_OK);
    uint64_t tables = fake.taken_count;
    assert_int_equal(map(PAGE_SIZE_1G, 0, PAGE_SIZE_1G, RWX), EPT_OVERLAP);
    assert_int_equal(map(2 * PAGE_SIZE_1G - PAGE_SIZE, 0, 2 * PAGE_SIZE, RWX), EPT_OVERLAP);
    assert_int_equal(map(0, 0, PAGE_SIZE_1G + PAGE_SIZE, RWX), EPT_OVERLAP);
    assert_int_equal(map(3 * PAGE_SIZE_1G, 0, PAGE_SIZE_1G, RWX), EPT_OVERLAP);
    assert_int_equal(map(3 * PAGE_SIZE_1G + PAGE_SIZE, 0, PAGE_SIZE, RWX), EPT_OVERLAP);
    assert_int_equal(map(0, 0, BIT(46), RWX), EPT_OVERLAP);
    assert_int_equal(fake.taken_count, tables);
}

static void arguments_that_would_be_misconfigurations_are_refused(void **state)
{
    (void)state;
    static const struct ept_range bad[] = {
        {{0x800}, {0}, PAGE_SIZE, RWX, MEMORY_TYPE_WB},
        {{0}, {0x800}, PAGE_SIZE, RWX, MEMORY_TYPE_WB},
        {{0}, {0}, PAGE_SIZE + 1, RWX, MEMORY_TYPE_WB},
        {{0}, {0}, 0, RWX, MEMORY_TYPE_WB},
        {{0}, {0}, PAGE_SIZE, 0, MEMORY_TYPE_WB},
        {{0}, {0}, PAGE_SIZE, EPT_WRITE, MEMORY_TYPE_WB},
        {{0}, {0}, PAGE_SIZE, EPT_WRITE | EPT_EXECUTE, MEMORY_TYPE_WB},
        {{0}, {0}, PAGE_SIZE, EPT_EXECUTE, MEMORY_TYPE_WB},
        {{0}, {0}, PAGE_SIZE, RWX | 8, MEMORY_TYPE_WB},
        {{0}, {0}, PAGE_SIZE, RWX, 2},
        {{0}, {0}, PAGE_SIZE, RWX, 3},
        {{0}, {0}, PAGE_SIZE, RWX, MEMORY_TYPE_UC_MINUS},
        {{0}, {0}, PAGE_SIZE, RWX, 8},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(ept_map(&ept, &bad[i]), EPT_BAD_ARGUMENT);
    }
    struct ept_format format = ept_fake_format;
    format.execute_only = true;
    recreate(format);
    assert_int_equal(map(0, 0, PAGE_SIZE, EPT_EXECUTE), EPT_OK);
}

static void addresses_beyond_the_width_are_refused(void **state)
{
    (void)state;
    assert_int_equal(map(BIT(46), 0, PAGE_SIZE, RWX), EPT_BAD_ADDRESS);
    assert_int_equal(map(BIT(46) - PAGE_SIZE, 0, 2 * PAGE_SIZE, RWX), EPT_BAD_ADDRESS);
    assert_int_equal(map(0, BIT(46) - PAGE_SIZE, 2 * PAGE_SIZE, RWX), EPT_BAD_ADDRESS);
    assert_int_equal(map(0, BIT(46), PAGE_SIZE, RWX), EPT_BAD_ADDRESS);
    assert_int_equal(map(align_down(UINT64_MAX, PAGE_SIZE), 0, 2 * PAGE_SIZE, RWX),
                     EPT_BAD_ADDRESS);
    assert_int_equal(map(0, 0, align_down(UINT64_MAX, PAGE_SIZE), RWX), EPT_BAD_ADDRESS);
    assert_int_equal(map(BIT(46) - PAGE_SIZE, BIT(46) - PAGE_SIZE, PAGE_SIZE, RWX), EPT_OK);
}

static void a_map_without_enough_tables_changes_nothing(void **state)
{
    (void)state;
    struct ept_translation t;
    for (uint64_t spare = 0; spare < 3; spare++) {
        fake.limit = fake.taken_count + spare;
        assert_int_equal(map(PAGE_SIZE, 0, PAGE_SIZE, RWX), EPT_NO_MEMORY);
        assert_int_equal(fake.taken_count, 1);
        assert_false(ept_walk(&ept, GPA(PAGE_SIZE), &t));
    }
    fake.limit++;
    assert_int_equal(map(PAGE_SIZE, 0, PAGE_SIZE, RWX), EPT_OK);
    fake.limit = 0;
    struct ept second;
    struct ept_pages pages = ept_fake_pages(&fake);
    assert_int_equal(ept_create(&second, &ept_fake_format, &pages), EPT_NO_MEMORY);
}

static void tables_are_shared_between_ranges(void **state)
{
    (void)state;
    assert_int_equal(map(0, 0, PAGE_SIZE, RWX), EPT_OK);
    assert_int_equal(ept.tables, 4);
    assert_int_equal(map(PAGE_SIZE, 0, PAGE_SIZE, RWX), EPT_OK);
    assert_int_equal(ept.tables, 4);
    assert_int_equal(map(PAGE_SIZE_2M, 0, PAGE_SIZE_2M, RWX), EPT_OK);
    assert_int_equal(ept.tables, 4);
    assert_int_equal(map(2 * PAGE_SIZE_2M, 0, PAGE_SIZE, RWX), EPT_OK);
    assert_int_equal(ept.tables, 5);
    assert_int_equal(ept_fake_count_tables(&fake, &ept), 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mapped_address_translates_with_offset_rights_and_type),
        TEST(the_largest_pages_that_fit_are_used),
        TEST(a_large_page_needs_both_addresses_aligned),
        TEST(page_sizes_the_cpu_lacks_are_not_used),
        TEST(executable_pages_stay_small_where_large_ones_are_forbidden),
        TEST(five_levels_reach_further_than_four),
        TEST(overlaps_are_refused_whatever_the_page_sizes),
        TEST(arguments_that_would_be_misconfigurations_are_refused),
        TEST(addresses_beyond_the_width_are_refused),
        TEST(a_map_without_enough_tables_changes_nothing),
        TEST(tables_are_shared_between_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
