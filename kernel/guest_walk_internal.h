/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the guest page-table walker share. Not for anyone else. */
#ifndef KERNEL_GUEST_WALK_INTERNAL_H
#define KERNEL_GUEST_WALK_INTERNAL_H

#include "kernel/guest_walk.h"

#define GUEST_WALK_LEVELS_MAX 5

/* A walk on its way from the root to the page. */
struct guest_walk_state {
    const struct guest_paging *paging;
    const struct guest_memory *memory;
    uint64_t gva;
    uint32_t access;
    enum guest_paging_mode mode;
    uint64_t every;      /* AND of the entries: R/W and U/S */
    uint64_t some;       /* OR of them: XD */
    uint64_t leaf;       /* the page's address, with other bits of its entry around */
    unsigned leaf_shift; /* log2 of the page's size */
    unsigned used;       /* entries met, the leaf last; 64-bit ones with GUEST_ACCESS_SET_AD only */
    uint64_t where[GUEST_WALK_LEVELS_MAX];
    uint64_t entry[GUEST_WALK_LEVELS_MAX];
};

static inline uint32_t guest_access_kind(const struct guest_walk_state *w)
{
    return w->access & 3;
}

/* Fills in the error code. cause: PF_ERROR_P, PF_ERROR_RSVD and PF_ERROR_PK as they apply. */
enum guest_walk_status guest_page_fault(const struct guest_walk_state *w, uint64_t cause,
                                        struct guest_translation *translation);

/* GUEST_WALK_OK or GUEST_WALK_PAGE_FAULT, for the entries that have been met. */
enum guest_walk_status guest_check_rights(const struct guest_walk_state *w,
                                          struct guest_translation *translation);

#endif
