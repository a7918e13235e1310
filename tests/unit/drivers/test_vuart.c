/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/vuart.c drivers/vuart_input.c */
/*
 * The virtual UART against the rules of the 16550D data sheet and against the probing sequences of
 * Linux, SeaBIOS and memtest86+, retold here from what those drivers expect.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/ns16550_regs.h"
#include "drivers/vuart.h"

struct rig {
    struct vuart uart;
    char out[64];
    size_t out_count;
    bool line;
    unsigned edges; /* rising */
};

static void capture(void *context, uint8_t byte)
{
    struct rig *rig = context;

    if (rig->out_count < sizeof(rig->out))
        rig->out[rig->out_count] = (char)byte;
    rig->out_count++;
}

static void line_set(void *context, bool asserted)
{
    struct rig *rig = context;

    assert_int_not_equal(rig->line, asserted); /* called on changes only */
    rig->line = asserted;
    rig->edges += asserted;
}

static uint8_t get(struct rig *rig, unsigned reg)
{
    return (uint8_t)vuart_ops.read(&rig->uart, reg, 1);
}

static void put(struct rig *rig, unsigned reg, unsigned value)
{
    vuart_ops.write(&rig->uart, reg, 1, value);
}

static size_t type(struct rig *rig, const char *text)
{
    return vuart_receive(&rig->uart, (const uint8_t *)text, strlen(text));
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    vuart_init(&rig->uart, capture, rig, (struct irq_line){.set = line_set, .context = rig});
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* As a driver has it: FIFO on, trigger 8, OUT2 on. */
static struct rig *driven(void **state, unsigned ier)
{
    struct rig *rig = *state;

    put(rig, UART_FCR, UART_FCR_ENABLE | 0x80);
    put(rig, UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
    get(rig, UART_MSR);
    put(rig, UART_IER, ier);
    return rig;
}

static void reset_values_are_the_data_sheets(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(get(rig, UART_IER), 0);
    assert_int_equal(get(rig, UART_IIR), 0x01);
    assert_int_equal(get(rig, UART_LCR), 0);
    assert_int_equal(get(rig, UART_MCR), 0);
    assert_int_equal(get(rig, UART_LSR), 0x60);
    assert_int_equal(get(rig, UART_MSR), 0xB0);
    assert_int_equal(get(rig, UART_SCR), 0);
    assert_int_equal(get(rig, UART_RBR), 0);
    assert_false(rig->line);
}

static void unused_bits_of_ier_and_mcr_read_zero(void **state)
{
    struct rig *rig = *state;

    put(rig, UART_IER, 0xFF);
    assert_int_equal(get(rig, UART_IER), 0x0F);
    put(rig, UART_MCR, 0xFF);
    assert_int_equal(get(rig, UART_MCR), 0x1F);
}

static void dlab_selects_the_divisor(void **state)
{
    struct rig *rig = *state;

    put(rig, UART_IER, 5);
    put(rig, UART_LCR, 0x83);
    put(rig, UART_DLL, 0x34);
    put(rig, UART_DLM, 0x12);
    assert_int_equal(get(rig, UART_DLL), 0x34);
    assert_int_equal(get(rig, UART_DLM), 0x12);
    put(rig, UART_LCR, 0x03);
    assert_int_equal(get(rig, UART_IER), 5);
    assert_int_equal(rig->out_count, 0);
    put(rig, UART_LCR, 0x83);
    assert_int_equal(get(rig, UART_DLL), 0x34);
    put(rig, UART_SCR, 0xA5);
    assert_int_equal(get(rig, UART_SCR), 0xA5);
}

static void lsr_and_msr_are_read_only(void **state)
{
    struct rig *rig = *state;

    put(rig, UART_LSR, 0xFF);
    put(rig, UART_MSR, 0x0F);
    assert_int_equal(get(rig, UART_LSR), 0x60);
    assert_int_equal(get(rig, UART_MSR), 0xB0);
}

static void output_leaves_at_once_and_thr_stays_empty(void **state)
{
    struct rig *rig = *state;
    static const char text[] = "hello\n";

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        assert_int_equal(get(rig, UART_LSR) & 0x60, 0x60);
        put(rig, UART_THR, (unsigned char)text[i]);
        assert_int_equal(rig->out_count, i + 1);
    }
    assert_memory_equal(rig->out, text, sizeof(text) - 1);
}

static void wide_accesses_are_bytes_to_neighbouring_ports(void **state)
{
    struct rig *rig = *state;

    vuart_ops.write(&rig->uart, UART_THR, 2, 0x0541); /* 'A' to THR, 5 to IER */
    assert_int_equal(rig->out_count, 1);
    assert_int_equal(rig->out[0], 'A');
    assert_int_equal(get(rig, UART_IER), 5);
    vuart_ops.write(&rig->uart, UART_LCR, 4, 0x00000B03);
    assert_int_equal(vuart_ops.read(&rig->uart, UART_LCR, 2), 0x0B03);
    assert_int_equal(vuart_ops.read(&rig->uart, UART_MCR, 4), 0x00B0600B);
}

static void enabling_thre_interrupt_asserts_it_every_time(void **state)
{
    struct rig *rig = driven(state, 0);

    /* Linux's test for a THRE that does not come back: twice off and on, IIR read between. */
    put(rig, UART_IER, UART_IER_ETBEI);
    assert_true(rig->line);
    assert_int_equal(get(rig, UART_IIR), 0xC2);
    assert_false(rig->line);
    put(rig, UART_IER, 0);
    put(rig, UART_IER, UART_IER_ETBEI);
    assert_true(rig->line);
    assert_int_equal(get(rig, UART_IIR), 0xC2);
    assert_int_equal(get(rig, UART_IIR), 0xC1);
}

static void enabled_thre_interrupt_is_not_repeated_by_rewriting_ier(void **state)
{
    struct rig *rig = driven(state, UART_IER_ETBEI);

    get(rig, UART_IIR);
    put(rig, UART_IER, UART_IER_ETBEI | UART_IER_ERBFI);
    assert_false(rig->line);
    assert_int_equal(get(rig, UART_IIR), 0xC1);
}

static void each_thr_write_makes_a_thre_edge(void **state)
{
    struct rig *rig = driven(state, UART_IER_ETBEI);

    assert_int_equal(rig->edges, 1);
    put(rig, UART_THR, 'a'); /* a handler that never reads IIR */
    assert_int_equal(rig->edges, 2);
    put(rig, UART_THR, 'b');
    assert_int_equal(rig->edges, 3);
    assert_true(rig->line);
    get(rig, UART_IIR);
    assert_false(rig->line);
    put(rig, UART_THR, 'c');
    assert_true(rig->line);
    assert_int_equal(rig->out_count, 3);
}

static void iir_read_clears_thre_only_when_it_reports_it(void **state)
{
    struct rig *rig = driven(state, UART_IER_ETBEI | UART_IER_ERBFI);

    type(rig, "x");
    assert_int_equal(get(rig, UART_IIR), 0xCC);
    assert_int_equal(get(rig, UART_RBR), 'x');
    assert_int_equal(get(rig, UART_IIR), 0xC2);
    assert_int_equal(get(rig, UART_IIR), 0xC1);
}

static void interrupt_needs_out2_but_iir_does_not(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI);

    put(rig, UART_MCR, UART_MCR_DTR);
    type(rig, "x");
    assert_false(rig->line);
    assert_int_equal(get(rig, UART_IIR), 0xCC);
    put(rig, UART_MCR, UART_MCR_OUT2);
    assert_true(rig->line);
    put(rig, UART_MCR, UART_MCR_OUT2 | UART_MCR_LOOP); /* loopback takes the pin away */
    assert_false(rig->line);
}

