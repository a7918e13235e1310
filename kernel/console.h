/* SPDX-License-Identifier: Apache-2.0 */
/* The log's way to a person: finds and opens the serial port and the framebuffer. */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include "kernel/boot_info.h"

/*
 * Opens what the configuration asks for and the machine has, and adds it to the log's sinks: the
 * UART that ACPI's SPCR names, else port 0x3F8 when one answers there; the firmware's framebuffer.
 * When nothing that was asked for exists, whatever exists is opened. Boot processor, once.
 */
void console_init(const struct boot_info *info);

#endif
