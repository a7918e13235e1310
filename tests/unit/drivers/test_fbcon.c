/* SPDX-License-Identifier: Apache-2.0 */
/* links: drivers/fbcon.c drivers/fbcon_draw.c build/gen/font.c kernel/string.c */
/*
 * The framebuffer console on a framebuffer in ordinary memory. FBCON_PICTURE=FILE.ppm in the
 * environment also writes a filled screen as a picture, to be looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/fbcon.h"
#include "drivers/font.h"

#define POISON 0xDEADBEEFu
#define RED    0xff5f5fu
#define WHITE  0xffffffu
#define GREY   0xb4b4b4u

static struct fbcon con;
static struct boot_framebuffer fb;
static uint32_t *pixels;

/* A screen whose lines are 16 pixels longer than they show, all of it poisoned. */
static void open_screen(uint32_t width, uint32_t height, enum boot_framebuffer_format format)
{
    uint32_t stride = width + 16;
    fb = (struct boot_framebuffer){
        .format = format,
        .width = width,
        .height = height,
        .stride = stride,
        .size = (uint64_t)stride * height * 4,
    };
    free(pixels);
    pixels = malloc(fb.size);
    assert_non_null(pixels);
    for (size_t i = 0; i < fb.size / 4; i++) {
        pixels[i] = POISON;
    }
    assert_true(fbcon_init(&con, pixels, &fb));
}

static void write_text(const char *text)
{
    fbcon_write(&con, text, strlen(text));
}

static uint32_t pixel(uint32_t x, uint32_t y)
{
    return pixels[(size_t)y * fb.stride + x];
}

/* Whether the cell shows the character in this colour, pixel by pixel. Margins must be 0. */
static bool cell_shows(uint32_t row, uint32_t column, char c, uint32_t color)
{
    for (uint32_t y = 0; y < FONT_HEIGHT * con.scale; y++) {
        for (uint32_t x = 0; x < FONT_WIDTH * con.scale; x++) {
            uint8_t line = font_glyphs[c - FONT_FIRST][y / con.scale];
            uint32_t expected = line & 0x80 >> x / con.scale ? color : 0;
            if (pixel(column * FONT_WIDTH * con.scale + x, row * FONT_HEIGHT * con.scale + y) !=
                expected) {
                return false;
            }
        }
    }
    return true;
}

static void assert_row(uint32_t row, const char *text)
{
    for (uint32_t column = 0; column < con.columns; column++) {
        char c = column < strlen(text) ? text[column] : ' ';
        assert_true(cell_shows(row, column, c, GREY));
    }
}

static void poison_visible(void)
{
    for (uint32_t y = 0; y < fb.height; y++) {
        for (uint32_t x = 0; x < fb.width; x++) {
            pixels[(size_t)y * fb.stride + x] = POISON;
        }
    }
}

static bool is_drawn(uint32_t row, uint32_t column)
{
    for (uint32_t y = 0; y < FONT_HEIGHT; y++) {
        if (pixel(column * FONT_WIDTH, row * FONT_HEIGHT + y) != POISON) {
            return true;
        }
    }
    return false;
}

/* Cells of which any pixel was stored to since poison_visible(). */
static unsigned cells_drawn(void)
{
    unsigned drawn = 0;
    for (uint32_t row = 0; row < con.rows; row++) {
        for (uint32_t column = 0; column < con.columns; column++) {
            drawn += is_drawn(row, column);
        }
    }
    return drawn;
}

static void assert_padding_untouched(void)
{
    for (uint32_t y = 0; y < fb.height; y++) {
        for (uint32_t x = fb.width; x < fb.stride; x++) {
            assert_int_equal(pixel(x, y), POISON);
        }
    }
}

static void init_clears_what_is_visible_and_nothing_else(void **state)
{
    (void)state;
    open_screen(643, 401, FRAMEBUFFER_BGRX);
    for (uint32_t y = 0; y < fb.height; y++) {
        for (uint32_t x = 0; x < fb.width; x++) {
            assert_int_equal(pixel(x, y), 0);
        }
    }
    assert_padding_untouched();
}

