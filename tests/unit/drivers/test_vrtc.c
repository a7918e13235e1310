/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/vrtc.c */
/*
 * The virtual RTC: calendar, formats, registers A to D, CMOS memory, and that a guest can neither
 * set the clock nor be kept waiting.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "drivers/vrtc.h"

struct rig {
    struct vrtc rtc;
    uint64_t now;
};

static uint64_t now(void *context)
{
    return ((struct rig *)context)->now;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct vrtc_machine machine = {.low_memory = MIB(512), .high_memory = GIB(4), .cpu_count = 3};

    assert_non_null(rig);
    rig->now = 951827696; /* 2000-02-29 12:34:56, a Tuesday */
    vrtc_init(&rig->rtc, &machine, now, rig);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static uint8_t get(struct rig *rig, unsigned index)
{
    vrtc_ops.write(&rig->rtc, 0, 1, index);
    return (uint8_t)vrtc_ops.read(&rig->rtc, 1, 1);
}

static void put(struct rig *rig, unsigned index, unsigned value)
{
    vrtc_ops.write(&rig->rtc, 0, 1, index);
    vrtc_ops.write(&rig->rtc, 1, 1, value);
}

static unsigned get16(struct rig *rig, unsigned index)
{
    return get(rig, index) | (unsigned)get(rig, index + 1) << 8;
}

static void clock_reads_bcd_and_24_hours_at_first(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(get(rig, RTC_SECONDS), 0x56);
    assert_int_equal(get(rig, RTC_MINUTES), 0x34);
    assert_int_equal(get(rig, RTC_HOURS), 0x12);
    assert_int_equal(get(rig, RTC_WEEKDAY), 0x03);
    assert_int_equal(get(rig, RTC_DAY), 0x29);
    assert_int_equal(get(rig, RTC_MONTH), 0x02);
    assert_int_equal(get(rig, RTC_YEAR), 0x00);
    assert_int_equal(get(rig, RTC_CENTURY), 0x20);
    assert_int_equal(get(rig, RTC_REGISTER_A), 0x26);
    assert_int_equal(get(rig, RTC_REGISTER_B), 0x02);
    assert_int_equal(get(rig, RTC_REGISTER_D), 0x80);
}

static void binary_mode_reads_binary(void **state)
{
    struct rig *rig = *state;

    put(rig, RTC_REGISTER_B, RTC_B_BINARY | RTC_B_24H);
    assert_int_equal(get(rig, RTC_SECONDS), 56);
    assert_int_equal(get(rig, RTC_DAY), 29);
    assert_int_equal(get(rig, RTC_CENTURY), 20);
}

static void twelve_hour_mode_marks_pm_and_has_no_zero(void **state)
{
    static const struct {
        unsigned hour;
        unsigned bcd;
        unsigned binary;
    } cases[] = {{0, 0x12, 12},    {1, 0x01, 1},     {11, 0x11, 11},
                 {12, 0x92, 0x8C}, {13, 0x81, 0x81}, {23, 0x91, 0x8B}};
    struct rig *rig = *state;

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        rig->now = cases[i].hour * 3600;
        put(rig, RTC_REGISTER_B, 0);
        assert_int_equal(get(rig, RTC_HOURS), cases[i].bcd);
        put(rig, RTC_REGISTER_B, RTC_B_BINARY);
        assert_int_equal(get(rig, RTC_HOURS), cases[i].binary);
    }
}

static void calendar_agrees_with_the_c_library(void **state)
{
    struct rig *rig = *state;

    put(rig, RTC_REGISTER_B, RTC_B_BINARY | RTC_B_24H);
    /* 1970 to 2399 in steps of somewhat less than a day, so that all days and hours occur */
    for (uint64_t t = 0; t < UINT64_C(13569465600); t += 86399) {
        struct tm tm;
        time_t c = (time_t)t;

        rig->now = t;
        assert_non_null(gmtime_r(&c, &tm));
        assert_int_equal(get(rig, RTC_SECONDS), tm.tm_sec);
        assert_int_equal(get(rig, RTC_MINUTES), tm.tm_min);
        assert_int_equal(get(rig, RTC_HOURS), tm.tm_hour);
        assert_int_equal(get(rig, RTC_WEEKDAY), tm.tm_wday + 1);
        assert_int_equal(get(rig, RTC_DAY), tm.tm_mday);
        assert_int_equal(get(rig, RTC_MONTH), tm.tm_mon + 1);
        assert_int_equal(get(rig, RTC_YEAR), tm.tm_year % 100);
        assert_int_equal(get(rig, RTC_CENTURY), (tm.tm_year + 1900) / 100);
    }
}

