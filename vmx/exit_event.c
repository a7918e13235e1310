/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits by events: exceptions that are intercepted, NMIs, triple faults, failed entries. NMIs are
 * Bulkhead's own (kicks): the request is looked at before the next entry; so are the requests that
 * a machine check leaves. #DB and #AC exit so that a guest which faults for ever while one of them
 * is delivered stays reachable by kicks.
 */
#include "kernel/console.h"
#include "kernel/cpu_regs.h"
#include "kernel/log.h"
#include "kernel/machine_check.h"
#include "kernel/panic.h"
#include "vmx/event.h"
#include "vmx/exit.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_names.h"

#define DR7_GD            BIT(13)
#define DR6_RESERVED_ONES UINT64_C(0xffff0ff0)

/* A #DB that exits has changed neither DR6 nor DR7: SDM "Architectural State Before a VM Exit". */
static void complete_debug_exception(void)
{
    uint64_t causes = vmcs_read(VMCS_EXIT_QUALIFICATION);
    uint64_t dr6;
    __asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
    dr6 = (dr6 & ~UINT64_C(0xf)) | DR6_RESERVED_ONES | (causes & 0x600f);
    __asm__ volatile("mov %0, %%dr6" : : "r"(dr6));
    vmcs_write(VMCS_GUEST_DR7, vmcs_read(VMCS_GUEST_DR7) & ~DR7_GD);
    /* "Checks on Guest Non-Register State": with TF, blocking by STI or MOV SS demands BS. */
    const uint64_t blocking = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS;
    if ((vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & blocking) &&
        (vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_TF)) {
        vmcs_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
                   vmcs_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) | DEBUG_EXCEPTION_BS);
    }
}

static enum exit_action exception_or_nmi(struct vcpu *vcpu)
{
    uint32_t info = (uint32_t)vmcs_read(VMCS_VM_EXIT_INTERRUPTION_INFO);
    if (FIELD_GET((uint64_t)INTR_INFO_TYPE, info) == INTR_TYPE_NMI) {
        panic_stop_if_asked();
        console_nmi();
        return EXIT_RESUME;
    }
    uint32_t vector = info & INTR_INFO_VECTOR;
    if (vector == VECTOR_MC) {
        machine_check_in_guest(vcpu);
        return EXIT_RESUME;
    }
    if (vector == VECTOR_DB) {
        complete_debug_exception();
    }
    event_inject(info &
                     (INTR_INFO_VALID | INTR_INFO_ERROR_CODE | INTR_INFO_TYPE | INTR_INFO_VECTOR),
                 (uint32_t)vmcs_read(VMCS_VM_EXIT_INTERRUPTION_ERROR_CODE),
                 (uint32_t)vmcs_read(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
    return EXIT_INJECT;
}

enum exit_action exit_exception_or_nmi(struct vcpu *vcpu)
{
    return event_redeliver(vcpu, exception_or_nmi(vcpu));
}

enum exit_action exit_triple_fault(struct vcpu *vcpu)
{
    vm_end(vcpu->vm, VM_END_CRASH, "triple fault of vCPU %u", vcpu->index);
    return EXIT_LEAVE;
}

enum exit_action exit_entry_failure(struct vcpu *vcpu)
{
    uint32_t reason = (uint32_t)vmcs_read(VMCS_EXIT_REASON);
    if ((reason & EXIT_REASON_BASIC) == EXIT_REASON_ENTRY_FAILURE_MACHINE_CHECK) {
        /* Such an entry leaves the guest's state and the event to inject as they were. */
        machine_check_in_guest(vcpu);
        return EXIT_RESUME;
    }
    uint64_t qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
    vm_end(vcpu->vm, VM_END_CRASH, "VM entry of vCPU %u failed: %s, %s", vcpu->index,
           vmx_exit_reason_name(reason), vmx_entry_failure_name(qualification));
    return EXIT_LEAVE;
}

enum exit_action exit_task_switch(struct vcpu *vcpu)
{
    vm_end(vcpu->vm, VM_END_CRASH, "hardware task switch of vCPU %u, which is not emulated",
           vcpu->index);
    return EXIT_LEAVE;
}

enum exit_action exit_ept_misconfiguration(struct vcpu *vcpu)
{
    /* The tables are Bulkhead's own; a bad entry there concerns every VM. */
    panic("EPT misconfiguration at gpa %lx of VM %s", vmcs_read(VMCS_GUEST_PHYSICAL_ADDRESS),
          vcpu->vm->plan->name);
}