static void text_shows_the_fonts_pixels(void **state)
{
    (void)state;
    open_screen(640, 400, FRAMEBUFFER_BGRX);
    write_text("Bulkhead 0.1 {~}");
    assert_row(0, "Bulkhead 0.1 {~}");
    assert_row(1, "");
    assert_padding_untouched();
}

static void every_glyph_but_the_blank_has_pixels_and_differs(void **state)
{
    (void)state;
    for (int a = FONT_FIRST + 1; a <= FONT_LAST; a++) {
        for (int b = FONT_FIRST; b < a; b++) {
            assert_memory_not_equal(font_glyphs[a - FONT_FIRST], font_glyphs[b - FONT_FIRST],
                                    FONT_HEIGHT);
        }
    }
}

static void levels_have_their_colours_in_both_pixel_formats(void **state)
{
    (void)state;
    open_screen(640, 400, FRAMEBUFFER_BGRX);
    fbcon_set_level(&con, LOG_ERROR);
    write_text("E");
    fbcon_set_level(&con, LOG_NOTICE);
    write_text("N");
    fbcon_set_level(&con, (enum log_level)77); /* shown as debug */
    write_text("?");
    assert_true(cell_shows(0, 0, 'E', RED));
    assert_true(cell_shows(0, 1, 'N', WHITE));
    assert_true(cell_shows(0, 2, '?', 0x909090));

    open_screen(640, 400, FRAMEBUFFER_RGBX);
    fbcon_set_level(&con, LOG_WARNING);
    write_text("W");
    assert_true(cell_shows(0, 0, 'W', 0x5fd7ff)); /* ffd75f with red in the low byte */
}

static void newline_return_tab_and_backspace_move_the_position(void **state)
{
    (void)state;
    open_screen(640, 400, FRAMEBUFFER_BGRX);
    write_text("one\ntwo\r2\n\tx\ty\nab\bc\b\b\b\bd");
    assert_row(0, "one");
    assert_row(1, "2wo");
    assert_row(2, "        x       y");
    assert_row(3, "dc");
}

static void long_lines_wrap_when_the_next_character_comes(void **state)
{
    (void)state;
    open_screen(160, 80, FRAMEBUFFER_BGRX);
    assert_int_equal(con.columns, 20);
    write_text("01234567890123456789");
    write_text("\nnext"); /* a full line and a newline: no empty line between */
    assert_row(1, "next");
    write_text("\n01234567890123456789ab");
    assert_row(2, "01234567890123456789");
    assert_row(3, "ab");
    write_text("\r\t\t\tz"); /* the third tab fills the line; z wraps */
    assert_row(3, "");
    assert_row(4, "z");
}

static void other_bytes_show_as_one_question_mark_a_character(void **state)
{
    (void)state;
    open_screen(640, 400, FRAMEBUFFER_BGRX);
    write_text("\xC3\xA4|\xE2\x82\xAC|\xF0\x9F\x98\x80|\x80\xBF|\x7F\x01|\xC3|\xFF|\xE2"
               "a\x80");
    assert_row(0, "?|?|?|\?\?|\?\?|?|?|?a?");
}

static void scrolling_moves_a_quarter_of_the_screen(void **state)
{
    (void)state;
    char line[16];
    open_screen(640, 400, FRAMEBUFFER_BGRX); /* 25 rows, so 6 lines at a time */
    for (int i = 0; i < 25; i++) {
        snprintf(line, sizeof(line), "%sL%d", i > 0 ? "\n" : "", i);
        write_text(line);
    }
    assert_row(0, "L0");
    assert_row(24, "L24");
    write_text("\nL25");
    assert_row(0, "L6");
    assert_row(18, "L24");
    assert_row(19, "L25");
    assert_row(20, "");
    assert_row(24, "");
}

