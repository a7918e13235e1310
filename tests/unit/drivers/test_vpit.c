/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/vpit.c drivers/vpit_channel.c */
/*
 * The virtual PIT against the 8254 data sheet: each mode's output by tick, gate, latches, and a
 * comparison with a channel that is counted down one tick at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/vpit.h"

struct rig {
    struct vpit pit;
    uint64_t now;
    bool line;
    unsigned edges;
};

static uint64_t now(void *context)
{
    return ((struct rig *)context)->now;
}

static void line_set(void *context, bool asserted)
{
    struct rig *rig = context;

    assert_int_not_equal(rig->line, asserted);
    rig->line = asserted;
    rig->edges += asserted;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    rig->now = 1000000;
    vpit_init(&rig->pit, now, rig, (struct irq_line){.set = line_set, .context = rig});
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void control(struct rig *rig, unsigned value)
{
    vpit_ops.write(&rig->pit, 3, 1, value);
}

static void put(struct rig *rig, unsigned channel, unsigned value)
{
    vpit_ops.write(&rig->pit, channel, 1, value);
}

static void put16(struct rig *rig, unsigned channel, unsigned value)
{
    put(rig, channel, value & 0xFF);
    put(rig, channel, value >> 8);
}

static unsigned get(struct rig *rig, unsigned channel)
{
    return (unsigned)vpit_ops.read(&rig->pit, channel, 1);
}

static unsigned get16(struct rig *rig, unsigned channel)
{
    unsigned low = get(rig, channel);

    return low | get(rig, channel) << 8;
}

static unsigned latched(struct rig *rig, unsigned channel)
{
    control(rig, channel << 6);
    return get16(rig, channel);
}

static void gate(struct rig *rig, bool on)
{
    vpit_port_b_ops.write(&rig->pit, 0, 1, on);
}

static bool out2(struct rig *rig)
{
    return vpit_port_b_ops.read(&rig->pit, 0, 1) & 0x20;
}

/* Channel 2's output as a picture, one character a tick from the next one on: - high, _ low. */
static void expect_out2(struct rig *rig, const char *picture)
{
    char seen[64] = {0};

    for (unsigned i = 0; picture[i]; i++) {
        rig->now++;
        seen[i] = out2(rig) ? '-' : '_';
    }
    assert_string_equal(seen, picture);
}

static void mode_0_goes_high_one_tick_and_the_count_later(void **state)
{
    struct rig *rig = *state;

    gate(rig, true);
    control(rig, 0x90); /* channel 2, low byte, mode 0 */
    assert_false(out2(rig));
    put(rig, 2, 4);
    expect_out2(rig, "____-----");
    put(rig, 2, 2);
    expect_out2(rig, "__--");
    rig->now += 70000; /* never again, although the counter wraps */
    expect_out2(rig, "---");
}

static void mode_0_stops_at_the_low_byte_and_with_the_gate(void **state)
{
    struct rig *rig = *state;

    gate(rig, true);
    control(rig, 0xB0);
    put16(rig, 2, 3);
    expect_out2(rig, "___--");
    put(rig, 2, 3); /* low byte of two */
    assert_false(out2(rig));
    rig->now += 100;
    assert_false(out2(rig));
    put(rig, 2, 0);
    expect_out2(rig, "__");
    gate(rig, false);
    expect_out2(rig, "______");
    gate(rig, true);
    expect_out2(rig, "_--");
}

static void mode_1_is_triggered_and_retriggered_by_the_gate(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x92);
    put(rig, 2, 3);
    expect_out2(rig, "---");
    gate(rig, true);
    assert_false(out2(rig));
    expect_out2(rig, "___--");
    gate(rig, false);
    gate(rig, true);
    expect_out2(rig, "__");
    gate(rig, false);
    expect_out2(rig, "_"); /* the falling gate does not end it */
    gate(rig, true);
    put(rig, 2, 9); /* a new count waits for the next trigger */
    expect_out2(rig, "___--");
    gate(rig, false);
    gate(rig, true);
    expect_out2(rig, "_________-");
}

static void mode_2_is_low_for_one_tick_a_period(void **state)
{
    struct rig *rig = *state;

    gate(rig, true);
    control(rig, 0x94);
    put(rig, 2, 4);
    expect_out2(rig, "---_---_---_-");
    put(rig, 2, 2); /* from the next period on */
    expect_out2(rig, "--_-_-_");
    gate(rig, false);
    expect_out2(rig, "-----");
    gate(rig, true);
    expect_out2(rig, "-_-_");
}

