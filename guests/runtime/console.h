/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output of a guest: a 16550 at 0x3F8, polled, sixteen bytes at a time. Any CPU; not from
 * interrupt handlers, which could find the lock taken by what they interrupted.
 */
#ifndef GUESTS_RUNTIME_CONSOLE_H
#define GUESTS_RUNTIME_CONSOLE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define UART_BASE     0x3f8
#define UART_THR      (UART_BASE + 0)
#define UART_IER      (UART_BASE + 1)
#define UART_FCR      (UART_BASE + 2)
#define UART_LCR      (UART_BASE + 3)
#define UART_MCR      (UART_BASE + 4)
#define UART_LSR      (UART_BASE + 5)
#define UART_SCR      (UART_BASE + 7)

#define UART_LSR_DR   0x01
#define UART_LSR_THRE 0x20
#define UART_LSR_TEMT 0x40

/* Sets the UART to 115200 baud, 8N1, FIFO on, no interrupts. Also after an experiment with it. */
void console_init(void);

/* Writes bytes as they are, except that CR precedes each LF. */
void console_write(const char *text, size_t length);

/* Formatted output, at most 255 characters a call; conversions as in kernel/printf.h. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Waits until the last byte has left the UART, at most a bounded number of reads. */
void console_drain(void);

#endif