static void rbr_mode_indicates_each_byte_with_an_edge(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI);

    put(rig, UART_FCR, 0);
    type(rig, "abc");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(rig->edges, i + 1);
        assert_int_equal(get(rig, UART_IIR), 0x04);
        assert_int_equal(get(rig, UART_LSR), 0x61);
        assert_int_equal(get(rig, UART_RBR), 'a' + i);
    }
    assert_false(rig->line);
    assert_int_equal(get(rig, UART_LSR), 0x60);
}

static void fifo_indicates_data_from_its_trigger_level(void **state)
{
    static const struct {
        unsigned fcr;
        unsigned level;
    } cases[] = {{0x01, 1}, {0x41, 4}, {0x81, 8}, {0xC1, 14}};

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig *rig = driven(state, UART_IER_ERBFI);

        put(rig, UART_FCR, cases[i].fcr | UART_FCR_RX_RESET);
        for (unsigned n = 1; n <= cases[i].level; n++) {
            type(rig, "x");
            assert_int_equal(get(rig, UART_IIR), n < cases[i].level ? 0xCC : 0xC4);
        }
        get(rig, UART_RBR); /* below the level: time-out until empty */
        if (cases[i].level > 1)
            assert_int_equal(get(rig, UART_IIR), 0xCC);
        while (get(rig, UART_LSR) & UART_LSR_DR)
            get(rig, UART_RBR);
        assert_int_equal(get(rig, UART_IIR), 0xC1);
        assert_false(rig->line);
    }
}

