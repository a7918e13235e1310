/* SPDX-License-Identifier: Apache-2.0 */
/* Names of VMX numbers for logs and dumps, in the manual's words. Pure; any context. */
#ifndef VMX_VMX_NAMES_H
#define VMX_VMX_NAMES_H

#include "kernel/types.h"

/* "VMX Basic Exit Reasons"; reason: the whole field or its low 16 bits. Never NULL. */
const char *vmx_exit_reason_name(uint32_t reason);

/* "VM-Instruction Error Numbers". Never NULL. */
const char *vmx_instruction_error_name(uint32_t error);

/*
 * What the exit qualification says after a VM-entry failure for invalid guest state (exit reason
 * 33). For reason 34 the qualification is the number of the MSR-load entry, counted from 1.
 */
const char *vmx_entry_failure_name(uint64_t qualification);

/* A VMCS field for a dump. */
struct vmx_field_name {
    uint32_t field;
    const char *name; /* without area prefix, e.g. "CS selector" */
};

/* Every guest-state field that Bulkhead's VMCSs have, in an order good to read. */
extern const struct vmx_field_name vmx_guest_fields[];
extern const size_t vmx_guest_field_count;

/* Fields that tell why the last exit happened, and the controls. */
extern const struct vmx_field_name vmx_exit_fields[];
extern const size_t vmx_exit_field_count;
extern const struct vmx_field_name vmx_control_fields[];
extern const size_t vmx_control_field_count;

#endif
