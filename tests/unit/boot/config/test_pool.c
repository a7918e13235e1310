/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/config/pool.c */
/*
 * Free RAM while it is divided: ranges are cut, never overlap, and addresses agree with pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "boot/config/place.h"

static struct config_machine machine;
static struct config_pool pool;

static void add(uint64_t hpa, uint64_t size, uint32_t node)
{
    machine.ram[machine.ram_count++] = (struct config_ram){HPA(hpa), size, node};
}

static int start(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof(machine));
    return 0;
}

static void memory_below_1_mib_and_parts_of_pages_are_left_out(void **state)
{
    (void)state;
    add(0, 0xa0000, 0);
    add(0xf0000, MIB(2), 0);
    add(MIB(4) + 1, KIB(8), 0);
    add(MIB(8), 0, 0);
    config_pool_init(&pool, &machine);
    assert_int_equal(pool.count, 2);
    assert_int_equal(pool.ranges[0].hpa.v, MIB(1));
    assert_int_equal(pool.ranges[0].size, MIB(1) + 0xf0000);
    assert_int_equal(pool.ranges[1].hpa.v, MIB(4) + KIB(4));
    assert_int_equal(pool.ranges[1].size, KIB(4));
}

static void taking_from_the_middle_leaves_two_ranges(void **state)
{
    (void)state;
    add(MIB(1), MIB(10), 3);
    config_pool_init(&pool, &machine);
    config_pool_take(&pool, MIB(4), MIB(2));
    assert_int_equal(pool.count, 2);
    assert_int_equal(pool.ranges[0].size, MIB(3));
    assert_int_equal(pool.ranges[1].hpa.v, MIB(6));
    assert_int_equal(pool.ranges[1].size, MIB(5));
    assert_int_equal(pool.ranges[1].node, 3);
    config_pool_take(&pool, MIB(1), MIB(3));
    assert_int_equal(pool.count, 1);
    config_pool_take(&pool, MIB(10), MIB(1));
    assert_int_equal(pool.ranges[0].size, MIB(4));
    config_pool_take(&pool, MIB(6), MIB(4));
    assert_int_equal(pool.count, 0);
}

static void the_smallest_range_that_fits_is_found(void **state)
{
    (void)state;
    uint64_t hpa;
    add(MIB(2), MIB(100), 0);
    add(MIB(200), MIB(8), 0);
    add(MIB(300), MIB(16), 0);
    config_pool_init(&pool, &machine);
    assert_true(config_pool_find(&pool, CONFIG_NODE_ANY, 0, MIB(8), PAGE_SIZE_2M, &hpa));
    assert_int_equal(hpa, MIB(200));
    assert_true(config_pool_find(&pool, CONFIG_NODE_ANY, 0, MIB(10), PAGE_SIZE_2M, &hpa));
    assert_int_equal(hpa, MIB(300));
    assert_false(config_pool_find(&pool, CONFIG_NODE_ANY, 0, MIB(101), PAGE_SIZE_2M, &hpa));
}

static void addresses_have_the_offset_of_the_guests(void **state)
{
    (void)state;
    uint64_t hpa;
    add(MIB(1), GIB(3), 0);
    config_pool_init(&pool, &machine);
    assert_true(config_pool_find(&pool, CONFIG_NODE_ANY, 0, GIB(1), PAGE_SIZE_1G, &hpa));
    assert_int_equal(hpa, GIB(1));
    assert_true(
        config_pool_find(&pool, CONFIG_NODE_ANY, GIB(4) + KIB(12), MIB(4), PAGE_SIZE_2M, &hpa));
    assert_int_equal(hpa, MIB(2) + KIB(12));
    assert_false(config_pool_find(&pool, CONFIG_NODE_ANY, 0, GIB(3), PAGE_SIZE_1G, &hpa));
}

static void only_the_node_asked_for_is_searched(void **state)
{
    (void)state;
    uint64_t hpa;
    add(MIB(2), MIB(8), 0);
    add(MIB(100), MIB(64), 1);
    config_pool_init(&pool, &machine);
    assert_true(config_pool_find(&pool, 1, 0, MIB(2), PAGE_SIZE_2M, &hpa));
    assert_int_equal(hpa, MIB(100));
    assert_false(config_pool_find(&pool, 2, 0, MIB(2), PAGE_SIZE_2M, &hpa));
    assert_int_equal(config_pool_largest(&pool, 0, 0, PAGE_SIZE_2M, &hpa), MIB(8));
}

static void the_largest_piece_is_whole_pages(void **state)
{
    (void)state;
    uint64_t hpa;
    add(MIB(1), MIB(6), 0);          /* 2 to 6 MiB: two pages */
    add(MIB(9), MIB(7) - KIB(4), 0); /* 10 to nearly 16 MiB: two pages */
    config_pool_init(&pool, &machine);
    assert_int_equal(config_pool_largest(&pool, CONFIG_NODE_ANY, 0, PAGE_SIZE_2M, &hpa), MIB(4));
    assert_int_equal(hpa, MIB(2));
    assert_int_equal(config_pool_largest(&pool, CONFIG_NODE_ANY, 0, PAGE_SIZE, &hpa),
                     MIB(7) - KIB(4));
    assert_int_equal(config_pool_largest(&pool, CONFIG_NODE_ANY, 0, PAGE_SIZE_1G, &hpa), 0);
}

static void bulkhead_takes_the_highest_range_below_4_gib(void **state)
{
    (void)state;
    add(MIB(1), MIB(100), 0);
    add(GIB(1), MIB(100), 0);
    add(GIB(2), MIB(1), 0);
    add(GIB(4), GIB(1), 0);
    assert_true(config_machine_reserve(&machine, MIB(64) - 1));
    assert_int_equal(machine.ram[1].size, MIB(36));
    assert_true(config_machine_reserve(&machine, MIB(36)));
    assert_int_equal(machine.ram_count, 3);
    assert_true(config_machine_reserve(&machine, MIB(101)));
    assert_int_equal(machine.ram[2].size, GIB(1) - MIB(101));
    assert_false(config_machine_reserve(&machine, GIB(1)));
    assert_true(config_machine_reserve(&machine, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(memory_below_1_mib_and_parts_of_pages_are_left_out, start),
        cmocka_unit_test_setup(taking_from_the_middle_leaves_two_ranges, start),
        cmocka_unit_test_setup(the_smallest_range_that_fits_is_found, start),
        cmocka_unit_test_setup(addresses_have_the_offset_of_the_guests, start),
        cmocka_unit_test_setup(only_the_node_asked_for_is_searched, start),
        cmocka_unit_test_setup(the_largest_piece_is_whole_pages, start),
        cmocka_unit_test_setup(bulkhead_takes_the_highest_range_below_4_gib, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
