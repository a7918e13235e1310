/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a guest ends or restarts its VM by a port: the registers of its hardware-reduced ACPI (sleep
 * control and status, reset), the chipset's reset control at 0xCF9 and the fast reset at port 0x92.
 * Each becomes a request to the kernel, which acts on it after the guest's instruction; nothing
 * here touches the machine's own registers. The keyboard controller's reset is in vkbc.c.
 */
#ifndef DRIVERS_VPOWER_H
#define DRIVERS_VPOWER_H

#include "drivers/device.h"

#define VPOWER_ACPI_PORT_COUNT 3 /* from GUEST_SLEEP_CONTROL */

enum vpower_request { VPOWER_OFF, VPOWER_RESET };

/*
 * Runs in the course of the guest's OUT; more than one may come before the kernel has acted. by:
 * what the guest used, in words for the log; a string constant.
 */
typedef void vpower_request_fn(void *context, enum vpower_request request, const char *by);

struct vpower {
    vpower_request_fn *request; /* wiring: kept over a reset */
    void *request_context;
    uint8_t reset_control; /* 0xCF9 without RST_CPU */
    uint8_t port92;        /* without the reset bit */
};

/* request is never NULL. */
void vpower_init(struct vpower *power, vpower_request_fn *request, void *context);
void vpower_reset(struct vpower *power);

/*
 * Ports GUEST_SLEEP_CONTROL, _STATUS and GUEST_RESET_PORT: ACPI specification, "Sleep Control and
 * Status Registers" and "Reset Register". Only S5 and the reset value that the tables name count.
 */
extern const struct device_ops vpower_acpi_ops;

/* Port 0xCF9, one byte; for vpci_set_cf9(). Resets when RST_CPU (bit 2) changes from 0 to 1. */
extern const struct device_ops vpower_cf9_ops;

/*
 * Port 0x92, one byte: bit 0 resets; bit 1 (A20) reads back as written, but A20 is always open.
 */
extern const struct device_ops vpower_port92_ops;

#endif
