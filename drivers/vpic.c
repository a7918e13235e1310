/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual PIC pair: see vpic.h; vpic_chip.c has the chips. Everything that changes a request, a
 * mask or a service bit ends in update(), which carries the slave's output to the master and the
 * master's to the CPU.
 */
#include "drivers/vpic.h"

#include "drivers/vpic_chip.h"
#include "kernel/string.h"

#define MASTER       0
#define SLAVE        1

#define POLL_PENDING 0x80

/* Inputs that may be level: not timer, keyboard, cascade; not RTC and coprocessor. */
static const uint8_t elcr_writable[2] = {0xF8, 0xDE};
static const uint8_t firmware_base[2] = {0x08, 0x70};

static void update(struct vpic *pic)
{
    bool slave = vpic_chip_winner(&pic->chips[SLAVE], false) != VPIC_CHIP_NONE;
    bool intr;

    vpic_chip_set_line(&pic->chips[MASTER], VPIC_CASCADE, slave);
    if (!slave) /* the slave's INT fell: nothing is left to acknowledge there */
        pic->chips[MASTER].edges &= (uint8_t)~BIT(VPIC_CASCADE);
    intr = vpic_chip_winner(&pic->chips[MASTER], true) != VPIC_CHIP_NONE;
    if (intr == pic->intr_asserted)
        return;
    pic->intr_asserted = intr;
    if (pic->intr.set)
        pic->intr.set(pic->intr.context, intr);
}

void vpic_set_input(struct vpic *pic, unsigned input, bool asserted)
{
    if (input >= VPIC_INPUTS || input == VPIC_CASCADE)
        return;
    vpic_chip_set_line(&pic->chips[input / VPIC_CHIP_INPUTS], input % VPIC_CHIP_INPUTS, asserted);
    update(pic);
}

void vpic_line_set(void *vpic_line, bool asserted)
{
    struct vpic_line *line = vpic_line;

    vpic_set_input(line->pic, line->input, asserted);
}

/* One chip's acknowledge; the input that was served, or 7 when it was spurious. */
static unsigned acknowledge_chip(struct vpic *pic, unsigned which, bool *spurious)
{
    unsigned input = vpic_chip_winner(&pic->chips[which], which == MASTER);

    *spurious = input == VPIC_CHIP_NONE;
    if (*spurious)
        return VPIC_CHIP_INPUTS - 1;
    vpic_chip_serve(&pic->chips[which], input);
    if (which == SLAVE) /* INT falls with the acknowledge: a further request makes a new edge */
        vpic_chip_set_line(&pic->chips[MASTER], VPIC_CASCADE, false);
    return input;
}

uint8_t vpic_acknowledge(struct vpic *pic)
{
    bool spurious;
    unsigned input = acknowledge_chip(pic, MASTER, &spurious);
    uint8_t vector = (uint8_t)(pic->chips[MASTER].base + input);

    if (!spurious && input == VPIC_CASCADE) {
        input = acknowledge_chip(pic, SLAVE, &spurious);
        vector = (uint8_t)(pic->chips[SLAVE].base + input);
    }
    update(pic);
    return vector;
}

static void write_chip(struct vpic *pic, unsigned which, uint64_t offset, uint8_t value)
{
    vpic_chip_write(&pic->chips[which], offset % 2 != 0, value);
    update(pic);
}

/* Data sheet, "Poll Command": a read that acknowledges. */
static uint8_t read_poll(struct vpic *pic, unsigned which)
{
    bool spurious;
    unsigned input;

    pic->chips[which].poll = false;
    input = acknowledge_chip(pic, which, &spurious);
    update(pic);
    return (uint8_t)(spurious ? 0 : POLL_PENDING | input);
}

static uint8_t read_chip(struct vpic *pic, unsigned which, uint64_t offset)
{
    if (pic->chips[which].poll)
        return read_poll(pic, which);
    return vpic_chip_read(&pic->chips[which], offset % 2 != 0);
}

static uint64_t read_bytes(struct vpic *pic, unsigned which, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)read_chip(pic, which, offset + i) << (8 * i);
    return value;
}

static void write_bytes(struct vpic *pic, unsigned which, uint64_t offset, unsigned size,
                        uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        write_chip(pic, which, offset + i, (uint8_t)(value >> (8 * i)));
}

static uint64_t master_read(void *device, uint64_t offset, unsigned size)
{
    return read_bytes(device, MASTER, offset, size);
}

static void master_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    write_bytes(device, MASTER, offset, size, value);
}

static uint64_t slave_read(void *device, uint64_t offset, unsigned size)
{
    return read_bytes(device, SLAVE, offset, size);
}

static void slave_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    write_bytes(device, SLAVE, offset, size, value);
}

static uint64_t elcr_read(void *device, uint64_t offset, unsigned size)
{
    const struct vpic *pic = device;
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)pic->chips[(offset + i) % 2].level << (8 * i);
    return value;
}

static void elcr_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vpic *pic = device;

    for (unsigned i = 0; i < size; i++) {
        unsigned which = (offset + i) % 2;

        pic->chips[which].level = (uint8_t)(value >> (8 * i)) & elcr_writable[which];
    }
    update(pic);
}

const struct device_ops vpic_master_ops = {.read = master_read, .write = master_write};
const struct device_ops vpic_slave_ops = {.read = slave_read, .write = slave_write};
const struct device_ops vpic_elcr_ops = {.read = elcr_read, .write = elcr_write};

void vpic_reset(struct vpic *pic)
{
    for (unsigned which = MASTER; which <= SLAVE; which++) {
        memset(&pic->chips[which], 0, sizeof(pic->chips[which]));
        pic->chips[which].mask = 0xFF;
        pic->chips[which].base = firmware_base[which];
        pic->chips[which].lowest = VPIC_CHIP_INPUTS - 1;
    }
    update(pic);
}

void vpic_init(struct vpic *pic, struct irq_line intr)
{
    memset(pic, 0, sizeof(*pic));
    pic->intr = intr;
    vpic_reset(pic);
}
