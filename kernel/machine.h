/* SPDX-License-Identifier: Apache-2.0 */
/* Switching the machine off and resetting it. Any CPU; the log is passed on first. */
#ifndef KERNEL_MACHINE_H
#define KERNEL_MACHINE_H

#include "kernel/boot_info.h"

/* Maps what power-off and reset need. Boot processor, before memory_seal(). */
void machine_init(const struct boot_info *info);

/* Do not return. A machine that cannot be switched off says so and is halted. */
void machine_power_off(void) __attribute__((noreturn));
void machine_reset(void) __attribute__((noreturn));
void machine_halt(void) __attribute__((noreturn));

#endif
