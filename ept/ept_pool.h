/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool of pages for extended page tables: one contiguous, permanently mapped piece of memory
 * with a list of freed pages. The kernel gives each VM one that ept_pages_needed() sized. No lock:
 * the caller serializes, as for all changes of a VM's tables.
 */
#ifndef EPT_EPT_POOL_H
#define EPT_EPT_POOL_H

#include "ept/ept.h"

struct ept_pool {
    hpa_t base;     /* not 0 */
    uint8_t *virt;  /* where base is mapped */
    uint64_t count; /* pages */
    uint64_t used;  /* pages from the start that were handed out at least once */
    uint64_t free;  /* pages that came back */
    hpa_t first_free;
};

/* base and virt are multiples of 4 KiB. What the pages hold does not matter. */
void ept_pool_init(struct ept_pool *pool, hpa_t base, void *virt, uint64_t count);

/* Pages that can still be handed out. */
uint64_t ept_pool_left(const struct ept_pool *pool);

/* The callbacks for ept_create(). The pool must stay where it is. */
struct ept_pages ept_pool_pages(struct ept_pool *pool);

#endif
