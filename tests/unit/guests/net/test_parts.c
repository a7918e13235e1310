/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/* links: guests/net/options.c guests/net/text.c guests/net/syslog.c guests/net/siphash.c guests/net/auth.c kernel/printf.c tests/unit/guests/net/fake_net.c */
/* clang-format on */
/*
 * The small parts of the management guest: command line, quoting, syslog, the hash, the token.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guests/net/auth.h"
#include "guests/net/options.h"
#include "guests/net/siphash.h"
#include "guests/net/syslog.h"
#include "guests/net/text.h"

static void command_line_is_read(void **state)
{
    struct net_options options;
    (void)state;
    assert_null(options_read(&options, ""));
    assert_string_equal(options.name, "bulkhead");
    assert_int_equal(options.http_port, 80);
    assert_int_equal(options.gsi, UINT32_MAX);
    assert_false(options.open_read);
    assert_string_equal(options.token, "");
    assert_null(options_read(&options, "ip=192.0.2.7 mask=255.255.0.0  gw=192.0.2.1 name=rack-3 "
                                       "token=sesame=1234 open-read http=8080 gsi=11 apic=x "
                                       "syslog=192.0.2.9:5514"));
    assert_string_equal(options.ip, "192.0.2.7");
    assert_string_equal(options.mask, "255.255.0.0");
    assert_string_equal(options.gateway, "192.0.2.1");
    assert_string_equal(options.name, "rack-3");
    assert_string_equal(options.token, "sesame=1234");
    assert_true(options.open_read);
    assert_int_equal(options.http_port, 8080);
    assert_int_equal(options.gsi, 11);
    assert_string_equal(options.syslog, "192.0.2.9");
    assert_int_equal(options.syslog_port, 5514);
    assert_null(options_read(&options, "syslog=[2001:db8::1]:99"));
    assert_string_equal(options.syslog, "2001:db8::1");
    assert_int_equal(options.syslog_port, 99);
    assert_null(options_read(&options, "syslog=2001:db8::1"));
    assert_string_equal(options.syslog, "2001:db8::1");
    assert_int_equal(options.syslog_port, 514);
}

static void mistakes_on_the_command_line_are_named(void **state)
{
    static const struct {
        const char *line;
        const char *complaint;
    } mistakes[] = {
        {"http=0", "http="},           {"http=65536", "http="}, {"http=8x", "http="},
        {"name=a_b", "name="},         {"name=-a", "name="},    {"token=", "token="},
        {"syslog=a:99999", "syslog="}, {"gsi=240", "gsi="},     {"gsi=4294967297", "gsi="},
        {"syslog=[::1", "syslog="},
    };
    struct net_options options;
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        const char *complaint = options_read(&options, mistakes[i].line);
        assert_non_null(complaint);
        assert_memory_equal(complaint, mistakes[i].complaint, strlen(mistakes[i].complaint));
    }
}

static void token_has_a_least_and_a_greatest_length(void **state)
{
    char token[AUTH_TOKEN_MAX + 2];
    (void)state;
    memset(token, 't', sizeof(token));
    token[AUTH_TOKEN_MAX + 1] = '\0';
    assert_false(auth_init(token, false));
    assert_false(auth_has_token());
    assert_false(auth_check(token, strlen(token), "w", 0));
    token[AUTH_TOKEN_MAX] = '\0';
    assert_true(auth_init(token, false));
    assert_true(auth_check(token, AUTH_TOKEN_MAX, "w", 0));
    assert_false(auth_check(token, AUTH_TOKEN_MAX - 1, "w", 0));
    assert_false(auth_init("short12", false));
    assert_false(auth_check("short12", 7, "w", 0));
    assert_false(auth_check("", 0, "w", 0));
}

static void delay_grows_and_is_forgiven(void **state)
{
    (void)state;
    auth_init("sesame-1234", false);
    uint32_t last = 0;
    for (unsigned i = 0; i < 10; i++) {
        auth_check("wrong", 5, "w", 100000);
        assert_true(auth_delay(100000) >= last);
        last = auth_delay(100000);
    }
    assert_int_equal(last, 4000);
    assert_int_equal(auth_delay(100000 + 60001), 250);
    assert_int_equal(auth_failures(), 10);
}

static void text_is_cut_and_says_so(void **state)
{
    char buffer[8];
    struct text text;
    (void)state;
    text_init(&text, buffer, sizeof(buffer));
    text_add(&text, "%u", 12345);
    assert_false(text.cut);
    text_string(&text, "abcdef");
    assert_true(text.cut);
    assert_int_equal(text.length, 8);
    assert_memory_equal(buffer, "12345abc", 8);
}

static void json_escapes_what_it_must(void **state)
{
    static const struct {
        const char *raw;
        const char *json;
    } cases[] = {
        {"a\"b\\c\n\t\x7f", "\"a\\\"b\\\\c\\n\\u0009\\u007f\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\xc3", "\"\\ufffd\""},
        {"\xc0\x80", "\"\\ufffd\\ufffd\""},
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
        {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
        {"\xe0\x80\xafx", "\"\\ufffd\\ufffd\\ufffdx\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char buffer[128];
        struct text text;
        text_init(&text, buffer, sizeof(buffer));
        text_json(&text, cases[i].raw, strlen(cases[i].raw));
        assert_int_equal(text.length, strlen(cases[i].json));
        assert_memory_equal(buffer, cases[i].json, text.length);
    }
}

static void syslog_makes_a_message_a_line(void **state)
{
    static const char log[] = "[    1.0]  0 one\r\n\n[    2.0]  1 two\nunfinished";
    static const char *const messages[] = {
        "<134>1 2026-11-28T21:10:00Z rack-3 bulkhead - - - [    1.0]  0 one",
        "<134>1 2026-11-28T21:10:00Z rack-3 bulkhead - - - [    2.0]  1 two",
    };
    struct syslog syslog;
    size_t at = 0;
    unsigned found = 0;
    (void)state;
    syslog_init(&syslog, "rack-3", 0);
    while (at < sizeof(log) - 1) {
        char message[SYSLOG_MESSAGE_MAX];
        size_t used;
        size_t length =
            syslog_take(&syslog, log + at, sizeof(log) - 1 - at, &used, 1795900200, message);
        at += used;
        if (length != 0) {
            assert_int_equal(length, strlen(messages[found]));
            assert_memory_equal(message, messages[found], length);
            found++;
        }
    }
    assert_int_equal(found, 2);
}

static void syslog_dates_are_right(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *date;
    } dates[] = {
        {1, "1970-01-01T00:00:01Z"},          {951782399, "2000-02-28T23:59:59Z"},
        {951782400, "2000-02-29T00:00:00Z"},  {1709164800, "2024-02-29T00:00:00Z"},
        {1735689599, "2024-12-31T23:59:59Z"}, {4107542400, "2100-03-01T00:00:00Z"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        char message[SYSLOG_MESSAGE_MAX];
        struct syslog syslog;
        size_t used;
        syslog_init(&syslog, "h", 0);
        assert_true(syslog_take(&syslog, "x\n", 2, &used, dates[i].seconds, message) > 0);
        assert_memory_equal(message + 7, dates[i].date, strlen(dates[i].date));
    }
}

static void endless_line_is_cut(void **state)
{
    struct syslog syslog;
    char message[SYSLOG_MESSAGE_MAX];
    size_t used;
    (void)state;
    syslog_init(&syslog, "h", 0);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(syslog_take(&syslog, "0123456789", 10, &used, 0, message), 0);
    }
    size_t length = syslog_take(&syslog, "\n", 1, &used, 0, message);
    assert_true(length > SYSLOG_LINE_MAX && length < SYSLOG_MESSAGE_MAX);
}

/* The test vectors of the algorithm's authors: key 00..0f, message 00..n-1. */
static void siphash_is_siphash(void **state)
{
    static const struct {
        size_t length;
        uint64_t hash;
    } vectors[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},
        {8, UINT64_C(0x93f5f5799a932462)},
        {15, UINT64_C(0xa129ca6149be45e5)},
    };
    const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    uint8_t bytes[16];
    (void)state;
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        assert_int_equal(siphash(key, bytes, vectors[i].length), vectors[i].hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_line_is_read),
        cmocka_unit_test(mistakes_on_the_command_line_are_named),
        cmocka_unit_test(token_has_a_least_and_a_greatest_length),
        cmocka_unit_test(delay_grows_and_is_forgiven),
        cmocka_unit_test(text_is_cut_and_says_so),
        cmocka_unit_test(json_escapes_what_it_must),
        cmocka_unit_test(syslog_makes_a_message_a_line),
        cmocka_unit_test(syslog_dates_are_right),
        cmocka_unit_test(endless_line_is_cut),
        cmocka_unit_test(siphash_is_siphash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
