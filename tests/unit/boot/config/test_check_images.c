/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: tests/unit/boot/config/fixture.c boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/* links: tests/unit/boot/image/image_build.c */
/*
 * A configuration's files: missing, cut, of the wrong format, too large; and config_layout().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/config/fixture.h"
#include "tests/unit/boot/image/image_build.h"

static uint8_t bytes[BUILD_SIZE];

/* The file `path` of the configuration has the first `size` bytes. */
static void give(const char *path, uint64_t size)
{
    for (uint32_t i = 0; i < config.file_count; i++) {
        if (strcmp(config.files[i].path, path) == 0) {
            config.files[i].state = CONFIG_FILE_READ;
            config.files[i].image = (struct image_file){bytes, size, HPA((uintptr_t)bytes)};
            config.files[i].expected = size;
        }
    }
}

static void set_state(enum config_file_state file_state, uint64_t size, uint64_t expected)
{
    config.files[0].state = file_state;
    config.files[0].image = (struct image_file){bytes, size, HPA(0)};
    config.files[0].expected = expected;
}

static void check(void)
{
    config_check(&config, NULL, &report);
}

#define RAMDISK "a { ramdisk { compatible = \"module,ramdisk\"; file = \"r\"; }; };"

static void a_kernel_and_its_ramdisk_pass(void **state)
{
    (void)state;
    parse_with(RAMDISK);
    give("k", build_bzimage(bytes));
    give("r", 4096);
    check();
    assert_no_problems();
    assert_true(config.vms[0].image_valid);
    assert_int_equal(config.vms[0].image.format, IMAGE_BZIMAGE);
}

static void files_that_nobody_read_are_not_judged(void **state)
{
    (void)state;
    parse_with("");
    check();
    assert_no_problems();
    assert_false(config.vms[0].image_valid);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    parse_with("");
    set_state(CONFIG_FILE_MISSING, 0, 0);
    check();
    assert_report(
        "error: /chosen/hypervisor/a/kernel: file = \"k\": is missing; paths are relative "
        "to the configuration's folder",
        NULL);
}

static void a_short_file_is_named(void **state)
{
    (void)state;
    parse_with("");
    set_state(CONFIG_FILE_SHORT, 100, 200);
    check();
    assert_report("error: /chosen/hypervisor/a/kernel: file = \"k\": could be read for 100 bytes "
                  "of 200 only; copy it again",
                  NULL);
}

static void a_file_larger_than_the_machine_is_named(void **state)
{
    (void)state;
    parse_with("");
    set_state(CONFIG_FILE_TOO_LARGE, 0, GIB(3));
    check();
    assert_report("error: /chosen/hypervisor/a/kernel: file = \"k\": of 3 GiB finds no room in the "
                  "machine's memory",
                  NULL);
}

static void an_empty_file_is_named(void **state)
{
    (void)state;
    parse_with("");
    set_state(CONFIG_FILE_READ, 0, 0);
    check();
    assert_report("error: /chosen/hypervisor/a/kernel: file = \"k\": is empty", NULL);
}

static void a_file_of_no_known_format_is_refused_in_the_parsers_words(void **state)
{
    (void)state;
    struct image_error error;
    struct image image;
    memset(bytes, 'x', sizeof(bytes));
    parse_with("");
    give("k", 512);
    check();
    assert_false(image_parse(&config.files[0].image, IMAGE_UNKNOWN, &image, &error));
    char line[CONFIG_LINE_SIZE];
    snprintf(line, sizeof(line), "error: /chosen/hypervisor/a/kernel: file = \"k\": %s",
             error.text);
    assert_report(line, NULL);
}

static void the_protocol_decides_how_a_kernel_is_parsed(void **state)
{
    (void)state;
    parse_with("a { protocol = \"pvh\"; };");
    give("k", build_bzimage(bytes));
    check();
    assert_int_equal(report.errors, 1);
    parse_with("a { protocol = \"linux\"; };");
    give("k", build_bzimage(bytes));
    check();
    assert_no_problems();
}

static void two_ramdisks_of_a_linux_kernel_are_refused(void **state)
{
    (void)state;
    static const char two[] =
        RAMDISK "a { second { compatible = \"module,ramdisk\"; file = \"r\"; bootargs = \"x\"; }; "
                "};";
    parse_with(two);
    give("k", build_bzimage(bytes));
    give("r", 4096);
    check();
    assert_report("error: /chosen/hypervisor/a: has 2 ramdisks, but a Linux kernel takes one; join "
                  "them: cat a b > both",
                  "warning: /chosen/hypervisor/a/second: bootargs: is not seen: a Linux kernel's "
                  "ramdisk has no string; put it at the kernel",
                  NULL);
    parse_with(two);
    give("k", build_pvh(bytes, true));
    give("r", 4096);
    check();
    assert_no_problems();
}

static void a_flat_image_takes_neither_ramdisk_nor_bootargs(void **state)
{
    (void)state;
    memset(bytes, 0x90, sizeof(bytes));
    parse_with("a { protocol = \"flat\"; };");
    give("k", 4096);
    check();
    assert_no_problems();
    parse_with("a { protocol = \"flat\"; kernel { bootargs = \"x\"; }; };" RAMDISK);
    give("k", 4096);
    give("r", 4096);
    check();
    assert_report("error: /chosen/hypervisor/a: has a ramdisk, which a flat image cannot find; "
                  "leave it out",
                  "warning: /chosen/hypervisor/a/kernel: bootargs: is not seen by a flat image; "
                  "leave it out",
                  NULL);
}

