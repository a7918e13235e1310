/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/irq_route.c kernel/icr.c kernel/apic_map.c */
/* Which CPU a device's interrupt goes to, and which are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/irq_route.h"

static const uint32_t ids[] = {3, 5, 0x105};
static const struct xapic_logical logical[CPU_MAX] = {{1, XAPIC_MODEL_FLAT}, {2, XAPIC_MODEL_FLAT}};
static struct apic_map map;
static uint8_t apic_id;

static int begin(void **state)
{
    (void)state;
    apic_map_init(&map, ids, ARRAY_SIZE(ids));
    apic_id = 0xEE;
    return 0;
}

static bool route(uint8_t destination, bool is_logical, uint8_t mode, uint8_t vector)
{
    const struct vioapic_message message = {
        .destination = destination, .logical = is_logical, .delivery_mode = mode, .vector = vector};
    return irq_route(&map, logical, &message, &apic_id);
}

static void a_fixed_interrupt_goes_to_its_cpu(void **state)
{
    (void)state;
    assert_true(route(5, false, IOAPIC_DELIVERY_FIXED, 0x41));
    assert_int_equal(apic_id, 5);
}

static void of_several_cpus_the_first_takes_it(void **state)
{
    (void)state;
    assert_true(route(3, true, IOAPIC_DELIVERY_LOWEST, 16));
    assert_int_equal(apic_id, 3);
    assert_true(route(0xFF, false, IOAPIC_DELIVERY_FIXED, 255));
    assert_int_equal(apic_id, 3);
    assert_true(route(2, true, IOAPIC_DELIVERY_FIXED, 255));
    assert_int_equal(apic_id, 5);
}

static void another_vms_cpu_is_refused(void **state)
{
    (void)state;
    assert_false(route(4, false, IOAPIC_DELIVERY_FIXED, 0x41));
    assert_false(route(0x80, true, IOAPIC_DELIVERY_FIXED, 0x41));
    assert_int_equal(apic_id, 0xEE);
}

static void an_id_above_254_is_refused(void **state)
{
    (void)state;
    apic_map_init(&map, &ids[2], 1);
    assert_false(route(0xFF, false, IOAPIC_DELIVERY_FIXED, 0x41));
    const uint32_t broadcast = 255;
    apic_map_init(&map, &broadcast, 1);
    assert_false(route(0xFF, false, IOAPIC_DELIVERY_FIXED, 0x41));
}

static void other_modes_and_low_vectors_are_refused(void **state)
{
    (void)state;
    for (uint8_t mode = IOAPIC_DELIVERY_SMI; mode < 8; mode++) {
        assert_false(route(5, false, mode, 0x41));
    }
    assert_false(route(5, false, IOAPIC_DELIVERY_FIXED, 15));
}

static void an_entry_becomes_a_message(void **state)
{
    (void)state;
    struct vioapic_message message;
    assert_true(
        irq_message_of_entry(UINT64_C(5) << 56 | 1 << 15 | 1 << 11 | 1 << 8 | 0x77, &message));
    assert_int_equal(message.destination, 5);
    assert_true(message.logical);
    assert_int_equal(message.delivery_mode, IOAPIC_DELIVERY_LOWEST);
    assert_int_equal(message.vector, 0x77);
    assert_false(irq_message_of_entry(UINT64_C(5) << 56 | 1 << 16 | 0x77, &message));
}

static void an_msi_becomes_a_message(void **state)
{
    (void)state;
    struct vioapic_message message;
    struct vpci_msi msi = {.enabled = true, .address = 0xFEE0500C, .data = 0x4177};
    assert_true(irq_message_of_msi(&msi, &message));
    assert_int_equal(message.destination, 5);
    assert_true(message.logical);
    assert_int_equal(message.delivery_mode, IOAPIC_DELIVERY_LOWEST);
    assert_int_equal(message.vector, 0x77);
    msi.enabled = false;
    assert_false(irq_message_of_msi(&msi, &message));
}

static void an_msi_to_memory_is_refused(void **state)
{
    (void)state;
    static const uint64_t addresses[] = {0, 0x1000, 0xFED05000, 0xFEF05000, 0x1FEE05000};
    struct vioapic_message message;
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        const struct vpci_msi msi = {.enabled = true, .address = addresses[i], .data = 0x77};
        assert_false(irq_message_of_msi(&msi, &message));
    }
}

static void the_written_address_is_physical_and_unredirected(void **state)
{
    (void)state;
    assert_int_equal(irq_msi_address(5), 0xFEE05000);
    assert_int_equal(irq_msi_address(254), 0xFEEFE000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_fixed_interrupt_goes_to_its_cpu, begin),
        cmocka_unit_test_setup(of_several_cpus_the_first_takes_it, begin),
        cmocka_unit_test_setup(another_vms_cpu_is_refused, begin),
        cmocka_unit_test_setup(an_id_above_254_is_refused, begin),
        cmocka_unit_test_setup(other_modes_and_low_vectors_are_refused, begin),
        cmocka_unit_test_setup(an_entry_becomes_a_message, begin),
        cmocka_unit_test_setup(an_msi_becomes_a_message, begin),
        cmocka_unit_test_setup(an_msi_to_memory_is_refused, begin),
        cmocka_unit_test_setup(the_written_address_is_physical_and_unredirected, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
