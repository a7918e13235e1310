/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measured loops (loops.S), and what their interrupt handlers share with C. Each returns the
 * TSC ticks of `count` rounds. On Bochs with one CPU a tick is an instruction.
 */
#ifndef GUESTS_BENCH_BENCH_H
#define GUESTS_BENCH_BENCH_H

#include <stdint.h>

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
