/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual PIT: ports, latches and channel 0's line. See vpit.h; vpit_channel.c counts. Every
 * access first brings line and channel up to date, so that edges that are due come before what the
 * guest changes.
 */
#include "drivers/vpit.h"

#include "drivers/vpit_channel.h"
#include "kernel/string.h"

#define CONTROL_OFFSET 3
#define SPEAKER        2 /* the channel with gate and output at port B */

/* Control word */
#define CONTROL_SELECT      0xC0
#define CONTROL_READ_BACK   3 /* of CONTROL_SELECT */
#define CONTROL_ACCESS      0x30
#define ACCESS_LOW          1
#define ACCESS_HIGH         2
#define ACCESS_BOTH         3
#define READ_BACK_NO_COUNT  0x20
#define READ_BACK_NO_STATUS 0x10
#define READ_BACK_CHANNEL0  0x02

/* Status byte of the read-back command */
#define STATUS_OUT    0x80
#define STATUS_NULL   0x40
#define STATUS_ACCESS 0x30
#define STATUS_MODE   0x0E
#define STATUS_BCD    0x01

/* Port B */
#define PORT_B_GATE     0x01
#define PORT_B_WRITABLE 0x0F
#define PORT_B_REFRESH  0x10 /* toggles with each refresh */
#define PORT_B_OUT      0x20
#define REFRESH_TICKS   18 /* about 15 us */

#define RESET_CONTROL   0x30 /* access both, mode 0, binary */

static void drive(struct vpit *pit, bool level)
{
    if (level == pit->irq_asserted)
        return;
    pit->irq_asserted = level;
    if (pit->irq.set)
        pit->irq.set(pit->irq.context, level);
}

/* Brings line and channels up to date; returns the time. */
static uint64_t synchronize(struct vpit *pit)
{
    uint64_t now = pit->now(pit->now_context);
    bool rose = vpit_channel_next_rise(&pit->channels[0], pit->updated) <= now;

    for (unsigned i = 0; i < VPIT_CHANNELS; i++)
        vpit_channel_advance(&pit->channels[i], now);
    if (rose) {
        drive(pit, false);
        drive(pit, true);
    }
    drive(pit, vpit_channel_out(&pit->channels[0], now));
    pit->updated = now;
    return now;
}

void vpit_update(struct vpit *pit)
{
    synchronize(pit);
}

uint64_t vpit_next_edge(const struct vpit *pit)
{
    return vpit_channel_next_rise(&pit->channels[0], pit->updated);
}

static void latch_count(struct vpit_channel *channel, uint64_t now)
{
    if (channel->count_latched) /* data sheet: ignored until the first one has been read */
        return;
    channel->latch = vpit_channel_count(channel, now);
    channel->count_latched = true;
}

static void latch_status(struct vpit_channel *channel, uint64_t now)
{
    if (channel->status_latched)
        return;
    channel->status =
        (uint8_t)((vpit_channel_out(channel, now) ? STATUS_OUT : 0) |
                  (vpit_channel_null_count(channel, now) ? STATUS_NULL : 0) |
                  FIELD_SET(STATUS_ACCESS, channel->access) |
                  FIELD_SET(STATUS_MODE, channel->mode) | (channel->bcd ? STATUS_BCD : 0));
    channel->status_latched = true;
}

static void read_back(struct vpit *pit, uint64_t now, uint8_t command)
{
    for (unsigned i = 0; i < VPIT_CHANNELS; i++) {
        if (!(command & READ_BACK_CHANNEL0 << i))
            continue;
        if (!(command & READ_BACK_NO_COUNT))
            latch_count(&pit->channels[i], now);
        if (!(command & READ_BACK_NO_STATUS))
            latch_status(&pit->channels[i], now);
    }
}

static void write_control(struct vpit *pit, uint64_t now, uint8_t value)
{
    unsigned select = FIELD_GET(CONTROL_SELECT, (unsigned)value);

    if (select == CONTROL_READ_BACK)
        read_back(pit, now, value);
    else if (value & CONTROL_ACCESS)
        vpit_channel_set_mode(&pit->channels[select], value);
    else
        latch_count(&pit->channels[select], now);
}

