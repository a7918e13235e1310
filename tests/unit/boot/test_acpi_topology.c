/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/acpi.c boot/acpi_topology.c boot/acpi_platform.c boot/acpi_aml.c */
/* links: tests/unit/boot/acpi_build.c */
/* MADT and SRAT: CPUs, IOAPICs, overrides, nodes; and malformed entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/acpi.h"
#include "tests/unit/boot/acpi_build.h"

static struct acpi_machine machine;
static uint8_t body[4096];
static uint32_t size;

static void begin_body(uint32_t fixed)
{
    acpi_build_begin();
    memset(body, 0, sizeof(body));
    size = fixed;
}

static void put(uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        body[size++] = (uint8_t)(value >> i * 8);
    }
}

static void put_local_apic(uint8_t apic_id, uint32_t flags)
{
    put(0, 1);
    put(8, 1);
    put(0, 1);
    put(apic_id, 1);
    put(flags, 4);
}

static void put_local_x2apic(uint32_t apic_id, uint32_t flags)
{
    put(9, 1);
    put(16, 1);
    put(0, 2);
    put(apic_id, 4);
    put(flags, 4);
    put(0, 4);
}

static void put_ioapic(uint8_t id, uint32_t hpa, uint32_t gsi_base)
{
    put(1, 1);
    put(12, 1);
    put(id, 1);
    put(0, 1);
    put(hpa, 4);
    put(gsi_base, 4);
}

static void put_override(uint8_t irq, uint32_t gsi, uint16_t flags)
{
    put(2, 1);
    put(10, 1);
    put(0, 1);
    put(irq, 1);
    put(gsi, 4);
    put(flags, 2);
}

static int begin_madt(void **state)
{
    (void)state;
    begin_body(8);
    return 0;
}

static void read_madt(void)
{
    acpi_build_table("APIC", 3, body, size);
    acpi_build_end(2);
    assert_true(acpi_build_read(&machine));
}

static void enabled_cpus_of_both_kinds_are_listed_in_order(void **state)
{
    (void)state;
    put_local_apic(2, 1);
    put_local_apic(0, 3);
    put_local_x2apic(0x12345, 1);
    read_madt();
    assert_int_equal(machine.cpu_count, 3);
    assert_int_equal(machine.cpus[0].apic_id, 2);
    assert_int_equal(machine.cpus[1].apic_id, 0);
    assert_int_equal(machine.cpus[2].apic_id, 0x12345);
    assert_int_equal(machine.complaint_count, 0);
}

static void disabled_cpus_are_left_out_and_online_capable_ones_counted(void **state)
{
    (void)state;
    put_local_apic(0, 1);
    put_local_apic(1, 0);
    put_local_apic(2, 2);
    put_local_x2apic(300, 2);
    put_local_apic(0xFF, 1); /* the broadcast address is no CPU */
    put_local_x2apic(0xFFFFFFFF, 1);
    read_madt();
    assert_int_equal(machine.cpu_count, 1);
    assert_int_equal(machine.cpus_offline, 2);
}

static void a_cpu_listed_twice_counts_once(void **state)
{
    (void)state;
    put_local_apic(3, 1);
    put_local_x2apic(3, 1);
    put_local_apic(3, 1);
    put_local_apic(4, 1);
    read_madt();
    assert_int_equal(machine.cpu_count, 2);
}

static void more_cpus_than_fit_are_complained_about(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CPU_MAX + 2; i++) {
        put_local_x2apic(i, 1);
    }
    read_madt();
    assert_int_equal(machine.cpu_count, CPU_MAX);
    assert_int_equal(machine.complaint_count, 2);
    assert_int_equal(machine.complaints[0].fault, ACPI_FAULT_TOO_MANY);
}

static void ioapics_are_listed_and_the_first_gsi_decides(void **state)
{
    (void)state;
    put_ioapic(9, 0xFEC10000, 24);
    put_ioapic(8, 0xFEC00000, 0);
    read_madt();
    assert_int_equal(machine.ioapic_count, 2);
    assert_int_equal(machine.ioapics[0].id, 9);
    assert_int_equal(machine.ioapics[0].gsi_base, 24);
    assert_int_equal(machine.ioapics[0].hpa.v, 0xFEC10000);
    assert_int_equal(machine.platform.ioapic.v, 0xFEC00000);
}

