/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * From bytes to nodes: trees that are no trees, machine node and VMs that are missing, doubled or
 * astray, and the generic rules of reading properties.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "boot/config/config.h"
#include "tests/unit/boot/config/fixture.h"

static const char minimal[] =
    "/dts-v1/;\n"
    "/ { chosen { hypervisor { compatible = \"hypervisor,bulkhead\";\n"
    "  a { compatible = \"bulkhead,domain\"; cpus = <1>; memory = \"2M\";\n"
    "    kernel { compatible = \"module,kernel\"; file = \"k\"; };\n"
    "  }; }; }; };\n";

static bool parse_bytes(const void *data, size_t size)
{
    config_report_init(&report);
    return config_parse(data, size, &config, &report);
}

static void a_minimal_tree_has_the_defaults(void **state)
{
    (void)state;
    assert_true(parse_source(minimal));
    assert_no_problems();
    assert_int_equal(config.console, CONSOLE_BOTH);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.on_last_vm, ON_LAST_VM_POWEROFF);
    assert_int_equal(config.on_panic, ON_PANIC_HALT);
    assert_int_equal(config.vm_count, 1);
    const struct config_vm *vm = &config.vms[0];
    assert_string_equal(vm->plan.name, "a");
    assert_int_equal(vm->plan.flags, VM_FLAG_AUTOSTART);
    assert_int_equal(vm->cpu_count, 1);
    assert_false(vm->cpu_listed);
    assert_int_equal(vm->memory, MIB(2));
    assert_int_equal(vm->plan.restart_max, 3);
    assert_int_equal(vm->plan.on_crash, VM_ON_CRASH_STOP);
    assert_int_equal(vm->plan.on_halt, VM_ON_HALT_STOP);
    assert_int_equal(vm->kernel, 0);
    assert_int_equal(config.file_count, 1);
    assert_string_equal(config.files[0].path, "k");
}

static void garbage_is_no_tree(void **state)
{
    (void)state;
    _Alignas(8) static const uint8_t text[64] = "#!/bin/sh\n";
    assert_false(parse_bytes(text, sizeof(text)));
    assert_report("error: configuration: is no compiled device tree: it begins with 23 21 2f 62, "
                  "not d0 0d fe ed; compile the source: dtc -O dtb -o machine.dtb machine.dts",
                  NULL);
}

static void an_empty_file_is_cut(void **state)
{
    (void)state;
    _Alignas(8) static const uint8_t none[8];
    assert_false(parse_bytes(none, 0));
    assert_report("error: configuration: is cut: 0 bytes are not all of it; compile or copy it "
                  "again",
                  NULL);
}

static void every_cut_of_a_tree_is_refused(void **state)
{
    (void)state;
    struct tree tree = tree_compile(minimal);
    for (size_t size = 0; size < tree.size; size++) {
        void *cut = malloc(size > 0 ? size : 1);
        memcpy(cut, tree.data, size);
        assert_false(parse_bytes(cut, size));
        assert_int_equal(report.errors, 1);
        free(cut);
    }
    assert_true(parse_bytes(tree.data, tree.size));
    free(tree.data);
}

