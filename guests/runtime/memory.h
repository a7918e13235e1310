/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a guest. All RAM and the first 4 GiB are mapped one to one, writable and executable.
 * Pages are handed out once and never come back.
 */
#ifndef GUESTS_RUNTIME_MEMORY_H
#define GUESTS_RUNTIME_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/runtime/startup.h"

/* After startup_parse(): finds the free RAM and maps what lies above 4 GiB. */
void memory_init(void);

/*
 * `size` bytes (a multiple of 4 KiB) of RAM above the image, aligned to `align` (a power of two,
 * at least 4 KiB). Contents are what the loader left. Ends the guest when there is no more.
 */
void *memory_alloc(uint64_t size, uint64_t align);

/* A free page below 1 MiB for starting CPUs, always the same; 0 when there is none. */
uint64_t memory_low_page(void);

/*
 * What has not been handed out yet, piece by piece, without page 0 and the low page: fills in
 * range number `index`, false when there are no more. memory_alloc() must not be used afterwards
 * when the caller writes to it.
 */
bool memory_free_range(uint32_t index, struct startup_range *range);

/* End of the highest RAM range, and all RAM there is, in bytes. */
uint64_t memory_ram_end(void);
uint64_t memory_ram_size(void);

#define MEMORY_WINDOW_PAGES 3

/*
 * The window: MEMORY_WINDOW_PAGES pages that follow each other, mapped by the caller. Puts `entry`
 * as it is into the page table for page `index` (0: nothing is mapped) and returns where that page
 * appears. What lies behind the last page is never mapped. Boot processor only.
 */
void *memory_window(uint32_t index, uint64_t entry);

/* Maps the page of `address` writable as page 0, nothing behind it; returns where it appears. */
void *memory_window_at(uint64_t address);

#endif
