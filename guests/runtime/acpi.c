/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks RSDP, XSDT or RSDT, MADT and FADT. The tables are the loader's or the firmware's: lengths
 * are trusted, as the boot protocol is.
 */
#include "guests/runtime/acpi.h"

#include <stdbool.h>
#include <stddef.h>

#include "guests/runtime/startup.h"
#include "kernel/string.h"

#define MADT_ENTRIES        44
#define MADT_LOCAL_APIC     0
#define MADT_LOCAL_X2APIC   9
#define MADT_USABLE         3 /* enabled, or may be brought on line */
#define FADT_PM1A_CONTROL   64
#define FADT_PM1B_CONTROL   68
#define FADT_RESET_REGISTER 116
#define FADT_SLEEP_CONTROL  244
#define SPACE_PORT          1

struct rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
} __attribute__((packed));

struct table {
    char signature[4];
    uint32_t length;
    uint8_t revision;
    uint8_t checksum;
    char oem[26];
} __attribute__((packed));

_Static_assert(sizeof(struct table) == 36, "ACPI: System Description Table Header");

static uint32_t read32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static uint64_t read64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static const struct table *find_table(const char *signature)
{
    const struct rsdp *rsdp = (const struct rsdp *)startup.rsdp;
    if (rsdp == NULL || memcmp(rsdp->signature, "RSD PTR ", 8) != 0) {
        return NULL;
    }
    bool wide = rsdp->revision >= 2 && rsdp->xsdt != 0;
    const struct table *root = (const struct table *)(wide ? rsdp->xsdt : rsdp->rsdt);
    uint32_t step = wide ? 8 : 4;
    for (uint32_t at = sizeof(*root); at + step <= root->length; at += step) {
        const uint8_t *entry = (const uint8_t *)root + at;
        const struct table *table = (const struct table *)(wide ? read64(entry) : read32(entry));
        if (memcmp(table->signature, signature, 4) == 0) {
            return table;
        }
    }
    return NULL;
}

/* APIC id of a usable CPU's entry; false: some other entry. */
static bool entry_cpu(const uint8_t *entry, uint32_t *apic_id)
{
    if (entry[0] == MADT_LOCAL_APIC && (read32(entry + 4) & MADT_USABLE) != 0) {
        *apic_id = entry[3];
        return true;
    }
    if (entry[0] == MADT_LOCAL_X2APIC && (read32(entry + 8) & MADT_USABLE) != 0) {
        *apic_id = read32(entry + 4);
        return true;
    }
    return false;
}

uint32_t acpi_cpus(uint32_t *apic_ids, uint32_t max)
{
    const struct table *madt = find_table("APIC");
    uint32_t count = 0;
    if (madt == NULL) {
        return 0;
    }
    const uint8_t *end = (const uint8_t *)madt + madt->length;
    const uint8_t *at = (const uint8_t *)madt + MADT_ENTRIES;
    while (at + 2 <= end && at[1] >= 2 && count < max) {
        if (entry_cpu(at, &apic_ids[count])) {
            count++;
        }
        at += at[1];
    }
    return count;
}

uint32_t acpi_power_ports(uint16_t *ports, uint32_t max)
{
    static const uint16_t blocks[] = {FADT_PM1A_CONTROL, FADT_PM1B_CONTROL};
    static const uint16_t registers[] = {FADT_RESET_REGISTER, FADT_SLEEP_CONTROL};
    const struct table *fadt = find_table("FACP");
    const uint8_t *bytes = (const uint8_t *)fadt;
    uint32_t count = 0;
    if (fadt == NULL) {
        return 0;
    }
    for (size_t i = 0; i < 2 && count < max; i++) {
        uint32_t port = blocks[i] + 4u <= fadt->length ? read32(bytes + blocks[i]) : 0;
        if (port != 0) {
            ports[count++] = (uint16_t)port;
        }
    }
    for (size_t i = 0; i < 2 && count < max; i++) {
        const uint8_t *address = bytes + registers[i]; /* Generic Address Structure */
        if (registers[i] + 12u <= fadt->length && address[0] == SPACE_PORT) {
            ports[count++] = (uint16_t)read64(address + 4);
        }
    }
    return count;
}
