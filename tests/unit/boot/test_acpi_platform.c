/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/acpi.c boot/acpi_topology.c boot/acpi_platform.c boot/acpi_aml.c */
/* links: tests/unit/boot/acpi_build.c */
/* FADT, SPCR, HPET, MCFG and DMAR: registers in all their old and new forms, and senseless ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/acpi.h"
#include "tests/unit/boot/acpi_build.h"

#define HEADER 36

static struct acpi_machine machine;
static const struct boot_platform *const platform = &machine.platform;
static uint8_t table[300]; /* with the header's 36 bytes, so that offsets are the specification's */

static void put(uint32_t offset, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++) {
        table[offset + i] = (uint8_t)(value >> i * 8);
    }
}

static void put_gas(uint32_t offset, uint8_t space, uint8_t bits, uint8_t access, uint64_t address)
{
    put(offset, 1, space);
    put(offset + 1, 1, bits);
    put(offset + 3, 1, access);
    put(offset + 4, 8, address);
}

static void read_table(const char *signature, uint32_t length)
{
    acpi_build_table(signature, 1, table + HEADER, length - HEADER);
    acpi_build_end(2);
    assert_true(acpi_build_read(&machine));
}

static int begin(void **state)
{
    (void)state;
    acpi_build_begin();
    memset(table, 0, sizeof(table));
    return 0;
}

static void assert_register(struct boot_register reg, enum boot_register_space space,
                            uint64_t address, uint8_t width)
{
    assert_int_equal(reg.space, space);
    assert_int_equal(reg.address, address);
    assert_int_equal(reg.width, width);
}

/* The fields that even the first revision has. */
static void put_old_fadt(void)
{
    put(48, 4, 0xB2);
    put(52, 1, 0xA0);
    put(64, 4, 0x604);
    put(68, 4, 0x704);
    put(76, 4, 0x608);
    put(91, 1, 4);
}

static void a_first_revision_fadt_names_ports(void **state)
{
    (void)state;
    put_old_fadt();
    read_table("FACP", 116);
    assert_register(platform->pm1a_control, REGISTER_PORT, 0x604, 2);
    assert_register(platform->pm1b_control, REGISTER_PORT, 0x704, 2);
    assert_register(platform->pm_timer, REGISTER_PORT, 0x608, 4);
    assert_false(platform->pm_timer_32bit);
    assert_int_equal(platform->smi_command, 0xB2);
    assert_int_equal(platform->acpi_enable, 0xA0);
    assert_register(platform->reset, REGISTER_NONE, 0, 0);
    assert_false(platform->s5_known);
}

static void the_newer_fields_come_first(void **state)
{
    (void)state;
    put_old_fadt();
    put(112, 4, BIT(8) | BIT(10));
    put_gas(116, 1, 8, 1, 0xCF9);
    put(128, 1, 0x0F);
    put_gas(172, 0, 16, 2, 0xFED80804);
    put_gas(208, 1, 32, 0, 0x1808);
    read_table("FACP", 244);
    assert_register(platform->pm1a_control, REGISTER_MMIO, 0xFED80804, 2);
    assert_register(platform->pm1b_control, REGISTER_PORT, 0x704, 2); /* no newer field */
    assert_register(platform->pm_timer, REGISTER_PORT, 0x1808, 4);
    assert_true(platform->pm_timer_32bit);
    assert_register(platform->reset, REGISTER_PORT, 0xCF9, 1);
    assert_int_equal(platform->reset_value, 0x0F);
}

static void a_reset_register_counts_only_with_its_flag_and_in_a_known_space(void **state)
{
    (void)state;
    put_gas(116, 1, 8, 1, 0xCF9);
    read_table("FACP", 244);
    assert_register(platform->reset, REGISTER_NONE, 0, 0);

    begin(state);
    put(112, 4, BIT(10));
    put_gas(116, 2, 8, 1, 0x1F0044); /* PCI configuration space */
    read_table("FACP", 244);
    assert_register(platform->reset, REGISTER_NONE, 0, 0);
}

static void hardware_reduced_acpi_has_a_sleep_register_only(void **state)
{
    (void)state;
    put_old_fadt();
    put(112, 4, BIT(20));
    put_gas(244, 0, 8, 1, 0xFED00100);
    read_table("FACP", 268);
    assert_register(platform->sleep_control, REGISTER_MMIO, 0xFED00100, 1);
    assert_register(platform->pm1a_control, REGISTER_NONE, 0, 0);
    assert_register(platform->pm_timer, REGISTER_NONE, 0, 0);
    assert_int_equal(platform->smi_command, 0);
}

