/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/vioapic.c */
/*
 * The virtual IOAPIC: registers of the 82093AA, edge and level delivery, the three kinds of pins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/vioapic.h"

struct rig {
    struct vioapic ioapic;
    struct vioapic_message last;
    unsigned delivered;
    unsigned changed_pin;
    uint64_t changed_entry;
    unsigned changes;
    unsigned passed_eois;
};

static void deliver(void *context, const struct vioapic_message *message)
{
    struct rig *rig = context;

    rig->last = *message;
    rig->delivered++;
    if (message->delivery_mode <= IOAPIC_DELIVERY_LOWEST)
        assert_true(message->vector >= 16);
    assert_true(message->delivery_mode != IOAPIC_DELIVERY_SMI && message->delivery_mode != 3 &&
                message->delivery_mode != 6);
}

static void entry_changed(void *context, unsigned pin, uint64_t entry)
{
    struct rig *rig = context;

    rig->changed_pin = pin;
    rig->changed_entry = entry;
    rig->changes++;
}

static void passed_eoi(void *context, uint8_t vector)
{
    struct rig *rig = context;

    assert_int_equal(vector, 0x41);
    rig->passed_eois++;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct vioapic_host host = {.deliver = deliver,
                                .entry_changed = entry_changed,
                                .passed_eoi = passed_eoi,
                                .context = rig};

    assert_non_null(rig);
    vioapic_init(&rig->ioapic, &host);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static uint32_t get(struct rig *rig, unsigned index)
{
    vioapic_ops.write(&rig->ioapic, IOAPIC_IOREGSEL, 4, index);
    return (uint32_t)vioapic_ops.read(&rig->ioapic, IOAPIC_IOWIN, 4);
}

static void put(struct rig *rig, unsigned index, uint32_t value)
{
    vioapic_ops.write(&rig->ioapic, IOAPIC_IOREGSEL, 4, index);
    vioapic_ops.write(&rig->ioapic, IOAPIC_IOWIN, 4, value);
}

static void put_entry(struct rig *rig, unsigned pin, uint64_t entry)
{
    put(rig, IOAPIC_REDIRECTION + 2 * pin + 1, (uint32_t)(entry >> 32));
    put(rig, IOAPIC_REDIRECTION + 2 * pin, (uint32_t)entry);
}

static uint64_t get_entry(struct rig *rig, unsigned pin)
{
    return get(rig, IOAPIC_REDIRECTION + 2 * pin) |
           (uint64_t)get(rig, IOAPIC_REDIRECTION + 2 * pin + 1) << 32;
}

static void end(struct rig *rig, uint8_t vector)
{
    vioapic_ops.write(&rig->ioapic, IOAPIC_EOI, 4, vector);
}

static void reset_values_are_the_data_sheets(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(get(rig, IOAPIC_ID), 0);
    assert_int_equal(get(rig, IOAPIC_VERSION), 0x00170020);
    assert_int_equal(get(rig, IOAPIC_ARBITRATION), 0);
    for (unsigned pin = 0; pin < VIOAPIC_PINS; pin++)
        assert_int_equal(get_entry(rig, pin), 0x10000);
}

static void id_has_four_bits_and_version_none(void **state)
{
    struct rig *rig = *state;

    put(rig, IOAPIC_ID, 0xFFFFFFFF);
    assert_int_equal(get(rig, IOAPIC_ID), 0x0F000000);
    assert_int_equal(get(rig, IOAPIC_ARBITRATION), 0x0F000000);
    put(rig, IOAPIC_ARBITRATION, 0);
    assert_int_equal(get(rig, IOAPIC_ARBITRATION), 0x0F000000);
    put(rig, IOAPIC_VERSION, 0);
    assert_int_equal(get(rig, IOAPIC_VERSION), 0x00170020);
}

static void unknown_registers_read_zero(void **state)
{
    struct rig *rig = *state;

    for (unsigned index = 3; index < 0x100; index++) {
        if (index >= 0x10 && index < 0x40)
            continue;
        put(rig, index, 0xFFFFFFFF);
        assert_int_equal(get(rig, index), 0);
    }
    assert_int_equal(vioapic_ops.read(&rig->ioapic, 0x20, 4), 0);
    assert_int_equal(vioapic_ops.read(&rig->ioapic, 0xFFC, 4), 0);
    assert_int_equal(vioapic_ops.read(&rig->ioapic, IOAPIC_EOI, 4), 0);
}

static void select_reads_back_and_takes_any_size(void **state)
{
    struct rig *rig = *state;

    vioapic_ops.write(&rig->ioapic, IOAPIC_IOREGSEL, 1, 0x1234);
    assert_int_equal(vioapic_ops.read(&rig->ioapic, IOAPIC_IOREGSEL, 4), 0x34);
}

static void entry_keeps_writable_bits_only(void **state)
{
    struct rig *rig = *state;

    put_entry(rig, 23, ~UINT64_C(0));
    assert_int_equal(get_entry(rig, 23), UINT64_C(0xFF0000000001AFFF));
    put_entry(rig, 23, 0x10000);
    assert_int_equal(get_entry(rig, 23), 0x10000);
}

static void window_takes_dwords_only(void **state)
{
    struct rig *rig = *state;

    vioapic_ops.write(&rig->ioapic, IOAPIC_IOREGSEL, 4, IOAPIC_REDIRECTION);
    vioapic_ops.write(&rig->ioapic, IOAPIC_IOWIN, 1, 0x33);
    vioapic_ops.write(&rig->ioapic, IOAPIC_IOWIN, 8, 0x33);
    vioapic_ops.write(&rig->ioapic, IOAPIC_IOWIN + 2, 2, 0);
    assert_int_equal(vioapic_ops.read(&rig->ioapic, IOAPIC_IOWIN, 4), 0x10000);
    assert_int_equal(vioapic_ops.read(&rig->ioapic, IOAPIC_IOWIN, 2), 0);
    assert_int_equal(vioapic_ops.read(&rig->ioapic, IOAPIC_IOWIN, 8), 0x10000);
}

static void edge_delivers_once_what_the_entry_says(void **state)
{
    struct rig *rig = *state;

    put_entry(rig, 4, UINT64_C(0x0300000000000041));
    vioapic_set_pin(&rig->ioapic, 4, true);
    vioapic_set_pin(&rig->ioapic, 4, true);
    assert_int_equal(rig->delivered, 1);
    assert_int_equal(rig->last.destination, 3);
    assert_int_equal(rig->last.vector, 0x41);
    assert_int_equal(rig->last.delivery_mode, IOAPIC_DELIVERY_FIXED);
    assert_false(rig->last.logical);
    assert_false(rig->last.level);
    vioapic_set_pin(&rig->ioapic, 4, false);
    vioapic_set_pin(&rig->ioapic, 4, true);
    assert_int_equal(rig->delivered, 2);
    put_entry(rig, 5, UINT64_C(0x0F00000000000942));
    vioapic_set_pin(&rig->ioapic, 5, true);
    assert_int_equal(rig->delivered, 3);
    assert_true(rig->last.logical);
    assert_int_equal(rig->last.destination, 0x0F);
    assert_int_equal(rig->last.delivery_mode, IOAPIC_DELIVERY_LOWEST);
}

static void edge_on_a_masked_pin_is_lost(void **state)
{
    struct rig *rig = *state;

    put_entry(rig, 4, 0x10041);
    vioapic_set_pin(&rig->ioapic, 4, true);
    put_entry(rig, 4, 0x41);
    assert_int_equal(rig->delivered, 0);
    vioapic_set_pin(&rig->ioapic, 4, false);
    vioapic_set_pin(&rig->ioapic, 4, true);
    assert_int_equal(rig->delivered, 1);
}

static void edge_kind_ignores_the_level_bit_for_delivery(void **state)
{
    struct rig *rig = *state;

    put_entry(rig, 4, 0x8041);
    vioapic_set_pin(&rig->ioapic, 4, true);
    assert_int_equal(rig->delivered, 1);
    assert_false(rig->last.level);
    assert_int_equal(get_entry(rig, 4), 0x8041); /* no Remote IRR that nobody would clear */
    vioapic_set_pin(&rig->ioapic, 4, false);
    vioapic_set_pin(&rig->ioapic, 4, true);
    assert_int_equal(rig->delivered, 2);
}

