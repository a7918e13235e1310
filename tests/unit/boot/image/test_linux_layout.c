/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/unit/boot/image/image_build.c */
/* What a Linux kernel finds when it is entered: addresses, zero page, page tables, GDT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/boot/image/image_build.h"

static uint8_t data[BUILD_SIZE];
static uint8_t ramdisk[0x2345];

static int begin(void **state)
{
    build_reset(state);
    build_bzimage(data);
    return 0;
}

static bool parse_and_layout(void)
{
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_BZIMAGE));
    return build_layout();
}

/* The physical address that the guest's own page tables give for va; UINT64_MAX: not mapped. */
static uint64_t walk(uint64_t va)
{
    uint64_t table = plan.start.cr3;
    for (unsigned shift = 39; shift >= 21; shift -= 9) {
        const uint64_t entry = guest_u64(table + (va >> shift & 0x1FF) * 8);
        if ((entry & 3) != 3) {
            return UINT64_MAX;
        }
        if (shift == 21) {
            return (entry & 0x80) ? (entry & ~MASK(20, 0)) + (va & MASK(20, 0)) : UINT64_MAX;
        }
        table = entry & ~UINT64_C(0xFFF);
    }
    return UINT64_MAX;
}

static void the_kernel_goes_to_its_preferred_address(void **state)
{
    (void)state;
    build_memory(0, MIB(64));
    assert_true(parse_and_layout());
    assert_int_equal(placement.kernel.v, MIB(16));
    assert_int_equal(placement.kernel_size, MIB(1));
    assert_int_equal(plan.start.mode, VM_START_LONG64);
    assert_int_equal(plan.start.rip, MIB(16) + 0x200);
    assert_int_equal(guest_u32(MIB(16)), 0xA5A5A5A5); /* the payload, not the set-up code */
    assert_int_equal(guest_u32(MIB(16) + 0xFFC), 0xA5A5A5A5);
    assert_null(guest_at(MIB(16) + 0x1000));
}

static void the_zero_page_is_filled(void **state)
{
    (void)state;
    build_memory(0, MIB(64));
    request.bootargs = "console=ttyS0 quiet";
    request.ramdisk = (struct image_file){ramdisk, sizeof(ramdisk), HPA((uintptr_t)ramdisk)};
    request.rsdp = GPA(0xF1234);
    assert_true(parse_and_layout());
    const uint64_t zero_page = plan.start.rsi;
    assert_true(is_aligned(zero_page, PAGE_SIZE));
    assert_memory_equal(guest_at(zero_page + 0x211), data + 0x211, 3); /* copied header */
    assert_memory_equal(guest_at(zero_page + 0x22C), data + 0x22C, 0x26C - 0x22C);
    assert_int_equal(guest_u64(zero_page + 0x26C), 0);       /* and no more than the header */
    assert_int_equal(*guest_at(zero_page + 0x1EF), 0);       /* sentinel */
    assert_int_equal(*guest_at(zero_page + 0x210), 0xFF);    /* type_of_loader */
    assert_int_equal(guest_u16(zero_page + 0x1FA), 0xFFFF);  /* vid_mode */
    assert_int_equal(guest_u32(zero_page + 0x214), MIB(16)); /* code32_start */
    assert_int_equal(guest_u64(zero_page + 0x070), 0xF1234); /* acpi_rsdp_addr */
    assert_int_equal(guest_u32(zero_page + 0x218), placement.ramdisk.v);
    assert_int_equal(guest_u32(zero_page + 0x21C), sizeof(ramdisk));
    assert_int_equal(guest_u32(zero_page + 0x0C0), 0);
    assert_int_equal(guest_u32(zero_page + 0x0C4), 0);
    const uint32_t cmdline = guest_u32(zero_page + 0x228);
    assert_string_equal((const char *)guest_at(cmdline), "console=ttyS0 quiet");
    assert_int_equal(placement.ramdisk.v, MIB(64) - 0x3000); /* as high as possible */
}

static void a_kernel_without_options_gets_empty_ones(void **state)
{
    (void)state;
    build_memory(0, MIB(64));
    assert_true(parse_and_layout());
    const uint64_t zero_page = plan.start.rsi;
    assert_int_equal(*guest_at(guest_u32(zero_page + 0x228)), 0);
    assert_int_equal(guest_u64(zero_page + 0x218), 0);
    assert_int_equal(guest_u64(zero_page + 0x070), 0);
    assert_int_equal(placement.blob_used, 8 * PAGE_SIZE);
    assert_int_equal(plan.load_count, 2);
}

static void e820_has_ram_and_the_pc_hole(void **state)
{
    (void)state;
    build_memory(0, GIB(3));
    build_memory(GIB(4), GIB(1));
    assert_true(parse_and_layout());
    static const struct {
        uint64_t gpa, size;
        uint32_t type;
    } expected[] = {
        {0, 0x9FC00, 1},
        {0x9FC00, 0x60400, 2},
        {0x100000, 0xBFF00000, 1},
        {0x100000000, 0x40000000, 1},
    };
    const uint64_t zero_page = plan.start.rsi;
    assert_int_equal(*guest_at(zero_page + 0x1E8), ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        const uint64_t entry = zero_page + 0x2D0 + i * 20;
        assert_int_equal(guest_u64(entry), expected[i].gpa);
        assert_int_equal(guest_u64(entry + 8), expected[i].size);
        assert_int_equal(guest_u32(entry + 16), expected[i].type);
    }
}

static void the_first_4_gib_are_identity_mapped(void **state)
{
    (void)state;
    build_memory(0, MIB(64));
    assert_true(parse_and_layout());
    for (uint64_t va = 0; va < GIB(4); va += MIB(2)) {
        assert_int_equal(walk(va + 0x1234), va + 0x1234);
    }
    assert_int_equal(walk(GIB(4)), UINT64_MAX);
}

