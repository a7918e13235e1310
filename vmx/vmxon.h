/* SPDX-License-Identifier: Apache-2.0 */
/* Turning VMX operation on, on the calling CPU (SDM "Enabling and Entering VMX Operation"). */
#ifndef VMX_VMXON_H
#define VMX_VMXON_H

#include "kernel/percpu.h"

/*
 * Enables VMX in IA32_FEATURE_CONTROL where the firmware left it unlocked, sets CR0 and CR4 as the
 * fixed-bit MSRs demand, and executes VMXON with cpu->vmxon_region. vmx_features_check() has
 * passed on this CPU. NULL on success, else what failed, in words.
 */
const char *vmx_on(struct percpu *cpu);

#endif
