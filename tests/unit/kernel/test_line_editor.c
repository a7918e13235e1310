/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/line_editor.c kernel/printf.c */
/* What each key does to a line, and what a terminal then shows: a small one is played here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/line_editor.h"

static char screen[512]; /* the line the cursor is in */
static size_t at;
static unsigned bells;
static unsigned feeds;

static size_t show_escape(const char *text)
{
    size_t used = 2;
    while (text[used] >= '0' && text[used] <= '9') {
        used++;
    }
    int n = atoi(text + 2);
    if (text[used] == 'K') {
        memset(screen + at, 0, sizeof(screen) - at);
    } else if (text[used] == 'D') {
        assert_true((size_t)n <= at);
        at -= (size_t)n;
    } else if (text[used] == 'J') {
        memset(screen, 0, sizeof(screen));
    } else {
        assert_int_equal(text[used], 'H');
        at = 0;
    }
    return used;
}

static void show(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\r') {
            at = 0;
        } else if (text[i] == '\n') {
            memset(screen, 0, sizeof(screen));
            feeds++;
        } else if (text[i] == '\a') {
            bells++;
        } else if (text[i] == 0x1b) {
            i += show_escape(text + i);
        } else {
            screen[at++] = text[i];
        }
    }
}

static const char *candidate(const char *before, unsigned index)
{
    static const char *const commands[] = {"start", "stats", "stop", "help", NULL};
    static const char *const vms[] = {"linux", "rt", NULL};
    return before[0] == '\0' ? commands[index] : vms[index];
}

static struct line_editor editor;

static int begin(void **unused)
{
    (void)unused;
    memset(&editor, 0, sizeof(editor));
    memset(screen, 0, sizeof(screen));
    at = 0;
    bells = 0;
    feeds = 0;
    editor.prompt = "> ";
    editor.emit = show;
    editor.candidate = candidate;
    line_editor_begin(&editor);
    return 0;
}

static bool type(const char *keys)
{
    bool done = false;
    for (; *keys != '\0'; keys++) {
        assert_false(done);
        done = line_editor_key(&editor, (uint8_t)*keys);
    }
    return done;
}

/* The line is as told, the screen agrees, and the cursor is where it is said to be. */
static void expect(const char *line, size_t cursor)
{
    assert_string_equal(editor.line, line);
    assert_int_equal(editor.length, strlen(line));
    assert_int_equal(editor.cursor, cursor);
    assert_memory_equal(screen, "> ", 2);
    assert_string_equal(screen + 2, line);
    assert_int_equal(at, cursor + 2);
}

static void enter_line(const char *text)
{
    type(text);
    assert_true(type("\r"));
    assert_string_equal(editor.line, text);
    line_editor_begin(&editor);
}

static void typed_characters_appear_at_the_cursor(void **unused)
{
    (void)unused;
    type("helo");
    expect("helo", 4);
    type("\x1b[D\x1b[Dl");
    expect("hello", 3);
    type("\x1b[C!");
    expect("hell!o", 5);
    type("\x01>\x05<");
    expect(">hell!o<", 8);
    type("\x1b[Ha\x1b[Fb\x1b[1~c\x1b[4~d");
    expect("ca>hell!o<bd", 12);
}

static void keys_delete_what_they_say(void **unused)
{
    (void)unused;
    type("one two three");
    type("\x7f\x08");
    expect("one two thr", 11);
    type("\x17");
    expect("one two ", 8);
    type("\x17");
    expect("one ", 4);
    type("\x01\x04");
    expect("ne ", 0);
    type("\x1b[3~");
    expect("e ", 0);
    type("\x7f\x08");
    expect("e ", 0);
    type("abc\x0b");
    expect("abc", 3);
    type("\x1b[D\x15");
    expect("c", 0);
}

static void a_full_line_takes_no_more(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < LINE_EDITOR_MAX + 3; i++) {
        type("x");
    }
    assert_int_equal(editor.length, LINE_EDITOR_MAX);
    assert_int_equal(bells, 3);
    assert_true(type("\r"));
}

