/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CPUID tells a guest: one table (kernel/cpuid_table.c) says which bits pass from the
 * processor, which are computed and, by leaving them out, which are hidden. From it a view is made
 * for each vCPU before it starts; a CPUID exit only looks its answer up. SDM volume 2, "CPUID".
 * Pure except for the function that reads the processor's own CPUID, which the caller gives.
 */
#ifndef KERNEL_CPUID_POLICY_H
#define KERNEL_CPUID_POLICY_H

#include "kernel/cpu.h"
#include "kernel/vm_plan.h"

#define CPUID_VIEW_ENTRIES 96
#define CPUID_VIEW_LEAVES  32 /* of each range */

/* What of an answer depends on the vCPU's state at the time: bits of cpuid_entry.dynamic. */
enum cpuid_dynamic {
    CPUID_DYNAMIC_OSXSAVE = 1 << 0,     /* leaf 1: ECX mirrors CR4.OSXSAVE */
    CPUID_DYNAMIC_OSPKE = 1 << 1,       /* leaf 7: ECX mirrors CR4.PKE */
    CPUID_DYNAMIC_XSAVE_SIZE = 1 << 2,  /* leaf 0xD.0: EBX by XCR0 */
    CPUID_DYNAMIC_XSAVES_SIZE = 1 << 3, /* leaf 0xD.1: EBX by XCR0 and IA32_XSS */
    CPUID_DYNAMIC_SUBLEAF = 1 << 4,     /* leaves 0xB, 0x1F: ECX[7:0] repeats the subleaf */
};

struct cpuid_entry {
    struct cpuid_result result;
    uint32_t dynamic; /* 0 for nearly all */
};

/* Where a leaf's answers are. */
struct cpuid_slot {
    uint8_t first;     /* entry of subleaf 0 */
    uint8_t subleaves; /* entries from there; 0: the subleaf does not matter */
    uint8_t other;     /* entry for subleaves beyond */
    uint8_t reserved;
};

/* XSAVE area by state component; SDM volume 1, "XSAVE Area". */
struct cpuid_xsave_component {
    uint32_t size;
    uint32_t offset; /* in the standard format */
    bool align64;    /* in the compacted format */
};

#define CPUID_XSAVE_COMPONENTS 20

struct cpuid_view {
    /* By range (0, 0x40000000, 0x80000000, none) and leaf in it. */
    struct cpuid_slot slots[4][CPUID_VIEW_LEAVES];
    struct cpuid_slot highest; /* highest basic leaf: what leaves that do not exist answer */
    struct cpuid_slot kvm;     /* leaves from 0x40000100 */
    uint32_t count;
    struct cpuid_entry entries[CPUID_VIEW_ENTRIES];
    uint64_t xcr0; /* components the guest may enable */
    struct cpuid_xsave_component xsave[CPUID_XSAVE_COMPONENTS];
};

/* What a view is made from. */
struct cpuid_input {
    struct cpuid_result (*read)(uint32_t leaf, uint32_t subleaf); /* the CPU of this vCPU */
    uint64_t tsc_hz;
    uint64_t apic_timer_hz;
    uint32_t vcpu_index;
    uint32_t vcpu_count;
    const uint32_t *apic_ids; /* physical x2APIC ids of the VM's CPUs, by vCPU index */
    bool rdtscp;              /* whether these instructions work in guests: the secondary */
    bool invpcid;             /* processor-based controls chosen (vmx/controls.c) */
    bool xsaves;
    const struct vm_cpuid_hide *hide; /* bits shown as 0 on top of the policy */
    uint32_t hide_count;
};

/* Makes the view. On the vCPU's own CPU, before it starts; not hot. */
void cpuid_view_build(struct cpuid_view *view, const struct cpuid_input *input);

/* For leaves outside the three ranges of CPUID_VIEW_LEAVES leaves. */
const struct cpuid_entry *cpuid_policy_find_far(const struct cpuid_view *view, uint32_t leaf,
                                                uint32_t subleaf);

static inline const struct cpuid_entry *cpuid_slot_entry(const struct cpuid_view *view,
                                                         struct cpuid_slot slot, uint32_t subleaf)
{
    uint32_t entry = slot.first;
    if (slot.subleaves != 0) {
        entry = subleaf < slot.subleaves ? entry + subleaf : slot.other;
    }
    return &view->entries[entry];
}

/*
 * The hot path: the entry that answers (leaf, subleaf). Its result is the whole answer when
 * `dynamic` is 0; else cpuid_policy_patch() completes a copy.
 */
static inline const struct cpuid_entry *cpuid_policy_find(const struct cpuid_view *view,
                                                          uint32_t leaf, uint32_t subleaf)
{
    uint32_t offset = leaf & 0x3fffffffu;
    if (offset >= CPUID_VIEW_LEAVES) {
        return cpuid_policy_find_far(view, leaf, subleaf);
    }
    return cpuid_slot_entry(view, view->slots[leaf >> 30][offset], subleaf);
}

/* The vCPU's registers that dynamic answers depend on; only those that `dynamic` asks for. */
struct cpuid_state {
    uint64_t cr4;  /* OSXSAVE, OSPKE */
    uint64_t xcr0; /* XSAVE_SIZE, XSAVES_SIZE */
    uint64_t xss;  /* XSAVES_SIZE */
};

/* Completes `result`, a copy of an entry's, by the entry's `dynamic` bits. */
void cpuid_policy_patch(const struct cpuid_view *view, uint32_t dynamic, uint32_t subleaf,
                        const struct cpuid_state *state, struct cpuid_result *result);

/* Answer at rest (dynamic bits as at reset: 0): what other policies ask about the guest's CPU. */
struct cpuid_result cpuid_view_get(const struct cpuid_view *view, uint32_t leaf, uint32_t subleaf);

/*
 * CPUID leaf 0x15 for rates: crystal * numerator / denominator is the TSC's rate as exactly as
 * 32-bit fields allow, crystal the APIC timer's in whole kHz; crystal/1000 * numerator fits in
 * 32 bits (Linux multiplies so). Both rates at least 1 kHz, apic_hz below 4 GHz.
 */
struct cpuid_result cpuid_tsc_leaf(uint64_t tsc_hz, uint64_t apic_hz);

#endif
