/* SPDX-License-Identifier: Apache-2.0 */
/* Notes where a vCPU stands: when its VM crashes, and when it pauses. See kernel/crash.h. */
#ifndef VMX_SNAPSHOT_H
#define VMX_SNAPSHOT_H

#include "vmx/vcpu.h"

/* Into vcpu->snapshots, for the VM's crash record. Own CPU, VMCS current, about to leave. */
void vcpu_snapshot_crash(struct vcpu *vcpu);

/* The same for crash_paused(). Own CPU, VMCS current, about to wait in root mode. */
void vcpu_snapshot_pause(struct vcpu *vcpu);

#endif
