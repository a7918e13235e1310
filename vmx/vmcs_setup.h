/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a VMCS: controls and host state once, guest state at each start of a vCPU. */
#ifndef VMX_VMCS_SETUP_H
#define VMX_VMCS_SETUP_H

#include "kernel/vm_plan.h"
#include "vmx/vcpu.h"

/* Writes controls and host-state area of the current VMCS. Own CPU, after VMPTRLD. */
void vmcs_setup_controls(struct vcpu *vcpu);

/*
 * Guest state at the start: registers as `start` says, or (NULL) as after INIT and SIPI with
 * `sipi_vector`. Also clears the general registers and the state that no VMCS holds.
 */
void vmcs_setup_guest(struct vcpu *vcpu, const struct vm_start *start, uint32_t sipi_vector);

#endif
