/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to physical memory that is not mapped (guest RAM, pristine images): each CPU has a window
 * of a few pages of address space that it points at a page for the length of a copy. Nothing else
 * of a guest is ever in the hypervisor's address space.
 */
#ifndef KERNEL_WINDOW_H
#define KERNEL_WINDOW_H

#include "kernel/types.h"

#define WINDOW_SLOTS 2

/* Sets up the window of one CPU. Boot processor, before memory_seal(). */
void window_init(uint32_t cpu_index);

/*
 * Points slot (0 or 1) of this CPU's window at the 4 KiB page that holds hpa and returns where hpa
 * is mapped now; valid up to the page's end, until the slot's next use. Any CPU in root mode.
 */
void *window_map(unsigned slot, hpa_t hpa);

/* Copies between mapped memory and physical memory, any alignment and size. */
void window_read(void *to, hpa_t from, uint64_t size);
void window_write(hpa_t to, const void *from, uint64_t size);

/* Physical memory to physical memory, and zeroing. Ranges must not overlap. */
void window_copy(hpa_t to, hpa_t from, uint64_t size);
void window_zero(hpa_t to, uint64_t size);

#endif
