/* SPDX-License-Identifier: Apache-2.0 */
/* Table pages for the tests of ept/; see the header. */
#include "tests/unit/ept/ept_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const struct ept_format ept_fake_format = {
    .walk_length = 4,
    .physical_bits = 46,
    .page_2m = true,
    .page_1g = true,
    .large_execute = true,
    .tables_wb = true,
};

static uint64_t page_number(const struct ept_fake *fake, hpa_t table)
{
    uint64_t page = (table.v - EPT_FAKE_BASE) / PAGE_SIZE;
    assert_true(is_aligned(table.v, PAGE_SIZE));
    assert_in_range(page, 0, EPT_FAKE_PAGES - 1);
    assert_true(fake->taken[page]);
    return page;
}

static uint64_t *fake_map(void *context, hpa_t table)
{
    struct ept_fake *fake = context;
    return (uint64_t *)(void *)(fake->memory + page_number(fake, table) * PAGE_SIZE);
}

static hpa_t fake_alloc(void *context)
{
    struct ept_fake *fake = context;
    if (fake->taken_count >= fake->limit) {
        return HPA(0);
    }
    uint64_t page = fake->next;
    while (fake->taken[page]) {
        page = (page + 1) % EPT_FAKE_PAGES;
    }
    fake->next = (page + 1) % EPT_FAKE_PAGES;
    fake->taken[page] = true;
    fake->taken_count++;
    memset(fake->memory + page * PAGE_SIZE, 0, PAGE_SIZE);
    return HPA(EPT_FAKE_BASE + page * PAGE_SIZE);
}

static void fake_free(void *context, hpa_t table)
{
    struct ept_fake *fake = context;
    uint64_t page = page_number(fake, table);
    memset(fake->memory + page * PAGE_SIZE, 0xa5, PAGE_SIZE);
    fake->taken[page] = false;
    fake->taken_count--;
}

void ept_fake_init(struct ept_fake *fake)
{
    *fake = (struct ept_fake){.limit = EPT_FAKE_PAGES};
    fake->memory = aligned_alloc(PAGE_SIZE, EPT_FAKE_PAGES * PAGE_SIZE);
    assert_non_null(fake->memory);
}

void ept_fake_fini(struct ept_fake *fake)
{
    free(fake->memory);
}

struct ept_pages ept_fake_pages(struct ept_fake *fake)
{
    return (struct ept_pages){
        .alloc = fake_alloc, .free = fake_free, .map = fake_map, .context = fake};
}

/* SDM "EPT Misconfigurations" and, for tidiness, nothing in entries that are not present. */
static void check_entry(uint64_t entry, unsigned level)
{
    bool page = level == 1 || (entry & BIT(7)) != 0;
    uint64_t reserved = MASK(11, 8) | MASK(63, 46);
    if ((entry & 7) == 0) {
        assert_int_equal(entry, 0);
    } else if (!page) {
        assert_int_equal(entry & (reserved | 0xff), 7);
    } else {
        assert_int_equal(entry & BIT(7), level == 1 ? 0 : BIT(7));
        assert_true(is_aligned(entry & MASK(51, 12), BIT(12 + 9 * (level - 1))));
        assert_int_equal(entry & (reserved | BIT(6)), 0);
    }
}

static uint64_t count_tables(struct ept_fake *fake, bool *seen, hpa_t table, unsigned level)
{
    uint64_t page = page_number(fake, table);
    const uint64_t *entries = fake_map(fake, table);
    uint64_t count = 1;
    assert_false(seen[page]);
    seen[page] = true;
    for (unsigned i = 0; i < 512; i++) {
        check_entry(entries[i], level);
        if (level > 1 && (entries[i] & 7) != 0 && (entries[i] & BIT(7)) == 0) {
            count += count_tables(fake, seen, HPA(entries[i] & MASK(51, 12)), level - 1);
        }
    }
    return count;
}

uint64_t ept_fake_count_tables(struct ept_fake *fake, const struct ept *ept)
{
    bool seen[EPT_FAKE_PAGES] = {false};
    return count_tables(fake, seen, ept->root, ept->format.walk_length);
}