static void timeout_starts_again_at_each_read(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI);

    type(rig, "abc");
    for (unsigned i = 0; i < 3; i++) { /* a handler that takes one byte an interrupt */
        assert_true(rig->line);
        assert_int_equal(rig->edges, i + 1);
        assert_int_equal(get(rig, UART_IIR), 0xCC);
        assert_int_equal(get(rig, UART_RBR), 'a' + i);
    }
    assert_false(rig->line);
}

static void simple_handlers_get_a_paste_by_edges_alone(void **state)
{
    static const struct {
        unsigned fcr;
        unsigned reads; /* what the handler takes each time, without looking further */
    } cases[] = {{0x00, 1}, {0x01, 1}, {0x41, 1}, {0x81, 8}, {0x81, 1}, {0xC1, 14}, {0xC1, 1}};

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig *rig = driven(state, UART_IER_ERBFI);
        char text[57] = {0};
        unsigned got = 0;
        unsigned served = rig->edges;

        put(rig, UART_FCR, cases[i].fcr);
        memset(text, 'q', sizeof(text) - 1);
        type(rig, text);
        while (served != rig->edges) { /* one interrupt for any number of edges meanwhile */
            unsigned count = (get(rig, UART_IIR) & 0x0F) == 0x0C ? 1 : cases[i].reads;

            served = rig->edges;
            while (count--)
                got += get(rig, UART_RBR) == 'q';
        }
        assert_int_equal(got, 56);
    }
}

static void paste_of_a_full_ring_loses_nothing(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI | UART_IER_ELSI);
    static uint8_t text[VUART_INPUT_SIZE + 100];
    size_t taken;
    size_t got = 0;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)(i * 7 + i / 256);
    assert_int_equal(vuart_receive_room(&rig->uart), VUART_INPUT_SIZE);
    taken = vuart_receive(&rig->uart, text, sizeof(text));
    assert_int_equal(taken, VUART_INPUT_SIZE);
    assert_int_equal(vuart_receive_room(&rig->uart), 8); /* moved to the FIFO */
    taken += vuart_receive(&rig->uart, text + taken, sizeof(text) - taken);
    while (rig->line) {
        uint8_t lsr = get(rig, UART_LSR);

        assert_int_equal(lsr & (UART_LSR_ERRORS | UART_LSR_FIFO), 0);
        assert_true(lsr & UART_LSR_DR);
        assert_int_equal(get(rig, UART_RBR), text[got]);
        got++;
        taken += vuart_receive(&rig->uart, text + taken, sizeof(text) - taken);
    }
    assert_int_equal(got, sizeof(text));
}

static void fifo_reset_and_mode_change_drop_the_fifos_bytes_only(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI);

    type(rig, "01234567XY");
    put(rig, UART_FCR, UART_FCR_ENABLE | UART_FCR_RX_RESET | 0x80);
    assert_int_equal(get(rig, UART_RBR), 'X');
    put(rig, UART_FCR, 0); /* mode change */
    assert_int_equal(get(rig, UART_LSR), 0x60);
    type(rig, "Z");
    assert_int_equal(get(rig, UART_RBR), 'Z');
}

static void fcr_bits_need_the_enable_bit(void **state)
{
    struct rig *rig = driven(state, 0);

    type(rig, "ab");
    put(rig, UART_FCR, UART_FCR_ENABLE | UART_FCR_TX_RESET | 0xC0);
    assert_int_equal(get(rig, UART_RBR), 'a'); /* transmitter reset leaves the receiver */
    put(rig, UART_FCR, 0);
    type(rig, "c");
    put(rig, UART_FCR, UART_FCR_RX_RESET | 0xC0); /* enable clear: nothing else is programmed */
    assert_int_equal(get(rig, UART_LSR), 0x61);
    assert_int_equal(get(rig, UART_IIR), 0x01);
    assert_int_equal(get(rig, UART_RBR), 'c');
}

