/* SPDX-License-Identifier: Apache-2.0 */
/* The time of day; see the header. */
#include "kernel/wall_clock.h"

#include "kernel/time.h"

static uint64_t boot_seconds;

void wall_clock_init(uint64_t seconds_at_boot)
{
    boot_seconds = seconds_at_boot;
}

uint64_t wall_clock_seconds(void)
{
    return boot_seconds + time_us() / 1000000;
}
