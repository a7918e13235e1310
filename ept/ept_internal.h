/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of ept/ share: the shape of the tables and how they are taken, linked and found.
 * Not for anyone else. SDM volume 3, "EPT Translation Mechanism".
 */
#ifndef EPT_EPT_INTERNAL_H
#define EPT_EPT_INTERNAL_H

#include "ept/ept.h"

#define EPT_ENTRIES 512

/* Entries. A table's rights are all of them: those of the page decide. */
#define EPT_ENTRY_RIGHTS  MASK(2, 0)
#define EPT_ENTRY_TYPE    MASK(5, 3) /* of entries that map a page */
#define EPT_ENTRY_LARGE   BIT(7)
#define EPT_ENTRY_ADDRESS MASK(51, 12)

/* Bytes that one entry of a level maps. Level 1 is the page table, 4 or 5 the root. */
static inline uint64_t ept_entry_size(unsigned level)
{
    return BIT(PAGE_SHIFT + 9 * (level - 1));
}

static inline unsigned ept_entry_index(uint64_t gpa, unsigned level)
{
    return (unsigned)(gpa / ept_entry_size(level)) & (EPT_ENTRIES - 1);
}

static inline bool ept_is_present(uint64_t entry)
{
    return (entry & EPT_ENTRY_RIGHTS) != 0;
}

static inline bool ept_is_page(uint64_t entry, unsigned level)
{
    return level == 1 || (entry & EPT_ENTRY_LARGE) != 0;
}

/* Highest level at which pages with these rights may be mapped: 1, 2 or 3. */
static inline unsigned ept_page_level(const struct ept_format *format, uint32_t rights)
{
    if (!format->page_2m || ((rights & EPT_EXECUTE) != 0 && !format->large_execute)) {
        return 1;
    }
    return format->page_1g ? 3 : 2;
}

/* The part of a range that lies below one entry. */
struct ept_piece {
    uint64_t gpa;
    uint64_t size;
};

/* The first piece of [gpa, gpa+size) at a level; size 0 gives one of size 0. */
static inline struct ept_piece ept_first_piece(uint64_t gpa, uint64_t size, unsigned level)
{
    uint64_t rest = ept_entry_size(level) - (gpa & (ept_entry_size(level) - 1));
    return (struct ept_piece){gpa, MIN(size, rest)};
}

/*
 * Writes an entry. Other CPUs may be walking: what it points to is written before, and it at once.
 */
static inline void ept_set_entry(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* The table that a (present) entry points to, or that lies at an address. */
static inline uint64_t *ept_map_table(const struct ept *ept, uint64_t entry)
{
    return ept->pages.map(ept->pages.context, HPA(entry & EPT_ENTRY_ADDRESS));
}

/* The entry that maps the page of gpa, and its level; NULL: not mapped, or beyond the width. */
uint64_t *ept_find_page(const struct ept *ept, uint64_t gpa, unsigned *level);

/*
 * Tables taken in advance hang in a chain through their first entries, which to a CPU are not
 * present: they are aligned to 4 KiB. Reserving takes all or none (EPT_NO_MEMORY).
 */
enum ept_result ept_chain_reserve(const struct ept *ept, uint64_t count, hpa_t *chain);
void ept_chain_push(const struct ept *ept, hpa_t *chain, hpa_t table);
void ept_chain_free(const struct ept *ept, hpa_t *chain);

/*
 * Links a table from the chain into *entry, filled with `first`, `first` + step, ... or, with step
 * 0, empty. Returns its entries.
 */
uint64_t *ept_link_table(struct ept *ept, hpa_t *chain, uint64_t *entry, uint64_t first,
                         uint64_t step);

#endif
