/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the ACPI reader share: a checked table, reading its fields, and one function
 * for each kind of table. Included by boot/acpi*.c only; the loader includes boot/acpi.h.
 */
#ifndef BOOT_ACPI_PARSE_H
#define BOOT_ACPI_PARSE_H

#include "boot/acpi.h"

#define ACPI_HEADER_SIZE 36

/* A whole table, or one entry of it. */
struct acpi_table {
    const uint8_t *data;
    uint32_t length;
};

struct acpi_reader {
    const struct acpi_memory *memory;
    struct acpi_machine *machine;
};

/*
 * A little-endian field of 1, 2, 4 or 8 bytes; 0 when it lies beyond the end, as in tables of an
 * earlier revision.
 */
uint64_t acpi_field(const struct acpi_table *table, uint32_t offset, unsigned size);

/*
 * Fills *table with the table at hpa when its signature is the given one and length and checksum
 * are right; else complains (about another signature, too) and returns false.
 */
bool acpi_load_table(struct acpi_reader *reader, uint64_t hpa, const char *signature,
                     struct acpi_table *table);

/* signature: 4 bytes, shown in the complaint. Complaints beyond ACPI_COMPLAINT_MAX are dropped. */
void acpi_complain(struct acpi_machine *machine, const void *signature, enum acpi_fault fault);

/*
 * A Generic Address Structure at this offset (specification: "Generic Address Structure (GAS)").
 * space REGISTER_NONE when it is absent, its address 0, or not in memory or ports. width: of one
 * access in bytes; 0: take it from the structure, 1 when that tells nothing.
 */
struct boot_register acpi_register(const struct acpi_table *table, uint32_t offset, uint8_t width);

/* Each takes the facts of its table into the machine. The table has been checked as a whole. */
void acpi_parse_madt(struct acpi_reader *reader, const struct acpi_table *table);
void acpi_parse_srat(struct acpi_reader *reader, const struct acpi_table *table);
void acpi_parse_fadt(struct acpi_reader *reader, const struct acpi_table *table);
void acpi_parse_spcr(struct acpi_reader *reader, const struct acpi_table *table);
void acpi_parse_hpet(struct acpi_reader *reader, const struct acpi_table *table);
void acpi_parse_mcfg(struct acpi_reader *reader, const struct acpi_table *table);
void acpi_parse_iommu(struct acpi_reader *reader, const struct acpi_table *table);

/*
 * Looks in a DSDT or SSDT for the sleep types of S5, unless they are known.
 *
 * AML is not executed. What is found is the form that compilers make of Name (\_S5, Package () {a,
 * b, ...}) anywhere in the table's bytes: NameOp, the name with or without a root prefix,
 * PackageOp, a package length inside the table, and integer constants; the first such place with
 * sleep types of 3 bits counts. So it misses an _S5 that is a method, has a path in front of its
 * name, or elements that are names, and it finds one that a condition in the AML would leave out.
 */
void acpi_find_s5(struct acpi_reader *reader, const struct acpi_table *table);

#endif
