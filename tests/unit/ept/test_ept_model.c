/* SPDX-License-Identifier: Apache-2.0 */
/* links: ept/ept.c ept/ept_pages.c ept/ept_tables.c ept/ept_unmap.c tests/unit/ept/ept_fake.c */
/*
 * Random maps and unmaps, some with too little memory, against a flat model: one record for each
 * 4 KiB page of a window that lies across a 512 GiB boundary.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/msr.h"
#include "tests/unit/ept/ept_fake.h"

#define WINDOW       (512 * PAGE_SIZE_1G - 2 * PAGE_SIZE_1G)
#define WINDOW_PAGES (4 * PAGE_SIZE_1G / PAGE_SIZE)
#define STEPS        400

struct record {
    uint64_t hpa;
    uint8_t rights; /* 0: not mapped */
    uint8_t type;
};

static struct ept_fake fake;
static struct ept ept;
static struct record *model;
static uint64_t random_state;

static uint64_t random_below(uint64_t bound)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (random_state >> 11) % bound;
}

static struct ept_range random_range(void)
{
    static const uint64_t units[] = {1, 1, 512, 512, 512 * 512};
    static const uint32_t types[] = {MEMORY_TYPE_UC, MEMORY_TYPE_WC, MEMORY_TYPE_WT, MEMORY_TYPE_WP,
                                     MEMORY_TYPE_WB};
    uint64_t unit = units[random_below(ARRAY_SIZE(units))];
    uint64_t first = align_down(random_below(WINDOW_PAGES), unit);
    uint64_t pages = unit * (1 + random_below(unit == 512 * 512 ? 2 : 4));
    if (random_below(3) == 0) {
        first += random_below(3);
        pages += random_below(700);
    }
    first = MIN(first, WINDOW_PAGES - 1);
    pages = MIN(pages, WINDOW_PAGES - first);
    uint64_t gpa = WINDOW + first * PAGE_SIZE;
    uint64_t congruence = units[random_below(ARRAY_SIZE(units))] * PAGE_SIZE;
    return (struct ept_range){
        .gpa = GPA(gpa),
        .hpa = HPA(random_below(1000) * PAGE_SIZE_1G + (gpa & (congruence - 1))),
        .size = pages * PAGE_SIZE,
        .rights = random_below(2) == 0 ? EPT_READ : EPT_READ | EPT_WRITE | EPT_EXECUTE,
        .type = types[random_below(ARRAY_SIZE(types))],
    };
}

static struct record *record_of(uint64_t gpa)
{
    return &model[(gpa - WINDOW) / PAGE_SIZE];
}

static uint64_t count_mapped(const struct ept_range *range)
{
    uint64_t count = 0;
    for (uint64_t offset = 0; offset < range->size; offset += PAGE_SIZE) {
        count += record_of(range->gpa.v + offset)->rights != 0;
    }
    return count;
}

static void set_model(const struct ept_range *range, uint32_t rights)
{
    for (uint64_t offset = 0; offset < range->size; offset += PAGE_SIZE) {
        *record_of(range->gpa.v + offset) = (struct record){
            .hpa = range->hpa.v + offset,
            .rights = (uint8_t)rights,
            .type = (uint8_t)range->type,
        };
    }
}

/* Returns the page size, 0 for a hole. */
static uint64_t check_page(uint64_t gpa)
{
    const struct record *record = record_of(gpa);
    struct ept_translation t;
    bool mapped = ept_walk(&ept, GPA(gpa), &t);
    assert_int_equal(mapped, record->rights != 0);
    if (!mapped) {
        return 0;
    }
    assert_int_equal(t.hpa.v, record->hpa + (gpa & (PAGE_SIZE - 1)));
    assert_int_equal(t.rights, record->rights);
    assert_int_equal(t.type, record->type);
    return t.page_size;
}

static void check_window(void)
{
    for (uint64_t page = 0; page < WINDOW_PAGES; page++) {
        check_page(WINDOW + page * PAGE_SIZE);
    }
}

