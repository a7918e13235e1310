/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended page tables: the second level of translation, from guest-physical to host-physical
 * addresses (SDM volume 3, "The Extended Page Table Mechanism (EPT)"). Pure: tables come from a
 * callback, nothing here executes a VMX instruction. The kernel builds a VM's tables once and the
 * VMX code puts ept_pointer() into the VMCS.
 *
 * A change is checked and all tables it needs are taken before the first entry is written: it
 * either happens as a whole or not at all. Entries are written one at a time in an order that is
 * safe while other CPUs use the tables; changes themselves are serialized by the caller.
 * Deliberately absent: ignore-PAT, accessed and dirty flags, mode-based execute control, #VE.
 */
#ifndef EPT_EPT_H
#define EPT_EPT_H

#include "kernel/types.h"

/* Rights of a mapping. Writing without reading cannot be expressed by the hardware. */
#define EPT_READ    1u
#define EPT_WRITE   2u
#define EPT_EXECUTE 4u

/* What the processor allows; the same for all CPUs of a VM. */
struct ept_format {
    uint8_t walk_length;   /* levels: 4 or 5 */
    uint8_t physical_bits; /* width of physical addresses, CPUID.80000008:EAX[7:0]: 32-52 */
    bool page_2m;          /* pages of 2 MiB may be used */
    bool page_1g;          /* pages of 1 GiB may be used; looked at only with page_2m */
    bool large_execute;    /* large pages may be executable (no iTLB multihit erratum) */
    bool execute_only;     /* EPT_EXECUTE without EPT_READ is possible */
    bool tables_wb;        /* the CPU reads the tables write-back, else uncached */
};

/*
 * Where tables come from. A table is one 4 KiB page, aligned to 4 KiB; address 0 is never one.
 * free() is called only for tables that no CPU can still be using (see ept_release()).
 */
struct ept_pages {
    hpa_t (*alloc)(void *context); /* a zeroed page; HPA(0): none left */
    void (*free)(void *context, hpa_t table);
    uint64_t *(*map)(void *context, hpa_t table); /* pointer to its 512 entries, valid for ever */
    void *context;
};

struct ept {
    struct ept_format format;
    struct ept_pages pages;
    hpa_t root;
    hpa_t retired;   /* unlinked tables, chained through their first entry; 0: none */
    uint64_t tables; /* linked tables, with the root */
};

/* [gpa, gpa+size) is [hpa, hpa+size). All three are multiples of 4 KiB. */
struct ept_range {
    gpa_t gpa;
    hpa_t hpa;
    uint64_t size;
    uint32_t rights; /* EPT_READ | ... */
    uint32_t type;   /* MEMORY_TYPE_* of kernel/msr.h, not UC_MINUS */
};

enum ept_result {
    EPT_OK,
    EPT_BAD_ARGUMENT, /* alignment, size 0, or rights or type that would be a misconfiguration */
    EPT_BAD_ADDRESS,  /* reaches beyond the guest-physical or physical width */
    EPT_OVERLAP,      /* a part of it is mapped already */
    EPT_NOT_MAPPED,   /* a part of it is not mapped */
    EPT_NO_MEMORY,    /* too few tables */
};

struct ept_translation {
    hpa_t hpa;
    uint64_t page_size; /* of the page that maps it */
    uint32_t rights;
    uint32_t type;
};

/*
 * The format for IA32_VMX_EPT_VPID_CAP and a physical-address width; large_execute is the caller's
 * decision. False when EPT cannot be used: no 4-level walk, or tables neither WB nor UC.
 */
bool ept_format_choose(struct ept_format *format, uint64_t ept_vpid_cap, unsigned physical_bits,
                       bool large_execute);

/*
 * Width of guest-physical addresses that can be mapped, in bits. Of the guest's CPUID it must not
 * show more: SDM "EPT Translation Mechanism".
 */
unsigned ept_gpa_bits(const struct ept_format *format);

/* EPT_OK, EPT_BAD_ARGUMENT or EPT_BAD_ADDRESS: what ept_map() says to the range by itself. */
enum ept_result ept_range_check(const struct ept_format *format, const struct ept_range *range);

/* Empty tables: takes one page. EPT_OK or EPT_NO_MEMORY. */
enum ept_result ept_create(struct ept *ept, const struct ept_format *format,
                           const struct ept_pages *pages);

/* Gives all pages back, retired ones too. No CPU may use the tables or have them cached. */
void ept_destroy(struct ept *ept);

/*
 * Maps the range with the largest pages that the format and both addresses allow. Nothing changed
 * unless EPT_OK. No INVEPT is needed: entries that are not present are not cached.
 */
enum ept_result ept_map(struct ept *ept, const struct ept_range *range);

/* The most tables that one ept_unmap() takes, for splitting large pages at its two ends. */
#define EPT_UNMAP_TABLES 4

/*
 * Unmaps [gpa, gpa+size), multiples of 4 KiB, splitting large pages that reach beyond it. Nothing
 * changed unless EPT_OK; then *invept_owed is set to true (never to false): the translations are
 * void only after INVEPT on every CPU that may have used the tables, and only then may what was
 * mapped be used for something else and ept_release() be called.
 * Where large executable pages are forbidden none exists, so that none is split under running code.
 */
enum ept_result ept_unmap(struct ept *ept, gpa_t gpa, uint64_t size, bool *invept_owed);

/* Frees the tables that ept_unmap() took out of use. Call it after INVEPT on all CPUs. */
void ept_release(struct ept *ept);

/* Translates. False: not mapped, or beyond the guest-physical width; *translation is unchanged. */
bool ept_walk(const struct ept *ept, gpa_t gpa, struct ept_translation *translation);

/* Value of the VMCS field "EPT pointer": SDM "Extended-Page-Table Pointer (EPTP)". */
uint64_t ept_pointer(const struct ept *ept);

/*
 * Number of tables, with the root, that ept_create() and ept_map() of these ranges take on empty
 * tables: exactly. Every range passes ept_range_check() and none overlaps another. Needs no
 * memory: the loader sizes the pool with it.
 */
uint64_t ept_pages_needed(const struct ept_format *format, const struct ept_range *ranges,
                          size_t count);

#endif
