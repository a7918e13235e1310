/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/pci.c tests/unit/fake_io.c tests/unit/drivers/fake_pci.c */
/* Configuration accesses both ways, enumeration over bridges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci.h"
#include "tests/unit/drivers/fake_pci.h"
#include "tests/unit/fake_io.h"

#define ECAM   0x100000000u /* where the fake ECAM is "mapped" */
#define BRIDGE 0x0604
#define NIC    0x0200
#define HOST   0x0600
#define FIRST  4
#define LAST   9

static const struct pci_access ports;
static const struct pci_access ecam = {(volatile uint8_t *)ECAM, FIRST, LAST};
static const struct pci_access ecam_all = {(volatile uint8_t *)ECAM, 0, 255};
static uint64_t ecam_first;
static unsigned port_accesses;

static uint32_t port_read(uint16_t port, unsigned size)
{
    uint32_t value;
    assert_true(fake_pci_port_read(port, size, &value));
    port_accesses++;
    return value;
}

static void port_write(uint16_t port, unsigned size, uint32_t value)
{
    assert_true(fake_pci_port_write(port, size, value));
    port_accesses++;
}

static uint64_t ecam_offset(uintptr_t address)
{
    assert_true(address >= ECAM);
    assert_true(address - ECAM + (ecam_first << 20) < 256u << 20);
    return address - ECAM + (ecam_first << 20);
}

static uint64_t mmio_read(uintptr_t address, unsigned size)
{
    assert_int_equal(address % size, 0);
    return fake_pci_ecam_read(ecam_offset(address), size);
}

static void mmio_write(uintptr_t address, unsigned size, uint64_t value)
{
    assert_int_equal(address % size, 0);
    fake_pci_ecam_write(ecam_offset(address), size, (uint32_t)value);
}

static int begin(void **state)
{
    (void)state;
    fake_pci_begin();
    fake_io = (struct fake_io){
        .port_read = port_read,
        .port_write = port_write,
        .mmio_read = mmio_read,
        .mmio_write = mmio_write,
    };
    ecam_first = 0;
    port_accesses = 0;
    return 0;
}

static void check_access(const struct pci_access *access, struct fake_pci_function *function,
                         uint16_t offset)
{
    struct pci_address at = {function->bus, function->device, function->function};
    fake_pci_store(function, offset, 4, 0x44332211);
    assert_int_equal(pci_read32(access, at, offset), 0x44332211);
    assert_int_equal(pci_read16(access, at, offset), 0x2211);
    assert_int_equal(pci_read16(access, at, offset + 2), 0x4433);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pci_read8(access, at, (uint16_t)(offset + i)), 0x11 * (i + 1));
    }
    pci_write32(access, at, offset, 0xDDCCBBAA);
    pci_write16(access, at, offset + 2, 0x9988);
    pci_write8(access, at, offset + 1, 0x77);
    assert_int_equal(fake_pci_load(function, offset, 4), 0x998877AA);
}

static void ports_reach_every_function_and_size(void **state)
{
    (void)state;
    for (unsigned bus = 0; bus < 256; bus += 51) {
        check_access(&ports, fake_pci_add((uint8_t)bus, 31, 7, 1, 0, 0), 0xFC);
        check_access(&ports, fake_pci_add((uint8_t)bus, 1, 2, 1, 0, 0), 0x40);
    }
}

static void ecam_reaches_its_buses_and_4096_bytes(void **state)
{
    (void)state;
    ecam_first = FIRST;
    check_access(&ecam, fake_pci_add(FIRST, 0, 0, 1, 0, 0), 0x10);
    check_access(&ecam, fake_pci_add(LAST, 31, 7, 1, 0, 0), 0xFFC);
    assert_int_equal(port_accesses, 0);
}

static void buses_outside_ecam_are_reached_through_ports(void **state)
{
    (void)state;
    ecam_first = FIRST;
    check_access(&ecam, fake_pci_add(FIRST - 1, 0, 0, 1, 0, 0), 0x10);
    assert_true(port_accesses > 0);
    port_accesses = 0;
    check_access(&ecam, fake_pci_add(LAST + 1, 0, 0, 1, 0, 0), 0x10);
    assert_true(port_accesses > 0);
}

