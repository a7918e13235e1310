/* SPDX-License-Identifier: Apache-2.0 */
/* links: guests/net/e1000_ring.c */
/*
 * The driver's rings against a card that is played here: what it may fill, what it hands back, and
 * what a card that has gone mad can do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guests/net/e1000_ring.h"

#define COUNT 8
#define DMA   UINT64_C(0x40000000)

struct rig {
    struct e1000_rx_desc rx_desc[COUNT];
    struct e1000_tx_desc tx_desc[COUNT];
    uint8_t rx_bytes[COUNT * E1000_BUFFER_SIZE];
    uint8_t tx_bytes[COUNT * E1000_BUFFER_SIZE];
    struct e1000_rx_ring rx;
    struct e1000_tx_ring tx;
    uint32_t head; /* the card's */
};

static int rig_open(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    assert_non_null(rig);
    rig->rx =
        (struct e1000_rx_ring){.desc = rig->rx_desc, .buffers = rig->rx_bytes, .count = COUNT};
    rig->tx =
        (struct e1000_tx_ring){.desc = rig->tx_desc, .buffers = rig->tx_bytes, .count = COUNT};
    e1000_rx_init(&rig->rx, DMA);
    e1000_tx_init(&rig->tx, DMA);
    *state = rig;
    return 0;
}

static int rig_close(void **state)
{
    free(*state);
    return 0;
}

/* The card puts a buffer's worth into the next descriptor that it owns. */
static void card_receives(struct rig *rig, uint16_t length, uint8_t status, uint8_t errors,
                          uint8_t mark)
{
    struct e1000_rx_desc *desc = &rig->rx_desc[rig->head];
    assert_int_not_equal(rig->head, e1000_rx_tail(&rig->rx));
    uint64_t at = desc->address - DMA;
    assert_true(at + E1000_BUFFER_SIZE <= sizeof(rig->rx_bytes));
    rig->rx_bytes[at] = mark;
    desc->length = length;
    desc->errors = errors;
    desc->status = status;
    rig->head = (rig->head + 1) % COUNT;
}

static void frames_come_in_order_for_ever(void **state)
{
    struct rig *rig = *state;
    for (unsigned i = 0; i < 5 * COUNT; i++) {
        size_t length = 0;
        card_receives(rig, (uint16_t)(60 + i), E1000_RX_DD | E1000_RX_EOP, 0, (uint8_t)i);
        const uint8_t *frame = e1000_rx_frame(&rig->rx, &length);
        assert_non_null(frame);
        assert_int_equal(length, 60 + i);
        assert_int_equal(frame[0], i);
        e1000_rx_release(&rig->rx);
        assert_null(e1000_rx_frame(&rig->rx, &length));
    }
    assert_int_equal(rig->rx.frames, 5 * COUNT);
    assert_int_equal(rig->rx.dropped, 0);
}

static void card_never_owns_the_whole_ring(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(e1000_rx_tail(&rig->rx), COUNT - 1);
    for (unsigned i = 0; i < COUNT - 1; i++) {
        card_receives(rig, 60, E1000_RX_DD | E1000_RX_EOP, 0, (uint8_t)i);
    }
    assert_int_equal(rig->head, e1000_rx_tail(&rig->rx));
}

static void damaged_and_oversized_frames_are_dropped(void **state)
{
    static const struct {
        uint16_t length;
        uint8_t errors;
    } bad[] = {{60, 0x01}, {60, 0x80}, {1515, 0}, {0xffff, 0}, {13, 0}, {0, 0}};
    struct rig *rig = *state;
    size_t length;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        card_receives(rig, bad[i].length, E1000_RX_DD | E1000_RX_EOP, bad[i].errors, 1);
        assert_null(e1000_rx_frame(&rig->rx, &length));
        assert_int_equal(rig->rx.dropped, i + 1);
    }
    card_receives(rig, 1514, E1000_RX_DD | E1000_RX_EOP, 0, 7);
    assert_non_null(e1000_rx_frame(&rig->rx, &length));
    assert_int_equal(length, 1514);
}