static void the_gdt_has_linux_selectors(void **state)
{
    (void)state;
    build_memory(0, MIB(64));
    assert_true(parse_and_layout());
    assert_int_equal(plan.start.cs, 0x10);
    assert_int_equal(plan.start.ds, 0x18);
    assert_int_equal(plan.start.gdt_limit, 31);
    assert_int_equal(guest_u64(plan.start.gdt_base), 0);
    assert_int_equal(guest_u64(plan.start.gdt_base + 0x10), 0x00AF9B000000FFFF);
    assert_int_equal(guest_u64(plan.start.gdt_base + 0x18), 0x00CF93000000FFFF);
}

static void a_kernel_moves_up_when_its_address_is_no_ram(void **state)
{
    (void)state;
    build_memory(0, MIB(1)); /* a 1:1 VM: a low piece and RAM somewhere */
    build_memory(0x12345000, MIB(16));
    assert_true(parse_and_layout());
    assert_int_equal(placement.kernel.v, 0x12400000); /* by kernel_alignment */
}

static void a_kernel_never_lies_below_its_preferred_address(void **state)
{
    (void)state;
    build_memory(0, MIB(16)); /* it would move itself to 16 MiB, where there is nothing */
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_BZIMAGE));
    assert_not_laid_out("the kernel needs 1024 KiB of RAM in one piece at 0x1000000 or above: "
                        "give the VM more memory");
}

static void init_size_must_fit_not_only_the_file(void **state)
{
    (void)state;
    build_put32(data, 0x260, MIB(48) + 1);
    build_memory(0, MIB(64));
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_BZIMAGE));
    assert_not_laid_out("the kernel needs 49153 KiB of RAM in one piece at 0x1000000 or above: "
                        "give the VM more memory");
    build_put32(data, 0x260, MIB(48));
    assert_true(parse_and_layout());
}

static void a_kernel_that_is_not_relocatable_stays(void **state)
{
    (void)state;
    data[0x234] = 0;
    build_memory(0, MIB(1));
    build_memory(MIB(32), MIB(32));
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_BZIMAGE));
    assert_not_laid_out("the kernel needs 1024 KiB of RAM in one piece at 0x1000000 (it is not "
                        "relocatable): give the VM more memory");
}

static void a_kernel_above_4_gib_is_mapped(void **state)
{
    (void)state;
    const uint64_t base = GIB(1024) - MIB(4); /* across two entries of the PML4 */
    build_put32(data, 0x260, MIB(16));
    build_memory(0, MIB(1));
    build_memory(base, MIB(64));
    assert_true(parse_and_layout());
    assert_int_equal(placement.kernel.v, base);
    for (uint64_t va = base; va < base + MIB(16); va += MIB(2)) {
        assert_int_equal(walk(va + 0x1234), va + 0x1234);
    }
    assert_int_equal(walk(0x1234), 0x1234);
    assert_int_equal(walk(GIB(256)), UINT64_MAX);
    assert_int_equal(guest_u64(plan.start.gdt_base), 0); /* no table grew into it */
    assert_int_equal(placement.blob_used, 12 * PAGE_SIZE);
}

static void a_kernel_that_cannot_be_above_4_gib_is_not(void **state)
{
    (void)state;
    build_put16(data, 0x236, 0x0001);
    build_memory(0, MIB(1));
    build_memory(GIB(4), MIB(64));
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_BZIMAGE));
    assert_not_laid_out("the kernel needs 1024 KiB of RAM in one piece at 0x1000000 or above: "
                        "give the VM more memory");
}

static void bootargs_are_bounded_by_the_kernel(void **state)
{
    (void)state;
    char args[102];
    memset(args, 'x', sizeof(args));
    args[101] = 0;
    request.bootargs = args;
    build_memory(0, MIB(64));
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_BZIMAGE));
    assert_not_laid_out("bootargs have 101 bytes, this kernel takes at most 100");
    args[100] = 0;
    assert_true(build_layout());
}

static void modules_are_refused(void **state)
{
    (void)state;
    const struct image_module module = {{ramdisk, 1, HPA(0)}, NULL};
    request.modules = &module;
    request.module_count = 1;
    build_memory(0, MIB(64));
    assert_true(build_parse(data, BUILD_BZIMAGE_SIZE, IMAGE_BZIMAGE));
    assert_not_laid_out("1 modules are given, but a Linux bzImage takes a ramdisk only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_kernel_goes_to_its_preferred_address, begin),
        cmocka_unit_test_setup(the_zero_page_is_filled, begin),
        cmocka_unit_test_setup(a_kernel_without_options_gets_empty_ones, begin),
        cmocka_unit_test_setup(e820_has_ram_and_the_pc_hole, begin),
        cmocka_unit_test_setup(the_first_4_gib_are_identity_mapped, begin),
        cmocka_unit_test_setup(the_gdt_has_linux_selectors, begin),
        cmocka_unit_test_setup(a_kernel_moves_up_when_its_address_is_no_ram, begin),
        cmocka_unit_test_setup(a_kernel_never_lies_below_its_preferred_address, begin),
        cmocka_unit_test_setup(init_size_must_fit_not_only_the_file, begin),
        cmocka_unit_test_setup(a_kernel_that_is_not_relocatable_stays, begin),
        cmocka_unit_test_setup(a_kernel_above_4_gib_is_mapped, begin),
        cmocka_unit_test_setup(a_kernel_that_cannot_be_above_4_gib_is_not, begin),
        cmocka_unit_test_setup(bootargs_are_bounded_by_the_kernel, begin),
        cmocka_unit_test_setup(modules_are_refused, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