static void edge_kind_repeats_an_asserted_level_entry_at_eoi_and_unmasking(void **state)
{
    struct rig *rig = *state;

    put_entry(rig, 4, 0x8041);
    vioapic_set_pin(&rig->ioapic, 4, true);
    end(rig, 0x42);
    assert_int_equal(rig->delivered, 1);
    end(rig, 0x41);
    assert_int_equal(rig->delivered, 2);
    assert_false(rig->last.level);
    vioapic_ops.write(&rig->ioapic, IOAPIC_EOI, 1, 0x41);
    vioapic_ops.write(&rig->ioapic, 0x44, 4, 0x41);
    assert_int_equal(rig->delivered, 2);
    put_entry(rig, 4, 0x18041);
    end(rig, 0x41);
    assert_int_equal(rig->delivered, 2);
    put_entry(rig, 4, 0x8041);
    assert_int_equal(rig->delivered, 3);
    put_entry(rig, 4, 0x8041); /* was not masked: nothing new */
    assert_int_equal(rig->delivered, 3);
    vioapic_set_pin(&rig->ioapic, 4, false);
    end(rig, 0x41);
    assert_int_equal(rig->delivered, 3);
}

static void true_edge_is_not_repeated_at_eoi(void **state)
{
    struct rig *rig = *state;

    put_entry(rig, 4, 0x41);
    vioapic_set_pin(&rig->ioapic, 4, true);
    end(rig, 0x41);
    assert_int_equal(rig->delivered, 1);
}