static void write_count(struct vpit_channel *channel, uint64_t now, uint8_t value)
{
    switch (channel->access) {
    case ACCESS_LOW:
        vpit_channel_load(channel, now, value);
        return;
    case ACCESS_HIGH:
        vpit_channel_load(channel, now, (uint16_t)(value << 8));
        return;
    default:
        break;
    }
    channel->write_high = !channel->write_high;
    if (channel->write_high) {
        channel->low_byte = value;
        vpit_channel_hold(channel);
        return;
    }
    vpit_channel_load(channel, now, (uint16_t)(value << 8 | channel->low_byte));
}

static uint8_t read_count(struct vpit_channel *channel, uint64_t now)
{
    uint16_t count = channel->count_latched ? channel->latch : vpit_channel_count(channel, now);
    bool high = channel->access == ACCESS_HIGH;

    if (channel->status_latched) { /* comes before a count that was latched, too */
        channel->status_latched = false;
        return channel->status;
    }
    if (channel->access == ACCESS_BOTH) {
        high = channel->read_high;
        channel->read_high = !high;
    }
    if (!channel->read_high)
        channel->count_latched = false;
    return (uint8_t)(high ? count >> 8 : count);
}

static uint64_t vpit_read(void *device, uint64_t offset, unsigned size)
{
    struct vpit *pit = device;
    uint64_t now = synchronize(pit);
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        unsigned port = (offset + i) % VPIT_PORT_COUNT;
        uint64_t byte = 0xFF; /* the control word cannot be read */

        if (port != CONTROL_OFFSET)
            byte = read_count(&pit->channels[port], now);
        value |= byte << (8 * i);
    }
    return value;
}

static void vpit_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vpit *pit = device;
    uint64_t now = synchronize(pit);

    for (unsigned i = 0; i < size; i++) {
        unsigned port = (offset + i) % VPIT_PORT_COUNT;
        uint8_t byte = (uint8_t)(value >> (8 * i));

        if (port == CONTROL_OFFSET)
            write_control(pit, now, byte);
        else
            write_count(&pit->channels[port], now, byte);
    }
    drive(pit, vpit_channel_out(&pit->channels[0], now));
}

const struct device_ops vpit_ops = {.read = vpit_read, .write = vpit_write};

static uint64_t port_b_read(void *device, uint64_t offset, unsigned size)
{
    struct vpit *pit = device;
    uint64_t now = synchronize(pit);

    (void)offset;
    (void)size;
    return pit->port_b | (now / REFRESH_TICKS % 2 ? PORT_B_REFRESH : 0) |
           (vpit_channel_out(&pit->channels[SPEAKER], now) ? PORT_B_OUT : 0);
}

static void port_b_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vpit *pit = device;
    uint64_t now = synchronize(pit);

    (void)offset;
    (void)size;
    pit->port_b = (uint8_t)value & PORT_B_WRITABLE;
    vpit_channel_set_gate(&pit->channels[SPEAKER], now, (value & PORT_B_GATE) != 0);
}

const struct device_ops vpit_port_b_ops = {.read = port_b_read, .write = port_b_write};

void vpit_reset(struct vpit *pit)
{
    memset(pit->channels, 0, sizeof(pit->channels));
    for (unsigned i = 0; i < VPIT_CHANNELS; i++)
        vpit_channel_set_mode(&pit->channels[i], RESET_CONTROL);
    pit->channels[0].gate = true;
    pit->channels[1].gate = true;
    pit->port_b = 0;
    pit->updated = pit->now(pit->now_context);
    drive(pit, false);
}

void vpit_init(struct vpit *pit, vpit_now_fn *now, void *now_context, struct irq_line irq)
{
    memset(pit, 0, sizeof(*pit));
    pit->now = now;
    pit->now_context = now_context;
    pit->irq = irq;
    vpit_reset(pit);
}
