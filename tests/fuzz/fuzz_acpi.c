/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/acpi.c boot/acpi_topology.c boot/acpi_platform.c boot/acpi_aml.c */
/* links: tests/unit/boot/acpi_build.c */
/*
 * Hostile ACPI tables. The first input byte chooses: 0xFF, the rest is physical memory as it is,
 * from the RSDP on; else it is the RSDP's revision, and records follow: a byte for the kind of
 * table, two for the body's length, the body. Those get headers and right checksums, so that the
 * parsers see them. Copies of exact size make every read beyond a table visible.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "boot/acpi.h"
#include "tests/unit/boot/acpi_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct acpi_machine *machine)
{
    const struct boot_platform *platform = &machine->platform;
    if (machine->cpu_count > CPU_MAX || machine->ioapic_count > ACPI_IOAPIC_MAX ||
        machine->override_count > ACPI_OVERRIDE_MAX ||
        machine->node_memory_count > ACPI_NODE_MEMORY_MAX ||
        machine->complaint_count > ACPI_COMPLAINT_MAX) {
        abort();
    }
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (machine->cpus[i].apic_id == machine->cpus[j].apic_id) {
                abort();
            }
        }
    }
    const struct boot_register *registers[] = {&platform->uart,          &platform->pm_timer,
                                               &platform->pm1a_control,  &platform->pm1b_control,
                                               &platform->sleep_control, &platform->reset};
    for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
        if (registers[i]->space == REGISTER_PORT && registers[i]->address > UINT16_MAX) {
            abort();
        }
    }
    if (platform->s5_type_a > 7 || platform->s5_type_b > 7) {
        abort();
    }
}

static void build_raw(const uint8_t *data, size_t size)
{
    if (size > ACPI_BUILD_SIZE) {
        size = ACPI_BUILD_SIZE;
    }
    memcpy(acpi_build_at(ACPI_BUILD_BASE), data, size);
}

static void build_tables(uint8_t revision, const uint8_t *data, size_t size)
{
    static const char *const signatures[] = {"APIC", "SRAT", "FACP", "SSDT", "SPCR",
                                             "HPET", "MCFG", "DMAR", "DSDT"};
    for (unsigned tables = 0; size >= 3 && tables < 64; tables++) {
        const char *signature = signatures[data[0] % ARRAY_SIZE(signatures)];
        uint8_t table_revision = data[0] >> 4;
        size_t length = (size_t)data[1] | (size_t)(data[2] & 0x0F) << 8;
        data += 3;
        size -= 3;
        length = length < size ? length : size;
        acpi_build_table(signature, table_revision, data, (uint32_t)length);
        data += length;
        size -= length;
    }
    acpi_build_end(revision);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct acpi_machine machine;
    if (size == 0) {
        return 0;
    }
    acpi_build_begin();
    if (data[0] == 0xFF) {
        build_raw(data + 1, size - 1);
    } else {
        build_tables(data[0], data + 1, size - 1);
    }
    acpi_build_read(&machine);
    check(&machine);
    acpi_put_boot_cpu_first(&machine, data[size - 1]);
    return 0;
}
