/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/unit/boot/image/image_build.c */
/* The Multiboot 1 header: where it is found, its flags, and its own load addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/image/image_build.h"

#define HEADER    0x20
#define FILE_SIZE 0x2000

static uint8_t data[BUILD_SIZE];

/* A file that is no ELF, with header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr. */
static void addresses(uint32_t header, uint32_t load, uint32_t load_end, uint32_t bss_end,
                      uint32_t entry)
{
    memset(data, 0, sizeof(data));
    build_multiboot_header(data, HEADER, 0x10003);
    build_put32(data, HEADER + 12, header);
    build_put32(data, HEADER + 16, load);
    build_put32(data, HEADER + 20, load_end);
    build_put32(data, HEADER + 24, bss_end);
    build_put32(data, HEADER + 28, entry);
}

static void refused(const char *words)
{
    assert_refused(data, FILE_SIZE, IMAGE_MULTIBOOT, words);
}

static void the_header_is_found_up_to_8192_bytes(void **state)
{
    (void)state;
    static const char none[] = "has no Multiboot 1 header (0x1badb002, flags, right checksum) in "
                               "its first 8192 bytes";
    const struct build_elf elf = {
        true, 0x100020, 1, {{1, 0x2100, 0x100000, 0x100000, 0x800, 0x2000, 0x1000}}};
    memset(data, 0, sizeof(data));
    build_elf(data, &elf);
    build_multiboot_header(data, 8192 - 12, 0);
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_UNKNOWN));
    memset(data + 8192 - 12, 0, 12);
    build_multiboot_header(data, 8192 - 8, 0);
    assert_refused(data, BUILD_SIZE, IMAGE_MULTIBOOT, none);
    memset(data + 8192 - 8, 0, 12);
    build_multiboot_header(data, 0x1002, 0); /* not on a 4-byte boundary */
    assert_refused(data, BUILD_SIZE, IMAGE_MULTIBOOT, none);
}

static void a_header_with_a_wrong_checksum_is_passed_over(void **state)
{
    (void)state;
    build_multiboot(data, true, 0);
    memmove(data + 0x1010, data + 0x1004, 12);
    data[0x1004 + 8] ^= 1;
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_UNKNOWN));
    data[0x1010 + 8] ^= 1;
    assert_false(build_parse(data, BUILD_SIZE, IMAGE_MULTIBOOT));
}

static void demands_that_cannot_be_met_are_refused(void **state)
{
    (void)state;
    build_multiboot(data, true, 7);
    assert_refused(data, BUILD_SIZE, IMAGE_MULTIBOOT,
                   "Multiboot header demands a video mode (flags 0x00000007, bit 2): a VM has no "
                   "display");
    build_multiboot(data, true, 0x8000);
    assert_refused(data, BUILD_SIZE, IMAGE_MULTIBOOT,
                   "Multiboot header demands unknown features (flags 0x00008000): only bits 0, 1 "
                   "and 16 may be set of bits 0-16");
    build_multiboot(data, true, 0x80020003); /* bits from 17 on are wishes */
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_MULTIBOOT));
}

static void load_addresses_in_the_header_are_used(void **state)
{
    (void)state;
    addresses(0x200020, 0x200010, 0x201010, 0x205000, 0x200100);
    assert_true(build_parse(data, FILE_SIZE, IMAGE_UNKNOWN));
    assert_int_equal(parsed.entry, 0x200100);
    assert_int_equal(parsed.segment_count, 1);
    assert_int_equal(parsed.segments[0].gpa, 0x200010);
    assert_int_equal(parsed.segments[0].offset, 0x10);
    assert_int_equal(parsed.segments[0].file_size, 0x1000);
    assert_int_equal(parsed.segments[0].memory_size, 0x4FF0);
}

static void zero_ends_mean_the_whole_file_and_no_bss(void **state)
{
    (void)state;
    addresses(0x200020, 0x200000, 0, 0, 0x200100);
    assert_true(build_parse(data, FILE_SIZE, IMAGE_UNKNOWN));
    assert_int_equal(parsed.segments[0].file_size, FILE_SIZE);
    assert_int_equal(parsed.segments[0].memory_size, FILE_SIZE);
}

static void load_addresses_win_over_elf(void **state)
{
    (void)state;
    build_multiboot(data, true, 0x10003);
    build_put32(data, 0x1004 + 12, 0x300004);
    build_put32(data, 0x1004 + 16, 0x300000);
    build_put32(data, 0x1004 + 28, 0x300020);
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_UNKNOWN));
    assert_int_equal(parsed.entry, 0x300020);
    assert_int_equal(parsed.segments[0].gpa, 0x300000);
}

static void a_load_address_before_the_file_is_refused(void **state)
{
    (void)state;
    addresses(0x200020, 0x1FFFFF, 0, 0, 0x200100);
    refused("Multiboot load_addr 0x1fffff must be from 0 to 0x20 below header_addr 0x200020, the "
            "header's place in the file");
    addresses(0x200020, 0x200021, 0, 0, 0x200100);
    refused("Multiboot load_addr 0x200021 must be from 0 to 0x20 below header_addr 0x200020, the "
            "header's place in the file");
}

static void a_load_end_outside_the_file_is_refused(void **state)
{
    (void)state;
    addresses(0x200020, 0x200000, 0x202001, 0, 0x200100);
    refused("Multiboot load_end_addr 0x202001 does not fit load_addr 0x200000 and a file of 8192 "
            "bytes");
    addresses(0x200020, 0x200000, 0x200000, 0, 0x200100);
    refused("Multiboot load_end_addr 0x200000 does not fit load_addr 0x200000 and a file of 8192 "
            "bytes");
}

static void a_bss_end_inside_the_data_is_refused(void **state)
{
    (void)state;
    addresses(0x200020, 0x200000, 0x201000, 0x200FFF, 0x200100);
    refused("Multiboot bss_end_addr 0x200fff is below the loaded data's end 0x201000");
}

static void an_entry_outside_the_data_is_refused(void **state)
{
    (void)state;
    addresses(0x200020, 0x200000, 0x201000, 0, 0x201000);
    refused("Multiboot entry_addr 0x201000 does not lie in a loaded segment below 4 GiB: the "
            "kernel cannot be entered");
}

static void cut_address_fields_are_refused(void **state)
{
    (void)state;
    addresses(0x200020, 0x200000, 0, 0, 0x200100);
    for (size_t size = HEADER + 12; size < HEADER + 32; size++) {
        assert_refused(data, size, IMAGE_MULTIBOOT, "Multiboot header at 0x20 is cut short");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_found_up_to_8192_bytes),
        cmocka_unit_test(a_header_with_a_wrong_checksum_is_passed_over),
        cmocka_unit_test(demands_that_cannot_be_met_are_refused),
        cmocka_unit_test(load_addresses_in_the_header_are_used),
        cmocka_unit_test(zero_ends_mean_the_whole_file_and_no_bss),
        cmocka_unit_test(load_addresses_win_over_elf),
        cmocka_unit_test(a_load_address_before_the_file_is_refused),
        cmocka_unit_test(a_load_end_outside_the_file_is_refused),
        cmocka_unit_test(a_bss_end_inside_the_data_is_refused),
        cmocka_unit_test(an_entry_outside_the_data_is_refused),
        cmocka_unit_test(cut_address_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
