/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a guest's ACPI tables; see boot/image/acpi_tables.h. Offsets are those of the ACPI
 * Specification's field tables. Of the FADT only what a hardware-reduced machine has is filled in:
 * no FACS, no SCI, no PM1 registers, power-off through the sleep registers, reset through
 * RESET_REG.
 */
#include "boot/image/acpi_tables.h"

#include "boot/image/acpi_prt.h"
#include "boot/image/internal.h"
#include "drivers/guest_platform.h"
#include "drivers/vwatchdog.h"

enum {
    RSDP_CHECKSUM = 8, /* of the first 20 bytes */
    RSDP_OEM_ID = 9,
    RSDP_REVISION = 15,
    RSDP_LENGTH = 20,
    RSDP_XSDT = 24,
    RSDP_EXTENDED_CHECKSUM = 32,
    RSDP_SIZE_V1 = 20,
    RSDP_SIZE = 36,

    HEADER_LENGTH = 4,
    HEADER_REVISION = 8,
    HEADER_CHECKSUM = 9,
    HEADER_OEM_ID = 10,
    HEADER_OEM_TABLE_ID = 16,
    HEADER_OEM_REVISION = 24,
    HEADER_CREATOR_ID = 28,
    HEADER_CREATOR_REVISION = 32,
    HEADER_SIZE = 36,

    XSDT_SIZE = HEADER_SIZE + 4 * 8, /* without an SSDT the last entry is left out */

    FADT_DSDT = 40,
    FADT_PM_TMR_BLK = 76,
    FADT_PM_TMR_LEN = 91,
    FADT_IAPC_BOOT_ARCH = 109,
    FADT_FLAGS = 112,
    FADT_RESET_REG = 116,
    FADT_RESET_VALUE = 128,
    FADT_X_DSDT = 140,
    FADT_X_PM_TMR_BLK = 208,
    FADT_SLEEP_CONTROL_REG = 244,
    FADT_SLEEP_STATUS_REG = 256,
    FADT_HYPERVISOR_VENDOR = 268,
    FADT_SIZE = 276,

    WDAT_HEADER_LENGTH = 36, /* of what follows up to the entries */
    WDAT_PCI_SEGMENT = 40,   /* 2 bytes, then bus, device, function: 0xFF each, no PCI device */
    WDAT_PERIOD = 48,        /* ms */
    WDAT_MAX = 52,
    WDAT_MIN = 56,
    WDAT_FLAGS = 60,
    WDAT_COUNT = 64,
    WDAT_ENTRIES = 68,
    WDAT_ENTRY_REGION = 4, /* in an entry */
    WDAT_ENTRY_VALUE = 16,
    WDAT_ENTRY_MASK = 20,
    WDAT_ENTRY_SIZE = 24,

    MADT_LAPIC_ADDRESS = 36,
    MADT_FLAGS = 40,
    MADT_ENTRIES = 44,
    MADT_LAPIC = 0, /* types of entries, and their sizes */
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    MADT_X2APIC = 9,
    MADT_LAPIC_SIZE = 8,
    MADT_IOAPIC_SIZE = 12,
    MADT_OVERRIDE_SIZE = 10,
    MADT_X2APIC_SIZE = 16,
};

#define FADT_WBINVD             BIT(0)
#define FADT_PWR_BUTTON         BIT(4) /* set: there is no fixed power button */
#define FADT_SLP_BUTTON         BIT(5) /* set: there is no fixed sleep button */
#define FADT_RESET_REG_SUP      BIT(10)
#define FADT_HW_REDUCED_ACPI    BIT(20)
#define FADT_VGA_NOT_PRESENT    BIT(2) /* of IAPC_BOOT_ARCH, where 8042 is bit 1 and stays clear */
#define FADT_PCIE_ASPM_CONTROLS BIT(4) /* OSPM must not use ASPM */
#define MADT_PCAT_COMPAT        BIT(0)
#define MADT_ENABLED            1
#define GAS_SYSTEM_IO           1
#define GAS_BYTE_ACCESS         1
#define GAS_WORD_ACCESS         2
#define GAS_DWORD_ACCESS        3
#define XAPIC_ID_MAX            254 /* a LAPIC entry's largest id: 255 is the broadcast */
#define TABLE_ALIGN             16

