/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptor rings in plain memory: what the driver and the card share. No register is touched
 * here; e1000.c tells the card the new tails. The card may write anything into descriptors: no
 * value of its is used before it is checked.
 */
#ifndef GUESTS_NET_E1000_RING_H
#define GUESTS_NET_E1000_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/net/e1000_regs.h"

#define E1000_BUFFER_SIZE 2048 /* one a descriptor; E1000_RCTL_BSIZE_2048 */
#define E1000_FRAME_MIN   60   /* without the sum at its end */
#define E1000_FRAME_MAX   1514

struct e1000_rx_ring {
    volatile struct e1000_rx_desc *desc;
    uint8_t *buffers; /* count * E1000_BUFFER_SIZE */
    uint32_t count;   /* a multiple of 8 */
    uint32_t next;    /* the descriptor that is filled next */
    bool skipping;    /* in the midst of a frame of several buffers, which is dropped */
    uint64_t frames;
    uint64_t dropped; /* damaged, too long or too short */
};

struct e1000_tx_ring {
    volatile struct e1000_tx_desc *desc;
    uint8_t *buffers;
    uint32_t count; /* a multiple of 8; one is always left free */
    uint32_t next;  /* first that is not handed over */
    uint32_t clean; /* first that the card may still be reading */
    uint64_t frames;
    uint64_t dropped; /* for want of a free descriptor */
};

/* Empty rings; `dma` is the address of `buffers` as the card sees it. Counters go on. */
void e1000_rx_init(struct e1000_rx_ring *ring, uint64_t dma);
void e1000_tx_init(struct e1000_tx_ring *ring, uint64_t dma);

/*
 * The next whole frame, or NULL. Damaged ones are passed over; their descriptors go back at once.
 * The frame stays the caller's until e1000_rx_release().
 */
const uint8_t *e1000_rx_frame(struct e1000_rx_ring *ring, size_t *length);

/* Gives the frame's descriptor back to the card. */
void e1000_rx_release(struct e1000_rx_ring *ring);

/* The value for RDT: the last descriptor that the card may fill. */
uint32_t e1000_rx_tail(const struct e1000_rx_ring *ring);

/* A buffer of E1000_FRAME_MAX bytes for a frame to be sent; NULL: the ring is full. */
uint8_t *e1000_tx_buffer(struct e1000_tx_ring *ring);

/* Hands over what was put there, padded with zeros to E1000_FRAME_MIN. `next` is the new TDT. */
void e1000_tx_commit(struct e1000_tx_ring *ring, size_t length);

#endif
