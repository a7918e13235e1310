/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * What a VM's name, CPUs, memory and images may be, beyond the one bad value of test_property.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/config/fixture.h"

static const struct config_vm *vm = &config.vms[0];

static void a_vm_is_called_as_its_node_without_the_address(void **state)
{
    (void)state;
    parse_with("/delete-node/ a; linux@1 { compatible = \"bulkhead,domain\"; cpus = <1>; memory = "
               "\"2M\"; kernel { compatible = \"module,kernel\"; file = \"k\"; }; };");
    assert_no_problems();
    assert_string_equal(vm->plan.name, "linux");
}

static void vm_name_goes_before_the_node(void **state)
{
    (void)state;
    parse_with("a { vm-name = \"abcdefghijklmno\"; };");
    assert_no_problems();
    assert_string_equal(vm->plan.name, "abcdefghijklmno");
}

static void a_name_of_16_characters_is_refused(void **state)
{
    (void)state;
    parse_with("a { vm-name = \"abcdefghijklmnop\"; };");
    assert_report("error: /chosen/hypervisor/a: vm-name = \"abcdefghijklmnop\": is not a VM's "
                  "name; use 1 to 15 of a-z, 0-9 and -, beginning with a letter",
                  NULL);
    assert_string_equal(vm->plan.name, ""); /* not the node's: that was not meant */
}

static void a_node_with_an_unfit_name_needs_vm_name(void **state)
{
    (void)state;
    static const char node[] =
        "/delete-node/ a; My_VM { compatible = \"bulkhead,domain\"; %s cpus = <1>; memory = "
        "\"2M\"; kernel { compatible = \"module,kernel\"; file = \"k\"; }; };";
    char changes[512];
    snprintf(changes, sizeof(changes), node, "");
    parse_with(changes);
    assert_report("error: /chosen/hypervisor/My_VM: is a node whose name is not a VM's name; add "
                  "vm-name, or name the node with 1 to 15 of a-z, 0-9 and -, beginning with a "
                  "letter",
                  NULL);
    snprintf(changes, sizeof(changes), node, "vm-name = \"my-vm\";");
    parse_with(changes);
    assert_no_problems();
}

static void cpus_is_a_count(void **state)
{
    (void)state;
    parse_with("a { cpus = <2 3>; };");
    assert_report("error: /chosen/hypervisor/a: cpus = <2 3>: is a list, but cpus is a count; "
                  "write cpus = <2> for any two CPUs, cpu-list = <1 3> for these two",
                  NULL);
    parse_with("a { cpus = \"two\"; };");
    assert_report("error: /chosen/hypervisor/a: cpus = \"two\": is not one number; write cpus = "
                  "<2> for any two CPUs, cpu-list = <1 3> for these two",
                  NULL);
}

static void a_vm_without_cpus_is_refused(void **state)
{
    (void)state;
    parse_with("a { cpus = <0>; };");
    assert_report(
        "error: /chosen/hypervisor/a: cpus = <0>: is out of bounds; a VM has 1 to 64 CPUs", NULL);
    parse_with("a { /delete-property/ cpus; };");
    assert_report("error: /chosen/hypervisor/a: cpus: is missing; write for example cpus = <1>, or "
                  "cpu-list = <1>",
                  NULL);
}

static void a_cpu_list_is_kept_in_order(void **state)
{
    (void)state;
    parse_with("a { /delete-property/ cpus; cpu-list = <5 0 63>; };");
    assert_no_problems();
    assert_true(vm->cpu_listed);
    assert_int_equal(vm->cpu_count, 3);
    assert_int_equal(vm->cpu_list[0], 5);
    assert_int_equal(vm->cpu_list[2], 63);
}

static void a_cpu_twice_in_one_vm_is_refused(void **state)
{
    (void)state;
    parse_with("a { /delete-property/ cpus; cpu-list = <1 2 1>; };");
    assert_report("error: /chosen/hypervisor/a: cpu-list = <1 2 1>: names CPU 1 twice; name each "
                  "CPU once",
                  NULL);
}

static void count_and_list_must_agree(void **state)
{
    (void)state;
    parse_with("a { cpus = <2>; cpu-list = <4 5>; };");
    assert_no_problems();
    parse_with("a { cpus = <1>; cpu-list = <4 5>; };");
    assert_report("error: /chosen/hypervisor/a: cpus = <1>: does not agree with cpu-list, which "
                  "names 2 CPUs; leave cpus out",
                  NULL);
}

static void memory_is_a_string_or_kib(void **state)
{
    (void)state;
    parse_with("a { memory = \"1G\"; };");
    assert_int_equal(vm->memory, GIB(1));
    parse_with("a { memory = <0x80000>; };");
    assert_int_equal(vm->memory, MIB(512));
    parse_with("a { memory = <0 0x80000>; };");
    assert_int_equal(vm->memory, MIB(512));
    assert_no_problems();
}

