/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's guest-physical memory while images are laid out: which ranges are RAM, which are taken.
 * Used by boot/image/layout*.c only. Addresses stay below 2^52, so that no sum here overflows.
 */
#ifndef BOOT_IMAGE_PLACE_H
#define BOOT_IMAGE_PLACE_H

#include "boot/image/internal.h"

#define PLACE_USED_MAX 48 /* segments, ramdisk, modules, boot structures, fixed ranges */

struct place_range {
    uint64_t first;
    uint64_t end; /* exclusive */
};

struct placer {
    uint32_t ram_count;
    struct place_range ram[VM_MEMORY_MAX]; /* sorted; adjacent pieces joined */
    uint32_t used_count;
    struct place_range used[PLACE_USED_MAX]; /* any order */
};

/* Where a thing of `size` > 0 bytes may go: wholly in [min, end), first byte aligned. */
struct place_want {
    uint64_t size;
    uint64_t align; /* power of two */
    uint64_t min;
    uint64_t end;
};

/* Takes over the plan's memory; false when pieces are not whole pages, overlap or pass 2^52. */
bool place_init(struct placer *placer, const struct vm_plan *plan, struct image_error *error);

/* Marks a range as taken whether it is RAM or not; false when the table is full. */
bool place_take(struct placer *placer, uint64_t first, uint64_t size);

/* True when every byte of [first, first + size) is RAM; size may be 0. */
bool place_is_ram(const struct placer *placer, uint64_t first, uint64_t size);

/* True when the range is RAM and nothing has taken a byte of it. */
bool place_is_free(const struct placer *placer, uint64_t first, uint64_t size);

/* The lowest or highest free place; false: none. Does not take it. */
bool place_find_low(const struct placer *placer, const struct place_want *want, uint64_t *gpa);
bool place_find_high(const struct placer *placer, const struct place_want *want, uint64_t *gpa);

#endif
