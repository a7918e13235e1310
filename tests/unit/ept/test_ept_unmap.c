/* SPDX-License-Identifier: Apache-2.0 */
/* links: ept/ept.c ept/ept_pages.c ept/ept_tables.c ept/ept_unmap.c tests/unit/ept/ept_fake.c */
/* Unmapping: large pages split at its ends only, tables come back, and only after the INVEPT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/msr.h"
#include "tests/unit/ept/ept_fake.h"

#define RWX (EPT_READ | EPT_WRITE | EPT_EXECUTE)

static struct ept_fake fake;
static struct ept ept;
static bool owed;

static int setup(void **state)
{
    (void)state;
    ept_fake_init(&fake);
    owed = false;
    struct ept_pages pages = ept_fake_pages(&fake);
    return ept_create(&ept, &ept_fake_format, &pages) == EPT_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ept_destroy(&ept);
    assert_int_equal(fake.taken_count, 0);
    ept_fake_fini(&fake);
    return 0;
}

static void map(uint64_t gpa, uint64_t hpa, uint64_t size)
{
    struct ept_range range = {GPA(gpa), HPA(hpa), size, RWX, MEMORY_TYPE_WB};
    assert_int_equal(ept_map(&ept, &range), EPT_OK);
}

static enum ept_result unmap(uint64_t gpa, uint64_t size)
{
    return ept_unmap(&ept, GPA(gpa), size, &owed);
}

static void expect(uint64_t gpa, uint64_t hpa, uint64_t page_size)
{
    struct ept_translation t;
    assert_true(ept_walk(&ept, GPA(gpa), &t));
    assert_int_equal(t.hpa.v, hpa);
    assert_int_equal(t.page_size, page_size);
    assert_int_equal(t.rights, RWX);
    assert_int_equal(t.type, MEMORY_TYPE_WB);
}

static void expect_hole(uint64_t gpa)
{
    struct ept_translation t;
    assert_false(ept_walk(&ept, GPA(gpa), &t));
}

static void a_hole_in_a_gigabyte_page_splits_only_around_the_hole(void **state)
{
    (void)state;
    uint64_t hole = PAGE_SIZE_1G + 5 * PAGE_SIZE_2M + 7 * PAGE_SIZE;
    map(0, 8 * PAGE_SIZE_1G, 3 * PAGE_SIZE_1G);
    assert_int_equal(unmap(hole, PAGE_SIZE), EPT_OK);
    assert_true(owed);
    expect_hole(hole);
    expect_hole(hole + PAGE_SIZE - 1);
    expect(hole - 1, 8 * PAGE_SIZE_1G + hole - 1, PAGE_SIZE);
    expect(hole + PAGE_SIZE, 8 * PAGE_SIZE_1G + hole + PAGE_SIZE, PAGE_SIZE);
    expect(PAGE_SIZE_1G, 9 * PAGE_SIZE_1G, PAGE_SIZE_2M);
    expect(0, 8 * PAGE_SIZE_1G, PAGE_SIZE_1G);
    expect(2 * PAGE_SIZE_1G, 10 * PAGE_SIZE_1G, PAGE_SIZE_1G);
    assert_int_equal(ept_fake_count_tables(&fake, &ept), 4);
}

static void two_ends_in_different_gigabyte_pages_take_four_tables(void **state)
{
    (void)state;
    map(0, 0, 4 * PAGE_SIZE_1G);
    assert_int_equal(ept.tables, 2);
    fake.limit = fake.taken_count + EPT_UNMAP_TABLES - 1;
    assert_int_equal(unmap(PAGE_SIZE, 3 * PAGE_SIZE_1G), EPT_NO_MEMORY);
    assert_false(owed);
    expect(PAGE_SIZE, PAGE_SIZE, PAGE_SIZE_1G);
    assert_int_equal(fake.taken_count, 2);
    fake.limit++;
    assert_int_equal(unmap(PAGE_SIZE, 3 * PAGE_SIZE_1G), EPT_OK);
    expect(0, 0, PAGE_SIZE);
    expect(3 * PAGE_SIZE_1G + PAGE_SIZE, 3 * PAGE_SIZE_1G + PAGE_SIZE, PAGE_SIZE);
    expect_hole(PAGE_SIZE_1G);
}

static void ends_that_share_a_page_share_the_tables_of_its_split(void **state)
{
    (void)state;
    map(0, 0, PAGE_SIZE_1G);
    fake.limit = fake.taken_count + 1;
    assert_int_equal(unmap(PAGE_SIZE, PAGE_SIZE), EPT_NO_MEMORY);
    fake.limit++;
    assert_int_equal(unmap(PAGE_SIZE, PAGE_SIZE), EPT_OK);
    fake.limit = fake.taken_count;
    assert_int_equal(unmap(5 * PAGE_SIZE, PAGE_SIZE), EPT_OK);
    fake.limit++;
    assert_int_equal(unmap(PAGE_SIZE_2M, PAGE_SIZE_2M + PAGE_SIZE), EPT_OK);
}

static void whole_pages_are_unmapped_without_any_table(void **state)
{
    (void)state;
    map(0, 0, 2 * PAGE_SIZE_1G + 2 * PAGE_SIZE_2M + PAGE_SIZE);
    fake.limit = 0;
    assert_int_equal(unmap(PAGE_SIZE_1G, PAGE_SIZE_1G + PAGE_SIZE_2M), EPT_OK);
    expect(PAGE_SIZE_1G - 1, PAGE_SIZE_1G - 1, PAGE_SIZE_1G);
    expect_hole(PAGE_SIZE_1G);
    expect(2 * PAGE_SIZE_1G + PAGE_SIZE_2M, 2 * PAGE_SIZE_1G + PAGE_SIZE_2M, PAGE_SIZE_2M);
}

static void emptied_tables_are_freed_only_after_the_invept(void **state)
{
    (void)state;
    map(0, 0, PAGE_SIZE);
    assert_int_equal(fake.taken_count, 4);
    assert_int_equal(unmap(0, PAGE_SIZE), EPT_OK);
    assert_int_equal(ept.tables, 1);
    assert_int_equal(fake.taken_count, 4);
    ept_release(&ept);
    assert_int_equal(fake.taken_count, 1);
}

static void a_retired_table_translates_nothing_for_a_cpu_that_has_it_cached(void **state)
{
    (void)state;
    map(0, 0, PAGE_SIZE);
    map(PAGE_SIZE_1G, 0, PAGE_SIZE);
    assert_int_equal(unmap(0, PAGE_SIZE), EPT_OK);
    assert_int_equal(unmap(PAGE_SIZE_1G, PAGE_SIZE), EPT_OK);
    unsigned seen = 0;
    for (hpa_t table = ept.retired; table.v != 0; seen++) {
        const uint64_t *entries = ept.pages.map(ept.pages.context, table);
        for (unsigned i = 0; i < 512; i++) {
            assert_int_equal(entries[i] & 7, 0);
        }
        table = HPA(entries[0]);
    }
    assert_int_equal(seen, 5);
}

static void what_is_not_mapped_as_a_whole_is_not_unmapped_in_part(void **state)
{
    (void)state;
    map(0, 0, 4 * PAGE_SIZE);
    map(6 * PAGE_SIZE, 0, PAGE_SIZE);
    assert_int_equal(unmap(0, 5 * PAGE_SIZE), EPT_NOT_MAPPED);
    assert_int_equal(unmap(3 * PAGE_SIZE, 4 * PAGE_SIZE), EPT_NOT_MAPPED);
    assert_int_equal(unmap(PAGE_SIZE_1G, PAGE_SIZE), EPT_NOT_MAPPED);
    assert_false(owed);
    expect(3 * PAGE_SIZE, 3 * PAGE_SIZE, PAGE_SIZE);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    map(0, 0, PAGE_SIZE_2M);
    assert_int_equal(unmap(0x800, PAGE_SIZE), EPT_BAD_ARGUMENT);
    assert_int_equal(unmap(0, 0x800), EPT_BAD_ARGUMENT);
    assert_int_equal(unmap(0, 0), EPT_BAD_ARGUMENT);
    assert_int_equal(unmap(BIT(46), PAGE_SIZE), EPT_BAD_ADDRESS);
    assert_int_equal(unmap(PAGE_SIZE, align_down(UINT64_MAX, PAGE_SIZE)), EPT_BAD_ADDRESS);
}

static void the_last_page_of_the_width_can_be_unmapped(void **state)
{
    (void)state;
    map(BIT(46) - PAGE_SIZE_1G, 0, PAGE_SIZE_1G);
    assert_int_equal(unmap(BIT(46) - PAGE_SIZE, PAGE_SIZE), EPT_OK);
    expect(BIT(46) - PAGE_SIZE - 1, PAGE_SIZE_1G - PAGE_SIZE - 1, PAGE_SIZE);
    expect_hole(BIT(46) - PAGE_SIZE);
}

static void an_owed_invept_is_never_taken_back(void **state)
{
    (void)state;
    owed = true;
    assert_int_equal(unmap(0, PAGE_SIZE), EPT_NOT_MAPPED);
    assert_true(owed);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hole_in_a_gigabyte_page_splits_only_around_the_hole),
        TEST(two_ends_in_different_gigabyte_pages_take_four_tables),
        TEST(ends_that_share_a_page_share_the_tables_of_its_split),
        TEST(whole_pages_are_unmapped_without_any_table),
        TEST(emptied_tables_are_freed_only_after_the_invept),
        TEST(a_retired_table_translates_nothing_for_a_cpu_that_has_it_cached),
        TEST(what_is_not_mapped_as_a_whole_is_not_unmapped_in_part),
        TEST(bad_arguments_are_refused),
        TEST(the_last_page_of_the_width_can_be_unmapped),
        TEST(an_owed_invept_is_never_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