static void only_cells_that_differ_are_drawn(void **state)
{
    (void)state;
    open_screen(640, 400, FRAMEBUFFER_BGRX);
    write_text("abc");
    poison_visible();
    write_text("\rabX");
    assert_int_equal(cells_drawn(), 1);
    assert_true(is_drawn(0, 2));

    for (int i = 0; i < 24; i++) {
        write_text("\nabX");
    }
    poison_visible();
    write_text("\n"); /* 25 equal rows become 19 equal ones and 6 blank ones */
    assert_int_equal(cells_drawn(), 6 * 3);
}

static void lines_put_before_one_flush_share_one_redraw(void **state)
{
    (void)state;
    open_screen(640, 400, FRAMEBUFFER_BGRX);
    poison_visible();
    for (int i = 0; i < 1000; i++) {
        fbcon_putc(&con, (char)('a' + i % 26));
        fbcon_putc(&con, '\n');
    }
    assert_int_equal(cells_drawn(), 0);
    fbcon_flush(&con);
    assert_in_range(cells_drawn(), 1, 25);
}

static void wide_screens_get_larger_text(void **state)
{
    static const struct {
        uint32_t width, height, scale, columns, rows;
    } screens[] = {
        {800, 600, 1, 100, 37},   {1024, 768, 1, 128, 48},  {1920, 1080, 1, 240, 67},
        {1080, 1920, 1, 135, 90}, {2559, 1600, 2, 159, 50}, {2560, 1440, 2, 160, 45},
        {3840, 2160, 2, 240, 67}, {5120, 2880, 3, 213, 60}, {7680, 4320, 4, 240, 67},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(screens); i++) {
        open_screen(screens[i].width, screens[i].height, FRAMEBUFFER_BGRX);
        assert_int_equal(con.scale, screens[i].scale);
        assert_int_equal(con.columns, screens[i].columns);
        assert_int_equal(con.rows, screens[i].rows);
        assert_true(con.columns <= FBCON_COLUMNS_MAX && con.rows <= FBCON_ROWS_MAX);
    }
    open_screen(2560, 1440, FRAMEBUFFER_BGRX);
    write_text("2x\nb");
    assert_row(0, "2x");
    assert_row(1, "b");
}

static void text_that_does_not_fill_the_screen_is_centred(void **state)
{
    (void)state;
    open_screen(647, 410, FRAMEBUFFER_BGRX); /* 7 columns and 10 lines of pixels are left over */
    assert_ptr_equal(con.origin, &pixels[5 * fb.stride + 3]);
    open_screen(1080, 1920, FRAMEBUFFER_BGRX);
    assert_ptr_equal(con.origin, &pixels[240 * fb.stride]);
}

static void unusable_framebuffers_are_refused_and_then_ignored(void **state)
{
    static uint32_t small[64];
    const struct boot_framebuffer good = {FRAMEBUFFER_RGBX, {0}, 160 * 80 * 4, 160, 80, 160};
    struct boot_framebuffer bad[8];
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        bad[i] = good;
    }
    bad[0].format = FRAMEBUFFER_NONE;
    bad[1].width = 159; /* 19 columns */
    bad[2].height = 79; /* 4 rows */
    bad[3].stride = 159;
    bad[4].size -= 1;
    bad[5].width = bad[5].height = bad[5].stride = 0;
    bad[6] = (struct boot_framebuffer){FRAMEBUFFER_RGBX, {0}, 2560 * 159 * 4, 2560, 159, 2560};
    bad[7].stride = bad[7].width = UINT32_MAX;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_false(fbcon_init(&con, small, &bad[i]));
        fbcon_set_level(&con, LOG_ERROR);
        write_text("nothing\n\t\b happens");
        fbcon_redraw(&con);
    }
    assert_false(fbcon_init(&con, NULL, &good));
    for (size_t i = 0; i < ARRAY_SIZE(small); i++) {
        assert_int_equal(small[i], 0);
    }
}