static void level_waits_for_eoi_and_repeats_while_asserted(void **state)
{
    struct rig *rig = *state;

    vioapic_set_pin_kind(&rig->ioapic, 9, VIOAPIC_PIN_LEVEL);
    put_entry(rig, 9, 0x8041);
    vioapic_set_pin(&rig->ioapic, 9, true);
    assert_int_equal(rig->delivered, 1);
    assert_true(rig->last.level);
    assert_int_equal(get_entry(rig, 9), 0xC041);
    vioapic_set_pin(&rig->ioapic, 9, false);
    assert_int_equal(get_entry(rig, 9), 0xC041); /* only the EOI clears Remote IRR */
    vioapic_set_pin(&rig->ioapic, 9, true);
    assert_int_equal(rig->delivered, 1);
    vioapic_eoi(&rig->ioapic, 0x40);
    assert_int_equal(rig->delivered, 1);
    vioapic_eoi(&rig->ioapic, 0x41);
    assert_int_equal(rig->delivered, 2);
    vioapic_set_pin(&rig->ioapic, 9, false);
    end(rig, 0x41);
    assert_int_equal(rig->delivered, 2);
    assert_int_equal(get_entry(rig, 9), 0x8041);
}

static void level_on_a_masked_pin_waits_for_unmasking(void **state)
{
    struct rig *rig = *state;

    vioapic_set_pin_kind(&rig->ioapic, 9, VIOAPIC_PIN_LEVEL);
    put_entry(rig, 9, 0x18041);
    vioapic_set_pin(&rig->ioapic, 9, true);
    assert_int_equal(rig->delivered, 0);
    put_entry(rig, 9, 0x8041);
    assert_int_equal(rig->delivered, 1);
}

static void switching_to_edge_clears_remote_irr(void **state)
{
    struct rig *rig = *state;

    /* How systems end a level interrupt on IOAPICs without an EOI register. */
    vioapic_set_pin_kind(&rig->ioapic, 9, VIOAPIC_PIN_LEVEL);
    put_entry(rig, 9, 0x8041);
    vioapic_set_pin(&rig->ioapic, 9, true);
    put(rig, IOAPIC_REDIRECTION + 18, 0x10041);
    assert_int_equal(get_entry(rig, 9), 0x10041);
    put(rig, IOAPIC_REDIRECTION + 18, 0x8041);
    assert_int_equal(rig->delivered, 2);
}

static void guest_cannot_write_remote_irr(void **state)
{
    struct rig *rig = *state;

    vioapic_set_pin_kind(&rig->ioapic, 9, VIOAPIC_PIN_LEVEL);
    put_entry(rig, 9, 0x1F041);
    assert_int_equal(get_entry(rig, 9), 0x1A041);
}

