/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A physical 16550 (or 16450) that the hypervisor itself prints to and reads from, behind ports or
 * device memory. Polled: of its interrupts only the one for input is ever on. The caller holds the
 * console's lock; nothing here logs, sleeps or waits without a bound, so that a vanished UART never
 * hangs the machine.
 */
#ifndef DRIVERS_UART16550_H
#define DRIVERS_UART16550_H

#include "kernel/boot_info.h"
#include "kernel/types.h"

#define UART16550_DEFAULT_PORT 0x3F8
#define UART16550_DEFAULT_BAUD 115200

/* What can go wrong with received bytes. */
enum uart16550_error {
    UART16550_OVERRUN, /* bytes came and the FIFO was full: one at least is lost */
    UART16550_DAMAGED, /* a byte with a wrong parity or stop bit: it is read all the same */
    UART16550_BREAK,
    UART16550_ERRORS
};

struct uart16550 {
    uintptr_t base; /* port number, or virtual address */
    enum boot_register_space space;
    uint8_t stride; /* bytes from one register to the next */
    uint8_t width;  /* bytes of one access: 1, 2 or 4 */
    uint8_t
        burst; /* bytes that the empty transmitter takes at once: 16 with a working FIFO, or 1 */
    bool break_byte; /* the next byte may be the zero that stands for a break */
    uint32_t errors[UART16550_ERRORS];
};

/*
 * Fills *uart from a description. stride 0 stands for 1. mapping: virtual address of the registers,
 * 8 * stride bytes, mapped uncached; not used for ports. Touches no hardware. False when the
 * description makes no sense (no space, port beyond 0xFFFF, unknown width): *uart is then unusable.
 */
bool uart16550_attach(struct uart16550 *uart, const struct boot_register *where, uint8_t stride,
                      volatile void *mapping);

/*
 * Whether a UART answers: the line status is not the floating bus's 0xFF, the interrupt-enable
 * register holds what was written, and the scratch register or the modem loopback works. Waits
 * (bounded) for the transmitter first, because firmware may still be printing. Leaves interrupts
 * off.
 */
bool uart16550_probe(struct uart16550 *uart);

/*
 * 8 data bits, no parity, one stop bit, FIFO on and empty, interrupts off, DTR and RTS set.
 * baud 0 keeps the divisor that the firmware has set (SPCR's "as is", clocks other than 1.8432
 * MHz); if that divisor is 0, 115200 is set.
 */
void uart16550_init(struct uart16550 *uart, uint32_t baud);

/*
 * Gives as many bytes to the UART as it takes now, at most `burst`; returns that number, 0 while it
 * is still sending. Never waits: one read of the line status and the writes.
 */
size_t uart16550_try_write(struct uart16550 *uart, const void *bytes, size_t count);

/*
 * Writes all bytes, waiting for the transmitter, each time at most about 0.2 s (see flush). Returns
 * the number written: less than count when the UART stopped sending. For panic and other places
 * where nothing else can be done meanwhile.
 */
size_t uart16550_write(struct uart16550 *uart, const void *bytes, size_t count);

/* The next received byte, or -1 when there is none. Never waits. A break is no byte. */
int uart16550_read(struct uart16550 *uart);

/* True when a received byte waits. Never waits itself; also from an NMI handler. */
bool uart16550_has_input(struct uart16550 *uart);

/* How many errors of that kind were seen since last asked. Any context. */
uint32_t uart16550_take_errors(struct uart16550 *uart, enum uart16550_error which);

/* Interrupts for received bytes, from the first one on. The line is driven (OUT2) when first on. */
void uart16550_receive_interrupt(const struct uart16550 *uart, bool on);

/*
 * Waits until the last bit has left the transmitter, for at most UART16550_POLL_MAX reads of the
 * line status (16 bytes at 9600 baud last 17 ms; a read takes about 1 us). False: it has not.
 */
#define UART16550_POLL_MAX 200000
bool uart16550_flush(struct uart16550 *uart);

#endif
