/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which flaws of a processor's speculation let a guest read what is not its own, and what is done
 * about each at VM entry. Pure: decided from one CPU's capabilities by a table.
 */
#ifndef VMX_MITIGATIONS_H
#define VMX_MITIGATIONS_H

#include "vmx/features.h"

enum vmx_flaw {
    VMX_FLAW_L1TF,
    VMX_FLAW_MDS,
    VMX_FLAW_TAA,
    VMX_FLAW_MMIO_DATA,
    VMX_FLAW_RFDS,
    VMX_FLAW_MULTIHIT, /* of the instruction TLB: a guest can stop the machine */
    VMX_FLAW_BRANCHES, /* branch-target injection */
    VMX_FLAWS,
};

enum vmx_remedy {
    VMX_REMEDY_NOT_NEEDED,  /* not affected */
    VMX_REMEDY_NONE,        /* affected, or not known not to be, and nothing is done */
    VMX_REMEDY_L1D_FLUSH,   /* the L1 data cache is flushed at each entry, by the MSR-load list */
    VMX_REMEDY_VERW,        /* buffers are overwritten before each entry, by vmx_exit_point_verw */
    VMX_REMEDY_IBRS,        /* enhanced IBRS is always on */
    VMX_REMEDY_IBPB,        /* a barrier when a VM starts on the CPU */
    VMX_REMEDY_SMALL_PAGES, /* the CPU's VM has small pages only */
};

struct vmx_mitigations {
    uint8_t remedy[VMX_FLAWS]; /* enum vmx_remedy */
    bool flush_l1d;            /* each entry must write IA32_FLUSH_CMD */
    bool verw; /* each entry must be preceded by VERW; never with flush_l1d, which does the same */
};

/* small_pages: the VM that the CPU will run has second-level pages of 4 KiB only, or there is none.
 */
struct vmx_mitigations vmx_mitigations_choose(const struct vmx_caps *caps, bool small_pages);

/* "L1TF: L1D flush, MDS: VERW, TAA: not affected, ..." into text, NUL-terminated, cut at size. */
void vmx_mitigations_print(const struct vmx_mitigations *mitigations, char *text, size_t size);

#endif
