/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text on the firmware's framebuffer: a buffer of cells to be seen, one of cells drawn, and drawing
 * of the difference. Called by the kernel's log and by panic; see fbcon.h for what it costs.
 * Writes pixels only: nothing here may read the framebuffer.
 */
#include "drivers/fbcon.h"

#include "drivers/font.h"
#include "kernel/io.h"
#include "kernel/string.h"

#define FBCON_COLUMNS_MIN 20
#define FBCON_ROWS_MIN    5
#define PIXEL_SIZE        sizeof(uint32_t)

/* Two pixels at once; the framebuffer's lines may begin at odd pixels. */
typedef volatile uint64_t __attribute__((aligned(4), may_alias)) pixel_pair_t;
typedef volatile uint32_t __attribute__((may_alias)) pixel_t;

/* 0xRRGGBB; a missing level is shown as LOG_DEBUG. */
static const uint32_t level_colors[] = {
    [LOG_ERROR] = 0xff5f5f, [LOG_WARNING] = 0xffd75f, [LOG_NOTICE] = 0xffffff,
    [LOG_INFO] = 0xb4b4b4,  [LOG_DEBUG] = 0x909090,
};

static const struct fbcon_cell blank = {' ', LOG_INFO};

static bool same_cell(struct fbcon_cell a, struct fbcon_cell b)
{
    return a.glyph == b.glyph && (a.color == b.color || a.glyph == ' ');
}

static uint32_t cell_pixel(const struct fbcon *con, uint8_t color)
{
    uint32_t rgb = level_colors[color];
    if (con->bgr) {
        return rgb;
    }
    return (rgb & 0xff) << 16 | (rgb & 0xff00) | rgb >> 16;
}

/* One line of a glyph, eight pixels of the font; pairs[] holds the four possible pixel pairs. */
static void draw_line(uint8_t *at, uint8_t bits, const uint64_t pairs[4])
{
    pixel_pair_t *out = (pixel_pair_t *)at;
    out[0] = pairs[bits >> 6];
    out[1] = pairs[bits >> 4 & 3];
    out[2] = pairs[bits >> 2 & 3];
    out[3] = pairs[bits & 3];
}

static void draw_line_scaled(uint8_t *at, uint8_t bits, uint32_t on, uint32_t scale)
{
    pixel_t *out = (pixel_t *)at;
    for (unsigned i = 0; i < FONT_WIDTH; i++) {
        uint32_t pixel = bits & 0x80 >> i ? on : 0;
        for (uint32_t n = 0; n < scale; n++) {
            *out++ = pixel;
        }
    }
}

static void draw_cell(const struct fbcon *con, uint32_t row, uint32_t column)
{
    const struct fbcon_cell *cell = &con->text[row][column];
    const uint8_t *glyph = font_glyphs[cell->glyph - FONT_FIRST];
    uint32_t scale = con->scale;
    uint64_t on = cell_pixel(con, cell->color);
    const uint64_t pairs[4] = {0, on << 32, on, on << 32 | on}; /* the left pixel comes first */
    uint8_t *at = con->origin + (size_t)row * FONT_HEIGHT * scale * con->pitch +
                  (size_t)column * FONT_WIDTH * scale * PIXEL_SIZE;

    for (uint32_t y = 0; y < FONT_HEIGHT * scale; y++, at += con->pitch) {
        if (scale == 1) {
            draw_line(at, glyph[y], pairs);
        } else {
            draw_line_scaled(at, glyph[y / scale], (uint32_t)on, scale);
        }
    }
}

static void draw_row(struct fbcon *con, uint32_t row)
{
    for (uint32_t column = 0; column < con->columns; column++) {
        struct fbcon_cell *shown = &con->shown[row][column];
        if (!same_cell(*shown, con->text[row][column])) {
            draw_cell(con, row, column);
            *shown = con->text[row][column];
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

static void mark_dirty(struct fbcon *con, uint32_t first, uint32_t end)
{
    con->dirty_first = MIN(con->dirty_first, first);
    con->dirty_end = MAX(con->dirty_end, end);
}

static void blank_rows(struct fbcon *con, uint32_t first)
{
    for (uint32_t row = first; row < con->rows; row++) {
        for (uint32_t column = 0; column < con->columns; column++) {
            con->text[row][column] = blank;
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
    con->text[con->row][con->column] = (struct fbcon_cell){glyph, con->color};
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

void fbcon_putc(struct fbcon *con, char c)
{
    uint8_t byte = (uint8_t)c;
    if (con->origin == NULL) {
        return;
    }
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
        put_glyph(con, byte >= FONT_FIRST && byte <= FONT_LAST ? byte : '?');
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
    con->color = (size_t)level < ARRAY_SIZE(level_colors) ? (uint8_t)level : LOG_DEBUG;
}

void fbcon_redraw(struct fbcon *con)
{
    for (uint32_t row = 0; row < con->rows; row++) {
        for (uint32_t column = 0; column < con->columns; column++) {
            con->shown[row][column].glyph = 0; /* equals no cell */
        }
    }
    mark_dirty(con, 0, con->rows);
    fbcon_flush(con);
}

static bool framebuffer_is_usable(const struct boot_framebuffer *fb)
{
    if (fb->format != FRAMEBUFFER_RGBX && fb->format != FRAMEBUFFER_BGRX) {
        return false;
    }
    if (fb->width == 0 || fb->height == 0) {
        return false;
    }
    return fb->stride >= fb->width && fb->size / PIXEL_SIZE / fb->stride >= fb->height;
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

static void clear_screen(uint8_t *pixels, const struct boot_framebuffer *fb)
{
    for (uint32_t y = 0; y < fb->height; y++) {
        uint8_t *line = pixels + (size_t)y * fb->stride * PIXEL_SIZE;
        io_fill64(line, 0, fb->width / 2);
        if (fb->width % 2 != 0) {
            ((pixel_t *)line)[fb->width - 1] = 0;
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
    con->pitch = (size_t)fb->stride * PIXEL_SIZE;
    con->bgr = fb->format == FRAMEBUFFER_BGRX;
    con->color = LOG_INFO;
    if (con->columns < FBCON_COLUMNS_MIN || con->rows < FBCON_ROWS_MIN) {
        memset(con, 0, sizeof(*con));
        return false;
    }

    uint32_t left = (fb->width - con->columns * FONT_WIDTH * scale) / 2;
    uint32_t top = (fb->height - con->rows * FONT_HEIGHT * scale) / 2;
    con->origin = (uint8_t *)pixels + top * con->pitch + left * PIXEL_SIZE;

    clear_screen(pixels, fb);
    blank_rows(con, 0);
    memcpy(con->shown, con->text, sizeof(con->shown));
    con->dirty_first = con->rows;
    return true;
}
