/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/power.c tests/unit/fake_io.c */
/* The order of register writes that switch the machine off or reset it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/power.h"
#include "tests/unit/fake_io.h"

#define PM1A 0x604u
#define PM1B 0x704u
#define SMI  0xB2u

/* Every write of the code under test; the delay's reads are not writes. */
static struct {
    bool mmio;
    uint64_t address;
    unsigned size;
    uint64_t value;
} writes[32];
static unsigned write_count;
static uint16_t pm1a, pm1b;
static bool smi_works, input_full;
static unsigned reads;

static const struct power_mappings unmapped;

static void record(bool mmio, uint64_t address, unsigned size, uint64_t value)
{
    assert_true(write_count < 32);
    writes[write_count].mmio = mmio;
    writes[write_count].address = address;
    writes[write_count].size = size;
    writes[write_count++].value = value;
}

static uint32_t port_read(uint16_t port, unsigned size)
{
    reads++;
    if (size == 2 && port == PM1A) {
        return pm1a;
    }
    if (size == 2 && port == PM1B) {
        return pm1b;
    }
    if (size == 1 && port == 0x64) {
        return input_full ? 0x02 : 0x1C;
    }
    assert_int_equal(port, 0x80);
    return 0xFF;
}

static void port_write(uint16_t port, unsigned size, uint32_t value)
{
    record(false, port, size, value);
    if (port == SMI && smi_works) {
        pm1a |= 1;
    }
}

static uint64_t mmio_read(uintptr_t address, unsigned size)
{
    assert_int_equal(size, 2);
    assert_int_equal(address, 0x5000);
    return 0x0301;
}

static void mmio_write(uintptr_t address, unsigned size, uint64_t value)
{
    record(true, address, size, value);
}

static int begin(void **state)
{
    (void)state;
    fake_io = (struct fake_io){port_read, port_write, mmio_read, mmio_write, NULL};
    write_count = 0;
    reads = 0;
    pm1a = 0x0301; /* SCI_EN, and bits that must be kept */
    pm1b = 0x0200;
    smi_works = true;
    input_full = false;
    return 0;
}

static void assert_write(unsigned index, bool mmio, uint64_t address, unsigned size, uint64_t value)
{
    assert_true(index < write_count);
    assert_int_equal(writes[index].mmio, mmio);
    assert_int_equal(writes[index].address, address);
    assert_int_equal(writes[index].size, size);
    assert_int_equal(writes[index].value, value);
}

static struct boot_platform with_pm1(void)
{
    return (struct boot_platform){
        .pm1a_control = {REGISTER_PORT, PM1A, 2},
        .s5_type_a = 5,
        .s5_type_b = 6,
        .s5_known = true,
    };
}

static void the_sleep_type_is_written_then_enabled(void **state)
{
    (void)state;
    struct boot_platform platform = with_pm1();
    pm1a = 0x3F01; /* an old sleep type and enable bit do not stay */
    assert_false(power_off(&platform, &unmapped));
    assert_int_equal(write_count, 2);
    assert_write(0, false, PM1A, 2, 0x0301 | 5 << 10);
    assert_write(1, false, PM1A, 2, 0x0301 | 5 << 10 | 1 << 13);
    assert_in_range(reads, 1000, 1000000); /* it waited, and not for ever */
}

static void both_pm1_registers_get_their_own_type(void **state)
{
    (void)state;
    struct boot_platform platform = with_pm1();
    platform.pm1b_control = (struct boot_register){REGISTER_PORT, PM1B, 2};
    assert_false(power_off(&platform, &unmapped));
    assert_int_equal(write_count, 4);
    assert_write(0, false, PM1A, 2, 0x0301 | 5 << 10);
    assert_write(1, false, PM1B, 2, 0x0200 | 6 << 10);
    assert_write(2, false, PM1A, 2, 0x0301 | 5 << 10 | 1 << 13);
    assert_write(3, false, PM1B, 2, 0x0200 | 6 << 10 | 1 << 13);
}

static void pm1_in_memory_is_reached_where_it_is_mapped(void **state)
{
    (void)state;
    struct boot_platform platform = with_pm1();
    platform.pm1a_control = (struct boot_register){REGISTER_MMIO, 0xFED80804, 2};
    assert_false(power_off(&platform, &unmapped));
    assert_int_equal(write_count, 0);
    const struct power_mappings mappings = {.pm1a_control = (volatile void *)0x5000};
    assert_false(power_off(&platform, &mappings));
    assert_write(1, true, 0x5000, 2, 0x0301 | 5 << 10 | 1 << 13);
}

static void acpi_mode_is_entered_first(void **state)
{
    (void)state;
    struct boot_platform platform = with_pm1();
    platform.smi_command = SMI;
    platform.acpi_enable = 0xA0;
    pm1a = 0;
    assert_false(power_off(&platform, &unmapped));
    assert_int_equal(write_count, 3);
    assert_write(0, false, SMI, 1, 0xA0);
    assert_write(2, false, PM1A, 2, 1 | 5 << 10 | 1 << 13);

    begin(state); /* already in ACPI mode: no SMI */
    assert_false(power_off(&platform, &unmapped));
    assert_int_equal(write_count, 2);
}

