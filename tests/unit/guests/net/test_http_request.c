/* SPDX-License-Identifier: Apache-2.0 */
/* links: guests/net/http_request.c */
/*
 * Requests as browsers, curl and people with bad intentions write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guests/net/http_request.h"

static struct http_request request;

/* Reads a request in pieces of `step` bytes; *used says how much of it was taken. */
static enum http_parse read_in(const char *text, size_t size, size_t step, size_t *used)
{
    enum http_parse result = HTTP_PARSE_MORE;
    *used = 0;
    http_request_init(&request);
    while (result == HTTP_PARSE_MORE && *used < size) {
        size_t count = size - *used < step ? size - *used : step;
        size_t taken;
        result = http_request_read(&request, (const uint8_t *)text + *used, count, &taken);
        *used += taken;
        if (result == HTTP_PARSE_MORE) {
            assert_int_equal(taken, count);
        }
    }
    return result;
}

static enum http_parse read_all(const char *text)
{
    size_t used;
    enum http_parse whole = read_in(text, strlen(text), SIZE_MAX, &used);
    unsigned status = request.status;
    enum http_parse bytewise = read_in(text, strlen(text), 1, &used);
    assert_int_equal(whole, bytewise);
    assert_int_equal(status, request.status);
    return bytewise;
}

static void expect_bad(const char *text, unsigned status)
{
    if (read_all(text) != HTTP_PARSE_BAD || request.status != status) {
        fail_msg("%u instead of %u for: %s", request.status, status, text);
    }
}

static void get_with_query_and_token_is_read(void **state)
{
    (void)state;
    assert_int_equal(read_all("GET /api/v1/log?from=123&x=y HTTP/1.1\r\nHost: a\r\n"
                              "aUTHORIZATION:   bearer  s3same-open  \r\n\r\n"),
                     HTTP_PARSE_DONE);
    assert_int_equal(request.method, HTTP_GET);
    assert_string_equal(request.path, "/api/v1/log");
    assert_string_equal(request.query, "from=123&x=y");
    assert_true(request.has_token);
    assert_string_equal(request.token, "s3same-open");
    assert_true(request.keep_alive);
    assert_int_equal(http_request_number(&request, "from", 7), 123);
    assert_int_equal(http_request_number(&request, "rom", 7), 7);
    assert_int_equal(http_request_number(&request, "x", 7), 7);
}

static void keep_alive_follows_version_and_field(void **state)
{
    (void)state;
    assert_int_equal(read_all("GET / HTTP/1.0\r\n\r\n"), HTTP_PARSE_DONE);
    assert_false(request.keep_alive);
    assert_int_equal(read_all("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), HTTP_PARSE_DONE);
    assert_true(request.keep_alive);
    assert_int_equal(read_all("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                     HTTP_PARSE_DONE);
    assert_false(request.keep_alive);
}

static void body_ends_where_its_length_says(void **state)
{
    static const char text[] =
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / ";
    size_t used;
    (void)state;
    assert_int_equal(read_in(text, sizeof(text) - 1, SIZE_MAX, &used), HTTP_PARSE_DONE);
    assert_int_equal(used, sizeof(text) - 1 - 6);
    assert_int_equal(request.body_length, 5);
    assert_memory_equal(request.body, "hello", 5);
    assert_int_equal(request.method, HTTP_POST);
}

static void smuggling_is_refused(void **state)
{
    (void)state;
    expect_bad("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501);
    expect_bad("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400);
    expect_bad("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400);
    expect_bad("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", 400);
    expect_bad("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400);
    expect_bad("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400);
    expect_bad("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400);
    expect_bad("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400);
    expect_bad("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    expect_bad("GET / HTTP/1.1\r\n\r\n", 400); /* no host */
    expect_bad("GET / HTTP/2.0\r\n", 505);
    expect_bad("GET /\r\n", 400);
    expect_bad("GET  / HTTP/1.1\r\n", 400);
    expect_bad("G\x01T / HTTP/1.1\r\n", 400);
    expect_bad("GET http://localhost/ HTTP/1.1\r\n", 400);
    expect_bad("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400);
    expect_bad("\x16\x03\x01\x02\x01", 400); /* somebody speaks TLS */
    expect_bad("GET /a b HTTP/1.1\r\n", 400);
}

static void request_without_end_is_bounded(void **state)
{
    static char text[20000];
    size_t used;
    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "GET /", 5);
    assert_int_equal(read_in(text, sizeof(text), 100, &used), HTTP_PARSE_BAD);
    assert_int_equal(request.status, 431);
    assert_true(used <= HTTP_HEAD_MAX + 1);

    size_t at = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (unsigned i = 0; at < sizeof(text) - 20; i++) {
        at += (size_t)sprintf(text + at, "X-%u: y\r\n", i);
    }
    assert_int_equal(read_in(text, at, 100, &used), HTTP_PARSE_BAD);
    assert_int_equal(request.status, 431);

    at = (size_t)sprintf(text, "GET /%0300d HTTP/1.1\r\n", 0);
    assert_int_equal(read_in(text, at, 100, &used), HTTP_PARSE_BAD);
    assert_int_equal(request.status, 414);
    expect_bad("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n", 413);
}

static void long_field_of_no_interest_is_passed_over(void **state)
{
    static char text[3000];
    (void)state;
    sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\nCookie: %02000d\r\n\r\n", 0);
    assert_int_equal(read_all(text), HTTP_PARSE_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_with_query_and_token_is_read),
        cmocka_unit_test(keep_alive_follows_version_and_field),
        cmocka_unit_test(body_ends_where_its_length_says),
        cmocka_unit_test(smuggling_is_refused),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(request_without_end_is_bounded),
        cmocka_unit_test(long_field_of_no_interest_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
