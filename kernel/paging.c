/* SPDX-License-Identifier: Apache-2.0 */
/* Builder and walker of the hypervisor's own page tables; see the header. */
#include "kernel/paging.h"

#define ENTRIES        512
#define LEVEL_SHIFT(l) (PAGE_SHIFT + 9 * ((l)-1)) /* 1 page table ... 4 PML4 */
/* Rights come from the leaf alone. */
#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED)

static unsigned table_index(uint64_t virt, unsigned level)
{
    return (unsigned)(virt >> LEVEL_SHIFT(level)) & (ENTRIES - 1);
}

static uint64_t *table_of(const struct page_tables *tables, uint64_t entry)
{
    return palloc_virt(tables->pool, HPA(entry & PTE_ADDRESS));
}

enum paging_result paging_create(struct page_tables *tables, struct palloc *pool)
{
    void *root = palloc_pages(pool, 1);
    if (root == NULL) {
        return PAGING_NO_MEMORY;
    }
    *tables = (struct page_tables){.pool = pool, .root = palloc_hpa(pool, root)};
    return PAGING_OK;
}

static enum paging_result map_page(struct page_tables *tables, uint64_t virt, hpa_t hpa,
                                   unsigned leaf_level, uint64_t flags)
{
    uint64_t *table = palloc_virt(tables->pool, tables->root);
    for (unsigned level = 4; level > leaf_level; level--) {
        uint64_t *entry = &table[table_index(virt, level)];
        if (*entry & PTE_LARGE) {
            return PAGING_MAPPED_ALREADY;
        }
        if (!(*entry & PTE_PRESENT)) {
            void *page = palloc_pages(tables->pool, 1);
            if (page == NULL) {
                return PAGING_NO_MEMORY;
            }
            *entry = palloc_hpa(tables->pool, page).v | TABLE_FLAGS;
        }
        table = table_of(tables, *entry);
    }
    uint64_t *entry = &table[table_index(virt, leaf_level)];
    if (*entry & PTE_PRESENT) {
        return PAGING_MAPPED_ALREADY;
    }
    *entry = hpa.v | flags | (leaf_level > 1 ? PTE_LARGE : 0);
    return PAGING_OK;
}

static bool canonical_range(uint64_t virt, uint64_t size)
{
    uint64_t last = virt + size - 1;
    uint64_t top = virt >> 47;
    return last >= virt && (top == 0 || top == 0x1ffff) && last >> 47 == top;
}

enum paging_result paging_map(struct page_tables *tables, uint64_t virt, hpa_t hpa, uint64_t size,
                              uint64_t flags)
{
    bool aligned = is_aligned(virt | hpa.v | size, PAGE_SIZE);
    if (!aligned || size == 0 || !canonical_range(virt, size) || (hpa.v & ~PTE_ADDRESS) != 0) {
        return PAGING_BAD_ARGUMENT;
    }
    while (size > 0) {
        bool large = is_aligned(virt | hpa.v, PAGE_SIZE_2M) && size >= PAGE_SIZE_2M;
        enum paging_result result = map_page(tables, virt, hpa, large ? 2 : 1, flags);
        if (result != PAGING_OK) {
            return result;
        }
        uint64_t step = large ? PAGE_SIZE_2M : PAGE_SIZE;
        virt += step;
        hpa.v += step;
        size -= step;
    }
    return PAGING_OK;
}

uint64_t *paging_lookup(const struct page_tables *tables, uint64_t virt, uint64_t *size)
{
    uint64_t *table = palloc_virt(tables->pool, tables->root);
    for (unsigned level = 4; level >= 1; level--) {
        uint64_t *entry = &table[table_index(virt, level)];
        if (!(*entry & PTE_PRESENT)) {
            return NULL;
        }
        if (level == 1 || (*entry & PTE_LARGE)) {
            *size = BIT(LEVEL_SHIFT(level));
            return entry;
        }
        table = table_of(tables, *entry);
    }
    return NULL;
}

void paging_drop_lower_half(struct page_tables *tables)
{
    uint64_t *root = palloc_virt(tables->pool, tables->root);
    for (unsigned i = 0; i < ENTRIES / 2; i++) {
        root[i] = 0;
    }
}

static unsigned count_wx(const struct page_tables *tables, const uint64_t *table, unsigned level)
{
    unsigned count = 0;
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint64_t entry = table[i];
        if (!(entry & PTE_PRESENT)) {
            continue;
        }
        if (level > 1 && !(entry & PTE_LARGE)) {
            count += count_wx(tables, table_of(tables, entry), level - 1);
        } else {
            count += (entry & PTE_WRITABLE) != 0 && (entry & PTE_NX) == 0;
        }
    }
    return count;
}

unsigned paging_count_wx(const struct page_tables *tables)
{
    return count_wx(tables, palloc_virt(tables->pool, tables->root), 4);
}
