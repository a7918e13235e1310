/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/unit/boot/image/image_build.c */
/* What a Multiboot 1 kernel finds: state, information structure, modules, memory map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/image/image_build.h"

static uint8_t data[BUILD_SIZE];
static uint8_t ramdisk[0x1800];
static uint8_t module_data[0x10];

static int begin(void **state)
{
    build_reset(state);
    build_multiboot(data, false, 3);
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_MULTIBOOT));
    return 0;
}

static void the_state_is_protected_mode_with_magic_and_info(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    request.bootargs = "root=hd0";
    assert_true(build_layout());
    assert_int_equal(plan.start.mode, VM_START_PROT32);
    assert_int_equal(plan.start.rip, 0x100020);
    assert_int_equal(plan.start.rax, 0x2BADB002);
    assert_int_equal(guest_u64(plan.start.gdt_base + plan.start.cs), 0x00CF9B000000FFFF);
    assert_int_equal(guest_u64(plan.start.gdt_base + plan.start.ds), 0x00CF93000000FFFF);
    const uint64_t info = plan.start.rbx;
    assert_int_equal(guest_u32(info), 0x24D); /* memory, command line, modules, mmap, name */
    assert_int_equal(guest_u32(info + 4), 639);
    assert_int_equal(guest_u32(info + 8), 7 * 1024);
    assert_string_equal((const char *)guest_at(guest_u32(info + 16)), "root=hd0");
    assert_string_equal((const char *)guest_at(guest_u32(info + 64)), "Bulkhead");
    assert_int_equal(guest_u32(info + 20), 0);
    assert_int_equal(guest_u32(info + 24), 0);
    assert_int_equal(guest_u32(info + 88), 0); /* nothing of VBE */
}

static void the_memory_map_is_given(void **state)
{
    (void)state;
    build_memory(0, GIB(3));
    build_memory(GIB(4), MIB(512));
    assert_true(build_layout());
    const uint64_t info = plan.start.rbx, map = guest_u32(info + 48);
    assert_int_equal(guest_u32(info + 44), 4 * 24);
    static const struct {
        uint64_t gpa, size;
        uint32_t type;
    } expected[] = {
        {0, 0x9FC00, 1},
        {0x9FC00, 0x60400, 2},
        {MIB(1), GIB(3) - MIB(1), 1},
        {GIB(4), MIB(512), 1},
    };
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_int_equal(guest_u32(map + i * 24), 20);
        assert_int_equal(guest_u64(map + i * 24 + 4), expected[i].gpa);
        assert_int_equal(guest_u64(map + i * 24 + 12), expected[i].size);
        assert_int_equal(guest_u32(map + i * 24 + 20), expected[i].type);
    }
    assert_int_equal(guest_u32(info + 8), 3 * 1024 * 1024 - 1024); /* up to the hole */
}

static void modules_follow_the_kernel_on_page_boundaries(void **state)
{
    (void)state;
    const struct image_module module = {
        {module_data, sizeof(module_data), HPA((uintptr_t)module_data)}, "server --flag"};
    build_memory(0, MIB(8));
    request.ramdisk = (struct image_file){ramdisk, sizeof(ramdisk), HPA((uintptr_t)ramdisk)};
    request.modules = &module;
    request.module_count = 1;
    assert_true(build_layout());
    const uint64_t info = plan.start.rbx, list = guest_u32(info + 24);
    assert_int_equal(guest_u32(info + 20), 2);
    assert_int_equal(guest_u32(list), 0x102000); /* right behind the kernel's memory */
    assert_int_equal(guest_u32(list + 4), 0x102000 + sizeof(ramdisk));
    assert_string_equal((const char *)guest_at(guest_u32(list + 8)), "");
    assert_int_equal(guest_u32(list + 16), 0x104000);
    assert_int_equal(guest_u32(list + 20), 0x104000 + sizeof(module_data));
    assert_string_equal((const char *)guest_at(guest_u32(list + 24)), "server --flag");
    assert_int_equal(placement.ramdisk.v, 0x102000);
}

static void the_longest_strings_fit(void **state)
{
    (void)state;
    static char string[IMAGE_STRING_MAX + 2];
    static struct image_module modules[IMAGE_MODULE_MAX];
    memset(string, 'y', IMAGE_STRING_MAX);
    for (size_t i = 0; i < IMAGE_MODULE_MAX; i++) {
        modules[i] = (struct image_module){{module_data, 16, HPA((uintptr_t)module_data)}, string};
    }
    build_memory(0, MIB(8));
    request.bootargs = string;
    request.ramdisk = (struct image_file){ramdisk, sizeof(ramdisk), HPA((uintptr_t)ramdisk)};
    request.modules = modules;
    request.module_count = IMAGE_MODULE_MAX;
    assert_true(build_layout());
    assert_string_equal((const char *)guest_at(guest_u32(plan.start.rbx + 16)), string);
    assert_string_equal((const char *)guest_at(guest_u32(plan.start.rbx + 64)), "Bulkhead");
}

static void nothing_is_asked_for_above_4_gib(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    build_memory(GIB(4), MIB(8));
    request.ramdisk = (struct image_file){ramdisk, sizeof(ramdisk), HPA((uintptr_t)ramdisk)};
    request.ramdisk_place = IMAGE_RAMDISK_ABOVE_4G;
    assert_not_laid_out("the ramdisk is asked for above 4 GiB, where this kernel cannot take it: "
                        "place it high or low");
}

static void a_module_without_room_below_4_gib_is_refused(void **state)
{
    (void)state;
    build_memory(0, MIB(1) + 0x3000);
    build_memory(GIB(4), MIB(8));
    request.ramdisk = (struct image_file){ramdisk, sizeof(ramdisk), HPA((uintptr_t)ramdisk)};
    assert_not_laid_out("no free RAM from 1 MiB to 0xfffff000 for a ramdisk or module of 8192 "
                        "bytes beside the kernel: give the VM more memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_state_is_protected_mode_with_magic_and_info, begin),
        cmocka_unit_test_setup(the_memory_map_is_given, begin),
        cmocka_unit_test_setup(modules_follow_the_kernel_on_page_boundaries, begin),
        cmocka_unit_test_setup(the_longest_strings_fit, begin),
        cmocka_unit_test_setup(nothing_is_asked_for_above_4_gib, begin),
        cmocka_unit_test_setup(a_module_without_room_below_4_gib_is_refused, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
