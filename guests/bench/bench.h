/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measured operations, their loops (loops.S), and what the loops' interrupt handlers share with
 * C. Each loop returns the TSC ticks of `count` rounds. On Bochs with one CPU a tick is an
 * instruction.
 */
#ifndef GUESTS_BENCH_BENCH_H
#define GUESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

struct bench_result {
    bool valid; /* false: the operation does not exist here */
    uint64_t ticks;
    uint64_t rounds;
    uint64_t exits; /* 0 without Bulkhead */
};

struct bench_operation {
    const char *name;
    struct bench_result (*run)(uint64_t rounds);
    uint32_t rounds;
};

extern const struct bench_operation bench_operations[];
extern const uint32_t bench_operation_count;

/* Installs the interrupt handlers; before the first operation. */
void bench_init(void);

/* Exits of this vCPU so far, the one of this call included; 0 without Bulkhead. */
uint64_t bench_exits(void);

uint64_t loop_empty(uint64_t count, uint64_t unused);
uint64_t loop_rdtsc(uint64_t count, uint64_t unused);
uint64_t loop_cpuid(uint64_t count, uint64_t unused);
uint64_t loop_rdmsr(uint64_t count, uint64_t msr);
uint64_t loop_icr(uint64_t count, uint64_t value);
uint64_t loop_vmcall_version(uint64_t count, uint64_t unused);
uint64_t loop_out8(uint64_t count, uint64_t port);
uint64_t loop_in8(uint64_t count, uint64_t port);
uint64_t loop_read32(uint64_t count, uint64_t address);
uint64_t loop_touch(uint64_t count, uint64_t address);
uint64_t loop_wbinvd(uint64_t count, uint64_t unused);
uint64_t loop_xsetbv(uint64_t count, uint64_t xcr0);
uint64_t loop_self_ipi(uint64_t count, uint64_t vector); /* returns with interrupts on */

/* Handlers for trap_set_stub(); they acknowledge through the x2APIC. */
void stub_count(void);
void stub_tick(void);

extern uint64_t bench_interrupts; /* counted by both */
extern uint64_t bench_deadline;   /* of the next tick */
extern uint64_t bench_period;

#endif
