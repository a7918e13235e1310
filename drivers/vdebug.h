/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two one-byte ports that firmware talks to: the debug console at GUEST_DEBUG_PORT, where SeaBIOS
 * and OVMF print, and the POST code port, which many systems also write to as a short delay.
 */
#ifndef DRIVERS_VDEBUG_H
#define DRIVERS_VDEBUG_H

#include "drivers/device.h"

#define VDEBUG_PRESENT 0xE9 /* what the debug console reads, so that firmware finds it */

struct vdebug {
    void (*output)(void *context, uint8_t byte); /* wiring: kept over a reset */
    void *output_context;
    uint8_t post_code; /* the last one, for the crash record; reads back */
};

/* output gets each byte of the debug console; never NULL. */
void vdebug_init(struct vdebug *debug, void (*output)(void *context, uint8_t byte), void *context);
void vdebug_reset(struct vdebug *debug);

extern const struct device_ops vdebug_console_ops; /* GUEST_DEBUG_PORT, one byte */
extern const struct device_ops vdebug_post_ops;    /* GUEST_POST_PORT, one byte */

#endif
