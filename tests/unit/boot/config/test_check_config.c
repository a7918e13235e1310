/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * Whether the values of one VM agree, and those of all VMs: each check with a tree that passes and
 * one that does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/boot/config/fixture.h"

/* Parses with a second VM "b" that has `properties`. */
static void parse_two(const char *a, const char *b)
{
    char changes[1024];
    snprintf(changes, sizeof(changes),
             "a { %s }; b { compatible = \"bulkhead,domain\"; memory = \"64M\"; %s kernel { "
             "compatible = \"module,kernel\"; file = \"k\"; }; };",
             a, b);
    parse_with(changes);
}

static void a_vm_needs_a_kernel(void **state)
{
    (void)state;
    parse_with("a { /delete-node/ kernel; };");
    assert_report("error: /chosen/hypervisor/a: has no kernel; add kernel { compatible = "
                  "\"module,kernel\"; file = \"vmlinuz\"; };",
                  NULL);
}

static void a_second_kernel_is_refused(void **state)
{
    (void)state;
    parse_with("a { other { compatible = \"module,kernel\"; file = \"l\"; }; };");
    assert_report("error: /chosen/hypervisor/a/other: is a second kernel; a VM has one; other "
                  "files are \"module,ramdisk\"",
                  NULL);
}

static void a_misnamed_kernel_is_one_problem(void **state)
{
    (void)state;
    parse_with("a { kernel { compatible = \"module,kernal\"; }; };");
    assert_int_equal(report.errors, 1);
}

static void unsafe_dma_without_pci_is_warned_of(void **state)
{
    (void)state;
    parse_with("a { unsafe-dma; pci = \"00:02.0\"; };");
    assert_no_problems();
    parse_with("a { unsafe-dma; };");
    assert_report("warning: /chosen/hypervisor/a: unsafe-dma: has no use without PCI functions; "
                  "leave it out, or add pci",
                  NULL);
}

static void legacy_in_a_realtime_vm_is_warned_of(void **state)
{
    (void)state;
    parse_with("a { legacy; };");
    assert_no_problems();
    parse_with("a { legacy; real-time; };");
    assert_report("warning: /chosen/hypervisor/a: legacy: costs a real-time VM exits at every tick "
                  "of the PIT; leave it out if the guest can do without",
                  NULL);
}

static void restart_max_without_restart_is_warned_of(void **state)
{
    (void)state;
    parse_with("a { on-crash = \"restart\"; restart-max = <7>; };");
    assert_no_problems();
    assert_int_equal(config.vms[0].plan.restart_max, 7);
    parse_with("a { restart-max = <7>; };");
    assert_report("warning: /chosen/hypervisor/a: restart-max: has no effect unless on-crash is "
                  "\"restart\"; add on-crash = \"restart\", or leave it out",
                  NULL);
}

static void core_type_beside_a_list_is_warned_of(void **state)
{
    (void)state;
    parse_with("a { core-type = \"efficient\"; };");
    assert_no_problems();
    parse_with("a { core-type = \"efficient\"; /delete-property/ cpus; cpu-list = <0>; };");
    assert_report("warning: /chosen/hypervisor/a: core-type: has no effect beside cpu-list; leave "
                  "one of them out",
                  NULL);
}

static void two_vms_of_one_name_are_refused(void **state)
{
    (void)state;
    parse_two("", "cpus = <1>;");
    assert_no_problems();
    parse_two("", "cpus = <1>; vm-name = \"a\";");
    assert_report("error: /chosen/hypervisor/b: vm-name = \"a\": has the name of another VM, a; "
                  "give each VM a name of its own with vm-name",
                  NULL);
    parse_two("vm-name = \"b\";", "cpus = <1>;");
    assert_report("error: /chosen/hypervisor/b: has the name of another VM, b; give each VM a name "
                  "of its own with vm-name",
                  NULL);
}

