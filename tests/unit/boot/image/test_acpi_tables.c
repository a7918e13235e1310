/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/acpi_tables.c boot/image/acpi_prt.c kernel/printf.c build/gen/dsdt.c */
/* The guest's ACPI tables, field by field where an operating system looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/image/acpi_tables.h"
#include "drivers/guest_platform.h"
#include "drivers/vwatchdog.h"

#define BASE 0xE0000

static uint8_t out[0x2000];
static struct image_error error;
static uint32_t apic_ids[CPU_MAX];
static struct acpi_tables tables;

static int begin(void **state)
{
    (void)state;
    memset(out, 0, sizeof(out));
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        apic_ids[i] = 2 * i;
    }
    tables = (struct acpi_tables){.base = BASE,
                                  .cpu_count = 2,
                                  .apic_ids = apic_ids,
                                  .pci_mmio_first = 0x20000000,
                                  .dsdt = dsdt_aml,
                                  .dsdt_size = dsdt_aml_size};
    return 0;
}

static uint64_t field(const uint8_t *at, size_t offset, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, at + offset, size);
    return value;
}

static uint8_t sum(const uint8_t *at, size_t size)
{
    uint8_t total = 0;
    for (size_t i = 0; i < size; i++) {
        total = (uint8_t)(total + at[i]);
    }
    return total;
}

static uint8_t *table_at(uint64_t gpa, const char *signature)
{
    assert_in_range(gpa, BASE, BASE + sizeof(out) - 36);
    uint8_t *at = out + (gpa - BASE);
    assert_memory_equal(at, signature, 4);
    assert_int_equal(sum(at, field(at, 4, 4)), 0);
    assert_memory_equal(at + 10, "BULKHD", 6);
    assert_memory_equal(at + 16, "BULKHEAD", 8);
    return at;
}

static uint8_t *fadt(void)
{
    return table_at(field(table_at(field(out, 24, 8), "XSDT"), 36, 8), "FACP");
}

static uint8_t *madt(void)
{
    return table_at(field(table_at(field(out, 24, 8), "XSDT"), 44, 8), "APIC");
}

static void build(void)
{
    assert_true(acpi_tables_build(&tables, out, &error));
    const uint64_t size = acpi_tables_size(tables.cpu_count, tables.dsdt_size);
    assert_true(size <= sizeof(out));
    for (uint64_t i = size; i < sizeof(out); i++) {
        assert_int_equal(out[i], 0); /* nothing behind what was promised */
    }
}

static void the_rsdp_is_of_version_2(void **state)
{
    (void)state;
    build();
    assert_memory_equal(out, "RSD PTR ", 8);
    assert_memory_equal(out + 9, "BULKHD", 6);
    assert_int_equal(sum(out, 20), 0);
    assert_int_equal(sum(out, 36), 0);
    assert_int_equal(out[15], 2);
    assert_int_equal(field(out, 16, 4), 0); /* no RSDT */
    assert_int_equal(field(out, 20, 4), 36);
    assert_int_equal(field(table_at(field(out, 24, 8), "XSDT"), 4, 4), 60);
}

static void the_fadt_is_hardware_reduced(void **state)
{
    (void)state;
    build();
    const uint8_t *at = fadt();
    assert_int_equal(field(at, 4, 4), 276);
    assert_int_equal(at[8], 6);
    assert_int_equal(field(at, 112, 4), 1 << 20 | 1 << 10 | 1 << 5 | 1 << 4 | 1);
    assert_int_equal(field(at, 109, 2), 1 << 4 | 1 << 2); /* no ASPM, no VGA; a CMOS clock */
    assert_int_equal(field(at, 36, 4), 0);                /* no FACS */
    assert_int_equal(field(at, 132, 8), 0);
    assert_int_equal(field(at, 46, 2), 0); /* no SCI */
    assert_int_equal(field(at, 48, 4), 0); /* no SMI command port */
    for (size_t i = 148; i < 244; i++) {
        assert_int_equal(at[i], 0); /* no PM1, PM2, timer, GPE */
    }
    assert_memory_equal(at + 268, "Bulkhead", 8);
}

