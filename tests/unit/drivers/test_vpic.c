/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/vpic.c drivers/vpic_chip.c */
/*
 * The virtual PIC pair against the rules of the 8259A data sheet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/vpic.h"

struct rig {
    struct vpic pic;
    bool intr;
};

static void intr_set(void *context, bool asserted)
{
    struct rig *rig = context;

    assert_int_not_equal(rig->intr, asserted);
    rig->intr = asserted;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    vpic_init(&rig->pic, (struct irq_line){.set = intr_set, .context = rig});
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void out_m(struct rig *rig, unsigned odd, unsigned value)
{
    vpic_master_ops.write(&rig->pic, odd, 1, value);
}

static void out_s(struct rig *rig, unsigned odd, unsigned value)
{
    vpic_slave_ops.write(&rig->pic, odd, 1, value);
}

static unsigned in_m(struct rig *rig, unsigned odd)
{
    return (unsigned)vpic_master_ops.read(&rig->pic, odd, 1);
}

static unsigned in_s(struct rig *rig, unsigned odd)
{
    return (unsigned)vpic_slave_ops.read(&rig->pic, odd, 1);
}

static void pulse(struct rig *rig, unsigned input)
{
    vpic_set_input(&rig->pic, input, true);
    vpic_set_input(&rig->pic, input, false);
}

static unsigned ack(struct rig *rig)
{
    assert_int_equal(vpic_pending(&rig->pic), rig->intr);
    return vpic_acknowledge(&rig->pic);
}

/* As systems do: vectors 0x20 and 0x28, cascade at 2, nothing masked. */
static struct rig *initialised(void **state, unsigned icw4)
{
    struct rig *rig = *state;

    out_m(rig, 0, 0x11);
    out_m(rig, 1, 0x20);
    out_m(rig, 1, 0x04);
    out_m(rig, 1, icw4);
    out_s(rig, 0, 0x11);
    out_s(rig, 1, 0x28);
    out_s(rig, 1, 0x02);
    out_s(rig, 1, icw4);
    return rig;
}

static void reset_leaves_firmwares_vectors_and_all_masked(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(in_m(rig, 1), 0xFF);
    assert_int_equal(in_s(rig, 1), 0xFF);
    for (unsigned i = 0; i < VPIC_INPUTS; i++)
        pulse(rig, i);
    assert_false(rig->intr);
    out_m(rig, 1, 0);
    assert_int_equal(ack(rig), 0x08);
    out_s(rig, 1, 0);
    out_m(rig, 0, 0x20);
    out_m(rig, 1, 0xFB);
    assert_int_equal(ack(rig), 0x70);
}

static void mask_reads_back(void **state)
{
    struct rig *rig = initialised(state, 1);

    out_m(rig, 1, 0xFB); /* Linux's probe */
    out_s(rig, 1, 0x5A);
    assert_int_equal(in_m(rig, 1), 0xFB);
    assert_int_equal(in_s(rig, 1), 0x5A);
}

static void initialisation_takes_as_many_words_as_icw1_says(void **state)
{
    struct rig *rig = *state;

    out_m(rig, 0, 0x12); /* single, no ICW4 */
    out_m(rig, 1, 0x47);
    assert_int_equal(in_m(rig, 1), 0x00); /* ICW1 cleared the mask */
    out_m(rig, 1, 0x80);
    assert_int_equal(in_m(rig, 1), 0x80);
    pulse(rig, 3);
    assert_int_equal(ack(rig), 0x43); /* low bits of ICW2 are the input's */
    out_m(rig, 0, 0x10);              /* cascaded, no ICW4 */
    out_m(rig, 1, 0x50);
    out_m(rig, 1, 0x04);
    out_m(rig, 1, 0x81);
    assert_int_equal(in_m(rig, 1), 0x81);
    out_m(rig, 0, 0x13); /* single, ICW4 */
    out_m(rig, 1, 0x58);
    out_m(rig, 1, 0x01);
    out_m(rig, 1, 0x82);
    assert_int_equal(in_m(rig, 1), 0x82);
}

