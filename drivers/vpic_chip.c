/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One 8259A of the virtual PIC pair: command words, priorities, service bits (8259A data sheet,
 * "Programming the 8259A"). Called by vpic.c, which knows of the other chip and of the CPU.
 */
#include "drivers/vpic_chip.h"

/* ICW1, at the even port with bit 4 */
#define ICW1                0x10
#define ICW1_ICW4           0x01
#define ICW1_SINGLE         0x02

#define ICW2_BASE           0xF8

#define ICW4_AUTO_EOI       0x02
#define ICW4_SPECIAL_NESTED 0x10

/* OCW2 and OCW3, at the even port; bit 3 tells them apart */
#define OCW3             0x08
#define OCW2_INPUT       0x07
#define OCW2_COMMAND     0xE0
#define OCW3_READ        0x02 /* the read command is valid */
#define OCW3_READ_ISR    0x01
#define OCW3_POLL        0x04
#define OCW3_SET_SPECIAL 0x40 /* the special mask bit is valid */
#define OCW3_SPECIAL     0x20

enum ocw2_command {
    OCW2_CLEAR_ROTATE_AUTO = 0x00,
    OCW2_EOI = 0x20,
    OCW2_NOTHING = 0x40,
    OCW2_SPECIFIC_EOI = 0x60,
    OCW2_SET_ROTATE_AUTO = 0x80,
    OCW2_ROTATE_EOI = 0xA0,
    OCW2_SET_PRIORITY = 0xC0,
    OCW2_ROTATE_SPECIFIC_EOI = 0xE0,
};

uint8_t vpic_chip_requests(const struct vpic_chip *chip)
{
    return (uint8_t)((chip->edges & ~chip->level) | (chip->lines & chip->level));
}

/* The input of highest priority among `set`, and how far it is from the top; VPIC_CHIP_NONE, 8 if
 * empty. */
static unsigned highest(const struct vpic_chip *chip, uint8_t set, unsigned *distance)
{
    for (*distance = 0; *distance < VPIC_CHIP_INPUTS; (*distance)++) {
        unsigned input = (chip->lowest + 1 + *distance) % VPIC_CHIP_INPUTS;

        if (set & BIT(input))
            return input;
    }
    return VPIC_CHIP_NONE;
}

unsigned vpic_chip_winner(const struct vpic_chip *chip, bool is_master)
{
    uint8_t blocking = chip->in_service;
    unsigned wanted_distance;
    unsigned served_distance;
    unsigned wanted;

    if (chip->special_mask)
        blocking &= (uint8_t)~chip->mask;
    if (chip->special_nested && is_master)
        blocking &= (uint8_t)~BIT(VPIC_CASCADE);
    wanted = highest(chip, vpic_chip_requests(chip) & (uint8_t)~chip->mask, &wanted_distance);
    highest(chip, blocking, &served_distance);
    return wanted_distance < served_distance ? wanted : VPIC_CHIP_NONE;
}

void vpic_chip_set_line(struct vpic_chip *chip, unsigned input, bool asserted)
{
    uint8_t bit = (uint8_t)BIT(input);

    if (asserted && !(chip->lines & bit))
        chip->edges |= bit;
    if (asserted)
        chip->lines |= bit;
    else
        chip->lines &= (uint8_t)~bit;
}

void vpic_chip_serve(struct vpic_chip *chip, unsigned input)
{
    chip->edges &= (uint8_t)~BIT(input);
    if (!chip->auto_eoi)
        chip->in_service |= (uint8_t)BIT(input);
    else if (chip->rotate_auto_eoi)
        chip->lowest = (uint8_t)input;
}

static void write_icw1(struct vpic_chip *chip, uint8_t value)
{
    chip->edges = 0;
    chip->in_service = 0;
    chip->mask = 0;
    chip->lowest = VPIC_CHIP_INPUTS - 1;
    chip->special_mask = false;
    chip->read_in_service = false;
    chip->poll = false;
    chip->auto_eoi = false;
    chip->rotate_auto_eoi = false;
    chip->special_nested = false;
    chip->needs_icw4 = (value & ICW1_ICW4) != 0;
    chip->single = (value & ICW1_SINGLE) != 0;
    chip->init = 2;
}

static void end(struct vpic_chip *chip, unsigned input, bool rotate)
{
    if (input == VPIC_CHIP_NONE)
        return;
    chip->in_service &= (uint8_t)~BIT(input);
    if (rotate)
        chip->lowest = (uint8_t)input;
}

/* Non-specific EOI ends the highest in service, in special mask mode the highest not masked. */
static unsigned in_service(const struct vpic_chip *chip)
{
    uint8_t set = chip->in_service;
    unsigned distance;

    if (chip->special_mask)
        set &= (uint8_t)~chip->mask;
    return highest(chip, set, &distance);
}

static void write_ocw2(struct vpic_chip *chip, uint8_t value)
{
    unsigned input = value & OCW2_INPUT;

    switch ((enum ocw2_command)(value & OCW2_COMMAND)) {
    case OCW2_CLEAR_ROTATE_AUTO:
    case OCW2_SET_ROTATE_AUTO:
        chip->rotate_auto_eoi = (value & OCW2_COMMAND) == OCW2_SET_ROTATE_AUTO;
        break;
    case OCW2_EOI:
    case OCW2_ROTATE_EOI:
        end(chip, in_service(chip), (value & OCW2_COMMAND) == OCW2_ROTATE_EOI);
        break;
    case OCW2_SPECIFIC_EOI:
    case OCW2_ROTATE_SPECIFIC_EOI:
        end(chip, input, (value & OCW2_COMMAND) == OCW2_ROTATE_SPECIFIC_EOI);
        break;
    case OCW2_SET_PRIORITY:
        chip->lowest = (uint8_t)input;
        break;
    case OCW2_NOTHING:
        break;
    }
}

static void write_ocw3(struct vpic_chip *chip, uint8_t value)
{
    if (value & OCW3_POLL)
        chip->poll = true;
    if (value & OCW3_READ)
        chip->read_in_service = (value & OCW3_READ_ISR) != 0;
    if (value & OCW3_SET_SPECIAL)
        chip->special_mask = (value & OCW3_SPECIAL) != 0;
}

/* ICW2 to ICW4 in their order, else the mask. */
static void write_odd(struct vpic_chip *chip, uint8_t value)
{
    switch (chip->init) {
    case 2:
        chip->base = value & ICW2_BASE;
        if (!chip->single)
            chip->init = 3;
        else
            chip->init = chip->needs_icw4 ? 4 : 0;
        break;
    case 3:
        chip->init = chip->needs_icw4 ? 4 : 0;
        break;
    case 4:
        chip->auto_eoi = (value & ICW4_AUTO_EOI) != 0;
        chip->special_nested = (value & ICW4_SPECIAL_NESTED) != 0;
        chip->init = 0;
        break;
    default:
        chip->mask = value;
        break;
    }
}

void vpic_chip_write(struct vpic_chip *chip, bool odd, uint8_t value)
{
    if (odd)
        write_odd(chip, value);
    else if (value & ICW1)
        write_icw1(chip, value);
    else if (value & OCW3)
        write_ocw3(chip, value);
    else
        write_ocw2(chip, value);
}

uint8_t vpic_chip_read(const struct vpic_chip *chip, bool odd)
{
    if (odd)
        return chip->mask;
    return chip->read_in_service ? chip->in_service : vpic_chip_requests(chip);
}
