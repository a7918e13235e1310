/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/pci_control.c drivers/pci.c tests/unit/fake_io.c tests/unit/drivers/fake_pci.c */
/* Silencing functions, resetting them in each of the ways, and programming MSI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_control.h"
#include "tests/unit/drivers/fake_pci.h"
#include "tests/unit/fake_io.h"

#define PM   0x40
#define MSI  0x50
#define EXP  0x70
#define MSIX 0xB0
#define AF   0xC0

static const struct pci_access ports;
static const struct pci_address at = {0, 2, 0};
static struct fake_pci_function *device;
static uint64_t waited_us;
static unsigned resets;
static unsigned power_state;

static uint32_t port_read(uint16_t port, unsigned size)
{
    uint32_t value;
    assert_true(fake_pci_port_read(port, size, &value));
    return value;
}

static void port_write(uint16_t port, unsigned size, uint32_t value)
{
    assert_true(fake_pci_port_write(port, size, value));
}

static void wait_us(uint64_t us)
{
    waited_us += us;
}

static int begin(void **state)
{
    (void)state;
    memset(&fake_io, 0, sizeof(fake_io));
    fake_io.port_read = port_read;
    fake_io.port_write = port_write;
    fake_pci_begin();
    device = fake_pci_add(0, 2, 0, 0x100E8086, 0x0200, 0);
    device->fixed[0] = device->fixed[2] = UINT32_MAX;
    fake_pci_store(device, 4, 2, 7);
    fake_pci_store(device, 0x0C, 1, 16);
    fake_pci_store(device, 0x10, 4, 0x80000000);
    fake_pci_store(device, 0x24, 4, 0xC001);
    fake_pci_store(device, 0x3C, 1, 11);
    waited_us = 0;
    resets = 0;
    power_state = 0;
    return 0;
}

/* Puts a capability in front of those that are there. */
static void add(uint8_t offset, uint8_t id, uint16_t control)
{
    fake_pci_store(device, offset, 1, id);
    fake_pci_store(device, (uint16_t)(offset + 1), 1, fake_pci_load(device, 0x34, 1));
    fake_pci_store(device, (uint16_t)(offset + 2), 2, control);
    fake_pci_store(device, 0x34, 1, offset);
    fake_pci_store(device, 6, 2, 1 << 4);
}

static uint16_t command(void)
{
    return (uint16_t)fake_pci_load(device, 4, 2);
}

/* A reset's traces: all that firmware has written is gone. */
static void lose_all(void)
{
    resets++;
    fake_pci_store(device, 4, 2, 0);
    fake_pci_store(device, 0x0C, 1, 0);
    for (uint16_t offset = 0x10; offset < 0x28; offset += 4) {
        fake_pci_store(device, offset, 4, 0);
    }
    fake_pci_store(device, 0x3C, 1, 0);
}

static void expect_header_kept(void)
{
    assert_int_equal(fake_pci_load(device, 0x0C, 1), 16);
    assert_int_equal(fake_pci_load(device, 0x10, 4), 0x80000000);
    assert_int_equal(fake_pci_load(device, 0x24, 4), 0xC001);
    assert_int_equal(fake_pci_load(device, 0x3C, 1), 11);
    assert_int_equal(command(), PCI_COMMAND_NO_INTX);
}

static void a_silenced_function_cannot_do_dma_or_interrupt(void **state)
{
    (void)state;
    add(MSI, 0x05, 0x0181);
    add(MSIX, 0x11, 0x8007);
    assert_true(pci_silence(&ports, at));
    assert_int_equal(command(), PCI_COMMAND_NO_INTX | 3);
    assert_int_equal(fake_pci_load(device, MSI + 2, 2), 0x0180);
    assert_int_equal(fake_pci_load(device, MSIX + 2, 2), 0x0007);
}

static void a_function_that_stays_bus_master_is_told_of(void **state)
{
    (void)state;
    device->master_stuck = true;
    assert_false(pci_silence(&ports, at));
}

static void a_list_that_runs_in_circles_ends(void **state)
{
    (void)state;
    add(PM, 0x01, 0);
    fake_pci_store(device, PM + 1, 1, PM);
    assert_int_equal(pci_find_capability(&ports, at, 0x05), 0);
    assert_int_equal(pci_find_capability(&ports, at, 0x01), PM);
}

