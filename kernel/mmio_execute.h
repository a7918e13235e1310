/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completes a decoded memory instruction once the device (or memory) has answered: registers,
 * RFLAGS and the value to be written, as SDM volume 2 says for each instruction. Pure. RIP is the
 * caller's to advance.
 */
#ifndef KERNEL_MMIO_EXECUTE_H
#define KERNEL_MMIO_EXECUTE_H

#include "kernel/mmio_decode.h"

/*
 * True when a REP instruction has no element left to process: then there is no memory access; RIP
 * only advances. Check it before anything is read or written.
 */
bool mmio_rep_finished(const struct mmio_insn *insn, const struct mmio_cpu *cpu);

/*
 * value: what was read when insn->flags has MMIO_READS (bits above insn->size bytes are ignored).
 * *out: what is to be written when it has MMIO_WRITES, in the low insn->size bytes. Updates
 * cpu->gpr and cpu->rflags. A string instruction does one element.
 * True: the instruction is complete. False: a REP instruction has more elements; RIP stays.
 */
bool mmio_execute(const struct mmio_insn *insn, struct mmio_cpu *cpu, uint64_t value,
                  uint64_t *out);

#endif
