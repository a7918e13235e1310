/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptor rings of the network card. Receiving: the card fills descriptors from RDH up to but
 * not including RDT, so one buffer is always ours. Sending: each descriptor keeps its own buffer.
 */
#include "guests/net/e1000_ring.h"

#include "kernel/string.h"

static uint32_t after(uint32_t index, uint32_t count)
{
    return index + 1 == count ? 0 : index + 1;
}

void e1000_rx_init(struct e1000_rx_ring *ring, uint64_t dma)
{
    for (uint32_t i = 0; i < ring->count; i++) {
        ring->desc[i].address = dma + (uint64_t)i * E1000_BUFFER_SIZE;
        ring->desc[i].length = 0;
        ring->desc[i].status = 0;
        ring->desc[i].errors = 0;
    }
    ring->next = 0;
    ring->skipping = false;
}

void e1000_tx_init(struct e1000_tx_ring *ring, uint64_t dma)
{
    for (uint32_t i = 0; i < ring->count; i++) {
        ring->desc[i].address = dma + (uint64_t)i * E1000_BUFFER_SIZE;
        ring->desc[i].length = 0;
        ring->desc[i].cso = 0;
        ring->desc[i].command = 0;
        ring->desc[i].status = E1000_TX_DD;
        ring->desc[i].css = 0;
        ring->desc[i].special = 0;
    }
    ring->next = 0;
    ring->clean = 0;
}

void e1000_rx_release(struct e1000_rx_ring *ring)
{
    ring->desc[ring->next].status = 0;
    ring->next = after(ring->next, ring->count);
}

/* Is this one buffer a frame of its own, whole and sound? */
static bool frame_ok(struct e1000_rx_ring *ring, uint8_t status, uint8_t errors, uint16_t length)
{
    bool last = (status & E1000_RX_EOP) != 0;
    bool first = !ring->skipping;
    ring->skipping = !last;
    return first && last && (errors & E1000_RX_ERRORS) == 0 && length <= E1000_FRAME_MAX &&
           length >= 14;
}

const uint8_t *e1000_rx_frame(struct e1000_rx_ring *ring, size_t *length)
{
    /* Once around at most, whatever a mad card writes. */
    for (uint32_t i = 0; i < ring->count; i++) {
        volatile struct e1000_rx_desc *desc = &ring->desc[ring->next];
        uint8_t status = desc->status;
        if ((status & E1000_RX_DD) == 0) {
            return NULL;
        }
        uint16_t size = desc->length;
        if (frame_ok(ring, status, desc->errors, size)) {
            ring->frames++;
            *length = size;
            return ring->buffers + (size_t)ring->next * E1000_BUFFER_SIZE;
        }
        ring->dropped += (status & E1000_RX_EOP) != 0;
        e1000_rx_release(ring);
    }
    return NULL;
}

uint32_t e1000_rx_tail(const struct e1000_rx_ring *ring)
{
    return ring->next == 0 ? ring->count - 1 : ring->next - 1;
}

static void reclaim(struct e1000_tx_ring *ring)
{
    while (ring->clean != ring->next && (ring->desc[ring->clean].status & E1000_TX_DD) != 0) {
        ring->clean = after(ring->clean, ring->count);
    }
}

uint8_t *e1000_tx_buffer(struct e1000_tx_ring *ring)
{
    reclaim(ring);
    if (after(ring->next, ring->count) == ring->clean) {
        ring->dropped++;
        return NULL;
    }
    return ring->buffers + (size_t)ring->next * E1000_BUFFER_SIZE;
}

void e1000_tx_commit(struct e1000_tx_ring *ring, size_t length)
{
    volatile struct e1000_tx_desc *desc = &ring->desc[ring->next];
    if (length < E1000_FRAME_MIN) {
        uint8_t *frame = ring->buffers + (size_t)ring->next * E1000_BUFFER_SIZE;
        memset(frame + length, 0, E1000_FRAME_MIN - length);
        length = E1000_FRAME_MIN;
    }
    desc->length = (uint16_t)length;
    desc->status = 0;
    desc->command = E1000_TX_EOP | E1000_TX_IFCS | E1000_TX_RS;
    ring->next = after(ring->next, ring->count);
    ring->frames++;
}