static void illegal_vectors_and_modes_are_not_delivered(void **state)
{
    static const struct {
        uint32_t entry;
        bool delivered;
    } cases[] = {{0x00F, false}, {0x010, true}, {0x10F, false}, {0x110, true},  {0x241, false},
                 {0x341, false}, {0x400, true}, {0x500, true},  {0x641, false}, {0x700, true}};
    struct rig *rig = *state;

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        rig->delivered = 0;
        put_entry(rig, 1, cases[i].entry);
        vioapic_set_pin(&rig->ioapic, 1, true);
        vioapic_set_pin(&rig->ioapic, 1, false);
        assert_int_equal(rig->delivered, cases[i].delivered);
    }
}

static void undeliverable_level_entry_does_not_hang_in_remote_irr(void **state)
{
    struct rig *rig = *state;

    vioapic_set_pin_kind(&rig->ioapic, 9, VIOAPIC_PIN_LEVEL);
    put_entry(rig, 9, 0x8005);
    vioapic_set_pin(&rig->ioapic, 9, true);
    assert_int_equal(get_entry(rig, 9), 0x8005);
    put_entry(rig, 9, 0x8041);
    assert_int_equal(rig->delivered, 1);
}

static void passed_pin_is_told_and_delivers_nothing(void **state)
{
    struct rig *rig = *state;

    vioapic_set_pin_kind(&rig->ioapic, 11, VIOAPIC_PIN_PASSED);
    put_entry(rig, 11, UINT64_C(0x0200000000008041));
    assert_int_equal(rig->changes, 2);
    assert_int_equal(rig->changed_pin, 11);
    assert_int_equal(rig->changed_entry, UINT64_C(0x0200000000008041));
    vioapic_set_pin(&rig->ioapic, 11, true);
    assert_int_equal(rig->delivered, 0);
    end(rig, 0x42);
    assert_int_equal(rig->passed_eois, 0);
    end(rig, 0x41);
    assert_int_equal(rig->passed_eois, 1);
    put_entry(rig, 10, 0x8043); /* another pin tells nobody */
    assert_int_equal(rig->changes, 2);
    put_entry(rig, 11, 0x0041); /* an edge has no end of interrupt */
    end(rig, 0x41);
    assert_int_equal(rig->passed_eois, 1);
}

static void reset_masks_and_tells_passed_pins(void **state)
{
    struct rig *rig = *state;

    vioapic_set_pin_kind(&rig->ioapic, 11, VIOAPIC_PIN_PASSED);
    vioapic_set_pin_kind(&rig->ioapic, 9, VIOAPIC_PIN_LEVEL);
    put_entry(rig, 11, 0x41);
    put_entry(rig, 9, 0x8041);
    vioapic_set_pin(&rig->ioapic, 9, true);
    put(rig, IOAPIC_ID, 0x05000000);
    get(rig, IOAPIC_VERSION);
    vioapic_reset(&rig->ioapic);
    assert_int_equal(vioapic_ops.read(&rig->ioapic, IOAPIC_IOREGSEL, 4), 0);
    reset_values_are_the_data_sheets(state);
    assert_int_equal(rig->changed_entry, 0x10000);
    assert_int_equal(rig->delivered, 1);
    put_entry(rig, 9, 0x8050); /* the line is still up, the kind still level */
    assert_int_equal(rig->delivered, 2);
}

static void pins_beyond_the_last_do_not_exist(void **state)
{
    struct rig *rig = *state;

    vioapic_set_pin(&rig->ioapic, VIOAPIC_PINS, true);
    vioapic_set_pin(&rig->ioapic, 0xFFFFFFFF, true);
    vioapic_set_pin_kind(&rig->ioapic, VIOAPIC_PINS, VIOAPIC_PIN_PASSED);
    assert_int_equal(rig->ioapic.lines, 0);
    assert_int_equal(rig->delivered, 0);
}

static void line_adapter_reaches_its_pin(void **state)
{
    struct rig *rig = *state;
    struct vioapic_line line = {.ioapic = &rig->ioapic, .pin = 4};

    put_entry(rig, 4, 0x41);
    vioapic_line_set(&line, true);
    assert_int_equal(rig->delivered, 1);
    vioapic_line_set(&line, false);
    assert_int_equal(rig->ioapic.lines, 0);
}

