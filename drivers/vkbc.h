/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual keyboard controller: an 8042 as in IBM's PS/2 Hardware Interface Technical Reference,
 * "Keyboard and Auxiliary Device Controller", to which neither keyboard nor mouse is attached. It
 * is there because systems reset through it (command 0xFE), wait for its input buffer before they
 * do, open A20 with it, and probe it: every command answers at once, and a byte for the absent
 * keyboard is answered with 0xFE and the time-out bit, so that no probe has to wait.
 *
 * Interrupts 1 and 12 do not exist. A20 is always open; its bit reads back as written.
 */
#ifndef DRIVERS_VKBC_H
#define DRIVERS_VKBC_H

#include "drivers/device.h"
#include "drivers/vpower.h"

#define KBC_STATUS_OUTPUT  0x01 /* a byte waits at the data port */
#define KBC_STATUS_INPUT   0x02 /* never set: commands take no time */
#define KBC_STATUS_SYSTEM  0x04 /* self-test passed */
#define KBC_STATUS_COMMAND 0x08 /* last write went to the command port */
#define KBC_STATUS_UNLOCK  0x10
#define KBC_STATUS_AUX     0x20 /* the waiting byte is the mouse's */
#define KBC_STATUS_TIMEOUT 0x40

struct vkbc {
    vpower_request_fn *request; /* wiring: kept over a reset */
    void *request_context;
    uint8_t status;
    uint8_t output;          /* output buffer */
    uint8_t mode;            /* "command byte" */
    uint8_t output_port;     /* bit 0: reset line, bit 1: A20 */
    uint8_t pending_command; /* which waits for a byte at the data port; 0: none */
};

/* request is never NULL; called with VPOWER_RESET. */
void vkbc_init(struct vkbc *kbc, vpower_request_fn *request, void *context);
void vkbc_reset(struct vkbc *kbc);

/* Ports GUEST_KBC_DATA and GUEST_KBC_COMMAND, one byte each. */
extern const struct device_ops vkbc_data_ops;
extern const struct device_ops vkbc_command_ops;

#endif
