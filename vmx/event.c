/* SPDX-License-Identifier: Apache-2.0 */
/* Event injection; see the header. */
#include "vmx/event.h"

#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/legacy.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_defs.h"

#define EXCEPTION_INFO                                                                             \
    (INTR_INFO_VALID | (uint32_t)FIELD_SET((uint64_t)INTR_INFO_TYPE, INTR_TYPE_HARDWARE_EXCEPTION))
#define CONTRIBUTORY (BIT(0) | BIT(10) | BIT(11) | BIT(12) | BIT(13))
#define PAGE_FAULTS  (BIT(14) | BIT(20))

void event_inject(uint32_t info, uint32_t error_code, uint32_t instruction_length)
{
    vmcs_write(VMCS_VM_ENTRY_INTERRUPTION_INFO, info);
    if (info & INTR_INFO_ERROR_CODE) {
        vmcs_write(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, error_code);
    }
    uint32_t type = (uint32_t)FIELD_GET((uint64_t)INTR_INFO_TYPE, info);
    if (type >= INTR_TYPE_SOFTWARE_INTERRUPT) {
        vmcs_write(VMCS_VM_ENTRY_INSTRUCTION_LENGTH, instruction_length);
    }
}

/* A fault is delivered with RF set in the saved RFLAGS (SDM "Resume Flag"). */
static void set_resume_flag(void)
{
    vmcs_write(VMCS_GUEST_RFLAGS, vmcs_read(VMCS_GUEST_RFLAGS) | RFLAGS_RF);
}

void event_inject_exception(uint32_t vector)
{
    set_resume_flag();
    event_inject(EXCEPTION_INFO | vector, 0, 0);
}

/* Outside of protected mode no exception pushes an error code: SDM "Real-Address Mode". */
void event_inject_exception_with_code(uint32_t vector, uint32_t error_code)
{
    bool protected_mode = (vmcs_read(VMCS_GUEST_CR0) & CR0_PE) != 0;
    set_resume_flag();
    event_inject(EXCEPTION_INFO | vector | (protected_mode ? INTR_INFO_ERROR_CODE : 0), error_code,
                 0);
}

void event_inject_page_fault(uint64_t address, uint32_t error_code)
{
    cpu_write_cr2(address);
    event_inject_exception_with_code(VECTOR_PF, error_code);
}

bool event_delivery_interrupted(void)
{
    return (vmcs_read(VMCS_IDT_VECTORING_INFO) & INTR_INFO_VALID) != 0;
}

/* What the processor makes of a second exception during the delivery of a first. */
static enum exit_action combine(struct vcpu *vcpu, uint32_t first, uint32_t second)
{
    if (first == VECTOR_DF) {
        vm_end(vcpu->vm, VM_END_CRASH, "triple fault");
        return EXIT_LEAVE;
    }
    bool both = (BIT(first) & CONTRIBUTORY) && (BIT(second) & CONTRIBUTORY);
    bool after_page_fault =
        (BIT(first) & PAGE_FAULTS) && (BIT(second) & (CONTRIBUTORY | PAGE_FAULTS));
    if (both || after_page_fault) {
        event_inject_exception_with_code(VECTOR_DF, 0);
        return EXIT_RESUME;
    }
    return EXIT_RESUME; /* the second alone: the first comes again by itself */
}

static uint32_t action_vector(enum exit_action action)
{
    switch (action) {
    case EXIT_INJECT_UD:
        return VECTOR_UD;
    case EXIT_INJECT_GP:
        return VECTOR_GP;
    default:
        return (uint32_t)vmcs_read(VMCS_VM_ENTRY_INTERRUPTION_INFO) & INTR_INFO_VECTOR;
    }
}