/* A plain model: level pins as a set of flags, compared after each random step. */
static void random_sequences_agree_with_a_model(void **state)
{
    struct rig *rig = *state;
    bool line[VIOAPIC_PINS] = {false};
    bool irr[VIOAPIC_PINS] = {false};
    uint64_t entry[VIOAPIC_PINS];

    srand(82093);
    for (unsigned pin = 0; pin < VIOAPIC_PINS; pin++) {
        entry[pin] = 0x10000;
        if (pin >= 12)
            vioapic_set_pin_kind(&rig->ioapic, pin, VIOAPIC_PIN_LEVEL);
    }
    for (unsigned step = 0; step < 200000; step++) {
        unsigned pin = (unsigned)rand() % VIOAPIC_PINS;
        unsigned expected = 0;
        bool level_kind = pin >= 12;
        bool level = level_kind && (entry[pin] & 0x8000);
        uint8_t vector = (uint8_t)(0x20 + rand() % 4);

        rig->delivered = 0;
        switch (rand() % 4) {
        case 0: {
            bool asserted = rand() % 2;
            bool rising = asserted && !line[pin];

            line[pin] = asserted;
            vioapic_set_pin(&rig->ioapic, pin, asserted);
            if (!level)
                expected = rising && !(entry[pin] & 0x10000);
            break;
        }
        case 1: {
            bool unmasked = entry[pin] & 0x10000;

            entry[pin] = (entry[pin] & ~UINT64_C(0xFFFFFFFF)) | vector | (rand() % 2 ? 0x8000 : 0) |
                         (rand() % 2 ? 0x10000 : 0);
            unmasked = unmasked && !(entry[pin] & 0x10000);
            put(rig, IOAPIC_REDIRECTION + 2 * pin, (uint32_t)entry[pin]);
            level = level_kind && (entry[pin] & 0x8000);
            if (!level)
                irr[pin] = false;
            if (!level_kind && (entry[pin] & 0x8000))
                expected = unmasked && line[pin];
            break;
        }
        case 2:
            entry[pin] = (uint32_t)entry[pin] | (uint64_t)(rand() % 256) << 56;
            put(rig, IOAPIC_REDIRECTION + 2 * pin + 1, (uint32_t)(entry[pin] >> 32));
            break;
        default:
            end(rig, vector);
            for (unsigned i = 0; i < VIOAPIC_PINS; i++) {
                if ((entry[i] & 0xFF) != vector || !(entry[i] & 0x8000))
                    continue;
                irr[i] = false;
                if (i < 12)
                    expected += line[i] && !(entry[i] & 0x10000);
            }
        }
        for (unsigned i = 12; i < VIOAPIC_PINS; i++) {
            if ((entry[i] & 0x8000) && !(entry[i] & 0x10000) && line[i] && !irr[i]) {
                irr[i] = true;
                expected++;
            }
        }
        assert_int_equal(rig->delivered, expected);
        assert_int_equal(get_entry(rig, pin), entry[pin] | (irr[pin] ? 0x4000 : 0));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reset_values_are_the_data_sheets),
        TEST(id_has_four_bits_and_version_none),
        TEST(unknown_registers_read_zero),
        TEST(select_reads_back_and_takes_any_size),
        TEST(entry_keeps_writable_bits_only),
        TEST(window_takes_dwords_only),
        TEST(edge_delivers_once_what_the_entry_says),
        TEST(edge_on_a_masked_pin_is_lost),
        TEST(edge_kind_ignores_the_level_bit_for_delivery),
        TEST(edge_kind_repeats_an_asserted_level_entry_at_eoi_and_unmasking),
        TEST(true_edge_is_not_repeated_at_eoi),
        TEST(level_waits_for_eoi_and_repeats_while_asserted),
        TEST(level_on_a_masked_pin_waits_for_unmasking),
        TEST(switching_to_edge_clears_remote_irr),
        TEST(guest_cannot_write_remote_irr),
        TEST(illegal_vectors_and_modes_are_not_delivered),
        TEST(undeliverable_level_entry_does_not_hang_in_remote_irr),
        TEST(passed_pin_is_told_and_delivers_nothing),
        TEST(reset_masks_and_tells_passed_pins),
        TEST(pins_beyond_the_last_do_not_exist),
        TEST(line_adapter_reaches_its_pin),
        TEST(random_sequences_agree_with_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
