/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for the firmware's framebuffer: positions, wrapping, scrolling, in a buffer of cells to be
 * seen. Called by the kernel's log and by panic. What differs from the screen is drawn by
 * fbcon_draw.c.
 */
#include "drivers/fbcon.h"

#include "drivers/fbcon_draw.h"
#include "drivers/font.h"
#include "kernel/io.h"
#include "kernel/string.h"

#define FBCON_COLUMNS_MIN 20
#define FBCON_ROWS_MIN    5

/* 0xRRGGBB */
static const uint32_t level_colors[] = {
    [LOG_ERROR] = 0xff5f5f, [LOG_WARNING] = 0xffd75f, [LOG_NOTICE] = 0xffffff,
    [LOG_INFO] = 0xb4b4b4,  [LOG_DEBUG] = 0x909090,
};
_Static_assert(ARRAY_SIZE(level_colors) == FBCON_COLORS, "a colour for each level");

static fbcon_cell_t make_cell(uint8_t glyph, uint8_t color)
{
    return (fbcon_cell_t)(glyph == ' ' ? FBCON_CELL_BLANK : glyph | color << 8);
}

static void mark_dirty(struct fbcon *con, uint32_t first, uint32_t end)
{
    con->dirty_first = MIN(con->dirty_first, first);
    con->dirty_end = MAX(con->dirty_end, end);
}

static void blank_rows(struct fbcon *con, uint32_t first)
{
    for (uint32_t row = first; row < con->rows; row++) {
        for (uint32_t column = 0; column < con->columns; column++) {
            con->text[row][column] = FBCON_CELL_BLANK;
        }
    }
}

/* Makes room below: a quarter of the screen at once, for the sake of slow framebuffers. */
static void scroll(struct fbcon *con)
{
    uint32_t lines = con->rows / 4;
    memmove(con->text[0], con->text[lines], (con->rows - lines) * sizeof(con->text[0]));
    blank_rows(con, con->rows - lines);
    con->row -= lines;
    mark_dirty(con, 0, con->rows);
}

static void new_line(struct fbcon *con)
{
    con->column = 0;
    con->row++;
    if (con->row == con->rows) {
        scroll(con);
    }
}

static void put_glyph(struct fbcon *con, uint8_t glyph)
{
    if (con->column == con->columns) {
        new_line(con);
    }
    con->text[con->row][con->column] = make_cell(glyph, con->color);
    con->column++;
    mark_dirty(con, con->row, con->row + 1);
}

static void put_tab(struct fbcon *con)
{
    do {
        put_glyph(con, ' ');
    } while (con->column % FBCON_TAB != 0 && con->column < con->columns);
}

/* Bytes that follow a UTF-8 lead byte; 0 for any other byte. */
static uint8_t utf8_following(uint8_t byte)
{
    if (byte < 0xC0 || byte >= 0xF8) {
        return 0;
    }
    return byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
}

static void put_other(struct fbcon *con, uint8_t byte)
{
    if (con->utf8_left > 0 && (byte & 0xC0) == 0x80) {
        con->utf8_left--;
        return;
    }
    con->utf8_left = utf8_following(byte);

    if (byte == '\n') {
        new_line(con);
    } else if (byte == '\r') {
        con->column = 0;
    } else if (byte == '\t') {
        put_tab(con);
    } else if (byte == '\b') {
        con->column -= con->column > 0;
    } else {
        put_glyph(con, '?');
    }
}

void fbcon_putc(struct fbcon *con, char c)
{
    uint8_t byte = (uint8_t)c;
    if (con->origin == NULL) {
        return;
    }
    if (byte >= FONT_FIRST && byte <= FONT_LAST) {
        con->utf8_left = 0;
        put_glyph(con, byte);
    } else {
        put_other(con, byte);
    }
}

void fbcon_write(struct fbcon *con, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        fbcon_putc(con, text[i]);
    }
    fbcon_flush(con);
}

void fbcon_set_level(struct fbcon *con, enum log_level level)
{
    con->color = (size_t)level < FBCON_COLORS ? (uint8_t)level : LOG_DEBUG;
}

static bool framebuffer_is_usable(const struct boot_framebuffer *fb)
{
    if (fb->format != FRAMEBUFFER_RGBX && fb->format != FRAMEBUFFER_BGRX) {
        return false;
    }
    if (fb->width == 0 || fb->height == 0) {
        return false;
    }
    return fb->stride >= fb->width && fb->size / FBCON_PIXEL_SIZE / fb->stride >= fb->height;
}

/* The smallest size of text at which a line has at most FBCON_COLUMNS_MAX characters. */
static uint32_t text_scale(const struct boot_framebuffer *fb)
{
    uint32_t scale = fb->width >= FBCON_HIDPI_WIDTH ? 2 : 1;
    while (fb->width / (FONT_WIDTH * scale) > FBCON_COLUMNS_MAX) {
        scale++;
    }
    return scale;
}

static void set_colors(struct fbcon *con, enum boot_framebuffer_format format)
{
    for (size_t i = 0; i < FBCON_COLORS; i++) {
        uint32_t rgb = level_colors[i];
        uint32_t swapped = (rgb & 0xff) << 16 | (rgb & 0xff00) | rgb >> 16;
        con->pixels[i] = format == FRAMEBUFFER_BGRX ? rgb : swapped;
    }
}

static void clear_screen(uint8_t *pixels, const struct boot_framebuffer *fb)
{
    for (uint32_t y = 0; y < fb->height; y++) {
        uint8_t *line = pixels + (size_t)y * fb->stride * FBCON_PIXEL_SIZE;
        io_fill64(line, 0, fb->width / 2);
        if (fb->width % 2 != 0) {
            ((volatile uint32_t *)(void *)line)[fb->width - 1] = 0;
        }
    }
}

bool fbcon_init(struct fbcon *con, void *pixels, const struct boot_framebuffer *fb)
{
    memset(con, 0, sizeof(*con));
    if (pixels == NULL || !framebuffer_is_usable(fb)) {
        return false;
    }
    uint32_t scale = text_scale(fb);
    con->scale = scale;
    con->columns = fb->width / (FONT_WIDTH * scale);
    con->rows = MIN(fb->height / (FONT_HEIGHT * scale), FBCON_ROWS_MAX);
    con->pitch = (size_t)fb->stride * FBCON_PIXEL_SIZE;
    con->color = LOG_INFO;
    if (con->columns < FBCON_COLUMNS_MIN || con->rows < FBCON_ROWS_MIN) {
        memset(con, 0, sizeof(*con));
        return false;
    }

    uint32_t left = (fb->width - con->columns * FONT_WIDTH * scale) / 2;
    uint32_t top = (fb->height - con->rows * FONT_HEIGHT * scale) / 2;
    con->origin = (uint8_t *)pixels + top * con->pitch + left * FBCON_PIXEL_SIZE;

    set_colors(con, fb->format);
    clear_screen(pixels, fb);
    blank_rows(con, 0);
    memcpy(con->shown, con->text, sizeof(con->shown));
    con->dirty_first = con->rows;
    return true;
}