static void impossible_accesses_read_ones_and_write_nothing(void **state)
{
    static const struct pci_address addresses[] = {{0, 32, 0}, {0, 0, 8}};
    (void)state;
    fake_pci_add(0, 0, 0, 0x11112222, HOST, 0);
    const struct pci_address at = {0, 0, 0};
    const struct pci_access *both[] = {&ports, &ecam_all};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pci_read32(both[i], at, 2), UINT32_MAX);
        assert_int_equal(pci_read16(both[i], at, 1), UINT16_MAX);
        assert_int_equal(pci_read8(both[i], at, i == 0 ? 256 : 4096), UINT8_MAX);
        pci_write32(both[i], at, 2, 0);
        pci_write16(both[i], at, 1, 0);
        pci_write8(both[i], at, i == 0 ? 256 : 4096, 0);
        for (unsigned n = 0; n < 2; n++) {
            assert_int_equal(pci_read32(both[i], addresses[n], 0), UINT32_MAX);
            pci_write32(both[i], addresses[n], 0, 0);
        }
    }
    assert_int_equal(fake_pci_accesses, 0);
}

static struct pci_function seen[FAKE_PCI_MAX];
static unsigned seen_count, stop_after;

static bool see(void *context, const struct pci_function *function)
{
    assert_ptr_equal(context, &seen_count);
    assert_true(seen_count < FAKE_PCI_MAX);
    seen[seen_count++] = *function;
    return seen_count != stop_after;
}

static bool scan(const struct pci_access *access)
{
    seen_count = 0;
    return pci_scan(access, see, &seen_count);
}

static unsigned times_seen(uint8_t bus, uint8_t device, uint8_t function)
{
    unsigned times = 0;
    for (unsigned i = 0; i < seen_count; i++) {
        times +=
            seen[i].at.bus == bus && seen[i].at.device == device && seen[i].at.function == function;
    }
    return times;
}

static struct fake_pci_function *add_bridge(uint8_t bus, uint8_t device, uint8_t secondary)
{
    struct fake_pci_function *bridge = fake_pci_add(bus, device, 0, 0x00018086, BRIDGE, 1);
    bridge->space[PCI_SECONDARY_BUS] = secondary;
    return bridge;
}

static void a_scan_sees_each_function_once_across_bridges(void **state)
{
    (void)state;
    fake_pci_add(0, 0, 0, 0x12378086, HOST, 0);
    fake_pci_add(0, 1, 0, 0x70008086, 0x0601, 0x80);
    fake_pci_add(0, 1, 3, 0x71138086, 0x0680, 0);
    fake_pci_add(0, 2, 0, 0x100E8086, NIC, 0);
    add_bridge(0, 5, 7);
    add_bridge(7, 0, 3); /* to a lower number */
    fake_pci_add(3, 31, 0, 0x10D38086, NIC, 0);
    add_bridge(3, 1, 7);                       /* a loop */
    fake_pci_add(9, 0, 0, 0x10D38086, NIC, 0); /* no bridge leads here */
    assert_true(scan(&ports));
    assert_int_equal(seen_count, 8);
    for (unsigned i = 0; i < fake_pci_count; i++) {
        const struct fake_pci_function *f = &fake_pci[i];
        assert_int_equal(times_seen(f->bus, f->device, f->function), f->bus != 9);
    }
    assert_int_equal(seen[2].vendor, 0x8086);
    assert_int_equal(seen[2].device, 0x7113);
    assert_int_equal(seen[2].class_code, 0x06);
    assert_int_equal(seen[2].subclass, 0x80);
    assert_false(seen[2].bridge);
    assert_true(seen[4].bridge);
}

