/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual UART: a 16550A as in National Semiconductor's PC16550D data sheet, in plain memory.
 * The port router calls vuart_ops for the guest's accesses; the console code hands in what was
 * typed. Bytes take no time on this UART's line, which decides what the data sheet leaves to time:
 *
 *  - Output: a byte written to THR is with the output callback before the write returns, so THRE
 *    and TEMT are always set. Nothing is held back or dropped here.
 *  - Input: bytes wait in a ring of VUART_INPUT_SIZE and enter the receiver FIFO up to its trigger
 *    level, so that a paste overruns nothing, and the next one as soon as the guest has read one.
 *    The four character times of the receive time-out have passed as soon as no byte waits behind
 *    those in the FIFO.
 *  - Only the loopback mode can overrun the receiver.
 *
 * Interrupts: INTR is high as long as an enabled condition is pending (data sheet, "Interrupt
 * Identification Register"), and reaches the line only while MCR's OUT2 is set and loopback is off,
 * as PCs wire it. What clears a condition takes the line down before the same access can bring the
 * next condition up: reading RBR (data falls below the trigger, or the time-out starts again) and
 * writing THR. So an edge-triggered pin sees an edge for each of these even when the guest serves
 * one byte an interrupt. A condition that arises while another one is pending makes no edge of its
 * own; as on the real chip, a handler must look at IIR until it says that nothing is pending.
 */
#ifndef DRIVERS_VUART_H
#define DRIVERS_VUART_H

#include "drivers/device.h"

#define VUART_PORT_COUNT 8 /* from GUEST_UART_PORT; interrupt GUEST_UART_IRQ */

#define VUART_FIFO_SIZE  16
#define VUART_INPUT_SIZE 4096 /* a power of two */

/* Gets each byte that the guest sends, on the guest's CPU, in the course of its OUT. */
typedef void vuart_output_fn(void *context, uint8_t byte);

struct vuart {
    /* Wiring; kept over a reset. */
    vuart_output_fn *output;
    void *output_context;
    struct irq_line irq;
    void (*room)(void *context); /* see vuart_set_room_hook(); or NULL */
    void *room_context;
    uint8_t modem_lines; /* MSR[7:4] as the other end drives them */

    /* Registers. */
    bool thr_direct; /* DLAB, loopback and the THRE interrupt are all off: THR is plain output */
    uint8_t ier;
    uint8_t fcr;
    uint8_t lcr;
    uint8_t mcr;
    uint8_t lsr; /* without UART_LSR_FIFO */
    uint8_t msr;
    uint8_t scr;
    uint8_t dll;
    uint8_t dlm;

    bool thre_pending;    /* THRE happened since IIR last reported it */
    bool timeout_pending; /* the receive time-out has elapsed */
    bool irq_asserted;

    /* Receiver: FIFO, or the one-byte RBR in 16450 mode. */
    uint8_t fifo[VUART_FIFO_SIZE];
    uint16_t fifo_breaks; /* bit i: fifo[i] came with a break whose LSR bits were not yet read */
    uint8_t fifo_head;    /* index of the oldest byte */
    uint8_t fifo_count;

    /* Bytes on their way to the receiver; the indices count for ever, modulo 2^32. */
    uint32_t input_read;
    uint32_t input_written;
    uint32_t break_position; /* the break comes before the byte with this index */
    bool break_waiting;
    bool room_wanted; /* vuart_receive() did not take everything */
    uint8_t input[VUART_INPUT_SIZE];
};

/*
 * A UART after power-on (data sheet, "Reset"), with divisor 1 (115200 baud), with a terminal
 * attached (CTS, DSR and DCD set) and the line low. output is never NULL; irq.set may be NULL.
 */
void vuart_init(struct vuart *uart, vuart_output_fn *output, void *output_context,
                struct irq_line irq);

/* Master reset for a restart of the VM: also forgets waiting input. The wiring stays. */
void vuart_reset(struct vuart *uart);

/*
 * Takes up to `count` bytes of input and returns how many there was room for; the caller keeps the
 * rest and offers it again later. May assert the interrupt line.
 */
size_t vuart_receive(struct vuart *uart, const uint8_t *bytes, size_t count);

/* How many bytes vuart_receive() would take now. */
size_t vuart_receive_room(const struct vuart *uart);

/*
 * hook(context) is called when vuart_receive() has refused bytes and half of VUART_INPUT_SIZE has
 * become free since: once, in the course of the guest's access or of vuart_reset().
 */
void vuart_set_room_hook(struct vuart *uart, void (*hook)(void *context), void *context);

/*
 * Sends a break, in order behind the bytes already taken. False: an earlier break still waits, and
 * this one was dropped.
 */
bool vuart_receive_break(struct vuart *uart);

/*
 * Sets the modem lines of the other end: UART_MSR_CTS, _DSR, _RI, _DCD; other bits are ignored.
 * Changes show as delta bits in MSR and as the modem status interrupt.
 */
void vuart_set_modem_lines(struct vuart *uart, uint8_t lines);

/* Ports GUEST_UART_PORT to +7. A wider access is as many byte accesses, lowest port first. */
extern const struct device_ops vuart_ops;

#endif