static void icw1_forgets_requests_and_service(void **state)
{
    struct rig *rig = initialised(state, 1);

    pulse(rig, 3);
    ack(rig);
    vpic_set_input(&rig->pic, 4, true);
    out_m(rig, 0, 0x0B);
    assert_int_equal(in_m(rig, 0), 0x08);
    initialised(state, 1);
    assert_false(rig->intr);
    assert_int_equal(in_m(rig, 0), 0x00); /* reads IRR again */
    vpic_set_input(&rig->pic, 4, true);   /* still high: no new edge */
    assert_false(rig->intr);
    vpic_set_input(&rig->pic, 4, false);
    vpic_set_input(&rig->pic, 4, true);
    assert_int_equal(ack(rig), 0x24);
}

static void edge_is_requested_once_and_kept_until_acknowledged(void **state)
{
    struct rig *rig = initialised(state, 1);

    vpic_set_input(&rig->pic, 0, true);
    assert_true(rig->intr);
    vpic_set_input(&rig->pic, 0, false);
    assert_true(rig->intr);
    assert_int_equal(in_m(rig, 0), 0x01);
    assert_int_equal(ack(rig), 0x20);
    assert_false(rig->intr);
    out_m(rig, 0, 0x20);
    assert_false(rig->intr);
    vpic_set_input(&rig->pic, 0, true);
    assert_int_equal(ack(rig), 0x20);
    out_m(rig, 0, 0x20);
    assert_false(rig->intr); /* held high makes no second one */
}

static void level_repeats_while_asserted_and_is_withdrawn(void **state)
{
    struct rig *rig = initialised(state, 1);

    vpic_elcr_ops.write(&rig->pic, 0, 1, 0x20);
    vpic_set_input(&rig->pic, 5, true);
    assert_int_equal(ack(rig), 0x25);
    assert_false(rig->intr); /* in service */
    out_m(rig, 0, 0x20);
    assert_true(rig->intr);
    vpic_set_input(&rig->pic, 5, false);
    assert_false(rig->intr);
    assert_int_equal(in_m(rig, 0), 0);
}

static void elcr_keeps_the_timers_inputs_edge(void **state)
{
    struct rig *rig = *state;

    vpic_elcr_ops.write(&rig->pic, 0, 2, 0xFFFF);
    assert_int_equal(vpic_elcr_ops.read(&rig->pic, 0, 1), 0xF8);
    assert_int_equal(vpic_elcr_ops.read(&rig->pic, 1, 1), 0xDE);
    assert_int_equal(vpic_elcr_ops.read(&rig->pic, 0, 2), 0xDEF8);
    vpic_reset(&rig->pic);
    assert_int_equal(vpic_elcr_ops.read(&rig->pic, 0, 2), 0);
}

static void lower_priority_waits_for_eoi_and_higher_interrupts(void **state)
{
    struct rig *rig = initialised(state, 1);

    pulse(rig, 4);
    assert_int_equal(ack(rig), 0x24);
    pulse(rig, 5);
    assert_false(rig->intr);
    pulse(rig, 4);
    assert_false(rig->intr); /* the same one neither */
    pulse(rig, 1);
    assert_true(rig->intr);
    assert_int_equal(ack(rig), 0x21);
    out_m(rig, 0, 0x0B);
    assert_int_equal(in_m(rig, 0), 0x12);
    out_m(rig, 0, 0x20); /* ends 1, the highest */
    assert_int_equal(in_m(rig, 0), 0x10);
    assert_false(rig->intr);
    out_m(rig, 0, 0x20);
    assert_int_equal(ack(rig), 0x24);
    out_m(rig, 0, 0x64); /* specific EOI */
    assert_int_equal(ack(rig), 0x25);
}

static void masked_input_waits(void **state)
{
    struct rig *rig = initialised(state, 1);

    out_m(rig, 1, 0x02);
    pulse(rig, 1);
    assert_false(rig->intr);
    assert_int_equal(in_m(rig, 0), 0x02); /* requested all the same */
    out_m(rig, 1, 0x00);
    assert_int_equal(ack(rig), 0x21);
}

