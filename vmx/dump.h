/* SPDX-License-Identifier: Apache-2.0 */
/* Says what a vCPU was doing when its VM crashed. */
#ifndef VMX_DUMP_H
#define VMX_DUMP_H

#include "vmx/vcpu.h"

/* Registers, guest-state fields and the last exits into the log. Own CPU, VMCS current. */
void vcpu_dump(const struct vcpu *vcpu);

#endif