static void put_checksum(uint8_t *at, uint64_t size, size_t offset)
{
    uint8_t sum = 0;
    at[offset] = 0;
    for (uint64_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + at[i]);
    }
    at[offset] = (uint8_t)-sum;
}

/* A Generic Address Structure for a port of 1, 2 or 4 bytes. */
static void put_port(uint8_t *at, size_t offset, uint16_t port, uint8_t bytes)
{
    uint8_t *gas = at + offset;
    gas[0] = GAS_SYSTEM_IO;
    gas[1] = (uint8_t)(bytes * 8);
    gas[3] = bytes == 1 ? GAS_BYTE_ACCESS : bytes == 2 ? GAS_WORD_ACCESS : GAS_DWORD_ACCESS;
    image_put64(gas, 4, port);
}

static void finish_table(uint8_t *at, const char *signature, uint8_t revision, uint32_t size)
{
    memcpy(at, signature, 4);
    image_put32(at, HEADER_LENGTH, size);
    at[HEADER_REVISION] = revision;
    memcpy(at + HEADER_OEM_ID, "BULKHD", 6);
    memcpy(at + HEADER_OEM_TABLE_ID, "BULKHEAD", 8);
    image_put32(at, HEADER_OEM_REVISION, 1);
    memcpy(at + HEADER_CREATOR_ID, "BLKH", 4);
    image_put32(at, HEADER_CREATOR_REVISION, 1);
    put_checksum(at, size, HEADER_CHECKSUM);
}

static void build_rsdp(uint8_t *at, uint64_t xsdt)
{
    memcpy(at, "RSD PTR ", 8);
    memcpy(at + RSDP_OEM_ID, "BULKHD", 6);
    at[RSDP_REVISION] = 2;
    image_put32(at, RSDP_LENGTH, RSDP_SIZE);
    image_put64(at, RSDP_XSDT, xsdt);
    put_checksum(at, RSDP_SIZE_V1, RSDP_CHECKSUM);
    put_checksum(at, RSDP_SIZE, RSDP_EXTENDED_CHECKSUM);
}

static void build_xsdt(uint8_t *at, uint64_t fadt, uint64_t madt, uint64_t wdat, uint64_t ssdt)
{
    image_put64(at, HEADER_SIZE, fadt);
    image_put64(at, HEADER_SIZE + 8, madt);
    image_put64(at, HEADER_SIZE + 16, wdat);
    image_put64(at, HEADER_SIZE + 24, ssdt);
    finish_table(at, "XSDT", 1, ssdt != 0 ? XSDT_SIZE : XSDT_SIZE - 8);
}

/*
 * The specification lets systems ignore a timer here; Linux does not, and calibrates with it. Only
 * 24 bits are promised (no TMR_VAL_EXT).
 */
static void put_pm_timer(uint8_t *at)
{
    image_put32(at, FADT_PM_TMR_BLK, GUEST_PM_TIMER);
    at[FADT_PM_TMR_LEN] = 4;
    put_port(at, FADT_X_PM_TMR_BLK, GUEST_PM_TIMER, 4);
}

