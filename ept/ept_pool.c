/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of pages for extended page tables; see the header. */
#include "ept/ept_pool.h"

#include "kernel/string.h"

static uint64_t *pool_map(void *context, hpa_t table)
{
    struct ept_pool *pool = context;
    return (uint64_t *)(void *)(pool->virt + (table.v - pool->base.v));
}

static hpa_t pool_alloc(void *context)
{
    struct ept_pool *pool = context;
    hpa_t page = pool->first_free;
    if (page.v != 0) {
        pool->first_free = HPA(*pool_map(pool, page));
        pool->free--;
    } else if (pool->used < pool->count) {
        page = HPA(pool->base.v + pool->used * PAGE_SIZE);
        pool->used++;
    } else {
        return HPA(0);
    }
    memset(pool_map(pool, page), 0, PAGE_SIZE);
    return page;
}

static void pool_free(void *context, hpa_t table)
{
    struct ept_pool *pool = context;
    *pool_map(pool, table) = pool->first_free.v;
    pool->first_free = table;
    pool->free++;
}

void ept_pool_init(struct ept_pool *pool, hpa_t base, void *virt, uint64_t count)
{
    *pool = (struct ept_pool){.base = base, .virt = virt, .count = count};
}

uint64_t ept_pool_left(const struct ept_pool *pool)
{
    return pool->count - pool->used + pool->free;
}

struct ept_pages ept_pool_pages(struct ept_pool *pool)
{
    return (struct ept_pages){
        .alloc = pool_alloc, .free = pool_free, .map = pool_map, .context = pool};
}