static void the_first_view_of_the_console_is_a_word_or_a_vm(void **state)
{
    static const struct {
        const char *name;
        int32_t view;
    } good[] = {
        {"all", CONSOLE_VIEW_ALL}, {"monitor", CONSOLE_VIEW_MONITOR}, {"a", 0}, {"second", 1}};
    static const char second[] =
        "b { compatible = \"bulkhead,domain\"; vm-name = \"second\"; cpus = <1>; memory = \"64M\"; "
        "kernel { compatible = \"module,kernel\"; file = \"k\"; }; };";
    char changes[1024];
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        snprintf(changes, sizeof(changes), "console-view = \"%s\"; %s", good[i].name, second);
        assert_true(machine_with(""));
        assert_true(place_with(changes));
        assert_int_equal(placed.console_view, good[i].view);
    }
    assert_true(place_with(second));
    assert_int_equal(placed.console_view, CONSOLE_VIEW_ALL);
    snprintf(changes, sizeof(changes), "console-view = \"secnod\"; %s", second);
    parse_with(changes);
    assert_report("error: /chosen/hypervisor: console-view = \"secnod\": is not \"all\", "
                  "\"monitor\" or the name of a VM; did you mean \"second\"?",
                  NULL);
    snprintf(changes, sizeof(changes), "console-view = \"b\"; %s", second); /* the node's name */
    parse_with(changes);
    assert_int_equal(report.errors, 1);
    parse_with("console-view = \"nowhere\";");
    assert_report("error: /chosen/hypervisor: console-view = \"nowhere\": is not \"all\", "
                  "\"monitor\" or the name of a VM",
                  NULL);
}

static void a_cpu_of_two_vms_is_refused(void **state)
{
    (void)state;
    parse_two("/delete-property/ cpus; cpu-list = <0 1>;", "cpu-list = <2 3>;");
    assert_no_problems();
    parse_two("/delete-property/ cpus; cpu-list = <0 1>;", "cpu-list = <2 1>;");
    assert_report("error: /chosen/hypervisor/b: cpu-list = CPU 1: belongs to a already; a CPU is "
                  "one VM's alone; choose another, or use cpus and let the loader choose",
                  NULL);
}

static void a_pci_function_of_two_vms_is_refused(void **state)
{
    (void)state;
    parse_two("unsafe-dma; pci = \"00:02.0\";", "cpus = <1>; unsafe-dma; pci = \"00:03.0\";");
    assert_no_problems();
    parse_two("unsafe-dma; pci = \"00:02.0\";", "cpus = <1>; unsafe-dma; pci = \"00:02.0\";");
    assert_report("error: /chosen/hypervisor/b: pci = \"00:02.0\": belongs to a already; a PCI "
                  "function is one VM's alone",
                  NULL);
}

static void a_port_of_two_vms_is_refused(void **state)
{
    (void)state;
    parse_two("ports = \"com2\";", "cpus = <1>; ports = \"com3\";");
    assert_no_problems();
    parse_two("ports = \"com2\";", "cpus = <1>; ports = \"0x2f0-0x2f8\";");
    assert_report("error: /chosen/hypervisor/b: ports = 0x2f8: belongs to a already; a port is one "
                  "VM's alone",
                  NULL);
}

static void a_configuration_that_starts_nothing_is_warned_of(void **state)
{
    (void)state;
    parse_two("start = \"later\";", "cpus = <1>;");
    assert_no_problems();
    assert_int_equal(config.vms[0].plan.flags & VM_FLAG_AUTOSTART, 0);
    parse_two("start = \"later\";", "cpus = <1>; start = \"later\";");
    assert_report("warning: /chosen/hypervisor: has no VM that starts at boot; leave start = "
                  "\"later\" out of one",
                  NULL);
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
        cmocka_unit_test(a_vm_needs_a_kernel),
        cmocka_unit_test(a_second_kernel_is_refused),
        cmocka_unit_test(a_misnamed_kernel_is_one_problem),
        cmocka_unit_test(unsafe_dma_without_pci_is_warned_of),
        cmocka_unit_test(legacy_in_a_realtime_vm_is_warned_of),
        cmocka_unit_test(restart_max_without_restart_is_warned_of),
        cmocka_unit_test(core_type_beside_a_list_is_warned_of),
        cmocka_unit_test(two_vms_of_one_name_are_refused),
        cmocka_unit_test(the_first_view_of_the_console_is_a_word_or_a_vm),
        cmocka_unit_test(a_cpu_of_two_vms_is_refused),
        cmocka_unit_test(a_pci_function_of_two_vms_is_refused),
        cmocka_unit_test(a_port_of_two_vms_is_refused),
        cmocka_unit_test(a_configuration_that_starts_nothing_is_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