static void loopback_maps_modem_outputs_to_inputs(void **state)
{
    static const struct {
        unsigned mcr;
        unsigned msr;
    } cases[] = {{UART_MCR_RTS, UART_MSR_CTS},
                 {UART_MCR_DTR, UART_MSR_DSR},
                 {UART_MCR_OUT1, UART_MSR_RI},
                 {UART_MCR_OUT2, UART_MSR_DCD},
                 {0x0A, 0x90}}; /* what Linux looks for */
    struct rig *rig = *state;

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        put(rig, UART_MCR, UART_MCR_LOOP | cases[i].mcr);
        assert_int_equal(get(rig, UART_MSR) & 0xF0, cases[i].msr);
    }
    put(rig, UART_MCR, 0);
    assert_int_equal(get(rig, UART_MSR) & 0xF0, 0xB0);
}

static void modem_changes_set_delta_bits_and_ri_its_trailing_edge(void **state)
{
    struct rig *rig = *state;

    put(rig, UART_MCR, UART_MCR_LOOP);
    get(rig, UART_MSR);
    put(rig, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
    assert_int_equal(get(rig, UART_MSR), UART_MSR_RI); /* RI rising: no delta */
    put(rig, UART_MCR, UART_MCR_LOOP | UART_MCR_RTS);
    assert_int_equal(get(rig, UART_MSR), UART_MSR_CTS | UART_MSR_DCTS | UART_MSR_TERI);
    assert_int_equal(get(rig, UART_MSR), UART_MSR_CTS); /* reading clears */
    put(rig, UART_MCR, UART_MCR_LOOP | UART_MCR_DTR | UART_MCR_OUT2);
    assert_int_equal(get(rig, UART_MSR), 0xA0 | UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_DDCD);
}

static void modem_lines_raise_the_modem_interrupt(void **state)
{
    struct rig *rig = driven(state, UART_IER_EDSSI);

    assert_false(rig->line);
    vuart_set_modem_lines(&rig->uart, UART_MSR_CTS | UART_MSR_DSR | 0x0F);
    assert_true(rig->line);
    assert_int_equal(get(rig, UART_IIR), 0xC0);
    assert_true(rig->line); /* only MSR takes it down */
    assert_int_equal(get(rig, UART_MSR), UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DDCD);
    assert_false(rig->line);
}

static void loopback_sends_to_the_own_receiver_only(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI);

    put(rig, UART_MCR, UART_MCR_LOOP);
    put(rig, UART_THR, 0x5A);
    assert_int_equal(rig->out_count, 0);
    assert_int_equal(get(rig, UART_LSR), 0x61);
    assert_int_equal(get(rig, UART_RBR), 0x5A);
    type(rig, "later"); /* the line is cut off, its bytes wait */
    assert_int_equal(get(rig, UART_LSR), 0x60);
    put(rig, UART_MCR, UART_MCR_OUT2);
    assert_int_equal(get(rig, UART_RBR), 'l');
}

static void loopback_overruns_rbr_by_overwriting(void **state)
{
    struct rig *rig = *state;

    put(rig, UART_MCR, UART_MCR_LOOP);
    put(rig, UART_IER, UART_IER_ELSI);
    put(rig, UART_THR, 1);
    put(rig, UART_THR, 2);
    assert_int_equal(get(rig, UART_IIR), 0x06);
    assert_int_equal(get(rig, UART_LSR), 0x63);
    assert_int_equal(get(rig, UART_LSR), 0x61); /* reading clears */
    assert_int_equal(get(rig, UART_IIR), 0x01);
    assert_int_equal(get(rig, UART_RBR), 2);
}

static void loopback_overruns_the_fifo_by_dropping(void **state)
{
    struct rig *rig = driven(state, 0);

    put(rig, UART_MCR, UART_MCR_LOOP);
    for (unsigned i = 0; i < 18; i++)
        put(rig, UART_THR, i);
    assert_int_equal(get(rig, UART_LSR), 0x63);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(get(rig, UART_RBR), i);
    assert_int_equal(get(rig, UART_LSR), 0x60);
}

