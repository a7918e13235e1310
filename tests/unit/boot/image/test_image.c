/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/unit/boot/image/image_build.c */
/* Which format a file has, what is said of files that are no kernel, and the flat format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/image/image_build.h"

static uint8_t data[BUILD_SIZE];

static enum image_format detect(size_t size)
{
    const struct image_file file = {data, size, HPA(0)};
    return image_detect(&file);
}

static void each_format_is_told_by_its_signature(void **state)
{
    (void)state;
    assert_int_equal(detect(build_bzimage(data)), IMAGE_BZIMAGE);
    assert_int_equal(detect(build_pvh(data, true)), IMAGE_PVH);
    assert_int_equal(detect(build_pvh(data, false)), IMAGE_PVH);
    assert_int_equal(detect(build_multiboot(data, true, 3)), IMAGE_MULTIBOOT);
    assert_int_equal(detect(build_multiboot(data, false, 3)), IMAGE_MULTIBOOT);
    memset(data, 0x90, sizeof(data));
    assert_int_equal(detect(sizeof(data)), IMAGE_UNKNOWN);
}

static void a_pvh_note_wins_over_a_multiboot_header(void **state)
{
    (void)state;
    build_pvh(data, true);
    build_multiboot_header(data, 0x1004, 0);
    assert_int_equal(detect(BUILD_SIZE), IMAGE_PVH);
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_UNKNOWN));
    assert_int_equal(parsed.entry, BUILD_PVH_ENTRY);
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_MULTIBOOT)); /* when it is asked for */
    assert_int_equal(parsed.format, IMAGE_MULTIBOOT);
}

static void a_multiboot_header_without_load_addresses_does_not_count(void **state)
{
    (void)state;
    memset(data, 0, sizeof(data));
    build_multiboot_header(data, 0x100, 3);
    assert_int_equal(detect(BUILD_SIZE), IMAGE_UNKNOWN);
    build_multiboot_header(data, 0x100, 0x10003);
    assert_int_equal(detect(BUILD_SIZE), IMAGE_MULTIBOOT);
}

static void formats_have_names(void **state)
{
    (void)state;
    assert_string_equal(image_format_name(IMAGE_BZIMAGE), "bzImage");
    assert_string_equal(image_format_name(IMAGE_PVH), "PVH");
    assert_string_equal(image_format_name(IMAGE_MULTIBOOT), "Multiboot");
    assert_string_equal(image_format_name(IMAGE_FLAT), "flat");
    assert_string_equal(image_format_name(IMAGE_UNKNOWN), "unknown");
    assert_string_equal(image_format_name((enum image_format)77), "unknown");
}

static void strangers_are_named_with_a_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *words;
    } cases[] = {
        {"", 0, "is empty (0 bytes)"},
        {"\x1F\x8B\x08\x00", 4, "is compressed with gzip: unpack it first (gunzip)"},
        {"\xFD"
         "7zXZ\0",
         6, "is compressed with xz: unpack it first (unxz)"},
        {"\x28\xB5\x2F\xFD", 4, "is compressed with zstd: unpack it first (unzstd)"},
        {"070701", 6, "is a cpio archive: a ramdisk, not a kernel"},
        {"\xD0\x0D\xFE\xED", 4, "is a device tree, not a kernel"},
        {"MZ", 2, "is an EFI application: a VM has no UEFI firmware to start it"},
        {"\177ELF", 4,
         "ELF has neither a PVH note nor a Multiboot 1 header in its first 8192 bytes: build the "
         "kernel with one of them"},
        {"#!/bin", 6,
         "begins with byte 0x23: not a bzImage, PVH ELF or Multiboot 1 kernel; a flat image must "
         "be asked for by its protocol"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_refused((const uint8_t *)cases[i].bytes, cases[i].size, IMAGE_UNKNOWN,
                       cases[i].words);
    }
}

static void a_format_out_of_range_is_refused(void **state)
{
    (void)state;
    build_bzimage(data);
    assert_false(build_parse(data, BUILD_BZIMAGE_SIZE, (enum image_format)77));
}

static void a_flat_image_may_hold_anything(void **state)
{
    (void)state;
    memset(data, 0xFF, sizeof(data));
    assert_true(build_parse(data, 16, IMAGE_FLAT));
    assert_int_equal(parsed.format, IMAGE_FLAT);
    assert_int_equal(image_rom_size(&parsed), 0x1000);
    assert_true(build_parse(data, 0x1001, IMAGE_FLAT));
    assert_int_equal(image_rom_size(&parsed), 0x2000);
    assert_int_equal(image_memory_needed(&parsed), MIB(1));
}

static void a_flat_image_without_a_whole_reset_vector_is_refused(void **state)
{
    (void)state;
    assert_refused(data, 15, IMAGE_FLAT,
                   "is 15 bytes, a flat image has at least 16: its last 16 are the reset vector");
}

static void a_flat_image_is_bounded(void **state)
{
    (void)state;
    struct image_file file = {data, IMAGE_FLAT_MAX, HPA(0)}; /* its bytes are not read */
    assert_true(image_parse(&file, IMAGE_FLAT, &parsed, &parse_error));
    assert_int_equal(image_rom_size(&parsed), MIB(16));
    file.size++;
    assert_false(image_parse(&file, IMAGE_FLAT, &parsed, &parse_error));
    assert_string_equal(parse_error.text, "is 16777217 bytes, a flat image has at most 16777216: "
                                          "above are the local APIC and IOAPIC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_format_is_told_by_its_signature),
        cmocka_unit_test(a_pvh_note_wins_over_a_multiboot_header),
        cmocka_unit_test(a_multiboot_header_without_load_addresses_does_not_count),
        cmocka_unit_test(formats_have_names),
        cmocka_unit_test(strangers_are_named_with_a_remedy),
        cmocka_unit_test(a_format_out_of_range_is_refused),
        cmocka_unit_test(a_flat_image_may_hold_anything),
        cmocka_unit_test(a_flat_image_without_a_whole_reset_vector_is_refused),
        cmocka_unit_test(a_flat_image_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
