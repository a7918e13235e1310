/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bump allocator, the one-to-one map above 4 GiB and the window onto any physical address.
 */
#include "guests/runtime/memory.h"

#include <stddef.h>

#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/layout.h"
#include "guests/runtime/power.h"
#include "kernel/string.h"
#include "kernel/types.h"

#define TABLE_ENTRIES 512
#define MAPPED_MAX    GIB(512) /* one PDPT */
#define WINDOW_SLOT   1        /* in the PML4 */

extern char image_start[];
extern char image_end[];
extern uint64_t boot_pml4[TABLE_ENTRIES];
extern uint64_t boot_pdpt[TABLE_ENTRIES];

static uint64_t window_tables[3][TABLE_ENTRIES] __attribute__((aligned(4096)));
static uint64_t next_free; /* in the range of the image */
static uint64_t limit;
static uint64_t low_page;

uint64_t memory_ram_end(void)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < startup.range_count; i++) {
        end = MAX(end, startup.ranges[i].end);
    }
    return end;
}

uint64_t memory_ram_size(void)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < startup.range_count; i++) {
        size += startup.ranges[i].end - startup.ranges[i].start;
    }
    return size;
}

void *memory_alloc(uint64_t size, uint64_t align)
{
    uint64_t start = align_up(next_free, align);
    if (start > limit || limit - start < size) {
        print("\nguest: out of memory\n");
        power_off();
    }
    next_free = start + size;
    return (void *)start;
}

static void map_gigabyte(uint64_t address)
{
    uint64_t *entry = &boot_pdpt[address / GIB(1)];
    if (*entry != 0) {
        return;
    }
    uint64_t *directory = memory_alloc(PAGE_SIZE, PAGE_SIZE);
    for (uint64_t i = 0; i < TABLE_ENTRIES; i++) {
        directory[i] = (address + i * MIB(2)) | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
    }
    *entry = (uint64_t)directory | PTE_PRESENT | PTE_WRITE;
}

static uint64_t find_low_page(void)
{
    uint64_t best = 0;
    for (uint32_t i = 0; i < startup.range_count; i++) {
        uint64_t end = MIN(startup.ranges[i].end, KIB(640));
        if (end > startup.ranges[i].start && end - PAGE_SIZE > best) {
            best = end - PAGE_SIZE;
        }
    }
    return best;
}

void memory_init(void)
{
    uint64_t image = (uint64_t)image_start;
    next_free = (uint64_t)image_end;
    limit = next_free;
    for (uint32_t i = 0; i < startup.range_count; i++) {
        const struct startup_range *range = &startup.ranges[i];
        if (range->start <= image && image < range->end) {
            limit = range->end;
        }
    }
    low_page = find_low_page();
    for (uint32_t i = 0; i < startup.range_count; i++) {
        uint64_t end = MIN(startup.ranges[i].end, MAPPED_MAX);
        for (uint64_t at = align_down(startup.ranges[i].start, GIB(1)); at < end; at += GIB(1)) {
            map_gigabyte(at);
        }
    }
    window_tables[0][0] = (uint64_t)window_tables[1] | PTE_PRESENT | PTE_WRITE | PTE_USER;
    window_tables[1][0] = (uint64_t)window_tables[2] | PTE_PRESENT | PTE_WRITE | PTE_USER;
    boot_pml4[WINDOW_SLOT] = (uint64_t)window_tables[0] | PTE_PRESENT | PTE_WRITE | PTE_USER;
}

uint64_t memory_low_page(void)
{
    return low_page;
}

/* Takes [start, end) out of `range`: keeps what lies above it or else what lies below. */
static void cut(struct startup_range *range, uint64_t start, uint64_t end)
{
    if (range->start >= end || range->end <= start) {
        return;
    }
    if (range->end > end) {
        range->start = end;
    } else {
        range->end = start;
    }
}

bool memory_free_range(uint32_t index, struct startup_range *range)
{
    if (index >= startup.range_count) {
        return false;
    }
    *range = startup.ranges[index];
    cut(range, 0, PAGE_SIZE);
    cut(range, (uint64_t)image_start, next_free);
    if (low_page != 0) {
        cut(range, low_page, low_page + PAGE_SIZE);
    }
    if (range->end > MAPPED_MAX) {
        range->end = MAPPED_MAX;
    }
    if (range->end < range->start) {
        range->end = range->start;
    }
    return true;
}

void *memory_window(uint32_t index, uint64_t entry)
{
    uint64_t linear = WINDOW_SLOT * GIB(512) + index * PAGE_SIZE;
    window_tables[2][index] = entry;
    cpu_invlpg(linear);
    return (void *)linear;
}

void *memory_window_at(uint64_t address)
{
    uint64_t page = address & ~(PAGE_SIZE - 1);
    uint8_t *linear = memory_window(0, page | PTE_PRESENT | PTE_WRITE);
    memory_window(1, 0);
    return linear + address % PAGE_SIZE;
}
