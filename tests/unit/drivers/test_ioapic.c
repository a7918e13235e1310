/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/ioapic.c tests/unit/fake_io.c */
/* The machine's IOAPIC: what is written, in which order, and that nothing half-written is open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/ioapic.h"
#include "drivers/vioapic.h"
#include "tests/unit/fake_io.h"

#define PAGE   0x40000000u
#define PINS   24
#define MASKED 0x10000u
#define LEVEL  0x8000u
#define LOW    0x2000u
#define IRR    0x4000u /* of the low half; read only, cleared while the entry is edge-triggered */

static uint32_t selected;
static uint32_t table[2 * PINS];
static struct ioapic ioapic;
static bool opened_wrong; /* an entry was open and not the wanted one */
static uint64_t wanted;

static uint64_t entry(unsigned pin)
{
    return (uint64_t)table[2 * pin + 1] << 32 | (table[2 * pin] & ~IRR);
}

static uint64_t read_mmio(uintptr_t address, unsigned size)
{
    assert_int_equal(size, 4);
    assert_int_equal(address, PAGE + 0x10);
    if (selected == 1) {
        return 0x20 | (PINS - 1) << 16;
    }
    assert_in_range(selected, 0x10, 0x10 + 2 * PINS - 1);
    return table[selected - 0x10];
}

static void write_mmio(uintptr_t address, unsigned size, uint64_t value)
{
    assert_int_equal(size, 4);
    if (address == PAGE) {
        selected = (uint32_t)value;
        return;
    }
    assert_int_equal(address, PAGE + 0x10);
    assert_in_range(selected, 0x10, 0x10 + 2 * PINS - 1);
    unsigned index = selected - 0x10;
    uint32_t irr = index % 2 == 0 && (value & LEVEL) != 0 ? table[index] & IRR : 0;
    table[index] = ((uint32_t)value & ~(index % 2 == 0 ? IRR : 0)) | irr;
    uint64_t now = entry(index / 2);
    opened_wrong |= (now & MASKED) == 0 && now != wanted;
}

static int begin(void **state)
{
    (void)state;
    memset(&fake_io, 0, sizeof(fake_io));
    fake_io.mmio_read = read_mmio;
    fake_io.mmio_write = write_mmio;
    memset(table, 0, sizeof(table));
    wanted = UINT64_MAX;
    opened_wrong = false;
    ioapic_init(&ioapic, (volatile void *)PAGE);
    opened_wrong = false;
    return 0;
}

static void all_pins_are_masked_at_first(void **state)
{
    (void)state;
    assert_int_equal(ioapic.pins, PINS);
    for (unsigned pin = 0; pin < PINS; pin++) {
        assert_true(table[2 * pin] & MASKED);
    }
}

static void a_route_is_level_low_fixed_and_physical(void **state)
{
    (void)state;
    wanted = UINT64_C(7) << 56 | LEVEL | LOW | 0x41;
    ioapic_route(&ioapic, 11, 0x41, 7);
    assert_int_equal(entry(11), wanted);
    assert_false(opened_wrong);
}

static void a_pin_can_be_an_nmi_by_edge(void **state)
{
    (void)state;
    wanted = UINT64_C(3) << 56 | IOAPIC_DELIVERY_NMI << 8;
    ioapic_route_nmi(&ioapic, 4, 3);
    assert_int_equal(entry(4), wanted);
    assert_false(opened_wrong);
}

static void a_changed_route_is_never_half_open(void **state)
{
    (void)state;
    wanted = UINT64_C(7) << 56 | LEVEL | LOW | 0x41;
    ioapic_route(&ioapic, 11, 0x41, 7);
    wanted = UINT64_C(2) << 56 | LEVEL | LOW | 0x52;
    ioapic_route(&ioapic, 11, 0x52, 2);
    assert_int_equal(entry(11), wanted);
    assert_false(opened_wrong);
}

static void masking_keeps_what_waits_for_its_end(void **state)
{
    (void)state;
    wanted = UINT64_C(7) << 56 | LEVEL | LOW | 0x41;
    ioapic_route(&ioapic, 11, 0x41, 7);
    table[22] |= IRR;
    ioapic_mask(&ioapic, 11);
    assert_int_equal(entry(11), wanted | MASKED);
    assert_true(table[22] & IRR);
}

static void ending_clears_remote_irr_and_nothing_else(void **state)
{
    (void)state;
    wanted = UINT64_C(7) << 56 | LEVEL | LOW | 0x41;
    ioapic_route(&ioapic, 11, 0x41, 7);
    table[22] |= IRR;
    ioapic_end(&ioapic, 11);
    assert_int_equal(entry(11), wanted);
    assert_false(table[22] & IRR);
    assert_false(opened_wrong);
}

static void pins_beyond_the_last_are_ignored(void **state)
{
    (void)state;
    uint32_t before[2 * PINS];
    memcpy(before, table, sizeof(before));
    ioapic_route(&ioapic, PINS, 0x41, 7);
    ioapic_route_nmi(&ioapic, PINS, 7);
    ioapic_mask(&ioapic, 255);
    ioapic_end(&ioapic, 255);
    assert_memory_equal(before, table, sizeof(before));
}

static void without_an_ioapic_nothing_is_touched(void **state)
{
    (void)state;
    fake_io.mmio_read = NULL;
    fake_io.mmio_write = NULL; /* any access would be one to address 0 */
    ioapic_init(&ioapic, NULL);
    ioapic_route(&ioapic, 0, 0x41, 7);
    ioapic_mask(&ioapic, 0);
    ioapic_end(&ioapic, 0);
    assert_int_equal(ioapic.pins, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_pins_are_masked_at_first, begin),
        cmocka_unit_test_setup(a_route_is_level_low_fixed_and_physical, begin),
        cmocka_unit_test_setup(a_pin_can_be_an_nmi_by_edge, begin),
        cmocka_unit_test_setup(a_changed_route_is_never_half_open, begin),
        cmocka_unit_test_setup(masking_keeps_what_waits_for_its_end, begin),
        cmocka_unit_test_setup(ending_clears_remote_irr_and_nothing_else, begin),
        cmocka_unit_test_setup(pins_beyond_the_last_are_ignored, begin),
        cmocka_unit_test_setup(without_an_ioapic_nothing_is_touched, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
