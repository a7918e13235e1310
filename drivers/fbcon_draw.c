/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings the framebuffer to what the console's cells say, lines of pixels that differ only. Called
 * through fbcon_write(), fbcon_flush() and fbcon_redraw(). Writes pixels: nothing here may read
 * them.
 */
#include "drivers/fbcon_draw.h"

#include "drivers/font.h"

/* Two pixels at once; the framebuffer's lines may begin at odd pixels. */
typedef volatile uint64_t __attribute__((aligned(4), may_alias)) pixel_pair_t;
typedef volatile uint32_t __attribute__((may_alias)) pixel_t;

static uint8_t cell_color(fbcon_cell_t cell)
{
    return (uint8_t)(cell >> 8);
}

static const uint8_t *cell_glyph(fbcon_cell_t cell)
{
    return font_glyphs[(uint8_t)cell - FONT_FIRST];
}

/* Eight lines of the cell's glyph, the upper (0) or lower (8) half, as one number. */
static uint64_t half_glyph(fbcon_cell_t cell, unsigned first)
{
    uint64_t lines;
    __builtin_memcpy(&lines, cell_glyph(cell) + first, sizeof(lines));
    return lines;
}

/* Of these eight lines, a byte that is not 0 for each that must be drawn to get from one to other.
 */
static uint64_t differing_lines(fbcon_cell_t cell, fbcon_cell_t shown, unsigned first)
{
    if (shown == FBCON_CELL_NONE) {
        return UINT64_MAX;
    }
    uint64_t lines = half_glyph(cell, first);
    uint64_t old = half_glyph(shown, first);
    return cell_color(cell) == cell_color(shown) ? lines ^ old : lines | old;
}

/*
 * Eight lines of a glyph, those that `differing` names. pairs[] holds the four possible pixel
 * pairs. This is where the time goes: 24 instructions a line drawn, 6 a line left out.
 */
static void draw_lines(uint8_t *at, size_t pitch, const uint8_t *glyph, uint64_t differing,
                       const uint64_t pairs[4])
{
    for (; differing != 0; differing >>= 8, glyph++, at += pitch) {
        if ((differing & 0xFF) != 0) {
            pixel_pair_t *out = (pixel_pair_t *)at;
            unsigned bits = *glyph;
            out[0] = pairs[bits >> 6];
            out[1] = pairs[bits >> 4 & 3];
            out[2] = pairs[bits >> 2 & 3];
            out[3] = pairs[bits & 3];
        }
    }
}

static void draw_line_scaled(const struct fbcon *con, uint8_t *at, uint8_t bits, uint32_t on)
{
    for (uint32_t y = 0; y < con->scale; y++, at += con->pitch) {
        pixel_t *out = (pixel_t *)at;
        for (unsigned i = 0; i < FONT_WIDTH; i++) {
            uint32_t pixel = (bits & 0x80 >> i) != 0 ? on : 0;
            for (uint32_t n = 0; n < con->scale; n++) {
                *out++ = pixel;
            }
        }
    }
}

static __attribute__((noinline)) void draw_lines_scaled(const struct fbcon *con, uint8_t *at,
                                                        const uint8_t *glyph, uint64_t differing,
                                                        uint32_t on)
{
    for (; differing != 0; differing >>= 8, glyph++, at += con->pitch * con->scale) {
        if ((differing & 0xFF) != 0) {
            draw_line_scaled(con, at, *glyph, on);
        }
    }
}

/* Draws a cell over another one: lines of pixels that both have in common stay. */
static void draw_cell(const struct fbcon *con, uint8_t *at, fbcon_cell_t cell, fbcon_cell_t shown)
{
    const uint8_t *glyph = cell_glyph(cell);
    uint64_t on = con->pixels[cell_color(cell)];
    const uint64_t pairs[4] = {0, on << 32, on, on << 32 | on}; /* the left pixel comes first */

    for (unsigned first = 0; first < FONT_HEIGHT; first += 8) {
        uint64_t differing = differing_lines(cell, shown, first);
        uint8_t *half = at + con->pitch * con->scale * first;
        if (con->scale == 1) {
            draw_lines(half, con->pitch, glyph + first, differing, pairs);
        } else {
            draw_lines_scaled(con, half, glyph + first, differing, (uint32_t)on);
        }
    }
}

static void draw_row(struct fbcon *con, uint32_t row)
{
    const fbcon_cell_t *text = con->text[row];
    fbcon_cell_t *shown = con->shown[row];
    uint8_t *line = con->origin + (size_t)row * FONT_HEIGHT * con->scale * con->pitch;
    size_t width = FONT_WIDTH * con->scale * FBCON_PIXEL_SIZE;
    for (uint32_t column = 0; column < con->columns; column++) {
        if (shown[column] != text[column]) {
            draw_cell(con, line + column * width, text[column], shown[column]);
            shown[column] = text[column];
        }
    }
}

void fbcon_flush(struct fbcon *con)
{
    for (uint32_t row = con->dirty_first; row < con->dirty_end; row++) {
        draw_row(con, row);
    }
    con->dirty_first = con->rows;
    con->dirty_end = 0;
}

void fbcon_redraw(struct fbcon *con)
{
    for (uint32_t row = 0; row < con->rows; row++) {
        for (uint32_t column = 0; column < con->columns; column++) {
            con->shown[row][column] = FBCON_CELL_NONE;
        }
    }
    con->dirty_first = 0;
    con->dirty_end = con->rows;
    fbcon_flush(con);
}