static void functions_count_only_where_function_0_says_so(void **state)
{
    (void)state;
    fake_pci_add(0, 3, 0, 1, NIC, 0); /* not multifunction: 1 answers all the same */
    fake_pci_add(0, 3, 1, 1, NIC, 0);
    fake_pci_add(0, 4, 1, 1, NIC, 0x80); /* no function 0 */
    fake_pci_add(0, 5, 0, 1, NIC, 0x80);
    fake_pci_add(0, 5, 7, 1, NIC, 0);
    assert_true(scan(&ports));
    assert_int_equal(seen_count, 3);
    assert_int_equal(times_seen(0, 5, 7), 1);
}

static void what_is_no_bridge_leads_nowhere(void **state)
{
    (void)state;
    fake_pci_add(0, 3, 0, 1, NIC, 1)->space[PCI_SECONDARY_BUS] = 5;    /* another class */
    fake_pci_add(0, 4, 0, 1, BRIDGE, 0)->space[PCI_SECONDARY_BUS] = 5; /* another layout */
    fake_pci_add(5, 0, 0, 1, NIC, 0);
    assert_true(scan(&ports));
    assert_int_equal(seen_count, 2);
}

static void with_ecam_other_roots_are_found(void **state)
{
    (void)state;
    fake_pci_add(0, 0, 0, 0x29C08086, HOST, 0);
    fake_pci_add(0x40, 0, 0, 0x29C08086, HOST, 0);
    add_bridge(0x80, 0, 0x20);
    fake_pci_add(0x20, 0, 0, 0x10D38086, NIC, 0);
    fake_pci_add(255, 31, 0, 0x10D38086, NIC, 0);
    assert_true(scan(&ecam_all));
    assert_int_equal(seen_count, 5);
    for (unsigned i = 0; i < fake_pci_count; i++) {
        assert_int_equal(times_seen(fake_pci[i].bus, fake_pci[i].device, 0), 1);
    }
}

static void a_scan_stops_when_told(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 6; i++) {
        fake_pci_add(i < 3 ? 0 : 0x40, i, 0, 1, NIC, 0);
    }
    for (stop_after = 1; stop_after <= 6; stop_after++) {
        assert_false(scan(&ecam_all));
        assert_int_equal(seen_count, stop_after);
    }
    stop_after = 0;
}

static void a_function_is_found_by_its_ids_on_bus_0_only(void **state)
{
    (void)state;
    struct pci_address found = {9, 9, 9};
    fake_pci_add(0, 0, 0, 0x71131234, 0x0680, 0);
    fake_pci_add(0, 1, 0, 0x70008086, 0x0601, 0x80);
    fake_pci_add(0, 1, 3, 0x71138086, 0x0680, 0);
    add_bridge(0, 5, 7);
    fake_pci_add(7, 0, 0, 0x10D38086, NIC, 0);
    assert_true(pci_find_on_bus0(&ports, 0x8086, 0x7113, &found));
    assert_int_equal(found.device, 1);
    assert_int_equal(found.function, 3);
    assert_false(pci_find_on_bus0(&ports, 0x8086, 0x10D3, &found));
    assert_false(pci_find_on_bus0(&ports, 0x7113, 0x8086, &found));
    assert_false(pci_find_on_bus0(&ports, 0xFFFF, 0xFFFF, &found));
    assert_int_equal(found.function, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ports_reach_every_function_and_size, begin),
        cmocka_unit_test_setup(ecam_reaches_its_buses_and_4096_bytes, begin),
        cmocka_unit_test_setup(buses_outside_ecam_are_reached_through_ports, begin),
        cmocka_unit_test_setup(impossible_accesses_read_ones_and_write_nothing, begin),
        cmocka_unit_test_setup(a_scan_sees_each_function_once_across_bridges, begin),
        cmocka_unit_test_setup(functions_count_only_where_function_0_says_so, begin),
        cmocka_unit_test_setup(what_is_no_bridge_leads_nowhere, begin),
        cmocka_unit_test_setup(with_ecam_other_roots_are_found, begin),
        cmocka_unit_test_setup(a_scan_stops_when_told, begin),
        cmocka_unit_test_setup(a_function_is_found_by_its_ids_on_bus_0_only, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
