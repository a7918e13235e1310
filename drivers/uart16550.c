/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Polled driver of a physical 16550 behind ports or device memory. Called by the kernel's log, the
 * consoles and panic. Must not wait without a bound: a UART that vanishes reads as 0xFF, which
 * looks like an empty transmitter, so that writing goes on into the void and reading ends.
 */
#include "drivers/uart16550.h"

#include "drivers/ns16550_regs.h"
#include "kernel/io.h"

#define LCR_8N1         0x03
#define LSR_ABSENT      0xFF /* what a floating bus reads as */

#define UART_CLOCK_BAUD 115200 /* the rate that divisor 1 gives with a 1.8432 MHz clock */
#define UART_FIFO_SIZE  16

static uint8_t read_register(const struct uart16550 *uart, unsigned index)
{
    uintptr_t at = uart->base + (uintptr_t)index * uart->stride;
    if (uart->space == REGISTER_PORT) {
        return inb((uint16_t)at);
    }
    switch (uart->width) {
    case 4:
        return (uint8_t)mmio_read32((const volatile void *)at);
    case 2:
        return (uint8_t)mmio_read16((const volatile void *)at);
    default:
        return mmio_read8((const volatile void *)at);
    }
}

static void write_register(const struct uart16550 *uart, unsigned index, uint8_t value)
{
    uintptr_t at = uart->base + (uintptr_t)index * uart->stride;
    if (uart->space == REGISTER_PORT) {
        outb((uint16_t)at, value);
        return;
    }
    switch (uart->width) {
    case 4:
        mmio_write32((volatile void *)at, value);
        break;
    case 2:
        mmio_write16((volatile void *)at, value);
        break;
    default:
        mmio_write8((volatile void *)at, value);
    }
}

/* Reading it clears the errors: every reader notes them. From any CPU and NMI handlers. */
static __attribute__((noinline)) void note_errors(struct uart16550 *uart, uint8_t status)
{
    static const uint8_t bits[UART16550_ERRORS] = {
        [UART16550_OVERRUN] = UART_LSR_OE,
        [UART16550_DAMAGED] = UART_LSR_PE | UART_LSR_FE,
        [UART16550_BREAK] = UART_LSR_BI,
    };
    if (status & UART_LSR_BI) { /* data sheet: a zero, whose stop bit is missing, comes with it */
        status &= (uint8_t) ~(UART_LSR_PE | UART_LSR_FE);
        __atomic_store_n(&uart->break_byte, true, __ATOMIC_RELAXED);
    }
    for (unsigned i = 0; i < UART16550_ERRORS; i++) {
        if (status & bits[i]) {
            __atomic_add_fetch(&uart->errors[i], 1, __ATOMIC_RELAXED);
        }
    }
}

static uint8_t read_status(struct uart16550 *uart)
{
    uint8_t status = read_register(uart, UART_LSR);
    if ((status & UART_LSR_ERRORS) != 0 && status != LSR_ABSENT) {
        note_errors(uart, status);
    }
    return status;
}

uint32_t uart16550_take_errors(struct uart16550 *uart, enum uart16550_error which)
{
    return __atomic_load_n(&uart->errors[which], __ATOMIC_RELAXED) == 0
               ? 0
               : __atomic_exchange_n(&uart->errors[which], 0, __ATOMIC_RELAXED);
}

bool uart16550_attach(struct uart16550 *uart, const struct boot_register *where, uint8_t stride,
                      volatile void *mapping)
{
    *uart = (struct uart16550){.space = REGISTER_NONE};
    stride = stride == 0 ? 1 : stride;
    uint8_t width = where->width == 0 ? 1 : where->width;
    if (where->space == REGISTER_PORT) {
        if (where->address > UINT16_MAX - UART_SCR * (uint64_t)stride) {
            return false;
        }
        uart->base = (uintptr_t)where->address;
    } else if (where->space == REGISTER_MMIO) {
        if (mapping == NULL || (width != 1 && width != 2 && width != 4) || stride % width != 0 ||
            (uintptr_t)mapping % width != 0) {
            return false;
        }
        uart->base = (uintptr_t)mapping;
    } else {
        return false;
    }
    uart->space = where->space;
    uart->stride = stride;
    uart->width = width;
    uart->burst = 1;
    return true;
}

/* A bus that nobody drives may still hold the last value: look elsewhere between write and read. */
static bool register_holds(const struct uart16550 *uart, unsigned index, uint8_t mask,
                           uint8_t value)
{
    write_register(uart, index, value);
    (void)read_register(uart, UART_LSR);
    return (read_register(uart, index) & mask) == (value & mask);
}

static bool scratch_works(const struct uart16550 *uart)
{
    return register_holds(uart, UART_SCR, 0xFF, 0x5A) && register_holds(uart, UART_SCR, 0xFF, 0xA5);
}

