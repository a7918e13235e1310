/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a guest's page tables allow an access, and the error code when not. SDM volume 3, "Access
 * Rights", "Protection Keys", "Page-Fault Exceptions".
 */
#include "kernel/guest_walk_internal.h"

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "kernel/paging.h"

#define PF_ERROR_PK BIT(5)
#define PTE_USER    BIT(2)
#define PTE_KEY     MASK(62, 59)

/* "Page-Fault Error Code" */
enum guest_walk_status guest_page_fault(const struct guest_walk_state *w, uint64_t cause,
                                        struct guest_translation *translation)
{
    const struct guest_paging *p = w->paging;
    bool tells_fetches =
        (p->cr4 & CR4_SMEP) != 0 || ((p->cr4 & CR4_PAE) != 0 && (p->efer & EFER_NXE) != 0);
    cause |= guest_access_kind(w) == GUEST_ACCESS_WRITE ? PF_ERROR_WR : 0;
    cause |= (w->access & GUEST_ACCESS_USER) != 0 ? PF_ERROR_US : 0;
    cause |= guest_access_kind(w) == GUEST_ACCESS_FETCH && tells_fetches ? PF_ERROR_ID : 0;
    translation->error_code = (uint32_t)cause;
    return GUEST_WALK_PAGE_FAULT;
}

/* "Protection Keys": is this data access denied by the key of its page? */
static bool key_denies(const struct guest_walk_state *w, bool user_page)
{
    const struct guest_paging *p = w->paging;
    bool user = (w->access & GUEST_ACCESS_USER) != 0;
    bool write = guest_access_kind(w) == GUEST_ACCESS_WRITE;
    if (w->mode < GUEST_PAGING_4LEVEL || guest_access_kind(w) == GUEST_ACCESS_FETCH ||
        (p->cr4 & (user_page ? CR4_PKE : CR4_PKS)) == 0) {
        return false;
    }
    unsigned key = (unsigned)FIELD_GET(PTE_KEY, w->leaf);
    uint32_t rights = (user_page ? p->pkru : p->pkrs) >> (2 * key);
    bool access_disabled = (rights & 1) != 0;
    bool write_disabled = (rights & 2) != 0 && ((user_page && user) || (p->cr0 & CR0_WP) != 0);
    return access_disabled || (write && write_disabled);
}

/* "Determination of Access Rights", of supervisor-mode accesses. */
static bool supervisor_may(const struct guest_walk_state *w, bool user_page)
{
    const struct guest_paging *p = w->paging;
    if (guest_access_kind(w) == GUEST_ACCESS_FETCH) {
        return !(user_page && (p->cr4 & CR4_SMEP) != 0) && (w->some & PTE_NX) == 0;
    }
    bool overridden = (p->rflags & RFLAGS_AC) != 0 && (w->access & GUEST_ACCESS_IMPLICIT) == 0;
    if (user_page && (p->cr4 & CR4_SMAP) != 0 && !overridden) {
        return false;
    }
    return guest_access_kind(w) == GUEST_ACCESS_READ || (w->every & PTE_WRITABLE) != 0 ||
           (p->cr0 & CR0_WP) == 0;
}

/* ... and of user-mode accesses. */
static bool user_may(const struct guest_walk_state *w, bool user_page)
{
    if (!user_page) {
        return false;
    }
    if (guest_access_kind(w) == GUEST_ACCESS_FETCH) {
        return (w->some & PTE_NX) == 0;
    }
    return guest_access_kind(w) == GUEST_ACCESS_READ || (w->every & PTE_WRITABLE) != 0;
}

enum guest_walk_status guest_check_rights(const struct guest_walk_state *w,
                                          struct guest_translation *translation)
{
    bool user_page = (w->every & PTE_USER) != 0;
    bool user = (w->access & GUEST_ACCESS_USER) != 0;
    bool may = user ? user_may(w, user_page) : supervisor_may(w, user_page);
    bool key = key_denies(w, user_page);
    if (may && !key) {
        return GUEST_WALK_OK;
    }
    return guest_page_fault(w, PF_ERROR_P | (key ? PF_ERROR_PK : 0), translation);
}
