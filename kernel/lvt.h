/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks what a guest writes to the local vector table. SDM volume 3, "Local Vector Table": an
 * entry may deliver as fixed interrupt or NMI, never as SMI, INIT or ExtINT; entries whose source
 * is the machine's (pins, thermal sensor, corrected machine checks) stay masked in hardware.
 * Pure; for WRMSR exits and the emulation of the xAPIC page.
 */
#ifndef KERNEL_LVT_H
#define KERNEL_LVT_H

#include "kernel/types.h"

#define LVT_VECTOR         0x000000ffu
#define LVT_DELIVERY_MODE  0x00000700u
#define LVT_MASKED         (1u << 16)
#define LVT_TIMER_MODE     0x00060000u
#define LVT_TIMER_ONE_SHOT 0u
#define LVT_TIMER_PERIODIC 1u
#define LVT_TIMER_DEADLINE 2u

enum lvt_verdict {
    LVT_WRITE, /* write `value` to the MSR */
    LVT_FAULT, /* reserved bits or mode: #GP in x2APIC mode, ignored by the xAPIC page */
};

struct lvt_check {
    enum lvt_verdict verdict;
    uint32_t value; /* for hardware: what was asked, or masked */
    bool denied;    /* it asked, unmasked, for a delivery mode that it may not have */
};

/*
 * msr: MSR_X2APIC_LVT_CMCI or MSR_X2APIC_LVT_TIMER ... MSR_X2APIC_LVT_ERROR, else LVT_FAULT.
 * deadline: the guest's CPUID offers TSC-Deadline.
 */
struct lvt_check lvt_check(uint32_t msr, uint64_t value, bool deadline);

#endif