static void senseless_registers_are_absent(void **state)
{
    (void)state;
    put_old_fadt();
    put(64, 4, 0x12345); /* no port */
    put(48, 4, 0x100B2);
    put(91, 1, 0); /* no PM timer */
    put_gas(184, 1, 16, 2, 0x10000);
    put_gas(172, 9, 16, 2, 0x604);
    read_table("FACP", 244);
    assert_register(platform->pm1a_control, REGISTER_NONE, 0, 0);
    assert_register(platform->pm1b_control, REGISTER_PORT, 0x704, 2);
    assert_register(platform->pm_timer, REGISTER_NONE, 0, 0);
    assert_int_equal(platform->smi_command, 0);
}

static void a_fadt_cut_short_anywhere_is_read_as_far_as_it_goes(void **state)
{
    for (uint32_t length = HEADER; length <= 268; length++) {
        begin(state);
        put_old_fadt();
        put(112, 4, BIT(8) | BIT(10) | (length % 2 ? BIT(20) : 0));
        put(140, 8, 0x7FFFFFFFFFFF);
        for (uint32_t at = 116; at < 260; at += 12) {
            put_gas(at == 128 ? 116 : at, 1, 8, 1, 0x1000 + at);
        }
        read_table("FACP", length);
        assert_true((platform->pm1a_control.space == REGISTER_NONE) ==
                    (length < 68 || (length % 2 && length >= 116)));
    }
}

static void s5_comes_from_the_newer_dsdt_field_first(void **state)
{
    const uint8_t wrong[] = {0x08, '_', 'S', '5', '_', 0x12, 4, 2, 0x0A, 1, 0};
    const uint8_t right[] = {0x08, '_', 'S', '5', '_', 0x12, 6, 2, 0x0A, 5, 0x0A, 5};
    for (unsigned newer = 0; newer < 2; newer++) {
        begin(state);
        uint32_t first = acpi_build_hidden("DSDT", 2, wrong, sizeof(wrong));
        uint32_t second = acpi_build_hidden("DSDT", 2, right, sizeof(right));
        put(40, 4, newer ? first : second);
        put(140, 8, newer ? second : 0);
        read_table("FACP", 244);
        assert_true(platform->s5_known);
        assert_int_equal(platform->s5_type_a, 5);
        assert_int_equal(platform->s5_type_b, 5);
    }
}

static void a_table_that_is_no_dsdt_is_complained_about(void **state)
{
    (void)state;
    put(40, 4, acpi_build_hidden("XXXX", 2, NULL, 0));
    read_table("FACP", 116);
    assert_int_equal(machine.complaint_count, 1);
    assert_string_equal(machine.complaints[0].table, "DSDT");
    assert_int_equal(machine.complaints[0].fault, ACPI_FAULT_SIGNATURE);
}

