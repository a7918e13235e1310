/* SPDX-License-Identifier: Apache-2.0 */
/* links: ept/ept.c ept/ept_pages.c ept/ept_tables.c ept/ept_unmap.c ept/ept_pool.c */
/*
 * Maps and unmaps by the input, with a pool that is often too small, and compares every answer
 * with a list of what is mapped. At the end every page is back.
 *
 * Input: format byte, then steps of kind, first page (3 bytes), pages (3), host page (4).
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "ept/ept_pool.h"
#include "kernel/msr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEP_SIZE   11
#define POOL_PAGES  40
#define EXTENTS_MAX 64

static uint8_t pool_memory[POOL_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));

/* What is mapped, unordered, never overlapping. */
static struct ept_range extents[EXTENTS_MAX];
static size_t extent_count;

static const struct ept_range *find(uint64_t gpa)
{
    for (size_t i = 0; i < extent_count; i++) {
        if (gpa - extents[i].gpa.v < extents[i].size) {
            return &extents[i];
        }
    }
    return NULL;
}

static uint64_t mapped_bytes(uint64_t gpa, uint64_t size)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < extent_count; i++) {
        uint64_t first = MAX(gpa, extents[i].gpa.v);
        uint64_t end = MIN(gpa + size, extents[i].gpa.v + extents[i].size);
        sum += first < end ? end - first : 0;
    }
    return sum;
}

static void add(struct ept_range range, uint64_t from, uint64_t to)
{
    if (from < to) {
        range.hpa.v += from - range.gpa.v;
        range.gpa.v = from;
        range.size = to - from;
        extents[extent_count++] = range;
    }
}

static void forget(uint64_t gpa, uint64_t size)
{
    size_t count = extent_count;
    struct ept_range old[EXTENTS_MAX];
    memcpy(old, extents, sizeof(old));
    extent_count = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t end = old[i].gpa.v + old[i].size;
        add(old[i], old[i].gpa.v, MIN(end, MAX(old[i].gpa.v, gpa)));
        add(old[i], MAX(old[i].gpa.v, MIN(end, gpa + size)), end);
    }
}

static void check_at(const struct ept *ept, uint64_t gpa)
{
    struct ept_translation t;
    const struct ept_range *range = find(gpa);
    assert(ept_walk(ept, GPA(gpa), &t) == (range != NULL));
    if (range != NULL) {
        assert(t.hpa.v == range->hpa.v + (gpa - range->gpa.v));
        assert(t.rights == range->rights && t.type == range->type);
        bool large_code = (t.rights & EPT_EXECUTE) != 0 && t.page_size > PAGE_SIZE;
        assert(!large_code || ept->format.large_execute);
    }
}

static void map(struct ept *ept, const struct ept_range *range)
{
    bool overlaps = mapped_bytes(range->gpa.v, range->size) != 0;
    enum ept_result check = ept_range_check(&ept->format, range);
    enum ept_result result = ept_map(ept, range);
    if (check != EPT_OK) {
        assert(result == check);
    } else if (overlaps) {
        assert(result == EPT_OVERLAP);
    } else {
        assert(result == EPT_OK || result == EPT_NO_MEMORY);
    }
    if (result == EPT_OK) {
        add(*range, range->gpa.v, range->gpa.v + range->size);
    }
}

static void unmap(struct ept *ept, const struct ept_range *range)
{
    bool owed = false;
    bool whole = mapped_bytes(range->gpa.v, range->size) == range->size;
    enum ept_result result = ept_unmap(ept, range->gpa, range->size, &owed);
    assert(owed == (result == EPT_OK) && (whole || result != EPT_OK));
    assert(result != EPT_NOT_MAPPED || !whole);
    if (result == EPT_OK) {
        forget(range->gpa.v, range->size);
    }
}

static struct ept_range range_of(const uint8_t *step)
{
    static const uint32_t types[] = {MEMORY_TYPE_UC, MEMORY_TYPE_WB, 2, MEMORY_TYPE_WT};
    uint64_t page = (uint64_t)step[1] | (uint64_t)step[2] << 8 | (uint64_t)step[3] << 16;
    uint64_t pages = (uint64_t)step[4] | (uint64_t)step[5] << 8 | (uint64_t)step[6] << 16;
    uint32_t host;
    memcpy(&host, step + 7, sizeof(host));
    return (struct ept_range){
        .gpa = GPA(page * PAGE_SIZE),
        .hpa = HPA(host * PAGE_SIZE),
        .size = (pages & 0xfffff) * PAGE_SIZE,
        .rights = step[0] >> 4 & 7,
        .type = types[step[0] >> 2 & 3],
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ept_pool pool;
    struct ept ept;
    uint8_t flags = size > 0 ? data[0] : 0;
    struct ept_format format = {
        .walk_length = (flags & 1) != 0 ? 5 : 4,
        .physical_bits = (flags & 2) != 0 ? 36 : 46,
        .page_2m = (flags & 4) != 0,
        .page_1g = (flags & 8) != 0,
        .large_execute = (flags & 16) != 0,
        .execute_only = (flags & 32) != 0,
    };
    memset(pool_memory, 0xa5, sizeof(pool_memory));
    ept_pool_init(&pool, HPA(0x10000), pool_memory, POOL_PAGES);
    struct ept_pages pages = ept_pool_pages(&pool);
    assert(ept_create(&ept, &format, &pages) == EPT_OK);
    extent_count = 0;
    bool mapped_only = true;
    for (size_t at = 1; at + STEP_SIZE <= size && extent_count + 2 < EXTENTS_MAX; at += STEP_SIZE) {
        struct ept_range range = range_of(data + at);
        if ((data[at] & 3) == 0) {
            unmap(&ept, &range);
            mapped_only = false;
        } else if ((data[at] & 3) == 1) {
            ept_release(&ept);
            assert(ept_pool_left(&pool) == POOL_PAGES - ept.tables);
        } else {
            map(&ept, &range);
        }
        check_at(&ept, range.gpa.v);
        check_at(&ept, range.gpa.v + range.size);
        check_at(&ept, range.gpa.v + range.size - 1);
        check_at(&ept, range.gpa.v - 1);
        assert(!mapped_only || ept.tables == ept_pages_needed(&format, extents, extent_count));
    }
    ept_destroy(&ept);
    assert(ept_pool_left(&pool) == POOL_PAGES);
    return 0;
}
