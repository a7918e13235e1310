/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * The plan's table, line by line; and the examples in config/, which must be without fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/config/internal.h"
#include "tests/unit/boot/config/fixture.h"

static char printed[16384];

static void collect(void *context, const char *line)
{
    (void)context;
    size_t length = strlen(printed);
    snprintf(printed + length, sizeof(printed) - length, "%s\n", line);
}

static void the_plan_is_a_table(void **state)
{
    (void)state;
    machine_with("");
    assert_true(place_with(
        "a { cpus = <2>; unsafe-dma; pci = \"00:03.0\"; memory = \"16M\"; };"
        "second-one { compatible = \"bulkhead,domain\"; cpu-list = <3>; memory = \"8M\"; start = "
        "\"later\"; ports = \"com2\"; msrs = \"IA32_APERF\"; real-time; permissions = \"manage\"; "
        "kernel { compatible = \"module,kernel\"; file = \"k\"; }; r { compatible = "
        "\"module,ramdisk\"; file = \"dir/r\"; }; };"));
    config.files[1].state = CONFIG_FILE_READ;
    config.files[1].image.size = KIB(7) + 600;
    printed[0] = '\0';
    config_print_plan(&placed, &config, &machine, collect, NULL);
    assert_string_equal(
        printed,
        "  VM              CPUs     has          size  at gpa      from hpa    in pages of\n"
        "  a               0-1      memory      1 MiB  0x000000000 0x001000000 4 KiB\n"
        "                           memory     15 MiB  0x000100000 0x000100000 2 MiB\n"
        "                           kernel          ?  k\n"
        "                           pci                00:03.0  0000:0000 class 020000\n"
        "                                              starts at boot, unsafe-dma\n"
        "  second-one      3        memory      8 MiB  0x000000000 0x001200000 2 MiB\n"
        "                           kernel          ?  k\n"
        "                           ramdisk   7.5 KiB  dir/r\n"
        "                           ports              0x02f8-0x02ff\n"
        "                           msrs               0xe8-0xe8 read\n"
        "                                              starts later, real-time, manage\n"
        "VMs have 24 MiB of 1023 MiB free memory; their files take 7.5 KiB more, kept for "
        "restarts\n");
}

static void long_lists_of_cpus_are_cut(void **state)
{
    (void)state;
    machine_with("");
    machine.cpu_count = 64;
    for (uint32_t i = 0; i < 64; i++) {
        machine.cpus[i] = (struct boot_cpu){.apic_id = i, .core = i};
    }
    assert_true(place_with("a { /delete-property/ cpus; cpu-list = <1 3 5 7 9 11 13 15 17 19 21 23 "
                           "25 27 29 31 33 35 37 39 41>; };"));
    printed[0] = '\0';
    config_print_plan(&placed, &config, NULL, collect, NULL);
    assert_non_null(strstr(printed, " 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31... memory"));
}

static void the_largest_page_must_fit_inside_the_piece(void **state)
{
    (void)state;
    static const struct vm_plan vm;
    static const struct vm_plan small = {.flags = VM_FLAG_SMALL_PAGES};
    static const struct {
        struct vm_memory piece;
        uint64_t page;
    } cases[] = {
        {{GPA(0), HPA(GIB(2)), GIB(1)}, PAGE_SIZE_1G},
        {{GPA(0), HPA(MIB(2)), GIB(1)}, PAGE_SIZE_2M},
        {{GPA(MIB(1)), HPA(MIB(1)), MIB(2)}, PAGE_SIZE},
        {{GPA(0), HPA(MIB(1)), MIB(64)}, PAGE_SIZE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(config_largest_page(&vm, &cases[i].piece), cases[i].page);
        assert_int_equal(config_largest_page(&small, &cases[i].piece), PAGE_SIZE);
    }
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s: run the test from the root of the tree", path);
    }
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

static void examples_have_no_fault_and_find_room(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        const char *machine;
    } examples[] = {
        {"config/one-vm.dts", "config/machines/bochs.dts"},
        {"config/two-vms.dts", "config/machines/bochs.dts"},
        {"config/four-vms.dts", "config/machines/bochs.dts"},
        {"config/four-vms.dts", "config/machines/two-nodes.dts"},
        {"config/lab.dts", "config/machines/lab.dts"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        char *description = read_text(examples[i].machine);
        char *source = read_text(examples[i].config);
        struct tree tree = tree_compile(description);
        config_report_init(&report);
        assert_true(config_machine_parse(tree.data, tree.size, &machine, &report));
        assert_no_problems();
        free(tree.data);
        assert_true(parse_source(source));
        config_check(&config, &machine, &report);
        assert_no_problems();
        assert_true(config_place(&config, &machine, &placed, &report));
        assert_no_problems();
        free(description);
        free(source);
    }
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
        cmocka_unit_test(the_plan_is_a_table),
        cmocka_unit_test(long_lists_of_cpus_are_cut),
        cmocka_unit_test(the_largest_page_must_fit_inside_the_piece),
        cmocka_unit_test(examples_have_no_fault_and_find_room),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
