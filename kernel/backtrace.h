/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what a guest's stack and code hold, for snapshots: through the guest's own page tables,
 * whatever is in them. Pure: guest memory is reached by callbacks only. The amount of work is
 * bounded, and nothing of the guest is trusted.
 */
#ifndef KERNEL_BACKTRACE_H
#define KERNEL_BACKTRACE_H

#include "kernel/crash.h"
#include "kernel/guest_walk.h"

struct backtrace_source {
    struct guest_paging paging; /* rights do not count: SMAP, SMEP and keys are ignored */
    struct guest_memory memory; /* read() only */
    uint64_t code_base;         /* of CS and SS; 0 in 64-bit mode */
    uint64_t stack_base;
};

/*
 * Fills frames, stack and code of a snapshot whose word, rip and regs are set. The frames follow
 * the chain of frame pointers upwards from RBP (64-bit and 32-bit code) until it makes no sense.
 */
void backtrace_take(const struct backtrace_source *source, struct vcpu_snapshot *snapshot);

#endif