static void deliver_again(uint32_t vectoring)
{
    uint32_t type = (uint32_t)FIELD_GET((uint64_t)INTR_INFO_TYPE, vectoring);
    if (type == INTR_TYPE_NMI) {
        /* Its delivery begins anew, and so does the blocking that it brings. */
        vmcs_write(VMCS_GUEST_INTERRUPTIBILITY,
                   vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & ~(uint64_t)INTERRUPTIBILITY_NMI);
    }
    event_inject(vectoring &
                     (INTR_INFO_VALID | INTR_INFO_ERROR_CODE | INTR_INFO_TYPE | INTR_INFO_VECTOR),
                 (uint32_t)vmcs_read(VMCS_IDT_VECTORING_ERROR_CODE),
                 (uint32_t)vmcs_read(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
}

/* An IRET that faulted had already ended NMI blocking; it will be executed again. */
static void restore_nmi_blocking(uint32_t reason)
{
    bool by_iret = false;
    if (reason == EXIT_REASON_EXCEPTION_OR_NMI) {
        uint32_t info = (uint32_t)vmcs_read(VMCS_VM_EXIT_INTERRUPTION_INFO);
        by_iret = (info & INTR_INFO_NMI_UNBLOCKING) && (info & INTR_INFO_VECTOR) != VECTOR_DF;
    } else if (reason == EXIT_REASON_EPT_VIOLATION) {
        by_iret = (vmcs_read(VMCS_EXIT_QUALIFICATION) & EPT_VIOLATION_NMI_UNBLOCKING) != 0;
    }
    if (by_iret) {
        vmcs_write(VMCS_GUEST_INTERRUPTIBILITY,
                   vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) | INTERRUPTIBILITY_NMI);
    }
}

enum exit_action event_redeliver(struct vcpu *vcpu, enum exit_action action)
{
    uint32_t vectoring = (uint32_t)vmcs_read(VMCS_IDT_VECTORING_INFO);
    if (!(vectoring & INTR_INFO_VALID)) {
        restore_nmi_blocking((uint32_t)vmcs_read(VMCS_EXIT_REASON) & EXIT_REASON_BASIC);
        return action;
    }
    uint32_t type = (uint32_t)FIELD_GET((uint64_t)INTR_INFO_TYPE, vectoring);
    switch (action) {
    case EXIT_RESUME:
        deliver_again(vectoring);
        return EXIT_RESUME;
    case EXIT_INJECT:
    case EXIT_INJECT_GP:
    case EXIT_INJECT_UD:
        if (type != INTR_TYPE_HARDWARE_EXCEPTION) {
            return action;
        }
        if (action != EXIT_INJECT) {
            event_inject_exception_with_code(action_vector(action), 0);
        }
        return combine(vcpu, vectoring & INTR_INFO_VECTOR, action_vector(action));
    default:
        return action;
    }
}

COLD enum exit_action event_inject_machine_check(struct vcpu *vcpu)
{
    bool open = (vmcs_read(VMCS_CR4_READ_SHADOW) & CR4_MCE) != 0;
    if (!open || !guest_mca_begin(&vcpu->msr.mca)) {
        vm_end(vcpu->vm, VM_END_CRASH, "machine check on purpose of vCPU %u while %s", vcpu->index,
               open ? "it handles another" : "CR4.MCE is clear");
        return EXIT_LEAVE;
    }
    event_inject(EXCEPTION_INFO | VECTOR_MC, 0, 0);
    return EXIT_INJECT;
}

COLD void event_request_machine_check(struct vcpu *vcpu)
{
    if (vmcs_read(VMCS_VM_ENTRY_INTERRUPTION_INFO) & INTR_INFO_VALID) {
        vcpu_request(vcpu, VCPU_REQUEST_MC); /* right behind it */
    } else {
        event_inject_machine_check(vcpu);
    }
}

static bool can_take_nmi(void)
{
    /* Blocking by STI need not hold back NMIs, and some processors open the window under it. */
    const uint64_t blocking = INTERRUPTIBILITY_NMI | INTERRUPTIBILITY_MOV_SS;
    return (vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & blocking) == 0 &&
           !(vmcs_read(VMCS_VM_ENTRY_INTERRUPTION_INFO) & INTR_INFO_VALID);
}

/* window: CPU_BASED_NMI_WINDOW_EXITING or CPU_BASED_INTERRUPT_WINDOW_EXITING */
static void set_window(struct vcpu *vcpu, uint32_t window, bool on)
{
    vcpu->vmx->procbased = on ? vcpu->vmx->procbased | window : vcpu->vmx->procbased & ~window;
    vmcs_write(VMCS_PROCBASED_CONTROLS, vcpu->vmx->procbased);
}

static void inject_nmi(void)
{
    event_inject(INTR_INFO_VALID | (uint32_t)FIELD_SET((uint64_t)INTR_INFO_TYPE, INTR_TYPE_NMI) |
                     VECTOR_NMI,
                 0, 0);
}

void event_request_nmi(struct vcpu *vcpu)
{
    if (can_take_nmi()) {
        vmcs_write(VMCS_GUEST_INTERRUPTIBILITY,
                   vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & ~(uint64_t)INTERRUPTIBILITY_STI);
        inject_nmi();
    } else {
        set_window(vcpu, CPU_BASED_NMI_WINDOW_EXITING, true);
    }
}

enum exit_action exit_nmi_window(struct vcpu *vcpu)
{
    set_window(vcpu, CPU_BASED_NMI_WINDOW_EXITING, false);
    event_request_nmi(vcpu);
    return EXIT_RESUME;
}

/* ---- the PIC's interrupts, in VMs with `legacy` ---- */

static bool can_take_interrupt(void)
{
    const uint64_t blocking = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS;
    return (vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF) &&
           !(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & blocking) &&
           !(vmcs_read(VMCS_VM_ENTRY_INTERRUPTION_INFO) & INTR_INFO_VALID);
}

/*
 * What is requested beyond the one that is injected waits for the window: SDM "Interrupt-Window
 * Exiting and Virtual-Interrupt Delivery". A CPU in HLT is woken by the injection.
 */
void event_request_interrupt(struct vcpu *vcpu)
{
    if (legacy_interrupt_pending(vcpu) && can_take_interrupt()) {
        vmcs_write(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE);
        event_inject(INTR_INFO_VALID | legacy_acknowledge(vcpu), 0, 0);
    }
    set_window(vcpu, CPU_BASED_INTERRUPT_WINDOW_EXITING, legacy_interrupt_pending(vcpu));
}

enum exit_action exit_interrupt_window(struct vcpu *vcpu)
{
    event_request_interrupt(vcpu);
    return EXIT_RESUME;
}
