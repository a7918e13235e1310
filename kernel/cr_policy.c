/* SPDX-License-Identifier: Apache-2.0 */
/* Control registers of guests; see the header. Pure. */
#include "kernel/cr_policy.h"

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"

/*
 * NE must be 1 in VMX operation. CD and NW are not switched by entries and exits, and on many
 * processors the threads of a core share the caches that CD turns off.
 */
#define CR0_OWNED  (CR0_NE | CR0_CD | CR0_NW)
#define CR0_FORCED (CR0_NE | CR0_ET)

/* Machine checks are always taken by Bulkhead; VMXE must be 1 in VMX operation. */
#define CR4_FORCED  (CR4_VMXE | CR4_MCE)

#define XCR0_AVX512 (XCR0_OPMASK | XCR0_ZMM_HI256 | XCR0_HI16_ZMM)
#define XCR0_BOUNDS (XCR0_BNDREGS | XCR0_BNDCSR)
#define XCR0_TILES  (XCR0_TILECFG | XCR0_TILEDATA)

/* Bits of CR4 a guest may set, with the CPUID bit that offers each. Others are reserved to it. */
static const struct {
    uint64_t cr4;
    uint32_t leaf;
    size_t word; /* in struct cpuid_result */
    uint32_t bit;
} cr4_bits[] = {
    {CR4_VME | CR4_PVI, 1, offsetof(struct cpuid_result, edx), CPUID_1_EDX_VME},
    {CR4_TSD, 1, offsetof(struct cpuid_result, edx), CPUID_1_EDX_TSC},
    {CR4_DE, 1, offsetof(struct cpuid_result, edx), CPUID_1_EDX_DE},
    {CR4_PSE, 1, offsetof(struct cpuid_result, edx), CPUID_1_EDX_PSE},
    {CR4_PAE, 1, offsetof(struct cpuid_result, edx), CPUID_1_EDX_PAE},
    {CR4_MCE, 1, offsetof(struct cpuid_result, edx), CPUID_1_EDX_MCE},
    {CR4_PGE, 1, offsetof(struct cpuid_result, edx), CPUID_1_EDX_PGE},
    {CR4_PCE, 1, offsetof(struct cpuid_result, edx),
     CPUID_1_EDX_MSR}, /* RDPMC: no bit of its own */
    {CR4_OSFXSR, 1, offsetof(struct cpuid_result, edx), CPUID_1_EDX_FXSR},
    {CR4_OSXMMEXCPT, 1, offsetof(struct cpuid_result, edx), CPUID_1_EDX_SSE},
    {CR4_UMIP, 7, offsetof(struct cpuid_result, ecx), CPUID_7_ECX_UMIP},
    {CR4_FSGSBASE, 7, offsetof(struct cpuid_result, ebx), CPUID_7_EBX_FSGSBASE},
    {CR4_PCIDE, 1, offsetof(struct cpuid_result, ecx), CPUID_1_ECX_PCID},
    {CR4_OSXSAVE, 1, offsetof(struct cpuid_result, ecx), CPUID_1_ECX_XSAVE},
    {CR4_SMEP, 7, offsetof(struct cpuid_result, ebx), CPUID_7_EBX_SMEP},
    {CR4_SMAP, 7, offsetof(struct cpuid_result, ebx), CPUID_7_EBX_SMAP},
    {CR4_PKE, 7, offsetof(struct cpuid_result, ecx), CPUID_7_ECX_PKU},
};

void cr_policy_init(struct cr_policy *policy, const struct cpuid_view *view, uint64_t cr4_fixed1)
{
    uint64_t settable = 0;
    for (size_t i = 0; i < ARRAY_SIZE(cr4_bits); i++) {
        struct cpuid_result r = cpuid_view_get(view, cr4_bits[i].leaf, 0);
        uint32_t word = *(const uint32_t *)((const uint8_t *)&r + cr4_bits[i].word);
        if (word & cr4_bits[i].bit) {
            settable |= cr4_bits[i].cr4;
        }
    }
    settable &= cr4_fixed1;
    *policy = (struct cr_policy){
        .cr0_mask = CR0_OWNED,
        .cr4_mask = ~(settable & ~CR4_FORCED),
        .cr4_settable = settable,
        .xcr0 = view->xcr0,
    };
}

/* Bits 31:0 that are reserved in CR0 are ignored by processors; only the upper half faults. */
bool cr_policy_cr0_allowed(const struct cr_policy *policy, const struct cr_state *state,
                           uint64_t value)
{
    (void)policy;
    bool begins_paging = (value & CR0_PG) && !(state->cr0 & CR0_PG);
    bool ends_paging = !(value & CR0_PG) && (state->cr0 & CR0_PG);
    if ((value >> 32) != 0 || ((value & CR0_PG) && !(value & CR0_PE)) ||
        ((value & CR0_NW) && !(value & CR0_CD))) {
        return false;
    }
    if (begins_paging && (state->efer & EFER_LME)) {
        return (state->cr4 & CR4_PAE) && !state->code_64bit;
    }
    return !ends_paging || (!state->code_64bit && !(state->cr4 & CR4_PCIDE));
}

bool cr_policy_cr4_allowed(const struct cr_policy *policy, const struct cr_state *state,
                           uint64_t value)
{
    bool long_mode = state->efer & EFER_LMA;
    bool begins_pcids = (value & CR4_PCIDE) && !(state->cr4 & CR4_PCIDE);
    if (value & ~policy->cr4_settable) {
        return false;
    }
    if (long_mode && !(value & CR4_PAE)) {
        return false;
    }
    return !begins_pcids || (long_mode && (state->cr3 & CR3_PCID) == 0);
}

uint64_t cr_policy_real_cr0(uint64_t cr0)
{
    return (cr0 | CR0_FORCED) & ~(CR0_CD | CR0_NW);
}

uint64_t cr_policy_real_cr4(uint64_t cr4)
{
    return cr4 | CR4_FORCED;
}

/* True when a set of components that belong together is there wholly or not at all. */
static bool whole_or_none(uint64_t value, uint64_t set)
{
    return (value & set) == 0 || (value & set) == set;
}

bool cr_policy_xsetbv_allowed(const struct cr_policy *policy, uint32_t index, uint64_t value)
{
    if (index != 0 || (value & ~policy->xcr0) || !(value & XCR0_X87)) {
        return false;
    }
    if (!whole_or_none(value, XCR0_AVX512) || !whole_or_none(value, XCR0_BOUNDS) ||
        !whole_or_none(value, XCR0_TILES)) {
        return false;
    }
    if ((value & XCR0_AVX512) && !(value & XCR0_AVX)) {
        return false;
    }
    return !(value & XCR0_AVX) || (value & XCR0_SSE);
}
