/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * Machine descriptions: what becomes of CPUs, memory, PCI functions, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/config/fixture.h"

static void assert_ram(uint32_t index, uint64_t hpa, uint64_t size, uint32_t node)
{
    assert_true(index < machine.ram_count);
    assert_int_equal(machine.ram[index].hpa.v, hpa);
    assert_int_equal(machine.ram[index].size, size);
    assert_int_equal(machine.ram[index].node, node);
}

static bool machine_source(const char *source)
{
    struct tree tree = tree_compile(source);
    config_report_init(&report);
    bool good = config_machine_parse(tree.data, tree.size, &machine, &report);
    free(tree.data);
    return good;
}

static void a_small_description_has_the_defaults(void **state)
{
    (void)state;
    assert_true(machine_with(""));
    assert_no_problems();
    assert_int_equal(machine.cpu_count, 4);
    assert_int_equal(machine.serial, CONFIG_UNKNOWN);
    assert_int_equal(machine.framebuffer, CONFIG_UNKNOWN);
    assert_int_equal(machine.iommu, CONFIG_IOMMU_ABSENT);
    assert_int_equal(machine.own_memory, MIB(16));
    assert_true(machine.pci_known);
    assert_int_equal(machine.pci_count, 3);
    assert_int_equal(machine.pci[2].header_type, 1); /* the bridge */
    assert_ram(0, MIB(1), MIB(1023), 0);
}

static void cpus_are_numbered_in_order_and_have_cores_of_their_own(void **state)
{
    (void)state;
    assert_true(machine_with("cpus { cpu@1 { reg = <8>; core = <7>; package = <2>; numa-node-id = "
                             "<1>; core-type = \"efficient\"; }; cpu@2 { core = <7>; }; };"));
    const struct boot_cpu *cpu = machine.cpus;
    assert_int_equal(cpu[1].apic_id, 8);
    assert_int_equal(cpu[1].package, 2);
    assert_int_equal(cpu[1].node, 1);
    assert_int_equal(cpu[1].core_type, 0x20);
    assert_int_equal(cpu[1].core, cpu[2].core);
    assert_int_not_equal(cpu[0].core, cpu[3].core);
    assert_int_not_equal(cpu[0].core, cpu[1].core);
}

static void two_cpus_of_one_apic_id_are_refused(void **state)
{
    (void)state;
    assert_false(machine_with("cpus { cpu@2 { reg = <0>; }; };"));
    assert_report("error: /cpus/cpu@2: reg = <0>: is the APIC id of CPU 0 already", NULL);
}

static void the_65th_cpu_is_left_out(void **state)
{
    (void)state;
    char changes[8192] = "cpus {";
    for (int i = 4; i < 65; i++) {
        char cpu[64];
        snprintf(cpu, sizeof(cpu), "cpu@%x { reg = <%d>; };", i, i);
        strcat(changes, cpu);
    }
    strcat(changes, "};");
    assert_true(machine_with(changes));
    assert_report("warning: /cpus/cpu@40: is not used: Bulkhead takes 64 CPUs at most", NULL);
    assert_int_equal(machine.cpu_count, 64);
}

static void memory_is_sorted(void **state)
{
    (void)state;
    assert_true(machine_with("memory@100000 { reg = <1 0 0 0x1000>, <0 0x100000 0 0x1000>, <0 "
                             "0x200000 0 0x1000>; };"));
    assert_ram(0, MIB(1), KIB(4), 0);
    assert_ram(1, MIB(2), KIB(4), 0);
    assert_ram(2, GIB(4), KIB(4), 0);
}

static void memory_has_the_node_wherever_it_is_written(void **state)
{
    (void)state;
    assert_true(machine_with("memory@80000000 { reg = <0 0x80000000 0 0x1000>; numa-node-id = <1>; "
                             "}; memory@90000000 { numa-node-id = <2>; reg = <0 0x90000000 0 "
                             "0x1000>; };"));
    assert_ram(1, GIB(2), KIB(4), 1);
    assert_ram(2, GIB(2) + MIB(256), KIB(4), 2);
}

static void memory_that_overlaps_is_refused(void **state)
{
    (void)state;
    assert_false(machine_with("memory@200000 { reg = <0 0x200000 0 0x1000>; };"));
    assert_int_equal(report.errors, 1);
    assert_string_equal(report.problems[0].what, "overlaps other memory");
}

static void memory_past_52_bits_and_without_size_is_refused(void **state)
{
    (void)state;
    assert_false(machine_with("memory@1 { reg = <0x100000 0 0 0x1000>; };"));
    assert_string_equal(report.problems[0].what, "ends past 52 address bits");
    assert_false(machine_with("memory@1 { reg = <0xfffff 0xfffff000 0 0x2000>; };"));
    assert_string_equal(report.problems[0].what, "ends past 52 address bits");
    assert_false(machine_with("memory@1 { reg = <1 0 0 0>; };"));
    assert_string_equal(report.problems[0].what, "has a range without size");
}

