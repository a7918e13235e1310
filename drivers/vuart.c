/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual UART: registers, interrupts and loopback of a 16550A. See vuart.h for what it does
 * with time. vuart_input.c has the receiver's FIFO and the ring behind it. The way of a console
 * byte is vuart_read() of LSR and vuart_write() of THR, each down to its first return: keep those
 * short.
 */
#include "drivers/vuart.h"

#include "drivers/ns16550_regs.h"
#include "drivers/vuart_input.h"
#include "kernel/string.h"

/* Keeps what is rare out of the hot functions, which then save no registers. */
#define NOINLINE __attribute__((noinline))

static bool loopback(const struct vuart *uart)
{
    return (uart->mcr & UART_MCR_LOOP) != 0;
}

/* The pending condition of highest priority: data sheet, "Interrupt Control Functions". */
static uint8_t interrupt_id(const struct vuart *uart)
{
    if ((uart->ier & UART_IER_ELSI) && (uart->lsr & UART_LSR_ERRORS))
        return UART_IIR_LINE_STATUS;
    if (uart->ier & UART_IER_ERBFI) {
        if (uart->fifo_count >= vuart_input_trigger(uart))
            return UART_IIR_DATA;
        if (uart->timeout_pending)
            return UART_IIR_TIMEOUT;
    }
    if ((uart->ier & UART_IER_ETBEI) && uart->thre_pending)
        return UART_IIR_THRE;
    if ((uart->ier & UART_IER_EDSSI) && (uart->msr & UART_MSR_DELTAS))
        return UART_IIR_MODEM;
    return UART_IIR_NONE;
}

static void update_irq(struct vuart *uart)
{
    bool gate = (uart->mcr & (UART_MCR_OUT2 | UART_MCR_LOOP)) == UART_MCR_OUT2;
    bool asserted = gate && interrupt_id(uart) != UART_IIR_NONE;

    if (asserted == uart->irq_asserted)
        return;
    uart->irq_asserted = asserted;
    if (uart->irq.set)
        uart->irq.set(uart->irq.context, asserted);
}

static void update_thr_direct(struct vuart *uart)
{
    uart->thr_direct =
        !(uart->lcr & UART_LCR_DLAB) && !loopback(uart) && !(uart->ier & UART_IER_ETBEI);
}

