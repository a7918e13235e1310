/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual PIT: an 8254 (Intel's 8254 data sheet) and port B of a PC (0x61), which has channel
 * 2's gate and output. Only VMs with `legacy` have it. The port router calls the two sets of ops.
 *
 * Nothing ticks here: counts and outputs are computed from the time, which a callback gives. The
 * kernel calls vpit_update() when vpit_next_edge() is due, and channel 0's output line then rises;
 * several edges that are overdue become one, as they would for a CPU with interrupts off.
 *
 * Time: a written count is loaded one tick later, as in the data sheet; a gate's trigger acts at
 * once on the output (the chip: one tick later). The gates of channels 0 and 1 are high.
 */
#ifndef DRIVERS_VPIT_H
#define DRIVERS_VPIT_H

#include "drivers/device.h"

#define VPIT_HZ         1193182 /* ticks a second */
#define VPIT_PORT_COUNT 4       /* from GUEST_PIT_PORT: three channels, control word */
#define VPIT_CHANNELS   3
#define VPIT_NEVER      UINT64_MAX

/* Ticks of VPIT_HZ since some moment before the VM's start; never goes backwards. */
typedef uint64_t vpit_now_fn(void *context);

struct vpit_channel {
    uint8_t mode;   /* 0 to 5 */
    uint8_t access; /* control word's RW field: 1 low byte, 2 high byte, 3 low then high */
    bool bcd;
    bool gate;
    bool armed;     /* a count has been written since the control word */
    bool triggered; /* modes 1 and 5: the gate has risen since */
    bool paused;    /* modes 0, 2, 3, 4: the gate is low */
    bool high;      /* mode 3: which half of the wave */

    uint32_t count;   /* 1 to 65536: the initial count in use */
    uint32_t pending; /* one that waits for the end of the period or for a trigger; 0: none */
    uint64_t start;   /* tick at which `count` was loaded, or the half wave began */
    uint64_t elapsed; /* paused: ticks counted so far */

    uint8_t low_byte;   /* of a count of which the high byte is still to come */
    bool write_high;    /* access 3: the next write is the high byte */
    bool read_high;     /* access 3: the next read is the high byte */
    bool count_latched; /* `latch` is to be read */
    bool status_latched;
    uint8_t status;
    uint16_t latch;
};

struct vpit {
    vpit_now_fn *now; /* wiring: kept over a reset */
    void *now_context;
    struct irq_line irq; /* channel 0's output */
    bool irq_asserted;
    uint64_t updated; /* up to where edges have been looked at */
    uint8_t port_b;   /* bits 3:0 as written */
    struct vpit_channel channels[VPIT_CHANNELS];
};

/* now is never NULL; irq.set may be. */
void vpit_init(struct vpit *pit, vpit_now_fn *now, void *now_context, struct irq_line irq);

/*
 * All channels in mode 0 without a count: outputs low, no interrupt until the guest asks for one.
 * (The chip's state after power-on is undefined.)
 */
void vpit_reset(struct vpit *pit);

/* Brings channel 0's line up to date; a rising edge since the last time becomes a low-high. */
void vpit_update(struct vpit *pit);

/*
 * The tick at which channel 0's output rises next, VPIT_NEVER when it does not. Later than the last
 * update, but a guest may ask for as little as two ticks: the caller bounds how often it comes.
 * Changes with every access of the guest to the PIT: ask again after each.
 */
uint64_t vpit_next_edge(const struct vpit *pit);

extern const struct device_ops vpit_ops;        /* GUEST_PIT_PORT, four ports */
extern const struct device_ops vpit_port_b_ops; /* GUEST_PORT_B, one byte */

#endif
