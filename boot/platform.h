/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completes struct boot_platform from the chipset where ACPI told nothing: PIIX4 (QEMU's i440fx,
 * Bochs) and ICH9 (QEMU's q35). Called once by the loader after acpi_read().
 */
#ifndef BOOT_PLATFORM_H
#define BOOT_PLATFORM_H

#include "kernel/boot_info.h"

/*
 * Looks for a known chipset on PCI bus 0 by configuration mechanism 1 and fills what is still 0:
 * PM timer, PM1a control with S5's sleep type, IOAPIC. Switches the chipset's PM ports on when the
 * firmware has given them an address but left them off. Returns the chipset's name, NULL when
 * unknown. Facts that ACPI told are never changed.
 */
const char *platform_complete(struct boot_platform *platform);

#endif
