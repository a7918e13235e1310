/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/plan_print.c kernel/printf.c */
/* A VM's plan as text: every property once, in the words of the configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/plan_print.h"

static char text[4096];
static size_t longest;

static void collect(void *context, const char *line)
{
    assert_ptr_equal(context, text);
    longest = MAX(longest, strlen(line));
    strcat(text, line);
    strcat(text, "\n");
}

static const char *printed(const struct vm_plan *plan)
{
    text[0] = '\0';
    longest = 0;
    plan_print(plan, collect, text);
    assert_true(longest < CRASH_LINE_SIZE);
    return text;
}

static void everything_that_was_given_has_its_line(void **state)
{
    static const struct vm_plan plan = {
        .name = "all",
        .flags = VM_FLAG_AUTOSTART | VM_FLAG_REALTIME | VM_FLAG_MANAGE | VM_FLAG_LEGACY |
                 VM_FLAG_UNSAFE_DMA | VM_FLAG_FAULTS | VM_FLAG_ACPI,
        .cpu_count = 2,
        .cpus = {3, 1},
        .memory_count = 1,
        .memory = {{{0x100000}, {0x40000000}, 0x200000}},
        .load_count = 1,
        .loads = {{{0x1000}, {0x5000}, 77}},
        .on_crash = VM_ON_CRASH_RESTART,
        .restart_max = 5,
        .on_halt = VM_ON_HALT_RESTART,
        .port_count = 1,
        .ports = {{0x2f8, 0x2ff}},
        .msr_count = 2,
        .msrs = {{0x34, 0x34, false}, {0xc1, 0xc4, true}},
        .pci_count = 1,
        .pci = {{.bus = 0, .device = 0x1f, .function = 6}},
    };
    (void)state;
    assert_string_equal(printed(&plan), "name = all\n"
                                        "cpus = 3 1\n"
                                        "memory = 2048 KiB at gpa 0x100000 from hpa 0x40000000\n"
                                        "load = 77 bytes at gpa 0x1000\n"
                                        "ports = 0x2f8-0x2ff\n"
                                        "msrs = 0x34-0x34\n"
                                        "msrs-write = 0xc1-0xc4\n"
                                        "pci = 0000:00:1f.6\n"
                                        "real-time\n"
                                        "permissions = manage\n"
                                        "legacy\n"
                                        "unsafe-dma\n"
                                        "faults\n"
                                        "start = boot\n"
                                        "on-crash = restart\n"
                                        "restart-max = 5\n"
                                        "on-halt = restart\n");
}

static void as_many_cpus_as_there_can_be_are_all_named(void **state)
{
    struct vm_plan plan = {.name = "many", .cpu_count = CPU_MAX};
    char number[8];
    (void)state;
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        plan.cpus[i] = CPU_MAX - 1 - i;
    }
    printed(&plan);
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        snprintf(number, sizeof(number), " %u", i);
        assert_non_null(strstr(text, number));
    }
    assert_non_null(strstr(text, "cpus = 63 62 "));
    assert_non_null(strstr(text, " 32\ncpus = 31 "));
    assert_non_null(strstr(text, " 0\nstart = later\non-crash = stop\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_that_was_given_has_its_line),
        cmocka_unit_test(as_many_cpus_as_there_can_be_are_all_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