static void build_fadt(uint8_t *at, uint64_t dsdt, bool legacy)
{
    image_put32(at, FADT_DSDT, (uint32_t)dsdt);
    image_put64(at, FADT_X_DSDT, dsdt);
    at[FADT_IAPC_BOOT_ARCH] = FADT_VGA_NOT_PRESENT | FADT_PCIE_ASPM_CONTROLS;
    image_put32(at, FADT_FLAGS,
                FADT_WBINVD | FADT_PWR_BUTTON | FADT_SLP_BUTTON | FADT_RESET_REG_SUP |
                    FADT_HW_REDUCED_ACPI);
    put_port(at, FADT_RESET_REG, GUEST_RESET_PORT, 1);
    at[FADT_RESET_VALUE] = GUEST_RESET_VALUE;
    put_port(at, FADT_SLEEP_CONTROL_REG, GUEST_SLEEP_CONTROL, 1);
    put_port(at, FADT_SLEEP_STATUS_REG, GUEST_SLEEP_STATUS, 1);
    if (legacy) {
        put_pm_timer(at);
    }
    memcpy(at + FADT_HYPERVISOR_VENDOR, "Bulkhead", 8);
    finish_table(at, "FACP", 6, FADT_SIZE);
}

/*
 * The watchdog (drivers/vwatchdog.h) as "Hardware Watchdog Timers Design Specification" describes
 * one: what to read or write for each action.
 */
enum wdat_action {
    WDAT_RESET = 1,
    WDAT_QUERY_COUNTDOWN = 4,
    WDAT_SET_COUNTDOWN = 6,
    WDAT_QUERY_RUNNING = 8,
    WDAT_SET_RUNNING = 9,
    WDAT_QUERY_STOPPED = 10,
    WDAT_SET_STOPPED = 11,
    WDAT_QUERY_STATUS = 32,
    WDAT_SET_STATUS = 33,
};
enum wdat_instruction {
    WDAT_READ_VALUE,
    WDAT_READ_COUNTDOWN,
    WDAT_WRITE_VALUE,
    WDAT_WRITE_COUNTDOWN,
};
#define WDAT_ENABLED BIT(0)

static const struct wdat_entry {
    uint8_t action;
    uint8_t instruction;
    uint8_t offset; /* from GUEST_WATCHDOG_PORT */
    uint8_t bytes;
    uint8_t value;
} wdat_entries[] = {
    {WDAT_RESET, WDAT_WRITE_VALUE, VWATCHDOG_RELOAD, 1, 1},
    {WDAT_QUERY_COUNTDOWN, WDAT_READ_COUNTDOWN, VWATCHDOG_REMAINING, 2, 0},
    {WDAT_SET_COUNTDOWN, WDAT_WRITE_COUNTDOWN, VWATCHDOG_TIMEOUT, 2, 0},
    {WDAT_QUERY_RUNNING, WDAT_READ_VALUE, VWATCHDOG_CONTROL, 1, VWATCHDOG_RUN},
    {WDAT_SET_RUNNING, WDAT_WRITE_VALUE, VWATCHDOG_CONTROL, 1, VWATCHDOG_RUN},
    {WDAT_QUERY_STOPPED, WDAT_READ_VALUE, VWATCHDOG_CONTROL, 1, 0},
    {WDAT_SET_STOPPED, WDAT_WRITE_VALUE, VWATCHDOG_CONTROL, 1, 0},
    {WDAT_QUERY_STATUS, WDAT_READ_VALUE, VWATCHDOG_STATUS, 1, VWATCHDOG_FIRED},
    {WDAT_SET_STATUS, WDAT_WRITE_VALUE, VWATCHDOG_STATUS, 1, VWATCHDOG_FIRED},
};
#define WDAT_SIZE (WDAT_ENTRIES + ARRAY_SIZE(wdat_entries) * WDAT_ENTRY_SIZE)

