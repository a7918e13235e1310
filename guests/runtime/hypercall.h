/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulkhead as a guest sees it: is it there, and calls to it. Only to be called when
 * hypercall_available() said so; elsewhere VMCALL is an undefined instruction.
 */
#ifndef GUESTS_RUNTIME_HYPERCALL_H
#define GUESTS_RUNTIME_HYPERCALL_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/include/bulkhead_abi.h"

/* Looks at CPUID once and remembers. */
bool hypercall_available(void);

static inline int64_t hypercall(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                uint64_t e)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    int64_t result;
    __asm__ volatile("vmcall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "memory");
    return result;
}

/* Zeroes *facts or *counters and has them filled in; false when the call failed. */
bool hypercall_facts(struct bulkhead_facts *facts);
bool hypercall_counters(struct bulkhead_counters *counters);

#endif
