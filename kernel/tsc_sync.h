/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares each CPU's TSC with the boot processor's while CPUs are started: all VMs, and Bulkhead,
 * take the TSC for one clock. One that differs is corrected by IA32_TSC_ADJUST where the processor
 * has it (SDM "Time-Stamp Counter Adjustment"), before anything runs there.
 */
#ifndef KERNEL_TSC_SYNC_H
#define KERNEL_TSC_SYNC_H

#include "kernel/boot_info.h"
#include "kernel/percpu.h"

/*
 * The boot processor's side: some thousand ticks; gives up after a millisecond without an answer.
 * Warns, and names VMs, when the CPU's TSC differs for good.
 */
void tsc_sync_compare(const struct boot_info *info, const struct percpu *cpu);

/* The other side, on the CPU that has just come up, until the boot processor has finished. */
void tsc_sync_answer(void);

/* Logs the largest difference of all, and how certain it is. */
void tsc_sync_report(void);

#endif
