/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/image/%.c kernel/printf.c tests/unit/boot/image/image_build.c */
/* links: build/gen/dsdt.c */
/* What holds for every format: requests and their bounds, ACPI's place, the window for BARs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/image/acpi_tables.h"
#include "drivers/guest_platform.h"
#include "tests/unit/boot/image/image_build.h"

static uint8_t data[BUILD_SIZE];
static char string[IMAGE_STRING_MAX + 2];
static const uint32_t apic_ids[CPU_MAX] = {0, 2, 4, 6};

static int begin(void **state)
{
    build_reset(state);
    build_pvh(data, true);
    assert_true(build_parse(data, BUILD_SIZE, IMAGE_PVH));
    memset(string, 'z', IMAGE_STRING_MAX);
    request.cpu_count = 2;
    request.apic_ids = apic_ids;
    return 0;
}

static void with_acpi(void)
{
    request.dsdt = dsdt_aml;
    request.dsdt_size = dsdt_aml_size;
}

static void a_vm_needs_memory(void **state)
{
    (void)state;
    assert_not_laid_out("VM has 0 memory pieces, must have 1 to 8");
}

static void boot_structures_need_low_ram(void **state)
{
    (void)state;
    build_memory(MIB(1), MIB(8));
    assert_not_laid_out("boot structures need 4096 bytes of free RAM from 0x10000 to 0x90000: "
                        "give the VM memory from 0 on");
}

static void strings_are_bounded(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    request.bootargs = string;
    assert_true(build_layout());
    string[IMAGE_STRING_MAX] = 'z';
    assert_not_laid_out("bootargs are longer than 2047 bytes: shorten them");
    const struct image_module module = {{data, 1, HPA(0)}, string};
    request.bootargs = NULL;
    request.modules = &module;
    request.module_count = 1;
    assert_not_laid_out("bootargs of a module are longer than 2047 bytes: shorten them");
    string[IMAGE_STRING_MAX] = 0;
}

static void the_number_of_modules_is_bounded(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    request.module_count = IMAGE_MODULE_MAX + 1;
    assert_not_laid_out("9 modules are given, at most 8 are possible");
}

static void sizes_that_no_memory_has_are_refused(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    request.ramdisk.size = UINT64_MAX;
    assert_not_laid_out("the ramdisk is 18446744073709551615 bytes, more than memory can have");
}

static void the_number_of_copies_is_bounded(void **state)
{
    (void)state;
    static struct image_module modules[IMAGE_MODULE_MAX];
    for (uint32_t i = 0; i < VM_MEMORY_MAX; i++) {
        build_memory(i * MIB(1), MIB(1)); /* as many borders as there can be */
    }
    for (size_t i = 0; i < IMAGE_MODULE_MAX; i++) {
        modules[i].file = (struct image_file){data, 1, HPA((uintptr_t)data)};
    }
    request.modules = modules;
    request.module_count = IMAGE_MODULE_MAX;
    parsed.segment_count = IMAGE_SEGMENT_MAX;
    for (uint64_t i = 0; i < IMAGE_SEGMENT_MAX; i++) { /* 16 and, across borders, 7 more */
        parsed.segments[i] = (struct image_segment){MIB(1) + i * 0x2000, 0x1000, 0x800, 0x2000};
    }
    for (uint64_t i = 0; i < 6; i++) {
        parsed.segments[i].gpa = MIB(i + 2) - 0x400;
    }
    assert_true(build_layout());
    assert_int_equal(plan.load_count, 16 + 6 + 8 + 1);
    with_acpi(); /* two more */
    assert_not_laid_out("more than 32 copies are needed: give fewer modules or memory in fewer "
                        "pieces");
}

static void acpi_tables_are_put_below_1_mib(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    with_acpi();
    assert_true(build_layout());
    assert_int_equal(plan.flags, VM_FLAG_ACPI);
    assert_int_equal(placement.rsdp.v, 0xE0000);
    assert_memory_equal(guest_at(0xE0000), "RSD PTR ", 8);
    assert_int_equal(guest_u64(plan.start.rbx + 32), 0xE0000);
    const uint64_t xsdt = guest_u64(0xE0000 + 24);
    assert_memory_equal(guest_at(xsdt), "XSDT", 4);
    assert_memory_equal(guest_at(guest_u64(xsdt + 36)), "FACP", 4);
}