static void slave_comes_through_input_2_of_the_master(void **state)
{
    struct rig *rig = initialised(state, 1);

    pulse(rig, 3);
    pulse(rig, 12);
    pulse(rig, 8);
    assert_int_equal(ack(rig), 0x28); /* 8 before 12 before 3 */
    out_m(rig, 0, 0x0B);
    out_s(rig, 0, 0x0B);
    assert_int_equal(in_m(rig, 0), 0x04);
    assert_int_equal(in_s(rig, 0), 0x01);
    assert_false(rig->intr);
    out_s(rig, 0, 0x20);
    assert_false(rig->intr); /* the master still serves input 2 */
    out_m(rig, 0, 0x20);
    assert_int_equal(ack(rig), 0x2C);
    out_s(rig, 0, 0x20);
    out_m(rig, 0, 0x62);
    assert_int_equal(ack(rig), 0x23);
}

static void special_nested_lets_the_slave_interrupt_itself(void **state)
{
    struct rig *rig = initialised(state, 1);

    pulse(rig, 12);
    assert_int_equal(ack(rig), 0x2C);
    pulse(rig, 8);
    assert_false(rig->intr);
    rig = initialised(state, 0x11);
    pulse(rig, 12);
    assert_int_equal(ack(rig), 0x2C);
    pulse(rig, 8);
    assert_true(rig->intr);
    assert_int_equal(ack(rig), 0x28);
    pulse(rig, 13);
    assert_false(rig->intr);
    rig = initialised(state, 0x11);
    pulse(rig, 10); /* the slave's own input 2 is no cascade */
    assert_int_equal(ack(rig), 0x2A);
    pulse(rig, 12);
    assert_false(rig->intr);
}

static void cascade_is_no_devices_input(void **state)
{
    struct rig *rig = initialised(state, 1);

    vpic_set_input(&rig->pic, VPIC_CASCADE, true);
    vpic_set_input(&rig->pic, VPIC_INPUTS, true);
    vpic_set_input(&rig->pic, 0xFFFFFFFF, true);
    assert_false(rig->intr);
}

static void acknowledge_of_nothing_is_input_7(void **state)
{
    struct rig *rig = initialised(state, 1);

    pulse(rig, 3);
    out_m(rig, 1, 0xFF); /* masked between INTR and the acknowledge */
    assert_int_equal(vpic_acknowledge(&rig->pic), 0x27);
    out_m(rig, 0, 0x0B);
    assert_int_equal(in_m(rig, 0), 0); /* no service bit: no EOI wanted */
    out_m(rig, 1, 0x00);
    assert_int_equal(ack(rig), 0x23); /* the request was not lost */
    out_m(rig, 0, 0x20);
    pulse(rig, 7); /* a real one has its service bit */
    assert_int_equal(ack(rig), 0x27);
    assert_int_equal(in_m(rig, 0), 0x80);
}

static void slaves_withdrawn_request_is_withdrawn_from_the_master(void **state)
{
    struct rig *rig = initialised(state, 1);

    vpic_elcr_ops.write(&rig->pic, 1, 1, 0x02);
    vpic_set_input(&rig->pic, 9, true);
    assert_true(rig->intr);
    vpic_set_input(&rig->pic, 9, false);
    assert_false(rig->intr);
    assert_int_equal(vpic_acknowledge(&rig->pic), 0x27);
}

static void automatic_eoi_leaves_nothing_in_service(void **state)
{
    struct rig *rig = initialised(state, 3);

    pulse(rig, 12);
    pulse(rig, 13);
    pulse(rig, 4);
    assert_int_equal(ack(rig), 0x2C);
    assert_int_equal(ack(rig), 0x2D);
    assert_int_equal(ack(rig), 0x24);
    out_m(rig, 0, 0x0B);
    out_s(rig, 0, 0x0B);
    assert_int_equal(in_m(rig, 0) | in_s(rig, 0), 0);
    assert_false(rig->intr);
}

