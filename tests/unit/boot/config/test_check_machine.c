/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * A configuration against a machine: each check with one that fits and one that does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/config/fixture.h"

#define VM_B                                                                                       \
    "b { compatible = \"bulkhead,domain\"; memory = \"64M\"; kernel { compatible = "               \
    "\"module,kernel\"; file = \"k\"; }; };"

static void the_base_fits_the_base(void **state)
{
    (void)state;
    machine_with("");
    check_with("");
    assert_no_problems();
}

static void a_cpu_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    machine_with("");
    check_with("a { /delete-property/ cpus; cpu-list = <3 4>; };");
    assert_report("error: /chosen/hypervisor/a: cpu-list = CPU 4: does not exist; this machine has "
                  "CPUs 0 to 3",
                  NULL);
}

static void more_cpus_than_there_are_are_refused(void **state)
{
    (void)state;
    machine_with("");
    check_with("a { cpus = <4>; };");
    assert_no_problems();
    check_with("a { cpus = <5>; };");
    assert_report("error: /chosen/hypervisor/a: cpus = <5>: is more than the machine's 4; ask for "
                  "4 at most",
                  NULL);
}

static void more_cpus_together_than_there_are_are_refused(void **state)
{
    (void)state;
    machine_with("");
    check_with("a { cpus = <2>; }; " VM_B "b { cpus = <2>; };");
    assert_no_problems();
    check_with("a { cpus = <2>; }; " VM_B "b { cpus = <3>; };");
    assert_report("error: /chosen/hypervisor: has VMs that ask for 5 CPUs together; the machine "
                  "has 4; lower cpus of one, or leave a VM out",
                  NULL);
}

static void unlike_cores_in_one_vm_are_refused(void **state)
{
    (void)state;
    machine_with("cpus { cpu@0 { core-type = \"performance\"; }; cpu@1 { core-type = "
                 "\"performance\"; }; cpu@2 { core-type = \"efficient\"; }; cpu@3 { core-type = "
                 "\"efficient\"; }; };");
    check_with("a { /delete-property/ cpus; cpu-list = <2 3>; };");
    assert_no_problems();
    check_with("a { /delete-property/ cpus; cpu-list = <1 2>; };");
    assert_report("error: /chosen/hypervisor/a: cpu-list = CPU 2: is a core of another type than "
                  "CPU 1; a VM has cores of one type: all performance or all efficient",
                  NULL);
}

#define TWO_CORES                                                                                  \
    "cpus { cpu@0 { core = <0>; }; cpu@1 { core = <0>; }; cpu@2 { core = <1>; }; cpu@3 { core = "  \
    "<1>; }; };"

static void threads_of_one_core_in_two_vms_are_warned_of(void **state)
{
    (void)state;
    machine_with(TWO_CORES);
    check_with("a { /delete-property/ cpus; cpu-list = <0 1>; }; " VM_B "b { cpu-list = <2>; };");
    assert_no_problems();
    check_with("a { /delete-property/ cpus; cpu-list = <0>; }; " VM_B "b { cpu-list = <1>; };");
    assert_report("warning: /chosen/hypervisor/b: cpu-list = CPU 1: is a thread of the same core "
                  "as CPU 0 of a; threads slow each other down and can spy on each other; give "
                  "whole cores",
                  NULL);
}

static void a_core_of_a_realtime_vm_is_not_shared(void **state)
{
    (void)state;
    machine_with(TWO_CORES);
    check_with("a { real-time; /delete-property/ cpus; cpu-list = <0>; }; " VM_B
               "b { cpu-list = <2>; };");
    assert_no_problems();
    check_with("a { real-time; /delete-property/ cpus; cpu-list = <0>; }; " VM_B
               "b { cpu-list = <1>; };");
    assert_report("error: /chosen/hypervisor/b: cpu-list = CPU 1: is a thread of the same core as "
                  "CPU 0 of a; a real-time VM shares its cores with no other VM",
                  NULL);
}

