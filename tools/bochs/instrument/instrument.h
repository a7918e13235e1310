/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hooks Bulkhead's test machine puts into Bochs. Bochs includes this file
 * everywhere in its CPU, so that a hook that is not used must cost nothing:
 * all of them are empty except those a run meets seldom (VM exits, port
 * writes, start and end).
 *
 * Environment variables, read once at start; without them nothing is done:
 *   BULKHEAD_BOCHS_EXITS    file for the lines "cpu reason count"
 *   BULKHEAD_BOCHS_TRACE    file for the lines "tick cpu reason qualification rip"
 *   BULKHEAD_BOCHS_PICTURE  file for the screen, a PPM
 * The files are complete after every orderly end, after SIGTERM, and, with the
 * run going on, shortly after SIGUSR1. instrument.cc holds the code.
 */
#ifndef BULKHEAD_INSTRUMENT_H
#define BULKHEAD_INSTRUMENT_H

class bxInstruction_c;

void bulkhead_init_env(void);
void bulkhead_exit_env(void);
void bulkhead_cpu_ready(unsigned cpu);
void bulkhead_vmexit(unsigned cpu, Bit32u reason, Bit64u qualification);
void bulkhead_port_write(unsigned port, unsigned value);

#define BX_INSTR_INIT_ENV()                bulkhead_init_env()
#define BX_INSTR_EXIT_ENV()                bulkhead_exit_env()
#define BX_INSTR_INITIALIZE(cpu)           bulkhead_cpu_ready(cpu)
#define BX_INSTR_VMEXIT(cpu, reason, qual) bulkhead_vmexit(cpu, reason, qual)
#define BX_INSTR_OUTP(port, len, value)    bulkhead_port_write(port, value)

#define BX_INSTR_EXIT(cpu)
#define BX_INSTR_RESET(cpu, type)
#define BX_INSTR_HLT(cpu)
#define BX_INSTR_MWAIT(cpu, addr, len, flags)
#define BX_INSTR_DEBUG_PROMPT()
#define BX_INSTR_DEBUG_CMD(cmd)
#define BX_INSTR_CNEAR_BRANCH_TAKEN(cpu, from, to)
#define BX_INSTR_CNEAR_BRANCH_NOT_TAKEN(cpu, from)
#define BX_INSTR_UCNEAR_BRANCH(cpu, what, from, to)
#define BX_INSTR_FAR_BRANCH(cpu, what, from_cs, from, to_cs, to)
#define BX_INSTR_OPCODE(cpu, i, opcode, len, is32, is64)
#define BX_INSTR_EXCEPTION(cpu, vector, error)
#define BX_INSTR_INTERRUPT(cpu, vector)
#define BX_INSTR_HWINTERRUPT(cpu, vector, cs, ip)
#define BX_INSTR_CLFLUSH(cpu, linear, physical)
#define BX_INSTR_CACHE_CNTRL(cpu, what)
#define BX_INSTR_TLB_CNTRL(cpu, what, cr3)
#define BX_INSTR_PREFETCH_HINT(cpu, what, seg, offset)
#define BX_INSTR_BEFORE_EXECUTION(cpu, i)
#define BX_INSTR_AFTER_EXECUTION(cpu, i)
#define BX_INSTR_REPEAT_ITERATION(cpu, i)
#define BX_INSTR_LIN_ACCESS(cpu, linear, physical, len, memtype, rw)
#define BX_INSTR_PHY_ACCESS(cpu, physical, len, memtype, rw)
#define BX_INSTR_INP(port, len)
#define BX_INSTR_INP2(port, len, value)
#define BX_INSTR_WRMSR(cpu, msr, value)

#endif
