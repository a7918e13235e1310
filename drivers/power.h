/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power-off and reset of the machine, by the facts in struct boot_platform. Called by the kernel's
 * shutdown and panic code with the other CPUs stopped; nothing here logs or takes locks.
 */
#ifndef DRIVERS_POWER_H
#define DRIVERS_POWER_H

#include "kernel/boot_info.h"

/* Virtual addresses of registers that the platform has in memory; NULL: not mapped, not used. */
struct power_mappings {
    volatile void *pm1a_control;
    volatile void *pm1b_control;
    volatile void *sleep_control;
    volatile void *reset;
};

/*
 * Enters S5: ACPI's sleep control register or PM1 control registers. Returns (false) only when the
 * machine is still on after about 100 ms, or when nothing is known to switch it off.
 */
bool power_off(const struct boot_platform *platform, const struct power_mappings *mappings);

/*
 * Resets the machine, the first that works: FADT's RESET_REG, port 0xCF9, the keyboard controller,
 * triple fault. Each but the last gets about 50 ms.
 */
_Noreturn void power_reset(const struct boot_platform *platform,
                           const struct power_mappings *mappings);

#endif
