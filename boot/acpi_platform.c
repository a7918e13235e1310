/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the platform from ACPI's FADT, SPCR, HPET and MCFG, and S5's sleep types from the
 * AML. Called by boot/acpi.c with tables whose checksum is right. Executes no AML.
 */
#include "boot/acpi_parse.h"

/* Specification: "Generic Address Structure (GAS)". */
#define GAS_SPACE        0
#define GAS_BIT_WIDTH    1
#define GAS_ACCESS       3
#define GAS_ADDRESS      4
#define GAS_SPACE_MEMORY 0
#define GAS_SPACE_PORT   1

/* Specification: "Fixed ACPI Description Table (FADT)". */
#define FADT_DSDT             40
#define FADT_SMI_CMD          48
#define FADT_ACPI_ENABLE      52
#define FADT_PM1A_CONTROL     64
#define FADT_PM1B_CONTROL     68
#define FADT_PM_TIMER         76
#define FADT_PM_TIMER_LENGTH  91
#define FADT_FLAGS            112
#define FADT_RESET            116
#define FADT_RESET_VALUE      128
#define FADT_X_DSDT           140
#define FADT_X_PM1A_CONTROL   172
#define FADT_X_PM1B_CONTROL   184
#define FADT_X_PM_TIMER       208
#define FADT_SLEEP_CONTROL    244
#define FADT_TIMER_32BIT      BIT(8)
#define FADT_RESET_SUPPORTED  BIT(10)
#define FADT_HARDWARE_REDUCED BIT(20)

/* Specifications: "Serial Port Console Redirection Table (SPCR)", "Debug Port Table 2 (DBG2)". */
#define SPCR_INTERFACE         36
#define SPCR_BASE              40
#define SPCR_BAUD              58
#define SPCR_INTERFACE_16550   0x00
#define SPCR_INTERFACE_16450   0x01
#define SPCR_INTERFACE_GAS     0x12 /* 16550-compatible, laid out as the GAS tells */
#define UART_BIT_WIDTH_DEFAULT 8

#define HPET_BASE              40
#define MCFG_ENTRIES           44

struct boot_register acpi_register(const struct acpi_table *table, uint32_t offset, uint8_t width)
{
    static const uint8_t access_bytes[] = {0, 1, 2, 4, 8};
    const struct boot_register none = {REGISTER_NONE, 0, 0};
    uint64_t space = acpi_field(table, offset + GAS_SPACE, 1);
    uint64_t access = acpi_field(table, offset + GAS_ACCESS, 1);
    uint64_t address = acpi_field(table, offset + GAS_ADDRESS, 8);
    if (address == 0) {
        return none;
    }
    if (width == 0 && access < ARRAY_SIZE(access_bytes)) {
        width = access_bytes[access];
    }
    width = width == 0 ? 1 : width;
    if (space == GAS_SPACE_MEMORY) {
        return (struct boot_register){REGISTER_MMIO, address, width};
    }
    if (space == GAS_SPACE_PORT && address <= UINT16_MAX) {
        return (struct boot_register){REGISTER_PORT, address, width};
    }
    return none;
}

/* A register that the FADT names twice: the newer 64-bit field counts, else a port number. */
static struct boot_register fadt_register(const struct acpi_table *fadt, uint32_t x_offset,
                                          uint32_t offset, uint8_t width)
{
    struct boot_register found = acpi_register(fadt, x_offset, width);
    uint64_t port = acpi_field(fadt, offset, 4);
    if (found.space == REGISTER_NONE && port != 0 && port <= UINT16_MAX) {
        found = (struct boot_register){REGISTER_PORT, port, width};
    }
    return found;
}

static void parse_fixed_hardware(struct boot_platform *platform, const struct acpi_table *fadt)
{
    platform->pm1a_control = fadt_register(fadt, FADT_X_PM1A_CONTROL, FADT_PM1A_CONTROL, 2);
    platform->pm1b_control = fadt_register(fadt, FADT_X_PM1B_CONTROL, FADT_PM1B_CONTROL, 2);
    if (acpi_field(fadt, FADT_PM_TIMER_LENGTH, 1) == 4) {
        platform->pm_timer = fadt_register(fadt, FADT_X_PM_TIMER, FADT_PM_TIMER, 4);
        platform->pm_timer_32bit = (acpi_field(fadt, FADT_FLAGS, 4) & FADT_TIMER_32BIT) != 0;
    }
    uint64_t smi_command = acpi_field(fadt, FADT_SMI_CMD, 4);
    if (smi_command <= UINT16_MAX && acpi_field(fadt, FADT_ACPI_ENABLE, 1) != 0) {
        platform->smi_command = (uint16_t)smi_command;
        platform->acpi_enable = (uint8_t)acpi_field(fadt, FADT_ACPI_ENABLE, 1);
    }
}

