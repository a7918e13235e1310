/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of machine checks, of the CPU that calls. */
#ifndef KERNEL_MACHINE_CHECK_BANKS_H
#define KERNEL_MACHINE_CHECK_BANKS_H

#include "kernel/machine_check_verdict.h"

/* IA32_MCG_CAP and IA32_MCG_STATUS; both 0 where there are none. */
void mc_read_global(struct mc_context *context);

/* Reads bank `index` and clears it; false: it holds no error. */
bool mc_take_bank(uint32_t index, struct mc_bank *bank);

/* The last thing: from here on the next machine check is taken instead of a shutdown. */
void mc_clear_in_progress(void);

/*
 * Every kind of error of every bank is reported from here on (SDM "Machine-Check Initialization"),
 * and, where the firmware allows it, by a machine check of the CPU concerned alone (LMCE).
 */
void mc_enable_banks(uint64_t cap);

#endif
