/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual ACPI power management timer: see vpmtimer.h. Called by the port router.
 */
#include "drivers/vpmtimer.h"

static uint64_t vpmtimer_read(void *device, uint64_t offset, unsigned size)
{
    const struct vpmtimer *timer = device;
    uint64_t count = timer->now(timer->now_context);

    count &= timer->wide ? MASK(31, 0) : MASK(23, 0);
    return count >> (8 * (offset % VPMTIMER_PORT_COUNT)) & device_open_bus(size);
}

static void vpmtimer_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    (void)device;
    (void)offset;
    (void)size;
    (void)value;
}

const struct device_ops vpmtimer_ops = {.read = vpmtimer_read, .write = vpmtimer_write};

void vpmtimer_init(struct vpmtimer *timer, bool wide, uint64_t (*now)(void *context),
                   void *now_context)
{
    timer->now = now;
    timer->now_context = now_context;
    timer->wide = wide;
}
