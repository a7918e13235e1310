/* SPDX-License-Identifier: Apache-2.0 */
/* Per-CPU copy windows; see the header. */
#include "kernel/window.h"

#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/memory.h"
#include "kernel/paging.h"
#include "kernel/percpu.h"
#include "kernel/string.h"

void window_init(struct percpu *cpu)
{
    /* WINDOW_SLOTS is a power of two: one page table holds all entries of a CPU. */
    cpu->window = (uint8_t *)WINDOW_BASE + (uint64_t)cpu->index * WINDOW_SLOTS * PAGE_SIZE;
    cpu->window_entries = memory_alloc_window(cpu->index);
}

void window_switch(unsigned slot, uint64_t entry)
{
    struct percpu *cpu = this_cpu();
    cpu->window_entries[slot] = entry;
    cpu_invlpg(cpu->window + slot * PAGE_SIZE);
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
