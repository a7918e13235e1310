/* SPDX-License-Identifier: Apache-2.0 */
/* Sets a CPU's control registers and system MSRs to what root mode relies on. */
#ifndef KERNEL_CPU_INIT_H
#define KERNEL_CPU_INIT_H

#include "kernel/percpu.h"

/* IA32_PAT in root mode: 0 WB, 1 WC, 2 UC-, 3 UC; the upper half repeats it. */
#define HOST_PAT UINT64_C(0x0007010600070106)

/* Allocates struct percpu with stacks and tables for one CPU. Boot processor, before sealing. */
struct percpu *percpu_create(uint32_t index, uint32_t apic_id);

/*
 * On the calling CPU: GDT, TSS, IDT, GS base; NX, WP, SMEP, SMAP, UMIP, global pages, machine
 * checks; PAT; x2APIC mode. From here on this_cpu() works.
 */
void cpu_init(struct percpu *cpu);

/* Names of the protections that this CPU has and that are on, e.g. "NX WP SMEP SMAP UMIP". */
void cpu_protection_names(char *buf, size_t size);

#endif
