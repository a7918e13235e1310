/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to physical memory that is not mapped (guest RAM, pristine images): each CPU has a window
 * of a few pages of address space that it points at a page for the length of a copy. Nothing else
 * of a guest is ever in the hypervisor's address space.
 */
#ifndef KERNEL_WINDOW_H
#define KERNEL_WINDOW_H

#include "kernel/paging.h"
#include "kernel/percpu.h"
#include "kernel/types.h"

#define WINDOW_SLOTS      16 /* 0 and 1 for copies; the rest are WINDOW_PEEK_FIRST and following */
#define WINDOW_PEEK_FIRST 2  /* see window_map() */

/* Sets up the window of one CPU. Boot processor, before memory_seal(). */
void window_init(struct percpu *cpu);

/* Points a slot at another page: the slow part of window_map(). */
void window_switch(unsigned slot, uint64_t entry);

/*
 * Points slot (0 to WINDOW_SLOTS - 1) of this CPU's window at the 4 KiB page that holds hpa and
 * returns where hpa is mapped now; valid up to the page's end, until the slot's next use. A slot
 * that is used for the same page again and again costs little. Any CPU in root mode; cpu: itself.
 */
static inline void *window_map_on(const struct percpu *cpu, unsigned slot, hpa_t hpa)
{
    uint64_t entry = align_down(hpa.v, PAGE_SIZE) | (PAGE_DATA & ~PTE_GLOBAL);
    if (cpu->window_entries[slot] != entry) {
        window_switch(slot, entry);
    }
    return cpu->window + slot * PAGE_SIZE + (hpa.v & (PAGE_SIZE - 1));
}

static inline void *window_map(unsigned slot, hpa_t hpa)
{
    return window_map_on(this_cpu(), slot, hpa);
}

/* Copies between mapped memory and physical memory, any alignment and size. */
void window_read(void *to, hpa_t from, uint64_t size);
void window_write(hpa_t to, const void *from, uint64_t size);

/* Physical memory to physical memory, and zeroing. Ranges must not overlap. */
void window_copy(hpa_t to, hpa_t from, uint64_t size);
void window_zero(hpa_t to, uint64_t size);

#endif