static void reserved_memory_is_cut_out(void **state)
{
    (void)state;
    /* begins before, inside, touches the end, holds a whole range */
    assert_true(machine_with("memory@100000 { reg = <0 0x100000 0 0x100000>, <0 0x400000 0 "
                             "0x400000>, <0 0x900000 0 0x100000>; }; reserved-memory { a { reg = "
                             "<0 0 0 0x180000>; }; b { reg = <0 0x500000 0 0x1000>, <0 0x7ff000 0 "
                             "0x1000>; }; c { reg = <0 0x8ff000 0 0x200000>; }; };"));
    assert_ram(0, 0x180000, 0x80000, 0);
    assert_ram(1, 0x400000, 0x100000, 0);
    assert_ram(2, 0x501000, 0x2fe000, 0);
    assert_int_equal(machine.ram_count, 4);
    assert_int_equal(machine.ram[3].size, 0);
}

static void distances_are_a_square(void **state)
{
    (void)state;
    assert_true(machine_with("numa-distances = <10 21 31 10>;"));
    assert_int_equal(machine.distance[0][1], 21);
    assert_int_equal(machine.distance[1][0], 31);
    assert_int_equal(machine.distance[1][1], 10);
    assert_false(machine_with("numa-distances = <9>;"));
    assert_false(machine_with("numa-distances = <256>;"));
}

static void half_a_pair_of_ports_is_refused(void **state)
{
    (void)state;
    assert_false(machine_with("reserved-ports = <1 2 3>;"));
    assert_report("error: /: reserved-ports = <1 2 3>: ends in half a pair", NULL);
    assert_false(machine_with("reserved-ports = <1 0x10000>;"));
}

static void a_function_twice_is_refused(void **state)
{
    (void)state;
    assert_false(machine_with("pci { again { function = \"0000:00:03.0\"; }; };"));
    assert_report("error: /pci/again: function: is given twice", NULL);
}

static void consoles_may_be_known_to_be_absent(void **state)
{
    (void)state;
    assert_true(machine_with("console = \"framebuffer\";"));
    assert_int_equal(machine.serial, CONFIG_ABSENT);
    assert_int_equal(machine.framebuffer, CONFIG_PRESENT);
    assert_true(machine_with("console = \"none\";"));
    assert_int_equal(machine.framebuffer, CONFIG_ABSENT);
}

static void an_iommu_is_there_but_not_driven(void **state)
{
    (void)state;
    assert_true(machine_with("iommu;"));
    assert_int_equal(machine.iommu, CONFIG_IOMMU_UNUSED);
}

static void unknown_nodes_are_refused(void **state)
{
    (void)state;
    assert_false(machine_with("gpu { };"));
    assert_report(
        "error: /gpu: is not a node of a machine description; its nodes are cpus, memory, "
        "reserved-memory and pci",
        NULL);
}

static void unknown_properties_are_refused(void **state)
{
    (void)state;
    assert_false(machine_with("cpus { cpu@0 { cores = <1>; }; };"));
    assert_report("error: /cpus/cpu@0: cores = <1>: is not a property of a described CPU; did you "
                  "mean \"core\"?",
                  NULL);
}

static void a_machine_needs_cpus_and_memory(void **state)
{
    (void)state;
    assert_false(machine_source("/dts-v1/; / { compatible = \"bulkhead,machine\"; };"));
    assert_report("error: /cpus: has no CPU; write / { cpus { cpu@0 { reg = <0>; }; }; };",
                  "error: /: has no memory; write / { memory@100000 { reg = <0 0x100000 0 "
                  "0x3ff00000>; }; };",
                  NULL);
}

static void a_configuration_is_no_description(void **state)
{
    (void)state;
    assert_false(machine_source("/dts-v1/; / { chosen { }; };"));
    assert_report("error: /: compatible: does not hold \"bulkhead,machine\"; give a machine "
                  "description here",
                  NULL);
}

static void garbage_is_refused(void **state)
{
    (void)state;
    _Alignas(8) static const uint8_t garbage[16] = "garbage";
    config_report_init(&report);
    assert_false(config_machine_parse(garbage, sizeof(garbage), &machine, &report));
    assert_int_equal(report.errors, 1);
    assert_string_equal(report.problems[0].node, "machine description");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_description_has_the_defaults),
        cmocka_unit_test(cpus_are_numbered_in_order_and_have_cores_of_their_own),
        cmocka_unit_test(two_cpus_of_one_apic_id_are_refused),
        cmocka_unit_test(the_65th_cpu_is_left_out),
        cmocka_unit_test(memory_is_sorted),
        cmocka_unit_test(memory_has_the_node_wherever_it_is_written),
        cmocka_unit_test(memory_that_overlaps_is_refused),
        cmocka_unit_test(memory_past_52_bits_and_without_size_is_refused),
        cmocka_unit_test(reserved_memory_is_cut_out),
        cmocka_unit_test(distances_are_a_square),
        cmocka_unit_test(half_a_pair_of_ports_is_refused),
        cmocka_unit_test(a_function_twice_is_refused),
        cmocka_unit_test(consoles_may_be_known_to_be_absent),
        cmocka_unit_test(an_iommu_is_there_but_not_driven),
        cmocka_unit_test(unknown_nodes_are_refused),
        cmocka_unit_test(unknown_properties_are_refused),
        cmocka_unit_test(a_machine_needs_cpus_and_memory),
        cmocka_unit_test(a_configuration_is_no_description),
        cmocka_unit_test(garbage_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
