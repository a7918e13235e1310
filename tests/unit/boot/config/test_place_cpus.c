/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * Which CPUs VMs get: their own, alike, near each other; whole cores, for real-time VMs always.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/config/fixture.h"

/* A VM "NAME" with these properties; "a" is there already, with one CPU. */
#define VM(name, properties)                                                                       \
    name " { compatible = \"bulkhead,domain\"; memory = \"64M\"; " properties                      \
         " kernel { compatible = \"module,kernel\"; file = \"k\"; }; };"

static void assert_cpus(uint32_t vm, const char *expected)
{
    char text[256] = "";
    for (uint32_t i = 0; i < placed.vms[vm].cpu_count; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof(text) - length, "%s%u", i > 0 ? " " : "",
                 placed.vms[vm].cpus[i]);
    }
    assert_string_equal(text, expected);
}

/* A machine of `cores` cores with `threads` threads: CPU numbers go thread by thread. */
static void make_machine(uint32_t cores, uint32_t threads)
{
    machine_with("");
    machine.cpu_count = cores * threads;
    for (uint32_t i = 0; i < machine.cpu_count; i++) {
        machine.cpus[i] = (struct boot_cpu){.apic_id = i, .core = i / threads};
    }
}

static void ordinary_vms_get_the_lowest_free_cpus(void **state)
{
    (void)state;
    make_machine(4, 1);
    assert_true(place_with(VM("b", "cpus = <2>;")));
    assert_no_problems();
    assert_cpus(0, "2"); /* the larger VM chooses first */
    assert_cpus(1, "0 1");
}

static void lists_are_kept_and_others_go_around_them(void **state)
{
    (void)state;
    make_machine(4, 1);
    assert_true(place_with(VM("b", "cpu-list = <3 0>;") VM("c", "cpus = <1>;")));
    assert_cpus(0, "1");
    assert_cpus(1, "3 0");
    assert_cpus(2, "2");
}

static void vms_get_whole_cores(void **state)
{
    (void)state;
    make_machine(4, 2);
    assert_true(place_with("a { cpus = <2>; };" VM("b", "cpus = <3>;")));
    assert_no_problems();
    assert_cpus(1, "0 1 2"); /* CPU 3 stays idle */
    assert_cpus(0, "4 5");
}

static void a_realtime_vm_leaves_siblings_idle_when_there_are_cores(void **state)
{
    (void)state;
    make_machine(4, 2);
    assert_true(place_with("a { real-time; cpus = <2>; };" VM("b", "cpus = <4>;")));
    assert_no_problems();
    assert_cpus(0, "5 7");
    assert_cpus(1, "0 1 2 3");
}

static void a_realtime_vm_uses_both_threads_when_cores_are_few(void **state)
{
    (void)state;
    make_machine(4, 2);
    assert_true(place_with("a { real-time; cpus = <2>; };" VM("b", "cpus = <6>;")));
    assert_no_problems();
    assert_cpus(0, "6 7");
    assert_cpus(1, "0 1 2 3 4 5");
}

static void nobody_shares_a_core_with_a_realtime_vm(void **state)
{
    (void)state;
    make_machine(2, 2);
    assert_false(place_with("a { real-time; cpus = <1>; };" VM("b", "cpus = <3>;")));
    assert_report("error: /chosen/hypervisor/b: cpus = <3>: finds too few CPUs: 3 left over, and "
                  "they must be of one core type and not on a core of a real-time VM; lower cpus "
                  "of a VM, or name CPUs with cpu-list",
                  NULL);
    assert_false(place_with("a { real-time; cpus = <1>; };" VM("b", "cpu-list = <0>;")
                                VM("c", "cpu-list = <2>;")));
    assert_report("error: /chosen/hypervisor/a: cpus = <1>: finds too few CPUs: 2 left over, and "
                  "they must be of one core type and on cores of its own; lower cpus of a VM, or "
                  "name CPUs with cpu-list",
                  NULL);
}

static void ordinary_vms_share_a_core_only_when_they_must(void **state)
{
    (void)state;
    make_machine(2, 2);
    assert_true(place_with("a { cpus = <1>; };" VM("b", "cpus = <1>;")));
    assert_no_problems();
    assert_cpus(0, "0");
    assert_cpus(1, "2");
    assert_true(place_with("a { cpus = <1>; };" VM("b", "cpus = <3>;")));
    assert_cpus(0, "3");
    assert_cpus(1, "0 1 2");
    assert_report("warning: /chosen/hypervisor/a: cpus: puts CPU 3 on the same core as CPU 2 of b; "
                  "threads slow each other down and can spy on each other; ask for fewer CPUs",
                  NULL);
}

static void sharing_a_core_with_a_list_is_warned_of(void **state)
{
    (void)state;
    make_machine(2, 2);
    assert_true(place_with(VM("b", "cpu-list = <0 2>;")));
    assert_cpus(0, "1");
    assert_report("warning: /chosen/hypervisor/a: cpus: puts CPU 1 on the same core as CPU 0 of b; "
                  "threads slow each other down and can spy on each other; ask for fewer CPUs",
                  NULL);
    assert_true(place_with(VM("b", "cpu-list = <1 3>;")));
    assert_cpus(0, "0");
    assert_report("warning: /chosen/hypervisor/a: cpus: puts CPU 0 on the same core as CPU 1 of b; "
                  "threads slow each other down and can spy on each other; ask for fewer CPUs",
                  NULL);
}

