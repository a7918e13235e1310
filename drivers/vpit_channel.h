/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting of one channel of the virtual PIT, as a function of time. For vpit.c only. `now` never
 * goes backwards from call to call.
 */
#ifndef DRIVERS_VPIT_CHANNEL_H
#define DRIVERS_VPIT_CHANNEL_H

#include "drivers/vpit.h"

/* A control word that selects this channel and is no latch command. */
void vpit_channel_set_mode(struct vpit_channel *channel, uint8_t control);

/* A complete count, 0 meaning the largest. */
void vpit_channel_load(struct vpit_channel *channel, uint64_t now, uint16_t written);

/* Mode 0: the low byte of two has been written, which stops counting. */
void vpit_channel_hold(struct vpit_channel *channel);

void vpit_channel_set_gate(struct vpit_channel *channel, uint64_t now, bool gate);

/* Takes over a pending count whose turn has come. */
void vpit_channel_advance(struct vpit_channel *channel, uint64_t now);

/* The counting element as it would be latched, in BCD if so programmed. Advanced to now. */
uint16_t vpit_channel_count(const struct vpit_channel *channel, uint64_t now);

/* The output, and whether a written count is not yet in the counting element. Advanced to now. */
bool vpit_channel_out(const struct vpit_channel *channel, uint64_t now);
bool vpit_channel_null_count(const struct vpit_channel *channel, uint64_t now);

/*
 * The first tick after `after` at which channel 0's output rises, VPIT_NEVER when it does not.
 * Advanced to `after`. Not for channel 2, whose gate can trigger modes 1 and 5.
 */
uint64_t vpit_channel_next_rise(const struct vpit_channel *channel, uint64_t after);

#endif
