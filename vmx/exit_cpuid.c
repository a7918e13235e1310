/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID: the answer stands in the vCPU's view (kernel/cpuid_policy.h); a few bits follow registers.
 */
#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "vmx/exit.h"
#include "vmx/vmcs.h"

static void patch(struct vcpu *vcpu, const struct cpuid_entry *entry, struct cpuid_result *result)
{
    struct cpuid_state state = {0};
    const uint32_t sizes = CPUID_DYNAMIC_XSAVE_SIZE | CPUID_DYNAMIC_XSAVES_SIZE;
    if (entry->dynamic & (CPUID_DYNAMIC_OSXSAVE | CPUID_DYNAMIC_OSPKE)) {
        state.cr4 = vmcs_read(VMCS_GUEST_CR4);
    }
    if ((entry->dynamic & sizes) && (cpu_read_cr4() & CR4_OSXSAVE)) {
        state.xcr0 = cpu_xgetbv(0);
    }
    if (entry->dynamic & CPUID_DYNAMIC_XSAVES_SIZE) {
        cpu_rdmsr_safe(MSR_IA32_XSS, &state.xss);
    }
    cpuid_policy_patch(vcpu->cpuid, entry->dynamic, (uint32_t)vcpu->regs[VCPU_RCX], &state, result);
}

static inline void answer(struct vcpu *vcpu, const struct cpuid_result *result)
{
    vcpu->regs[VCPU_RAX] = result->eax;
    vcpu->regs[VCPU_RBX] = result->ebx;
    vcpu->regs[VCPU_RCX] = result->ecx;
    vcpu->regs[VCPU_RDX] = result->edx;
}

/* Leaves with subleaves or with bits that follow registers. */
static __attribute__((noinline)) enum exit_action look_up(struct vcpu *vcpu)
{
    const struct cpuid_entry *entry = cpuid_policy_find(vcpu->cpuid, (uint32_t)vcpu->regs[VCPU_RAX],
                                                        (uint32_t)vcpu->regs[VCPU_RCX]);
    struct cpuid_result result = entry->result;
    if (entry->dynamic != 0) {
        patch(vcpu, entry, &result);
    }
    answer(vcpu, &result);
    return EXIT_SKIP;
}

enum exit_action exit_cpuid(struct vcpu *vcpu)
{
    uint32_t index = cpuid_fast_index((uint32_t)vcpu->regs[VCPU_RAX]);
    if (index >= CPUID_FAST_COUNT || vcpu->cpuid_fast[index] == NULL) {
        return look_up(vcpu);
    }
    answer(vcpu, vcpu->cpuid_fast[index]);
    return EXIT_SKIP;
}
