/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/unit/boot/image/image_build.c */
/* Where a ramdisk goes: high, low, above 4 GiB, at an address; and what stands against it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/image/image_build.h"

static uint8_t data[BUILD_SIZE];
static uint8_t ramdisk[0x2800];

/* Linux at 16-17 MiB, 64 MiB of RAM, a ramdisk of three pages. */
static int begin(void **state)
{
    build_reset(state);
    build_bzimage(data);
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_BZIMAGE));
    request.ramdisk = (struct image_file){ramdisk, sizeof(ramdisk), HPA((uintptr_t)ramdisk)};
    build_memory(0, MIB(64));
    return 0;
}

static void high_is_as_high_as_ram_goes(void **state)
{
    (void)state;
    assert_true(build_layout());
    assert_int_equal(placement.ramdisk.v, MIB(64) - 0x3000);
    assert_ptr_equal(guest_at(placement.ramdisk.v + 0x1000), ramdisk + 0x1000);
    request.ramdisk_place = IMAGE_RAMDISK_HIGH;
    assert_true(build_layout());
    assert_int_equal(placement.ramdisk.v, MIB(64) - 0x3000);
}

static void high_keeps_the_kernels_bound(void **state)
{
    (void)state;
    parsed.bzimage.initrd_addr_max = 0x2FFFFFF;
    assert_true(build_layout());
    assert_int_equal(placement.ramdisk.v, 0x3000000 - 0x3000);
}

static void high_goes_above_4_gib_when_nothing_else_is_left(void **state)
{
    (void)state;
    parsed.bzimage.initrd_addr_max = MIB(1) + 0x1FFF;
    build_memory(GIB(4), MIB(8));
    assert_true(build_layout());
    assert_int_equal(placement.ramdisk.v, GIB(4));
    const uint64_t zero_page = plan.start.rsi;
    assert_int_equal(guest_u32(zero_page + 0x218), 0);
    assert_int_equal(guest_u32(zero_page + 0x0C0), 1);
    parsed.bzimage.xloadflags = 1; /* a kernel that cannot have that */
    assert_not_laid_out("no free RAM from 1 MiB to 0x102000 for a ramdisk or module of 12288 "
                        "bytes beside the kernel: give the VM more memory");
}

static void low_is_right_behind_the_kernel(void **state)
{
    (void)state;
    request.ramdisk_place = IMAGE_RAMDISK_LOW;
    assert_true(build_layout());
    assert_int_equal(placement.ramdisk.v, MIB(17));
}

static void low_takes_room_before_the_kernel_too(void **state)
{
    (void)state;
    request.ramdisk_place = IMAGE_RAMDISK_LOW;
    plan.memory[0].size = MIB(17);
    assert_true(build_layout());
    assert_int_equal(placement.ramdisk.v, MIB(1));
}

static void above_4_gib_is_as_low_as_possible_there(void **state)
{
    (void)state;
    request.ramdisk_place = IMAGE_RAMDISK_ABOVE_4G;
    assert_not_laid_out("the ramdisk's 12288 bytes do not fit above 4 GiB: give the VM more "
                        "memory or place it high or low");
    build_memory(GIB(5), MIB(8));
    assert_true(build_layout());
    assert_int_equal(placement.ramdisk.v, GIB(5));
    parsed.bzimage.xloadflags = 1;
    assert_not_laid_out("the ramdisk is asked for above 4 GiB, where this kernel cannot take it: "
                        "place it high or low");
}

static void an_address_is_taken_as_it_is(void **state)
{
    (void)state;
    request.ramdisk_place = IMAGE_RAMDISK_AT;
    request.ramdisk_gpa = GPA(0x2345000);
    assert_true(build_layout());
    assert_int_equal(placement.ramdisk.v, 0x2345000);
}

static void an_address_must_be_a_page_and_within_the_bound(void **state)
{
    (void)state;
    request.ramdisk_place = IMAGE_RAMDISK_AT;
    request.ramdisk_gpa = GPA(0x2345800);
    assert_not_laid_out("the ramdisk is asked for at 0x2345800: must be a multiple of 0x1000");
    parsed.bzimage.xloadflags = 1;
    request.ramdisk_gpa = GPA(0x7FFFE000);
    assert_not_laid_out("the ramdisk is asked for at 0x7fffe000, but must end at 0x80000000 or "
                        "below for this kernel");
    request.ramdisk_gpa = GPA(0xFFFFFFFFFFFFF000);
    assert_not_laid_out("the ramdisk is asked for at 0xfffffffffffff000, but must end at "
                        "0x80000000 or below for this kernel");
}

static void an_address_must_be_free_ram(void **state)
{
    (void)state;
    request.ramdisk_place = IMAGE_RAMDISK_AT;
    request.ramdisk_gpa = GPA(MIB(17) - 0x1000);
    assert_not_laid_out("the ramdisk or a module needs 0x3000 bytes at 0x10ff000, which are taken "
                        "or reserved (0x9fc00-0xfffff)");
    request.ramdisk_gpa = GPA(MIB(64) - 0x2000);
    assert_not_laid_out("the ramdisk or a module needs 0x3000 bytes at 0x3ffe000, which the VM's "
                        "RAM (65536 KiB) does not cover: give it more memory");
}

static void a_ramdisk_larger_than_ram_is_refused(void **state)
{
    (void)state;
    request.ramdisk.size = MIB(47) + 1; /* its bytes are not read */
    assert_not_laid_out("no free RAM from 1 MiB to 0x80000000 for a ramdisk or module of 49287168 "
                        "bytes beside the kernel: give the VM more memory");
    request.ramdisk.size = MIB(47);
    assert_true(build_layout());
    assert_int_equal(placement.ramdisk.v, MIB(17));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(high_is_as_high_as_ram_goes, begin),
        cmocka_unit_test_setup(high_keeps_the_kernels_bound, begin),
        cmocka_unit_test_setup(high_goes_above_4_gib_when_nothing_else_is_left, begin),
        cmocka_unit_test_setup(low_is_right_behind_the_kernel, begin),
        cmocka_unit_test_setup(low_takes_room_before_the_kernel_too, begin),
        cmocka_unit_test_setup(above_4_gib_is_as_low_as_possible_there, begin),
        cmocka_unit_test_setup(an_address_is_taken_as_it_is, begin),
        cmocka_unit_test_setup(an_address_must_be_a_page_and_within_the_bound, begin),
        cmocka_unit_test_setup(an_address_must_be_free_ram, begin),
        cmocka_unit_test_setup(a_ramdisk_larger_than_ram_is_refused, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
