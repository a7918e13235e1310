/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual RTC: see vrtc.h for what is and is not emulated. Called by the port router through
 * vrtc_ops. Time comes from the callback at each read; nothing ticks here.
 */
#include "drivers/vrtc.h"

#include "kernel/string.h"

#define INDEX_MASK      0x7F /* bit 7 of port 0x70 masks NMI on a PC */
#define SECONDS_PER_DAY 86400
#define DAYS_PER_ERA    146097 /* 400 years of the Gregorian calendar */
#define EPOCH_DAYS      719468 /* from 0000-03-01 to 1970-01-01 */
#define PM              0x80   /* of the hours in 12-hour mode */

#define A_AFTER_RESET   0x26 /* 32.768 kHz time base, 1024 Hz */
#define EQUIPMENT       0x02 /* coprocessor; no floppy, display as its own firmware says */

struct calendar {
    uint32_t year;   /* full */
    uint8_t month;   /* 1-12 */
    uint8_t day;     /* 1-31 */
    uint8_t weekday; /* 1-7, 1: Sunday */
    uint8_t hour;
    uint8_t minute;
    uint8_t second;
};

/* Counts years from March, so that the leap day is a year's last and month lengths are regular. */
static struct calendar calendar_of(uint64_t now)
{
    uint64_t days = now / SECONDS_PER_DAY;
    uint32_t second = (uint32_t)(now % SECONDS_PER_DAY);
    uint64_t since = days + EPOCH_DAYS;
    uint32_t in_era = (uint32_t)(since % DAYS_PER_ERA);
    uint32_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    uint32_t day = in_era - (365 * year + year / 4 - year / 100); /* 0: March 1st */
    uint32_t month = (5 * day + 2) / 153;                         /* 0: March */

    return (struct calendar){
        .year = (uint32_t)(since / DAYS_PER_ERA) * 400 + year + (month >= 10),
        .month = (uint8_t)(month < 10 ? month + 3 : month - 9),
        .day = (uint8_t)(day - (153 * month + 2) / 5 + 1),
        .weekday = (uint8_t)((days + 4) % 7 + 1), /* 1970-01-01 was a Thursday */
        .hour = (uint8_t)(second / 3600),
        .minute = (uint8_t)(second / 60 % 60),
        .second = (uint8_t)(second % 60),
    };
}

static uint64_t time_now(const struct vrtc *rtc)
{
    return rtc->now(rtc->now_context);
}

static bool is_set(const struct vrtc *rtc, uint8_t bits_of_b)
{
    return (rtc->memory[RTC_REGISTER_B] & bits_of_b) != 0;
}

/* A value below 100 as register B wants it. */
static uint8_t encode(const struct vrtc *rtc, uint32_t value)
{
    return (uint8_t)(is_set(rtc, RTC_B_BINARY) ? value : value / 10 << 4 | value % 10);
}

static uint8_t encode_hour(const struct vrtc *rtc, uint8_t hour)
{
    if (is_set(rtc, RTC_B_24H))
        return encode(rtc, hour);
    return encode(rtc, hour % 12 ? hour % 12U : 12) | (hour >= 12 ? PM : 0);
}

static uint8_t read_clock(const struct vrtc *rtc, unsigned index)
{
    struct calendar now = calendar_of(is_set(rtc, RTC_B_SET) ? rtc->frozen : time_now(rtc));

    switch (index) {
    case RTC_SECONDS:
        return encode(rtc, now.second);
    case RTC_MINUTES:
        return encode(rtc, now.minute);
    case RTC_HOURS:
        return encode_hour(rtc, now.hour);
    case RTC_WEEKDAY:
        return encode(rtc, now.weekday);
    case RTC_DAY:
        return encode(rtc, now.day);
    case RTC_MONTH:
        return encode(rtc, now.month);
    case RTC_YEAR:
        return encode(rtc, now.year % 100);
    default: /* RTC_CENTURY */
        return encode(rtc, now.year / 100 % 100);
    }
}

static uint8_t read_a(struct vrtc *rtc)
{
    uint64_t now = time_now(rtc);
    bool just_begun = now == rtc->uip_second + 1 && !is_set(rtc, RTC_B_SET);

    rtc->uip_second = now;
    return rtc->memory[RTC_REGISTER_A] | (just_begun ? RTC_A_UIP : 0);
}

/* Data sheet, "Alarm": a byte from 0xC0 on matches any value. */
static bool alarm_matches(const struct vrtc *rtc, unsigned alarm, unsigned clock)
{
    return rtc->memory[alarm] >= 0xC0 || rtc->memory[alarm] == read_clock(rtc, clock);
}

/* Flags of what happened since the last read, which clears them. */
static uint8_t read_c(struct vrtc *rtc)
{
    uint64_t now = time_now(rtc);
    uint8_t flags = 0;

    if (now != rtc->flags_second && !is_set(rtc, RTC_B_SET)) {
        flags = RTC_C_UF;
        if (rtc->memory[RTC_REGISTER_A] & RTC_A_RATE)
            flags |= RTC_C_PF;
        if (alarm_matches(rtc, RTC_SECONDS_ALARM, RTC_SECONDS) &&
            alarm_matches(rtc, RTC_MINUTES_ALARM, RTC_MINUTES) &&
            alarm_matches(rtc, RTC_HOURS_ALARM, RTC_HOURS))
            flags |= RTC_C_AF;
    }
    rtc->flags_second = now;
    if (flags & rtc->memory[RTC_REGISTER_B]) /* the enables stand at the same bits */
        flags |= RTC_C_IRQF;
    return flags;
}