static void bootargs_longer_than_the_kernel_takes_are_refused(void **state)
{
    (void)state;
    char changes[256];
    build_bzimage(bytes);
    build_put32(bytes, 0x238, 100); /* cmdline_size */
    snprintf(changes, sizeof(changes), "a { kernel { bootargs = \"%0100d\"; }; };", 0);
    parse_with(changes);
    give("k", BUILD_BZIMAGE_SIZE);
    check();
    assert_no_problems();
    snprintf(changes, sizeof(changes), "a { kernel { bootargs = \"%0101d\"; }; };", 0);
    parse_with(changes);
    give("k", BUILD_BZIMAGE_SIZE);
    check();
    assert_report("error: /chosen/hypervisor/a/kernel: bootargs: has 101 characters; this kernel "
                  "takes 100",
                  NULL);
}

static void images_larger_than_the_vm_are_refused(void **state)
{
    (void)state;
    parse_with("a { memory = \"2M\"; };");
    give("k", build_bzimage(bytes));
    check();
    assert_no_problems();
    parse_with("a { memory = \"2M\"; }; " RAMDISK);
    give("k", build_bzimage(bytes));
    give("r", 4096);
    config.files[1].image.size = GIB(1);
    check();
    assert_report("error: /chosen/hypervisor/a: memory = 2 MiB: is too little for the images; they "
                  "need about 1026 MiB",
                  NULL);
}

/* ---- config_layout() ---- */

static uint8_t blob_space[IMAGE_BLOB_SIZE];
static const struct config_blob blob = {.data = blob_space, .hpa = {PAGE_SIZE}};

static bool lay_out(void)
{
    return config_layout(&config, &machine, 0, &blob, &placed, &placement, &report);
}

static void a_placed_kernel_is_laid_out(void **state)
{
    (void)state;
    machine_with("");
    parse_with(RAMDISK "a { kernel { bootargs = \"quiet\"; }; };");
    give("k", build_bzimage(bytes));
    give("r", 4096);
    config_check(&config, &machine, &report);
    assert_no_problems();
    assert_true(config_place(&config, &machine, &placed, &report));
    assert_true(lay_out());
    assert_int_equal(placed.vms[0].start.mode, VM_START_LONG64);
    assert_true(placed.vms[0].load_count >= 3);
    assert_true(placement.ramdisk.v != 0);
}

static void a_pvh_kernel_gets_all_modules_in_order(void **state)
{
    (void)state;
    machine_with("");
    parse_with(RAMDISK "a { second { compatible = \"module,ramdisk\"; file = \"r\"; bootargs = "
                       "\"second\"; }; };");
    give("k", build_pvh(bytes, true));
    give("r", 4096);
    config_check(&config, &machine, &report);
    assert_true(config_place(&config, &machine, &placed, &report));
    assert_true(lay_out());
    assert_int_equal(placed.vms[0].start.mode, VM_START_PROT32);
}

static void what_does_not_fit_is_reported_for_its_vm(void **state)
{
    (void)state;
    machine_with("");
    parse_with("a { memory = \"2M\"; };");
    build_bzimage(bytes);
    bytes[0x234] = 0; /* relocatable_kernel: wanted at 16 MiB, where there is no RAM */
    give("k", BUILD_BZIMAGE_SIZE);
    config_check(&config, &machine, &report);
    assert_no_problems();
    assert_true(config_place(&config, &machine, &placed, &report));
    assert_false(lay_out());
    assert_int_equal(report.errors, 1);
    assert_string_equal(report.problems[0].node, "/chosen/hypervisor/a");
}

static void a_kernel_that_was_not_read_is_not_laid_out(void **state)
{
    (void)state;
    machine_with("");
    assert_true(place_with(""));
    assert_false(lay_out());
    assert_report("error: /chosen/hypervisor/a: has a kernel that was not read", NULL);
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
        cmocka_unit_test(a_kernel_and_its_ramdisk_pass),
        cmocka_unit_test(files_that_nobody_read_are_not_judged),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_short_file_is_named),
        cmocka_unit_test(a_file_larger_than_the_machine_is_named),
        cmocka_unit_test(an_empty_file_is_named),
        cmocka_unit_test(a_file_of_no_known_format_is_refused_in_the_parsers_words),
        cmocka_unit_test(the_protocol_decides_how_a_kernel_is_parsed),
        cmocka_unit_test(two_ramdisks_of_a_linux_kernel_are_refused),
        cmocka_unit_test(a_flat_image_takes_neither_ramdisk_nor_bootargs),
        cmocka_unit_test(bootargs_longer_than_the_kernel_takes_are_refused),
        cmocka_unit_test(images_larger_than_the_vm_are_refused),
        cmocka_unit_test(a_placed_kernel_is_laid_out),
        cmocka_unit_test(a_pvh_kernel_gets_all_modules_in_order),
        cmocka_unit_test(what_does_not_fit_is_reported_for_its_vm),
        cmocka_unit_test(a_kernel_that_was_not_read_is_not_laid_out),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
