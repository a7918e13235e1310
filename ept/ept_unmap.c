/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unmapping from extended page tables; see ept.h. Steps: check and count, take the tables, split
 * the large pages at both ends, clear entries, set aside the tables left empty.
 */
#include "ept/ept_internal.h"

static bool is_mapped(const struct ept *ept, uint64_t gpa, uint64_t end)
{
    while (gpa < end) {
        unsigned level = 0;
        if (ept_find_page(ept, gpa, &level) == NULL) {
            return false;
        }
        gpa = align_down(gpa, ept_entry_size(level)) + ept_entry_size(level);
    }
    return true;
}

/* Is `edge` strictly inside a piece of this size that `other` is strictly inside of as well? */
static bool same_piece(uint64_t edge, uint64_t other, uint64_t size)
{
    return align_down(edge, size) == align_down(other, size) && !is_aligned(other, size);
}

/* Tables that making a page end at `edge` takes, without those that were taken for `other`. */
static unsigned count_splits(const struct ept *ept, uint64_t edge, uint64_t other)
{
    unsigned level = 1;
    unsigned count = 0;
    if (ept_find_page(ept, edge, &level) == NULL) {
        return 0;
    }
    for (; !is_aligned(edge, ept_entry_size(level)); level--) {
        count += !same_piece(edge, other, ept_entry_size(level));
    }
    return count;
}

/*
 * Splits pages until one ends at `edge`. The pieces translate as the whole did, so a CPU that has
 * either cached is right.
 */
static void split_at(struct ept *ept, uint64_t edge, hpa_t *chain)
{
    unsigned level = 1;
    uint64_t *entry = ept_find_page(ept, edge, &level);
    for (; entry != NULL && !is_aligned(edge, ept_entry_size(level)); level--) {
        uint64_t first = level == 2 ? *entry & ~EPT_ENTRY_LARGE : *entry;
        uint64_t *table = ept_link_table(ept, chain, entry, first, ept_entry_size(level - 1));
        entry = &table[ept_entry_index(edge, level - 1)];
    }
}

static bool is_empty(const uint64_t *table)
{
    for (unsigned i = 0; i < EPT_ENTRIES; i++) {
        if (ept_is_present(table[i])) {
            return false;
        }
    }
    return true;
}

/* Clears the entries of the piece, on whose edges pages end, and retires tables left empty. */
static void clear(struct ept *ept, uint64_t *table, unsigned level, struct ept_piece whole)
{
    uint64_t end = whole.gpa + whole.size;
    struct ept_piece piece = ept_first_piece(whole.gpa, whole.size, level);
    for (; piece.size > 0; piece = ept_first_piece(piece.gpa, end - piece.gpa, level)) {
        uint64_t *entry = &table[ept_entry_index(piece.gpa, level)];
        if (ept_is_page(*entry, level)) {
            ept_set_entry(entry, 0);
        } else {
            hpa_t next = HPA(*entry & EPT_ENTRY_ADDRESS);
            clear(ept, ept_map_table(ept, next.v), level - 1, piece);
            if (is_empty(ept_map_table(ept, next.v))) {
                ept_set_entry(entry, 0);
                ept_chain_push(ept, &ept->retired, next);
                ept->tables--;
            }
        }
        piece.gpa += piece.size;
    }
}

enum ept_result ept_unmap(struct ept *ept, gpa_t gpa, uint64_t size, bool *invept_owed)
{
    uint64_t width = BIT(ept_gpa_bits(&ept->format));
    if (!is_aligned(gpa.v | size, PAGE_SIZE) || size == 0) {
        return EPT_BAD_ARGUMENT;
    }
    if (gpa.v >= width || size > width - gpa.v) {
        return EPT_BAD_ADDRESS;
    }
    uint64_t end = gpa.v + size;
    if (!is_mapped(ept, gpa.v, end)) {
        return EPT_NOT_MAPPED;
    }
    hpa_t chain;
    unsigned splits = count_splits(ept, gpa.v, 0) + count_splits(ept, end, gpa.v);
    if (ept_chain_reserve(ept, splits, &chain) != EPT_OK) {
        return EPT_NO_MEMORY;
    }
    split_at(ept, gpa.v, &chain);
    split_at(ept, end, &chain);
    clear(ept, ept_map_table(ept, ept->root.v), ept->format.walk_length,
          (struct ept_piece){gpa.v, size});
    *invept_owed = true;
    return EPT_OK;
}

void ept_release(struct ept *ept)
{
    ept_chain_free(ept, &ept->retired);
}
