/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's ACPI tables: RSDP, XSDT, FADT of the hardware-reduced kind, MADT, WDAT, a DSDT compiled
 * by iasl and, for PCI functions handed over, an SSDT. Built by image_layout(); usable by itself on
 * a host. Tables as in the ACPI Specification 6.0, "ACPI Software Programming Model".
 */
#ifndef BOOT_IMAGE_ACPI_TABLES_H
#define BOOT_IMAGE_ACPI_TABLES_H

#include "boot/image/image.h"

struct acpi_tables {
    uint64_t base; /* gpa of the RSDP, a multiple of 16; the other tables follow */
    uint32_t cpu_count;
    const uint32_t *apic_ids;
    bool legacy;             /* there are a PIC, a PIT (on GSI GUEST_PIT_GSI), a PM timer */
    uint32_t pci_mmio_first; /* of the window for BARs, up to GUEST_PCI_MMIO_END */
    const void *dsdt;        /* as iasl writes it */
    size_t dsdt_size;
    const struct vm_pci_function *pci; /* handed over: those with a GSI get a _PRT, in an SSDT */
    uint32_t pci_count;
};

/* The DSDT of guests/acpi/dsdt.asl, which the Makefile turns into build/gen/dsdt.c. */
extern const uint8_t dsdt_aml[];
extern const size_t dsdt_aml_size;

/* Bytes that acpi_tables_build() writes at most. */
uint64_t acpi_tables_size(uint32_t cpu_count, size_t dsdt_size);

/*
 * Writes the tables to `out`, acpi_tables_size() zeroed bytes. False with the reason when the
 * DSDT is not one.
 */
bool acpi_tables_build(const struct acpi_tables *tables, uint8_t *out, struct image_error *error);

#endif