/* In loopback RTS shows as CTS and OUT2 as DCD, the pins stay quiet. */
static bool loopback_works(const struct uart16550 *uart)
{
    uint8_t mcr = read_register(uart, UART_MCR);
    write_register(uart, UART_MCR, UART_MCR_LOOP | UART_MCR_RTS | UART_MCR_OUT2);
    bool works = (read_register(uart, UART_MSR) & UART_MSR_LINES) == (UART_MSR_CTS | UART_MSR_DCD);
    write_register(uart, UART_MCR, mcr);
    return works;
}

bool uart16550_probe(struct uart16550 *uart)
{
    if (uart->space == REGISTER_NONE || read_register(uart, UART_LSR) == LSR_ABSENT) {
        return false;
    }
    uart16550_flush(uart);
    uint8_t lcr = read_register(uart, UART_LCR);
    write_register(uart, UART_LCR, lcr & (uint8_t)~UART_LCR_DLAB);
    bool interrupts = register_holds(uart, UART_IER, UART_IER_ALL, UART_IER_ALL);
    bool no_interrupts = register_holds(uart, UART_IER, UART_IER_ALL, 0);
    bool found = interrupts && no_interrupts && (scratch_works(uart) || loopback_works(uart));
    write_register(uart, UART_LCR, lcr);
    return found;
}

static void set_divisor(const struct uart16550 *uart, uint32_t baud)
{
    write_register(uart, UART_LCR, UART_LCR_DLAB | LCR_8N1);
    unsigned firmware =
        (unsigned)read_register(uart, UART_DLM) << 8 | read_register(uart, UART_DLL);
    if (baud == 0 && firmware == 0) {
        baud = UART16550_DEFAULT_BAUD;
    }
    if (baud != 0) {
        uint32_t divisor = MAX(MIN(UART_CLOCK_BAUD / baud, UINT16_MAX), 1);
        write_register(uart, UART_DLL, (uint8_t)divisor);
        write_register(uart, UART_DLM, (uint8_t)(divisor >> 8));
    }
    write_register(uart, UART_LCR, LCR_8N1);
}

void uart16550_init(struct uart16550 *uart, uint32_t baud)
{
    if (uart->space == REGISTER_NONE) {
        return;
    }
    uart16550_flush(uart);
    set_divisor(uart, baud);
    write_register(uart, UART_IER, 0);
    write_register(uart, UART_FCR, UART_FCR_ENABLE | UART_FCR_RX_RESET | UART_FCR_TX_RESET);
    bool fifo = (read_register(uart, UART_IIR) & UART_IIR_FIFOS) == UART_IIR_FIFOS;
    uart->burst = fifo ? UART_FIFO_SIZE : 1;
    write_register(uart, UART_MCR, UART_MCR_DTR | UART_MCR_RTS);
    for (unsigned i = 0; i < UART16550_ERRORS; i++) {
        uart->errors[i] = 0; /* what firmware did not read */
    }
}

size_t uart16550_try_write(struct uart16550 *uart, const void *bytes, size_t count)
{
    const uint8_t *next = bytes;
    if (uart->space == REGISTER_NONE || (read_status(uart) & UART_LSR_THRE) == 0) {
        return 0;
    }
    count = MIN(count, uart->burst);
    for (size_t i = 0; i < count; i++) {
        write_register(uart, UART_THR, next[i]);
    }
    return count;
}

static bool wait_line_status(struct uart16550 *uart, uint8_t bit)
{
    for (unsigned i = 0; i < UART16550_POLL_MAX; i++) {
        if ((read_status(uart) & bit) != 0) {
            return true;
        }
    }
    return false;
}

size_t uart16550_write(struct uart16550 *uart, const void *bytes, size_t count)
{
    const uint8_t *next = bytes;
    size_t done = 0;
    while (uart->space != REGISTER_NONE && done < count && wait_line_status(uart, UART_LSR_THRE)) {
        done += uart16550_try_write(uart, next + done, count - done);
    }
    return done;
}

bool uart16550_has_input(struct uart16550 *uart)
{
    uint8_t status = uart->space == REGISTER_NONE ? 0 : read_status(uart);
    return status != LSR_ABSENT && (status & UART_LSR_DR) != 0;
}

int uart16550_read(struct uart16550 *uart)
{
    while (uart16550_has_input(uart)) {
        uint8_t byte = read_register(uart, UART_RBR);
        bool broken = __atomic_exchange_n(&uart->break_byte, false, __ATOMIC_RELAXED);
        if (!broken || byte != 0) {
            return byte;
        }
    }
    return -1;
}

void uart16550_receive_interrupt(const struct uart16550 *uart, bool on)
{
    if (uart->space != REGISTER_NONE) {
        write_register(uart, UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
        write_register(uart, UART_IER, on ? UART_IER_ERBFI : 0);
    }
}

bool uart16550_flush(struct uart16550 *uart)
{
    return uart->space == REGISTER_NONE || wait_line_status(uart, UART_LSR_TEMT);
}
