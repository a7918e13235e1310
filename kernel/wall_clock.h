/* SPDX-License-Identifier: Apache-2.0 */
/* The time of day, for guests' real-time clocks: read once from the machine's, then by the TSC. */
#ifndef KERNEL_WALL_CLOCK_H
#define KERNEL_WALL_CLOCK_H

#include "kernel/types.h"

/* Seconds since 1970-01-01 00:00:00 UTC at the loader's start (by the firmware's clock). */
void wall_clock_init(uint64_t seconds_at_boot);

/* The same now. Any CPU, after time_init(). */
uint64_t wall_clock_seconds(void);

#endif