static void every_flipped_bit_is_survived(void **state)
{
    (void)state;
    struct tree tree = tree_compile(minimal);
    uint8_t *bytes = tree.data;
    for (size_t bit = 0; bit < tree.size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (parse_bytes(bytes, tree.size)) {
            config_check(&config, NULL, &report);
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(parse_bytes(bytes, tree.size));
    free(tree.data);
}

static void a_tree_over_1_mib_is_refused(void **state)
{
    (void)state;
    void *large = calloc(1, MIB(1) + 8);
    assert_false(parse_bytes(large, MIB(1) + 8));
    assert_report("error: configuration: has 1048584 bytes, which is more than the 1 MiB allowed",
                  NULL);
    free(large);
}

static void a_tree_at_an_odd_address_is_refused(void **state)
{
    (void)state;
    struct tree tree = tree_compile(minimal);
    uint8_t *odd = malloc(tree.size + 8);
    memcpy(odd + 4, tree.data, tree.size);
    assert_false(parse_bytes(odd + 4, tree.size));
    assert_report("error: configuration: is not at an address that is a multiple of 8", NULL);
    free(odd);
    free(tree.data);
}

static void a_tree_of_another_version_is_refused(void **state)
{
    (void)state;
    struct tree tree = tree_compile(minimal);
    fdt_set_version(tree.data, 99);
    fdt_set_last_comp_version(tree.data, 99);
    assert_false(parse_bytes(tree.data, tree.size));
    assert_report("error: configuration: is of a device tree version other than 17; compile it "
                  "with dtc -V 17",
                  NULL);
    free(tree.data);
}

static void a_damaged_structure_is_refused(void **state)
{
    (void)state;
    struct tree tree = tree_compile(minimal);
    uint8_t *bytes = tree.data;
    memset(bytes + fdt_off_dt_struct(bytes), 0xff, 4);
    assert_false(parse_bytes(bytes, tree.size));
    assert_report("error: configuration: is damaged: libfdt says FDT_ERR_BADSTRUCTURE; compile or "
                  "copy it again",
                  NULL);
    free(tree.data);
}

/* libfdt computes with signed offsets, to which it adds such a length. */
static void a_length_near_the_largest_number_is_refused(void **state)
{
    (void)state;
    struct tree tree = tree_compile(minimal);
    int node = fdt_path_offset(tree.data, "/chosen/hypervisor");
    uint8_t *property = (uint8_t *)tree.data + fdt_off_dt_struct(tree.data) +
                        fdt_first_property_offset(tree.data, node);
    for (uint32_t length = INT32_MAX - 256; length <= INT32_MAX + 256U; length++) {
        fdt32_st(property + 4, length);
        assert_false(parse_bytes(tree.data, tree.size));
        assert_report("error: configuration: is damaged: libfdt says FDT_ERR_BADSTRUCTURE; compile "
                      "or copy it again",
                      NULL);
    }
    free(tree.data);
}

static void a_tree_without_chosen_is_refused(void **state)
{
    (void)state;
    assert_false(parse_source("/dts-v1/; / { };"));
    assert_report("error: /: has no node \"chosen\"; write / { chosen { hypervisor { ... }; }; };",
                  NULL);
}

static void a_tree_without_machine_node_is_refused(void **state)
{
    (void)state;
    assert_false(parse_source("/dts-v1/; / { chosen { hypervisor { compatible = \"xen,xen\"; }; "
                              "}; };"));
    assert_report("error: /chosen: has no node with compatible = \"hypervisor,bulkhead\"; mark the "
                  "node that holds the VMs with it",
                  NULL);
}

static void a_second_machine_node_is_refused(void **state)
{
    (void)state;
    parse_source("/dts-v1/; / { chosen { one { compatible = \"hypervisor,bulkhead\"; }; two { "
                 "compatible = \"hypervisor,bulkhead\"; }; }; };");
    assert_reported("error: /chosen/two: is a second machine node; put all VMs into one");
}

static void a_vm_outside_of_the_machine_node_is_refused(void **state)
{
    (void)state;
    parse_source("/dts-v1/; / { b { compatible = \"bulkhead,domain\"; }; chosen { hypervisor { "
                 "compatible = \"hypervisor,bulkhead\"; a { compatible = \"bulkhead,domain\"; "
                 "cpus = <1>; memory = \"2M\"; k { compatible = \"module,kernel\"; file = \"k\"; "
                 "}; }; }; c { d { compatible = \"xen,domain\"; }; }; }; };");
    assert_report(
        "error: /b: is a VM outside of the machine node; move it into /chosen/hypervisor",
        "error: /chosen/c/d: is a VM outside of the machine node; move it into /chosen/hypervisor",
        NULL);
}

static void nodes_that_are_not_ours_are_left_alone(void **state)
{
    (void)state;
    parse_source(
        "/dts-v1/; / { model = \"x\"; aliases { }; chosen { bootargs = \"x\"; hypervisor { "
        "compatible = \"hypervisor,bulkhead\"; a: a { compatible = \"bulkhead,domain\"; "
        "cpus = <1>; memory = \"2M\"; k { compatible = \"module,kernel\"; file = \"k\"; "
        "}; }; }; other { vm = <&a>; }; }; };");
    assert_no_problems();
}

static void a_machine_without_vm_is_doubted(void **state)
{
    (void)state;
    assert_true(parse_with("/delete-node/ a;"));
    assert_report("warning: /chosen/hypervisor: has no VM; add a node with compatible = "
                  "\"bulkhead,domain\"",
                  NULL);
}

static void the_17th_vm_is_refused(void **state)
{
    (void)state;
    char changes[4096] = "";
    for (int i = 1; i <= 16; i++) {
        char vm[256];
        snprintf(vm, sizeof(vm),
                 "v%d { compatible = \"bulkhead,domain\"; cpus = <1>; memory = \"2M\"; "
                 "k { compatible = \"module,kernel\"; file = \"k\"; }; };",
                 i);
        strcat(changes, vm);
    }
    parse_with(changes);
    assert_report("error: /chosen/hypervisor/v16: is one VM more than the 16 that a machine can "
                  "have",
                  NULL);
    assert_int_equal(config.vm_count, 16);
}

static void the_10th_image_of_a_vm_is_refused(void **state)
{
    (void)state;
    char changes[2048] = "a {";
    for (int i = 1; i <= 9; i++) {
        char node[128];
        snprintf(node, sizeof(node), "r%d { compatible = \"module,ramdisk\"; file = \"r\"; };", i);
        strcat(changes, node);
    }
    strcat(changes, "};");
    parse_with(changes);
    assert_report("error: /chosen/hypervisor/a/r9: is one image more than the 9 that a VM can have",
                  NULL);
}

static void the_49th_file_is_refused(void **state)
{
    (void)state;
    char changes[16384] = "";
    for (int i = 0; i < 6; i++) {
        char node[128];
        snprintf(node, sizeof(node),
                 "v%d { compatible = \"bulkhead,domain\"; cpus = <1>; "
                 "memory = \"2M\"; k { compatible = \"module,kernel\"; file = \"k\"; };",
                 i);
        strcat(changes, node);
        for (int j = 0; j < 8; j++) {
            snprintf(node, sizeof(node),
                     "r%d { compatible = \"module,ramdisk\"; file = \"f%d\"; };", j, i * 8 + j);
            strcat(changes, node);
        }
        strcat(changes, "};");
    }
    parse_with(changes);
    assert_report("error: /chosen/hypervisor/v5/r7: file = \"f47\": is one file more than the 48 "
                  "allowed",
                  NULL);
}

static void a_node_inside_an_image_is_refused(void **state)
{
    (void)state;
    parse_with("a { kernel { ramdisk { }; }; };");
    assert_report("error: /chosen/hypervisor/a/kernel/ramdisk: is a node inside an image, where "
                  "there are none",
                  NULL);
}

static void unknown_properties_are_refused_with_the_nearest_name(void **state)
{
    (void)state;
    parse_with("log_level = \"info\"; a { memroy = \"2M\"; realtime; kernel { bootarg = \"\"; "
               "reg = <0x100000 0x1000>; quite-unknown; }; };");
    assert_report(
        "error: /chosen/hypervisor: log_level = \"info\": is not a property of the machine node; "
        "did you mean \"log-level\"?",
        "error: /chosen/hypervisor/a: memroy = \"2M\": is not a property of a VM; did you mean "
        "\"memory\"?",
        "error: /chosen/hypervisor/a: realtime: is not a property of a VM; did you mean "
        "\"real-time\"?",
        "error: /chosen/hypervisor/a/kernel: bootarg = \"\": is not a property of an image; did "
        "you mean \"bootargs\"?",
        "error: /chosen/hypervisor/a/kernel: reg = <0x100000 4096>: is not a property of an image; "
        "leave it out: the loader chooses addresses",
        "error: /chosen/hypervisor/a/kernel: quite-unknown: is not a property of an image; "
        "bulkhead-check --properties lists those that are",
        NULL);
}

static void missing_properties_are_named_with_an_example(void **state)
{
    (void)state;
    parse_with("b { kernel { }; };");
    assert_report(
        "error: /chosen/hypervisor/b: compatible: is missing; write for example compatible = "
        "\"bulkhead,domain\"",
        "error: /chosen/hypervisor/b: memory: is missing; write for example memory = \"512M\"",
        "error: /chosen/hypervisor/b/kernel: compatible: is missing; write for example compatible "
        "= \"module,kernel\"",
        "error: /chosen/hypervisor/b/kernel: file: is missing; write for example file = "
        "\"vmlinuz\"",
        "error: /chosen/hypervisor/b: cpus: is missing; write for example cpus = <1>, or cpu-list "
        "= <1>",
        NULL);
}

/* dtc refuses a property that is given twice: such a tree is written by hand. */
static void doubled_properties_are_refused(void **state)
{
    (void)state;
    _Alignas(8) static uint8_t tree[2048];
    assert_int_equal(fdt_create(tree, sizeof(tree)), 0);
    fdt_finish_reservemap(tree);
    fdt_begin_node(tree, "");
    fdt_begin_node(tree, "chosen");
    fdt_begin_node(tree, "hypervisor");
    fdt_property_string(tree, "compatible", "hypervisor,bulkhead");
    fdt_property_string(tree, "console", "serial");
    fdt_property_string(tree, "console", "both");
    fdt_begin_node(tree, "a");
    fdt_property_string(tree, "compatible", "bulkhead,domain");
    fdt_property_u32(tree, "cpus", 1);
    fdt_property_string(tree, "memory", "2M");
    fdt_begin_node(tree, "kernel");
    fdt_property_string(tree, "compatible", "module,kernel");
    fdt_property_string(tree, "file", "k");
    for (int i = 0; i < 5; i++) {
        fdt_end_node(tree);
    }
    assert_int_equal(fdt_finish(tree), 0);
    parse_bytes(tree, sizeof(tree));
    assert_report("error: /chosen/hypervisor: console = \"both\": is given twice", NULL);
    assert_int_equal(config.console, CONSOLE_SERIAL);
}

static void lists_have_bounds(void **state)
{
    (void)state;
    parse_with("a { pci = \"0:0.0\", \"0:0.1\", \"0:0.2\", \"0:0.3\", \"0:0.4\", \"0:0.5\", "
               "\"0:0.6\", \"0:0.7\", \"0:1.0\"; };");
    assert_report(
        "error: /chosen/hypervisor/a: pci = \"0:0.0\", \"0:0.1\", \"0:0.2\", "
        "\"0:0.3\", \"0:0.4\", \"0:0.5\", \"0:0.6...: holds 9 strings; pci takes 8 at most",
        NULL);
    parse_with("a { vm-name = \"b\", \"c\"; };");
    assert_report("error: /chosen/hypervisor/a: vm-name = \"b\", \"c\": holds 2 strings; vm-name "
                  "takes 1 at most",
                  NULL);
    parse_with("a { permissions = <1>; };");
    assert_report("error: /chosen/hypervisor/a: permissions = <1>: is not a list of strings; write "
                  "for example permissions = \"manage\"",
                  NULL);
    machine_with("memory@100000 { reg = <0 0x100000 0x1000>; };");
    assert_report("error: /memory@100000: reg = <0 0x100000 4096>: holds 3 numbers; reg takes 4 at "
                  "least",
                  NULL);
}

static void long_node_names_keep_their_end_out(void **state)
{
    (void)state;
    char changes[512];
    char name[200];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    snprintf(changes, sizeof(changes), "a { %s { }; };", name);
    parse_with(changes);
    assert_int_equal(report.errors, 2);
    assert_int_equal(strlen(report.problems[0].node), CONFIG_NODE_SIZE - 1);
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
        cmocka_unit_test(a_minimal_tree_has_the_defaults),
        cmocka_unit_test(garbage_is_no_tree),
        cmocka_unit_test(an_empty_file_is_cut),
        cmocka_unit_test(every_cut_of_a_tree_is_refused),
        cmocka_unit_test(every_flipped_bit_is_survived),
        cmocka_unit_test(a_tree_over_1_mib_is_refused),
        cmocka_unit_test(a_tree_at_an_odd_address_is_refused),
        cmocka_unit_test(a_tree_of_another_version_is_refused),
        cmocka_unit_test(a_damaged_structure_is_refused),
        cmocka_unit_test(a_length_near_the_largest_number_is_refused),
        cmocka_unit_test(a_tree_without_chosen_is_refused),
        cmocka_unit_test(a_tree_without_machine_node_is_refused),
        cmocka_unit_test(a_second_machine_node_is_refused),
        cmocka_unit_test(a_vm_outside_of_the_machine_node_is_refused),
        cmocka_unit_test(nodes_that_are_not_ours_are_left_alone),
        cmocka_unit_test(a_machine_without_vm_is_doubted),
        cmocka_unit_test(the_17th_vm_is_refused),
        cmocka_unit_test(the_10th_image_of_a_vm_is_refused),
        cmocka_unit_test(the_49th_file_is_refused),
        cmocka_unit_test(a_node_inside_an_image_is_refused),
        cmocka_unit_test(unknown_properties_are_refused_with_the_nearest_name),
        cmocka_unit_test(missing_properties_are_named_with_an_example),
        cmocka_unit_test(doubled_properties_are_refused),
        cmocka_unit_test(lists_have_bounds),
        cmocka_unit_test(long_node_names_keep_their_end_out),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
