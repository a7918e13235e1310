/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SSDT of a VM with PCI functions: _PRT, which tells the guest on which GSI each function's
 * INTx arrives. Called by acpi_tables.c. Written as AML by hand (ACPI Specification 6.0, "ACPI
 * Machine Language (AML) Specification"), since it differs from VM to VM.
 */
#include "boot/image/acpi_prt.h"

#include "boot/image/internal.h"

#define AML_NAME       0x08
#define AML_BYTE       0x0A
#define AML_DWORD      0x0C
#define AML_SCOPE      0x10
#define AML_PACKAGE    0x12
#define AML_ZERO       0x00
#define ANY_FUNCTION   0xFFFF
#define LENGTH_2_BYTES 0x40 /* of a PkgLength: low 4 bits here, 8 more in the next byte */
#define SCOPE_BODY     2    /* offset of what a PkgLength counts from, behind the opcode */

static const uint8_t pci0[] = {'\\', 0x2E, '_', 'S', 'B', '_', 'P', 'C', 'I', '0'};

/* A PkgLength in two bytes for what begins at `from`, itself included, and ends at `end`. */
static void put_length(uint8_t *from, const uint8_t *end)
{
    size_t length = (size_t)(end - from);
    from[0] = (uint8_t)(LENGTH_2_BYTES | (length & 0xF));
    from[1] = (uint8_t)(length >> 4);
}

/* Package (4) { address, pin, 0, GSI }: what INTx of the function's device leads to. */
static uint8_t *put_entry(uint8_t *at, const struct vm_pci_function *function)
{
    *at++ = AML_PACKAGE;
    uint8_t *length = at;
    at += SCOPE_BODY;
    *at++ = 4;
    *at++ = AML_DWORD;
    image_put32(at, 0, (uint32_t)function->guest_device << 16 | ANY_FUNCTION);
    at += 4;
    *at++ = AML_BYTE;
    *at++ = (uint8_t)(function->intx - 1);
    *at++ = AML_ZERO; /* no link device: the next is a GSI */
    *at++ = AML_BYTE;
    *at++ = function->gsi;
    put_length(length, at);
    return at;
}

static bool has_gsi(const struct vm_pci_function *function)
{
    return function->gsi != VM_PCI_NO_PIN && function->intx != 0;
}

size_t acpi_prt_build(const struct vm_pci_function *functions, uint32_t count, uint8_t *out)
{
    uint8_t *at = out;
    uint8_t entries = 0;
    for (uint32_t i = 0; i < count; i++) {
        entries += has_gsi(&functions[i]);
    }
    if (entries == 0) {
        return 0;
    }
    *at++ = AML_SCOPE;
    uint8_t *scope = at;
    at += SCOPE_BODY;
    memcpy(at, pci0, sizeof(pci0));
    at += sizeof(pci0);
    *at++ = AML_NAME;
    memcpy(at, "_PRT", 4);
    at += 4;
    *at++ = AML_PACKAGE;
    uint8_t *package = at;
    at += SCOPE_BODY;
    *at++ = entries;
    for (uint32_t i = 0; i < count; i++) {
        if (has_gsi(&functions[i])) {
            at = put_entry(at, &functions[i]);
        }
    }
    put_length(package, at);
    put_length(scope, at);
    return (size_t)(at - out);
}
