/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual ACPI power management timer: a free-running, read-only counter of 3.579545 MHz (ACPI
 * specification, "Power Management Timer"). Only VMs with `legacy` have it; the port router calls
 * vpmtimer_ops. Its overflow makes no interrupt.
 */
#ifndef DRIVERS_VPMTIMER_H
#define DRIVERS_VPMTIMER_H

#include "drivers/device.h"

#define VPMTIMER_HZ         3579545
#define VPMTIMER_PORT_COUNT 4 /* from GUEST_PM_TIMER */

struct vpmtimer {
    uint64_t (*now)(void *context); /* ticks of VPMTIMER_HZ, never going backwards */
    void *now_context;
    bool wide; /* 32 bits instead of 24: TMR_VAL_EXT in the FADT */
};

/* now is never NULL. There is nothing to reset. */
void vpmtimer_init(struct vpmtimer *timer, bool wide, uint64_t (*now)(void *context),
                   void *now_context);

extern const struct device_ops vpmtimer_ops;

#endif
