/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions and interrupts of a guest. Exceptions run on a stack of their own; interrupts on the
 * current one. An exception is survived inside guard_call() only; elsewhere it ends the guest with
 * a message. An interrupt without a handler is counted and acknowledged.
 */
#ifndef GUESTS_RUNTIME_TRAP_H
#define GUESTS_RUNTIME_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#define TRAP_DB         1
#define TRAP_NMI        2
#define TRAP_BP         3
#define TRAP_UD         6
#define TRAP_DF         8
#define TRAP_GP         13
#define TRAP_PF         14
#define TRAP_MC         18
#define TRAP_EXTERNAL   32 /* vectors from here on are interrupts */
#define TRAP_VECTOR_MAX 256

/* Laid out by vectors.S. When a vector below 32 comes as an interrupt, error and rip are wrong. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Runs with interrupts off. Handlers of interrupts call apic_eoi() themselves. */
typedef void (*trap_handler)(struct trap_frame *frame);

/* Fills the IDT with the generic stubs; boot processor, once. */
void trap_init(void);

/* Loads the IDT on the calling CPU. */
void trap_load_idt(void);

/* From now on `handler` (NULL: the default) is called for the vector, on every CPU. */
void trap_set_handler(unsigned vector, trap_handler handler);

/*
 * Puts an assembly stub into the IDT itself, for a handler that is to cost nothing; it ends with
 * IRETQ. NULL: the generic stub again.
 */
void trap_set_stub(unsigned vector, void (*stub)(void));

/*
 * Called after an exception inside a guarded call, before the call ends: to undo what the
 * experiment did to control registers, tables and the local APIC. NULL: nothing.
 */
void trap_set_repair(void (*repair)(unsigned vector));

/*
 * Calls function(argument). Returns -1 when it returned, else the vector of the exception that
 * ended it; struct cpu then has the details. Callee-saved registers and RFLAGS are as before.
 * Guarded calls may be nested.
 */
int guard_call(void (*function)(void *), void *argument);

/* Interrupts that had no handler, and NMIs, since the start, over all CPUs. */
uint64_t trap_stray_count(void);

/* RDMSR and WRMSR that may fault: true when they did not. */
bool trap_try_rdmsr(uint32_t msr, uint64_t *value);
bool trap_try_wrmsr(uint32_t msr, uint64_t value);

/* The SDM's mnemonic of an exception, "interrupt" from 32 on. */
const char *trap_name(unsigned vector);

#endif
