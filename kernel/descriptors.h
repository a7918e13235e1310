/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segment and interrupt descriptor tables of root mode. Each CPU has a GDT and a TSS of its own;
 * all share one IDT, which is in read-only memory after idt_init().
 */
#ifndef KERNEL_DESCRIPTORS_H
#define KERNEL_DESCRIPTORS_H

#include "kernel/types.h"

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS  0x18

/* Interrupt stack table entries (SDM "Interrupt Stack Table"); 0 means the current stack. */
#define IST_NMI        1
#define IST_DF         2
#define IST_MC         3
#define IST_COUNT      3

#define IDT_VECTORS    256
#define IDT_EXCEPTIONS 32 /* the rest only takes back interrupts: see lapic_reset() */

/* 64-bit TSS, SDM "Task Management in 64-bit Mode". */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
} __attribute__((packed));

struct descriptor_tables {
    uint64_t gdt[5]; /* null, code, data, TSS (two entries) */
    struct tss tss;
};

/* Fills one CPU's GDT and TSS; ist_top[i] is the top of the stack of IST i+1. */
void descriptors_init(struct descriptor_tables *tables, const uint64_t ist_top[IST_COUNT]);

/* Loads GDT, segment registers, TSS and IDT on the calling CPU; the caller sets the GS base next.
 */
void descriptors_load(struct descriptor_tables *tables);

/* Fills the IDT. Boot processor, before any descriptors_load(). */
void idt_init(void);

/* Base addresses, for a VMCS's host-state area. */
uint64_t idt_base(void);

#endif
