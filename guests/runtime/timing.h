/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: the TSC's rate and the local APIC timer. Rates come from Bulkhead's CPUID leaf, else they
 * are measured against the PIT. The timer uses the TSC deadline where there is one, else a
 * one-shot count.
 */
#ifndef GUESTS_RUNTIME_TIMING_H
#define GUESTS_RUNTIME_TIMING_H

#include <stdbool.h>
#include <stdint.h>

/* Boot processor, once, after apic_enable(). */
void timing_init(void);

uint64_t timing_tsc_hz(void);
const char *timing_source(void); /* where the rate is from */

/* Between TSC ticks and time; exact to a tick for up to an hour at 5 GHz. */
uint64_t timing_ns_to_ticks(uint64_t ns);
uint64_t timing_ticks_to_ns(uint64_t ticks);

/* Waits actively. */
void timing_delay_us(uint64_t us);

/* Sets the calling CPU's timer to raise `vector`; it is not running yet. */
void timer_init(uint8_t vector);

/* One interrupt when the TSC reaches `deadline`, at once when that has passed. Any context. */
void timer_arm(uint64_t deadline);

void timer_stop(void);
bool timer_has_deadline(void);

#endif