static void rotation_in_automatic_eoi_gives_each_its_turn(void **state)
{
    struct rig *rig = initialised(state, 3);

    out_m(rig, 0, 0x80);
    pulse(rig, 0);
    pulse(rig, 1);
    assert_int_equal(ack(rig), 0x20);
    pulse(rig, 0);
    assert_int_equal(ack(rig), 0x21); /* 0 is the lowest now */
    assert_int_equal(ack(rig), 0x20);
    out_m(rig, 0, 0x00);
    pulse(rig, 0);
    pulse(rig, 1);
    assert_int_equal(ack(rig), 0x21); /* order 1 ... 0 since the last rotation */
    pulse(rig, 1);
    assert_int_equal(ack(rig), 0x21); /* and no further rotation */
}

static void rotation_on_eoi_makes_the_ended_one_the_lowest(void **state)
{
    struct rig *rig = initialised(state, 1);

    pulse(rig, 4);
    assert_int_equal(ack(rig), 0x24);
    out_m(rig, 0, 0xA0);
    pulse(rig, 4);
    pulse(rig, 7);
    pulse(rig, 0);
    assert_int_equal(ack(rig), 0x27); /* 5 6 7 0 1 2 3 4 */
    out_m(rig, 0, 0xE7);              /* specific, rotating: 0 1 ... 7 again */
    assert_int_equal(ack(rig), 0x20);
    out_m(rig, 0, 0x20);
    assert_int_equal(ack(rig), 0x24);
}

static void set_priority_names_the_lowest(void **state)
{
    struct rig *rig = initialised(state, 1);

    out_m(rig, 0, 0xC5);
    pulse(rig, 0);
    pulse(rig, 5);
    pulse(rig, 6);
    assert_int_equal(ack(rig), 0x26);
    out_m(rig, 0, 0x20);
    assert_int_equal(ack(rig), 0x20);
    out_m(rig, 0, 0x20);
    assert_int_equal(ack(rig), 0x25);
    out_m(rig, 0, 0x40); /* no operation */
    out_m(rig, 0, 0x0B);
    assert_int_equal(in_m(rig, 0), 0x20);
}

static void special_mask_mode_lets_lower_ones_through(void **state)
{
    struct rig *rig = initialised(state, 1);

    pulse(rig, 1);
    assert_int_equal(ack(rig), 0x21);
    out_m(rig, 1, 0x02);
    out_m(rig, 0, 0x68);
    pulse(rig, 5);
    assert_int_equal(ack(rig), 0x25);
    out_m(rig, 0, 0x20); /* ends 5: masked ones are left out */
    out_m(rig, 0, 0x0B);
    assert_int_equal(in_m(rig, 0), 0x02);
    pulse(rig, 6); /* still in the mode */
    assert_int_equal(ack(rig), 0x26);
    out_m(rig, 0, 0x20);
    out_m(rig, 0, 0x48); /* mode off */
    pulse(rig, 5);
    assert_false(rig->intr);
    out_m(rig, 0, 0x61);
    assert_int_equal(ack(rig), 0x25);
}

static void several_levels_are_asserted_at_once(void **state)
{
    struct rig *rig = initialised(state, 3);

    vpic_set_input(&rig->pic, 5, true);
    vpic_set_input(&rig->pic, 6, true);
    assert_int_equal(ack(rig), 0x25);
    assert_int_equal(ack(rig), 0x26);
    assert_false(rig->intr);
    vpic_elcr_ops.write(&rig->pic, 0, 1, 0x60); /* now they count as levels, at once */
    assert_true(rig->intr);
    assert_int_equal(in_m(rig, 0), 0x60);
}

static void reset_takes_intr_down(void **state)
{
    struct rig *rig = initialised(state, 1);

    pulse(rig, 1);
    assert_true(rig->intr);
    vpic_reset(&rig->pic);
    assert_false(rig->intr);
}

