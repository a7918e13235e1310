/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls as guests/include/bulkhead_abi.h defines them; no vendor mechanism here. */
#ifndef KERNEL_HYPERCALL_H
#define KERNEL_HYPERCALL_H

#include "kernel/vcpu.h"

#define HYPERCALL_COUNT (BULKHEAD_CALL_COUNTERS + 1)

/* By number; each takes its arguments from the vCPU's registers and returns what RAX is to hold. */
extern int64_t (*const hypercall_table[HYPERCALL_COUNT])(struct vcpu *vcpu);

/* For numbers that are not in the table: -BULKHEAD_EPERM or -BULKHEAD_ENOSYS. */
int64_t hypercall_unknown(const struct vcpu *vcpu);

/*
 * Carries out the call in the vCPU's registers and puts the result into RAX. The caller has checked
 * the privilege level. A call that ends the VM has asked the vCPU to leave (vcpu_request()).
 */
static inline void hypercall_handle(struct vcpu *vcpu)
{
    uint64_t number = vcpu->regs[VCPU_RAX];
    vcpu->regs[VCPU_RAX] = (uint64_t)(number < HYPERCALL_COUNT ? hypercall_table[number](vcpu)
                                                               : hypercall_unknown(vcpu));
}

#endif
