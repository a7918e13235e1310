/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/vm_console.c */
/* What a VM prints on its way into the log: lines, control characters, terminals' sequences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/log.h"
#include "kernel/vm_console.h"

static struct vm_console console;
static char lines[1024]; /* each with a bar behind it */

void log_guest_line(const char *name, const char *text)
{
    assert_string_equal(name, "vm");
    size_t used = strlen(lines);
    snprintf(lines + used, sizeof(lines) - used, "%s|", text);
}

static void assert_lines(const char *text, const char *wanted)
{
    lines[0] = '\0';
    vm_console_init(&console, "vm");
    for (const char *at = text; *at != '\0'; at++) {
        vm_console_output(&console, (uint8_t)*at);
    }
    assert_string_equal(lines, wanted);
    assert_int_equal(console.written, strlen(text));
    assert_memory_equal(console.ring, text, strlen(text));
}

static void lines_are_passed_on_when_they_end(void **state)
{
    (void)state;
    assert_lines("one\r\ntwo\nthr", "one|two|");
    vm_console_flush(&console);
    assert_string_equal(lines, "one|two|thr|");
    vm_console_flush(&console);
    assert_string_equal(lines, "one|two|thr|");
    assert_lines("\n\n", " | |");
}

static void what_no_terminal_shows_is_a_question_mark(void **state)
{
    (void)state;
    assert_lines("a\tb\001c\177d\200e\n", "a\tb?c?d?e|");
}

static void sequences_of_terminals_are_left_out(void **state)
{
    (void)state;
    assert_lines("\033[1;31mred\033[0m\n", "red|");
    assert_lines("\033cafter\n", "after|");
    assert_lines("\033[2\nJx\n", "x|");
    assert_lines("\033\033x\n", "x|");
}

static void a_long_line_comes_in_pieces(void **state)
{
    char text[VM_CONSOLE_LINE + 12];
    char wanted[VM_CONSOLE_LINE + 14];
    (void)state;
    memset(text, 'x', sizeof(text));
    strcpy(text + VM_CONSOLE_LINE, "0123456789\n");
    memset(wanted, 'x', sizeof(wanted));
    strcpy(wanted + VM_CONSOLE_LINE, "|0123456789|");
    assert_lines(text, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_passed_on_when_they_end),
        cmocka_unit_test(what_no_terminal_shows_is_a_question_mark),
        cmocka_unit_test(sequences_of_terminals_are_left_out),
        cmocka_unit_test(a_long_line_comes_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
