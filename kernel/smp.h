/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the machine's other CPUs (SDM "Multiple-Processor (MP) Initialization"). */
#ifndef KERNEL_SMP_H
#define KERNEL_SMP_H

#include "kernel/boot_info.h"
#include "kernel/percpu.h"

/*
 * Starts every CPU of info->cpus but the first by INIT-SIPI-SIPI and compares its TSC
 * (kernel/tsc_sync.h); each runs `work` on its own
 * stack with this_cpu() working, then waits for NMIs. Returns when all have set their state or
 * have had their time; names those that did not answer. Boot processor, once.
 */
void smp_start(const struct boot_info *info, void (*work)(struct percpu *cpu));

/* By index in boot_info.cpus; smp_cpu(0) is the boot processor, set by smp_set_boot_cpu(). */
struct percpu *smp_cpu(uint32_t index);
void smp_set_boot_cpu(struct percpu *cpu);

/* Number of CPUs in a state. */
uint32_t smp_count(enum cpu_state state);

#endif