static void break_arrives_in_order_with_its_status(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI | UART_IER_ELSI);

    type(rig, "a");
    assert_true(vuart_receive_break(&rig->uart));
    type(rig, "b");
    assert_int_equal(get(rig, UART_LSR), 0xE1); /* an error is in the FIFO, not yet at its top */
    assert_int_equal(get(rig, UART_IIR), 0xCC);
    assert_int_equal(get(rig, UART_RBR), 'a');
    assert_int_equal(get(rig, UART_IIR), 0xC6);
    assert_int_equal(get(rig, UART_LSR), 0xF9);
    assert_int_equal(get(rig, UART_LSR), 0x61);
    assert_int_equal(get(rig, UART_RBR), 0);
    assert_int_equal(get(rig, UART_RBR), 'b');
    assert_false(rig->line);
}

static void second_break_waits_its_turn(void **state)
{
    struct rig *rig = driven(state, 0);

    put(rig, UART_FCR, 0);
    type(rig, "a");
    assert_true(vuart_receive_break(&rig->uart));
    assert_false(vuart_receive_break(&rig->uart));
    assert_int_equal(get(rig, UART_RBR), 'a');
    assert_true(vuart_receive_break(&rig->uart)); /* the first one is in RBR now */
    assert_int_equal(get(rig, UART_LSR), 0x79);   /* bit 7 is for FIFO mode */
    assert_int_equal(get(rig, UART_RBR), 0);
    assert_int_equal(get(rig, UART_LSR), 0x79);
}

static void break_in_loopback_comes_back(void **state)
{
    struct rig *rig = *state;

    put(rig, UART_MCR, UART_MCR_LOOP);
    put(rig, UART_LCR, UART_LCR_BREAK);
    assert_int_equal(get(rig, UART_LSR), 0x79);
    assert_int_equal(get(rig, UART_RBR), 0);
}

static void priorities_are_line_status_data_thre_modem(void **state)
{
    struct rig *rig = driven(state, UART_IER_ALL);

    vuart_receive_break(&rig->uart);
    vuart_set_modem_lines(&rig->uart, 0);
    assert_int_equal(get(rig, UART_IIR), 0xC6);
    get(rig, UART_LSR);
    assert_int_equal(get(rig, UART_IIR), 0xCC);
    get(rig, UART_RBR);
    assert_int_equal(get(rig, UART_IIR), 0xC2);
    assert_int_equal(get(rig, UART_IIR), 0xC0);
    get(rig, UART_MSR);
    assert_int_equal(get(rig, UART_IIR), 0xC1);
    assert_false(rig->line);
    assert_int_equal(rig->edges, 1); /* the level never fell between */
}

static void linux_autoconfiguration_finds_a_16550a(void **state)
{
    struct rig *rig = *state;

    put(rig, UART_IER, 0);
    assert_int_equal(get(rig, UART_IER) & 0x0F, 0);
    put(rig, UART_IER, 0x0F);
    assert_int_equal(get(rig, UART_IER) & 0x0F, 0x0F);
    put(rig, UART_IER, 0);
    put(rig, UART_MCR, UART_MCR_LOOP | 0x0A);
    assert_int_equal(get(rig, UART_MSR) & 0xF0, 0x90);
    put(rig, UART_MCR, 0);
    put(rig, UART_LCR, 0xBF); /* EFR of other chips */
    put(rig, UART_FCR, 0);
    put(rig, UART_LCR, 0);
    put(rig, UART_FCR, 1);
    assert_int_equal(get(rig, UART_IIR) >> 6, 3);
    put(rig, UART_LCR, 0x80); /* EFR at IIR's place must not read 0 */
    assert_int_not_equal(get(rig, UART_IIR), 0);
    put(rig, UART_LCR, 0xBF);
    assert_int_not_equal(get(rig, UART_IIR), 0);
    put(rig, UART_LCR, 0);
    put(rig, UART_FCR, 0x21); /* 64-byte FIFO of the 16750: bit 5 of IIR stays 0 */
    assert_int_equal(get(rig, UART_IIR) & 0x20, 0);
    put(rig, UART_LCR, 0x80);
    put(rig, UART_FCR, 0x21);
    assert_int_equal(get(rig, UART_IIR) & 0x20, 0);
    put(rig, UART_LCR, 0);
    put(rig, UART_IER, 0x40); /* UUE of XScale does not stick */
    assert_int_equal(get(rig, UART_IER), 0);
}

static void seabios_detection_sees_thre_by_ier_2(void **state)
{
    struct rig *rig = *state;

    put(rig, UART_IER, 0x02);
    assert_int_equal(get(rig, UART_IER), 0x02);
    assert_int_equal(get(rig, UART_IIR) & 0x3F, 0x02);
    put(rig, UART_IER, 0);
}