static void mode_3_is_high_for_the_larger_half(void **state)
{
    struct rig *rig = *state;

    gate(rig, true);
    control(rig, 0x96);
    put(rig, 2, 4);
    expect_out2(rig, "--__--__-");
    put(rig, 2, 5); /* from the next half on */
    expect_out2(rig, "-__---__---__---");
    gate(rig, false);
    expect_out2(rig, "---");
    gate(rig, true);
    expect_out2(rig, "---__---__");
}

static void mode_4_strobes_once_after_the_count(void **state)
{
    struct rig *rig = *state;

    gate(rig, true);
    control(rig, 0x98);
    expect_out2(rig, "--");
    put(rig, 2, 3);
    expect_out2(rig, "---_-----");
    put(rig, 2, 3);
    expect_out2(rig, "--");
    gate(rig, false);
    expect_out2(rig, "----");
    gate(rig, true);
    expect_out2(rig, "-_--");
    put(rig, 2, 5);
    expect_out2(rig, "--");
    put(rig, 2, 1); /* a new count starts at once */
    expect_out2(rig, "-_--");
}

static void mode_5_strobes_after_a_trigger(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x9A);
    put(rig, 2, 3);
    expect_out2(rig, "------");
    gate(rig, true);
    expect_out2(rig, "---_---");
    gate(rig, false);
    gate(rig, true);
    expect_out2(rig, "--");
    gate(rig, false);
    gate(rig, true);
    expect_out2(rig, "---_--");
}

static void modes_6_and_7_are_2_and_3(void **state)
{
    struct rig *rig = *state;

    gate(rig, true);
    control(rig, 0x9C);
    put(rig, 2, 3);
    expect_out2(rig, "--_--_");
    control(rig, 0x9E);
    put(rig, 2, 4);
    expect_out2(rig, "--__--");
}

static void count_of_zero_is_the_largest(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x34);
    put16(rig, 0, 0);
    assert_int_equal(vpit_next_edge(&rig->pit), rig->now + 1 + 65536);
    rig->now += 2;
    assert_int_equal(latched(rig, 0), 65535);
    control(rig, 0x35);
    put16(rig, 0, 0);
    assert_int_equal(vpit_next_edge(&rig->pit), rig->now + 1 + 10000);
    rig->now += 2;
    assert_int_equal(latched(rig, 0), 0x9999);
}

static void bcd_counts_down_in_decimal(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x31);
    put16(rig, 0, 0x1000);
    rig->now += 2;
    assert_int_equal(latched(rig, 0), 0x0999);
    rig->now += 999;
    assert_int_equal(latched(rig, 0), 0x0000);
    rig->now++;
    assert_int_equal(latched(rig, 0), 0x9999); /* wraps */
    put16(rig, 0, 0xFFFF);                     /* no decimal digits: each counts with its weight */
    assert_int_equal(vpit_next_edge(&rig->pit), rig->now + 1 + (15 * 1111) % 10000);
}

static void mode_3_counts_by_twos(void **state)
{
    struct rig *rig = *state;
    static const unsigned even[] = {6, 4, 2, 6, 4, 2, 6};
    static const unsigned odd[] = {4, 2, 0, 4, 2, 4, 2, 0, 4, 2};

    control(rig, 0x36);
    put16(rig, 0, 6);
    for (unsigned i = 0; i < ARRAY_SIZE(even); i++) {
        rig->now++;
        assert_int_equal(latched(rig, 0), even[i]);
    }
    control(rig, 0x36);
    put16(rig, 0, 5);
    for (unsigned i = 0; i < ARRAY_SIZE(odd); i++) {
        rig->now++;
        assert_int_equal(latched(rig, 0), odd[i]);
    }
}