static void guest_cannot_set_the_clock(void **state)
{
    struct rig *rig = *state;
    static const uint8_t clock[] = {RTC_SECONDS, RTC_MINUTES, RTC_HOURS, RTC_WEEKDAY,
                                    RTC_DAY,     RTC_MONTH,   RTC_YEAR,  RTC_CENTURY};

    put(rig, RTC_REGISTER_B, RTC_B_SET | RTC_B_24H);
    for (unsigned i = 0; i < sizeof(clock); i++)
        put(rig, clock[i], 0x05);
    put(rig, RTC_REGISTER_B, RTC_B_24H);
    clock_reads_bcd_and_24_hours_at_first(state);
}

static void set_freezes_what_is_read(void **state)
{
    struct rig *rig = *state;

    put(rig, RTC_REGISTER_B, RTC_B_SET | RTC_B_24H | RTC_B_UIE);
    assert_int_equal(get(rig, RTC_REGISTER_B), RTC_B_SET | RTC_B_24H); /* SET clears UIE */
    rig->now += 2;
    assert_int_equal(get(rig, RTC_SECONDS), 0x56);
    put(rig, RTC_REGISTER_B, RTC_B_SET | RTC_B_24H); /* again: still the same moment */
    assert_int_equal(get(rig, RTC_SECONDS), 0x56);
    put(rig, RTC_REGISTER_B, RTC_B_24H);
    assert_int_equal(get(rig, RTC_SECONDS), 0x58);
}

static void update_in_progress_shows_once_a_second_to_who_polls(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(get(rig, RTC_REGISTER_A), 0x26);
    rig->now++;
    assert_int_equal(get(rig, RTC_REGISTER_A), 0xA6);
    assert_int_equal(get(rig, RTC_REGISTER_A), 0x26);
    rig->now += 2; /* not polled in the second before: no reader is sent round */
    assert_int_equal(get(rig, RTC_REGISTER_A), 0x26);
}

static void register_a_keeps_all_but_uip(void **state)
{
    struct rig *rig = *state;

    put(rig, RTC_REGISTER_A, 0xFF);
    assert_int_equal(get(rig, RTC_REGISTER_A), 0x7F);
}

static void update_flag_shows_a_new_second_and_is_cleared_by_reading(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(get(rig, RTC_REGISTER_C), 0);
    rig->now++;
    assert_int_equal(get(rig, RTC_REGISTER_C), RTC_C_UF | RTC_C_PF);
    assert_int_equal(get(rig, RTC_REGISTER_C), 0);
    put(rig, RTC_REGISTER_A, 0x20); /* rate 0: no periodic flag */
    put(rig, RTC_REGISTER_B, RTC_B_24H | RTC_B_UIE);
    rig->now++;
    assert_int_equal(get(rig, RTC_REGISTER_C), RTC_C_IRQF | RTC_C_UF);
    put(rig, RTC_REGISTER_C, 0xFF);
    put(rig, RTC_REGISTER_D, 0x00);
    assert_int_equal(get(rig, RTC_REGISTER_C), 0);
    assert_int_equal(get(rig, RTC_REGISTER_D), 0x80);
}

static void alarm_flag_needs_the_time_or_dont_care(void **state)
{
    struct rig *rig = *state;

    put(rig, RTC_REGISTER_A, 0x20);
    put(rig, RTC_HOURS_ALARM, 0x12);
    put(rig, RTC_MINUTES_ALARM, 0xFF);
    put(rig, RTC_SECONDS_ALARM, 0x58);
    assert_int_equal(get(rig, RTC_SECONDS_ALARM), 0x58);
    rig->now++;
    assert_int_equal(get(rig, RTC_REGISTER_C), RTC_C_UF);
    rig->now++;
    assert_int_equal(get(rig, RTC_REGISTER_C), RTC_C_UF | RTC_C_AF);
    put(rig, RTC_MINUTES_ALARM, 0xC0); /* the least that matches anything */
    rig->now += 60;
    assert_int_equal(get(rig, RTC_REGISTER_C), RTC_C_UF | RTC_C_AF);
    put(rig, RTC_MINUTES_ALARM, 0xBF);
    rig->now += 60;
    assert_int_equal(get(rig, RTC_REGISTER_C), RTC_C_UF);
    put(rig, RTC_MINUTES_ALARM, 0xFF);
    put(rig, RTC_HOURS_ALARM, 0x13);
    rig->now += 60;
    assert_int_equal(get(rig, RTC_REGISTER_C), RTC_C_UF);
}

static void memory_sizes_are_where_firmware_looks(void **state)
{
    struct rig *rig = *state;
    unsigned sum = 0;

    assert_int_equal(get16(rig, CMOS_BASE_LOW), 640);
    assert_int_equal(get16(rig, CMOS_EXTENDED_LOW), 0xFFFF); /* 511 MiB do not fit */
    assert_int_equal(get16(rig, CMOS_EXTENDED2), 0xFFFF);
    assert_int_equal(get16(rig, CMOS_ABOVE_16M), (512 - 16) * 16);
    assert_int_equal(get16(rig, CMOS_ABOVE_4G) | (unsigned)get(rig, CMOS_ABOVE_4G + 2) << 16,
                     4096 * 16);
    assert_int_equal(get(rig, CMOS_CPUS), 2);
    assert_int_equal(get(rig, CMOS_EQUIPMENT), 0x02); /* a coprocessor, no floppy drive */
    for (unsigned i = 0x10; i < 0x2E; i++)
        sum += get(rig, i);
    assert_int_equal(get(rig, CMOS_CHECKSUM), sum >> 8);
    assert_int_equal(get(rig, CMOS_CHECKSUM + 1), sum & 0xFF);
}

