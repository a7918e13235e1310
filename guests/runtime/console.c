/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The UART driver of the runtime, and print().
 */
#include "guests/runtime/console.h"

#include "guests/runtime/cpu.h"
#include "kernel/printf.h"
#include "kernel/string.h"

#define FIFO_SIZE  16
#define POLL_LIMIT 2000000 /* reads of LSR; then the UART is taken for absent or dead */
#define LINE_MAX   256

static uint32_t lock;

static const struct {
    uint16_t port;
    uint8_t value;
} setup[] = {
    {UART_IER, 0x00}, {UART_LCR, 0x80}, {UART_THR, 0x01}, /* divisor 1: 115200 baud */
    {UART_IER, 0x00}, {UART_LCR, 0x03}, {UART_FCR, 0x07}, {UART_MCR, 0x03},
};

void console_init(void)
{
    for (size_t i = 0; i < sizeof(setup) / sizeof(setup[0]); i++) {
        cpu_out8(setup[i].port, setup[i].value);
    }
}

static void wait_for(uint8_t bits)
{
    for (unsigned i = 0; i < POLL_LIMIT; i++) {
        if ((cpu_in8(UART_LSR) & bits) == bits) {
            return;
        }
    }
}

void console_drain(void)
{
    wait_for(UART_LSR_THRE | UART_LSR_TEMT);
}

/* THRE says that the whole FIFO is empty, so one look at it is enough for sixteen bytes. */
static unsigned put(char c, unsigned room)
{
    if (room == 0) {
        wait_for(UART_LSR_THRE);
        room = FIFO_SIZE;
    }
    cpu_out8(UART_THR, (uint8_t)c);
    return room - 1;
}

void console_write(const char *text, size_t length)
{
    unsigned room = 0;
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE) != 0) {
        cpu_pause();
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            room = put('\r', room);
        }
        room = put(text[i], room);
    }
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

void print(const char *format, ...)
{
    char line[LINE_MAX];
    va_list args;
    va_start(args, format);
    kvsnprintf(line, sizeof(line), format, args);
    va_end(args);
    console_write(line, strlen(line));
}
