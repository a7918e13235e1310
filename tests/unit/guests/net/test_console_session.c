/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/* links: guests/net/console_session.c guests/net/telnet.c guests/net/text.c guests/net/auth.c kernel/printf.c tests/unit/guests/net/fake_backend.c tests/unit/guests/net/fake_net.c */
/* clang-format on */
/*
 * Console connections: telnet's commands, the token, several watchers and one who types.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guests/net/auth.h"
#include "guests/net/console_session.h"
#include "tests/unit/guests/net/fake_backend.h"

#define TOKEN "sesame-1234"

static struct console one;
static struct console two;
static char seen[65536];

static int open_all(void **state)
{
    (void)state;
    fake_init();
    auth_init(TOKEN, false);
    console_open(&one, 0, "192.0.2.1", 0);
    console_open(&two, 0, "192.0.2.2", 0);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    console_closed(&one);
    console_closed(&two);
    return 0;
}

/* What the other side sees now. */
static const char *see(struct console *console)
{
    const uint8_t *bytes;
    size_t length = 0;
    size_t count;
    while ((count = console_output(console, &bytes)) != 0) {
        assert_true(count <= CONSOLE_OUT_MAX);
        assert_true(length + count < sizeof(seen));
        memcpy(seen + length, bytes, count);
        length += count;
        console_given(console, count);
    }
    seen[length] = '\0';
    return seen;
}

static void type(struct console *console, const char *text, uint64_t now)
{
    assert_int_equal(console_input(console, (const uint8_t *)text, strlen(text), now),
                     strlen(text));
}

static void enter(struct console *console)
{
    see(console);
    type(console, TOKEN "\r\n", 0);
    assert_int_equal(console->state, CONSOLE_OPEN);
    see(console);
}

static void nothing_is_shown_before_the_token(void **state)
{
    (void)state;
    fake_print(&fake.console[0], "secret", 6);
    assert_null(strstr(see(&one), "secret"));
    type(&one, "ls\r", 1000);
    assert_int_equal(one.state, CONSOLE_HELD);
    assert_null(strstr(see(&one), "secret"));
    assert_int_equal(fake.input_length, 0);
    console_tick(&one, 1000 + console_patience(&one, 1000));
    assert_int_equal(one.state, CONSOLE_TOKEN);
    assert_non_null(strstr(see(&one), "wrong"));
    type(&one, TOKEN "\r", 10000);
    assert_non_null(strstr(see(&one), "secret"));
}

static void token_is_asked_for_three_times_and_not_for_ever(void **state)
{
    uint64_t now = 100000;
    (void)state;
    one.began = now;
    for (unsigned i = 0; i < CONSOLE_TRIES; i++) {
        assert_int_equal(one.state, CONSOLE_TOKEN);
        type(&one, "no\n", now);
        now += console_patience(&one, now);
        console_tick(&one, now);
    }
    assert_int_equal(one.state, CONSOLE_ENDED);
    console_tick(&two, CONSOLE_TOKEN_MS);
    assert_int_equal(two.state, CONSOLE_ENDED);
}

static void without_a_token_consoles_are_closed(void **state)
{
    (void)state;
    auth_init("", true);
    console_open(&one, 0, "192.0.2.1", 0);
    assert_int_equal(one.state, CONSOLE_ENDED);
    assert_non_null(strstr(see(&one), "no token"));
}

static void output_before_and_after_is_shown(void **state)
{
    (void)state;
    fake_print(&fake.console[0], "before\r\n", 8);
    see(&one);
    type(&one, TOKEN "\r", 0);
    assert_non_null(strstr(see(&one), "console of VM linux"));
    assert_non_null(strstr(seen, "before"));
    fake_print(&fake.console[0], "after\xff!", 7);
    assert_string_equal(see(&one), "after\xff!");
}

static void slow_reader_is_told_what_it_lost(void **state)
{
    (void)state;
    enter(&one);
    fake_print(&fake.console[0], "x", 1);
    see(&one);
    for (unsigned i = 0; i < FAKE_STREAM_SIZE + 10; i++) {
        fake_print(&fake.console[0], "y", 1);
    }
    assert_non_null(strstr(see(&one), "[10 bytes lost]"));
    assert_int_equal(one.out_length, 0);
}

