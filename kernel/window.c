/* SPDX-License-Identifier: Apache-2.0 */
/* Per-CPU copy windows; see the header. */
#include "kernel/window.h"

#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/memory.h"
#include "kernel/paging.h"
#include "kernel/percpu.h"
#include "kernel/string.h"

/* Page-table entries of each CPU's slots. WINDOW_SLOTS is a power of two: one table holds all. */
static uint64_t *entries[CPU_MAX];

void window_init(uint32_t cpu_index)
{
    entries[cpu_index] = memory_alloc_window(cpu_index);
}

void *window_map(unsigned slot, hpa_t hpa)
{
    uint32_t cpu = this_cpu()->index;
    uint64_t entry = align_down(hpa.v, PAGE_SIZE) | (PAGE_DATA & ~PTE_GLOBAL);
    uint64_t virt = WINDOW_BASE + ((uint64_t)cpu * WINDOW_SLOTS + slot) * PAGE_SIZE;
    if (entries[cpu][slot] != entry) {
        entries[cpu][slot] = entry;
        cpu_invlpg((void *)virt);
    }
    return (void *)(virt + (hpa.v & (PAGE_SIZE - 1)));
}

static uint64_t bytes_to_page_end(hpa_t hpa, uint64_t size)
{
    return MIN(size, PAGE_SIZE - (hpa.v & (PAGE_SIZE - 1)));
}

void window_read(void *to, hpa_t from, uint64_t size)
{
    uint8_t *out = to;
    while (size > 0) {
        uint64_t step = bytes_to_page_end(from, size);
        memcpy(out, window_map(0, from), step);
        out += step;
        from.v += step;
        size -= step;
    }
}

void window_write(hpa_t to, const void *from, uint64_t size)
{
    const uint8_t *in = from;
    while (size > 0) {
        uint64_t step = bytes_to_page_end(to, size);
        memcpy(window_map(0, to), in, step);
        in += step;
        to.v += step;
        size -= step;
    }
}

void window_copy(hpa_t to, hpa_t from, uint64_t size)
{
    while (size > 0) {
        uint64_t step = bytes_to_page_end(to, bytes_to_page_end(from, size));
        memcpy(window_map(0, to), window_map(1, from), step);
        to.v += step;
        from.v += step;
        size -= step;
    }
}

void window_zero(hpa_t to, uint64_t size)
{
    while (size > 0) {
        uint64_t step = bytes_to_page_end(to, size);
        memset(window_map(0, to), 0, step);
        to.v += step;
        size -= step;
    }
}
