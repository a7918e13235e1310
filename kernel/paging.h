/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's own page tables (4-level, SDM "4-Level Paging"): building and changing them.
 * Pure: tables live in a pool (kernel/palloc.h) and are never freed. The loader builds the first
 * set, the kernel extends it before it seals the pool. No TLB work here.
 */
#ifndef KERNEL_PAGING_H
#define KERNEL_PAGING_H

#include "kernel/palloc.h"
#include "kernel/types.h"

#define PTE_PRESENT  BIT(0)
#define PTE_WRITABLE BIT(1)
#define PTE_PWT      BIT(3)
#define PTE_PCD      BIT(4)
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY    BIT(6)
#define PTE_LARGE    BIT(7)
#define PTE_GLOBAL   BIT(8)
#define PTE_NX       BIT(63)
#define PTE_ADDRESS  MASK(51, 12)

/*
 * What a mapping may be used for. There is no writable and executable one. Memory types are
 * selected from the PAT as cpu_init() programs it: 0 WB, PWT WC, PCD|PWT UC.
 */
#define PAGE_CODE   (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL)
#define PAGE_RODATA (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL | PTE_NX)
#define PAGE_DATA   (PAGE_RODATA | PTE_WRITABLE | PTE_DIRTY)
#define PAGE_MMIO   (PAGE_DATA | PTE_PCD | PTE_PWT)
#define PAGE_WC     (PAGE_DATA | PTE_PWT)

struct page_tables {
    struct palloc *pool;
    hpa_t root; /* for CR3 */
};

enum paging_result { PAGING_OK, PAGING_NO_MEMORY, PAGING_MAPPED_ALREADY, PAGING_BAD_ARGUMENT };

/* Makes an empty set of tables. */
enum paging_result paging_create(struct page_tables *tables, struct palloc *pool);

/*
 * Maps [virt, virt+size) to [hpa, hpa+size) with the flags of one PAGE_* above. All multiples of
 * 4 KiB; canonical addresses; nothing there may be mapped yet. 2 MiB pages are used where both
 * addresses and the size allow. On PAGING_NO_MEMORY a part may be mapped.
 */
enum paging_result paging_map(struct page_tables *tables, uint64_t virt, hpa_t hpa, uint64_t size,
                              uint64_t flags);

/* The entry that maps virt, and the size of its page in *size; NULL when it is not mapped. */
uint64_t *paging_lookup(const struct page_tables *tables, uint64_t virt, uint64_t *size);

/* Removes every mapping of the lower half (entries of the root only). The caller reloads CR3. */
void paging_drop_lower_half(struct page_tables *tables);

/* Number of present leaf entries that are writable and executable: 0 or there is a bug. */
unsigned paging_count_wx(const struct page_tables *tables);

#endif