void acpi_parse_fadt(struct acpi_reader *reader, const struct acpi_table *table)
{
    struct boot_platform *platform = &reader->machine->platform;
    uint64_t flags = acpi_field(table, FADT_FLAGS, 4);
    if ((flags & FADT_HARDWARE_REDUCED) != 0) {
        platform->sleep_control = acpi_register(table, FADT_SLEEP_CONTROL, 1);
    } else {
        parse_fixed_hardware(platform, table);
    }
    if ((flags & FADT_RESET_SUPPORTED) != 0) {
        platform->reset = acpi_register(table, FADT_RESET, 1);
        platform->reset_value = (uint8_t)acpi_field(table, FADT_RESET_VALUE, 1);
    }

    struct acpi_table dsdt;
    uint64_t hpa = acpi_field(table, FADT_X_DSDT, 8);
    hpa = hpa != 0 ? hpa : acpi_field(table, FADT_DSDT, 4);
    if (hpa != 0 && acpi_load_table(reader, hpa, "DSDT", &dsdt)) {
        acpi_find_s5(reader, &dsdt);
    }
}

/* Bytes from one register to the next: the register's width, which ports never make larger than 1.
 */
static uint8_t uart_stride(const struct acpi_table *table, const struct boot_register *uart)
{
    uint64_t bits = acpi_field(table, SPCR_BASE + GAS_BIT_WIDTH, 1);
    bits = bits == 0 ? UART_BIT_WIDTH_DEFAULT : bits;
    if (uart->space == REGISTER_PORT || bits % 8 != 0) {
        return 1;
    }
    return (uint8_t)MAX(bits / 8, uart->width);
}

void acpi_parse_spcr(struct acpi_reader *reader, const struct acpi_table *table)
{
    /* 0 is "as the firmware has set it"; unknown codes are taken the same way. */
    static const uint32_t bauds[] = {[3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200};
    struct boot_platform *platform = &reader->machine->platform;
    uint64_t interface = acpi_field(table, SPCR_INTERFACE, 1);
    uint64_t baud = acpi_field(table, SPCR_BAUD, 1);
    if (interface != SPCR_INTERFACE_16550 && interface != SPCR_INTERFACE_16450 &&
        interface != SPCR_INTERFACE_GAS) {
        return;
    }
    struct boot_register uart = acpi_register(table, SPCR_BASE, 0);
    if (uart.space == REGISTER_NONE || uart.width > 4) {
        return;
    }
    platform->uart = uart;
    platform->uart_stride = uart_stride(table, &uart);
    /* The clock of a UART in memory is not known to be the PC's: its divisor stays. */
    if (uart.space == REGISTER_PORT && baud < ARRAY_SIZE(bauds)) {
        platform->uart_baud = bauds[baud];
    }
}

void acpi_parse_hpet(struct acpi_reader *reader, const struct acpi_table *table)
{
    struct boot_register hpet = acpi_register(table, HPET_BASE, 4);
    if (hpet.space == REGISTER_MMIO) {
        reader->machine->platform.hpet = HPA(hpet.address);
    }
}

/* PCI Firmware Specification: "MCFG Table Description". */
void acpi_parse_mcfg(struct acpi_reader *reader, const struct acpi_table *table)
{
    struct boot_platform *platform = &reader->machine->platform;
    for (uint32_t at = MCFG_ENTRIES; at < table->length && table->length - at >= 16; at += 16) {
        uint64_t base = acpi_field(table, at, 8);
        uint64_t segment = acpi_field(table, at + 8, 2);
        uint8_t first = (uint8_t)acpi_field(table, at + 10, 1);
        uint8_t last = (uint8_t)acpi_field(table, at + 11, 1);
        if (segment != 0 || base == 0 || !is_aligned(base, MIB(1)) || first > last) {
            continue;
        }
        platform->ecam = HPA(base);
        platform->ecam_first_bus = first;
        platform->ecam_last_bus = last;
        return;
    }
}

/* DMAR and IVRS: only that they are there. */
void acpi_parse_iommu(struct acpi_reader *reader, const struct acpi_table *table)
{
    (void)table;
    reader->machine->platform.iommu = true;
}