static void one_types_and_others_watch(void **state)
{
    (void)state;
    enter(&one);
    enter(&two);
    type(&one, "a", 100);
    type(&two, "bb", 200);
    assert_int_equal(fake.input_length, 1);
    assert_non_null(strstr(see(&two), "somebody else types"));
    type(&two, "b", 300);
    assert_string_equal(see(&two), "");
    fake_print(&fake.console[0], "seen by all", 11);
    assert_string_equal(see(&two), "seen by all");
    assert_string_equal(see(&one), "seen by all");
    /* he who types leaves */
    console_closed(&one);
    type(&two, "c", 400);
    assert_memory_equal(fake.input, "ac", 2);
    /* he who types is silent */
    type(&one, "d", 400 + CONSOLE_SILENT_MS - 1);
    assert_int_equal(fake.input_length, 2);
    type(&one, "e", 400 + CONSOLE_SILENT_MS);
    assert_memory_equal(fake.input, "ace", 3);
}

static void what_the_vm_does_not_take_waits_and_is_bounded(void **state)
{
    uint8_t much[200];
    (void)state;
    enter(&one);
    memset(much, 'm', sizeof(much));
    fake.input_room = 10;
    size_t used = console_input(&one, much, sizeof(much), 100);
    assert_int_equal(used, CONSOLE_TYPED_MAX);
    assert_int_equal(fake.input_length, 10);
    assert_int_equal(console_patience(&one, 100), CONSOLE_RETRY_MS);
    fake.input_room = 1000;
    console_tick(&one, 120);
    assert_int_equal(fake.input_length, CONSOLE_TYPED_MAX);
    fake.input_room = 0;
    type(&one, "lost", 130);
    console_tick(&one, 131);
    console_tick(&one, 131 + CONSOLE_DROP_MS);
    assert_int_equal(one.typed_length, 0);
}

static void telnet_commands_are_no_keys(void **state)
{
    static const uint8_t text[] = {'a', 255, 251, 1,   255,  253, 24,   255,  250, 24,  1,  255,
                                   240, 'b', 255, 255, '\r', 0,   '\r', '\n', 255, 241, 'c'};
    static const uint8_t keys[] = {'a', 'b', 255, '\r', '\r', 'c'};
    (void)state;
    enter(&one);
    assert_int_equal(console_input(&one, text, sizeof(text), 0), sizeof(text));
    assert_int_equal(fake.input_length, sizeof(keys));
    assert_memory_equal(fake.input, keys, sizeof(keys));
    /* WILL ECHO: DONT; DO TERMINAL-TYPE: WONT */
    assert_memory_equal(see(&one), "\xff\xfe\x01\xff\xfc\x18", 6);
    /* now that it speaks telnet, its byte is doubled */
    fake_print(&fake.console[0], "\xff", 1);
    assert_string_equal(see(&one), "\xff\xff");
}

static void requests_for_options_are_answered_a_bounded_number_of_times(void **state)
{
    static const uint8_t will[] = {255, 251, 99};
    size_t answers = 0;
    (void)state;
    enter(&one);
    for (unsigned i = 0; i < 1000; i++) {
        console_input(&one, will, sizeof(will), 0);
        answers += strlen(see(&one));
    }
    assert_int_equal(answers, 64 * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_shown_before_the_token, open_all, close_all),
        cmocka_unit_test_setup_teardown(token_is_asked_for_three_times_and_not_for_ever, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(without_a_token_consoles_are_closed, open_all, close_all),
        cmocka_unit_test_setup_teardown(output_before_and_after_is_shown, open_all, close_all),
        cmocka_unit_test_setup_teardown(slow_reader_is_told_what_it_lost, open_all, close_all),
        cmocka_unit_test_setup_teardown(one_types_and_others_watch, open_all, close_all),
        cmocka_unit_test_setup_teardown(what_the_vm_does_not_take_waits_and_is_bounded, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(telnet_commands_are_no_keys, open_all, close_all),
        cmocka_unit_test_setup_teardown(requests_for_options_are_answered_a_bounded_number_of_times,
                                        open_all, close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
