/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control registers of a guest: which bits are the hypervisor's, which a guest may set, and what
 * XSETBV accepts. Pure; called when a VMCS is filled and by the exits of MOV to CR and XSETBV.
 * SDM volume 3, "Control Registers", "Guest/Host Masks and Read Shadows for CR0 and CR4", "XSETBV".
 *
 * The guest's own bits change without exits. A write that changes a masked bit exits; when it is
 * allowed, the handler puts the new value into the read shadow and lets the guest execute the
 * instruction again: masked bits then equal the shadow, so it does not exit, and the processor
 * itself carries out everything else that the write means (paging modes, PDPTEs, EFER.LMA).
 */
#ifndef KERNEL_CR_POLICY_H
#define KERNEL_CR_POLICY_H

#include "kernel/cpuid_policy.h"
#include "kernel/types.h"

struct cr_policy {
    uint64_t cr0_mask; /* guest/host masks for the VMCS */
    uint64_t cr4_mask;
    uint64_t cr4_settable; /* bits that the guest may set: what its CPUID offers */
    uint64_t xcr0;         /* components that XSETBV may set */
};

/* view: what the guest's CPUID says. cr4_fixed1: IA32_VMX_CR4_FIXED1. One policy serves a VM. */
void cr_policy_init(struct cr_policy *policy, const struct cpuid_view *view, uint64_t cr4_fixed1);

/* The registers as the guest sees them: its own bits, and for masked ones the read shadow. */
struct cr_state {
    uint64_t cr0;
    uint64_t cr4;
    uint64_t efer;
    bool code_64bit; /* CS.L: the guest executes 64-bit code */
    uint64_t cr3;    /* for CR4.PCIDE */
};

/*
 * May the guest write `value`? False: #GP. Every rule of "MOV—Move to/from Control Registers" is
 * checked, so that the instruction succeeds when it is executed again (except loading PDPTEs).
 */
bool cr_policy_cr0_allowed(const struct cr_policy *policy, const struct cr_state *state,
                           uint64_t value);
bool cr_policy_cr4_allowed(const struct cr_policy *policy, const struct cr_state *state,
                           uint64_t value);

/* Guest-state field for a register value that the guest is to see; read shadow: the value. */
uint64_t cr_policy_real_cr0(uint64_t cr0);
uint64_t cr_policy_real_cr4(uint64_t cr4);

/* What the guest sees, from guest-state field, read shadow and mask. */
static inline uint64_t cr_policy_seen(uint64_t field, uint64_t shadow, uint64_t mask)
{
    return (field & ~mask) | (shadow & mask);
}

/* XSETBV with ECX = index and EDX:EAX = value. False: #GP. (CPL and CR4.OSXSAVE: hardware.) */
bool cr_policy_xsetbv_allowed(const struct cr_policy *policy, uint32_t index, uint64_t value);

#endif