static void sleep_and_reset_are_byte_ports(void **state)
{
    (void)state;
    build();
    static const struct {
        size_t offset;
        uint16_t port;
    } registers[] = {
        {116, GUEST_RESET_PORT}, {244, GUEST_SLEEP_CONTROL}, {256, GUEST_SLEEP_STATUS}};
    for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
        const uint8_t *gas = fadt() + registers[i].offset;
        assert_int_equal(gas[0], 1); /* I/O */
        assert_int_equal(gas[1], 8);
        assert_int_equal(gas[2], 0);
        assert_int_equal(gas[3], 1);
        assert_int_equal(field(gas, 4, 8), registers[i].port);
    }
    assert_int_equal(fadt()[128], GUEST_RESET_VALUE);
}

static void both_dsdt_fields_agree(void **state)
{
    (void)state;
    build();
    assert_int_equal(field(fadt(), 40, 4), field(fadt(), 140, 8));
    assert_int_equal(field(table_at(field(fadt(), 140, 8), "DSDT"), 4, 4), dsdt_aml_size);
}

static void the_madt_has_cpus_and_one_ioapic(void **state)
{
    (void)state;
    static const uint8_t expected[] = {
        0, 8,  0, 0, 1, 0, 0,    0,               /* UID 0, id 0, enabled */
        0, 8,  1, 2, 1, 0, 0,    0,               /* UID 1, id 2, enabled */
        1, 12, 0, 0, 0, 0, 0xC0, 0xFE, 0, 0, 0, 0 /* id 0, 0xFEC00000, GSI 0 */
    };
    build();
    assert_int_equal(field(madt(), 4, 4), 44 + sizeof(expected));
    assert_int_equal(field(madt(), 36, 4), 0xFEE00000);
    assert_int_equal(field(madt(), 40, 4), 0);
    assert_memory_equal(madt() + 44, expected, sizeof(expected));
}

static void a_large_apic_id_is_an_x2apic_entry(void **state)
{
    (void)state;
    static const uint8_t expected[] = {
        0, 8,  0, 0xFE, 1,    0, 0, 0,                         /* 254 still fits */
        9, 16, 0, 0,    0xFF, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, /* 255 does not */
    };
    apic_ids[0] = 254;
    apic_ids[1] = 255;
    build();
    assert_memory_equal(madt() + 44, expected, sizeof(expected));
}

static void functions_with_an_interrupt_get_a_prt(void **state)
{
    (void)state;
    static const uint8_t expected[] = {
        0x10, 0x40 | 1,  3,   '\\', 0x2E, '_',  'S',  'B', '_', 'P',  'C', 'I', '0', /* Scope */
        0x08, '_',       'P', 'R',  'T',                                             /* Name */
        0x12, 0x40 | 15, 1,   2,                                                     /* Package */
        0x12, 0x40 | 13, 0,   4,    0x0C, 0xFF, 0xFF, 2,   0,   0x0A, 0,   0,   0x0A, 16,
        0x12, 0x40 | 13, 0,   4,    0x0C, 0xFF, 0xFF, 31,  0,   0x0A, 3,   0,   0x0A, 17,
    };
    const struct vm_pci_function functions[] = {
        {.guest_device = 2, .intx = 1, .gsi = 16},
        {.guest_device = 3, .intx = 1, .gsi = VM_PCI_NO_PIN},
        {.guest_device = 4, .intx = 0, .gsi = VM_PCI_NO_PIN},
        {.guest_device = 31, .intx = 4, .gsi = 17},
    };
    tables.pci = functions;
    tables.pci_count = ARRAY_SIZE(functions);
    build();
    const uint8_t *xsdt = table_at(field(out, 24, 8), "XSDT");
    assert_int_equal(field(xsdt, 4, 4), 68);
    const uint8_t *ssdt = table_at(field(xsdt, 60, 8), "SSDT");
    assert_int_equal(field(ssdt, 4, 4), 36 + sizeof(expected));
    assert_memory_equal(ssdt + 36, expected, sizeof(expected));
}