static void check_edges(const struct ept_range *range)
{
    uint64_t end = range->gpa.v + range->size;
    uint64_t window_end = WINDOW + WINDOW_PAGES * PAGE_SIZE;
    check_page(range->gpa.v);
    check_page(end - 1);
    if (range->gpa.v > WINDOW) {
        check_page(range->gpa.v - 1);
    }
    if (end < window_end) {
        check_page(end);
    }
}

/* The largest page size that the range and the format allow at gpa. */
static uint64_t largest(const struct ept_range *range, uint64_t gpa)
{
    static const uint64_t sizes[] = {PAGE_SIZE_1G, PAGE_SIZE_2M};
    bool allowed[] = {ept.format.page_1g && ept.format.page_2m, ept.format.page_2m};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        uint64_t page = align_down(gpa, sizes[i]);
        bool inside = page >= range->gpa.v && page + sizes[i] <= range->gpa.v + range->size;
        bool congruent = is_aligned(range->gpa.v - range->hpa.v, sizes[i]);
        bool execute = (range->rights & EPT_EXECUTE) != 0 && !ept.format.large_execute;
        if (allowed[i] && inside && congruent && !execute) {
            return sizes[i];
        }
    }
    return PAGE_SIZE;
}

static void try_map(const struct ept_range *range)
{
    bool overlap = count_mapped(range) > 0;
    enum ept_result result = ept_map(&ept, range);
    if (overlap) {
        assert_int_equal(result, EPT_OVERLAP);
        return;
    }
    assert_true(result == EPT_OK || (result == EPT_NO_MEMORY && fake.limit < EPT_FAKE_PAGES));
    if (result == EPT_OK) {
        set_model(range, range->rights);
        for (int i = 0; i < 20; i++) {
            uint64_t gpa = range->gpa.v + random_below(range->size);
            assert_int_equal(check_page(gpa), largest(range, gpa));
        }
    }
}

static void try_unmap(const struct ept_range *range)
{
    bool whole = count_mapped(range) == range->size / PAGE_SIZE;
    bool owed = false;
    enum ept_result result = ept_unmap(&ept, range->gpa, range->size, &owed);
    if (!whole) {
        assert_int_equal(result, EPT_NOT_MAPPED);
        return;
    }
    assert_true(result == EPT_OK || (result == EPT_NO_MEMORY && fake.limit < EPT_FAKE_PAGES));
    assert_int_equal(owed, result == EPT_OK);
    if (result == EPT_OK) {
        set_model(range, 0);
    }
}

static void run(uint64_t seed)
{
    random_state = seed;
    struct ept_format format = ept_fake_format;
    format.page_2m = seed % 8 != 7;
    format.page_1g = seed % 4 != 3;
    format.large_execute = seed % 3 != 2;
    format.walk_length = seed % 5 == 4 ? 5 : 4;
    struct ept_pages pages = ept_fake_pages(&fake);
    assert_int_equal(ept_create(&ept, &format, &pages), EPT_OK);
    memset(model, 0, WINDOW_PAGES * sizeof(*model));
    for (int step = 0; step < STEPS; step++) {
        struct ept_range range = random_range();
        fake.limit = random_below(4) == 0 ? fake.taken_count + random_below(4) : EPT_FAKE_PAGES;
        if (random_below(2) == 0) {
            try_map(&range);
        } else {
            try_unmap(&range);
        }
        check_edges(&range);
        if (random_below(4) == 0) {
            ept_release(&ept);
            assert_int_equal(fake.taken_count, ept.tables);
        }
        if (step % 50 == 49) {
            assert_int_equal(ept_fake_count_tables(&fake, &ept), ept.tables);
        }
    }
    check_window();
    ept_destroy(&ept);
    assert_int_equal(fake.taken_count, 0);
}

static void random_changes_agree_with_the_flat_model_and_lose_no_page(void **state)
{
    (void)state;
    ept_fake_init(&fake);
    model = calloc(WINDOW_PAGES, sizeof(*model));
    assert_non_null(model);
    for (uint64_t seed = 0; seed < 8; seed++) {
        run(seed);
    }
    free(model);
    ept_fake_fini(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_agree_with_the_flat_model_and_lose_no_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
