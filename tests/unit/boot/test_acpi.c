/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/acpi.c boot/acpi_topology.c boot/acpi_platform.c boot/acpi_aml.c */
/* links: tests/unit/boot/acpi_build.c */
/* From the RSDP to the tables: both forms, checksums, lengths, and damaged tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/acpi.h"
#include "tests/unit/boot/acpi_build.h"

static struct acpi_machine machine;

/* A MADT with one CPU of this APIC id. */
static uint32_t put_madt(uint8_t apic_id)
{
    const uint8_t body[16] = {[8] = 0, [9] = 8, [11] = apic_id, [12] = 1};
    return acpi_build_table("APIC", 3, body, sizeof(body));
}

static uint32_t put_hpet(void)
{
    const uint8_t body[20] = {[10] = 0xD0, [11] = 0xFE};
    return acpi_build_table("HPET", 1, body, sizeof(body));
}

static int begin(void **state)
{
    (void)state;
    acpi_build_begin();
    return 0;
}

static void assert_only_complaint(const char *table, enum acpi_fault fault)
{
    assert_int_equal(machine.complaint_count, 1);
    assert_string_equal(machine.complaints[0].table, table);
    assert_int_equal(machine.complaints[0].fault, fault);
}

static void tables_are_found_through_an_xsdt(void **state)
{
    (void)state;
    put_hpet();
    put_madt(5);
    acpi_build_end(2);
    assert_true(acpi_build_read(&machine));
    assert_int_equal(machine.platform.rsdp.v, ACPI_BUILD_BASE);
    assert_int_equal(machine.cpu_count, 1);
    assert_int_equal(machine.cpus[0].apic_id, 5);
    assert_int_equal(machine.platform.hpet.v, 0xFED00000);
    assert_int_equal(machine.complaint_count, 0);
}

static void tables_are_found_through_an_rsdt(void **state)
{
    (void)state;
    put_madt(6);
    put_hpet();
    acpi_build_end(0);
    assert_true(acpi_build_read(&machine));
    assert_int_equal(machine.cpus[0].apic_id, 6);
    assert_int_equal(machine.platform.hpet.v, 0xFED00000);
}

static void a_bad_xsdt_gives_way_to_the_rsdt(void **state)
{
    (void)state;
    put_madt(7);
    acpi_build_end(0); /* the RSDT */
    uint8_t rsdp[36];
    memcpy(rsdp, acpi_build_at(ACPI_BUILD_BASE), 36);
    rsdp[15] = 2;
    rsdp[20] = 36;
    rsdp[26] = 0xFF; /* an XSDT outside of memory */
    rsdp[8] = (uint8_t)(rsdp[8] - 2);
    rsdp[32] = (uint8_t) - (36 + 0xFF);
    memcpy(acpi_build_at(ACPI_BUILD_BASE), rsdp, 36);
    assert_true(acpi_build_read(&machine));
    assert_int_equal(machine.cpus[0].apic_id, 7);
    assert_only_complaint("XSDT", ACPI_FAULT_UNREACHABLE);

    acpi_build_at(
        ACPI_BUILD_BASE)[32]++; /* the long form's checksum wrong: the short one's counts */
    assert_true(acpi_build_read(&machine));
    assert_int_equal(machine.cpus[0].apic_id, 7);
    assert_only_complaint("RSDP", ACPI_FAULT_CHECKSUM);

    acpi_build_at(ACPI_BUILD_BASE)[20] = 35;
    assert_true(acpi_build_read(&machine));
    assert_only_complaint("RSDP", ACPI_FAULT_LENGTH);
}

static void a_bad_rsdp_is_no_acpi(void **state)
{
    (void)state;
    put_madt(0);
    acpi_build_end(0);
    acpi_build_at(ACPI_BUILD_BASE)[8]++;
    assert_false(acpi_build_read(&machine));
    assert_only_complaint("RSDP", ACPI_FAULT_CHECKSUM);
    assert_int_equal(machine.cpu_count, 0);
    assert_int_equal(machine.platform.rsdp.v, 0);

    acpi_build_at(ACPI_BUILD_BASE)[0]++;
    assert_false(acpi_build_read(&machine));
    assert_only_complaint("RSDP", ACPI_FAULT_SIGNATURE);

    const struct acpi_memory nothing = {NULL, NULL};
    assert_false(acpi_read(&nothing, HPA(0), &machine)); /* address 0 is not even mapped */
    assert_only_complaint("RSDP", ACPI_FAULT_UNREACHABLE);
}

static void a_table_with_a_wrong_checksum_is_passed_over(void **state)
{
    (void)state;
    uint32_t bad = put_madt(1);
    put_hpet();
    acpi_build_at(bad)[9]++;
    acpi_build_end(2);
    assert_true(acpi_build_read(&machine));
    assert_int_equal(machine.cpu_count, 0);
    assert_int_equal(machine.platform.hpet.v, 0xFED00000);
    assert_only_complaint("APIC", ACPI_FAULT_CHECKSUM);
}

