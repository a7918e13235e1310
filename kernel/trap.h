/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions and NMIs taken in root mode. An exception there is Bulkhead's own bug (or a hardware
 * error): it ends in panic(), except at instructions listed in the fix-up table.
 */
#ifndef KERNEL_TRAP_H
#define KERNEL_TRAP_H

#include "kernel/types.h"

/* The registers at the time of the trap, as kernel/trap.S pushes them. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rdi, rsi, rbp, rdx, rcx, rbx, rax;
    uint64_t vector;
    uint64_t error_code; /* 0 where the processor pushes none */
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Called by kernel/trap.S only. */
void trap_handle(struct trap_frame *frame);

/* SDM's mnemonic and name of an exception vector, e.g. "#PF page fault". */
const char *trap_name(uint64_t vector);

#endif
