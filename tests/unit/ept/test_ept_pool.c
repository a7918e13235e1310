/* SPDX-License-Identifier: Apache-2.0 */
/* links: ept/ept_pool.c kernel/string.c */
/* The pool: every page handed out once, zeroed, and again after it came back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ept/ept_pool.h"

#define PAGES 4
#define BASE  UINT64_C(0x7000)

static uint8_t *memory;
static struct ept_pool pool;
static struct ept_pages pages;

static int setup(void **state)
{
    (void)state;
    memory = aligned_alloc(PAGE_SIZE, PAGES * PAGE_SIZE);
    memset(memory, 0xee, PAGES * PAGE_SIZE);
    ept_pool_init(&pool, HPA(BASE), memory, PAGES);
    pages = ept_pool_pages(&pool);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static void expect_zeroed(hpa_t page)
{
    const uint64_t *words = pages.map(pages.context, page);
    for (unsigned i = 0; i < 512; i++) {
        assert_int_equal(words[i], 0);
    }
}

static void pages_come_zeroed_from_the_pool_and_run_out(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < PAGES; i++) {
        assert_int_equal(ept_pool_left(&pool), PAGES - i);
        hpa_t page = pages.alloc(pages.context);
        assert_int_equal(page.v, BASE + i * PAGE_SIZE);
        assert_ptr_equal(pages.map(pages.context, page), memory + i * PAGE_SIZE);
        expect_zeroed(page);
    }
    assert_int_equal(pages.alloc(pages.context).v, 0);
    assert_int_equal(ept_pool_left(&pool), 0);
}

static void freed_pages_come_again_zeroed(void **state)
{
    (void)state;
    hpa_t a = pages.alloc(pages.context);
    hpa_t b = pages.alloc(pages.context);
    memset(pages.map(pages.context, a), 0xff, PAGE_SIZE);
    pages.free(pages.context, a);
    pages.free(pages.context, b);
    assert_int_equal(ept_pool_left(&pool), PAGES);
    hpa_t again[2] = {pages.alloc(pages.context), pages.alloc(pages.context)};
    assert_int_equal(again[0].v, b.v);
    assert_int_equal(again[1].v, a.v);
    expect_zeroed(again[0]);
    expect_zeroed(again[1]);
    assert_int_equal(pages.alloc(pages.context).v, BASE + 2 * PAGE_SIZE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_come_zeroed_from_the_pool_and_run_out),
        TEST(freed_pages_come_again_zeroed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