static void functions_without_interrupts_get_none(void **state)
{
    (void)state;
    const struct vm_pci_function function = {.guest_device = 3, .intx = 1, .gsi = VM_PCI_NO_PIN};
    tables.pci = &function;
    tables.pci_count = 1;
    build();
    assert_int_equal(field(table_at(field(out, 24, 8), "XSDT"), 4, 4), 60);
}

static void the_watchdog_is_described(void **state)
{
    (void)state;
    build();
    const uint8_t *wdat = table_at(field(table_at(field(out, 24, 8), "XSDT"), 52, 8), "WDAT");
    assert_int_equal(field(wdat, 36, 4), 32); /* up to the entries */
    assert_int_equal(field(wdat, 40, 4), 0xffff00ff);
    assert_int_equal(field(wdat, 44, 4), 0xff);
    assert_int_equal(field(wdat, 48, 4), VWATCHDOG_UNIT_MS);
    assert_int_equal(field(wdat, 52, 4), 0xffff);
    assert_int_equal(field(wdat, 56, 4), 1);
    assert_int_equal(field(wdat, 60, 4), 1);
    const uint64_t count = field(wdat, 64, 4);
    assert_int_equal(field(wdat, 4, 4), 68 + 24 * count);
    uint64_t actions = 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *entry = wdat + 68 + 24 * i;
        const uint64_t port = field(entry, 8, 8);
        const uint64_t bytes = entry[5] / 8u;
        assert_int_equal(entry[4], 1); /* I/O */
        assert_int_equal(entry[7], bytes);
        assert_true(port >= GUEST_WATCHDOG_PORT);
        assert_true(port + bytes <= GUEST_WATCHDOG_PORT + VWATCHDOG_PORT_COUNT);
        assert_int_equal(field(entry, 20, 4), bytes == 2 ? 0xffff : 1);
        actions |= UINT64_C(1) << entry[0];
    }
    /* All that Linux's driver cannot do without, and the status. */
    assert_int_equal(actions, UINT64_C(0x300000f52));
}

/* The number that Name (NAME, ...) has in the DSDT. */
static uint64_t named(const char *name, unsigned size)
{
    const uint8_t *at = table_at(field(fadt(), 140, 8), "DSDT");
    for (size_t i = 36; i + 14 <= dsdt_aml_size; i++) {
        if (at[i] == 0x08 && memcmp(at + i + 1, name, 4) == 0) {
            assert_int_equal(at[i + 5], size == 8 ? 0x0E : 0x0C);
            return field(at, i + 6, size);
        }
    }
    fail_msg("no %s", name);
    return 0;
}

static void bars_above_4_gib_get_a_window(void **state)
{
    (void)state;
    const struct vm_pci_function functions[] = {
        {.gsi = VM_PCI_NO_PIN, .bars = {{0x80000000, 0x1000, false}, {0x4000000000, 0x100, false}}},
        {.gsi = VM_PCI_NO_PIN, .bars = {[4] = {0x4010000000, 0x10000000, false}}},
    };
    build();
    assert_int_equal(named("WMIN", 4), 0x20000000);
    assert_int_equal(named("HMIN", 8), 0x100000000);
    assert_int_equal(named("HMAX", 8), 0x100000000);
    tables.pci = functions;
    tables.pci_count = ARRAY_SIZE(functions);
    build();
    assert_int_equal(named("WMIN", 4), 0x20000000);
    assert_int_equal(named("HMIN", 8), 0x4000000000);
    assert_int_equal(named("HMAX", 8), 0x401FFFFFFF);
}

