/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes one instruction on the processor the test runs on, in 64-bit mode, with chosen
 * registers: the oracle for the MMIO decoder.
 */
#ifndef TESTS_UNIT_KERNEL_MMIO_NATIVE_H
#define TESTS_UNIT_KERNEL_MMIO_NATIVE_H

#include "kernel/types.h"

#define NATIVE_DATA_SIZE  4096
#define NATIVE_STACK_SIZE 4096

struct native_state {
    uint64_t gpr[16];
    uint64_t rflags;
};

/* Where things are; all below 2 GiB, with nothing mapped around. */
struct native_memory {
    uint8_t *data;
    uint8_t *stack;
    uint8_t *code;
    uint64_t fs_base;
    uint64_t gs_base;
};

/*
 * Maps the memory, sets GS base, installs signal handlers (call it in the test: cmocka installs its
 * own before each). False: not possible here.
 */
bool native_init(struct native_memory *memory);

/*
 * Executes the instruction at memory->code. Returns 0, or the number of the signal it caused; then
 * *state is not what it was and means nothing.
 */
int native_run(const struct native_memory *memory, const uint8_t *insn, unsigned length,
               struct native_state *state);

#endif