static void spcr_names_a_uart_behind_ports(void **state)
{
    static const struct {
        uint8_t code;
        uint32_t baud;
    } bauds[] = {{0, 0}, {1, 0}, {3, 9600}, {4, 19200}, {6, 57600}, {7, 115200}, {8, 0}, {255, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(bauds); i++) {
        begin(state);
        put_gas(40, 1, 8, 0, 0x2F8);
        put(58, 1, bauds[i].code);
        read_table("SPCR", 80);
        assert_register(platform->uart, REGISTER_PORT, 0x2F8, 1);
        assert_int_equal(platform->uart_stride, 1);
        assert_int_equal(platform->uart_baud, bauds[i].baud);
    }
}

static void spcr_names_a_uart_in_memory(void **state)
{
    static const struct {
        uint8_t interface, bits, access, width, stride;
    } uarts[] = {
        {0x00, 8, 1, 1, 1},  {0x01, 0, 0, 1, 1},  {0x00, 32, 1, 1, 4}, {0x12, 32, 3, 4, 4},
        {0x12, 16, 2, 2, 2}, {0x12, 8, 3, 4, 4},  {0x12, 7, 1, 1, 1},  {0x00, 32, 0, 1, 4},
        {0x00, 8, 99, 1, 1}, {0x12, 36, 1, 1, 1},
    };
    for (size_t i = 0; i < ARRAY_SIZE(uarts); i++) {
        begin(state);
        put(36, 1, uarts[i].interface);
        put_gas(40, 0, uarts[i].bits, uarts[i].access, 0xFE030000);
        put(58, 1, 7);
        read_table("SPCR", 80);
        assert_register(platform->uart, REGISTER_MMIO, 0xFE030000, uarts[i].width);
        assert_int_equal(platform->uart_stride, uarts[i].stride);
        assert_int_equal(platform->uart_baud, 0); /* its clock is unknown */
    }
}

static void spcr_of_another_kind_or_nowhere_names_none(void **state)
{
    static const struct {
        uint8_t interface, space, access;
        uint64_t address;
    } uarts[] = {
        {3, 0, 1, 0x9000000}, {0, 1, 1, 0}, {0, 1, 1, 0x10000}, {0, 2, 1, 8}, {0, 0, 4, 8}};
    for (size_t i = 0; i < ARRAY_SIZE(uarts); i++) {
        begin(state);
        put(36, 1, uarts[i].interface);
        put_gas(40, uarts[i].space, 8, uarts[i].access, uarts[i].address);
        read_table("SPCR", 80);
        assert_register(platform->uart, REGISTER_NONE, 0, 0);
    }
    begin(state);
    put_gas(40, 1, 8, 1, 0x3F8);
    read_table("SPCR", 51); /* ends within the address */
    assert_register(platform->uart, REGISTER_NONE, 0, 0);
}

static void hpet_must_be_in_memory(void **state)
{
    (void)state;
    put_gas(40, 0, 64, 0, 0xFED00000);
    read_table("HPET", 56);
    assert_int_equal(platform->hpet.v, 0xFED00000);
    begin(state);
    put_gas(40, 1, 64, 0, 0xFED0);
    read_table("HPET", 56);
    assert_int_equal(platform->hpet.v, 0);
}

static void put_mcfg(unsigned index, uint64_t base, uint16_t segment, uint8_t first, uint8_t last)
{
    uint32_t at = 44 + index * 16;
    put(at, 8, base);
    put(at + 8, 2, segment);
    put(at + 10, 1, first);
    put(at + 11, 1, last);
}

static void mcfg_gives_the_first_usable_range_of_segment_0(void **state)
{
    (void)state;
    put_mcfg(0, 0xC0000000, 1, 0, 255);
    put_mcfg(1, 0, 0, 0, 255);
    put_mcfg(2, 0xD0000000, 0, 8, 7);
    put_mcfg(3, 0xD0000800, 0, 0, 255);
    put_mcfg(4, 0xE0000000, 0, 2, 0x7F);
    put_mcfg(5, 0xF0000000, 0, 0, 255);
    read_table("MCFG", 44 + 6 * 16);
    assert_int_equal(platform->ecam.v, 0xE0000000);
    assert_int_equal(platform->ecam_first_bus, 2);
    assert_int_equal(platform->ecam_last_bus, 0x7F);
}

static void an_mcfg_cut_within_its_entry_gives_none(void **state)
{
    (void)state;
    put_mcfg(0, 0xE0000000, 0, 0, 255);
    read_table("MCFG", 44 + 15);
    assert_int_equal(platform->ecam.v, 0);
}

static void dmar_or_ivrs_mean_an_iommu(void **state)
{
    static const char *const signatures[] = {"DMAR", "IVRS", "WAET"};
    for (unsigned i = 0; i < 3; i++) {
        begin(state);
        read_table(signatures[i], 48);
        assert_int_equal(platform->iommu, i < 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_first_revision_fadt_names_ports, begin),
        cmocka_unit_test_setup(the_newer_fields_come_first, begin),
        cmocka_unit_test_setup(a_reset_register_counts_only_with_its_flag_and_in_a_known_space,
                               begin),
        cmocka_unit_test_setup(hardware_reduced_acpi_has_a_sleep_register_only, begin),
        cmocka_unit_test_setup(senseless_registers_are_absent, begin),
        cmocka_unit_test_setup(a_fadt_cut_short_anywhere_is_read_as_far_as_it_goes, begin),
        cmocka_unit_test_setup(s5_comes_from_the_newer_dsdt_field_first, begin),
        cmocka_unit_test_setup(a_table_that_is_no_dsdt_is_complained_about, begin),
        cmocka_unit_test_setup(spcr_names_a_uart_behind_ports, begin),
        cmocka_unit_test_setup(spcr_names_a_uart_in_memory, begin),
        cmocka_unit_test_setup(spcr_of_another_kind_or_nowhere_names_none, begin),
        cmocka_unit_test_setup(hpet_must_be_in_memory, begin),
        cmocka_unit_test_setup(mcfg_gives_the_first_usable_range_of_segment_0, begin),
        cmocka_unit_test_setup(an_mcfg_cut_within_its_entry_gives_none, begin),
        cmocka_unit_test_setup(dmar_or_ivrs_mean_an_iommu, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