static void overrides_tell_line_and_signal(void **state)
{
    (void)state;
    put_override(0, 2, 0);
    put_override(9, 9, 0x000D);   /* high, level */
    put_override(10, 16, 0x000F); /* low, level */
    put_override(5, 5, 0x0005);
    read_madt();
    assert_int_equal(machine.override_count, 4);
    assert_int_equal(machine.overrides[0].gsi, 2);
    assert_false(machine.overrides[0].level);
    assert_false(machine.overrides[0].active_low);
    assert_int_equal(machine.overrides[1].irq, 9);
    assert_true(machine.overrides[1].level);
    assert_false(machine.overrides[1].active_low);
    assert_true(machine.overrides[2].level);
    assert_true(machine.overrides[2].active_low);
    assert_false(machine.overrides[3].level);
    assert_false(machine.overrides[3].active_low);
}

static void ioapics_and_overrides_are_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        put_ioapic((uint8_t)i, 0xFEC00000, i);
        put_override((uint8_t)i, i, 0);
    }
    read_madt();
    assert_int_equal(machine.ioapic_count, ACPI_IOAPIC_MAX);
    assert_int_equal(machine.override_count, ACPI_OVERRIDE_MAX);
}

static void unknown_entries_are_skipped(void **state)
{
    (void)state;
    put(4, 1); /* local APIC NMI */
    put(6, 1);
    put(0, 4);
    put(0x80, 1);
    put(2, 1);
    put_local_apic(1, 1);
    read_madt();
    assert_int_equal(machine.cpu_count, 1);
    assert_int_equal(machine.complaint_count, 0);
}

static void reading_stops_at_a_malformed_entry(void **state)
{
    static const struct {
        uint8_t type, length;
    } bad[] = {{0x55, 0}, {0x55, 1}, {0, 7}, {1, 11}, {2, 9}, {9, 15}, {0x55, 200}};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        begin_madt(state);
        put_local_apic(1, 1);
        put(bad[i].type, 1);
        put(bad[i].length, 1);
        for (unsigned n = 2; n < MIN(bad[i].length, 16); n++) {
            put(1, 1);
        }
        put_local_apic(2, 1);
        put_local_apic(3, 1);
        read_madt();
        assert_int_equal(machine.cpu_count, 1);
        assert_int_equal(machine.ioapic_count, 0);
        assert_int_equal(machine.override_count, 0);
        assert_int_equal(machine.complaint_count, 1);
        assert_string_equal(machine.complaints[0].table, "APIC");
        assert_int_equal(machine.complaints[0].fault, ACPI_FAULT_ENTRY);
    }
}

static void a_table_that_ends_within_an_entrys_header_is_malformed(void **state)
{
    (void)state;
    put_local_apic(1, 1);
    put(0, 1);
    read_madt();
    assert_int_equal(machine.cpu_count, 1);
    assert_int_equal(machine.complaints[0].fault, ACPI_FAULT_ENTRY);
}

static void put_affinity(uint8_t apic_id, uint32_t node, uint32_t flags)
{
    put(0, 1);
    put(16, 1);
    put(node & 0xFF, 1);
    put(apic_id, 1);
    put(flags, 4);
    put(0xEE, 1);
    put(node >> 8, 3);
    put(0, 4);
}

static void put_x2apic_affinity(uint32_t apic_id, uint32_t node)
{
    put(2, 1);
    put(24, 1);
    put(0, 2);
    put(node, 4);
    put(apic_id, 4);
    put(1, 4);
    put(0, 8);
}

static void put_memory_affinity(uint64_t start, uint64_t length, uint32_t node, uint32_t flags)
{
    put(1, 1);
    put(40, 1);
    put(node, 4);
    put(0, 2);
    put(start, 8);
    put(length, 8);
    put(0, 4);
    put(flags, 4);
    put(0, 8);
}

