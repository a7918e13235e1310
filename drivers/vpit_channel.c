/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One channel of the virtual PIT: 8254 data sheet, "Mode Definitions". Called by vpit.c. Modes 2
 * and 3 keep `start` at the beginning of the current period or half wave (advance); the other modes
 * count on from one start for ever.
 */
#include "drivers/vpit_channel.h"

#define BINARY_MODULUS 65536
#define BCD_MODULUS    10000

enum mode {
    TERMINAL_COUNT = 0,
    ONE_SHOT = 1,
    RATE = 2,
    SQUARE = 3,
    SOFTWARE_STROBE = 4,
    HARDWARE_STROBE = 5,
};

#define CONTROL_BCD    0x01
#define CONTROL_MODE   0x0E
#define CONTROL_ACCESS 0x30

static uint32_t modulus(const struct vpit_channel *channel)
{
    return channel->bcd ? BCD_MODULUS : BINARY_MODULUS;
}

/* 1 to the modulus. Digits beyond 9 count with their weight. */
static uint32_t decode(const struct vpit_channel *channel, uint16_t written)
{
    uint32_t value = written;

    if (channel->bcd)
        value = (written & 0xFU) + 10 * (written >> 4 & 0xFU) + 100 * (written >> 8 & 0xFU) +
                1000 * (written >> 12 & 0xFU);
    value %= modulus(channel);
    return value ? value : modulus(channel);
}

static uint16_t encode(const struct vpit_channel *channel, uint32_t value)
{
    value %= modulus(channel);
    if (!channel->bcd)
        return (uint16_t)value;
    return (uint16_t)(value % 10 | value / 10 % 10 << 4 | value / 100 % 10 << 8 |
                      value / 1000 << 12);
}

/* Ticks since the count was loaded, or since the half wave began. */
static uint64_t counted(const struct vpit_channel *channel, uint64_t now)
{
    if (channel->paused)
        return channel->elapsed;
    return now > channel->start ? now - channel->start : 0;
}

/* Data sheet, "Mode 3": for odd counts the high half is one tick longer. */
static uint32_t half_length(const struct vpit_channel *channel)
{
    return channel->high ? (channel->count + 1) / 2 : channel->count / 2;
}

static void take_pending(struct vpit_channel *channel)
{
    if (!channel->pending)
        return;
    channel->count = channel->pending;
    channel->pending = 0;
}

void vpit_channel_set_mode(struct vpit_channel *channel, uint8_t control)
{
    channel->mode = (uint8_t)FIELD_GET(CONTROL_MODE, (unsigned)control);
    if (channel->mode > HARDWARE_STROBE) /* 6 and 7 are 2 and 3: the high bit is not decoded */
        channel->mode -= 4;
    channel->access = (uint8_t)FIELD_GET(CONTROL_ACCESS, (unsigned)control);
    channel->bcd = (control & CONTROL_BCD) != 0;
    channel->armed = false;
    channel->triggered = false;
    channel->paused = false;
    channel->high = true;
    channel->count = modulus(channel);
    channel->pending = 0;
    channel->write_high = false;
    channel->read_high = false;
    channel->count_latched = false;
    channel->status_latched = false;
}

/* Loads at the next tick and counts from there, unless the gate forbids it. */
static void start_counting(struct vpit_channel *channel, uint64_t now)
{
    channel->armed = true;
    channel->start = now + 1;
    channel->elapsed = 0;
    channel->high = true;
    channel->paused = !channel->gate;
}

void vpit_channel_load(struct vpit_channel *channel, uint64_t now, uint16_t written)
{
    uint32_t count = decode(channel, written);

    switch ((enum mode)channel->mode) {
    case TERMINAL_COUNT:
    case SOFTWARE_STROBE:
        channel->count = count;
        start_counting(channel, now);
        break;
    case RATE:
    case SQUARE:
        if (channel->armed) {
            channel->pending = count;
            break;
        }
        channel->count = count;
        start_counting(channel, now);
        break;
    case ONE_SHOT:
    case HARDWARE_STROBE:
        channel->pending = count;
        channel->armed = true;
        break;
    }
}

void vpit_channel_hold(struct vpit_channel *channel)
{
    if (channel->mode == TERMINAL_COUNT)
        channel->armed = false; /* the output is low until the whole count is there */
}

static void gate_falls(struct vpit_channel *channel, uint64_t now)
{
    if (channel->mode == ONE_SHOT || channel->mode == HARDWARE_STROBE)
        return;
    channel->elapsed = counted(channel, now);
    channel->paused = true;
}

