/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiving half of the virtual UART: FIFO or RBR, the ring of waiting bytes, time-out and line
 * status. For vuart.c only, which updates the interrupt line after each of these.
 */
#ifndef DRIVERS_VUART_INPUT_H
#define DRIVERS_VUART_INPUT_H

#include "drivers/vuart.h"

/* Bytes in the receiver from which on data is indicated: the trigger level, 1 in 16450 mode. */
unsigned vuart_input_trigger(const struct vuart *uart);

/* The oldest received byte, 0 when there is none. Takes back the time-out indication. */
uint8_t vuart_input_pop(struct vuart *uart);

/*
 * Moves waiting bytes into the receiver up to its trigger level, unless loopback has cut it off
 * from the line, and lets the time-out elapse when no more bytes come.
 */
void vuart_input_refill(struct vuart *uart);

/* A byte (or a break) arrives out of the own transmitter. */
void vuart_input_loop(struct vuart *uart, uint8_t byte, bool is_break);

/* A write to FCR: enables, clears and sets the trigger level. */
void vuart_input_control(struct vuart *uart, uint8_t fcr);

/* LSR was read: clears its error bits; returns UART_LSR_FIFO if that bit was to be shown. */
uint8_t vuart_input_ack_errors(struct vuart *uart);

size_t vuart_input_queue(struct vuart *uart, const uint8_t *bytes, size_t count);
bool vuart_input_queue_break(struct vuart *uart);
void vuart_input_reset(struct vuart *uart);

#endif
