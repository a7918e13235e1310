/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few facts a guest takes from ACPI's tables: its CPUs, and the ports that end it.
 */
#ifndef GUESTS_RUNTIME_ACPI_H
#define GUESTS_RUNTIME_ACPI_H

#include <stdint.h>

/* Local APIC ids of the usable CPUs in MADT's order, at most `max`. Returns how many; 0: no MADT.
 */
uint32_t acpi_cpus(uint32_t *apic_ids, uint32_t max);

/*
 * Ports that FADT names for power-off and reset (PM1 control blocks, sleep control, reset
 * register), at most `max`. Returns how many.
 */
uint32_t acpi_power_ports(uint16_t *ports, uint32_t max);

#endif
