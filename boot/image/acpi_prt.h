/* SPDX-License-Identifier: Apache-2.0 */
/* The AML of a VM's _PRT. For acpi_tables.c. */
#ifndef BOOT_IMAGE_ACPI_PRT_H
#define BOOT_IMAGE_ACPI_PRT_H

#include "kernel/types.h"
#include "kernel/vm_plan.h"

#define ACPI_PRT_SIZE_MAX (21 + VM_PCI_MAX * 14) /* bytes of AML */

/*
 * Writes Scope (\_SB.PCI0) { Name (_PRT, ...) } with an entry for every function that has a GSI;
 * count is at most VM_PCI_MAX. Returns its size, 0 when there is none and nothing was written.
 */
size_t acpi_prt_build(const struct vm_pci_function *functions, uint32_t count, uint8_t *out);

#endif