static void without_the_status_bit_there_is_no_list(void **state)
{
    (void)state;
    add(PM, 0x01, 0);
    fake_pci_store(device, 6, 2, 0);
    assert_int_equal(pci_find_capability(&ports, at, 0x01), 0);
}

static void a_function_without_capabilities_is_not_reset(void **state)
{
    (void)state;
    assert_int_equal(pci_reset_function(&ports, at, wait_us), PCI_RESET_NONE);
    expect_header_kept();
    assert_int_equal(waited_us, 0);
}

static void express_written(struct fake_pci_function *function, uint16_t offset)
{
    if (offset == EXP + 8 && (fake_pci_load(function, EXP + 8, 2) & 0x8000)) {
        assert_int_equal(fake_pci_load(function, EXP + 10, 2) & 0x20, 0);
        lose_all();
        fake_pci_store(function, EXP + 8, 2, 0);
    }
}

static void function_level_reset_keeps_header_and_device_control(void **state)
{
    (void)state;
    add(EXP, 0x10, 2);
    fake_pci_store(device, EXP + 4, 4, 1 << 28);
    fake_pci_store(device, EXP + 8, 2, 0x2830);
    device->written = express_written;
    assert_int_equal(pci_reset_function(&ports, at, wait_us), PCI_RESET_FUNCTION);
    assert_int_equal(resets, 1);
    expect_header_kept();
    assert_int_equal(fake_pci_load(device, EXP + 8, 2), 0x2830);
    assert_true(waited_us >= 100000);
}

static void express_without_the_bit_is_not_reset_so(void **state)
{
    (void)state;
    add(EXP, 0x10, 2);
    device->written = express_written;
    assert_int_equal(pci_reset_function(&ports, at, wait_us), PCI_RESET_NONE);
    assert_int_equal(resets, 0);
}

static void transactions_are_waited_for_but_not_for_ever(void **state)
{
    (void)state;
    add(EXP, 0x10, 2);
    fake_pci_store(device, EXP + 4, 4, 1 << 28);
    fake_pci_store(device, EXP + 10, 2, 0x20);
    assert_int_equal(pci_reset_function(&ports, at, wait_us), PCI_RESET_FUNCTION);
    assert_in_range(waited_us, 200000, 1300000);
}

static void af_written(struct fake_pci_function *function, uint16_t offset)
{
    if (offset == AF + 4 && fake_pci_load(function, AF + 4, 1) == 1) {
        lose_all();
    }
}

static void advanced_features_reset(void **state)
{
    (void)state;
    add(AF, 0x13, 0x0306);
    device->written = af_written;
    assert_int_equal(pci_reset_function(&ports, at, wait_us), PCI_RESET_FUNCTION);
    assert_int_equal(resets, 1);
    expect_header_kept();
}

static void pm_written(struct fake_pci_function *function, uint16_t offset)
{
    if (offset != PM + 4) {
        return;
    }
    unsigned now = fake_pci_load(function, PM + 4, 2) & 3;
    if (power_state == 3 && now == 0 && !(fake_pci_load(function, PM + 4, 2) & 8)) {
        lose_all();
    }
    power_state = now;
}

static void power_states_reset_where_nothing_else_does(void **state)
{
    (void)state;
    add(PM, 0x01, 3);
    device->written = pm_written;
    assert_int_equal(pci_reset_function(&ports, at, wait_us), PCI_RESET_POWER);
    assert_int_equal(resets, 1);
    assert_int_equal(power_state, 0);
    expect_header_kept();
    assert_true(waited_us >= 20000);
}

static void a_sleeping_function_wakes_without_reset_where_that_is_promised(void **state)
{
    (void)state;
    add(PM, 0x01, 3);
    fake_pci_store(device, PM + 4, 2, 8 | 3);
    power_state = 3;
    device->written = pm_written;
    assert_int_equal(pci_reset_function(&ports, at, wait_us), PCI_RESET_NONE);
    assert_int_equal(resets, 0);
    assert_int_equal(fake_pci_load(device, PM + 4, 2), 8);
}