static void build_wdat(uint8_t *at)
{
    image_put32(at, WDAT_HEADER_LENGTH, WDAT_ENTRIES - WDAT_HEADER_LENGTH);
    memset(at + WDAT_PCI_SEGMENT, 0xff, 5);
    at[WDAT_PCI_SEGMENT + 1] = 0;
    image_put32(at, WDAT_PERIOD, VWATCHDOG_UNIT_MS);
    image_put32(at, WDAT_MAX, UINT16_MAX);
    image_put32(at, WDAT_MIN, 1);
    at[WDAT_FLAGS] = WDAT_ENABLED;
    image_put32(at, WDAT_COUNT, ARRAY_SIZE(wdat_entries));
    for (size_t i = 0; i < ARRAY_SIZE(wdat_entries); i++) {
        const struct wdat_entry *entry = &wdat_entries[i];
        uint8_t *to = at + WDAT_ENTRIES + i * WDAT_ENTRY_SIZE;
        to[0] = entry->action;
        to[1] = entry->instruction;
        put_port(to, WDAT_ENTRY_REGION, (uint16_t)(GUEST_WATCHDOG_PORT + entry->offset),
                 entry->bytes);
        image_put32(to, WDAT_ENTRY_VALUE, entry->value);
        image_put32(to, WDAT_ENTRY_MASK, entry->bytes == 2 ? UINT16_MAX : 1);
    }
    finish_table(at, "WDAT", 1, WDAT_SIZE);
}

/* The processor's UID is its number in the VM. Returns the entry's size. */
static uint32_t put_cpu(uint8_t *at, uint32_t uid, uint32_t apic_id)
{
    if (apic_id <= XAPIC_ID_MAX && uid <= XAPIC_ID_MAX) {
        at[0] = MADT_LAPIC;
        at[1] = MADT_LAPIC_SIZE;
        at[2] = (uint8_t)uid;
        at[3] = (uint8_t)apic_id;
        image_put32(at, 4, MADT_ENABLED);
        return MADT_LAPIC_SIZE;
    }
    at[0] = MADT_X2APIC;
    at[1] = MADT_X2APIC_SIZE;
    image_put32(at, 4, apic_id);
    image_put32(at, 8, MADT_ENABLED);
    image_put32(at, 12, uid);
    return MADT_X2APIC_SIZE;
}

static uint32_t build_madt(uint8_t *at, const struct acpi_tables *tables)
{
    image_put32(at, MADT_LAPIC_ADDRESS, GUEST_LAPIC_BASE);
    image_put32(at, MADT_FLAGS, tables->legacy ? MADT_PCAT_COMPAT : 0);
    uint32_t size = MADT_ENTRIES;
    for (uint32_t i = 0; i < tables->cpu_count; i++) {
        size += put_cpu(at + size, i, tables->apic_ids[i]);
    }
    at[size] = MADT_IOAPIC;
    at[size + 1] = MADT_IOAPIC_SIZE;
    at[size + 2] = GUEST_IOAPIC_ID;
    image_put32(at, size + 4, GUEST_IOAPIC_BASE);
    image_put32(at, size + 8, 0); /* its first GSI */
    size += MADT_IOAPIC_SIZE;
    if (tables->legacy) {
        /* ISA interrupt 0; flags 0: edge and active high, as the bus has it. */
        at[size] = MADT_OVERRIDE;
        at[size + 1] = MADT_OVERRIDE_SIZE;
        image_put32(at, size + 4, GUEST_PIT_GSI);
        size += MADT_OVERRIDE_SIZE;
    }
    finish_table(at, "APIC", 3, size);
    return size;
}

static bool check_dsdt(const uint8_t *dsdt, size_t size, struct image_error *error)
{
    uint32_t length;
    if (size < HEADER_SIZE || memcmp(dsdt, "DSDT", 4) != 0) {
        return image_fail(error, "the DSDT is none: %zu bytes without its signature", size);
    }
    memcpy(&length, dsdt + HEADER_LENGTH, sizeof(length));
    if (length != size) {
        return image_fail(error, "the DSDT has %zu bytes, its header says %u", size,
                          (unsigned)length);
    }
    return true;
}

#define AML_DWORD 0x0C
#define AML_QWORD 0x0E