static void memory_has_bounds(void **state)
{
    (void)state;
    parse_with("a { memory = \"1M\"; };");
    assert_no_problems();
    parse_with("a { memory = \"1T\"; };");
    assert_no_problems();
    parse_with("a { memory = <512>; };");
    assert_report("error: /chosen/hypervisor/a: memory = <512>: is 512 KiB; a VM has 1 MiB to 1 "
                  "TiB; cells count KiB",
                  NULL);
    parse_with("a { memory = \"1025G\"; };");
    assert_report("error: /chosen/hypervisor/a: memory = \"1025G\": is 1025 GiB; a VM has 1 MiB to "
                  "1 TiB; cells count KiB",
                  NULL);
    parse_with("a { memory = \"99999999999T\"; };");
    assert_report("error: /chosen/hypervisor/a: memory = \"99999999999T\": is not a size; write a "
                  "number with K, M, G or T, for example \"512M\", or <KiB>",
                  NULL);
    parse_with("a { memory = <0xffffffff 0xffffffff>; };");
    assert_report("error: /chosen/hypervisor/a: memory = <0xffffffff 0xffffffff>: is not a size; "
                  "write a number with K, M, G or T, for example \"512M\", or <KiB>",
                  NULL);
}

struct path_case {
    const char *path;
    const char *fault;
};

static void paths_stay_in_the_folder_and_fit_fat(void **state)
{
    (void)state;
    static const struct path_case cases[] = {
        {"", "is empty"},
        {"/vmlinuz", "is absolute"},
        {"a//b", "has an empty part"},
        {"a/", "has an empty part"},
        {"../vmlinuz", "leaves the configuration's folder with \"..\""},
        {"a/../../b", "leaves the configuration's folder with \"..\""},
        {"a/./b", "has a part that begins with a space or ends with a space or dot"},
        {" a", "has a part that begins with a space or ends with a space or dot"},
        {"a\\\\b", "has a character other than letters, digits, space and _ . + @ - /"},
        {"c:x", "has a character other than letters, digits, space and _ . + @ - /"},
        {"MACHINE.DTB", "is the name of the configuration itself"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char changes[128];
        snprintf(changes, sizeof(changes), "a { kernel { file = \"%s\"; }; };", cases[i].path);
        parse_with(changes);
        assert_int_equal(report.errors, 1);
        assert_string_equal(report.problems[0].what, cases[i].fault);
    }
    parse_with("a { kernel { file = \"deep/er/vmlinuz-6.1 (x)\"; }; };");
    assert_int_equal(report.errors, 1);
    parse_with("a { kernel { file = \"deep/er/vmlinuz-6.1+deb_1@x y\"; }; };");
    assert_no_problems();
}

static void a_path_of_128_characters_is_refused(void **state)
{
    (void)state;
    char changes[256];
    snprintf(changes, sizeof(changes), "a { kernel { file = \"%0127d\"; }; };", 0);
    parse_with(changes);
    assert_no_problems();
    snprintf(changes, sizeof(changes), "a { kernel { file = \"%0128d\"; }; };", 0);
    parse_with(changes);
    assert_int_equal(report.errors, 1);
    assert_string_equal(report.problems[0].what, "is longer than 127 characters");
}

static void a_file_of_two_vms_is_one_file(void **state)
{
    (void)state;
    parse_with("b { compatible = \"bulkhead,domain\"; cpus = <1>; memory = \"2M\"; kernel { "
               "compatible = \"module,kernel\"; file = \"k\"; }; };");
    assert_no_problems();
    assert_int_equal(config.file_count, 1);
    assert_int_equal(config.vms[1].modules[0].file_index, 0);
}

static void a_file_in_two_spellings_is_refused(void **state)
{
    (void)state;
    parse_with("a { ramdisk { compatible = \"module,ramdisk\"; file = \"K\"; }; };");
    assert_report("error: /chosen/hypervisor/a/ramdisk: file = \"K\": is the same file as \"k\" on "
                  "a FAT volume; write it in one way",
                  NULL);
}

static void bootargs_have_2047_characters_at_most(void **state)
{
    (void)state;
    char changes[4096];
    snprintf(changes, sizeof(changes), "a { kernel { bootargs = \"%02047d\"; }; };", 0);
    parse_with(changes);
    assert_no_problems();
    snprintf(changes, sizeof(changes), "a { kernel { bootargs = \"%02048d\"; }; };", 0);
    parse_with(changes);
    assert_int_equal(report.errors, 1);
    assert_string_equal(report.problems[0].what, "has 2048 characters");
    assert_string_equal(report.problems[0].remedy, "use 2047 at most");
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
        cmocka_unit_test(a_vm_is_called_as_its_node_without_the_address),
        cmocka_unit_test(vm_name_goes_before_the_node),
        cmocka_unit_test(a_name_of_16_characters_is_refused),
        cmocka_unit_test(a_node_with_an_unfit_name_needs_vm_name),
        cmocka_unit_test(cpus_is_a_count),
        cmocka_unit_test(a_vm_without_cpus_is_refused),
        cmocka_unit_test(a_cpu_list_is_kept_in_order),
        cmocka_unit_test(a_cpu_twice_in_one_vm_is_refused),
        cmocka_unit_test(count_and_list_must_agree),
        cmocka_unit_test(memory_is_a_string_or_kib),
        cmocka_unit_test(memory_has_bounds),
        cmocka_unit_test(paths_stay_in_the_folder_and_fit_fat),
        cmocka_unit_test(a_path_of_128_characters_is_refused),
        cmocka_unit_test(a_file_of_two_vms_is_one_file),
        cmocka_unit_test(a_file_in_two_spellings_is_refused),
        cmocka_unit_test(bootargs_have_2047_characters_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