static void access_modes_read_and_write_their_bytes(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x10); /* low only */
    put(rig, 0, 0x34);
    rig->now++;
    assert_int_equal(get(rig, 0), 0x34);
    assert_int_equal(get(rig, 0), 0x34);
    control(rig, 0x20); /* high only */
    put(rig, 0, 0x12);
    rig->now++;
    assert_int_equal(get(rig, 0), 0x12);
    rig->now++;
    assert_int_equal(get(rig, 0), 0x11);
    control(rig, 0x30); /* both */
    put16(rig, 0, 0x1234);
    rig->now++;
    assert_int_equal(get16(rig, 0), 0x1234);
    assert_int_equal(vpit_ops.read(&rig->pit, 3, 1), 0xFF);
    assert_int_equal(vpit_ops.read(&rig->pit, 2, 2) >> 8, 0xFF);
    control(rig, 0x10);
    control(rig, 0x50);
    vpit_ops.write(&rig->pit, 0, 2, 0x5678); /* a byte to channel 0 and one to channel 1 */
    rig->now++;
    assert_int_equal(vpit_ops.read(&rig->pit, 0, 2), 0x5678);
    rig->now++;
    assert_int_equal(vpit_ops.read(&rig->pit, 0, 2), 0x5577); /* both count */
}

static void latch_holds_until_read_and_ignores_a_second_one(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x34);
    put16(rig, 0, 0x1000);
    rig->now += 1;
    control(rig, 0x00);
    rig->now += 0x100;
    control(rig, 0x00);
    assert_int_equal(get(rig, 0), 0x00);
    rig->now += 0x100;
    assert_int_equal(get(rig, 0), 0x10);
    assert_int_equal(get16(rig, 0), 0x0E00); /* live again */
    control(rig, 0x00);
    control(rig, 0x34); /* a new mode drops the latch */
    put16(rig, 0, 0x2000);
    rig->now += 1;
    assert_int_equal(get16(rig, 0), 0x2000);
}

static void read_back_latches_status_and_count_of_the_chosen(void **state)
{
    struct rig *rig = *state;

    gate(rig, true);
    control(rig, 0x34);
    put16(rig, 0, 100);
    control(rig, 0xB1);
    control(rig, 0xE2); /* status of channel 0: not loaded yet */
    assert_int_equal(get(rig, 0), 0x80 | 0x40 | 0x34);
    rig->now += 1;
    control(rig, 0xE2);
    assert_int_equal(get(rig, 0), 0x80 | 0x34);
    put(rig, 2, 9);
    control(rig, 0xCA); /* both, of 0 and 2 */
    rig->now += 50;
    assert_int_equal(get(rig, 0), 0x80 | 0x34); /* status first */
    assert_int_equal(get16(rig, 0), 100);
    assert_int_equal(get(rig, 2), 0x40 | 0x31); /* half a count is written: output low */
    control(rig, 0xD2);                         /* count of 0 only */
    assert_int_equal(get16(rig, 0), 50);
    control(rig, 0xE2); /* status only: the count stays live */
    rig->now += 10;
    assert_int_equal(get(rig, 0), 0x80 | 0x34);
    assert_int_equal(get16(rig, 0), 40);
    control(rig, 0xE0); /* nobody */
    assert_int_equal(get16(rig, 0), 40);
}

static void null_count_shows_a_count_that_waits(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x36);
    put16(rig, 0, 100);
    rig->now += 10;
    put16(rig, 0, 50);
    control(rig, 0xE2);
    assert_int_equal(get(rig, 0), 0xC0 | 0x36);
    rig->now += 41;
    control(rig, 0xE2);
    assert_int_equal(get(rig, 0), 0x36); /* second half, loaded */
}

static void channel_0_ticks_on_its_line(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(vpit_next_edge(&rig->pit), VPIT_NEVER);
    assert_false(rig->line);
    control(rig, 0x34);
    assert_true(rig->line); /* the mode's idle level */
    put16(rig, 0, 11932);
    rig->edges = 0;
    for (unsigned i = 1; i <= 100; i++) {
        uint64_t due = vpit_next_edge(&rig->pit);

        assert_true(due > rig->now);
        rig->now = due - 1;
        vpit_update(&rig->pit);
        assert_int_equal(rig->edges, i - 1);
        assert_int_equal(vpit_next_edge(&rig->pit), due);
        rig->now = due;
        vpit_update(&rig->pit);
        assert_int_equal(rig->edges, i);
    }
    assert_int_equal(rig->now, 1000000 + 1 + 100 * 11932);
}

