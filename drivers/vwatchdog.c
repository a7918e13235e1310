/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual watchdog: see vwatchdog.h. Called by the port router; its expiry is looked at by the
 * kernel's life-cycle code.
 */
#include "drivers/vwatchdog.h"

#include "kernel/string.h"

#define DEFAULT_TIMEOUT 600 /* units: 60 s */

static uint64_t time_now(const struct vwatchdog *watchdog)
{
    return watchdog->now(watchdog->now_context);
}

static void reload(struct vwatchdog *watchdog)
{
    uint64_t full = (uint64_t)(watchdog->timeout ? watchdog->timeout : 1) * VWATCHDOG_UNIT_MS;

    if (watchdog->paused)
        watchdog->left = full;
    else
        watchdog->deadline = time_now(watchdog) + full;
}

/* Notes an expiry, so that a late reload does not undo it. */
bool vwatchdog_expired(struct vwatchdog *watchdog)
{
    if (watchdog->running && !watchdog->paused && time_now(watchdog) >= watchdog->deadline)
        watchdog->expired = true;
    return watchdog->expired;
}

uint64_t vwatchdog_deadline(const struct vwatchdog *watchdog)
{
    if (watchdog->expired)
        return 0;
    return watchdog->running && !watchdog->paused ? watchdog->deadline : VWATCHDOG_NEVER;
}

void vwatchdog_pause(struct vwatchdog *watchdog)
{
    uint64_t now;

    if (watchdog->paused || vwatchdog_expired(watchdog))
        return;
    now = time_now(watchdog);
    watchdog->left = watchdog->running ? watchdog->deadline - now : 0;
    watchdog->paused = true;
}

void vwatchdog_resume(struct vwatchdog *watchdog)
{
    if (!watchdog->paused)
        return;
    watchdog->paused = false;
    watchdog->deadline = time_now(watchdog) + watchdog->left;
}

static uint16_t remaining(const struct vwatchdog *watchdog)
{
    uint64_t now = time_now(watchdog);
    uint64_t left = watchdog->left;

    if (!watchdog->running)
        return watchdog->timeout;
    if (!watchdog->paused)
        left = watchdog->deadline > now ? watchdog->deadline - now : 0;
    return (uint16_t)((left + VWATCHDOG_UNIT_MS - 1) / VWATCHDOG_UNIT_MS);
}

static uint64_t vwatchdog_read(void *device, uint64_t offset, unsigned size)
{
    const struct vwatchdog *watchdog = device;
    uint64_t registers = (uint64_t)(watchdog->running ? VWATCHDOG_RUN : 0) |
                         (uint64_t)watchdog->timeout << (8 * VWATCHDOG_TIMEOUT) |
                         (uint64_t)remaining(watchdog) << (8 * VWATCHDOG_REMAINING) |
                         (uint64_t)(watchdog->fired ? VWATCHDOG_FIRED : 0)
                             << (8 * VWATCHDOG_STATUS);

    return registers >> (8 * (offset % VWATCHDOG_PORT_COUNT)) & device_open_bus(size);
}

static void write_control(struct vwatchdog *watchdog, uint8_t value)
{
    bool run = (value & VWATCHDOG_RUN) != 0;

    if (run && !watchdog->running)
        reload(watchdog);
    watchdog->running = run;
}

static void write_byte(struct vwatchdog *watchdog, unsigned offset, uint8_t value)
{
    switch (offset) {
    case VWATCHDOG_CONTROL:
        write_control(watchdog, value);
        break;
    case VWATCHDOG_RELOAD:
        reload(watchdog);
        break;
    case VWATCHDOG_TIMEOUT:
        watchdog->timeout = (uint16_t)((watchdog->timeout & 0xFF00) | value);
        break;
    case VWATCHDOG_TIMEOUT + 1: /* the high byte comes last */
        watchdog->timeout = (uint16_t)((watchdog->timeout & 0x00FF) | value << 8);
        reload(watchdog);
        break;
    case VWATCHDOG_STATUS:
        if (value & VWATCHDOG_FIRED)
            watchdog->fired = false;
        break;
    default:
        break;
    }
}

static void vwatchdog_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vwatchdog *watchdog = device;

    vwatchdog_expired(watchdog);
    for (unsigned i = 0; i < size; i++)
        write_byte(watchdog, (offset + i) % VWATCHDOG_PORT_COUNT, (uint8_t)(value >> (8 * i)));
}

const struct device_ops vwatchdog_ops = {.read = vwatchdog_read, .write = vwatchdog_write};

void vwatchdog_reset(struct vwatchdog *watchdog)
{
    watchdog->fired = watchdog->expired;
    watchdog->expired = false;
    watchdog->running = false;
    watchdog->paused = false;
    watchdog->timeout = DEFAULT_TIMEOUT;
    watchdog->deadline = 0;
    watchdog->left = 0;
}

void vwatchdog_init(struct vwatchdog *watchdog, vwatchdog_now_fn *now, void *now_context)
{
    memset(watchdog, 0, sizeof(*watchdog));
    watchdog->now = now;
    watchdog->now_context = now_context;
    vwatchdog_reset(watchdog);
}
