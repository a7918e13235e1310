/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creating, mapping and walking extended page tables; see the header. Mapping runs in three steps:
 * check and count, take the tables, write entries. Recursion is as deep as the tables: 5 at most.
 */
#include "ept/ept_internal.h"

enum ept_result ept_create(struct ept *ept, const struct ept_format *format,
                           const struct ept_pages *pages)
{
    hpa_t root = pages->alloc(pages->context);
    if (root.v == 0) {
        return EPT_NO_MEMORY;
    }
    *ept = (struct ept){.format = *format, .pages = *pages, .root = root, .tables = 1};
    return EPT_OK;
}

static void free_table(struct ept *ept, hpa_t table, unsigned level)
{
    const uint64_t *entries = ept_map_table(ept, table.v);
    for (unsigned i = 0; level > 1 && i < EPT_ENTRIES; i++) {
        if (ept_is_present(entries[i]) && !ept_is_page(entries[i], level)) {
            free_table(ept, HPA(entries[i] & EPT_ENTRY_ADDRESS), level - 1);
        }
    }
    ept->pages.free(ept->pages.context, table);
}

void ept_destroy(struct ept *ept)
{
    ept_release(ept);
    free_table(ept, ept->root, ept->format.walk_length);
    ept->root = HPA(0);
    ept->tables = 0;
}

/* May the piece be one page of this level? */
static bool is_page_piece(const struct ept *ept, const struct ept_range *range,
                          struct ept_piece piece, unsigned level)
{
    uint64_t hpa = range->hpa.v + (piece.gpa - range->gpa.v);
    return piece.size == ept_entry_size(level) && is_aligned(hpa, ept_entry_size(level)) &&
           level <= ept_page_level(&ept->format, range->rights);
}

/* Adds to *needed the tables that are missing below `table` (NULL: itself missing) for `whole`. */
static enum ept_result plan_map(const struct ept *ept, const struct ept_range *range,
                                const uint64_t *table, unsigned level, struct ept_piece whole,
                                uint64_t *needed)
{
    if (table == NULL && level == 1) {
        return EPT_OK;
    }
    uint64_t end = whole.gpa + whole.size;
    struct ept_piece piece = ept_first_piece(whole.gpa, whole.size, level);
    for (; piece.size > 0; piece = ept_first_piece(piece.gpa, end - piece.gpa, level)) {
        uint64_t entry = table == NULL ? 0 : table[ept_entry_index(piece.gpa, level)];
        bool page = is_page_piece(ept, range, piece, level);
        if (ept_is_present(entry) && (page || ept_is_page(entry, level))) {
            return EPT_OVERLAP;
        }
        if (!page) {
            *needed += ept_is_present(entry) ? 0 : 1;
            const uint64_t *next = ept_is_present(entry) ? ept_map_table(ept, entry) : NULL;
            enum ept_result result = plan_map(ept, range, next, level - 1, piece, needed);
            if (result != EPT_OK) {
                return result;
            }
        }
        piece.gpa += piece.size;
    }
    return EPT_OK;
}

/* Cannot fail: plan_map() has seen that the range is free, and the chain holds what is missing. */
static void write_map(struct ept *ept, const struct ept_range *range, uint64_t *table,
                      unsigned level, struct ept_piece whole, hpa_t *chain)
{
    uint64_t end = whole.gpa + whole.size;
    struct ept_piece piece = ept_first_piece(whole.gpa, whole.size, level);
    for (; piece.size > 0; piece = ept_first_piece(piece.gpa, end - piece.gpa, level)) {
        uint64_t *entry = &table[ept_entry_index(piece.gpa, level)];
        if (is_page_piece(ept, range, piece, level)) {
            uint64_t hpa = range->hpa.v + (piece.gpa - range->gpa.v);
            ept_set_entry(entry, hpa | range->rights | FIELD_SET(EPT_ENTRY_TYPE, range->type) |
                                     (level > 1 ? EPT_ENTRY_LARGE : 0));
        } else {
            uint64_t *next = ept_is_present(*entry) ? ept_map_table(ept, *entry)
                                                    : ept_link_table(ept, chain, entry, 0, 0);
            write_map(ept, range, next, level - 1, piece, chain);
        }
        piece.gpa += piece.size;
    }
}

enum ept_result ept_map(struct ept *ept, const struct ept_range *range)
{
    enum ept_result result = ept_range_check(&ept->format, range);
    if (result != EPT_OK) {
        return result;
    }
    uint64_t *root = ept_map_table(ept, ept->root.v);
    unsigned level = ept->format.walk_length;
    struct ept_piece whole = {range->gpa.v, range->size};
    uint64_t needed = 0;
    result = plan_map(ept, range, root, level, whole, &needed);
    if (result != EPT_OK) {
        return result;
    }
    hpa_t chain;
    result = ept_chain_reserve(ept, needed, &chain);
    if (result == EPT_OK) {
        write_map(ept, range, root, level, whole, &chain);
    }
    return result;
}

bool ept_walk(const struct ept *ept, gpa_t gpa, struct ept_translation *translation)
{
    unsigned level = 1;
    const uint64_t *entry = ept_find_page(ept, gpa.v, &level);
    if (entry == NULL) {
        return false;
    }
    uint64_t size = ept_entry_size(level);
    *translation = (struct ept_translation){
        .hpa = HPA((*entry & EPT_ENTRY_ADDRESS & ~(size - 1)) + (gpa.v & (size - 1))),
        .page_size = size,
        .rights = (uint32_t)(*entry & EPT_ENTRY_RIGHTS),
        .type = (uint32_t)FIELD_GET(EPT_ENTRY_TYPE, *entry),
    };
    return true;
}