static void icw1_restores_the_plain_modes(void **state)
{
    struct rig *rig = initialised(state, 0x13);

    out_m(rig, 0, 0x80); /* rotate in automatic EOI */
    out_m(rig, 0, 0xC3); /* lowest: 3 */
    out_m(rig, 0, 0x68); /* special mask */
    out_m(rig, 0, 0x0F); /* read ISR, poll */
    initialised(state, 1);
    pulse(rig, 5);
    assert_int_equal(in_m(rig, 0), 0x20); /* neither poll nor ISR */
    pulse(rig, 0);
    assert_int_equal(ack(rig), 0x20);
    assert_false(rig->intr); /* no automatic EOI */
    out_m(rig, 1, 0x01);
    assert_false(rig->intr); /* no special mask */
    out_m(rig, 1, 0x00);
    out_m(rig, 0, 0x20);
    assert_int_equal(ack(rig), 0x25);
    out_m(rig, 0, 0x20);
    pulse(rig, 12);
    assert_int_equal(ack(rig), 0x2C);
    pulse(rig, 8);
    assert_false(rig->intr); /* no special nesting */
    initialised(state, 3);
    pulse(rig, 0);
    ack(rig);
    pulse(rig, 0);
    pulse(rig, 1);
    assert_int_equal(ack(rig), 0x20); /* no rotation */
}

static void initialisation_without_icw4_clears_what_it_said(void **state)
{
    struct rig *rig = initialised(state, 0x13);

    out_m(rig, 0, 0x10);
    out_m(rig, 1, 0x20);
    out_m(rig, 1, 0x04);
    pulse(rig, 12);
    assert_int_equal(ack(rig), 0x2C);
    out_m(rig, 0, 0x0B);
    assert_int_equal(in_m(rig, 0), 0x04); /* no automatic EOI */
    pulse(rig, 8);
    assert_false(rig->intr); /* no special nesting */
}

static void commands_do_one_thing_each(void **state)
{
    struct rig *rig = initialised(state, 1);

    out_m(rig, 0, 0xC0); /* 1 is the highest now, 0 the lowest */
    pulse(rig, 0);
    assert_int_equal(ack(rig), 0x20);
    pulse(rig, 1);
    assert_int_equal(ack(rig), 0x21);
    out_m(rig, 0, 0x0B);
    out_m(rig, 0, 0x80); /* rotation on: ends nothing */
    assert_int_equal(in_m(rig, 0), 0x03);
    out_m(rig, 0, 0x00);
    assert_int_equal(in_m(rig, 0), 0x03);
    out_m(rig, 0, 0xC0); /* priority: ends nothing */
    assert_int_equal(in_m(rig, 0), 0x03);
    out_m(rig, 0, 0x20); /* ends 1, not the 0 in its input field */
    assert_int_equal(in_m(rig, 0), 0x01);
    pulse(rig, 5);
    pulse(rig, 6);
    assert_int_equal(ack(rig), 0x25);
    out_m(rig, 0, 0x60);
    out_m(rig, 0, 0x65); /* ends 5 without changing priorities */
    pulse(rig, 5);
    assert_int_equal(ack(rig), 0x25);
}

static void poll_acknowledges_by_reading(void **state)
{
    struct rig *rig = initialised(state, 1);

    out_m(rig, 0, 0x0C);
    assert_int_equal(in_m(rig, 0) & 0x80, 0);
    assert_int_equal(in_m(rig, 0), 0); /* one read only: this is IRR again */
    pulse(rig, 6);
    out_m(rig, 0, 0x0C);
    assert_int_equal(in_m(rig, 1), 0x86); /* at either port */
    assert_false(rig->intr);
    out_m(rig, 0, 0x0B);
    assert_int_equal(in_m(rig, 0), 0x40);
    pulse(rig, 10);
    out_m(rig, 0, 0x0C);
    assert_int_equal(in_m(rig, 0), 0x82); /* the cascade; then the slave is asked */
    out_s(rig, 0, 0x0C);
    assert_int_equal(in_s(rig, 0), 0x82);
    assert_int_equal(in_s(rig, 0), 0);
}

static void read_command_chooses_irr_or_isr(void **state)
{
    struct rig *rig = initialised(state, 1);

    pulse(rig, 1);
    ack(rig);
    pulse(rig, 3);
    assert_int_equal(in_m(rig, 0), 0x08);
    out_m(rig, 0, 0x0B);
    assert_int_equal(in_m(rig, 0), 0x02);
    out_m(rig, 0, 0x08); /* RR clear: no change */
    assert_int_equal(in_m(rig, 0), 0x02);
    out_m(rig, 0, 0x0A);
    assert_int_equal(in_m(rig, 0), 0x08);
    assert_int_equal(vpic_master_ops.read(&rig->pic, 0, 2), 0x0008);
}