static void a_function_that_is_gone_ends_the_wait(void **state)
{
    (void)state;
    fake_pci_begin();
    assert_int_equal(pci_reset_function(&ports, at, wait_us), PCI_RESET_NONE);
    assert_in_range(waited_us, 1, 1300000);
}

static void msi_with_a_32_bit_address(void **state)
{
    (void)state;
    add(MSI, 0x05, 0x0070);
    pci_write_msi(&ports, at, 0xFEE05000, 0x41, true);
    assert_int_equal(fake_pci_load(device, MSI + 4, 4), 0xFEE05000);
    assert_int_equal(fake_pci_load(device, MSI + 8, 2), 0x41);
    assert_int_equal(fake_pci_load(device, MSI + 2, 2), 0x0001); /* one message */
}

static void msi_with_a_64_bit_address_and_masks(void **state)
{
    (void)state;
    add(MSI, 0x05, 0x0180);
    fake_pci_store(device, MSI + 8, 4, 0xFFFFFFFF);
    fake_pci_store(device, MSI + 16, 4, 0xFFFFFFFF);
    pci_write_msi(&ports, at, 0xFEE05000, 0x41, true);
    assert_int_equal(fake_pci_load(device, MSI + 4, 4), 0xFEE05000);
    assert_int_equal(fake_pci_load(device, MSI + 8, 4), 0);
    assert_int_equal(fake_pci_load(device, MSI + 12, 2), 0x41);
    assert_int_equal(fake_pci_load(device, MSI + 16, 4), 0);
    assert_int_equal(fake_pci_load(device, MSI + 2, 2), 0x0181);
}

static void msi_off_leaves_address_and_data(void **state)
{
    (void)state;
    add(MSI, 0x05, 0x0001);
    fake_pci_store(device, MSI + 4, 4, 0xFEE05000);
    pci_write_msi(&ports, at, 0xFEE09000, 0x55, false);
    assert_int_equal(fake_pci_load(device, MSI + 4, 4), 0xFEE05000);
    assert_int_equal(fake_pci_load(device, MSI + 2, 2), 0);
}

static bool changed_while_on;

static void msi_written(struct fake_pci_function *function, uint16_t offset)
{
    bool content = offset >= MSI + 4 && offset < MSI + 16;
    changed_while_on |= content && (fake_pci_load(function, MSI + 2, 2) & 1);
}

static void msi_is_off_while_it_changes(void **state)
{
    (void)state;
    add(MSI, 0x05, 0x0081);
    device->written = msi_written;
    changed_while_on = false;
    pci_write_msi(&ports, at, 0xFEE05000, 0x41, true);
    assert_false(changed_while_on);
    assert_int_equal(fake_pci_load(device, MSI + 2, 2), 0x0081);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_silenced_function_cannot_do_dma_or_interrupt, begin),
        cmocka_unit_test_setup(a_function_that_stays_bus_master_is_told_of, begin),
        cmocka_unit_test_setup(a_list_that_runs_in_circles_ends, begin),
        cmocka_unit_test_setup(without_the_status_bit_there_is_no_list, begin),
        cmocka_unit_test_setup(a_function_without_capabilities_is_not_reset, begin),
        cmocka_unit_test_setup(function_level_reset_keeps_header_and_device_control, begin),
        cmocka_unit_test_setup(express_without_the_bit_is_not_reset_so, begin),
        cmocka_unit_test_setup(transactions_are_waited_for_but_not_for_ever, begin),
        cmocka_unit_test_setup(advanced_features_reset, begin),
        cmocka_unit_test_setup(power_states_reset_where_nothing_else_does, begin),
        cmocka_unit_test_setup(a_sleeping_function_wakes_without_reset_where_that_is_promised,
                               begin),
        cmocka_unit_test_setup(a_function_that_is_gone_ends_the_wait, begin),
        cmocka_unit_test_setup(msi_with_a_32_bit_address, begin),
        cmocka_unit_test_setup(msi_with_a_64_bit_address_and_masks, begin),
        cmocka_unit_test_setup(msi_off_leaves_address_and_data, begin),
        cmocka_unit_test_setup(msi_is_off_while_it_changes, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
