/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs, IOAPICs, interrupt overrides and NUMA nodes from ACPI's MADT and SRAT. Called by
 * boot/acpi.c with tables whose checksum is right; lengths of entries are checked here.
 */
#include "boot/acpi_parse.h"

/* Specification: "Multiple APIC Description Table (MADT)". */
#define MADT_ENTRIES          44
#define MADT_CPU_ENABLED      BIT(0)
#define MADT_CPU_ONLINE_LATER BIT(1)
#define MADT_POLARITY         MASK(1, 0)
#define MADT_TRIGGER          MASK(3, 2)
#define MADT_ACTIVE_LOW       3
#define MADT_LEVEL            3
#define XAPIC_BROADCAST       0xFF /* also what firmware puts where there is no CPU */
#define X2APIC_BROADCAST      0xFFFFFFFF

/* Specification: "System Resource Affinity Table (SRAT)". */
#define SRAT_ENTRIES         48
#define SRAT_ENABLED         BIT(0)
#define SRAT_REVISION_OFFSET 8
#define SRAT_REVISION_WIDE   2 /* from here on proximity domains have 32 bits in every entry */

/* How one type of entry is parsed; `least` bytes are there. */
struct entry_kind {
    uint8_t type;
    uint8_t least;
    void (*parse)(struct acpi_machine *machine, const struct acpi_table *entry);
};

/* Entries begin with their type and length, a byte each. */
static void parse_entries(struct acpi_machine *machine, const struct acpi_table *table,
                          uint32_t offset, const struct entry_kind *kinds, size_t kind_count)
{
    while (offset < table->length) {
        uint8_t type = (uint8_t)acpi_field(table, offset, 1);
        uint32_t length = (uint32_t)acpi_field(table, offset + 1, 1);
        if (length < 2 || length > table->length - offset) {
            acpi_complain(machine, table->data, ACPI_FAULT_ENTRY);
            return;
        }
        const struct acpi_table entry = {table->data + offset, length};
        for (size_t i = 0; i < kind_count; i++) {
            if (kinds[i].type != type) {
                continue;
            }
            if (length < kinds[i].least) {
                acpi_complain(machine, table->data, ACPI_FAULT_ENTRY);
                return;
            }
            kinds[i].parse(machine, &entry);
        }
        offset += length;
    }
}

static struct boot_cpu *find_cpu(struct acpi_machine *machine, uint32_t apic_id)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        if (machine->cpus[i].apic_id == apic_id) {
            return &machine->cpus[i];
        }
    }
    return NULL;
}

static void add_cpu(struct acpi_machine *machine, uint32_t apic_id, uint64_t flags)
{
    if ((flags & MADT_CPU_ENABLED) == 0) {
        machine->cpus_offline += (flags & MADT_CPU_ONLINE_LATER) != 0;
        return;
    }
    if (find_cpu(machine, apic_id) != NULL) {
        return; /* firmware may list a CPU as local APIC and as local x2APIC */
    }
    if (machine->cpu_count == CPU_MAX) {
        acpi_complain(machine, "APIC", ACPI_FAULT_TOO_MANY);
        return;
    }
    machine->cpus[machine->cpu_count++] = (struct boot_cpu){.apic_id = apic_id};
}

static void parse_local_apic(struct acpi_machine *machine, const struct acpi_table *entry)
{
    uint32_t apic_id = (uint32_t)acpi_field(entry, 3, 1);
    if (apic_id != XAPIC_BROADCAST) {
        add_cpu(machine, apic_id, acpi_field(entry, 4, 4));
    }
}

static void parse_local_x2apic(struct acpi_machine *machine, const struct acpi_table *entry)
{
    uint32_t apic_id = (uint32_t)acpi_field(entry, 4, 4);
    if (apic_id != X2APIC_BROADCAST) {
        add_cpu(machine, apic_id, acpi_field(entry, 8, 4));
    }
}

static void parse_ioapic(struct acpi_machine *machine, const struct acpi_table *entry)
{
    if (machine->ioapic_count == ACPI_IOAPIC_MAX) {
        acpi_complain(machine, "APIC", ACPI_FAULT_TOO_MANY);
        return;
    }
    struct acpi_ioapic *ioapic = &machine->ioapics[machine->ioapic_count++];
    ioapic->id = (uint32_t)acpi_field(entry, 2, 1);
    ioapic->hpa = HPA(acpi_field(entry, 4, 4));
    ioapic->gsi_base = (uint32_t)acpi_field(entry, 8, 4);
}