static void gate_rises(struct vpit_channel *channel, uint64_t now)
{
    switch ((enum mode)channel->mode) {
    case TERMINAL_COUNT:
    case SOFTWARE_STROBE:
        channel->start = now - channel->elapsed;
        channel->paused = false;
        break;
    case RATE:
    case SQUARE:
        take_pending(channel);
        start_counting(channel, now);
        break;
    case ONE_SHOT:
    case HARDWARE_STROBE:
        take_pending(channel);
        channel->triggered = true;
        channel->start = now + 1;
        break;
    }
}

void vpit_channel_set_gate(struct vpit_channel *channel, uint64_t now, bool gate)
{
    if (channel->gate == gate)
        return;
    channel->gate = gate;
    if (!channel->armed)
        return;
    if (gate)
        gate_rises(channel, now);
    else
        gate_falls(channel, now);
}

static void advance_rate(struct vpit_channel *channel, uint64_t now)
{
    if (channel->pending && now - channel->start >= channel->count) {
        channel->start += channel->count;
        take_pending(channel);
    }
    channel->start += (now - channel->start) / channel->count * channel->count;
}

static void next_half(struct vpit_channel *channel)
{
    channel->start += half_length(channel);
    channel->high = !channel->high;
}

static void advance_square(struct vpit_channel *channel, uint64_t now)
{
    if (channel->pending && now - channel->start >= half_length(channel)) {
        next_half(channel);
        take_pending(channel);
    }
    channel->start += (now - channel->start) / channel->count * channel->count;
    if (now - channel->start >= half_length(channel))
        next_half(channel);
}

void vpit_channel_advance(struct vpit_channel *channel, uint64_t now)
{
    if (!channel->armed || channel->paused || now < channel->start)
        return;
    if (channel->mode == RATE)
        advance_rate(channel, now);
    else if (channel->mode == SQUARE)
        advance_square(channel, now);
}

uint16_t vpit_channel_count(const struct vpit_channel *channel, uint64_t now)
{
    uint32_t all = modulus(channel);
    uint64_t ticks = counted(channel, now);

    if (!channel->armed)
        return 0;
    switch ((enum mode)channel->mode) {
    case ONE_SHOT:
    case HARDWARE_STROBE:
        if (!channel->triggered)
            ticks = 0;
        break;
    case SQUARE: /* an even number, by twos */
        return encode(channel, (channel->count & ~1U) - 2 * (uint32_t)ticks);
    default:
        break;
    }
    return encode(channel, channel->count + all - (uint32_t)(ticks % all));
}

bool vpit_channel_out(const struct vpit_channel *channel, uint64_t now)
{
    uint64_t ticks = counted(channel, now);

    if (!channel->armed)
        return channel->mode != TERMINAL_COUNT;
    switch ((enum mode)channel->mode) {
    case TERMINAL_COUNT:
        return ticks >= channel->count;
    case ONE_SHOT:
        return !channel->triggered || ticks >= channel->count;
    case RATE: /* a count of 1 is illegal: no pulse */
        return channel->paused || channel->count == 1 || ticks != channel->count - 1;
    case SQUARE:
        return channel->paused || channel->high;
    case SOFTWARE_STROBE:
        return channel->paused || ticks != channel->count;
    case HARDWARE_STROBE:
        return !channel->triggered || ticks != channel->count;
    }
    return true;
}

bool vpit_channel_null_count(const struct vpit_channel *channel, uint64_t now)
{
    if (!channel->armed || channel->pending)
        return true;
    return !channel->paused && now < channel->start;
}

static uint64_t after_or_never(uint64_t tick, uint64_t after)
{
    return tick > after ? tick : VPIT_NEVER;
}

/* The end of the low half wave that comes or is there. */
static uint64_t square_rise(const struct vpit_channel *channel)
{
    uint32_t next = channel->pending ? channel->pending : channel->count;

    if (!channel->high)
        return channel->start + channel->count / 2;
    if (next == 1) /* illegal: no low half */
        return VPIT_NEVER;
    return channel->start + half_length(channel) + next / 2;
}

uint64_t vpit_channel_next_rise(const struct vpit_channel *channel, uint64_t after)
{
    if (!channel->armed || channel->paused)
        return VPIT_NEVER;
    switch ((enum mode)channel->mode) {
    case TERMINAL_COUNT:
        return after_or_never(channel->start + channel->count, after);
    case RATE: /* `after` lies within the period that begins at start */
        return channel->count == 1 && !channel->pending ? VPIT_NEVER
                                                        : channel->start + channel->count;
    case SQUARE:
        return square_rise(channel);
    case SOFTWARE_STROBE:
        return after_or_never(channel->start + channel->count + 1, after);
    case ONE_SHOT: /* channel 0's gate never rises */
    case HARDWARE_STROBE:
        break;
    }
    return VPIT_NEVER;
}
