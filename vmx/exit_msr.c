/* SPDX-License-Identifier: Apache-2.0 */
/* RDMSR and WRMSR of what the bitmap does not let pass; decided by kernel/msr_policy.h. */
#include "drivers/lapic.h"
#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/legacy.h"
#include "kernel/msr.h"
#include "kernel/msr_rules.h"
#include "kernel/xapic.h"
#include "vmx/exit.h"
#include "vmx/vmcs.h"

/* The x2APIC's registers exist in x2APIC mode only. */
static inline bool is_absent_x2apic(const struct vcpu *vcpu, uint32_t msr)
{
    return msr - MSR_X2APIC_FIRST <= MSR_X2APIC_LAST - MSR_X2APIC_FIRST &&
           !(vcpu->msr.apic_base & APIC_BASE_EXTD);
}

static inline enum exit_action give_value(struct vcpu *vcpu, uint64_t value)
{
    vcpu->regs[VCPU_RAX] = (uint32_t)value;
    vcpu->regs[VCPU_RDX] = value >> 32;
    return EXIT_SKIP;
}

static COLD enum exit_action read_any(struct vcpu *vcpu)
{
    uint32_t msr = (uint32_t)vcpu->regs[VCPU_RCX];
    uint64_t value = 0;
    if (is_absent_x2apic(vcpu, msr)) {
        return EXIT_INJECT_GP;
    }
    if (msr == MSR_X2APIC_LVT_LINT0 && legacy_has_lint0(vcpu)) {
        return give_value(vcpu, vcpu->lint0);
    }
    switch (msr_policy_read(&vcpu->vm->msr_policy, &vcpu->msr, msr, &value)) {
    case MSR_DONE:
        return give_value(vcpu, value);
    case MSR_FAULT:
        return EXIT_INJECT_GP;
    default:
        vm_note_denied(vcpu, VM_DENIED_MSR_READ, msr);
        return EXIT_INJECT_GP;
    }
}

enum exit_action exit_rdmsr(struct vcpu *vcpu)
{
    const struct msr_policy *policy = &vcpu->vm->msr_policy;
    uint64_t msr = (uint32_t)vcpu->regs[VCPU_RCX];
    size_t row = msr < MSR_POLICY_DIRECT ? policy->direct[msr] : 0;
    if (row != 0) {
        const struct msr_rule *rule = msr_rules + (row - 1);
        if (rule->read != MSR_SOURCE_NONE) {
            return give_value(vcpu, msr_rule_value(rule, policy, &vcpu->msr));
        }
    }
    return read_any(vcpu);
}

/* A fixed interrupt to all others of the VM, which Linux sends often; true when it was that. */
static inline bool send_to_others(struct vcpu *vcpu, uint64_t value)
{
    uint32_t low = (uint32_t)value & ~(uint32_t)ICR_ASSERT;
    if (low - (ICR_SHORTHAND_OTHERS | 16u) > 255 - 16) {
        return false;
    }
    const struct vm *vm = vcpu->vm;
    __asm__ volatile("mfence; lfence" : : : "memory");
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        if (i != vcpu->index) {
            cpu_wrmsr(MSR_X2APIC_ICR, icr_fixed((uint8_t)low, vm->apic_map.id[i]));
        }
    }
    return true;
}

static enum exit_action write_icr(struct vcpu *vcpu, uint64_t value)
{
    if (icr_is_plain(&vcpu->vm->apic_map, value)) {
        lapic_write_icr(value);
        return EXIT_SKIP;
    }
    if (send_to_others(vcpu, value)) {
        return EXIT_SKIP;
    }
    struct icr_request request = icr_decode_x2apic(&vcpu->vm->apic_map, vcpu->index, value);
    if (!vm_send_ipi(vcpu, &request)) {
        return EXIT_INJECT_GP;
    }
    return EXIT_SKIP;
}

enum exit_action exit_wrmsr(struct vcpu *vcpu)
{
    uint32_t msr = (uint32_t)vcpu->regs[VCPU_RCX];
    uint64_t value = (uint32_t)vcpu->regs[VCPU_RAX] | vcpu->regs[VCPU_RDX] << 32;
    if (is_absent_x2apic(vcpu, msr)) {
        return EXIT_INJECT_GP;
    }
    if (msr == MSR_X2APIC_ICR) {
        return write_icr(vcpu, value);
    }
    uint64_t old_apic_base = vcpu->msr.apic_base;
    switch (msr_policy_write(&vcpu->vm->msr_policy, &vcpu->msr, msr, &value)) {
    case MSR_DONE:
        if (vcpu->msr.apic_base != old_apic_base) {
            xapic_update_bitmap(vcpu);
        }
        return EXIT_SKIP;
    case MSR_HARDWARE:
        return cpu_wrmsr_safe(msr, value) ? EXIT_SKIP : EXIT_INJECT_GP;
    case MSR_ICR:
        return write_icr(vcpu, value);
    case MSR_LVT:
        return xapic_write_lvt(vcpu, msr, value) ? EXIT_SKIP : EXIT_INJECT_GP;
    case MSR_IGNORED:
        vcpu->counters.denied++;
        return EXIT_SKIP;
    case MSR_FAULT:
        return EXIT_INJECT_GP;
    case MSR_DENIED:
        break;
    }
    vm_note_denied(vcpu, VM_DENIED_MSR_WRITE, msr);
    return EXIT_INJECT_GP;
}