static void a_legacy_vm_has_a_pic_and_a_pit(void **state)
{
    (void)state;
    static const uint8_t expected[] = {2, 10, 0, 0, GUEST_PIT_GSI, 0, 0, 0, 0, 0};
    tables.legacy = true;
    build();
    assert_int_equal(field(madt(), 40, 4), 1);
    assert_int_equal(field(madt(), 4, 4), 44 + 2 * 8 + 12 + 10);
    assert_memory_equal(madt() + 44 + 2 * 8 + 12, expected, sizeof(expected));
}

static void a_legacy_vm_has_a_pm_timer_of_24_bits(void **state)
{
    (void)state;
    tables.legacy = true;
    build();
    assert_int_equal(field(fadt(), 76, 4), GUEST_PM_TIMER);
    assert_int_equal(fadt()[91], 4);
    assert_int_equal(field(fadt(), 208, 4), 0x03002001); /* I/O, 32 bits, dword access */
    assert_int_equal(field(fadt(), 212, 8), GUEST_PM_TIMER);
    assert_int_equal(field(fadt(), 112, 4) & 1 << 8, 0);
}

static void as_many_cpus_as_a_machine_has_fit(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        apic_ids[i] = 0x10000 + i;
    }
    tables.cpu_count = CPU_MAX;
    tables.legacy = true;
    build();
    assert_int_equal(field(madt(), 4, 4), 44 + CPU_MAX * 16 + 12 + 10);
}

static void the_dsdt_is_copied_but_for_the_window(void **state)
{
    (void)state;
    build();
    const uint8_t *at = table_at(field(fadt(), 140, 8), "DSDT");
    size_t differences = 0;
    for (size_t i = 36; i < dsdt_aml_size; i++) {
        differences += at[i] != dsdt_aml[i];
    }
    assert_int_equal(differences, 1); /* 0xC0000000 against 0x20000000 */
}

static void a_file_that_is_no_dsdt_is_refused(void **state)
{
    (void)state;
    tables.dsdt_size = dsdt_aml_size - 1;
    assert_false(acpi_tables_build(&tables, out, &error));
    assert_non_null(strstr(error.text, "its header says"));
    tables.dsdt_size = 35;
    assert_false(acpi_tables_build(&tables, out, &error));
    assert_string_equal(error.text, "the DSDT is none: 35 bytes without its signature");
    tables.dsdt = "SSDT................................";
    tables.dsdt_size = 36;
    assert_false(acpi_tables_build(&tables, out, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_rsdp_is_of_version_2, begin),
        cmocka_unit_test_setup(the_fadt_is_hardware_reduced, begin),
        cmocka_unit_test_setup(sleep_and_reset_are_byte_ports, begin),
        cmocka_unit_test_setup(both_dsdt_fields_agree, begin),
        cmocka_unit_test_setup(the_madt_has_cpus_and_one_ioapic, begin),
        cmocka_unit_test_setup(a_large_apic_id_is_an_x2apic_entry, begin),
        cmocka_unit_test_setup(functions_with_an_interrupt_get_a_prt, begin),
        cmocka_unit_test_setup(functions_without_interrupts_get_none, begin),
        cmocka_unit_test_setup(bars_above_4_gib_get_a_window, begin),
        cmocka_unit_test_setup(the_watchdog_is_described, begin),
        cmocka_unit_test_setup(a_legacy_vm_has_a_pic_and_a_pit, begin),
        cmocka_unit_test_setup(a_legacy_vm_has_a_pm_timer_of_24_bits, begin),
        cmocka_unit_test_setup(as_many_cpus_as_a_machine_has_fit, begin),
        cmocka_unit_test_setup(the_dsdt_is_copied_but_for_the_window, begin),
        cmocka_unit_test_setup(a_file_that_is_no_dsdt_is_refused, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
