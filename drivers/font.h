/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console's bitmap font: printable ASCII, 8x16 pixels. The glyphs are drawn as text in
 * tools/font/font.txt; tools/mkfont turns them into build/gen/font.c. Used by drivers/fbcon.c.
 */
#ifndef DRIVERS_FONT_H
#define DRIVERS_FONT_H

#include <stdint.h>

#define FONT_WIDTH  8
#define FONT_HEIGHT 16
#define FONT_FIRST  0x20
#define FONT_LAST   0x7E

/* One byte a line, top line first; bit 7 is the leftmost pixel. */
extern const uint8_t font_glyphs[FONT_LAST - FONT_FIRST + 1][FONT_HEIGHT];

#endif