static void line_adapter_reaches_its_input(void **state)
{
    struct rig *rig = initialised(state, 1);
    struct vpic_line line = {.pic = &rig->pic, .input = 4};

    vpic_line_set(&line, true);
    assert_int_equal(ack(rig), 0x24);
}

/* Priorities as a PC's user knows them, kept in a list instead of bits. */
static const unsigned order[] = {0, 1, 8, 9, 10, 11, 12, 13, 14, 15, 3, 4, 5, 6, 7};

static void random_interrupts_are_served_in_order(void **state)
{
    struct rig *rig = initialised(state, 1);
    bool requested[16] = {false};
    bool masked[16] = {false};
    unsigned stack[16]; /* positions in `order` that are being served */
    unsigned depth = 0;
    unsigned served = 0;

    srand(8259);
    for (unsigned step = 0; step < 200000; step++) {
        unsigned irq = order[(unsigned)rand() % ARRAY_SIZE(order)];
        unsigned limit = depth ? stack[depth - 1] : ARRAY_SIZE(order);
        unsigned wanted;

        switch (rand() % 4) {
        case 0:
            pulse(rig, irq);
            requested[irq] = true;
            break;
        case 1:
            masked[irq] = rand() % 3 == 0;
            if (irq < 8)
                out_m(rig, 1, (in_m(rig, 1) & ~(1U << irq)) | (unsigned)masked[irq] << irq);
            else
                out_s(rig, 1,
                      (in_s(rig, 1) & ~(1U << (irq - 8))) | (unsigned)masked[irq] << (irq - 8));
            break;
        case 2:
            if (!depth)
                break;
            if (order[stack[--depth]] >= 8)
                out_s(rig, 0, 0x20);
            out_m(rig, 0, 0x20);
            break;
        default:
            break;
        }
        limit = depth ? stack[depth - 1] : ARRAY_SIZE(order);
        if (depth && order[limit] >= 8)
            limit = 2; /* without the special nested mode the whole slave waits */
        for (wanted = 0; wanted < limit; wanted++) {
            if (requested[order[wanted]] && !masked[order[wanted]])
                break;
        }
        assert_int_equal(rig->intr, wanted < limit);
        if (!rig->intr || rand() % 2)
            continue;
        assert_int_equal(ack(rig), 0x20 + order[wanted]);
        requested[order[wanted]] = false;
        stack[depth++] = wanted;
        served++;
    }
    assert_true(served > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reset_leaves_firmwares_vectors_and_all_masked),
        TEST(mask_reads_back),
        TEST(initialisation_takes_as_many_words_as_icw1_says),
        TEST(icw1_forgets_requests_and_service),
        TEST(edge_is_requested_once_and_kept_until_acknowledged),
        TEST(level_repeats_while_asserted_and_is_withdrawn),
        TEST(elcr_keeps_the_timers_inputs_edge),
        TEST(lower_priority_waits_for_eoi_and_higher_interrupts),
        TEST(masked_input_waits),
        TEST(slave_comes_through_input_2_of_the_master),
        TEST(special_nested_lets_the_slave_interrupt_itself),
        TEST(cascade_is_no_devices_input),
        TEST(acknowledge_of_nothing_is_input_7),
        TEST(slaves_withdrawn_request_is_withdrawn_from_the_master),
        TEST(automatic_eoi_leaves_nothing_in_service),
        TEST(rotation_in_automatic_eoi_gives_each_its_turn),
        TEST(rotation_on_eoi_makes_the_ended_one_the_lowest),
        TEST(set_priority_names_the_lowest),
        TEST(special_mask_mode_lets_lower_ones_through),
        TEST(several_levels_are_asserted_at_once),
        TEST(reset_takes_intr_down),
        TEST(icw1_restores_the_plain_modes),
        TEST(initialisation_without_icw4_clears_what_it_said),
        TEST(commands_do_one_thing_each),
        TEST(poll_acknowledges_by_reading),
        TEST(read_command_chooses_irr_or_isr),
        TEST(line_adapter_reaches_its_input),
        TEST(random_interrupts_are_served_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
