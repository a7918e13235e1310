/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the RSDP to each table: finding, checking, handing to the parsers in boot/acpi_*.c. Called
 * once by the loader. Reads memory through the caller's map() only.
 */
#include "boot/acpi.h"

#include "boot/acpi_parse.h"
#include "kernel/string.h"

#define RSDP_V1_SIZE     20
#define RSDP_V2_SIZE     36
#define TABLE_SIZE_MAX   MIB(16)
#define ROOT_ENTRIES_MAX 256

/* Fields of the RSDP (specification: "Root System Description Pointer (RSDP)"). */
#define RSDP_REVISION 15
#define RSDP_RSDT     16
#define RSDP_LENGTH   20
#define RSDP_XSDT     24
#define TABLE_LENGTH  4

/* The table of tables: XSDT with 8-byte entries, RSDT with 4-byte ones. */
struct root {
    struct acpi_table table;
    unsigned entry_size;
};

/* In the order of parsing: SRAT needs MADT's CPUs, an SSDT is looked at when the DSDT has no _S5.
 */
static const struct {
    const char *signature;
    void (*parse)(struct acpi_reader *reader, const struct acpi_table *table);
    bool all; /* every table of this kind, not the first valid one */
} parsers[] = {
    {"APIC", acpi_parse_madt, false},  {"SRAT", acpi_parse_srat, false},
    {"FACP", acpi_parse_fadt, false},  {"SSDT", acpi_find_s5, true},
    {"SPCR", acpi_parse_spcr, false},  {"HPET", acpi_parse_hpet, false},
    {"MCFG", acpi_parse_mcfg, false},  {"DMAR", acpi_parse_iommu, false},
    {"IVRS", acpi_parse_iommu, false},
};

static const char *const fault_texts[] = {
    [ACPI_FAULT_UNREACHABLE] = "lies outside of memory",
    [ACPI_FAULT_SIGNATURE] = "has another signature",
    [ACPI_FAULT_LENGTH] = "has an impossible length",
    [ACPI_FAULT_CHECKSUM] = "has a wrong checksum",
    [ACPI_FAULT_ENTRY] = "has a malformed entry",
    [ACPI_FAULT_TOO_MANY] = "has more entries than are supported",
};

const char *acpi_fault_text(enum acpi_fault fault)
{
    return (size_t)fault < ARRAY_SIZE(fault_texts) ? fault_texts[fault] : "is wrong";
}

void acpi_complain(struct acpi_machine *machine, const void *signature, enum acpi_fault fault)
{
    const uint8_t *from = signature;
    if (machine->complaint_count == ACPI_COMPLAINT_MAX) {
        return;
    }
    struct acpi_complaint *complaint = &machine->complaints[machine->complaint_count++];
    for (unsigned i = 0; i < 4; i++) {
        complaint->table[i] = from[i] > ' ' && from[i] < 0x7F ? (char)from[i] : '?';
    }
    complaint->table[4] = '\0';
    complaint->fault = fault;
}

uint64_t acpi_field(const struct acpi_table *table, uint32_t offset, unsigned size)
{
    uint64_t value = 0;
    if (offset > table->length || table->length - offset < size) {
        return 0;
    }
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)table->data[offset + i] << i * 8;
    }
    return value;
}

static bool sums_to_zero(const uint8_t *data, uint32_t length)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum + data[i]);
    }
    return sum == 0;
}

static const uint8_t *map(const struct acpi_reader *reader, uint64_t hpa, uint64_t size)
{
    if (hpa == 0 || hpa + size < hpa) {
        return NULL;
    }
    return reader->memory->map(reader->memory->context, hpa, size);
}

bool acpi_load_table(struct acpi_reader *reader, uint64_t hpa, const char *signature,
                     struct acpi_table *table)
{
    *table = (struct acpi_table){map(reader, hpa, ACPI_HEADER_SIZE), ACPI_HEADER_SIZE};
    if (table->data == NULL) {
        acpi_complain(reader->machine, signature, ACPI_FAULT_UNREACHABLE);
        return false;
    }
    if (memcmp(table->data, signature, 4) != 0) {
        acpi_complain(reader->machine, signature, ACPI_FAULT_SIGNATURE);
        return false;
    }
    table->length = (uint32_t)acpi_field(table, TABLE_LENGTH, 4);
    if (table->length < ACPI_HEADER_SIZE || table->length > TABLE_SIZE_MAX) {
        acpi_complain(reader->machine, signature, ACPI_FAULT_LENGTH);
        return false;
    }
    table->data = map(reader, hpa, table->length);
    if (table->data == NULL) {
        acpi_complain(reader->machine, signature, ACPI_FAULT_UNREACHABLE);
        return false;
    }
    if (!sums_to_zero(table->data, table->length)) {
        acpi_complain(reader->machine, signature, ACPI_FAULT_CHECKSUM);
        return false;
    }
    return true;
}