static void the_history_is_browsed_and_what_was_typed_comes_back(void **unused)
{
    (void)unused;
    enter_line("first");
    enter_line("second");
    enter_line("second"); /* counts once */
    type("half");
    type("\x1b[A");
    expect("second", 6);
    type("\x1b[A");
    expect("first", 5);
    type("\x1b[A");
    assert_int_equal(bells, 1);
    expect("first", 5);
    type("\x1b[B\x1b[B");
    expect("half", 4);
    type("\x1b[B");
    assert_int_equal(bells, 2);
    expect("half", 4);
}

static void the_history_keeps_the_newest_lines(void **unused)
{
    (void)unused;
    char text[3] = "a0";
    for (unsigned i = 0; i < LINE_EDITOR_HISTORY + 4; i++) {
        text[0] = (char)('a' + (int)i);
        enter_line(text);
    }
    for (unsigned i = 0; i < LINE_EDITOR_HISTORY; i++) {
        type("\x10");
    }
    text[0] = 'e';
    expect(text, 2);
    assert_int_equal(bells, 0);
}

static void tab_completes_commands_and_names(void **unused)
{
    (void)unused;
    type("h\t");
    expect("help ", 5);
    type("li\t");
    expect("help linux ", 11);
    type("x\t");
    assert_int_equal(bells, 1);
    expect("help linux x", 12);
}

static void tab_goes_as_far_as_it_is_certain_then_lists(void **unused)
{
    (void)unused;
    type("s\t");
    expect("st", 2);
    assert_int_equal(feeds, 0);
    type("\t");
    assert_int_equal(feeds, 2); /* the list is shown */
    expect("st", 2);
    type("a\t");
    expect("sta", 3);
    type("r\t");
    expect("start ", 6);
}

static void return_and_line_feed_are_one_key(void **unused)
{
    (void)unused;
    assert_true(type("a\r"));
    line_editor_begin(&editor);
    assert_false(type("\n"));
    assert_true(type("\n"));
}

static void what_is_no_key_is_ignored(void **unused)
{
    (void)unused;
    type("ab");
    type("\x1b[5~\x1b[Z\x1bq\x1bOP");
    for (int byte = 0x80; byte < 0x100; byte++) {
        assert_false(line_editor_key(&editor, (uint8_t)byte));
    }
    assert_false(line_editor_key(&editor, 0));
    expect("ab", 2);
    type("\x0c");
    expect("ab", 2);
    type("\x03");
    expect("", 0);
}

/* Whatever comes, the line stays within its bounds and is what the screen shows. */
static void random_keys_never_break_it(void **unused)
{
    (void)unused;
    static const char keys[] = "abc \x01\x02\x04\x05\x06\x0b\x0e\x10\x15\x17\x7f\t\x1b[ABCDHF~3";
    uint32_t random = 12345;
    for (unsigned i = 0; i < 200000; i++) {
        random = random * 1664525 + 1013904223;
        uint8_t key = (uint8_t)keys[(random >> 16) % (sizeof(keys) - 1)];
        if (line_editor_key(&editor, (random >> 8 & 0x3ff) == 0 ? '\r' : key)) {
            line_editor_begin(&editor);
        }
        assert_true(editor.length <= LINE_EDITOR_MAX && editor.cursor <= editor.length);
        assert_int_equal(strlen(editor.line), editor.length);
    }
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(typed_characters_appear_at_the_cursor),
        TEST(keys_delete_what_they_say),
        TEST(a_full_line_takes_no_more),
        TEST(the_history_is_browsed_and_what_was_typed_comes_back),
        TEST(the_history_keeps_the_newest_lines),
        TEST(tab_completes_commands_and_names),
        TEST(tab_goes_as_far_as_it_is_certain_then_lists),
        TEST(return_and_line_feed_are_one_key),
        TEST(what_is_no_key_is_ignored),
        TEST(random_keys_never_break_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
