/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/platform.c drivers/pci.c tests/unit/fake_io.c tests/unit/drivers/fake_pci.c */
/* What the chipset tells where ACPI tells nothing; and that ACPI's facts are not touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/platform.h"
#include "tests/unit/drivers/fake_pci.h"
#include "tests/unit/fake_io.h"

static struct boot_platform platform;
static struct fake_pci_function *pm;

static uint32_t port_read(uint16_t port, unsigned size)
{
    uint32_t value;
    assert_true(fake_pci_port_read(port, size, &value)); /* nothing else is touched */
    return value;
}

static void port_write(uint16_t port, unsigned size, uint32_t value)
{
    assert_true(fake_pci_port_write(port, size, value));
}

static int begin(void **state)
{
    (void)state;
    fake_pci_begin();
    fake_io = (struct fake_io){.port_read = port_read, .port_write = port_write};
    memset(&platform, 0, sizeof(platform));
    return 0;
}

static int begin_piix4(void **state)
{
    begin(state);
    fake_pci_add(0, 0, 0, 0x12378086, 0x0600, 0);
    fake_pci_add(0, 1, 0, 0x70008086, 0x0601, 0x80);
    pm = fake_pci_add(0, 1, 3, 0x71138086, 0x0680, 0);
    fake_pci_store(pm, 0x40, 4, 0xB001);
    fake_pci_store(pm, 0x80, 1, 0x01);
    return 0;
}

static int begin_ich9(void **state)
{
    begin(state);
    fake_pci_add(0, 0, 0, 0x29C08086, 0x0600, 0);
    pm = fake_pci_add(0, 31, 0, 0x29188086, 0x0601, 0x80);
    fake_pci_store(pm, 0x40, 4, 0x0601);
    fake_pci_store(pm, 0x44, 1, 0x81);
    fake_pci_store(pm, 0x2C, 4, 0x11001AF4);
    return 0;
}

static void assert_register(struct boot_register reg, uint64_t address, uint8_t width)
{
    assert_int_equal(reg.space, REGISTER_PORT);
    assert_int_equal(reg.address, address);
    assert_int_equal(reg.width, width);
}

static void piix4_gives_timer_power_off_and_ioapic(void **state)
{
    (void)state;
    assert_string_equal(platform_complete(&platform), "PIIX4");
    assert_register(platform.pm_timer, 0xB008, 4);
    assert_false(platform.pm_timer_32bit);
    assert_register(platform.pm1a_control, 0xB004, 2);
    assert_int_equal(platform.pm1b_control.space, REGISTER_NONE);
    assert_true(platform.s5_known);
    assert_int_equal(platform.s5_type_a, 0);
    assert_int_equal(platform.ioapic.v, 0xFEC00000);
}

static void ich9_of_qemu_and_of_silicon_differ_in_s5(void **state)
{
    (void)state;
    assert_string_equal(platform_complete(&platform), "ICH9 (QEMU)");
    assert_register(platform.pm_timer, 0x608, 4);
    assert_register(platform.pm1a_control, 0x604, 2);
    assert_true(platform.s5_known);
    assert_int_equal(platform.s5_type_a, 0);

    memset(&platform, 0, sizeof(platform));
    fake_pci_store(pm, 0x2C, 4, 0x12341043);
    assert_string_equal(platform_complete(&platform), "ICH9");
    assert_int_equal(platform.s5_type_a, 7);
}

static void pm_ports_left_off_are_switched_on(void **state)
{
    (void)state;
    fake_pci_store(pm, 0x80, 1, 0xA0);
    platform_complete(&platform);
    assert_int_equal(pm->space[0x80], 0xA1);
    begin_ich9(state);
    fake_pci_store(pm, 0x44, 1, 0x03);
    platform_complete(&platform);
    assert_int_equal(pm->space[0x44], 0x83);
}

static void pm_ports_without_an_address_are_left_alone(void **state)
{
    (void)state;
    fake_pci_store(pm, 0x40, 4, 1);
    fake_pci_store(pm, 0x80, 1, 0);
    assert_non_null(platform_complete(&platform));
    assert_int_equal(platform.pm_timer.space, REGISTER_NONE);
    assert_int_equal(platform.pm1a_control.space, REGISTER_NONE);
    assert_false(platform.s5_known);
    assert_int_equal(pm->space[0x80], 0);
}

static void what_acpi_told_stays(void **state)
{
    (void)state;
    const struct boot_platform told = {
        .ioapic = {0xFEC10000},
        .pm_timer = {REGISTER_PORT, 0x1808, 4},
        .pm_timer_32bit = true,
        .pm1a_control = {REGISTER_PORT, 0x1804, 2},
        .s5_type_a = 5,
        .s5_known = true,
    };
    platform = told;
    fake_pci_store(pm, 0x80, 1, 0);
    assert_string_equal(platform_complete(&platform), "PIIX4");
    assert_memory_equal(&platform, &told, sizeof(told));
    assert_int_equal(pm->space[0x80], 0);
}

static void a_known_sleep_type_stays_when_the_timer_is_missing(void **state)
{
    (void)state;
    platform.pm1a_control = (struct boot_register){REGISTER_PORT, 0xB004, 2};
    platform.s5_type_a = 5;
    platform.s5_known = true;
    platform_complete(&platform);
    assert_int_equal(platform.s5_type_a, 5);
    assert_register(platform.pm_timer, 0xB008, 4);
}

static void a_missing_sleep_type_is_filled_only_for_the_same_register(void **state)
{
    (void)state;
    platform.pm1a_control = (struct boot_register){REGISTER_PORT, 0xB004, 2};
    platform_complete(&platform);
    assert_true(platform.s5_known);

    memset(&platform, 0, sizeof(platform));
    platform.pm1a_control = (struct boot_register){REGISTER_PORT, 0x1804, 2};
    platform_complete(&platform);
    assert_false(platform.s5_known);
    assert_int_equal(platform.pm1a_control.address, 0x1804);

    memset(&platform, 0, sizeof(platform));
    platform.sleep_control = (struct boot_register){REGISTER_MMIO, 0xFED00100, 1};
    platform_complete(&platform);
    assert_false(platform.s5_known);
    assert_int_equal(platform.pm1a_control.space, REGISTER_NONE);
    assert_register(platform.pm_timer, 0xB008, 4);
}

static void an_unknown_chipset_gives_nothing(void **state)
{
    (void)state;
    const struct boot_platform nothing = {.s5_known = false};
    fake_pci_add(0, 31, 0, 0xA3058086, 0x0601, 0);
    assert_null(platform_complete(&platform));
    assert_memory_equal(&platform, &nothing, sizeof(nothing));
    fake_pci_begin(); /* and no PCI at all */
    assert_null(platform_complete(&platform));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(piix4_gives_timer_power_off_and_ioapic, begin_piix4),
        cmocka_unit_test_setup(ich9_of_qemu_and_of_silicon_differ_in_s5, begin_ich9),
        cmocka_unit_test_setup(pm_ports_left_off_are_switched_on, begin_piix4),
        cmocka_unit_test_setup(pm_ports_without_an_address_are_left_alone, begin_piix4),
        cmocka_unit_test_setup(what_acpi_told_stays, begin_piix4),
        cmocka_unit_test_setup(a_known_sleep_type_stays_when_the_timer_is_missing, begin_piix4),
        cmocka_unit_test_setup(a_missing_sleep_type_is_filled_only_for_the_same_register,
                               begin_piix4),
        cmocka_unit_test_setup(an_unknown_chipset_gives_nothing, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