static void reset_forgets_everything_but_the_wiring(void **state)
{
    struct rig *rig = driven(state, UART_IER_ALL);

    type(rig, "waiting input that is longer than the FIFO");
    vuart_receive_break(&rig->uart);
    assert_true(rig->line);
    put(rig, UART_SCR, 0x77);
    put(rig, UART_LCR, UART_LCR_DLAB);
    put(rig, UART_DLL, 0x0C);
    put(rig, UART_DLM, 0x01);
    vuart_reset(&rig->uart);
    assert_false(rig->line);
    reset_values_are_the_data_sheets(state);
    assert_true(vuart_receive_break(&rig->uart)); /* none waits */
    assert_int_equal(get(rig, UART_LSR), 0x79);
    vuart_reset(&rig->uart);
    assert_int_equal(get(rig, UART_LSR), 0x60);
    put(rig, UART_LCR, UART_LCR_DLAB);
    assert_int_equal(get(rig, UART_DLL), 1);
    assert_int_equal(get(rig, UART_DLM), 0);
    vuart_reset(&rig->uart);
    driven(state, UART_IER_ERBFI);
    assert_int_equal(get(rig, UART_LSR), 0x60);
    put(rig, UART_THR, 'k');
    assert_int_equal(rig->out[0], 'k');
}

static void disabled_line_status_does_not_interrupt(void **state)
{
    struct rig *rig = driven(state, UART_IER_ETBEI | UART_IER_EDSSI);

    get(rig, UART_IIR);
    vuart_receive_break(&rig->uart);
    assert_false(rig->line);
    assert_int_equal(get(rig, UART_IIR), 0xC1);
}

static void break_alone_interrupts_until_lsr_is_read(void **state)
{
    struct rig *rig = driven(state, UART_IER_ELSI);

    vuart_receive_break(&rig->uart);
    assert_true(rig->line);
    get(rig, UART_LSR);
    assert_false(rig->line);
}

static void breaks_count_as_bytes_and_each_has_its_status(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI);

    put(rig, UART_FCR, UART_FCR_ENABLE | 0x40); /* trigger 4 */
    type(rig, "a");
    vuart_receive_break(&rig->uart);
    type(rig, "b");
    vuart_receive_break(&rig->uart);
    assert_int_equal(get(rig, UART_IIR), 0xC4);
    get(rig, UART_RBR);
    assert_int_equal(get(rig, UART_LSR), 0xF9);
    get(rig, UART_RBR);
    get(rig, UART_RBR);
    assert_int_equal(get(rig, UART_LSR), 0xF9);
}

static void break_is_no_end_of_the_waiting_bytes(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI);

    put(rig, UART_FCR, UART_FCR_ENABLE | 0x40); /* trigger 4 */
    put(rig, UART_MCR, UART_MCR_LOOP);
    type(rig, "a");
    vuart_receive_break(&rig->uart);
    type(rig, "bc");
    put(rig, UART_MCR, UART_MCR_OUT2); /* all four enter at once */
    assert_int_equal(get(rig, UART_IIR), 0xC4);
}

static void break_read_before_lsr_leaves_no_error_in_the_fifo(void **state)
{
    struct rig *rig = driven(state, 0);

    vuart_receive_break(&rig->uart);
    get(rig, UART_RBR);
    assert_int_equal(get(rig, UART_LSR), 0x78);
    assert_int_equal(get(rig, UART_LSR), 0x60);
}

static void fifo_reset_drops_breaks_and_lowers_the_line(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI);

    type(rig, "a");
    vuart_receive_break(&rig->uart);
    assert_true(rig->line);
    put(rig, UART_FCR, UART_FCR_ENABLE | UART_FCR_RX_RESET | 0x80);
    assert_false(rig->line);
    assert_int_equal(get(rig, UART_LSR), 0x60);
}

static void break_control_without_loopback_is_sent_to_nobody(void **state)
{
    struct rig *rig = *state;

    put(rig, UART_LCR, UART_LCR_BREAK | 3);
    assert_int_equal(get(rig, UART_LSR), 0x60);
    put(rig, UART_MCR, UART_MCR_LOOP);
    put(rig, UART_LCR, 3);
    assert_int_equal(get(rig, UART_LSR), 0x60);
    assert_int_equal(get(rig, UART_MCR), UART_MCR_LOOP);
}