static void edge_is_seen_at_its_very_tick(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x34);
    put16(rig, 0, 1000);
    rig->edges = 0;
    for (unsigned i = 1; i <= 5; i++) { /* no look at the low tick before */
        rig->now = vpit_next_edge(&rig->pit);
        vpit_update(&rig->pit);
        assert_int_equal(rig->edges, i);
    }
}

static void control_word_starts_reading_and_writing_afresh(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x30);
    put(rig, 0, 0x11);
    control(rig, 0x30);
    put16(rig, 0, 0x2233);
    rig->now++;
    control(rig, 0xE2);
    assert_int_equal(get(rig, 0), 0x30); /* output low, count loaded */
    assert_int_equal(get(rig, 0), 0x33);
    control(rig, 0xE2);
    control(rig, 0x30); /* between low and high byte, with a status latched */
    put16(rig, 0, 0x4455);
    rig->now++;
    assert_int_equal(get16(rig, 0), 0x4455);
}

static void untriggered_counter_stands_still(void **state)
{
    struct rig *rig = *state;
    unsigned before;

    control(rig, 0xB2);
    put16(rig, 2, 0x1000);
    before = latched(rig, 2);
    rig->now += 12345;
    assert_int_equal(latched(rig, 2), before);
}

static void overdue_edges_become_one(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x36);
    put16(rig, 0, 1000);
    rig->edges = 0;
    rig->now += 1 + 10 * 1000 + 600;
    vpit_update(&rig->pit);
    assert_int_equal(rig->edges, 1);
    assert_false(rig->line); /* low half */
    assert_int_equal(vpit_next_edge(&rig->pit), rig->now + 400);
    vpit_update(&rig->pit);
    assert_int_equal(rig->edges, 1);
}

static void due_edge_comes_before_what_an_access_changes(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x30);
    put16(rig, 0, 100);
    assert_false(rig->line);
    rig->now += 200;
    control(rig, 0x30); /* goes low again at once */
    assert_int_equal(rig->edges, 1);
    assert_false(rig->line);
    assert_int_equal(vpit_next_edge(&rig->pit), VPIT_NEVER);
}

static void one_shot_modes_have_one_edge(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x30);
    put16(rig, 0, 100);
    assert_int_equal(vpit_next_edge(&rig->pit), rig->now + 101);
    rig->now += 101;
    vpit_update(&rig->pit);
    assert_int_equal(rig->edges, 1);
    assert_int_equal(vpit_next_edge(&rig->pit), VPIT_NEVER);
    control(rig, 0x38);
    rig->edges = 0;
    put16(rig, 0, 100);
    assert_int_equal(vpit_next_edge(&rig->pit), rig->now + 102);
    rig->now += 500;
    vpit_update(&rig->pit);
    assert_int_equal(rig->edges, 1);
    control(rig, 0x32); /* nobody can trigger channel 0 */
    put16(rig, 0, 100);
    assert_int_equal(vpit_next_edge(&rig->pit), VPIT_NEVER);
    control(rig, 0x3A);
    put16(rig, 0, 100);
    assert_int_equal(vpit_next_edge(&rig->pit), VPIT_NEVER);
}

static void illegal_count_of_1_does_not_storm(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x34);
    put16(rig, 0, 1);
    assert_int_equal(vpit_next_edge(&rig->pit), VPIT_NEVER);
    control(rig, 0x36);
    put16(rig, 0, 1);
    rig->now += 1000;
    vpit_update(&rig->pit);
    assert_int_equal(vpit_next_edge(&rig->pit), VPIT_NEVER);
    put16(rig, 0, 100); /* and it is left again */
    rig->now += 2;
    vpit_update(&rig->pit);
    assert_true(vpit_next_edge(&rig->pit) <= rig->now + 101);
}

static void port_b_has_gate_output_refresh_and_scratch_bits(void **state)
{
    struct rig *rig = *state;
    unsigned toggles = 0;
    uint64_t before;

    vpit_port_b_ops.write(&rig->pit, 0, 1, 0xFE);
    assert_int_equal(vpit_port_b_ops.read(&rig->pit, 0, 1) & 0xEF, 0x0E);
    before = vpit_port_b_ops.read(&rig->pit, 0, 1) & 0x10;
    for (unsigned i = 0; i < 1800; i++) {
        uint64_t bit;

        rig->now++;
        bit = vpit_port_b_ops.read(&rig->pit, 0, 1) & 0x10;
        toggles += bit != before;
        before = bit;
    }
    assert_int_equal(toggles, 100);
}