static void of_two_tables_the_first_valid_one_counts(void **state)
{
    (void)state;
    uint32_t bad = put_madt(1);
    put_madt(2);
    put_madt(3);
    acpi_build_at(bad)[9]++;
    acpi_build_end(2);
    assert_true(acpi_build_read(&machine));
    assert_int_equal(machine.cpu_count, 1);
    assert_int_equal(machine.cpus[0].apic_id, 2);
}

static void impossible_lengths_are_refused(void **state)
{
    static const uint32_t lengths[] = {0, 35, 0x1000001, 0xFFFFFFFF};
    (void)state;
    uint32_t table = put_madt(1);
    acpi_build_end(2);
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        for (unsigned n = 0; n < 4; n++) {
            acpi_build_at(table)[4 + n] = (uint8_t)(lengths[i] >> n * 8);
        }
        assert_true(acpi_build_read(&machine));
        assert_only_complaint("APIC", ACPI_FAULT_LENGTH);
    }
    acpi_build_at(table)[7] = 0x00;
    acpi_build_at(table)[6] = 0x80; /* 8 MiB: possible, but beyond memory */
    assert_true(acpi_build_read(&machine));
    assert_only_complaint("APIC", ACPI_FAULT_UNREACHABLE);
}

static void entries_of_the_root_table_that_lead_nowhere_are_skipped(void **state)
{
    (void)state;
    uint32_t first = put_madt(1);
    put_madt(2);
    acpi_build_end(2);
    acpi_build_at(first)[0] = 'B'; /* an unknown signature */
    assert_true(acpi_build_read(&machine));
    assert_int_equal(machine.cpus[0].apic_id, 2);
    assert_int_equal(machine.complaint_count, 0);
}

static void a_root_table_without_end_is_cut(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        acpi_build_table("ABCD", 1, NULL, 0);
    }
    put_madt(1);
    acpi_build_end(2);
    assert_true(acpi_build_read(&machine));
    assert_int_equal(machine.cpu_count, 0);
    assert_only_complaint("XSDT", ACPI_FAULT_TOO_MANY);
}

static void complaints_are_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ACPI_COMPLAINT_MAX + 4; i++) {
        acpi_build_at(put_madt(1))[9]++;
    }
    acpi_build_end(2);
    assert_true(acpi_build_read(&machine));
    assert_int_equal(machine.complaint_count, ACPI_COMPLAINT_MAX);
}

static void the_boot_cpu_moves_to_the_front_and_the_others_keep_their_order(void **state)
{
    (void)state;
    machine.cpu_count = 4;
    for (uint32_t i = 0; i < 4; i++) {
        machine.cpus[i] = (struct boot_cpu){.apic_id = 10 + i, .node = i};
    }
    assert_true(acpi_put_boot_cpu_first(&machine, 12));
    const uint32_t expected[] = {12, 10, 11, 13};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(machine.cpus[i].apic_id, expected[i]);
        assert_int_equal(machine.cpus[i].node, expected[i] - 10);
    }
    assert_false(acpi_put_boot_cpu_first(&machine, 99));
    assert_int_equal(machine.cpus[0].apic_id, 12);
}

static void every_fault_has_a_text(void **state)
{
    (void)state;
    for (int fault = ACPI_FAULT_UNREACHABLE; fault <= ACPI_FAULT_TOO_MANY; fault++) {
        assert_true(strlen(acpi_fault_text((enum acpi_fault)fault)) > 10);
    }
    assert_non_null(acpi_fault_text((enum acpi_fault)99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tables_are_found_through_an_xsdt, begin),
        cmocka_unit_test_setup(tables_are_found_through_an_rsdt, begin),
        cmocka_unit_test_setup(a_bad_xsdt_gives_way_to_the_rsdt, begin),
        cmocka_unit_test_setup(a_bad_rsdp_is_no_acpi, begin),
        cmocka_unit_test_setup(a_table_with_a_wrong_checksum_is_passed_over, begin),
        cmocka_unit_test_setup(of_two_tables_the_first_valid_one_counts, begin),
        cmocka_unit_test_setup(impossible_lengths_are_refused, begin),
        cmocka_unit_test_setup(entries_of_the_root_table_that_lead_nowhere_are_skipped, begin),
        cmocka_unit_test_setup(a_root_table_without_end_is_cut, begin),
        cmocka_unit_test_setup(complaints_are_bounded, begin),
        cmocka_unit_test_setup(the_boot_cpu_moves_to_the_front_and_the_others_keep_their_order,
                               begin),
        cmocka_unit_test_setup(every_fault_has_a_text, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
