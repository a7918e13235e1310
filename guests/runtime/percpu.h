/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block of a CPU: its descriptor tables, stacks and what a guarded call needs. Found from the
 * stack pointer, so that it holds after any damage a guest does to its own segment registers.
 */
#ifndef GUESTS_RUNTIME_PERCPU_H
#define GUESTS_RUNTIME_PERCPU_H

#include <stdint.h>

#include "guests/runtime/layout.h"

struct cpu_tss {
    uint32_t reserved0;
    uint32_t rsp[6]; /* RSP0-RSP2, low half first */
    uint32_t reserved1[2];
    uint32_t ist[14]; /* IST1-IST7 */
    uint32_t reserved2[2];
    uint16_t reserved3;
    uint16_t io_map_base;
};

#define GDT_SLOTS (SEL_SPARE / 8 + SPARE_SLOTS)

struct cpu {
    uint64_t recover_rsp; /* innermost guarded call; 0: none. Offset known to vectors.S */
    uint32_t index;       /* 0: boot processor */
    uint32_t apic_id;
    /* The last exception that ended a guarded call. */
    uint64_t fault_rip;
    uint64_t fault_address; /* CR2 */
    uint64_t fault_error;
    uint64_t gdt[GDT_SLOTS];
    struct cpu_tss tss;
};

/* The calling CPU's; valid on each stack of the CPU's block. */
static inline struct cpu *cpu_this(void)
{
    uint64_t rsp;
    __asm__ volatile("movq %%rsp, %0" : "=r"(rsp));
    return (struct cpu *)(rsp & ~(uint64_t)(CPU_BLOCK_SIZE - 1));
}

/*
 * Fills in a block (CPU_BLOCK_SIZE bytes, aligned to that) for CPU number `index`.
 */
void percpu_init(struct cpu *cpu, uint32_t index, uint32_t apic_id);

/*
 * Loads GDT, TSS, IDT and all segment registers of the calling CPU anew. Its stack must already
 * lie in its block.
 */
void percpu_load(void);

#endif
