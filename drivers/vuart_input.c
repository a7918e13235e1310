/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual UART's receiver. Bytes go from the ring into the FIFO and from there to the guest; a
 * break is a zero byte with a mark. Called by vuart.c, never changes the interrupt line.
 */
#include "drivers/vuart_input.h"

#include "drivers/ns16550_regs.h"

_Static_assert((VUART_INPUT_SIZE & (VUART_INPUT_SIZE - 1)) == 0, "ring index wraps by masking");
_Static_assert((VUART_FIFO_SIZE & (VUART_FIFO_SIZE - 1)) == 0, "FIFO index wraps by masking");

static bool fifo_enabled(const struct vuart *uart)
{
    return (uart->fcr & UART_FCR_ENABLE) != 0;
}

static unsigned capacity(const struct vuart *uart)
{
    return fifo_enabled(uart) ? VUART_FIFO_SIZE : 1;
}

unsigned vuart_input_trigger(const struct vuart *uart)
{
    static const uint8_t levels[4] = {1, 4, 8, 14};

    return fifo_enabled(uart) ? levels[FIELD_GET(UART_FCR_TRIGGER, (unsigned)uart->fcr)] : 1;
}

static unsigned slot(const struct vuart *uart, unsigned index)
{
    return (uart->fifo_head + index) & (VUART_FIFO_SIZE - 1);
}

/* A byte's errors show in LSR when it has become the oldest one. */
static void reveal_errors(struct vuart *uart)
{
    if (uart->fifo_count && (uart->fifo_breaks & BIT(uart->fifo_head)))
        uart->lsr |= UART_LSR_BI | UART_LSR_FE;
}

static void store(struct vuart *uart, unsigned index, uint8_t byte, bool is_break)
{
    unsigned at = slot(uart, index);

    uart->fifo[at] = byte;
    uart->fifo_breaks &= (uint16_t)~BIT(at);
    if (is_break)
        uart->fifo_breaks |= (uint16_t)BIT(at);
    if (index == 0)
        reveal_errors(uart);
}

static void push(struct vuart *uart, uint8_t byte, bool is_break)
{
    uart->fifo_count++;
    uart->lsr |= UART_LSR_DR;
    store(uart, uart->fifo_count - 1U, byte, is_break);
}

uint8_t vuart_input_pop(struct vuart *uart)
{
    uint8_t byte = uart->fifo[uart->fifo_head];

    uart->timeout_pending = false;
    if (!uart->fifo_count)
        return 0;
    uart->fifo_breaks &= (uint16_t)~BIT(uart->fifo_head);
    uart->fifo_head = (uint8_t)slot(uart, 1);
    if (--uart->fifo_count == 0)
        uart->lsr &= (uint8_t)~UART_LSR_DR;
    reveal_errors(uart);
    return byte;
}

/* Moves one waiting byte or break; false when there is none. */
static bool pull(struct vuart *uart)
{
    if (uart->break_waiting && uart->break_position == uart->input_read) {
        uart->break_waiting = false;
        push(uart, 0, true);
        return true;
    }
    if (uart->input_read == uart->input_written)
        return false;
    push(uart, uart->input[uart->input_read++ & (VUART_INPUT_SIZE - 1)], false);
    return true;
}

void vuart_input_refill(struct vuart *uart)
{
    unsigned trigger = vuart_input_trigger(uart);

    while (uart->fifo_count < trigger && !(uart->mcr & UART_MCR_LOOP) && pull(uart))
        ;
    uart->timeout_pending = uart->fifo_count && uart->fifo_count < trigger;
}

void vuart_input_loop(struct vuart *uart, uint8_t byte, bool is_break)
{
    if (uart->fifo_count < capacity(uart)) {
        push(uart, byte, is_break);
    } else {
        uart->lsr |= UART_LSR_OE;
        if (!fifo_enabled(uart)) /* data sheet: RBR is overwritten, a full FIFO is not */
            store(uart, 0, byte, is_break);
    }
    vuart_input_refill(uart);
}

void vuart_input_control(struct vuart *uart, uint8_t fcr)
{
    bool enable = (fcr & UART_FCR_ENABLE) != 0;

    if (enable != fifo_enabled(uart) || (enable && (fcr & UART_FCR_RX_RESET))) {
        uart->fifo_count = 0;
        uart->fifo_breaks = 0;
        uart->lsr &= (uint8_t)~UART_LSR_DR;
    }
    uart->fcr = enable ? fcr & (UART_FCR_ENABLE | UART_FCR_TRIGGER) : 0;
    vuart_input_refill(uart);
}

uint8_t vuart_input_ack_errors(struct vuart *uart)
{
    uint8_t shown = fifo_enabled(uart) && uart->fifo_breaks ? UART_LSR_FIFO : 0;

    uart->lsr &= (uint8_t)~UART_LSR_ERRORS;
    uart->fifo_breaks &= (uint16_t)~BIT(uart->fifo_head);
    return shown;
}

size_t vuart_receive_room(const struct vuart *uart)
{
    return VUART_INPUT_SIZE - (uart->input_written - uart->input_read);
}

size_t vuart_input_queue(struct vuart *uart, const uint8_t *bytes, size_t count)
{
    size_t room = vuart_receive_room(uart);
    size_t taken = MIN(count, room);

    for (size_t i = 0; i < taken; i++)
        uart->input[uart->input_written++ & (VUART_INPUT_SIZE - 1)] = bytes[i];
    return taken;
}

bool vuart_input_queue_break(struct vuart *uart)
{
    if (uart->break_waiting)
        return false;
    uart->break_waiting = true;
    uart->break_position = uart->input_written;
    return true;
}

void vuart_input_reset(struct vuart *uart)
{
    uart->fifo_head = 0;
    uart->fifo_count = 0;
    uart->fifo_breaks = 0;
    uart->timeout_pending = false;
    uart->input_read = 0;
    uart->input_written = 0;
    uart->break_waiting = false;
}
