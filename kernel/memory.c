/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's address space: hands out pool pages, device mappings and stacks until it is
 * sealed. See the header; layout in kernel/layout.h.
 */
#include "kernel/memory.h"

#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/paging.h"
#include "kernel/panic.h"
#include "kernel/window.h"

static struct palloc pool;
static struct page_tables tables;
static uint64_t next_mmio = MMIO_BASE;
static uint64_t next_stack = STACK_BASE;

static void map(uint64_t virt, hpa_t hpa, uint64_t size, uint64_t flags)
{
    enum paging_result result = paging_map(&tables, virt, hpa, size, flags);
    if (result != PAGING_OK) {
        panic("mapping %lx to %lx, %lu bytes failed (%d)", hpa.v, virt, size, (int)result);
    }
}

void memory_init(const struct boot_info *info)
{
    pool = (struct palloc){
        .base = info->pool,
        .size = info->pool_size,
        .used = info->pool_used,
        .virt = (uint8_t *)POOL_BASE,
    };
    tables =
        (struct page_tables){.pool = &pool, .root = HPA(align_down(cpu_read_cr3(), PAGE_SIZE))};
    paging_drop_lower_half(&tables);
    cpu_write_cr3(tables.root.v);
}

void *memory_alloc_pages(uint64_t count)
{
    void *pages = palloc_pages(&pool, count);
    if (pages == NULL) {
        panic("the pool of %lu KiB is used up (%lu pages wanted)", pool.size / 1024, count);
    }
    return pages;
}

hpa_t memory_hpa(const void *virt)
{
    return palloc_hpa(&pool, virt);
}

void *memory_map_mmio(hpa_t hpa, uint64_t size, bool write_combining)
{
    uint64_t first = align_down(hpa.v, PAGE_SIZE);
    uint64_t length = align_up(hpa.v + size, PAGE_SIZE) - first;
    /* The same offset in 2 MiB, so that a large framebuffer gets large pages. */
    next_mmio = align_up(next_mmio, PAGE_SIZE_2M) + (first & (PAGE_SIZE_2M - 1));
    uint64_t virt = next_mmio;
    map(virt, HPA(first), length, write_combining ? PAGE_WC : PAGE_MMIO);
    next_mmio += length;
    return (void *)(virt + (hpa.v - first));
}

uint8_t *memory_alloc_stack(uint64_t size)
{
    BUG_ON(size + PAGE_SIZE > STACK_SLOT_SIZE);
    uint64_t top = next_stack + STACK_SLOT_SIZE;
    void *pages = memory_alloc_pages(size / PAGE_SIZE);
    map(top - size, memory_hpa(pages), size, PAGE_DATA);
    next_stack = top;
    return (uint8_t *)top;
}

uint64_t memory_trampoline_tables(hpa_t page)
{
    struct page_tables trampoline;
    BUG_ON(paging_create(&trampoline, &pool) != PAGING_OK);
    uint64_t *root = palloc_virt(&pool, trampoline.root);
    const uint64_t *own = palloc_virt(&pool, tables.root);
    for (unsigned i = 256; i < 512; i++) {
        root[i] = own[i];
    }
    BUG_ON(paging_map(&trampoline, page.v, page, PAGE_SIZE, PAGE_CODE & ~PTE_GLOBAL) != PAGING_OK);
    BUG_ON(trampoline.root.v >= GIB(4));
    return trampoline.root.v;
}

uint64_t memory_cr3(void)
{
    return tables.root.v;
}

uint64_t *memory_alloc_window(uint32_t cpu_index)
{
    uint64_t virt = WINDOW_BASE + (uint64_t)cpu_index * WINDOW_SLOTS * PAGE_SIZE;
    uint64_t size = 0;
    map(virt, HPA(0), WINDOW_SLOTS * PAGE_SIZE, PAGE_DATA & ~PTE_GLOBAL);
    uint64_t *entry = paging_lookup(&tables, virt, &size);
    BUG_ON(entry == NULL || size != PAGE_SIZE);
    for (unsigned i = 0; i < WINDOW_SLOTS; i++) {
        entry[i] = 0;
        cpu_invlpg((void *)(virt + i * PAGE_SIZE));
    }
    return entry;
}

void memory_seal(void)
{
    unsigned bad = paging_count_wx(&tables);
    if (bad != 0) {
        panic("%u pages are writable and executable", bad);
    }
    palloc_seal(&pool);
}

uint64_t memory_used(void)
{
    return pool.used;
}

uint64_t memory_size(void)
{
    return pool.size;
}