static void without_an_smi_command_acpi_mode_is_taken_for_granted(void **state)
{
    (void)state;
    struct boot_platform platform = with_pm1();
    pm1a = 0;
    assert_false(power_off(&platform, &unmapped));
    assert_int_equal(write_count, 2);
    assert_write(0, false, PM1A, 2, 5 << 10);
}

static void firmware_that_never_enters_acpi_mode_ends_the_wait(void **state)
{
    (void)state;
    struct boot_platform platform = with_pm1();
    platform.smi_command = SMI;
    platform.acpi_enable = 0xA0;
    pm1a = 0;
    smi_works = false;
    assert_false(power_off(&platform, &unmapped));
    assert_write(2, false, PM1A, 2, 5 << 10 | 1 << 13);
}

static void hardware_reduced_machines_have_a_sleep_register(void **state)
{
    (void)state;
    struct boot_platform platform = {
        .sleep_control = {REGISTER_MMIO, 0xFED00100, 1},
        .s5_type_a = 5,
        .s5_known = true,
    };
    const struct power_mappings mappings = {.sleep_control = (volatile void *)0x6000};
    assert_false(power_off(&platform, &mappings));
    assert_int_equal(write_count, 1);
    assert_write(0, true, 0x6000, 1, 5 << 2 | 0x20);
    platform.sleep_control = (struct boot_register){REGISTER_PORT, 0x900, 1};
    assert_false(power_off(&platform, &unmapped));
    assert_write(1, false, 0x900, 1, 5 << 2 | 0x20);
}

static void without_known_registers_nothing_is_written(void **state)
{
    (void)state;
    struct boot_platform platform = with_pm1();
    platform.s5_known = false;
    assert_false(power_off(&platform, &unmapped));
    platform = with_pm1();
    platform.pm1a_control.space = REGISTER_NONE;
    assert_false(power_off(&platform, &unmapped));
    assert_false(power_off(NULL, &unmapped));
    assert_int_equal(write_count, 0);
}

static void reset_to_the_end(const struct boot_platform *platform,
                             const struct power_mappings *mappings)
{
    jmp_buf end;
    fake_io.triple_fault = &end;
    if (setjmp(end) == 0) {
        power_reset(platform, mappings);
    }
    fake_io.triple_fault = NULL;
}

static void each_way_to_reset_is_tried_in_order(void **state)
{
    (void)state;
    const struct boot_platform platform = {.reset = {REGISTER_PORT, 0x92, 1}, .reset_value = 0x01};
    reset_to_the_end(&platform, &unmapped);
    assert_int_equal(write_count, 4);
    assert_write(0, false, 0x92, 1, 0x01);
    assert_write(1, false, 0xCF9, 1, 0x02);
    assert_write(2, false, 0xCF9, 1, 0x06);
    assert_write(3, false, 0x64, 1, 0xFE);
}

static void the_reset_register_may_be_in_memory(void **state)
{
    (void)state;
    const struct boot_platform platform = {.reset = {REGISTER_MMIO, 0xFED00200, 1},
                                           .reset_value = 0xAB};
    const struct power_mappings mappings = {.reset = (volatile void *)0x7000};
    reset_to_the_end(&platform, &mappings);
    assert_write(0, true, 0x7000, 1, 0xAB);
    begin(state);
    reset_to_the_end(&platform, &unmapped);
    assert_write(0, false, 0xCF9, 1, 0x02);
}

static void reset_works_without_any_fact_and_a_stuck_keyboard_controller(void **state)
{
    (void)state;
    input_full = true;
    reset_to_the_end(NULL, &unmapped);
    assert_int_equal(write_count, 3);
    assert_write(2, false, 0x64, 1, 0xFE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_sleep_type_is_written_then_enabled, begin),
        cmocka_unit_test_setup(both_pm1_registers_get_their_own_type, begin),
        cmocka_unit_test_setup(pm1_in_memory_is_reached_where_it_is_mapped, begin),
        cmocka_unit_test_setup(acpi_mode_is_entered_first, begin),
        cmocka_unit_test_setup(without_an_smi_command_acpi_mode_is_taken_for_granted, begin),
        cmocka_unit_test_setup(firmware_that_never_enters_acpi_mode_ends_the_wait, begin),
        cmocka_unit_test_setup(hardware_reduced_machines_have_a_sleep_register, begin),
        cmocka_unit_test_setup(without_known_registers_nothing_is_written, begin),
        cmocka_unit_test_setup(each_way_to_reset_is_tried_in_order, begin),
        cmocka_unit_test_setup(the_reset_register_may_be_in_memory, begin),
        cmocka_unit_test_setup(reset_works_without_any_fact_and_a_stuck_keyboard_controller, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