/* Data sheet, "Register B": SET stops the updates and clears UIE. */
static void write_b(struct vrtc *rtc, uint8_t value)
{
    if (value & RTC_B_SET) {
        if (!is_set(rtc, RTC_B_SET))
            rtc->frozen = time_now(rtc);
        value &= (uint8_t)~RTC_B_UIE;
    }
    rtc->memory[RTC_REGISTER_B] = value;
}

static uint8_t read_data(struct vrtc *rtc)
{
    unsigned index = rtc->index & INDEX_MASK;

    switch (index) {
    case RTC_SECONDS:
    case RTC_MINUTES:
    case RTC_HOURS:
    case RTC_WEEKDAY:
    case RTC_DAY:
    case RTC_MONTH:
    case RTC_YEAR:
    case RTC_CENTURY:
        return read_clock(rtc, index);
    case RTC_REGISTER_A:
        return read_a(rtc);
    case RTC_REGISTER_C:
        return read_c(rtc);
    case RTC_REGISTER_D:
        return RTC_D_VRT;
    default:
        return rtc->memory[index];
    }
}

static void write_data(struct vrtc *rtc, uint8_t value)
{
    unsigned index = rtc->index & INDEX_MASK;

    switch (index) {
    case RTC_SECONDS:
    case RTC_MINUTES:
    case RTC_HOURS:
    case RTC_WEEKDAY:
    case RTC_DAY:
    case RTC_MONTH:
    case RTC_YEAR:
    case RTC_CENTURY:
    case RTC_REGISTER_C:
    case RTC_REGISTER_D:
        break; /* the clock is not the guest's to set */
    case RTC_REGISTER_A:
        rtc->memory[index] = value & (uint8_t)~RTC_A_UIP;
        break;
    case RTC_REGISTER_B:
        write_b(rtc, value);
        break;
    default:
        rtc->memory[index] = value;
        break;
    }
}

static uint64_t vrtc_read(void *device, uint64_t offset, unsigned size)
{
    struct vrtc *rtc = device;
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)((offset + i) % 2 ? read_data(rtc) : rtc->index) << (8 * i);
    return value;
}

static void vrtc_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vrtc *rtc = device;

    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));

        if ((offset + i) % 2)
            write_data(rtc, byte);
        else
            rtc->index = byte;
    }
}

const struct device_ops vrtc_ops = {.read = vrtc_read, .write = vrtc_write};

/* `bytes` bytes of memory, lowest first, with at most the largest value that fits. */
static void put(struct vrtc *rtc, unsigned index, unsigned bytes, uint64_t value)
{
    value = MIN(value, BIT(8 * bytes) - 1);
    for (unsigned i = 0; i < bytes; i++)
        rtc->memory[index + i] = (uint8_t)(value >> (8 * i));
}

static uint64_t above(uint64_t size, uint64_t limit)
{
    return size > limit ? size - limit : 0;
}

static void fill_memory(struct vrtc *rtc)
{
    const struct vrtc_machine *machine = &rtc->machine;
    unsigned sum = 0;

    rtc->memory[CMOS_EQUIPMENT] = EQUIPMENT;
    put(rtc, CMOS_BASE_LOW, 2, MIN(machine->low_memory / KIB(1), 640));
    put(rtc, CMOS_EXTENDED_LOW, 2, above(machine->low_memory, MIB(1)) / KIB(1));
    put(rtc, CMOS_EXTENDED2, 2, above(machine->low_memory, MIB(1)) / KIB(1));
    put(rtc, CMOS_ABOVE_16M, 2, above(machine->low_memory, MIB(16)) / KIB(64));
    put(rtc, CMOS_ABOVE_4G, 3, machine->high_memory / KIB(64));
    put(rtc, CMOS_CPUS, 1, above(machine->cpu_count, 1));
    for (unsigned i = 0x10; i < CMOS_CHECKSUM; i++)
        sum += rtc->memory[i];
    rtc->memory[CMOS_CHECKSUM] = (uint8_t)(sum >> 8);
    rtc->memory[CMOS_CHECKSUM + 1] = (uint8_t)sum;
}

void vrtc_reset(struct vrtc *rtc)
{
    memset(rtc->memory, 0, sizeof(rtc->memory));
    rtc->index = 0;
    rtc->memory[RTC_REGISTER_A] = A_AFTER_RESET;
    rtc->memory[RTC_REGISTER_B] = RTC_B_24H;
    rtc->uip_second = 0;
    rtc->flags_second = time_now(rtc);
    rtc->frozen = 0;
    fill_memory(rtc);
}

void vrtc_init(struct vrtc *rtc, const struct vrtc_machine *machine, vrtc_now_fn *now,
               void *now_context)
{
    memset(rtc, 0, sizeof(*rtc));
    rtc->now = now;
    rtc->now_context = now_context;
    rtc->machine = *machine;
    vrtc_reset(rtc);
}