static bool load_root(struct acpi_reader *reader, uint64_t hpa, const char *signature,
                      unsigned entry_size, struct root *root)
{
    root->entry_size = entry_size;
    return hpa != 0 && acpi_load_table(reader, hpa, signature, &root->table);
}

/* An RSDP of revision 2 has a longer form with a checksum of its own and leads to an XSDT. */
static bool load_xsdt(struct acpi_reader *reader, uint64_t rsdp, struct root *root)
{
    struct acpi_table table = {map(reader, rsdp, RSDP_V2_SIZE), RSDP_V2_SIZE};
    if (table.data == NULL) {
        acpi_complain(reader->machine, "RSDP", ACPI_FAULT_UNREACHABLE);
        return false;
    }
    uint32_t length = (uint32_t)acpi_field(&table, RSDP_LENGTH, 4);
    if (length < RSDP_V2_SIZE || length > PAGE_SIZE) {
        acpi_complain(reader->machine, "RSDP", ACPI_FAULT_LENGTH);
        return false;
    }
    const uint8_t *all = map(reader, rsdp, length);
    if (all == NULL || !sums_to_zero(all, length)) {
        acpi_complain(reader->machine, "RSDP", ACPI_FAULT_CHECKSUM);
        return false;
    }
    return load_root(reader, acpi_field(&table, RSDP_XSDT, 8), "XSDT", 8, root);
}

static bool find_root(struct acpi_reader *reader, uint64_t rsdp, struct root *root)
{
    struct acpi_table table = {map(reader, rsdp, RSDP_V1_SIZE), RSDP_V1_SIZE};
    if (table.data == NULL) {
        acpi_complain(reader->machine, "RSDP", ACPI_FAULT_UNREACHABLE);
        return false;
    }
    if (memcmp(table.data, "RSD PTR ", 8) != 0) {
        acpi_complain(reader->machine, "RSDP", ACPI_FAULT_SIGNATURE);
        return false;
    }
    if (!sums_to_zero(table.data, RSDP_V1_SIZE)) {
        acpi_complain(reader->machine, "RSDP", ACPI_FAULT_CHECKSUM);
        return false;
    }
    if (acpi_field(&table, RSDP_REVISION, 1) >= 2 && load_xsdt(reader, rsdp, root)) {
        return true;
    }
    return load_root(reader, acpi_field(&table, RSDP_RSDT, 4), "RSDT", 4, root);
}

/* The entry's address when the table there has this signature, else 0. */
static uint64_t root_entry(const struct acpi_reader *reader, const struct root *root,
                           uint32_t index, const char *signature)
{
    uint64_t hpa =
        acpi_field(&root->table, ACPI_HEADER_SIZE + index * root->entry_size, root->entry_size);
    const uint8_t *header = map(reader, hpa, ACPI_HEADER_SIZE);
    return header != NULL && memcmp(header, signature, 4) == 0 ? hpa : 0;
}

static void parse_tables(struct acpi_reader *reader, const struct root *root)
{
    uint32_t entries = (root->table.length - ACPI_HEADER_SIZE) / root->entry_size;
    if (entries > ROOT_ENTRIES_MAX) {
        acpi_complain(reader->machine, root->table.data, ACPI_FAULT_TOO_MANY);
        entries = ROOT_ENTRIES_MAX;
    }
    for (size_t kind = 0; kind < ARRAY_SIZE(parsers); kind++) {
        const char *signature = parsers[kind].signature;
        bool done = false;
        for (uint32_t i = 0; i < entries && !done; i++) {
            struct acpi_table table;
            uint64_t hpa = root_entry(reader, root, i, signature);
            if (hpa != 0 && acpi_load_table(reader, hpa, signature, &table)) {
                parsers[kind].parse(reader, &table);
                done = !parsers[kind].all;
            }
        }
    }
}

bool acpi_read(const struct acpi_memory *memory, hpa_t rsdp, struct acpi_machine *machine)
{
    struct acpi_reader reader = {memory, machine};
    struct root root;
    memset(machine, 0, sizeof(*machine));
    if (!find_root(&reader, rsdp.v, &root)) {
        return false;
    }
    machine->platform.rsdp = rsdp;
    parse_tables(&reader, &root);
    return true;
}

bool acpi_put_boot_cpu_first(struct acpi_machine *machine, uint32_t apic_id)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        if (machine->cpus[i].apic_id == apic_id) {
            struct boot_cpu boot_cpu = machine->cpus[i];
            memmove(&machine->cpus[1], &machine->cpus[0], i * sizeof(boot_cpu));
            machine->cpus[0] = boot_cpu;
            return true;
        }
    }
    return false;
}
