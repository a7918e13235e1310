/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual debug console and POST code port: see vdebug.h. Called by the port router.
 */
#include "drivers/vdebug.h"

static uint64_t console_read(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)offset;
    (void)size;
    return VDEBUG_PRESENT;
}

static void console_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    const struct vdebug *debug = device;

    (void)offset;
    (void)size;
    debug->output(debug->output_context, (uint8_t)value);
}

const struct device_ops vdebug_console_ops = {.read = console_read, .write = console_write};

static uint64_t post_read(void *device, uint64_t offset, unsigned size)
{
    const struct vdebug *debug = device;

    (void)offset;
    (void)size;
    return debug->post_code;
}

static void post_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vdebug *debug = device;

    (void)offset;
    (void)size;
    debug->post_code = (uint8_t)value;
}

const struct device_ops vdebug_post_ops = {.read = post_read, .write = post_write};

void vdebug_reset(struct vdebug *debug)
{
    debug->post_code = 0;
}

void vdebug_init(struct vdebug *debug, void (*output)(void *context, uint8_t byte), void *context)
{
    debug->output = output;
    debug->output_context = context;
    vdebug_reset(debug);
}