static void small_machines_have_small_sizes(void **state)
{
    struct rig *rig = *state;
    struct vrtc_machine machine = {.low_memory = MIB(8), .cpu_count = 1};

    vrtc_init(&rig->rtc, &machine, now, rig);
    assert_int_equal(get16(rig, CMOS_EXTENDED_LOW), 7 * 1024);
    assert_int_equal(get16(rig, CMOS_ABOVE_16M), 0);
    assert_int_equal(get16(rig, CMOS_ABOVE_4G), 0);
    assert_int_equal(get(rig, CMOS_CPUS), 0);
    machine.low_memory = KIB(256);
    vrtc_init(&rig->rtc, &machine, now, rig);
    assert_int_equal(get16(rig, CMOS_BASE_LOW), 256);
    assert_int_equal(get16(rig, CMOS_EXTENDED_LOW), 0);
}

static void memory_is_the_guests_until_reset(void **state)
{
    struct rig *rig = *state;

    put(rig, CMOS_SHUTDOWN, 0x0A);
    put(rig, 0x7F, 0x5A);
    assert_int_equal(get(rig, CMOS_SHUTDOWN), 0x0A);
    assert_int_equal(get(rig, 0x7F), 0x5A);
    assert_int_equal(get(rig, 0xFF), 0x5A); /* bit 7 of the index masks NMI, nothing else */
    vrtc_reset(&rig->rtc);
    assert_int_equal(vrtc_ops.read(&rig->rtc, 0, 1), 0);
    assert_int_equal(get(rig, CMOS_SHUTDOWN), 0);
    assert_int_equal(get(rig, 0x7F), 0);
    memory_sizes_are_where_firmware_looks(state);
}

static void nothing_reads_open_bus(void **state)
{
    struct rig *rig = *state;

    for (unsigned i = 0x0A; i < VRTC_SIZE; i++) {
        if (i < 0x17 || i >= 0x36) /* beside sizes that may be all ones */
            assert_int_not_equal(get(rig, i), 0xFF);
    }
}

static void index_reads_back_and_word_writes_do_both(void **state)
{
    struct rig *rig = *state;

    vrtc_ops.write(&rig->rtc, 0, 2, 0x770F | 0x80); /* index 0x8F, data 0x77 */
    assert_int_equal(vrtc_ops.read(&rig->rtc, 0, 1), 0x8F);
    assert_int_equal(vrtc_ops.read(&rig->rtc, 0, 2), 0x778F);
    assert_int_equal(get(rig, CMOS_SHUTDOWN), 0x77);
}

static void linux_reading_loop_ends(void **state)
{
    struct rig *rig = *state;

    for (unsigned i = 0; i < 100; i++) {
        unsigned tries = 0;

        rig->now += (unsigned)rand() % 3;
        while (get(rig, RTC_REGISTER_A) & RTC_A_UIP)
            tries++;
        assert_true(tries <= 1);
    }
}

static void random_accesses_stay_in_bounds(void **state)
{
    struct rig *rig = *state;

    srand(146818);
    for (unsigned i = 0; i < 200000; i++) {
        unsigned size = 1U + (unsigned)rand() % 2;
        unsigned offset = size == 2 ? 0 : (unsigned)rand() % 2;

        if (rand() % 50 == 0)
            rig->now += (uint64_t)rand() * 1000;
        if (rand() % 2)
            vrtc_ops.write(&rig->rtc, offset, size, (uint64_t)rand());
        else
            vrtc_ops.read(&rig->rtc, offset, size);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(clock_reads_bcd_and_24_hours_at_first),
        TEST(binary_mode_reads_binary),
        TEST(twelve_hour_mode_marks_pm_and_has_no_zero),
        TEST(calendar_agrees_with_the_c_library),
        TEST(guest_cannot_set_the_clock),
        TEST(set_freezes_what_is_read),
        TEST(update_in_progress_shows_once_a_second_to_who_polls),
        TEST(register_a_keeps_all_but_uip),
        TEST(update_flag_shows_a_new_second_and_is_cleared_by_reading),
        TEST(alarm_flag_needs_the_time_or_dont_care),
        TEST(memory_sizes_are_where_firmware_looks),
        TEST(small_machines_have_small_sizes),
        TEST(memory_is_the_guests_until_reset),
        TEST(nothing_reads_open_bus),
        TEST(index_reads_back_and_word_writes_do_both),
        TEST(linux_reading_loop_ends),
        TEST(random_accesses_stay_in_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