/* Name (WMIN, DWord) or QWord: a DSDT without it keeps what it was compiled with. */
static void patch_name(uint8_t *at, size_t size, const char *name, uint8_t type, uint64_t value)
{
    const uint8_t wanted[] = {
        0x08, (uint8_t)name[0], (uint8_t)name[1], (uint8_t)name[2], (uint8_t)name[3], type};
    const size_t bytes = type == AML_QWORD ? 8 : 4;
    for (size_t i = HEADER_SIZE; i + sizeof(wanted) + bytes <= size; i++) {
        if (memcmp(at + i, wanted, sizeof(wanted)) == 0) {
            memcpy(at + i + sizeof(wanted), &value, bytes);
            break;
        }
    }
}

/* The second window holds exactly the BARs that lie above 4 GiB. */
static void patch_high_window(uint8_t *at, size_t size, const struct acpi_tables *tables)
{
    uint64_t first = UINT64_MAX;
    uint64_t end = 0;
    for (uint32_t i = 0; i < tables->pci_count * VM_PCI_BARS; i++) {
        const struct vm_pci_bar *bar = &tables->pci[i / VM_PCI_BARS].bars[i % VM_PCI_BARS];
        if (bar->size != 0 && bar->address >= GUEST_HOLE_END) {
            first = MIN(first, align_down(bar->address, PAGE_SIZE));
            end = MAX(end, align_up(bar->address + bar->size, PAGE_SIZE));
        }
    }
    if (end != 0) {
        patch_name(at, size, "HMIN", AML_QWORD, first);
        patch_name(at, size, "HMAX", AML_QWORD, end - 1);
    }
}

static void patch_dsdt(uint8_t *at, size_t size, const struct acpi_tables *tables)
{
    patch_name(at, size, "WMIN", AML_DWORD, tables->pci_mmio_first);
    patch_high_window(at, size, tables);
    put_checksum(at, size, HEADER_CHECKSUM);
}

static uint32_t table_end(uint32_t at, uint32_t size)
{
    return (uint32_t)align_up(at + size, TABLE_ALIGN);
}

uint64_t acpi_tables_size(uint32_t cpu_count, size_t dsdt_size)
{
    return 6 * TABLE_ALIGN + WDAT_SIZE + HEADER_SIZE + ACPI_PRT_SIZE_MAX + RSDP_SIZE + XSDT_SIZE +
           FADT_SIZE + MADT_ENTRIES + (uint64_t)cpu_count * MADT_X2APIC_SIZE + MADT_IOAPIC_SIZE +
           MADT_OVERRIDE_SIZE + dsdt_size;
}

bool acpi_tables_build(const struct acpi_tables *tables, uint8_t *out, struct image_error *error)
{
    if (!check_dsdt(tables->dsdt, tables->dsdt_size, error)) {
        return false;
    }
    const uint32_t xsdt = table_end(0, RSDP_SIZE);
    const uint32_t fadt = table_end(xsdt, XSDT_SIZE);
    const uint32_t wdat = table_end(fadt, FADT_SIZE);
    const uint32_t madt = table_end(wdat, WDAT_SIZE);
    const uint32_t dsdt = table_end(madt, build_madt(out + madt, tables));
    const uint32_t ssdt = table_end(dsdt, (uint32_t)tables->dsdt_size);
    const size_t prt = acpi_prt_build(tables->pci, tables->pci_count, out + ssdt + HEADER_SIZE);
    if (prt != 0) {
        finish_table(out + ssdt, "SSDT", 2, (uint32_t)(HEADER_SIZE + prt));
    }
    memcpy(out + dsdt, tables->dsdt, tables->dsdt_size);
    patch_dsdt(out + dsdt, tables->dsdt_size, tables);
    build_fadt(out + fadt, tables->base + dsdt, tables->legacy);
    build_wdat(out + wdat);
    build_xsdt(out + xsdt, tables->base + fadt, tables->base + madt, tables->base + wdat,
               prt != 0 ? tables->base + ssdt : 0);
    build_rsdp(out, tables->base + xsdt);
    return true;
}
