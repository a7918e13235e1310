/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of this guest. */
#ifndef GUESTS_LIVES_LIVES_H
#define GUESTS_LIVES_LIVES_H

#include <stdint.h>

#define CR4_MCE             (UINT64_C(1) << 6)

#define MSR_IA32_MCG_CAP    0x179
#define MSR_IA32_MCG_STATUS 0x17a
#define MSR_IA32_MC0_CTL    0x400
#define MSR_IA32_MC0_STATUS 0x401
#define MSR_IA32_MC0_ADDR   0x402
#define MSR_IA32_MC0_MISC   0x403

/*
 * Accesses the page at `address` (RAM that is bad already) in every way, prints what machine checks
 * say, and what other CPUs hear of it. again: ends with a machine check while one is handled.
 */
void poison_try(uint64_t address, bool again);

#endif