static void linux_calibration_by_channel_2_sees_its_time(void **state)
{
    struct rig *rig = *state;
    uint64_t begin;

    vpit_port_b_ops.write(&rig->pit, 0, 1,
                          (vpit_port_b_ops.read(&rig->pit, 0, 1) & ~UINT64_C(2)) | 1);
    control(rig, 0xB0);
    put16(rig, 2, 11931); /* 10 ms */
    begin = rig->now;
    while (!out2(rig))
        rig->now += 3;
    assert_in_range(rig->now - begin, 11931, 11936);
}

static void reset_silences_all(void **state)
{
    struct rig *rig = *state;

    control(rig, 0x34);
    put16(rig, 0, 100);
    gate(rig, true);
    vpit_reset(&rig->pit);
    assert_false(rig->line);
    assert_int_equal(vpit_next_edge(&rig->pit), VPIT_NEVER);
    rig->now += 100000;
    vpit_update(&rig->pit);
    assert_false(rig->line);
    assert_int_equal(vpit_port_b_ops.read(&rig->pit, 0, 1) & 0xEF, 0);
}

/*
 * A channel as a machine that is clocked: the data sheet's words turned into one function a tick.
 * Compared with the computed one on channel 2, output and count, under random programming.
 */
struct clocked {
    unsigned mode;
    unsigned reload; /* written count, 1 to 65536 */
    unsigned now;    /* counting element */
    bool gate;
    bool out;
    bool has_reload;
    bool load;     /* at the next clock */
    bool counting; /* modes 1 and 5: triggered; others: loaded once */
    bool strobed;
    bool new_reload;
};

static void clock_even(struct clocked *c)
{
    switch (c->mode) {
    case 2:
        if (!c->gate)
            return;
        c->now--;
        if (c->now == 0) {
            c->now = c->reload;
            c->new_reload = false;
        }
        c->out = c->now != 1;
        return;
    case 3:
        if (!c->gate)
            return;
        if (c->now == 0 || (c->now == 2 && (!(c->strobed) || !c->out))) {
            c->out = !c->out;
            c->now = c->reload & ~1U;
            c->strobed = c->reload & 1; /* odd */
            c->new_reload = false;
        } else {
            c->now -= 2;
        }
        return;
    default:
        break;
    }
    if ((c->mode == 0 || c->mode == 4) && !c->gate) {
        c->out |= c->mode == 4; /* a strobe lasts one tick all the same */
        return;
    }
    c->now = (c->now - 1) & 0xFFFF;
    if (c->mode == 0 || c->mode == 1) {
        if (c->now == 0)
            c->out = true;
        return;
    }
    c->out = !(c->now == 0 && !c->strobed); /* modes 4 and 5: once */
    if (c->now == 0)
        c->strobed = true;
}

static void clock_tick(struct clocked *c)
{
    if (c->load) {
        c->load = false;
        c->now = c->mode == 3 ? c->reload & ~1U : c->reload;
        c->strobed = c->mode == 3 ? c->reload & 1 : false;
        c->counting = true;
        c->new_reload = false;
        if (c->mode == 2 || c->mode == 3 || c->mode >= 4)
            c->out = true;
        return;
    }
    if (c->counting)
        clock_even(c);
}

static void clocked_write(struct clocked *c, unsigned count)
{
    bool first = !c->has_reload;

    c->reload = count;
    c->has_reload = true;
    c->new_reload = true;
    if (c->mode == 0)
        c->out = false;
    if (c->mode == 0 || c->mode == 4 || ((c->mode == 2 || c->mode == 3) && first)) {
        c->load = c->gate || c->mode == 0 || c->mode == 4;
        c->counting = c->counting && !first;
    }
}

static void clocked_gate(struct clocked *c, bool gate)
{
    bool rising = gate && !c->gate;

    c->gate = gate;
    if (c->mode == 2 || c->mode == 3) {
        if (!gate)
            c->out = true;
        else if (rising && c->has_reload)
            c->load = true;
    }
    if ((c->mode == 1 || c->mode == 5) && rising && c->has_reload) {
        c->load = true;
        if (c->mode == 1)
            c->out = false;
    }
}

