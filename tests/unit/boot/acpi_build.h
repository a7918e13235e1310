/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds ACPI tables in a small fake physical memory, for the unit tests of boot/acpi*.c. Every
 * map() returns a copy of exactly the bytes asked for, so that AddressSanitizer sees any byte read
 * beyond.
 */
#ifndef TESTS_UNIT_BOOT_ACPI_BUILD_H
#define TESTS_UNIT_BOOT_ACPI_BUILD_H

#include <stdint.h>

#include "boot/acpi.h"

#define ACPI_BUILD_BASE 0xE0000u /* the RSDP's address and the memory's beginning */
#define ACPI_BUILD_SIZE 0x80000u

/* Forgets everything. */
void acpi_build_begin(void);

/* Appends a table with header and right checksum, and an entry for it in the XSDT; its address. */
uint32_t acpi_build_table(const char *signature, uint8_t revision, const void *body, uint32_t size);

/* The same without an entry in the XSDT (DSDT). */
uint32_t acpi_build_hidden(const char *signature, uint8_t revision, const void *body,
                           uint32_t size);

/* Writes RSDP (revision 2; 0: the old form with an RSDT) and the root table. */
void acpi_build_end(uint8_t rsdp_revision);

/* The byte at an address, to be changed; and the table's checksum made right again. */
uint8_t *acpi_build_at(uint32_t hpa);
void acpi_build_fix_checksum(uint32_t table);

/* acpi_read() over this memory. The copies are freed when it returns. */
bool acpi_build_read(struct acpi_machine *machine);

#endif
