/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker of guests' page tables; see the header. SDM volume 3: "32-Bit Paging", "PAE Paging",
 * "4-Level Paging and 5-Level Paging", "Accessed and Dirty Flags".
 */
#include "kernel/guest_walk_internal.h"

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "kernel/paging.h"

#define UPDATES_MAX   16           /* tries at setting accessed and dirty flags */
#define PAE_RESERVED  MASK(62, 52) /* bits that 4-level paging ignores */
#define TABLE_ADDRESS MASK(51, 12)

enum guest_paging_mode guest_paging_mode(const struct guest_paging *paging)
{
    if ((paging->cr0 & CR0_PG) == 0) {
        return GUEST_PAGING_NONE;
    }
    if ((paging->cr4 & CR4_PAE) == 0) {
        return GUEST_PAGING_32BIT;
    }
    if ((paging->efer & EFER_LMA) == 0) {
        return GUEST_PAGING_PAE;
    }
    return (paging->cr4 & CR4_LA57) != 0 ? GUEST_PAGING_5LEVEL : GUEST_PAGING_4LEVEL;
}

/* Bits that must be 0 in a present entry of the 64-bit formats that maps no page. */
static uint64_t reserved_bits(const struct guest_paging *p, enum guest_paging_mode mode)
{
    uint64_t reserved = MASK(51, 0) & ~(BIT(p->physical_bits) - 1);
    reserved |= (p->efer & EFER_NXE) == 0 ? PTE_NX : 0;
    return reserved | (mode == GUEST_PAGING_PAE ? PAE_RESERVED : 0);
}

/* ... and with the PS flag. Where a level has no pages, PS itself is reserved. */
static uint64_t reserved_with_ps(const struct guest_paging *p, unsigned shift)
{
    if (shift == 21) {
        return MASK(20, 13);
    }
    return shift == 30 && p->page_1g ? MASK(29, 13) : PTE_LARGE;
}

static void record(struct guest_walk_state *w, uint64_t where, uint64_t entry)
{
    w->where[w->used] = where;
    w->entry[w->used++] = entry;
}

static enum guest_walk_status unreadable(uint64_t gpa, struct guest_translation *translation)
{
    translation->gpa = GPA(gpa);
    translation->error_code = 0;
    return GUEST_WALK_UNREADABLE;
}

/* Tables of 512 entries of 64 bits: PAE below its PDPTEs, 4-level and 5-level paging. */
static enum guest_walk_status walk_64bit_entries(struct guest_walk_state *w, uint64_t table,
                                                 unsigned level,
                                                 struct guest_translation *translation)
{
    const uint64_t reserved = reserved_bits(w->paging, w->mode);
    unsigned shift = PAGE_SHIFT + 9 * (level - 1);
    uint64_t every = UINT64_MAX;
    uint64_t some = 0;
    uint64_t entry;
    for (;; shift -= 9) {
        uint64_t where = table + ((w->gva >> shift) & 511) * 8;
        if (!w->memory->read(w->memory->context, GPA(where), &entry)) {
            return unreadable(where, translation);
        }
        if ((entry & PTE_PRESENT) == 0) {
            return guest_page_fault(w, 0, translation);
        }
        if ((entry & reserved) != 0) {
            return guest_page_fault(w, PF_ERROR_P | PF_ERROR_RSVD, translation);
        }
        every &= entry;
        some |= entry;
        if ((w->access & GUEST_ACCESS_SET_AD) != 0) {
            record(w, where, entry);
        }
        if (shift == PAGE_SHIFT) {
            break;
        }
        if ((entry & PTE_LARGE) != 0) {
            if ((entry & reserved_with_ps(w->paging, shift)) != 0) {
                return guest_page_fault(w, PF_ERROR_P | PF_ERROR_RSVD, translation);
            }
            break;
        }
        table = entry & TABLE_ADDRESS;
    }
    w->every = every;
    w->some = some;
    w->leaf = entry;
    w->leaf_shift = shift;
    return GUEST_WALK_OK;
}

/* Entries of 32 bits, read as halves of aligned 64. */
static bool read_32bit_entry(struct guest_walk_state *w, uint64_t where, uint64_t *entry)
{
    uint64_t word;
    if (!w->memory->read(w->memory->context, GPA(where & ~UINT64_C(7)), &word)) {
        return false;
    }
    *entry = (where & 4) != 0 ? word >> 32 : (uint32_t)word;
    w->every &= *entry;
    record(w, where, *entry);
    return true;
}

/* "Use of CR3 with 32-Bit Paging"; pages of 4 MiB reach up to 40 bits (PSE-36). */
static enum guest_walk_status walk_32bit(struct guest_walk_state *w,
                                         struct guest_translation *translation)
{
    unsigned width = MIN(w->paging->physical_bits, 40u);
    uint64_t where = (w->paging->cr3 & MASK(31, 12)) + (w->gva >> 22) * 4;
    uint64_t entry;
    if (!read_32bit_entry(w, where, &entry)) {
        return unreadable(where, translation);
    }
    if ((entry & PTE_PRESENT) == 0) {
        return guest_page_fault(w, 0, translation);
    }
    if ((entry & PTE_LARGE) != 0 && (w->paging->cr4 & CR4_PSE) != 0) {
        if ((entry & MASK(21, width - 19)) != 0) {
            return guest_page_fault(w, PF_ERROR_P | PF_ERROR_RSVD, translation);
        }
        w->leaf = (entry & MASK(31, 22)) | (entry & MASK(20, 13)) << 19;
        w->leaf_shift = 22;
        return GUEST_WALK_OK;
    }
    where = (entry & MASK(31, 12)) + (w->gva >> 12) % 1024 * 4;
    if (!read_32bit_entry(w, where, &entry)) {
        return unreadable(where, translation);
    }
    if ((entry & PTE_PRESENT) == 0) {
        return guest_page_fault(w, 0, translation);
    }
    w->leaf = entry & MASK(31, 12);
    w->leaf_shift = PAGE_SHIFT;
    return GUEST_WALK_OK;
}

