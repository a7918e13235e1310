/* SPDX-License-Identifier: Apache-2.0 */
/* Taking, linking and finding extended page tables; see ept_internal.h. */
#include "ept/ept_internal.h"

void ept_chain_push(const struct ept *ept, hpa_t *chain, hpa_t table)
{
    ept_map_table(ept, table.v)[0] = chain->v; /* aligned to 4 KiB: to a CPU it is not present */
    *chain = table;
}

static hpa_t chain_pop(const struct ept *ept, hpa_t *chain)
{
    hpa_t table = *chain;
    uint64_t *first = ept_map_table(ept, table.v);
    *chain = HPA(*first);
    *first = 0;
    return table;
}

void ept_chain_free(const struct ept *ept, hpa_t *chain)
{
    while (chain->v != 0) {
        ept->pages.free(ept->pages.context, chain_pop(ept, chain));
    }
}

enum ept_result ept_chain_reserve(const struct ept *ept, uint64_t count, hpa_t *chain)
{
    *chain = HPA(0);
    for (; count > 0; count--) {
        hpa_t table = ept->pages.alloc(ept->pages.context);
        if (table.v == 0) {
            ept_chain_free(ept, chain);
            return EPT_NO_MEMORY;
        }
        ept_chain_push(ept, chain, table);
    }
    return EPT_OK;
}

uint64_t *ept_link_table(struct ept *ept, hpa_t *chain, uint64_t *entry, uint64_t first,
                         uint64_t step)
{
    hpa_t table = chain_pop(ept, chain);
    uint64_t *entries = ept_map_table(ept, table.v);
    for (unsigned i = 0; step != 0 && i < EPT_ENTRIES; i++) {
        entries[i] = first + i * step;
    }
    ept_set_entry(entry, table.v | EPT_READ | EPT_WRITE | EPT_EXECUTE);
    ept->tables++;
    return entries;
}

uint64_t *ept_find_page(const struct ept *ept, uint64_t gpa, unsigned *level)
{
    if (gpa >> ept_gpa_bits(&ept->format) != 0) {
        return NULL;
    }
    uint64_t *table = ept_map_table(ept, ept->root.v);
    for (unsigned l = ept->format.walk_length;; l--) {
        uint64_t *entry = &table[ept_entry_index(gpa, l)];
        if (!ept_is_present(*entry)) {
            return NULL;
        }
        if (ept_is_page(*entry, l)) {
            *level = l;
            return entry;
        }
        table = ept_map_table(ept, *entry);
    }
}
