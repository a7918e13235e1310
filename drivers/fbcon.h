/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text on the firmware's linear framebuffer, so that a machine without a serial port shows its log.
 * Called by the kernel's log (which holds its lock) and by panic. Never reads the framebuffer,
 * which is slow; draws only cells that differ from what the screen shows.
 *
 * Cost. A character put costs about 50 instructions and draws nothing. fbcon_flush() draws each
 * changed cell once, and of it the lines of pixels that differ: at most 64 stores of 8 bytes at
 * scale 1, about 350 instructions for a letter. So one flush is never more than one redraw of the
 * screen, at most FBCON_COLUMNS_MAX * FBCON_ROWS_MAX cells. Text scrolls by a quarter of the screen
 * at once: a long log draws about four lines of cells for each line printed, less where lines
 * resemble each other, and several lines put before one flush share one redraw.
 */
#ifndef DRIVERS_FBCON_H
#define DRIVERS_FBCON_H

#include "kernel/boot_info.h"
#include "kernel/types.h"

#define FBCON_COLUMNS_MAX 240  /* wider screens get larger text */
#define FBCON_ROWS_MAX    90   /* higher ones an empty margin */
#define FBCON_HIDPI_WIDTH 2560 /* pixels from which text is drawn at twice the size */
#define FBCON_TAB         8
#define FBCON_COLORS      5 /* one for each enum log_level */

typedef uint16_t fbcon_cell_t; /* ASCII in the low byte, enum log_level in the high one */

/* About 85 KiB: a static variable, never on a stack. All zero: no framebuffer, calls do nothing. */
struct fbcon {
    uint8_t *origin; /* first pixel of the first cell; NULL: nothing is drawn */
    size_t pitch;    /* bytes from a line to the next */
    uint32_t scale;  /* screen pixels for one of the font's, in both directions */
    uint32_t columns;
    uint32_t rows;
    uint32_t column; /* where the next character goes; == columns: wraps first */
    uint32_t row;
    uint32_t dirty_first; /* rows that may differ from the screen: [dirty_first, dirty_end) */
    uint32_t dirty_end;
    uint8_t color;
    uint8_t utf8_left; /* continuation bytes of the current character, to be swallowed */
    uint32_t pixels[FBCON_COLORS]; /* the colours as the framebuffer takes them */
    fbcon_cell_t text[FBCON_ROWS_MAX][FBCON_COLUMNS_MAX];  /* what is to be seen */
    fbcon_cell_t shown[FBCON_ROWS_MAX][FBCON_COLUMNS_MAX]; /* what has been drawn */
};

/*
 * Clears the screen. pixels: where fb->hpa is mapped, best write-combining, fb->size bytes. False,
 * and a console that does nothing, when there is no framebuffer, it is smaller than it claims or
 * too small for 20x5 characters.
 */
bool fbcon_init(struct fbcon *con, void *pixels, const struct boot_framebuffer *fb);

/* Colour of what follows: error red, warning yellow, notice white, info and debug greys. */
void fbcon_set_level(struct fbcon *con, enum log_level level);

/*
 * Puts text into the cells and draws the changes. \n begins a new line, \r goes to its start, \t to
 * the next multiple of FBCON_TAB, \b one back; a UTF-8 character, and every other byte, shows as
 * '?'.
 */
void fbcon_write(struct fbcon *con, const char *text, size_t size);

/* The same without drawing, one byte; and the drawing. */
void fbcon_putc(struct fbcon *con, char c);
void fbcon_flush(struct fbcon *con);

/* Draws everything again, when something else has painted over the screen. */
void fbcon_redraw(struct fbcon *con);

#endif
