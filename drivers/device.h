/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an emulated device looks like to the code that routes a guest's accesses, and how it
 * reaches the world. A device is a state machine in plain memory: it needs neither VMX nor
 * hardware, takes no lock (the caller holds its VM's device lock) and never allocates.
 */
#ifndef DRIVERS_DEVICE_H
#define DRIVERS_DEVICE_H

#include "kernel/types.h"

/*
 * Handlers of one range of ports or of guest-physical addresses.
 * offset: from the start of the range; size: 1, 2, 4 (ports) or 1, 2, 4, 8 (MMIO) bytes; the
 * access lies wholly inside the range. A read returns the value in the low `size` bytes.
 */
struct device_ops {
    uint64_t (*read)(void *device, uint64_t offset, unsigned size);
    void (*write)(void *device, uint64_t offset, unsigned size, uint64_t value);
};

/* An interrupt line that a device drives: set() is called on every change of its level. */
struct irq_line {
    void (*set)(void *context, bool asserted);
    void *context;
};

/* All ones in the low `size` bytes: what an access that nobody answers reads. */
static inline uint64_t device_open_bus(unsigned size)
{
    return size >= 8 ? ~UINT64_C(0) : BIT(size * 8) - 1;
}

#endif
