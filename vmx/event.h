/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events on their way into the guest: exceptions that handlers inject, deliveries that an exit
 * interrupted, NMIs from other vCPUs. SDM "Event Injection", "Information for VM Exits That Occur
 * During Event Delivery". All act on the current VMCS.
 */
#ifndef VMX_EVENT_H
#define VMX_EVENT_H

#include "kernel/cpu_regs.h"
#include "vmx/vcpu.h"

/* The next entry delivers a fault; handlers then return EXIT_INJECT. */
void event_inject_exception(uint32_t vector);
void event_inject_exception_with_code(uint32_t vector, uint32_t error_code);
void event_inject_page_fault(uint64_t address, uint32_t error_code);

/* The same for an event in the format of the interruption-information fields. */
void event_inject(uint32_t info, uint32_t error_code, uint32_t instruction_length);

/* True when the last exit happened while an event was delivered. */
bool event_delivery_interrupted(void);

/*
 * Delivers again what the last exit interrupted, if anything, combining it with a fault that
 * `action` asks for as the processor would (SDM "Interrupt 8 - Double Fault Exception"); also
 * restores NMI blocking that an IRET had just removed. Returns the action that is left to do.
 */
enum exit_action event_redeliver(struct vcpu *vcpu, enum exit_action action);

/* An NMI from another vCPU or by command: delivered now, or when the guest can take it. */
void event_request_nmi(struct vcpu *vcpu);

/*
 * A machine check on purpose, with what vcpu->msr.mca says: EXIT_INJECT, or EXIT_LEAVE where
 * hardware would shut down ("Machine-Check Exception (#MC)"): CR4.MCE is clear, or one is in
 * progress; the VM has ended then. No other event may be on its way in.
 */
enum exit_action event_inject_machine_check(struct vcpu *vcpu);

/* The same at the next entry at which no other event is on its way in. */
void event_request_machine_check(struct vcpu *vcpu);

/* The PIC's interrupt, if there is one: delivered now, or when the guest can take it. */
void event_request_interrupt(struct vcpu *vcpu);

/* Handlers of NMI-window and interrupt-window exits. */
enum exit_action exit_nmi_window(struct vcpu *vcpu);
enum exit_action exit_interrupt_window(struct vcpu *vcpu);

#endif
