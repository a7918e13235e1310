/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/unit/boot/image/image_build.c */
/* What a PVH kernel finds: segments, start info, modules, memory map, protected-mode state. */
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
    build_pvh(data, true);
    memset(data + 0x1000, 0x5A, 0x800);
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_PVH));
    return 0;
}

static void segments_go_to_their_physical_addresses(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    assert_true(build_layout());
    assert_int_equal(placement.kernel.v, MIB(1));
    assert_int_equal(placement.kernel_size, 0x2000);
    assert_int_equal(guest_u32(MIB(1)), 0x5A5A5A5A);
    assert_int_equal(guest_u32(MIB(1) + 0x7FC), 0x5A5A5A5A);
    assert_null(guest_at(MIB(1) + 0x800)); /* the rest of the segment is zeros anyway */
}

static void the_state_is_protected_mode_with_start_info(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    request.bootargs = "hello";
    request.rsdp = GPA(0xE0000);
    assert_true(build_layout());
    assert_int_equal(plan.start.mode, VM_START_PROT32);
    assert_int_equal(plan.start.rip, BUILD_PVH_ENTRY);
    assert_int_equal(plan.start.rax, 0);
    assert_int_equal(plan.start.cr3, 0);
    assert_int_equal(guest_u64(plan.start.gdt_base + plan.start.cs), 0x00CF9B000000FFFF);
    assert_int_equal(guest_u64(plan.start.gdt_base + plan.start.ds), 0x00CF93000000FFFF);
    const uint64_t info = plan.start.rbx;
    assert_int_equal(guest_u32(info), 0x336EC578);
    assert_int_equal(guest_u32(info + 4), 1);  /* version */
    assert_int_equal(guest_u32(info + 8), 0);  /* flags */
    assert_int_equal(guest_u32(info + 12), 0); /* nr_modules */
    assert_int_equal(guest_u64(info + 16), 0); /* modlist_paddr */
    assert_string_equal((const char *)guest_at(guest_u64(info + 24)), "hello");
    assert_int_equal(guest_u64(info + 32), 0xE0000); /* rsdp_paddr */
}

static void the_memory_map_is_given(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    assert_true(build_layout());
    const uint64_t map = guest_u64(plan.start.rbx + 40);
    assert_int_equal(guest_u32(plan.start.rbx + 48), 3);
    assert_int_equal(guest_u64(map), 0);
    assert_int_equal(guest_u64(map + 8), 0x9FC00);
    assert_int_equal(guest_u32(map + 16), 1);
    assert_int_equal(guest_u64(map + 24), 0x9FC00);
    assert_int_equal(guest_u32(map + 24 + 16), 2);
    assert_int_equal(guest_u64(map + 48), MIB(1));
    assert_int_equal(guest_u64(map + 48 + 8), MIB(7));
}

static void ramdisk_and_modules_are_listed(void **state)
{
    (void)state;
    const struct image_module modules[] = {
        {{module_data, sizeof(module_data), HPA((uintptr_t)module_data)}, "second"},
        {{module_data, 0, HPA((uintptr_t)module_data)}, NULL},
    };
    build_memory(0, MIB(8));
    request.ramdisk = (struct image_file){ramdisk, sizeof(ramdisk), HPA((uintptr_t)ramdisk)};
    request.modules = modules;
    request.module_count = 2;
    assert_true(build_layout());
    const uint64_t list = guest_u64(plan.start.rbx + 16);
    assert_int_equal(guest_u32(plan.start.rbx + 12), 3);
    assert_int_equal(guest_u64(list), MIB(8) - 0x2000);
    assert_int_equal(guest_u64(list + 8), sizeof(ramdisk));
    assert_ptr_equal(guest_at(guest_u64(list)), ramdisk);
    assert_string_equal((const char *)guest_at(guest_u64(list + 16)), "");
    assert_int_equal(guest_u64(list + 32), MIB(8) - 0x3000);
    assert_int_equal(guest_u64(list + 32 + 8), sizeof(module_data));
    assert_string_equal((const char *)guest_at(guest_u64(list + 32 + 16)), "second");
    assert_int_equal(guest_u64(list + 64), MIB(8) - 0x4000); /* empty, with a page of its own */
    assert_int_equal(guest_u64(list + 64 + 8), 0);
    assert_null(guest_at(guest_u64(list + 64)));
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
    request.modules = modules;
    request.module_count = IMAGE_MODULE_MAX;
    assert_true(build_layout());
    const uint64_t list = guest_u64(plan.start.rbx + 16);
    assert_string_equal((const char *)guest_at(guest_u64(plan.start.rbx + 24)), string);
    assert_string_equal((const char *)guest_at(guest_u64(list + 7 * 32 + 16)), string);
}

static void a_kernel_outside_ram_is_refused(void **state)
{
    (void)state;
    build_memory(0, MIB(1) + 0x1000);
    assert_not_laid_out("the kernel needs 0x2000 bytes at 0x100000, which the VM's RAM (1028 KiB) "
                        "does not cover: give it more memory");
}

static void a_kernel_in_the_firmware_range_is_refused(void **state)
{
    (void)state;
    parsed.segments[0].gpa = 0x9F000;
    build_memory(0, MIB(8));
    assert_not_laid_out("the kernel needs 0x2000 bytes at 0x9f000, which are taken or reserved "
                        "(0x9fc00-0xfffff)");
}

static void a_kernel_across_two_pieces_is_copied_in_two(void **state)
{
    (void)state;
    parsed.segments[0].gpa = 0x1FFF00; /* two pieces that only the guest sees as one */
    build_memory(0, MIB(2));
    build_memory(MIB(2), MIB(2));
    assert_true(build_layout());
    assert_int_equal(plan.loads[0].gpa.v, 0x1FFF00);
    assert_int_equal(plan.loads[0].size, 0x100);
    assert_int_equal(plan.loads[1].gpa.v, MIB(2));
    assert_int_equal(plan.loads[1].size, 0x700);
    assert_int_equal(plan.loads[1].hpa.v, plan.loads[0].hpa.v + 0x100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(segments_go_to_their_physical_addresses, begin),
        cmocka_unit_test_setup(the_state_is_protected_mode_with_start_info, begin),
        cmocka_unit_test_setup(the_memory_map_is_given, begin),
        cmocka_unit_test_setup(ramdisk_and_modules_are_listed, begin),
        cmocka_unit_test_setup(the_longest_strings_fit, begin),
        cmocka_unit_test_setup(a_kernel_outside_ram_is_refused, begin),
        cmocka_unit_test_setup(a_kernel_in_the_firmware_range_is_refused, begin),
        cmocka_unit_test_setup(a_kernel_across_two_pieces_is_copied_in_two, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