/* CPUs 1, 2 and 0x1000 in a MADT that comes behind the SRAT. */
static void read_srat(uint8_t revision)
{
    static uint8_t srat[sizeof(body)];
    uint32_t srat_size = size;
    memcpy(srat, body, sizeof(srat));
    begin_body(8);
    put_local_apic(1, 1);
    put_local_apic(2, 1);
    put_local_x2apic(0x1000, 1);
    acpi_build_table("SRAT", revision, srat, srat_size);
    read_madt();
}

static int begin_srat(void **state)
{
    (void)state;
    begin_body(12);
    return 0;
}

static void srat_gives_each_cpu_its_node(void **state)
{
    (void)state;
    put_affinity(1, 0x01020304, 1);
    put_affinity(2, 7, 0); /* disabled */
    put_x2apic_affinity(0x1000, 5);
    put_affinity(99, 6, 1); /* no such CPU */
    read_srat(3);
    assert_int_equal(machine.cpus[0].node, 0x01020304);
    assert_int_equal(machine.cpus[1].node, 0);
    assert_int_equal(machine.cpus[2].node, 5);
    assert_int_equal(machine.complaint_count, 0);
}

static void a_first_revision_srat_has_nodes_of_eight_bits(void **state)
{
    (void)state;
    put_affinity(1, 0xAABBCC04, 1);
    put_memory_affinity(0, MIB(16), 0xAABBCC05, 1);
    read_srat(1);
    assert_int_equal(machine.cpus[0].node, 4);
    assert_int_equal(machine.node_memory[0].node, 5);
}

static void srat_tells_which_memory_is_whose(void **state)
{
    (void)state;
    put_memory_affinity(0, MIB(640), 0, 1);
    put_memory_affinity(GIB(4), GIB(2), 0x100, 1);
    put_memory_affinity(GIB(8), GIB(2), 1, 0);         /* disabled */
    put_memory_affinity(GIB(16), 0, 1, 1);             /* empty */
    put_memory_affinity(UINT64_MAX - 4, MIB(1), 1, 1); /* wraps */
    read_srat(3);
    assert_int_equal(machine.node_memory_count, 2);
    assert_int_equal(machine.node_memory[1].hpa.v, GIB(4));
    assert_int_equal(machine.node_memory[1].size, GIB(2));
    assert_int_equal(machine.node_memory[1].node, 0x100);
    assert_int_equal(machine.complaint_count, 1);
}

static void memory_ranges_are_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ACPI_NODE_MEMORY_MAX + 1; i++) {
        put_memory_affinity(GIB(i), GIB(1), i, 1);
    }
    read_srat(3);
    assert_int_equal(machine.node_memory_count, ACPI_NODE_MEMORY_MAX);
    assert_int_equal(machine.complaints[0].fault, ACPI_FAULT_TOO_MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(enabled_cpus_of_both_kinds_are_listed_in_order, begin_madt),
        cmocka_unit_test_setup(disabled_cpus_are_left_out_and_online_capable_ones_counted,
                               begin_madt),
        cmocka_unit_test_setup(a_cpu_listed_twice_counts_once, begin_madt),
        cmocka_unit_test_setup(more_cpus_than_fit_are_complained_about, begin_madt),
        cmocka_unit_test_setup(ioapics_are_listed_and_the_first_gsi_decides, begin_madt),
        cmocka_unit_test_setup(overrides_tell_line_and_signal, begin_madt),
        cmocka_unit_test_setup(ioapics_and_overrides_are_bounded, begin_madt),
        cmocka_unit_test_setup(unknown_entries_are_skipped, begin_madt),
        cmocka_unit_test_setup(reading_stops_at_a_malformed_entry, begin_madt),
        cmocka_unit_test_setup(a_table_that_ends_within_an_entrys_header_is_malformed, begin_madt),
        cmocka_unit_test_setup(srat_gives_each_cpu_its_node, begin_srat),
        cmocka_unit_test_setup(a_first_revision_srat_has_nodes_of_eight_bits, begin_srat),
        cmocka_unit_test_setup(srat_tells_which_memory_is_whose, begin_srat),
        cmocka_unit_test_setup(memory_ranges_are_bounded, begin_srat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
