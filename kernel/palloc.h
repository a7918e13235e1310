/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page allocator: hands out zeroed pages of one contiguous pool, never takes any back, and is
 * sealed before the first guest runs. Loader and kernel use it one after the other on the same
 * pool; a pool belongs to one CPU at a time (there is no lock: other CPUs do not allocate).
 */
#ifndef KERNEL_PALLOC_H
#define KERNEL_PALLOC_H

#include "kernel/types.h"

struct palloc {
    hpa_t base;
    uint64_t size; /* bytes, a multiple of 4 KiB */
    uint64_t used; /* bytes from the start that are taken */
    uint8_t *virt; /* where the pool is mapped now */
    bool sealed;
};

/*
 * count zeroed pages (1 or more), contiguous, aligned to 4 KiB in physical and virtual space.
 * NULL when the pool has too few pages left or is sealed.
 */
void *palloc_pages(struct palloc *pool, uint64_t count);

/* From now on palloc_pages() answers NULL. */
void palloc_seal(struct palloc *pool);

/* Physical address of something in the pool, and back. The address must lie in the pool. */
hpa_t palloc_hpa(const struct palloc *pool, const void *virt);
void *palloc_virt(const struct palloc *pool, hpa_t hpa);

#endif
