/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that assembly and C of the runtime share: selectors, the block of a CPU, control bits.
 * Included by .S files; static assertions in percpu.c hold the offsets against the structures.
 */
#ifndef GUESTS_RUNTIME_LAYOUT_H
#define GUESTS_RUNTIME_LAYOUT_H

/*
 * Each CPU owns a block of this size, aligned to it: struct cpu at its start, stacks behind it.
 * So the stack pointer alone leads to struct cpu, whatever happened to the segment registers.
 */
#define CPU_BLOCK_SIZE     0x8000
#define CPU_FAULT_STACK    0x2800 /* top of the stack of exceptions, as an offset into the block */
#define CPU_NMI_STACK      0x3800
#define CPU_DOUBLE_STACK   0x4000
#define CPU_RECOVER_OFFSET 0 /* of struct cpu.recover_rsp */

/* Selectors in every CPU's GDT. */
#define SEL_CODE32   0x08
#define SEL_DATA     0x10
#define SEL_CODE64   0x18
#define SEL_USER32   0x20 /* unused code segment of CPL 3; SYSRET wants this order */
#define SEL_USERDATA 0x28
#define SEL_USER64   0x30
#define SEL_TSS      0x38 /* two slots */
#define SEL_SPARE    0x48 /* SPARE_SLOTS slots for experiments */
#define SPARE_SLOTS  8

#define CR0_PE       (1 << 0)
#define CR0_NE       (1 << 5)
#define CR0_WP       (1 << 16)
#define CR0_PG       (1 << 31)
#define CR4_PAE      (1 << 5)
#define CR4_OSXSAVE  (1 << 18)
#define MSR_EFER     0xc0000080
#define EFER_LME     (1 << 8)

#define PTE_PRESENT  0x001
#define PTE_WRITE    0x002
#define PTE_USER     0x004
#define PTE_LARGE    0x080

/* Where a started CPU finds what it needs: offsets into the trampoline page (ap_entry.S). */
#define TRAMPOLINE_CR3   0xff0
#define TRAMPOLINE_STACK 0xfe8
#define TRAMPOLINE_MAIN  0xfe0

#endif
