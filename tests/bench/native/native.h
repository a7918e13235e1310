/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native launcher: starts the first VM of a configuration on the bare machine, in the state in
 * which Bulkhead would start it, for reference figures. Shares the loader's file and memory code.
 */
#ifndef TESTS_BENCH_NATIVE_NATIVE_H
#define TESTS_BENCH_NATIVE_NATIVE_H

#include <stdint.h>

#include "kernel/vm_plan.h"

/* ---- run.c ---- */

/*
 * Allocates page tables that map memory one to one up to `top` (at least 4 GiB) with 2 MiB pages.
 * Returns their physical address, 0 when there is no memory for them.
 */
uint64_t native_make_tables(uint64_t top);

/* After ExitBootServices: scrubs the plan's memory, copies its loads and enters the guest. */
_Noreturn void native_start(const struct vm_plan *plan, uint64_t cr3);

/* ---- start.S ---- */

/* What start.S loads before the first instruction of the guest. Offsets known there. */
struct native_registers {
    uint64_t rip;
    uint64_t rsp;
    uint64_t rax;
    uint64_t rbx;
    uint64_t rsi;
    uint64_t cr3;        /* native_enter_long64() only */
    uint16_t gdt_pad[3]; /* limit and base together are LGDT's operand */
    uint16_t gdt_limit;
    uint64_t gdt_base;
    uint64_t cs;
    uint64_t ds;
};

/*
 * Turns interrupts off, loads page tables that map this program one to one, and calls function()
 * on a stack that lies in the program itself: the firmware's memory may be overwritten from then
 * on.
 */
_Noreturn void native_leave_firmware(uint64_t cr3, void (*function)(void));

/* 32-bit protected mode without paging, flat segments; then to registers->rip. */
_Noreturn void native_enter_prot32(const struct native_registers *registers);

/* 64-bit mode on the guest's page tables and descriptors; they must map this program as well. */
_Noreturn void native_enter_long64(const struct native_registers *registers);

#endif
