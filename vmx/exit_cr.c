/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control registers and XSETBV. A write that changes a bit of Bulkhead's is checked as the
 * processor would; when it may be done, the read shadow takes the new value and the guest executes
 * the instruction again, this time without an exit: the processor does the rest (kernel/cr_policy.h
 * says why that is right). SDM "Exit Qualification for Control-Register Accesses".
 */
#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "vmx/exit.h"
#include "vmx/vmcs.h"

static void read_state(struct cr_state *state)
{
    uint64_t rights = vmcs_read(VMCS_GUEST_CS_ACCESS_RIGHTS);
    state->cr0 = cr_policy_seen(vmcs_read(VMCS_GUEST_CR0), vmcs_read(VMCS_CR0_READ_SHADOW),
                                vmcs_read(VMCS_CR0_GUEST_HOST_MASK));
    state->cr4 = cr_policy_seen(vmcs_read(VMCS_GUEST_CR4), vmcs_read(VMCS_CR4_READ_SHADOW),
                                vmcs_read(VMCS_CR4_GUEST_HOST_MASK));
    state->efer = vmcs_read(VMCS_GUEST_IA32_EFER);
    state->code_64bit = (state->efer & EFER_LMA) && (rights & ACCESS_RIGHTS_L);
    state->cr3 = vmcs_read(VMCS_GUEST_CR3);
}

static uint64_t operand(struct vcpu *vcpu, uint64_t qualification, const struct cr_state *state)
{
    unsigned reg = (unsigned)FIELD_GET((uint64_t)CR_ACCESS_GPR, qualification);
    uint64_t value = reg == VCPU_RSP ? vmcs_read(VMCS_GUEST_RSP) : vcpu->regs[reg];
    return state->code_64bit ? value : (uint32_t)value;
}

enum exit_action exit_cr_access(struct vcpu *vcpu)
{
    uint64_t qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
    uint64_t type = FIELD_GET((uint64_t)CR_ACCESS_TYPE, qualification);
    struct cr_state state;
    read_state(&state);
    if (type == CR_ACCESS_LMSW) {
        /* Loads CR0[3:0] and cannot clear PE. Changed bits are the guest's own, shadow follows. */
        uint64_t source = FIELD_GET((uint64_t)CR_ACCESS_LMSW_SOURCE, qualification);
        vmcs_write(VMCS_CR0_READ_SHADOW,
                   (state.cr0 & ~UINT64_C(0xe)) | (source & 0xf) | (state.cr0 & CR0_PE));
        return EXIT_RESUME;
    }
    if (type == CR_ACCESS_CLTS) {
        vmcs_write(VMCS_CR0_READ_SHADOW, state.cr0 & ~CR0_TS);
        return EXIT_RESUME;
    }
    uint64_t value = operand(vcpu, qualification, &state);
    if ((qualification & CR_ACCESS_REGISTER) == 0) {
        if (!cr_policy_cr0_allowed(&vcpu->vm->cr_policy, &state, value)) {
            return EXIT_INJECT_GP;
        }
        vmcs_write(VMCS_CR0_READ_SHADOW, value);
        return EXIT_RESUME;
    }
    if (!cr_policy_cr4_allowed(&vcpu->vm->cr_policy, &state, value)) {
        return EXIT_INJECT_GP;
    }
    vmcs_write(VMCS_CR4_READ_SHADOW, value);
    return EXIT_RESUME;
}

enum exit_action exit_xsetbv(struct vcpu *vcpu)
{
    uint32_t index = (uint32_t)vcpu->regs[VCPU_RCX];
    uint64_t value = (uint32_t)vcpu->regs[VCPU_RAX] | vcpu->regs[VCPU_RDX] << 32;
    if (!cr_policy_xsetbv_allowed(&vcpu->vm->cr_policy, index, value)) {
        return EXIT_INJECT_GP;
    }
    return cpu_xsetbv_safe(index, value) ? EXIT_SKIP : EXIT_INJECT_GP;
}