static enum guest_walk_status walk_tables(struct guest_walk_state *w,
                                          struct guest_translation *translation)
{
    uint64_t root = w->paging->cr3 & TABLE_ADDRESS;
    w->every = UINT64_MAX;
    w->some = 0;
    w->used = 0;
    if (w->mode == GUEST_PAGING_4LEVEL) {
        return walk_64bit_entries(w, root, 4, translation);
    }
    if (w->mode == GUEST_PAGING_5LEVEL) {
        return walk_64bit_entries(w, root, 5, translation);
    }
    if (w->mode == GUEST_PAGING_32BIT) {
        return walk_32bit(w, translation);
    }
    /* PAE: the PDPTE registers were checked when they were loaded; they hold no rights. */
    uint64_t pdpte = w->paging->pdpte[w->gva >> 30];
    if ((pdpte & PTE_PRESENT) == 0) {
        return guest_page_fault(w, 0, translation);
    }
    return walk_64bit_entries(w, pdpte & TABLE_ADDRESS, 2, translation);
}

/* Sets flags in one entry. False: no RAM there. *changed: another entry is there now. */
static bool update_entry(const struct guest_walk_state *w, unsigned i, uint64_t flags,
                         bool *changed)
{
    uint64_t where = w->where[i];
    if ((w->entry[i] & flags) == flags) {
        return true;
    }
    if (w->mode != GUEST_PAGING_32BIT) {
        return w->memory->update(w->memory->context, GPA(where), w->entry[i], w->entry[i] | flags,
                                 changed);
    }
    uint64_t word;
    unsigned shift = (where & 4) != 0 ? 32 : 0;
    gpa_t aligned = GPA(where & ~UINT64_C(7));
    if (!w->memory->read(w->memory->context, aligned, &word)) {
        return false;
    }
    if ((uint32_t)(word >> shift) != (uint32_t)w->entry[i]) {
        *changed = true;
        return true;
    }
    return w->memory->update(w->memory->context, aligned, word, word | flags << shift, changed);
}

/* "Accessed and Dirty Flags" */
static bool set_accessed_and_dirty(const struct guest_walk_state *w, bool *changed)
{
    for (unsigned i = 0; i < w->used && !*changed; i++) {
        bool dirty = i == w->used - 1 && guest_access_kind(w) == GUEST_ACCESS_WRITE;
        if (!update_entry(w, i, PTE_ACCESSED | (dirty ? PTE_DIRTY : 0), changed)) {
            return false;
        }
    }
    return true;
}

static enum guest_walk_status walk_and_check(struct guest_walk_state *w,
                                             struct guest_translation *translation)
{
    for (unsigned tries = 0; tries < UPDATES_MAX; tries++) {
        bool changed = false;
        enum guest_walk_status status = walk_tables(w, translation);
        if (status == GUEST_WALK_OK) {
            status = guest_check_rights(w, translation);
        }
        if (status != GUEST_WALK_OK || (w->access & GUEST_ACCESS_SET_AD) == 0) {
            return status;
        }
        if (!set_accessed_and_dirty(w, &changed)) {
            break;
        }
        if (!changed) {
            return GUEST_WALK_OK;
        }
    }
    return unreadable(w->where[w->used - 1], translation);
}

static bool is_canonical(uint64_t gva, enum guest_paging_mode mode)
{
    unsigned shift = mode == GUEST_PAGING_5LEVEL ? 64 - 57 : 64 - 48;
    return (uint64_t)((int64_t)(gva << shift) >> shift) == gva;
}

enum guest_walk_status guest_walk(const struct guest_paging *paging,
                                  const struct guest_memory *memory, gva_t gva, uint32_t access,
                                  struct guest_translation *translation)
{
    struct guest_walk_state w;
    w.paging = paging;
    w.memory = memory;
    w.gva = gva.v;
    w.access = access;
    w.mode = guest_paging_mode(paging);
    if (w.mode < GUEST_PAGING_4LEVEL) {
        w.gva = (uint32_t)gva.v;
    } else if (!is_canonical(gva.v, w.mode)) {
        translation->error_code = 0;
        return GUEST_WALK_NON_CANONICAL;
    }
    if (w.mode == GUEST_PAGING_NONE) {
        *translation = (struct guest_translation){.gpa = GPA(w.gva), .page_size = GIB(4)};
        return GUEST_WALK_OK;
    }
    enum guest_walk_status status = walk_and_check(&w, translation);
    if (status == GUEST_WALK_OK) {
        uint64_t offset = BIT(w.leaf_shift) - 1;
        translation->gpa = GPA((w.leaf & TABLE_ADDRESS & ~offset) | (w.gva & offset));
        translation->page_size = BIT(w.leaf_shift);
    }
    return status;
}