static void loopback_bytes_time_out_too(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI);

    put(rig, UART_MCR, UART_MCR_LOOP);
    put(rig, UART_THR, 'x');
    assert_int_equal(get(rig, UART_IIR), 0xCC);
}

static void line_control_and_modem_control_keep_to_themselves(void **state)
{
    struct rig *rig = *state;

    put(rig, UART_SCR, 0x11);
    put(rig, UART_MCR, 0x02);
    put(rig, UART_LCR, 0x1B);
    assert_int_equal(get(rig, UART_LCR), 0x1B);
    assert_int_equal(get(rig, UART_MCR), 0x02);
    assert_int_equal(get(rig, UART_SCR), 0x11);
    assert_int_equal(vuart_ops.read(&rig->uart, UART_LSR, 2), 0xB060);
}

/* What must hold after every access. */
static void check(const struct rig *rig)
{
    const struct vuart *uart = &rig->uart;

    assert_true(uart->fifo_count <= (uart->fcr & 1 ? 16 : 1));
    assert_int_equal(uart->lsr & 0x60, 0x60);
    assert_int_equal((uart->lsr & 1) != 0, uart->fifo_count > 0);
    assert_int_equal(uart->irq_asserted, rig->line);
    assert_true(uart->input_written - uart->input_read <= VUART_INPUT_SIZE);
    if ((uart->mcr & 0x18) != 0x08)
        assert_false(rig->line);
}

static void random_polling_sees_every_byte_once_in_order(void **state)
{
    struct rig *rig = driven(state, 0);
    uint8_t sent = 0;
    uint8_t expected = 0;
    unsigned total = 0;

    srand(16550);
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t byte = sent;

        switch (rand() % 6) {
        case 0:
        case 1:
            sent = (uint8_t)(sent + vuart_receive(&rig->uart, &byte, 1));
            break;
        case 2:
            put(rig, UART_IER, (unsigned)rand());
            break;
        case 3: /* trigger level; never a reset */
            put(rig, UART_FCR, UART_FCR_ENABLE | ((unsigned)rand() & 0xC0));
            break;
        case 4:
            get(rig, rand() % 2 ? UART_IIR : UART_MSR);
            break;
        default:
            if (!(get(rig, UART_LSR) & UART_LSR_DR)) {
                assert_int_equal(expected, sent);
                break;
            }
            assert_int_equal(get(rig, UART_RBR), expected);
            expected++;
            total++;
        }
        check(rig);
    }
    assert_true(total > 10000);
}

/* A driver that is told of data by edges alone and follows the data sheet gets all of it. */
static void edge_driven_handler_never_stalls(void **state)
{
    struct rig *rig = driven(state, UART_IER_ERBFI | UART_IER_ELSI);
    uint32_t sent = 0;
    uint32_t got = 0;
    unsigned served = 0;

    srand(8250);
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t bytes[64];
        size_t count = (size_t)rand() % sizeof(bytes);

        for (size_t n = 0; n < count; n++)
            bytes[n] = (uint8_t)(sent + n);
        sent += (uint32_t)vuart_receive(&rig->uart, bytes, count);
        if (rand() % 16 == 0)
            put(rig, UART_FCR, UART_FCR_ENABLE | ((unsigned)rand() & 0xC0));
        if (served == rig->edges)
            continue;
        served = rig->edges;
        while (!(get(rig, UART_IIR) & UART_IIR_NONE))
            assert_int_equal(get(rig, UART_RBR), (uint8_t)got++);
    }
    while (served != rig->edges) {
        served = rig->edges;
        while (!(get(rig, UART_IIR) & UART_IIR_NONE))
            assert_int_equal(get(rig, UART_RBR), (uint8_t)got++);
    }
    assert_int_equal(got, sent);
}

static void random_accesses_keep_the_state_sound(void **state)
{
    struct rig *rig = *state;

    srand(4);
    for (unsigned i = 0; i < 300000; i++) {
        unsigned size = 1U << (rand() % 3);
        unsigned offset = (unsigned)rand() % (VUART_PORT_COUNT + 1 - size);

        switch (rand() % 8) {
        case 0:
            type(rig, "some text that is longer than the receiver FIFO is");
            break;
        case 1:
            vuart_receive_break(&rig->uart);
            break;
        case 2:
            vuart_set_modem_lines(&rig->uart, (uint8_t)rand());
            break;
        case 3:
        case 4:
            vuart_ops.read(&rig->uart, offset, size);
            break;
        default:
            vuart_ops.write(&rig->uart, offset, size, (uint64_t)rand());
            break;
        }
        check(rig);
    }
}

