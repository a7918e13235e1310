/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of exits: which handler serves an exit reason. vcpu_run() looks reasons up here; each
 * family of handlers has a file of its own (vmx/exit_*.c).
 */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

#include "vmx/vcpu.h"
#include "vmx/vmx_defs.h"

/* By basic exit reason, whose upper bits are always 0. Constant; no entry is NULL. */
#define EXIT_TABLE_SIZE 128
extern enum exit_action (*const exit_table[EXIT_TABLE_SIZE])(struct vcpu *vcpu);

/* Handlers: current VMCS is the vCPU's, guest registers are in vcpu->regs. */
enum exit_action exit_unknown(struct vcpu *vcpu);
enum exit_action exit_cpuid(struct vcpu *vcpu);
enum exit_action exit_rdmsr(struct vcpu *vcpu);
enum exit_action exit_wrmsr(struct vcpu *vcpu);
enum exit_action exit_io_instruction(struct vcpu *vcpu);
enum exit_action exit_ept_violation(struct vcpu *vcpu);
enum exit_action exit_ept_misconfiguration(struct vcpu *vcpu);
enum exit_action exit_cr_access(struct vcpu *vcpu);
enum exit_action exit_xsetbv(struct vcpu *vcpu);
enum exit_action exit_vmcall(struct vcpu *vcpu);
enum exit_action exit_exception_or_nmi(struct vcpu *vcpu);
enum exit_action exit_triple_fault(struct vcpu *vcpu);
enum exit_action exit_task_switch(struct vcpu *vcpu);
enum exit_action exit_entry_failure(struct vcpu *vcpu);
enum exit_action exit_preemption_timer(struct vcpu *vcpu);

#endif
