/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/pci_bars.c drivers/pci.c tests/unit/fake_io.c tests/unit/drivers/fake_pci.c */
/* Reading and sizing base address registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_bars.h"
#include "tests/unit/drivers/fake_pci.h"
#include "tests/unit/fake_io.h"

static const struct pci_access ports;
static const struct pci_address at = {0, 2, 0};
static struct fake_pci_function *device;
static struct vm_pci_bar bars[VM_PCI_BARS];
static bool decoded; /* a BAR was written while the device decoded or did DMA */

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

static void written(struct fake_pci_function *function, uint16_t offset)
{
    decoded |= offset >= 0x10 && offset < 0x28 && (function->space[4] & 7) != 0;
}

static int begin(void **state)
{
    (void)state;
    memset(&fake_io, 0, sizeof(fake_io));
    fake_io.port_read = port_read;
    fake_io.port_write = port_write;
    fake_pci_begin();
    device = fake_pci_add(0, 2, 0, 0x100E8086, 0x0200, 0);
    device->written = written;
    fake_pci_store(device, 4, 2, 0x0507);
    for (unsigned i = 0; i < VM_PCI_BARS; i++) {
        device->fixed[4 + i] = UINT32_MAX; /* no BAR: reads 0 */
    }
    decoded = false;
    return 0;
}

/* A BAR register with this value, of which only `writable` can be changed. */
static void put(unsigned index, uint32_t value, uint32_t writable)
{
    fake_pci_store(device, (uint16_t)(0x10 + 4 * index), 4, value);
    device->fixed[4 + index] = ~writable;
}

static void expect(unsigned index, uint64_t address, uint64_t size, bool io)
{
    assert_int_equal(bars[index].address, address);
    assert_int_equal(bars[index].size, size);
    assert_int_equal(bars[index].io, io);
}

static void memory_and_ports_are_sized(void **state)
{
    (void)state;
    put(0, 0x80000000, 0xFFFE0000);
    put(1, 0xC001, 0xFFE0);
    pci_read_bars(&ports, at, true, bars);
    expect(0, 0x80000000, 0x20000, false);
    expect(1, 0xC000, 0x20, true);
    for (unsigned i = 2; i < VM_PCI_BARS; i++) {
        expect(i, 0, 0, false);
    }
}

static void everything_is_as_before_afterwards(void **state)
{
    (void)state;
    put(0, 0x80000008, 0xFFFFF000);
    uint8_t before[256];
    memcpy(before, device->space, sizeof(before));
    pci_read_bars(&ports, at, true, bars);
    assert_memory_equal(before, device->space, sizeof(before));
    assert_false(decoded);
}

static void a_wide_bar_takes_two_registers(void **state)
{
    (void)state;
    put(2, 0xC000000C, 0xF0000000);
    put(3, 0x20, 0xFFFFFFFF);
    put(4, 0x90000000, 0xFFFFFF00);
    pci_read_bars(&ports, at, true, bars);
    expect(2, 0x20C0000000, 0x10000000, false);
    expect(3, 0, 0, false);
    expect(4, 0x90000000, 0x100, false);
}

static void a_wide_bar_may_be_larger_than_4_gib(void **state)
{
    (void)state;
    put(0, 0x4, 0);
    put(1, 0x40, 0xFFFFFFFE);
    pci_read_bars(&ports, at, true, bars);
    expect(0, 0x4000000000, 0x200000000, false);
}

static void a_bar_without_address_has_a_size(void **state)
{
    (void)state;
    put(5, 0, 0xFFFFC000);
    pci_read_bars(&ports, at, true, bars);
    expect(5, 0, 0x4000, false);
}

static void without_sizes_nothing_is_written(void **state)
{
    (void)state;
    put(0, 0x80000000, 0xFFFE0000);
    put(1, 0xC001, 0xFFE0);
    put(2, 0, 0xFFFFF000);
    device->written = NULL;
    pci_read_bars(&ports, at, false, bars);
    expect(0, 0x80000000, 1, false);
    expect(1, 0xC000, 1, true);
    expect(2, 0, 0, false);
    assert_int_equal(fake_pci_load(device, 4, 2), 0x0507);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(memory_and_ports_are_sized, begin),
        cmocka_unit_test_setup(everything_is_as_before_afterwards, begin),
        cmocka_unit_test_setup(a_wide_bar_takes_two_registers, begin),
        cmocka_unit_test_setup(a_wide_bar_may_be_larger_than_4_gib, begin),
        cmocka_unit_test_setup(a_bar_without_address_has_a_size, begin),
        cmocka_unit_test_setup(without_sizes_nothing_is_written, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