static void more_memory_than_there_is_is_refused(void **state)
{
    (void)state;
    machine_with("");
    check_with("a { memory = \"1023M\"; };");
    assert_no_problems();
    check_with("a { memory = \"1G\"; };");
    assert_report("error: /chosen/hypervisor/a: memory = 1 GiB: is more than the machine has "
                  "for VMs, about 960 MiB; ask for less",
                  NULL);
}

static void more_memory_together_than_there_is_is_refused(void **state)
{
    (void)state;
    machine_with("");
    check_with("a { memory = \"960M\"; }; " VM_B "b { cpus = <1>; memory = \"64M\"; };");
    assert_report("error: /chosen/hypervisor: has VMs that ask for 1 GiB together; the machine has "
                  "about 960 MiB for them; lower memory of one, or leave a VM out",
                  NULL);
}

static void a_pci_function_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    machine_with("");
    check_with("a { unsafe-dma; pci = \"00:03.0\"; };");
    assert_no_problems();
    check_with("a { unsafe-dma; pci = \"00:04.0\"; };");
    assert_report("error: /chosen/hypervisor/a: pci = \"00:04.0\": does not exist on this machine; "
                  "those that can be given to a VM are 00:03.0, 00:03.1",
                  NULL);
}

static void a_display_that_shows_the_log_is_warned_of(void **state)
{
    (void)state;
    machine_with("pci { vga { function = \"00:05.0\"; class-code = <0x030000>; }; };");
    check_with("console = \"serial\"; a { unsafe-dma; pci = \"00:05.0\"; };");
    assert_no_problems();
    check_with("a { unsafe-dma; pci = \"00:05.0\"; };");
    assert_report(
        "warning: /chosen/hypervisor/a: pci = \"00:05.0\": is a display, on which the log "
        "may appear; write console = \"serial\" if there is a serial port",
        NULL);
}

static void a_long_list_of_functions_is_cut(void **state)
{
    (void)state;
    machine_with("");
    for (uint32_t i = 0; i < 32; i++) {
        machine.pci[i] = (struct config_pci){.function = {.bus = 1, .device = (uint8_t)i}};
    }
    machine.pci_count = 32;
    check_with("a { unsafe-dma; pci = \"00:04.0\"; };");
    assert_int_equal(report.errors, 1);
    assert_non_null(strstr(report.problems[0].remedy, "01:0f.0, ..."));
    machine.pci_count = 0;
    check_with("a { unsafe-dma; pci = \"00:04.0\"; };");
    assert_string_equal(report.problems[0].remedy, "those that can be given to a VM are none");
}

static void a_bridge_is_refused(void **state)
{
    (void)state;
    machine_with("");
    check_with("a { unsafe-dma; pci = \"00:1e.0\"; };");
    assert_report("error: /chosen/hypervisor/a: pci = \"00:1e.0\": is a bridge, which all devices "
                  "behind it need; hand over the devices behind it",
                  NULL);
}

static void unknown_pci_functions_are_not_checked(void **state)
{
    (void)state;
    machine_with("/delete-node/ pci;");
    check_with("a { unsafe-dma; pci = \"00:1e.0\"; };");
    assert_no_problems();
}

static void functions_of_one_device_in_two_vms_are_warned_of(void **state)
{
    (void)state;
    machine_with("");
    check_with("a { unsafe-dma; pci = \"00:03.0\", \"00:03.1\"; };");
    assert_no_problems();
    check_with("a { unsafe-dma; pci = \"00:03.0\"; }; " VM_B
               "b { cpus = <1>; unsafe-dma; pci = \"00:03.1\"; };");
    assert_report("warning: /chosen/hypervisor/b: pci = \"00:03.1\": is part of the same device as "
                  "00:03.0 of a; one VM's reset of the device resets the other's too",
                  NULL);
}

