/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's other CPUs: who they are, starting them, and waking them.
 */
#ifndef GUESTS_RUNTIME_SMP_H
#define GUESTS_RUNTIME_SMP_H

#include <stdint.h>

#define SMP_CPU_MAX 64

/*
 * Number of CPUs, and the APIC id of each, the boot processor's first. From ACPI's MADT, else from
 * Bulkhead's facts; with `cpus=N` on the command line at most N. Where nobody tells, N or CPUID's
 * topology leaf, and ids that count from 0.
 */
uint32_t smp_cpu_count(void);
uint32_t smp_apic_id(uint32_t index);

/*
 * Starts all other CPUs, one after the other, by INIT-SIPI-SIPI. Each calls ap_main(index) with
 * interrupts off, its APIC enabled and its tables loaded, and halts for good when that returns.
 * Returns how many CPUs run, the caller included; those that did not answer are named. Once.
 */
uint32_t smp_start(void (*ap_main)(uint32_t index));

#endif
