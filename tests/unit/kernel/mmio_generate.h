/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes random instructions of the forms that the MMIO decoder knows, in 64-bit mode, with
 * registers that let them access the memory of mmio_native.h. Knows the instruction set
 * independently of the decoder: tests compare the two.
 */
#ifndef TESTS_UNIT_KERNEL_MMIO_GENERATE_H
#define TESTS_UNIT_KERNEL_MMIO_GENERATE_H

#include "tests/unit/kernel/mmio_native.h"

struct generated {
    uint8_t bytes[16];
    unsigned length;
    uint64_t address; /* linear, of the operand that ModRM or moffs encodes, or rSI or rDI */
    bool string;
    bool valid; /* false: LOCK or another prefix makes it #UD */
    struct native_state state;
};

/* The same state gives the same instructions. */
struct generator {
    uint64_t random;
    const struct native_memory *memory;
};

void generate(struct generator *generator, struct generated *out);

/* A number below bound. */
uint64_t generate_number(struct generator *generator, uint64_t bound);

#endif