static void count_room(void *context)
{
    ++*(unsigned *)context;
}

static void room_is_told_once_after_a_refusal(void **state)
{
    struct rig *rig = driven(state, 0);
    static const uint8_t text[VUART_INPUT_SIZE];
    unsigned told = 0;
    unsigned reads = 0;

    vuart_set_room_hook(&rig->uart, count_room, &told);
    vuart_receive(&rig->uart, text, sizeof(text)); /* all taken: nobody waits */
    while (get(rig, UART_LSR) & UART_LSR_DR)
        get(rig, UART_RBR);
    assert_int_equal(told, 0);
    vuart_receive(&rig->uart, text, sizeof(text));
    assert_true(vuart_receive(&rig->uart, text, sizeof(text)) < sizeof(text));
    for (; told == 0 && reads < 2 * VUART_INPUT_SIZE; reads++)
        get(rig, UART_RBR);
    assert_int_equal(told, 1);
    assert_true(vuart_receive_room(&rig->uart) >= VUART_INPUT_SIZE / 2);
    assert_true(reads < VUART_INPUT_SIZE);
    while (get(rig, UART_LSR) & UART_LSR_DR)
        get(rig, UART_RBR);
    assert_int_equal(told, 1);
    vuart_receive(&rig->uart, text, sizeof(text));
    vuart_receive(&rig->uart, text, sizeof(text));
    vuart_reset(&rig->uart); /* which empties it */
    assert_int_equal(told, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(room_is_told_once_after_a_refusal),
        TEST(reset_values_are_the_data_sheets),
        TEST(unused_bits_of_ier_and_mcr_read_zero),
        TEST(dlab_selects_the_divisor),
        TEST(lsr_and_msr_are_read_only),
        TEST(output_leaves_at_once_and_thr_stays_empty),
        TEST(wide_accesses_are_bytes_to_neighbouring_ports),
        TEST(enabling_thre_interrupt_asserts_it_every_time),
        TEST(enabled_thre_interrupt_is_not_repeated_by_rewriting_ier),
        TEST(each_thr_write_makes_a_thre_edge),
        TEST(iir_read_clears_thre_only_when_it_reports_it),
        TEST(interrupt_needs_out2_but_iir_does_not),
        TEST(rbr_mode_indicates_each_byte_with_an_edge),
        TEST(fifo_indicates_data_from_its_trigger_level),
        TEST(timeout_starts_again_at_each_read),
        TEST(simple_handlers_get_a_paste_by_edges_alone),
        TEST(paste_of_a_full_ring_loses_nothing),
        TEST(fifo_reset_and_mode_change_drop_the_fifos_bytes_only),
        TEST(fcr_bits_need_the_enable_bit),
        TEST(loopback_maps_modem_outputs_to_inputs),
        TEST(modem_changes_set_delta_bits_and_ri_its_trailing_edge),
        TEST(modem_lines_raise_the_modem_interrupt),
        TEST(loopback_sends_to_the_own_receiver_only),
        TEST(loopback_overruns_rbr_by_overwriting),
        TEST(loopback_overruns_the_fifo_by_dropping),
        TEST(break_arrives_in_order_with_its_status),
        TEST(second_break_waits_its_turn),
        TEST(break_in_loopback_comes_back),
        TEST(priorities_are_line_status_data_thre_modem),
        TEST(linux_autoconfiguration_finds_a_16550a),
        TEST(seabios_detection_sees_thre_by_ier_2),
        TEST(reset_forgets_everything_but_the_wiring),
        TEST(disabled_line_status_does_not_interrupt),
        TEST(break_alone_interrupts_until_lsr_is_read),
        TEST(breaks_count_as_bytes_and_each_has_its_status),
        TEST(break_is_no_end_of_the_waiting_bytes),
        TEST(break_read_before_lsr_leaves_no_error_in_the_fifo),
        TEST(fifo_reset_drops_breaks_and_lowers_the_line),
        TEST(break_control_without_loopback_is_sent_to_nobody),
        TEST(loopback_bytes_time_out_too),
        TEST(line_control_and_modem_control_keep_to_themselves),
        TEST(random_polling_sees_every_byte_once_in_order),
        TEST(edge_driven_handler_never_stalls),
        TEST(random_accesses_keep_the_state_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
