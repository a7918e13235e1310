/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/unit/boot/image/image_build.c */
/* Flat images: at the end of 4 GiB and below 1 MiB, started by reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/image/image_build.h"

static uint8_t data[0x30010];

static int begin(void **state)
{
    build_reset(state);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i >> 4 ^ i >> 12);
    }
    return 0;
}

static void parse(size_t size)
{
    assert_true(build_parse(data, size, IMAGE_FLAT));
}

static void a_small_image_is_whole_in_both_places(void **state)
{
    (void)state;
    parse(0x10010);
    build_memory(0, MIB(2));
    build_memory(GIB(4) - 0x11000, image_rom_size(&parsed));
    assert_true(build_layout());
    assert_int_equal(plan.start.mode, VM_START_RESET);
    assert_int_equal(plan.start.rip, 0);
    assert_int_equal(plan.start.gdt_limit, 0);
    assert_int_equal(plan.load_count, 2);
    assert_int_equal(placement.kernel.v, GIB(4) - 0x10010);
    assert_memory_equal(guest_at(GIB(4) - 0x10010), data, 0x10010);
    assert_memory_equal(guest_at(MIB(1) - 0x10010), data, 0x10010);
    assert_int_equal(placement.blob_used, 0);
}

static void of_a_large_image_only_the_end_is_low(void **state)
{
    (void)state;
    parse(0x30000);
    build_memory(0, MIB(2));
    build_memory(GIB(4) - 0x30000, 0x30000);
    assert_true(build_layout());
    assert_memory_equal(guest_at(GIB(4) - 0x30000), data, 0x30000);
    assert_memory_equal(guest_at(0xE0000), data + 0x10000, 0x20000);
    assert_null(guest_at(0xDFFFF));
}

static void it_needs_its_own_piece(void **state)
{
    (void)state;
    parse(0x10000);
    build_memory(0, MIB(2));
    assert_not_laid_out("the flat image needs 0x10000 bytes at 0xffff0000, which the VM's RAM "
                        "(2048 KiB) does not cover: give it more memory");
}

static void it_needs_ram_below_1_mib(void **state)
{
    (void)state;
    parse(0x10000);
    build_memory(0, 0xF0000);
    build_memory(GIB(4) - 0x10000, 0x10000);
    assert_not_laid_out("a flat image needs RAM from 0 to 1 MiB for its copy at 0xf0000");
}

static void it_gets_neither_acpi_nor_bootargs(void **state)
{
    (void)state;
    parse(0x10000);
    build_memory(0, MIB(2));
    build_memory(GIB(4) - 0x10000, 0x10000);
    request.bootargs = "unseen";
    request.dsdt = data;
    request.dsdt_size = sizeof(data);
    assert_true(build_layout());
    assert_int_equal(plan.load_count, 2);
    assert_int_equal(plan.flags & VM_FLAG_ACPI, 0);
}

static void it_takes_no_ramdisk(void **state)
{
    (void)state;
    parse(0x10000);
    build_memory(0, MIB(2));
    build_memory(GIB(4) - 0x10000, 0x10000);
    request.ramdisk = (struct image_file){data, 16, HPA(0)};
    assert_not_laid_out("a ramdisk or module is given, but a flat image takes none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_small_image_is_whole_in_both_places, begin),
        cmocka_unit_test_setup(of_a_large_image_only_the_end_is_low, begin),
        cmocka_unit_test_setup(it_needs_its_own_piece, begin),
        cmocka_unit_test_setup(it_needs_ram_below_1_mib, begin),
        cmocka_unit_test_setup(it_gets_neither_acpi_nor_bootargs, begin),
        cmocka_unit_test_setup(it_takes_no_ramdisk, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
