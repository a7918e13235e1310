/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: the TSC, its rate measured against a clock of known rate. One TSC for all CPUs and VMs;
 * Bulkhead never writes the boot processor's; kernel/tsc_sync.h sees to it that the others agree.
 */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include "kernel/boot_info.h"
#include "kernel/types.h"

/*
 * Measures the TSC's rate and the local APIC timer's against the PM timer, HPET or PIT, whichever
 * exists first; takes CPUID leaf 0x15's exact rate instead when it agrees within 1 %. Boot
 * processor, once, with MMIO mapping possible. Panics when no clock works.
 */
void time_init(const struct boot_info *info);

uint64_t time_tsc_hz(void);
uint64_t time_apic_timer_hz(void); /* count rate of the APIC timer with divide value 1 */

/* Microseconds since the loader's entry; 0 before time_init(). Any CPU. */
uint64_t time_us(void);

/* Waits at least this long, passing on log output meanwhile. Not for hot paths. */
void time_delay_us(uint64_t us);

/* TSC ticks of a duration in microseconds. */
uint64_t time_us_to_tsc(uint64_t us);

#endif