/* Whatever came, what was drawn bit by bit equals a full redraw, and lies inside the screen. */
static void random_text_leaves_the_screen_as_a_redraw_does(void **state)
{
    (void)state;
    uint32_t seed = 1;
    open_screen(167, 83, FRAMEBUFFER_BGRX);
    uint32_t *before = malloc(fb.size);
    for (int i = 0; i < 3000; i++) {
        char text[24];
        for (size_t n = 0; n < sizeof(text); n++) {
            seed = seed * 1664525 + 1013904223;
            text[n] = (char)(seed >> 28 == 0 ? seed >> 24 & 15 : seed >> 20);
        }
        fbcon_set_level(&con, (enum log_level)(seed >> 8 & 3));
        fbcon_write(&con, text, seed >> 16 & 15);
        if (i % 100 == 0) {
            memcpy(before, pixels, fb.size);
            fbcon_redraw(&con);
            assert_memory_equal(before, pixels, fb.size);
        }
    }
    free(before);
    assert_padding_untouched();
}

static void put_demo_screen(void)
{
    static const struct {
        enum log_level level;
        const char *text;
    } lines[] = {
        {LOG_NOTICE, "Bulkhead: 4 CPUs, 2048 MiB, VT-x with EPT, 2 VMs"},
        {LOG_INFO, "[    0.000412] cpu 0: memory map: 61 ranges, 1987 MiB free, 33 MiB Bulkhead's"},
        {LOG_INFO, "[    0.001280] cpu 1: VMX on, revision 0x12, EPT 4 levels, VPID 16 bits"},
        {LOG_WARNING, "[    0.001931] cpu 2: TSC is not invariant: guests' clocks may drift"},
        {LOG_ERROR, "[    0.002004] cpu 3: VT-x is locked off by the firmware"},
        {LOG_DEBUG, "[    0.002177] cpu 0: ACPI: MADT 0x7fe3c000, 144 bytes; {[(<=>)]} $%&@#^_`~|"},
        {LOG_INFO, "RIP 0xffffffff80101a4c  CR0 0x80050033  CR3 0x0000000007a01000"},
    };
    for (unsigned i = 0; i < 80; i++) {
        fbcon_set_level(&con, lines[i % ARRAY_SIZE(lines)].level);
        write_text(lines[i % ARRAY_SIZE(lines)].text);
        write_text("\n");
    }
}

static void a_filled_screen_can_be_looked_at(void **state)
{
    (void)state;
    const char *name = getenv("FBCON_PICTURE");
    open_screen(800, 600, FRAMEBUFFER_BGRX);
    put_demo_screen();
    assert_in_range(con.row, con.rows - con.rows / 4, con.rows - 1);
    if (name == NULL) {
        return;
    }
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    fprintf(file, "P6 %u %u 255\n", fb.width, fb.height);
    for (uint32_t i = 0; i < fb.width * fb.height; i++) {
        uint32_t rgb = pixel(i % fb.width, i / fb.width);
        fputc((int)(rgb >> 16 & 0xff), file);
        fputc((int)(rgb >> 8 & 0xff), file);
        fputc((int)(rgb & 0xff), file);
    }
    fclose(file);
}

static int free_pixels(void **state)
{
    (void)state;
    free(pixels);
    pixels = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_clears_what_is_visible_and_nothing_else),
        cmocka_unit_test(text_shows_the_fonts_pixels),
        cmocka_unit_test(every_glyph_but_the_blank_has_pixels_and_differs),
        cmocka_unit_test(levels_have_their_colours_in_both_pixel_formats),
        cmocka_unit_test(newline_return_tab_and_backspace_move_the_position),
        cmocka_unit_test(long_lines_wrap_when_the_next_character_comes),
        cmocka_unit_test(other_bytes_show_as_one_question_mark_a_character),
        cmocka_unit_test(scrolling_moves_a_quarter_of_the_screen),
        cmocka_unit_test(only_cells_that_differ_are_drawn),
        cmocka_unit_test(lines_put_before_one_flush_share_one_redraw),
        cmocka_unit_test(wide_screens_get_larger_text),
        cmocka_unit_test(text_that_does_not_fill_the_screen_is_centred),
        cmocka_unit_test(unusable_framebuffers_are_refused_and_then_ignored),
        cmocka_unit_test(random_text_leaves_the_screen_as_a_redraw_does),
        cmocka_unit_test(a_filled_screen_can_be_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, free_pixels);
}
