/* SPDX-License-Identifier: Apache-2.0 */
/* Builder of ACPI tables for unit tests; see acpi_build.h. */
#include "tests/unit/boot/acpi_build.h"

#include <stdlib.h>
#include <string.h>

#define HEADER     36
#define TABLES_MAX 400
#define COPIES_MAX 8192

static uint8_t memory[ACPI_BUILD_SIZE];
static uint32_t next;
static uint32_t tables[TABLES_MAX];
static uint32_t table_count;
static void *copies[COPIES_MAX];
static uint32_t copy_count;

uint8_t *acpi_build_at(uint32_t hpa)
{
    return &memory[hpa - ACPI_BUILD_BASE];
}

static void store32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> i * 8);
    }
}

static uint8_t sum(const uint8_t *data, uint32_t size)
{
    uint8_t total = 0;
    for (uint32_t i = 0; i < size; i++) {
        total = (uint8_t)(total + data[i]);
    }
    return total;
}

static uint32_t length_of(uint32_t table)
{
    const uint8_t *at = acpi_build_at(table) + 4;
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

void acpi_build_fix_checksum(uint32_t table)
{
    uint8_t *at = acpi_build_at(table);
    at[9] = (uint8_t)(at[9] - sum(at, length_of(table)));
}

void acpi_build_begin(void)
{
    memset(memory, 0, sizeof(memory));
    next = ACPI_BUILD_BASE + 64;
    table_count = 0;
}

uint32_t acpi_build_hidden(const char *signature, uint8_t revision, const void *body, uint32_t size)
{
    uint32_t table = next;
    uint8_t *at = acpi_build_at(table);
    next += HEADER + size + 3; /* unaligned on purpose */
    memcpy(at, signature, 4);
    store32(at + 4, HEADER + size);
    at[8] = revision;
    memcpy(at + 10, "TESTER", 6);
    if (size > 0) {
        memcpy(at + HEADER, body, size);
    }
    acpi_build_fix_checksum(table);
    return table;
}

uint32_t acpi_build_table(const char *signature, uint8_t revision, const void *body, uint32_t size)
{
    uint32_t table = acpi_build_hidden(signature, revision, body, size);
    tables[table_count++] = table;
    return table;
}

void acpi_build_end(uint8_t rsdp_revision)
{
    static uint8_t body[TABLES_MAX * 8];
    uint32_t width = rsdp_revision >= 2 ? 8 : 4;
    memset(body, 0, sizeof(body));
    for (uint32_t i = 0; i < table_count; i++) {
        store32(body + i * width, tables[i]);
    }
    uint32_t root =
        acpi_build_hidden(rsdp_revision >= 2 ? "XSDT" : "RSDT", 1, body, table_count * width);

    uint8_t *rsdp = memory;
    memcpy(rsdp, "RSD PTR ", 8);
    rsdp[15] = rsdp_revision;
    if (rsdp_revision >= 2) {
        store32(rsdp + 20, 36);
        store32(rsdp + 24, root);
    } else {
        store32(rsdp + 16, root);
    }
    rsdp[8] = (uint8_t)-sum(rsdp, 20);
    rsdp[32] = rsdp_revision >= 2 ? (uint8_t)-sum(rsdp, 36) : 0;
}

static const void *map(void *context, uint64_t hpa, uint64_t size)
{
    (void)context;
    if (hpa < ACPI_BUILD_BASE || hpa - ACPI_BUILD_BASE > ACPI_BUILD_SIZE ||
        ACPI_BUILD_SIZE - (hpa - ACPI_BUILD_BASE) < size || copy_count == COPIES_MAX) {
        return NULL;
    }
    void *copy = malloc(size);
    if (copy != NULL) {
        memcpy(copy, acpi_build_at((uint32_t)hpa), size);
        copies[copy_count++] = copy;
    }
    return copy;
}

bool acpi_build_read(struct acpi_machine *machine)
{
    const struct acpi_memory view = {map, NULL};
    bool found = acpi_read(&view, HPA(ACPI_BUILD_BASE), machine);
    while (copy_count > 0) {
        free(copies[--copy_count]);
    }
    return found;
}
