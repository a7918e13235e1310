/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network card: 82540EM, 82545EM, 82574L, by INTx and legacy descriptors. One card, main loop
 * only; the interrupt handler is the driver's own and only remembers that something happened.
 */
#ifndef GUESTS_NET_E1000_H
#define GUESTS_NET_E1000_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define E1000_MAC_SIZE 6

struct e1000_counters {
    uint64_t rx_frames;
    uint64_t rx_dropped;
    uint64_t rx_missed; /* by the card, which had no buffer left */
    uint64_t tx_frames;
    uint64_t tx_dropped;
    uint64_t interrupts;
};

/*
 * Finds and starts the card; its interrupts come as `vector` through the IOAPIC's input `gsi`
 * (UINT32_MAX: the one that the configuration space names). Prints what it found. False: no card.
 */
bool e1000_start(uint8_t vector, uint32_t gsi);

void e1000_mac(uint8_t mac[E1000_MAC_SIZE]);
bool e1000_link(void);

/* Something happened since the last call. Interrupts off. */
bool e1000_take_event(void);

/* As e1000_rx_frame() and e1000_rx_release(); after the last one e1000_receive_end(). */
const uint8_t *e1000_receive(size_t *length);
void e1000_receive_next(void);
void e1000_receive_end(void);

/* A buffer for a frame of at most 1514 bytes, NULL: full; and off it goes. */
uint8_t *e1000_send_buffer(void);
void e1000_send(size_t length);

void e1000_read_counters(struct e1000_counters *counters);

#endif
