/* SPDX-License-Identifier: Apache-2.0 */
/* The page allocator; see the header. It never frees, so that nothing can be used after freeing. */
#include "kernel/palloc.h"

#include "kernel/string.h"

void *palloc_pages(struct palloc *pool, uint64_t count)
{
    uint64_t left = (pool->size - pool->used) / PAGE_SIZE;
    if (pool->sealed || count == 0 || count > left) {
        return NULL;
    }
    void *pages = pool->virt + pool->used;
    pool->used += count * PAGE_SIZE;
    memset(pages, 0, count * PAGE_SIZE);
    return pages;
}

void palloc_seal(struct palloc *pool)
{
    pool->sealed = true;
}

hpa_t palloc_hpa(const struct palloc *pool, const void *virt)
{
    return HPA(pool->base.v + (uint64_t)((const uint8_t *)virt - pool->virt));
}

void *palloc_virt(const struct palloc *pool, hpa_t hpa)
{
    return pool->virt + (hpa.v - pool->base.v);
}
