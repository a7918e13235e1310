/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls as guests/include/bulkhead_abi.h defines them; no vendor mechanism here. */
#ifndef KERNEL_HYPERCALL_H
#define KERNEL_HYPERCALL_H

#include "kernel/vcpu.h"
#include "kernel/vm_plan.h"

#define HYPERCALL_COUNT (BULKHEAD_CALL_COUNTERS + 1)

/* By number; each takes its arguments from the vCPU's registers and returns what RAX is to hold. */
extern int64_t (*const hypercall_table[HYPERCALL_COUNT])(struct vcpu *vcpu);

/*
 * Gives the caller the first bytes of a structure of `whole` bytes: the register `address` holds
 * where to, `size` how many. Returns what the call returns.
 */
int64_t hypercall_give(struct vcpu *vcpu, enum vcpu_register address, enum vcpu_register size,
                       const void *from, size_t whole);

/* BULKHEAD_FACT_* of a VM. */
uint32_t hypercall_fact_flags(const struct vm_plan *plan);

/* For numbers that are not in the table: the calls of kernel/manage.h, or -BULKHEAD_ENOSYS. */
int64_t hypercall_unknown(struct vcpu *vcpu);

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