static void computed_outputs_equal_a_clocked_channel(void **state)
{
    struct rig *rig = *state;
    struct clocked c = {0};
    unsigned compared = 0;

    srand(8254);
    control(rig, 0x90);
    for (unsigned step = 0; step < 60000; step++) {
        unsigned count = 2 + (unsigned)rand() % 9;

        switch (rand() % 12) {
        case 0: {
            bool old_gate = c.gate;

            memset(&c, 0, sizeof(c));
            c.gate = old_gate;
            c.mode = (unsigned)rand() % 6;
            c.out = c.mode != 0;
            control(rig, 0x90 | c.mode << 1);
            break;
        }
        case 1:
        case 2:
            put(rig, 2, count);
            clocked_write(&c, count);
            break;
        case 3: {
            bool level = rand() % 2;

            gate(rig, level);
            clocked_gate(&c, level);
            break;
        }
        default:
            break;
        }
        rig->now++;
        clock_tick(&c);
        if (out2(rig) != c.out)
            fail_msg("step %u mode %u: %d instead of %d", step, c.mode, out2(rig), c.out);
        if (!c.counting || c.load)
            continue;
        control(rig, 0x80);
        count = get(rig, 2);
        if (count != (c.now & 0xFF))
            fail_msg("step %u mode %u: counted %u instead of %u", step, c.mode, count, c.now);
        compared++;
    }
    assert_true(compared > 10000);
}

static void random_accesses_keep_the_next_edge_ahead(void **state)
{
    struct rig *rig = *state;

    srand(3);
    for (unsigned i = 0; i < 300000; i++) {
        unsigned size = 1U << (rand() % 3);
        unsigned offset = (unsigned)rand() % (VPIT_PORT_COUNT + 1 - size);

        rig->now += (uint64_t)rand() % (rand() % 100 ? 50 : 1000000);
        switch (rand() % 6) {
        case 0:
            vpit_port_b_ops.write(&rig->pit, 0, 1, (uint64_t)rand());
            break;
        case 1:
            vpit_update(&rig->pit);
            break;
        case 2:
            vpit_ops.read(&rig->pit, offset, size);
            break;
        default:
            vpit_ops.write(&rig->pit, offset, size, (uint64_t)rand());
            break;
        }
        assert_true(vpit_next_edge(&rig->pit) > rig->pit.updated);
        for (unsigned n = 0; n < VPIT_CHANNELS; n++) {
            assert_in_range(rig->pit.channels[n].count, 1, 65536);
            assert_in_range(rig->pit.channels[n].pending, 0, 65536);
            assert_in_range(rig->pit.channels[n].mode, 0, 5);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mode_0_goes_high_one_tick_and_the_count_later),
        TEST(mode_0_stops_at_the_low_byte_and_with_the_gate),
        TEST(mode_1_is_triggered_and_retriggered_by_the_gate),
        TEST(mode_2_is_low_for_one_tick_a_period),
        TEST(mode_3_is_high_for_the_larger_half),
        TEST(mode_4_strobes_once_after_the_count),
        TEST(mode_5_strobes_after_a_trigger),
        TEST(modes_6_and_7_are_2_and_3),
        TEST(count_of_zero_is_the_largest),
        TEST(bcd_counts_down_in_decimal),
        TEST(mode_3_counts_by_twos),
        TEST(access_modes_read_and_write_their_bytes),
        TEST(latch_holds_until_read_and_ignores_a_second_one),
        TEST(read_back_latches_status_and_count_of_the_chosen),
        TEST(null_count_shows_a_count_that_waits),
        TEST(channel_0_ticks_on_its_line),
        TEST(edge_is_seen_at_its_very_tick),
        TEST(control_word_starts_reading_and_writing_afresh),
        TEST(untriggered_counter_stands_still),
        TEST(overdue_edges_become_one),
        TEST(due_edge_comes_before_what_an_access_changes),
        TEST(one_shot_modes_have_one_edge),
        TEST(illegal_count_of_1_does_not_storm),
        TEST(port_b_has_gate_output_refresh_and_scratch_bits),
        TEST(linux_calibration_by_channel_2_sees_its_time),
        TEST(reset_silences_all),
        TEST(computed_outputs_equal_a_clocked_channel),
        TEST(random_accesses_keep_the_next_edge_ahead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