static void the_bios_entry_resets_the_vm(void **state)
{
    (void)state;
    static const uint8_t code[] = {0xBA, 0x02, 0x06, 0xB0, 0x01, 0xEE, 0xFA, 0xF4, 0xEB, 0xFC};
    build_memory(0, MIB(8));
    with_acpi();
    assert_true(build_layout());
    assert_memory_equal(guest_at(0xFFFF0), code, sizeof(code));
}

static void a_vm_without_acpi_has_neither(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    plan.flags = VM_FLAG_ACPI | VM_FLAG_REALTIME; /* left from an earlier layout */
    assert_true(build_layout());
    assert_int_equal(plan.flags, VM_FLAG_REALTIME);
    assert_int_equal(placement.rsdp.v, 0);
    assert_null(guest_at(0xE0000));
    assert_null(guest_at(0xFFFF0));
}

static void acpi_needs_ram_below_1_mib(void **state)
{
    (void)state;
    build_memory(0, 0xA0000);
    build_memory(MIB(1), MIB(8));
    with_acpi();
    assert_not_laid_out("boot structures need 4096 bytes at 0xe0000, where the VM has no RAM");
    build_memory(0xE0000, 0x1F000);
    assert_not_laid_out("a VM with ACPI tables needs RAM from 0xe0000 to 0xfffff");
    plan.memory[2].size = 0x20000;
    assert_true(build_layout());
}

static void a_dsdt_that_is_too_large_is_refused(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    with_acpi();
    request.dsdt_size = 0x1F000;
    assert_not_laid_out("ACPI tables have 128008 bytes, at most 126960 fit below 1 MiB");
}

/* The DSDT's Name (WMIN, ...) as the guest finds it. */
static uint32_t pci_window(void)
{
    const uint64_t fadt = guest_u64(guest_u64(0xE0000 + 24) + 36);
    const uint64_t dsdt = guest_u64(fadt + 140);
    const uint8_t *at = guest_at(dsdt);
    for (size_t i = 0; i + 10 < dsdt_aml_size; i++) {
        if (memcmp(at + i, "WMIN\x0C", 5) == 0) {
            return guest_u32(dsdt + i + 5);
        }
    }
    fail_msg("no WMIN");
    return 0;
}

static void the_window_for_bars_begins_behind_ram(void **state)
{
    (void)state;
    with_acpi();
    build_memory(0, MIB(8) + 0x1000);
    assert_true(build_layout());
    assert_int_equal(pci_window(), MIB(9));
    build_memory(GIB(4), MIB(8)); /* does not count */
    assert_true(build_layout());
    assert_int_equal(pci_window(), MIB(9));
    build_memory(0x70000000, MIB(256)); /* a 1:1 VM's */
    assert_true(build_layout());
    assert_int_equal(pci_window(), 0x80000000);
}

static void the_same_request_gives_the_same_plan(void **state)
{
    (void)state;
    build_memory(0, MIB(8));
    with_acpi();
    assert_true(build_layout());
    const struct vm_plan first = plan;
    assert_true(build_layout());
    assert_memory_equal(&first, &plan, sizeof(plan));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_vm_needs_memory, begin),
        cmocka_unit_test_setup(boot_structures_need_low_ram, begin),
        cmocka_unit_test_setup(strings_are_bounded, begin),
        cmocka_unit_test_setup(the_number_of_modules_is_bounded, begin),
        cmocka_unit_test_setup(sizes_that_no_memory_has_are_refused, begin),
        cmocka_unit_test_setup(the_number_of_copies_is_bounded, begin),
        cmocka_unit_test_setup(acpi_tables_are_put_below_1_mib, begin),
        cmocka_unit_test_setup(the_bios_entry_resets_the_vm, begin),
        cmocka_unit_test_setup(a_vm_without_acpi_has_neither, begin),
        cmocka_unit_test_setup(acpi_needs_ram_below_1_mib, begin),
        cmocka_unit_test_setup(a_dsdt_that_is_too_large_is_refused, begin),
        cmocka_unit_test_setup(the_window_for_bars_begins_behind_ram, begin),
        cmocka_unit_test_setup(the_same_request_gives_the_same_plan, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