static void parse_override(struct acpi_machine *machine, const struct acpi_table *entry)
{
    if (machine->override_count == ACPI_OVERRIDE_MAX) {
        acpi_complain(machine, "APIC", ACPI_FAULT_TOO_MANY);
        return;
    }
    /* "Conforms to the bus" is active high and edge, because the bus is always ISA. */
    uint64_t flags = acpi_field(entry, 8, 2);
    struct acpi_override *override = &machine->overrides[machine->override_count++];
    override->irq = (uint8_t)acpi_field(entry, 3, 1);
    override->gsi = (uint32_t)acpi_field(entry, 4, 4);
    override->active_low = FIELD_GET(MADT_POLARITY, flags) == MADT_ACTIVE_LOW;
    override->level = FIELD_GET(MADT_TRIGGER, flags) == MADT_LEVEL;
}

void acpi_parse_madt(struct acpi_reader *reader, const struct acpi_table *table)
{
    static const struct entry_kind kinds[] = {
        {0, 8, parse_local_apic},
        {1, 12, parse_ioapic},
        {2, 10, parse_override},
        {9, 16, parse_local_x2apic},
    };
    struct acpi_machine *machine = reader->machine;
    parse_entries(machine, table, MADT_ENTRIES, kinds, ARRAY_SIZE(kinds));
    /* The IOAPIC that the ISA interrupts arrive at, where that can be told. */
    for (uint32_t i = 0; i < machine->ioapic_count; i++) {
        if (machine->platform.ioapic.v == 0 || machine->ioapics[i].gsi_base == 0) {
            machine->platform.ioapic = machine->ioapics[i].hpa;
        }
    }
}

static void set_node(struct acpi_machine *machine, uint32_t apic_id, uint64_t node, uint64_t flags)
{
    struct boot_cpu *cpu = find_cpu(machine, apic_id);
    if (cpu != NULL && (flags & SRAT_ENABLED) != 0) {
        cpu->node = (uint32_t)node;
    }
}

static void parse_apic_affinity_narrow(struct acpi_machine *machine, const struct acpi_table *entry)
{
    set_node(machine, (uint32_t)acpi_field(entry, 3, 1), acpi_field(entry, 2, 1),
             acpi_field(entry, 4, 4));
}

/* The domain's low byte is at offset 2, the other three at 9. */
static void parse_apic_affinity(struct acpi_machine *machine, const struct acpi_table *entry)
{
    uint64_t high = acpi_field(entry, 8, 4) & ~MASK(7, 0);
    set_node(machine, (uint32_t)acpi_field(entry, 3, 1), high | acpi_field(entry, 2, 1),
             acpi_field(entry, 4, 4));
}

static void parse_x2apic_affinity(struct acpi_machine *machine, const struct acpi_table *entry)
{
    set_node(machine, (uint32_t)acpi_field(entry, 8, 4), acpi_field(entry, 4, 4),
             acpi_field(entry, 12, 4));
}

static void add_node_memory(struct acpi_machine *machine, const struct acpi_table *entry,
                            uint64_t node)
{
    uint64_t start = acpi_field(entry, 8, 8);
    uint64_t size = acpi_field(entry, 16, 8);
    if ((acpi_field(entry, 28, 4) & SRAT_ENABLED) == 0 || size == 0) {
        return;
    }
    if (start + size < start) {
        acpi_complain(machine, "SRAT", ACPI_FAULT_ENTRY);
        return;
    }
    if (machine->node_memory_count == ACPI_NODE_MEMORY_MAX) {
        acpi_complain(machine, "SRAT", ACPI_FAULT_TOO_MANY);
        return;
    }
    machine->node_memory[machine->node_memory_count++] =
        (struct acpi_node_memory){HPA(start), size, (uint32_t)node};
}

static void parse_memory_affinity_narrow(struct acpi_machine *machine,
                                         const struct acpi_table *entry)
{
    add_node_memory(machine, entry, acpi_field(entry, 2, 1));
}

static void parse_memory_affinity(struct acpi_machine *machine, const struct acpi_table *entry)
{
    add_node_memory(machine, entry, acpi_field(entry, 2, 4));
}

void acpi_parse_srat(struct acpi_reader *reader, const struct acpi_table *table)
{
    static const struct entry_kind narrow[] = {
        {0, 16, parse_apic_affinity_narrow},
        {1, 40, parse_memory_affinity_narrow},
    };
    static const struct entry_kind wide[] = {
        {0, 16, parse_apic_affinity},
        {1, 40, parse_memory_affinity},
        {2, 24, parse_x2apic_affinity},
    };
    if (acpi_field(table, SRAT_REVISION_OFFSET, 1) < SRAT_REVISION_WIDE) {
        parse_entries(reader->machine, table, SRAT_ENTRIES, narrow, ARRAY_SIZE(narrow));
    } else {
        parse_entries(reader->machine, table, SRAT_ENTRIES, wide, ARRAY_SIZE(wide));
    }
}
