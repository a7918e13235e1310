/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/paging.c kernel/palloc.c */
/* The hypervisor's page tables: what is mapped is found, what is not is not, W and X never meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/layout.h"
#include "kernel/paging.h"

static struct palloc pool;
static struct page_tables tables;

static int setup(void **state)
{
    (void)state;
    pool = (struct palloc){.base = HPA(0x40000000), .size = 64 * PAGE_SIZE};
    pool.virt = aligned_alloc(PAGE_SIZE, pool.size);
    memset(pool.virt, 0xaa, pool.size);
    return paging_create(&tables, &pool) == PAGING_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(pool.virt);
    return 0;
}

static void a_mapping_is_found_with_its_address_and_flags(void **state)
{
    (void)state;
    uint64_t size = 0;
    assert_int_equal(paging_map(&tables, KERNEL_BASE, HPA(0x123000), 3 * PAGE_SIZE, PAGE_CODE),
                     PAGING_OK);
    uint64_t *entry = paging_lookup(&tables, KERNEL_BASE + 2 * PAGE_SIZE + 5, &size);
    assert_non_null(entry);
    assert_int_equal(size, PAGE_SIZE);
    assert_int_equal(*entry, 0x125000 | PAGE_CODE);
    assert_null(paging_lookup(&tables, KERNEL_BASE + 3 * PAGE_SIZE, &size));
    assert_null(paging_lookup(&tables, KERNEL_BASE - 1, &size));
}

static void large_pages_are_used_only_where_both_addresses_are_aligned(void **state)
{
    (void)state;
    uint64_t size = 0;
    assert_int_equal(
        paging_map(&tables, MMIO_BASE, HPA(0x80000000), PAGE_SIZE_2M + PAGE_SIZE, PAGE_WC),
        PAGING_OK);
    assert_non_null(paging_lookup(&tables, MMIO_BASE, &size));
    assert_int_equal(size, PAGE_SIZE_2M);
    uint64_t *tail = paging_lookup(&tables, MMIO_BASE + PAGE_SIZE_2M, &size);
    assert_int_equal(size, PAGE_SIZE);
    assert_int_equal(*tail & PTE_ADDRESS, 0x80000000 + PAGE_SIZE_2M);

    assert_int_equal(paging_map(&tables, POOL_BASE, HPA(0x80001000), PAGE_SIZE_2M, PAGE_DATA),
                     PAGING_OK);
    paging_lookup(&tables, POOL_BASE, &size);
    assert_int_equal(size, PAGE_SIZE);
}

static void mapping_twice_is_refused(void **state)
{
    (void)state;
    assert_int_equal(paging_map(&tables, MMIO_BASE, HPA(0), PAGE_SIZE_2M, PAGE_MMIO), PAGING_OK);
    assert_int_equal(paging_map(&tables, MMIO_BASE, HPA(0), PAGE_SIZE, PAGE_MMIO),
                     PAGING_MAPPED_ALREADY);
    assert_int_equal(paging_map(&tables, MMIO_BASE, HPA(0), PAGE_SIZE_2M, PAGE_MMIO),
                     PAGING_MAPPED_ALREADY);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    assert_int_equal(paging_map(&tables, KERNEL_BASE + 1, HPA(0), PAGE_SIZE, PAGE_DATA),
                     PAGING_BAD_ARGUMENT);
    assert_int_equal(paging_map(&tables, KERNEL_BASE, HPA(0), 0, PAGE_DATA), PAGING_BAD_ARGUMENT);
    assert_int_equal(paging_map(&tables, 0x00007ffffffff000, HPA(0), 2 * PAGE_SIZE, PAGE_DATA),
                     PAGING_BAD_ARGUMENT);
    assert_int_equal(paging_map(&tables, 0x0000900000000000, HPA(0), PAGE_SIZE, PAGE_DATA),
                     PAGING_BAD_ARGUMENT);
    assert_int_equal(paging_map(&tables, KERNEL_BASE, HPA(BIT(52)), PAGE_SIZE, PAGE_DATA),
                     PAGING_BAD_ARGUMENT);
}

static void an_exhausted_pool_is_reported_and_a_sealed_one_gives_nothing(void **state)
{
    (void)state;
    palloc_seal(&pool);
    assert_int_equal(paging_map(&tables, STACK_BASE, HPA(0), PAGE_SIZE, PAGE_DATA),
                     PAGING_NO_MEMORY);
    pool.sealed = false;
    assert_non_null(palloc_pages(&pool, 63));
    assert_null(palloc_pages(&pool, 1));
    assert_int_equal(paging_map(&tables, STACK_BASE, HPA(0), PAGE_SIZE, PAGE_DATA),
                     PAGING_NO_MEMORY);
}

static void pages_come_zeroed_and_their_addresses_convert_both_ways(void **state)
{
    (void)state;
    uint8_t *page = palloc_pages(&pool, 2);
    for (size_t i = 0; i < 2 * PAGE_SIZE; i++) {
        assert_int_equal(page[i], 0);
    }
    hpa_t hpa = palloc_hpa(&pool, page + 8);
    assert_int_equal(hpa.v, 0x40000000 + PAGE_SIZE + 8);
    assert_ptr_equal(palloc_virt(&pool, hpa), page + 8);
}

static void writable_and_executable_leaves_are_counted(void **state)
{
    (void)state;
    paging_map(&tables, KERNEL_BASE, HPA(0), PAGE_SIZE, PAGE_CODE);
    paging_map(&tables, POOL_BASE, HPA(0), PAGE_SIZE_2M, PAGE_DATA);
    assert_int_equal(paging_count_wx(&tables), 0);
    paging_map(&tables, KERNEL_BASE + PAGE_SIZE, HPA(0), PAGE_SIZE, PAGE_CODE | PTE_WRITABLE);
    assert_int_equal(paging_count_wx(&tables), 1);
}

static void the_lower_half_can_be_dropped(void **state)
{
    (void)state;
    uint64_t size = 0;
    paging_map(&tables, 0x8000, HPA(0x8000), PAGE_SIZE, PAGE_CODE);
    paging_map(&tables, KERNEL_BASE, HPA(0), PAGE_SIZE, PAGE_CODE);
    paging_drop_lower_half(&tables);
    assert_null(paging_lookup(&tables, 0x8000, &size));
    assert_non_null(paging_lookup(&tables, KERNEL_BASE, &size));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mapping_is_found_with_its_address_and_flags),
        TEST(large_pages_are_used_only_where_both_addresses_are_aligned),
        TEST(mapping_twice_is_refused),
        TEST(bad_arguments_are_refused),
        TEST(an_exhausted_pool_is_reported_and_a_sealed_one_gives_nothing),
        TEST(pages_come_zeroed_and_their_addresses_convert_both_ways),
        TEST(writable_and_executable_leaves_are_counted),
        TEST(the_lower_half_can_be_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