/* Two performance cores with two threads, four efficient cores. */
static void make_hybrid(void)
{
    make_machine(4, 2);
    for (uint32_t i = 0; i < 8; i++) {
        machine.cpus[i].core_type = i < 4 ? 0x40 : 0x20;
        machine.cpus[i].core = i < 4 ? i / 2 : i;
    }
}

static void cores_of_a_vm_are_alike(void **state)
{
    (void)state;
    make_hybrid();
    assert_true(place_with("a { cpus = <3>; };" VM("b", "cpus = <2>;")));
    assert_no_problems();
    assert_cpus(0, "0 1 2");
    assert_cpus(1, "4 5");
    assert_false(place_with("a { cpus = <5>; };"));
    assert_report("error: /chosen/hypervisor/a: cpus = <5>: finds too few CPUs: 8 left over, and "
                  "they must be of one core type and not on a core of a real-time VM; lower cpus "
                  "of a VM, or name CPUs with cpu-list",
                  NULL);
}

static void a_wish_for_a_core_type_is_kept_and_comes_first(void **state)
{
    (void)state;
    make_hybrid();
    assert_true(place_with("a { cpus = <2>; core-type = \"efficient\"; };" VM("b", "cpus = <3>;")
                               VM("c", "cpus = <2>; core-type = \"efficient\";")));
    assert_cpus(0, "4 5");
    assert_cpus(1, "0 1 2");
    assert_cpus(2, "6 7");
    assert_false(place_with("a { cpus = <5>; core-type = \"performance\"; };"));
    assert_true(place_with("a { core-type = \"performance\"; };" VM("b", "cpus = <3>;")));
    assert_cpus(0, "0");
    assert_cpus(1, "4 5 6");
}

static void a_core_type_is_no_matter_on_an_ordinary_processor(void **state)
{
    (void)state;
    make_machine(4, 1);
    assert_true(place_with("a { core-type = \"efficient\"; };"));
    assert_no_problems();
    assert_true(place_with("a { core-type = \"performance\"; };"));
    assert_no_problems();
}

static void cpus_of_a_vm_are_on_one_node(void **state)
{
    (void)state;
    make_machine(6, 1);
    for (uint32_t i = 0; i < 6; i++) {
        machine.cpus[i].node = i % 2;
    }
    assert_true(place_with("a { cpus = <2>; };" VM("b", "cpus = <3>;")));
    assert_cpus(1, "0 2 4");
    assert_cpus(0, "1 3");
}

static void a_node_that_has_the_memory_is_preferred(void **state)
{
    (void)state;
    make_machine(4, 1);
    machine.cpus[2].node = 1;
    machine.cpus[3].node = 1;
    machine.ram[0] = (struct config_ram){HPA(MIB(1)), MIB(63), 0};
    machine.ram[1] = (struct config_ram){HPA(MIB(64)), MIB(256), 1};
    machine.ram_count = 2;
    assert_true(place_with("a { memory = \"64M\"; };"));
    assert_cpus(0, "2");
    assert_true(place_with("a { memory = \"32M\"; };"));
    assert_cpus(0, "0");
}

static void a_vm_spans_nodes_when_none_is_large_enough(void **state)
{
    (void)state;
    make_machine(4, 1);
    machine.cpus[2].node = 1;
    machine.cpus[3].node = 20; /* more nodes than are kept apart */
    assert_true(place_with("a { cpus = <4>; };"));
    assert_cpus(0, "0 1 2 3");
}

static void all_64_cpus_can_be_one_vms(void **state)
{
    (void)state;
    make_machine(32, 2);
    assert_true(place_with("a { cpus = <64>; };"));
    assert_int_equal(placed.vms[0].cpu_count, 64);
    assert_int_equal(placed.vms[0].cpus[63], 63);
}

static int forget(void **state)
{
    (void)state;
    tree_forget();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_vms_get_the_lowest_free_cpus),
        cmocka_unit_test(lists_are_kept_and_others_go_around_them),
        cmocka_unit_test(vms_get_whole_cores),
        cmocka_unit_test(a_realtime_vm_leaves_siblings_idle_when_there_are_cores),
        cmocka_unit_test(a_realtime_vm_uses_both_threads_when_cores_are_few),
        cmocka_unit_test(nobody_shares_a_core_with_a_realtime_vm),
        cmocka_unit_test(ordinary_vms_share_a_core_only_when_they_must),
        cmocka_unit_test(sharing_a_core_with_a_list_is_warned_of),
        cmocka_unit_test(cores_of_a_vm_are_alike),
        cmocka_unit_test(a_wish_for_a_core_type_is_kept_and_comes_first),
        cmocka_unit_test(a_core_type_is_no_matter_on_an_ordinary_processor),
        cmocka_unit_test(cpus_of_a_vm_are_on_one_node),
        cmocka_unit_test(a_node_that_has_the_memory_is_preferred),
        cmocka_unit_test(a_vm_spans_nodes_when_none_is_large_enough),
        cmocka_unit_test(all_64_cpus_can_be_one_vms),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
