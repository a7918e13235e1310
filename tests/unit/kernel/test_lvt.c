/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/lvt.c */
/* LVT writes: no delivery mode but fixed and NMI, no source of the machine's, no reserved bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/icr.h"
#include "kernel/lvt.h"
#include "kernel/msr.h"

static const uint32_t all[] = {MSR_X2APIC_LVT_CMCI, MSR_X2APIC_LVT_TIMER, MSR_X2APIC_LVT_THERMAL,
                               MSR_X2APIC_LVT_PMI,  MSR_X2APIC_LVT_LINT0, MSR_X2APIC_LVT_LINT1,
                               MSR_X2APIC_LVT_ERROR};

static void timer_and_error_entries_are_the_guests(void **state)
{
    (void)state;
    struct lvt_check c = lvt_check(MSR_X2APIC_LVT_TIMER, 0x400ec, true);
    assert_int_equal(c.verdict, LVT_WRITE);
    assert_int_equal(c.value, 0x400ec);
    assert_false(c.denied);
    c = lvt_check(MSR_X2APIC_LVT_ERROR, 0xfe, true);
    assert_int_equal(c.verdict, LVT_WRITE);
    assert_int_equal(c.value, 0xfe);
}

static void timer_modes_are_those_the_guest_has(void **state)
{
    (void)state;
    assert_int_equal(lvt_check(MSR_X2APIC_LVT_TIMER, 0x000ec, false).verdict, LVT_WRITE);
    assert_int_equal(lvt_check(MSR_X2APIC_LVT_TIMER, 0x200ec, false).verdict, LVT_WRITE);
    assert_int_equal(lvt_check(MSR_X2APIC_LVT_TIMER, 0x400ec, false).verdict, LVT_FAULT);
    assert_int_equal(lvt_check(MSR_X2APIC_LVT_TIMER, 0x600ec, true).verdict, LVT_FAULT);
}

static void no_mode_but_fixed_and_nmi_reaches_hardware(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        for (uint32_t mode = 0; mode < 8; mode++) {
            struct lvt_check c = lvt_check(all[i], mode << 8 | 0x40, true);
            uint64_t written = FIELD_GET(LVT_DELIVERY_MODE, c.value);
            bool safe = written == APIC_MODE_FIXED || written == APIC_MODE_NMI;
            assert_true(c.verdict == LVT_FAULT || safe);
        }
    }
}

static void forbidden_modes_are_masked_and_counted(void **state)
{
    (void)state;
    static const uint32_t forbidden[] = {APIC_MODE_LOWEST_PRIORITY, APIC_MODE_SMI,
                                         APIC_MODE_REMOTE_READ,     APIC_MODE_INIT,
                                         APIC_MODE_STARTUP,         APIC_MODE_EXTINT};
    for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
        struct lvt_check c = lvt_check(MSR_X2APIC_LVT_PMI, forbidden[i] << 8 | 0x40, true);
        assert_int_equal(c.verdict, LVT_WRITE);
        assert_int_equal(c.value, LVT_MASKED | 0x40);
        assert_true(c.denied);
        c = lvt_check(MSR_X2APIC_LVT_PMI, forbidden[i] << 8 | 0x40 | LVT_MASKED, true);
        assert_int_equal(c.value, LVT_MASKED | 0x40);
        assert_false(c.denied);
    }
    struct lvt_check nmi = lvt_check(MSR_X2APIC_LVT_PMI, APIC_MODE_NMI << 8, true);
    assert_int_equal(nmi.value, APIC_MODE_NMI << 8);
    assert_false(nmi.denied);
}

static void sources_of_the_machine_stay_masked(void **state)
{
    (void)state;
    static const uint32_t machine[] = {MSR_X2APIC_LVT_CMCI, MSR_X2APIC_LVT_THERMAL,
                                       MSR_X2APIC_LVT_LINT0, MSR_X2APIC_LVT_LINT1};
    for (size_t i = 0; i < ARRAY_SIZE(machine); i++) {
        struct lvt_check c = lvt_check(machine[i], APIC_MODE_NMI << 8, true);
        assert_int_equal(c.verdict, LVT_WRITE);
        assert_int_equal(c.value, LVT_MASKED);
        assert_false(c.denied);
    }
}

/* What an operating system writes to its pins at start must not fault. */
static void usual_pin_set_up_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(lvt_check(MSR_X2APIC_LVT_LINT0, 0x10700, true).verdict, LVT_WRITE);
    assert_int_equal(lvt_check(MSR_X2APIC_LVT_LINT0, 0x00700, true).verdict, LVT_WRITE);
    assert_int_equal(lvt_check(MSR_X2APIC_LVT_LINT1, 0x0a400, true).verdict, LVT_WRITE);
}

static void reserved_bits_fault(void **state)
{
    (void)state;
    static const uint32_t defined[] = {0x117ff, 0x710ff, 0x117ff, 0x117ff,
                                       0x1f7ff, 0x1f7ff, 0x110ff};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            /* bit 18 alone is the timer's deadline mode */
            struct lvt_check c = lvt_check(all[i], BIT(bit) | LVT_MASKED, true);
            assert_int_equal(c.verdict == LVT_WRITE, (defined[i] & BIT(bit)) != 0);
        }
    }
}

static void read_only_status_is_not_written(void **state)
{
    (void)state;
    assert_int_equal(lvt_check(MSR_X2APIC_LVT_TIMER, 0x10ec, true).value, 0xec);
}

static void other_registers_are_no_lvt(void **state)
{
    (void)state;
    assert_int_equal(lvt_check(MSR_X2APIC_ICR, 0, true).verdict, LVT_FAULT);
    assert_int_equal(lvt_check(MSR_X2APIC_INITIAL_COUNT, 0, true).verdict, LVT_FAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timer_and_error_entries_are_the_guests),
        cmocka_unit_test(timer_modes_are_those_the_guest_has),
        cmocka_unit_test(no_mode_but_fixed_and_nmi_reaches_hardware),
        cmocka_unit_test(forbidden_modes_are_masked_and_counted),
        cmocka_unit_test(sources_of_the_machine_stay_masked),
        cmocka_unit_test(usual_pin_set_up_is_accepted),
        cmocka_unit_test(reserved_bits_fault),
        cmocka_unit_test(read_only_status_is_not_written),
        cmocka_unit_test(other_registers_are_no_lvt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
