/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a guest's own page tables as its processor does: SDM volume 3, "Paging", all modes (none,
 * 32-bit, PAE, 4-level, 5-level). Called to fetch an instruction for decoding, for string I/O and
 * for backtraces. Pure: guest memory is reached by callbacks only.
 * Deliberately absent: shadow stacks (CET), linear-address masking and space separation (LAM, LASS:
 * the caller gives the address after masking), HLAT, and of course TLBs: the answer is what the
 * tables say now, which a guest that has not yet invalidated need not be using.
 */
#ifndef KERNEL_GUEST_WALK_H
#define KERNEL_GUEST_WALK_H

#include "kernel/types.h"

/* Registers of the vCPU that decide about paging, and what its processor can do. */
struct guest_paging {
    uint64_t cr0;
    uint64_t cr3;
    uint64_t cr4;
    uint64_t efer;
    uint64_t rflags;       /* AC, for accesses under SMAP */
    uint64_t pdpte[4];     /* PAE paging only: the PDPTE registers (VMCS guest-state fields) */
    uint32_t pkru;         /* with CR4.PKE */
    uint32_t pkrs;         /* with CR4.PKS: IA32_PKRS */
    uint8_t physical_bits; /* MAXPHYADDR, 32-52: bits above it are reserved in entries */
    bool page_1g;          /* CPUID: 1 GiB pages */
};

enum guest_paging_mode {
    GUEST_PAGING_NONE,
    GUEST_PAGING_32BIT,
    GUEST_PAGING_PAE,
    GUEST_PAGING_4LEVEL,
    GUEST_PAGING_5LEVEL,
};

/* Paging mode by CR0.PG, CR4.PAE, EFER.LMA, CR4.LA57 (SDM "Paging Modes"). */
enum guest_paging_mode guest_paging_mode(const struct guest_paging *paging);

/* What the access is: one of the first three, plus flags. */
#define GUEST_ACCESS_READ     0u
#define GUEST_ACCESS_WRITE    1u
#define GUEST_ACCESS_FETCH    2u
#define GUEST_ACCESS_USER     4u  /* user-mode access (CPL 3, not implicit) */
#define GUEST_ACCESS_IMPLICIT 8u  /* of a descriptor table or TSS: RFLAGS.AC does not help */
#define GUEST_ACCESS_SET_AD   16u /* set accessed and dirty flags as the processor would */

/*
 * Guest memory. Addresses are multiples of 8. False: no RAM there. update() may be NULL when
 * GUEST_ACCESS_SET_AD is never used.
 */
struct guest_memory {
    bool (*read)(void *context, gpa_t gpa, uint64_t *value);
    /*
     * Atomically replaces `expected` by `value`; *changed tells that something else was found there
     * and nothing was written.
     */
    bool (*update)(void *context, gpa_t gpa, uint64_t expected, uint64_t value, bool *changed);
    void *context;
};

enum guest_walk_status {
    GUEST_WALK_OK,
    GUEST_WALK_PAGE_FAULT,    /* #PF with error_code */
    GUEST_WALK_NON_CANONICAL, /* #GP(0), or #SS(0) for an access by SS */
    GUEST_WALK_UNREADABLE,    /* an entry lies outside the guest's RAM; gpa says where */
};

struct guest_translation {
    gpa_t gpa;
    uint64_t page_size;  /* of the mapping: bytes to the end of it may be used; 4 GiB unpaged */
    uint32_t error_code; /* GUEST_WALK_PAGE_FAULT: SDM "Page-Fault Exceptions" */
};

/*
 * Translates gva for an access. In 32-bit modes the upper half of gva is ignored. Accessed and
 * dirty flags stay as they are unless GUEST_ACCESS_SET_AD: for what the guest itself has just
 * executed they are set already; set them for memory that is read or written in its place.
 * When the tables change all the time under GUEST_ACCESS_SET_AD: GUEST_WALK_UNREADABLE.
 */
enum guest_walk_status guest_walk(const struct guest_paging *paging,
                                  const struct guest_memory *memory, gva_t gva, uint32_t access,
                                  struct guest_translation *translation);

#endif
