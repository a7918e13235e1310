/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/unit/boot/image/image_build.c */
/* Linux bzImages: what is accepted, and every way in which a header can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/image/image_build.h"

static uint8_t data[BUILD_SIZE];

static int begin(void **state)
{
    (void)state;
    build_bzimage(data);
    return 0;
}

static void refused(const char *words)
{
    assert_refused(data, BUILD_BZIMAGE_SIZE, IMAGE_BZIMAGE, words);
}

static void a_sound_header_is_read(void **state)
{
    (void)state;
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_UNKNOWN));
    assert_int_equal(parsed.format, IMAGE_BZIMAGE);
    assert_int_equal(parsed.bzimage.protocol, 0x020F);
    assert_int_equal(parsed.bzimage.setup_size, 2048);
    assert_int_equal(parsed.bzimage.payload_size, 4096);
    assert_int_equal(parsed.bzimage.init_size, MIB(1));
    assert_int_equal(parsed.bzimage.pref_address, MIB(16));
    assert_int_equal(parsed.bzimage.kernel_alignment, MIB(2));
    assert_true(parsed.bzimage.relocatable);
    assert_int_equal(parsed.bzimage.cmdline_size, 100);
    assert_int_equal(parsed.bzimage.initrd_addr_max, 0x7FFFFFFF);
    assert_int_equal(parsed.bzimage.header_size, 0x26C - 0x1F1);
    assert_int_equal(image_memory_needed(&parsed), MIB(2));
    assert_int_equal(image_rom_size(&parsed), 0);
}

static void no_setup_sectors_mean_four(void **state)
{
    (void)state;
    data[0x1F1] = 0;
    build_put32(data, 0x1F4, 0x0E0);
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_UNKNOWN));
    assert_int_equal(parsed.bzimage.setup_size, 5 * 512);
    assert_int_equal(parsed.bzimage.payload_size, 0xE00);
}

static void a_signature_behind_the_kernel_is_not_loaded(void **state)
{
    (void)state;
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE + 0x123, IMAGE_UNKNOWN));
    assert_int_equal(parsed.bzimage.payload_size, 4096);
}

static void syssize_may_be_rounded_up_but_no_more(void **state)
{
    (void)state;
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE - 15, IMAGE_UNKNOWN));
    assert_int_equal(parsed.bzimage.payload_size, 4096 - 15);
    assert_refused(data, BUILD_BZIMAGE_SIZE - 16, IMAGE_UNKNOWN,
                   "is 6128 bytes, its header says 6144: the file is cut short");
}

static void init_size_is_at_least_what_is_loaded(void **state)
{
    (void)state;
    build_put32(data, 0x260, 0x800);
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_UNKNOWN));
    assert_int_equal(parsed.bzimage.init_size, 4096);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < BUILD_BZIMAGE_SIZE - 15; size++) {
        assert_false(build_parse(data, size, IMAGE_BZIMAGE));
        assert_non_null(strstr(parse_error.text, "cut short"));
    }
}

static void a_wrong_signature_is_refused(void **state)
{
    (void)state;
    build_put16(data, 0x1FE, 0x1234);
    refused("has no bzImage header: boot flag 0x1234 at 0x1fe, not 0xaa55, or no \"HdrS\" at "
            "0x202: give a bzImage");
    begin(NULL);
    data[0x202] = 'h';
    refused("has no bzImage header: boot flag 0xaa55 at 0x1fe, not 0xaa55, or no \"HdrS\" at "
            "0x202: give a bzImage");
}

static void an_old_protocol_is_refused(void **state)
{
    (void)state;
    build_put16(data, 0x206, 0x0205);
    refused("has boot protocol 2.05, at least 2.06 is needed: take a newer kernel");
}

static void a_kernel_without_64_bit_entry_is_refused(void **state)
{
    (void)state;
    build_put16(data, 0x236, 0x0002);
    refused("declares no 64-bit entry (boot protocol 2.15, XLF_KERNEL_64 needs 2.12): take a "
            "64-bit kernel");
    begin(NULL);
    build_put16(data, 0x206, 0x0206); /* the field did not exist, whatever it says */
    refused("declares no 64-bit entry (boot protocol 2.06, XLF_KERNEL_64 needs 2.12): take a "
            "64-bit kernel");
}

static void a_zimage_is_refused(void **state)
{
    (void)state;
    data[0x211] = 0x80;
    refused("is a zImage that loads at 64 KiB (loadflags 0x80): give a bzImage, which loads at 1 "
            "MiB or above");
}

static void a_header_end_out_of_bounds_is_refused(void **state)
{
    (void)state;
    data[0x201] = 0x61;
    refused("set-up header ends at 0x263, must be from 0x264 to 0x290: the file is damaged");
    data[0x201] = 0x8F;
    refused("set-up header ends at 0x291, must be from 0x264 to 0x290: the file is damaged");
    data[0x201] = 0x8E;
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_BZIMAGE));
}

static void a_kernel_without_room_for_its_entry_is_refused(void **state)
{
    (void)state;
    build_put32(data, 0x1F4, 0x20);
    refused("syssize says a kernel of 512 bytes, more than 512 are needed: the file is damaged");
}

static void the_largest_syssize_does_not_overflow(void **state)
{
    (void)state;
    build_put32(data, 0x1F4, 0xFFFFFFFF);
    refused("is 6144 bytes, its header says 68719478768: the file is cut short");
}

static void an_alignment_that_is_none_is_refused(void **state)
{
    (void)state;
    build_put32(data, 0x230, 0x3000);
    refused("kernel_alignment 0x3000 is not a power of two from 0x1000 on: the file is damaged");
    build_put32(data, 0x230, 0x800);
    refused("kernel_alignment 0x800 is not a power of two from 0x1000 on: the file is damaged");
    build_put32(data, 0x230, 0);
    refused("kernel_alignment 0x0 is not a power of two from 0x1000 on: the file is damaged");
}

static void a_preferred_address_beyond_memory_is_refused(void **state)
{
    (void)state;
    build_put64(data, 0x258, UINT64_MAX - 0xFFF);
    refused("pref_address 0xfffffffffffff000 with init_size 0x100000 lies beyond 2^52: the file "
            "is damaged");
    build_put64(data, 0x258, BIT(52) - MIB(1));
    refused("pref_address 0xffffffff00000 with init_size 0x100000 lies beyond 2^52: the file is "
            "damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_sound_header_is_read, begin),
        cmocka_unit_test_setup(no_setup_sectors_mean_four, begin),
        cmocka_unit_test_setup(a_signature_behind_the_kernel_is_not_loaded, begin),
        cmocka_unit_test_setup(syssize_may_be_rounded_up_but_no_more, begin),
        cmocka_unit_test_setup(init_size_is_at_least_what_is_loaded, begin),
        cmocka_unit_test_setup(every_cut_is_refused, begin),
        cmocka_unit_test_setup(a_wrong_signature_is_refused, begin),
        cmocka_unit_test_setup(an_old_protocol_is_refused, begin),
        cmocka_unit_test_setup(a_kernel_without_64_bit_entry_is_refused, begin),
        cmocka_unit_test_setup(a_zimage_is_refused, begin),
        cmocka_unit_test_setup(a_header_end_out_of_bounds_is_refused, begin),
        cmocka_unit_test_setup(a_kernel_without_room_for_its_entry_is_refused, begin),
        cmocka_unit_test_setup(the_largest_syssize_does_not_overflow, begin),
        cmocka_unit_test_setup(an_alignment_that_is_none_is_refused, begin),
        cmocka_unit_test_setup(a_preferred_address_beyond_memory_is_refused, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
