/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One 8259A. For vpic.c only, which carries what changed here to the other chip and to the CPU.
 */
#ifndef DRIVERS_VPIC_CHIP_H
#define DRIVERS_VPIC_CHIP_H

#include "drivers/vpic.h"

#define VPIC_CHIP_INPUTS 8
#define VPIC_CHIP_NONE   VPIC_CHIP_INPUTS /* no input */

/* IRR: latched edges, and the lines that are level-triggered. */
uint8_t vpic_chip_requests(const struct vpic_chip *chip);

/* The input that is to interrupt now: data sheet, "Fully Nested Mode" and the special modes. */
unsigned vpic_chip_winner(const struct vpic_chip *chip, bool is_master);

void vpic_chip_set_line(struct vpic_chip *chip, unsigned input, bool asserted);

/* Acknowledges an input: into service, or with automatic EOI straight out of it. */
void vpic_chip_serve(struct vpic_chip *chip, unsigned input);

/* The chip's two ports, but for a poll, which is an acknowledge. */
void vpic_chip_write(struct vpic_chip *chip, bool odd, uint8_t value);
uint8_t vpic_chip_read(const struct vpic_chip *chip, bool odd);

#endif