static void dma_without_iommu_needs_unsafe_dma(void **state)
{
    (void)state;
    static const char remedy[] = "if this VM is trusted with the whole machine, add unsafe-dma, "
                                 "which also maps its RAM 1:1";
    char line[CONFIG_LINE_SIZE];
    machine_with("");
    check_with("a { pci = \"00:03.0\"; };");
    snprintf(line, sizeof(line),
             "error: /chosen/hypervisor/a: pci = \"00:03.0\": can do DMA to all memory: the "
             "machine has no IOMMU; %s",
             remedy);
    assert_report(line, NULL);
    machine_with("iommu;");
    check_with("a { pci = \"00:03.0\"; };");
    snprintf(line, sizeof(line),
             "error: /chosen/hypervisor/a: pci = \"00:03.0\": can do DMA to all memory: Bulkhead "
             "drives no IOMMU yet; %s",
             remedy);
    assert_report(line, NULL);
    machine.iommu = CONFIG_IOMMU_DRIVEN;
    check_with("a { pci = \"00:03.0\"; };");
    assert_no_problems();
}

static void dma_is_checked_without_a_machine_too(void **state)
{
    (void)state;
    parse_with("a { pci = \"00:03.0\"; };");
    config_check(&config, NULL, &report);
    assert_int_equal(report.errors, 1);
    assert_string_equal(report.problems[0].what,
                        "can do DMA to all memory: Bulkhead drives no IOMMU yet");
}

static void ports_that_the_machine_uses_are_refused(void **state)
{
    (void)state;
    machine_with("reserved-ports = <0xb000 0xb03f>;");
    check_with("a { ports = \"0xb040\"; };");
    assert_no_problems();
    check_with("a { ports = \"0xb03f-0xb040\"; };");
    assert_report("error: /chosen/hypervisor/a: ports = 0xb03f: is never opened: it belongs to the "
                  "machine (reserved-ports); leave it out",
                  NULL);
}

static void a_console_that_is_not_there_is_refused(void **state)
{
    (void)state;
    machine_with("console = \"serial\";");
    check_with("console = \"serial\";");
    assert_no_problems();
    check_with("console = \"both\";");
    assert_no_problems();
    check_with("console = \"framebuffer\";");
    assert_report("error: /chosen/hypervisor: console = \"framebuffer\": is not there on this "
                  "machine; write console = \"both\", which takes what there is",
                  NULL);
}

static void a_machine_without_console_is_warned_of(void **state)
{
    (void)state;
    machine_with("console = \"none\";");
    check_with("");
    assert_report("warning: /chosen/hypervisor: console: shows nothing: the machine has no console "
                  "at all; the log can be read in memory after a warm reset only",
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
        cmocka_unit_test(the_base_fits_the_base),
        cmocka_unit_test(a_cpu_that_does_not_exist_is_refused),
        cmocka_unit_test(more_cpus_than_there_are_are_refused),
        cmocka_unit_test(more_cpus_together_than_there_are_are_refused),
        cmocka_unit_test(unlike_cores_in_one_vm_are_refused),
        cmocka_unit_test(threads_of_one_core_in_two_vms_are_warned_of),
        cmocka_unit_test(a_core_of_a_realtime_vm_is_not_shared),
        cmocka_unit_test(more_memory_than_there_is_is_refused),
        cmocka_unit_test(more_memory_together_than_there_is_is_refused),
        cmocka_unit_test(a_pci_function_that_does_not_exist_is_refused),
        cmocka_unit_test(a_display_that_shows_the_log_is_warned_of),
        cmocka_unit_test(a_long_list_of_functions_is_cut),
        cmocka_unit_test(a_bridge_is_refused),
        cmocka_unit_test(unknown_pci_functions_are_not_checked),
        cmocka_unit_test(functions_of_one_device_in_two_vms_are_warned_of),
        cmocka_unit_test(dma_without_iommu_needs_unsafe_dma),
        cmocka_unit_test(dma_is_checked_without_a_machine_too),
        cmocka_unit_test(ports_that_the_machine_uses_are_refused),
        cmocka_unit_test(a_console_that_is_not_there_is_refused),
        cmocka_unit_test(a_machine_without_console_is_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
