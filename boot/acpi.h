/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the firmware's ACPI tables: CPUs, interrupt controllers, NUMA nodes, timers, console UART,
 * power-off and reset. Called once by the loader. Pure: it reaches memory only through the caller's
 * map() and writes only *machine. Tables are not trusted: every field is checked against its
 * table's length, a table with a wrong checksum is passed over and complained about. No AML is
 * executed.
 */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include "kernel/boot_info.h"
#include "kernel/types.h"

#define ACPI_IOAPIC_MAX      16
#define ACPI_OVERRIDE_MAX    16
#define ACPI_NODE_MEMORY_MAX 64
#define ACPI_COMPLAINT_MAX   16

/*
 * Gives access to physical memory: a pointer (any alignment) to `size` bytes at hpa that stays
 * valid until acpi_read() returns, or NULL. The loader returns the address itself.
 */
struct acpi_memory {
    const void *(*map)(void *context, uint64_t hpa, uint64_t size);
    void *context;
};

struct acpi_ioapic {
    hpa_t hpa;
    uint32_t id;
    uint32_t gsi_base;
};

/* An ISA interrupt that arrives at another global system interrupt, or differs in its signal. */
struct acpi_override {
    uint8_t irq;
    bool active_low;
    bool level;
    uint32_t gsi;
};

struct acpi_node_memory {
    hpa_t hpa;
    uint64_t size;
    uint32_t node;
};

enum acpi_fault {
    ACPI_FAULT_UNREACHABLE, /* map() returned NULL */
    ACPI_FAULT_SIGNATURE,
    ACPI_FAULT_LENGTH, /* shorter than its fixed part, or larger than 16 MiB */
    ACPI_FAULT_CHECKSUM,
    ACPI_FAULT_ENTRY,    /* an entry that is too short or leaves its table: reading stopped there */
    ACPI_FAULT_TOO_MANY, /* entries were left out, the arrays here are full */
};

struct acpi_complaint {
    char table[5]; /* signature with '?' for unprintable bytes, NUL */
    enum acpi_fault fault;
};

struct acpi_machine {
    struct boot_platform platform;

    uint32_t cpu_count;    /* enabled CPUs, each APIC id once, in the MADT's order */
    uint32_t cpus_offline; /* further ones that could be plugged in (MADT: online capable) */
    struct boot_cpu cpus[CPU_MAX]; /* apic_id and node; the rest is 0 */

    uint32_t ioapic_count;
    struct acpi_ioapic ioapics[ACPI_IOAPIC_MAX];
    uint32_t override_count;
    struct acpi_override overrides[ACPI_OVERRIDE_MAX];
    uint32_t node_memory_count;
    struct acpi_node_memory node_memory[ACPI_NODE_MEMORY_MAX];

    uint32_t complaint_count;
    struct acpi_complaint complaints[ACPI_COMPLAINT_MAX];
};

/*
 * Fills *machine from the tables that the RSDP at `rsdp` leads to. What no valid table tells stays
 * 0. False when there is no valid RSDP or root table: *machine then holds nothing but complaints.
 */
bool acpi_read(const struct acpi_memory *memory, hpa_t rsdp, struct acpi_machine *machine);

/* Moves the CPU with this APIC id to the front of the list. False: it is not in the list. */
bool acpi_put_boot_cpu_first(struct acpi_machine *machine, uint32_t apic_id);

/* "checksum is wrong" and the like, to follow the name of a table in a message. */
const char *acpi_fault_text(enum acpi_fault fault);

#endif