static void frame_of_several_buffers_is_dropped_as_one(void **state)
{
    struct rig *rig = *state;
    size_t length;
    card_receives(rig, 2048, E1000_RX_DD, 0, 1);
    card_receives(rig, 2048, E1000_RX_DD, 0, 2);
    card_receives(rig, 100, E1000_RX_DD | E1000_RX_EOP, 0, 3);
    card_receives(rig, 70, E1000_RX_DD | E1000_RX_EOP, 0, 4);
    const uint8_t *frame = e1000_rx_frame(&rig->rx, &length);
    assert_non_null(frame);
    assert_int_equal(frame[0], 4);
    assert_int_equal(rig->rx.dropped, 1);
}

static void mad_card_cannot_keep_us(void **state)
{
    struct rig *rig = *state;
    size_t length;
    for (unsigned i = 0; i < COUNT; i++) {
        rig->rx_desc[i].status = 0xff;
        rig->rx_desc[i].errors = 0xff;
        rig->rx_desc[i].length = 0xffff;
    }
    assert_null(e1000_rx_frame(&rig->rx, &length));
    assert_int_equal(rig->rx.frames, 0);
}

static void full_transmit_ring_refuses_until_the_card_is_done(void **state)
{
    struct rig *rig = *state;
    for (unsigned i = 0; i < COUNT - 1; i++) {
        assert_non_null(e1000_tx_buffer(&rig->tx));
        e1000_tx_commit(&rig->tx, 100);
    }
    assert_null(e1000_tx_buffer(&rig->tx));
    assert_int_equal(rig->tx.dropped, 1);
    rig->tx_desc[1].status = E1000_TX_DD; /* not the oldest: nothing is free yet */
    assert_null(e1000_tx_buffer(&rig->tx));
    rig->tx_desc[0].status = E1000_TX_DD;
    assert_non_null(e1000_tx_buffer(&rig->tx));
    e1000_tx_commit(&rig->tx, 100);
    assert_non_null(e1000_tx_buffer(&rig->tx));
    assert_int_equal(rig->tx.frames, COUNT);
}

static void short_frames_are_padded_with_zeros(void **state)
{
    struct rig *rig = *state;
    memset(rig->tx_bytes, 0xaa, sizeof(rig->tx_bytes));
    uint8_t *buffer = e1000_tx_buffer(&rig->tx);
    memset(buffer, 0x55, 42);
    e1000_tx_commit(&rig->tx, 42);
    assert_int_equal(rig->tx_desc[0].length, E1000_FRAME_MIN);
    assert_int_equal(rig->tx_desc[0].command, E1000_TX_EOP | E1000_TX_IFCS | E1000_TX_RS);
    for (unsigned i = 42; i < E1000_FRAME_MIN; i++) {
        assert_int_equal(buffer[i], 0);
    }
    assert_int_equal(buffer[E1000_FRAME_MIN], 0xaa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frames_come_in_order_for_ever, rig_open, rig_close),
        cmocka_unit_test_setup_teardown(card_never_owns_the_whole_ring, rig_open, rig_close),
        cmocka_unit_test_setup_teardown(damaged_and_oversized_frames_are_dropped, rig_open,
                                        rig_close),
        cmocka_unit_test_setup_teardown(frame_of_several_buffers_is_dropped_as_one, rig_open,
                                        rig_close),
        cmocka_unit_test_setup_teardown(mad_card_cannot_keep_us, rig_open, rig_close),
        cmocka_unit_test_setup_teardown(full_transmit_ring_refuses_until_the_card_is_done, rig_open,
                                        rig_close),
        cmocka_unit_test_setup_teardown(short_frames_are_padded_with_zeros, rig_open, rig_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
