/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sleep types of S5, looked for in the bytes of a DSDT or SSDT. Called by boot/acpi.c and for
 * the FADT's DSDT. No AML is executed; boot/acpi_parse.h says what this finds and what it misses.
 */
#include "boot/acpi_parse.h"
#include "kernel/string.h"

/* Specification: "ACPI Machine Language (AML) Specification", the encodings. */
#define AML_ZERO_OP      0x00
#define AML_ONE_OP       0x01
#define AML_NAME_OP      0x08
#define AML_BYTE_PREFIX  0x0A
#define AML_WORD_PREFIX  0x0B
#define AML_DWORD_PREFIX 0x0C
#define AML_QWORD_PREFIX 0x0E
#define AML_PACKAGE_OP   0x12
#define AML_ROOT_CHAR    0x5C
#define SLP_TYP_MAX      7

/* One integer constant at *offset, which moves behind it. False for anything else. */
static bool read_aml_integer(const struct acpi_table *table, uint32_t *offset, uint64_t *value)
{
    static const struct {
        uint8_t op;
        uint8_t size;
        uint8_t value;
    } forms[] = {
        {AML_ZERO_OP, 0, 0},     {AML_ONE_OP, 0, 1},       {AML_BYTE_PREFIX, 1, 0},
        {AML_WORD_PREFIX, 2, 0}, {AML_DWORD_PREFIX, 4, 0}, {AML_QWORD_PREFIX, 8, 0},
    };
    if (*offset >= table->length) {
        return false;
    }
    uint8_t op = table->data[*offset];
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        if (forms[i].op == op && table->length - *offset > forms[i].size) {
            *value =
                forms[i].size == 0 ? forms[i].value : acpi_field(table, *offset + 1, forms[i].size);
            *offset += 1u + forms[i].size;
            return true;
        }
    }
    return false;
}

/* The package at data[0]: cuts *package to the package's own bytes, *offset is its element count's.
 */
static bool open_aml_package(struct acpi_table *package, uint32_t *offset)
{
    uint64_t lead = acpi_field(package, 1, 1);
    uint32_t following = (uint32_t)(lead >> 6);
    uint64_t length = following == 0 ? lead : lead & MASK(3, 0);
    for (uint32_t i = 0; i < following; i++) {
        length |= acpi_field(package, 2 + i, 1) << (4 + 8 * i);
    }
    /* The length counts from the lead byte on. */
    if (package->data[0] != AML_PACKAGE_OP || length > package->length - 1) {
        return false;
    }
    package->length = (uint32_t)length + 1;
    *offset = 2 + following;
    return true;
}

static bool read_sleep_types(struct acpi_table package, struct boot_platform *platform)
{
    uint32_t offset;
    uint64_t a;
    uint64_t b;
    if (!open_aml_package(&package, &offset)) {
        return false;
    }
    uint64_t elements = acpi_field(&package, offset++, 1);
    if (elements == 0 || !read_aml_integer(&package, &offset, &a)) {
        return false;
    }
    if (elements == 1) { /* some firmware packs both types into one integer */
        b = a >> 8;
        a &= MASK(7, 0);
    } else if (!read_aml_integer(&package, &offset, &b)) {
        return false;
    }
    if (a > SLP_TYP_MAX || b > SLP_TYP_MAX) {
        return false;
    }
    platform->s5_type_a = (uint8_t)a;
    platform->s5_type_b = (uint8_t)b;
    return true;
}

void acpi_find_s5(struct acpi_reader *reader, const struct acpi_table *table)
{
    static const uint8_t name[] = {'_', 'S', '5', '_'};
    struct boot_platform *platform = &reader->machine->platform;
    for (uint32_t i = ACPI_HEADER_SIZE; i < table->length && !platform->s5_known; i++) {
        if (table->data[i] != AML_NAME_OP) {
            continue;
        }
        uint32_t at = i + 1 + (acpi_field(table, i + 1, 1) == AML_ROOT_CHAR);
        if (at + sizeof(name) + 2 > table->length ||
            memcmp(table->data + at, name, sizeof(name)) != 0) {
            continue;
        }
        at += sizeof(name);
        const struct acpi_table package = {table->data + at, table->length - at};
        platform->s5_known = read_sleep_types(package, platform);
    }
}