/* MSR[7:4]: the other end's lines, or in loopback the own modem control outputs. */
static uint8_t modem_inputs(const struct vuart *uart)
{
    if (!loopback(uart))
        return uart->modem_lines;
    return (uint8_t)((uart->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
                     (uart->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
                     (uart->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
                     (uart->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0));
}

/* Takes over the inputs and notes changes; RI counts when it goes away ("trailing edge"). */
static void update_msr(struct vuart *uart)
{
    uint8_t lines = modem_inputs(uart);
    uint8_t changed = (lines ^ uart->msr) & UART_MSR_LINES;

    if (lines & UART_MSR_RI)
        changed &= (uint8_t)~UART_MSR_RI;
    uart->msr = (uint8_t)(lines | (uart->msr & UART_MSR_DELTAS) | changed >> 4);
}

NOINLINE static void tell_room(struct vuart *uart)
{
    if (vuart_receive_room(uart) < VUART_INPUT_SIZE / 2)
        return;
    uart->room_wanted = false;
    if (uart->room)
        uart->room(uart->room_context);
}

static uint8_t read_rbr(struct vuart *uart)
{
    uint8_t byte = vuart_input_pop(uart);

    update_irq(uart); /* low, before the next bytes raise it again */
    vuart_input_refill(uart);
    update_irq(uart);
    if (uart->room_wanted)
        tell_room(uart);
    return byte;
}

static uint8_t read_iir(struct vuart *uart)
{
    uint8_t id = interrupt_id(uart);
    uint8_t fifos = uart->fcr & UART_FCR_ENABLE ? UART_IIR_FIFOS : 0;

    if (id == UART_IIR_THRE) {
        uart->thre_pending = false;
        update_irq(uart);
    }
    return id | fifos;
}

static uint8_t read_lsr(struct vuart *uart)
{
    uint8_t value = uart->lsr;

    if (!(value & UART_LSR_ERRORS) && !uart->fifo_breaks)
        return value;
    value |= vuart_input_ack_errors(uart);
    update_irq(uart);
    return value;
}

static uint8_t read_msr(struct vuart *uart)
{
    uint8_t value = uart->msr;

    uart->msr &= UART_MSR_LINES;
    update_irq(uart);
    return value;
}

static uint8_t read_register(struct vuart *uart, unsigned offset)
{
    bool dlab = (uart->lcr & UART_LCR_DLAB) != 0;

    switch (offset) {
    case UART_RBR:
        return dlab ? uart->dll : read_rbr(uart);
    case UART_IER:
        return dlab ? uart->dlm : uart->ier;
    case UART_IIR:
        return read_iir(uart);
    case UART_LCR:
        return uart->lcr;
    case UART_MCR:
        return uart->mcr;
    case UART_LSR:
        return read_lsr(uart);
    case UART_MSR:
        return read_msr(uart);
    default:
        return uart->scr;
    }
}

/* THR with the THRE interrupt on, or in loopback: empty again at once, so a new THRE event. */
static void write_thr(struct vuart *uart, uint8_t byte)
{
    uart->thre_pending = false;
    update_irq(uart);
    if (loopback(uart))
        vuart_input_loop(uart, byte, false);
    else
        uart->output(uart->output_context, byte);
    uart->thre_pending = true;
    update_irq(uart);
}

/* Enabling the THRE interrupt while THR is empty asserts it: drivers test for exactly this. */
static void write_ier(struct vuart *uart, uint8_t value)
{
    uint8_t enabled = value & (uint8_t)~uart->ier;

    uart->ier = value & UART_IER_ALL;
    if (enabled & UART_IER_ETBEI)
        uart->thre_pending = true;
    update_thr_direct(uart);
    update_irq(uart);
}

static void write_lcr(struct vuart *uart, uint8_t value)
{
    uint8_t rising = value & (uint8_t)~uart->lcr;

    uart->lcr = value;
    update_thr_direct(uart);
    if ((rising & UART_LCR_BREAK) && loopback(uart)) {
        vuart_input_loop(uart, 0, true);
        update_irq(uart);
    }
}

static void write_mcr(struct vuart *uart, uint8_t value)
{
    uart->mcr = value & UART_MCR_ALL;
    update_thr_direct(uart);
    update_msr(uart);
    vuart_input_refill(uart); /* what was typed during loopback */
    update_irq(uart);
}

static void write_register(struct vuart *uart, unsigned offset, uint8_t value)
{
    bool dlab = (uart->lcr & UART_LCR_DLAB) != 0;

    switch (offset) {
    case UART_THR:
        if (dlab)
            uart->dll = value;
        else
            write_thr(uart, value);
        break;
    case UART_IER:
        if (dlab)
            uart->dlm = value;
        else
            write_ier(uart, value);
        break;
    case UART_FCR:
        vuart_input_control(uart, value);
        update_irq(uart);
        break;
    case UART_LCR:
        write_lcr(uart, value);
        break;
    case UART_MCR:
        write_mcr(uart, value);
        break;
    case UART_SCR:
        uart->scr = value;
        break;
    default: /* LSR and MSR: writing is for factory tests */
        break;
    }
}

NOINLINE static uint64_t read_bytes(struct vuart *uart, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)read_register(uart, (offset + i) % VUART_PORT_COUNT) << (8 * i);
    return value;
}

NOINLINE static void write_bytes(struct vuart *uart, uint64_t offset, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        write_register(uart, (offset + i) % VUART_PORT_COUNT, (uint8_t)(value >> (8 * i)));
}

static uint64_t vuart_read(void *device, uint64_t offset, unsigned size)
{
    struct vuart *uart = device;

    if (offset == UART_LSR && size == 1 && !(uart->lsr & UART_LSR_ERRORS) && !uart->fifo_breaks)
        return uart->lsr;
    return read_bytes(uart, offset, size);
}

static void vuart_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vuart *uart = device;

    if (offset == UART_THR && size == 1 && uart->thr_direct) {
        uart->output(uart->output_context, (uint8_t)value);
        return;
    }
    write_bytes(uart, offset, size, value);
}

const struct device_ops vuart_ops = {.read = vuart_read, .write = vuart_write};

size_t vuart_receive(struct vuart *uart, const uint8_t *bytes, size_t count)
{
    size_t taken = vuart_input_queue(uart, bytes, count);

    uart->room_wanted |= taken < count;
    vuart_input_refill(uart);
    update_irq(uart);
    return taken;
}

bool vuart_receive_break(struct vuart *uart)
{
    bool taken = vuart_input_queue_break(uart);

    vuart_input_refill(uart);
    update_irq(uart);
    return taken;
}

void vuart_set_modem_lines(struct vuart *uart, uint8_t lines)
{
    uart->modem_lines = lines & UART_MSR_LINES;
    update_msr(uart);
    update_irq(uart);
}

void vuart_set_room_hook(struct vuart *uart, void (*hook)(void *context), void *context)
{
    uart->room = hook;
    uart->room_context = context;
}

COLD void vuart_reset(struct vuart *uart)
{
    uart->ier = 0;
    uart->mcr = 0;
    update_irq(uart); /* low */
    uart->fcr = 0;
    uart->lcr = 0;
    uart->lsr = UART_LSR_THRE | UART_LSR_TEMT;
    uart->msr = uart->modem_lines;
    uart->scr = 0;
    uart->dll = 1;
    uart->dlm = 0;
    uart->thre_pending = false;
    vuart_input_reset(uart);
    if (uart->room_wanted)
        tell_room(uart);
    update_thr_direct(uart);
}

COLD void vuart_init(struct vuart *uart, vuart_output_fn *output, void *output_context,
                     struct irq_line irq)
{
    memset(uart, 0, sizeof(*uart));
    uart->output = output;
    uart->output_context = output_context;
    uart->irq = irq;
    uart->modem_lines = UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD;
    vuart_reset(uart);
}
