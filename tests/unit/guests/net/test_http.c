/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/* links: guests/net/http.c guests/net/http_request.c guests/net/http_route.c guests/net/api.c guests/net/api_action.c guests/net/metrics.c guests/net/reasons.c guests/net/text.c guests/net/auth.c kernel/printf.c tests/unit/guests/net/fake_backend.c tests/unit/guests/net/fake_net.c */
/* clang-format on */
/*
 * Whole HTTP connections against a made-up machine: answers, who may, time, slow readers.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guests/net/api_action.h"
#include "guests/net/auth.h"
#include "guests/net/http.h"
#include "tests/unit/guests/net/fake_backend.h"
#include "tests/unit/guests/net/fake_net.h"

#define TOKEN  "sesame-1234"
#define BEARER "Authorization: Bearer " TOKEN "\r\n"

static struct http http;
static char answer[HTTP_ANSWER_MAX + HTTP_HEADER_MAX + 1];
static size_t answer_length;

static int open_all(void **state)
{
    (void)state;
    fake_init();
    auth_init(TOKEN, false);
    http_open(&http, "192.0.2.1", 0);
    return 0;
}

/* Takes what is to be sent, and says that it arrived. */
static void drain(uint64_t now)
{
    const uint8_t *bytes;
    size_t count;
    answer_length = 0;
    while ((count = http_output(&http, &bytes)) != 0) {
        assert_true(answer_length + count < sizeof(answer));
        memcpy(answer + answer_length, bytes, count);
        answer_length += count;
        http_given(&http, count);
    }
    answer[answer_length] = '\0';
    if (answer_length != 0) {
        http_acknowledged(&http, answer_length, now);
    }
}

static unsigned send_text(const char *text, uint64_t now)
{
    assert_int_equal(http_input(&http, (const uint8_t *)text, strlen(text), now), strlen(text));
    drain(now);
    return answer_length != 0 ? (unsigned)atoi(answer + strlen("HTTP/1.1 ")) : 0;
}

static unsigned ask(const char *method, const char *path, const char *more)
{
    char text[1024];
    snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method, path, more);
    return send_text(text, 0);
}

static const char *body(void)
{
    const char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

/* A reader of JSON that accepts nothing else (RFC 8259); NULL: it is none. */
static const char *json_value(const char *at);

static const char *json_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *json_string(const char *at)
{
    if (*at++ != '"') {
        return NULL;
    }
    for (; *at != '"'; at++) {
        if ((unsigned char)*at < 0x20) {
            return NULL;
        }
        if (*at == '\\') {
            at++;
            if (*at == 'u' && strspn(at + 1, "0123456789abcdefABCDEF") >= 4) {
                at += 4;
            } else if (strchr("\"\\/bfnrt", *at) == NULL || *at == '\0') {
                return NULL;
            }
        }
    }
    return at + 1;
}

static const char *json_list(const char *at, char end, bool keys)
{
    at = json_space(at + 1);
    if (*at == end) {
        return at + 1;
    }
    for (;;) {
        if (keys) {
            at = json_string(at);
            if (at == NULL || *(at = json_space(at)) != ':') {
                return NULL;
            }
            at = json_space(at + 1);
        }
        at = json_value(at);
        if (at == NULL) {
            return NULL;
        }
        at = json_space(at);
        if (*at == end) {
            return at + 1;
        }
        if (*at != ',') {
            return NULL;
        }
        at = json_space(at + 1);
    }
}

static const char *json_value(const char *at)
{
    static const char *const words[] = {"true", "false", "null"};
    if (*at == '{' || *at == '[') {
        return json_list(at, *at == '{' ? '}' : ']', *at == '{');
    }
    if (*at == '"') {
        return json_string(at);
    }
    for (size_t i = 0; i < 3; i++) {
        if (strncmp(at, words[i], strlen(words[i])) == 0) {
            return at + strlen(words[i]);
        }
    }
    size_t digits = strspn(at, "0123456789");
    return digits == 0 || (at[0] == '0' && digits > 1) ? NULL : at + digits;
}

static void expect_json(void)
{
    const char *end = json_value(body());
    if (end == NULL || *json_space(end) != '\0') {
        fail_msg("no JSON: %s", body());
    }
}

static void everything_that_can_be_read_is_json(void **state)
{
    static const char *const paths[] = {
        "/api/v1/status",
        "/api/v1/machine",
        "/api/v1/log",
        "/api/v1/vms",
        "/api/v1/vms/linux",
        "/api/v1/vms/crash",
        "/api/v1/vms/crash/crash",
        "/api/v1/vms/linux/console",
        "/api/v1/vms/linux/plan",
        "/api/v1/log?from=3",
    };
    char all[256];
    (void)state;
    for (unsigned i = 0; i < sizeof(all); i++) {
        all[i] = (char)i;
    }
    fake_print(&fake.log, all, sizeof(all));
    fake_print(&fake.console[0], all, sizeof(all));
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_int_equal(ask("GET", paths[i], BEARER), 200);
        assert_non_null(strstr(answer, "Content-Type: application/json\r\n"));
        expect_json();
    }
}

static void vm_is_told_with_its_counters(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/api/v1/vms/linux", BEARER), 200);
    assert_non_null(strstr(body(), "\"name\":\"linux\",\"state\":\"running\",\"vcpus\":2"));
    assert_non_null(strstr(body(), "\"console_port\":2300"));
    assert_non_null(strstr(body(), "\"cpuid\":401,\"ept_violation\":99,\"reason_120\":1"));
    assert_int_equal(ask("GET", "/api/v1/vms/crash/crash", BEARER), 200);
    assert_non_null(strstr(body(), "crash: triple fault\\n  rip 0000000000100040\\n"));
    assert_int_equal(ask("GET", "/api/v1/vms/nobody", BEARER), 404);
    assert_int_equal(ask("GET", "/api/v1/vms/linuxx", BEARER), 404);
    assert_int_equal(ask("GET", "/api/v1/vms/linu", BEARER), 404);
}

static void stream_goes_on_where_it_ended(void **state)
{
    (void)state;
    fake_print(&fake.log, "one\n", 4);
    assert_int_equal(ask("GET", "/api/v1/log", BEARER), 200);
    assert_string_equal(body(), "{\"next\":4,\"missed\":0,\"text\":\"one\\n\"}\n");
    fake_print(&fake.log, "two\n", 4);
    assert_int_equal(ask("GET", "/api/v1/log?from=4", BEARER), 200);
    assert_string_equal(body(), "{\"next\":8,\"missed\":0,\"text\":\"two\\n\"}\n");
    for (unsigned i = 0; i < FAKE_STREAM_SIZE / 4; i++) {
        fake_print(&fake.log, "xxx\n", 4);
    }
    assert_int_equal(ask("GET", "/api/v1/log?from=4", BEARER), 200);
    assert_non_null(strstr(body(), "\"missed\":4"));
}

static void actions_reach_the_hypervisor(void **state)
{
    static const struct {
        const char *path;
        enum bulkhead_action action;
    } actions[] = {
        {"/api/v1/vms/crash/start", BULKHEAD_ACTION_START},
        {"/api/v1/vms/crash/stop", BULKHEAD_ACTION_STOP},
        {"/api/v1/vms/crash/restart", BULKHEAD_ACTION_RESTART},
        {"/api/v1/vms/crash/pause", BULKHEAD_ACTION_PAUSE},
        {"/api/v1/vms/crash/resume", BULKHEAD_ACTION_RESUME},
        {"/api/v1/vms/crash/nmi", BULKHEAD_ACTION_NMI},
    };
    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(ask("POST", actions[i].path, BEARER), 202);
        assert_int_equal(fake.controls, i + 1);
        assert_int_equal(fake.control_vm, 1);
        assert_int_equal(fake.control_action, actions[i].action);
        expect_json();
    }
    fake.control_result = -BULKHEAD_EBUSY;
    assert_int_equal(ask("POST", "/api/v1/vms/crash/start", BEARER), 409);
    assert_int_equal(ask("GET", "/api/v1/vms/crash/start", BEARER), 405);
    assert_int_equal(ask("POST", "/api/v1/vms", BEARER), 405);
    assert_int_equal(ask("DELETE", "/api/v1/vms/crash", BEARER), 405);
}

static void answer_gets_away_before_the_caller_restarts_itself(void **state)
{
    (void)state;
    assert_int_equal(ask("POST", "/api/v1/vms/net/restart", BEARER), 202);
    assert_int_equal(fake.controls, 0);
    assert_int_not_equal(api_action_tick(1000), 0);
    assert_int_equal(fake.controls, 0);
    api_action_tick(2000);
    assert_int_equal(fake.controls, 1);
    assert_int_equal(fake.control_vm, 2);
    assert_int_equal(api_action_tick(3000), UINT32_MAX);
    assert_int_equal(fake.controls, 1);
}

static void typing_reaches_the_console(void **state)
{
    (void)state;
    assert_int_equal(send_text("POST /api/v1/vms/linux/console HTTP/1.1\r\nHost: a\r\n" BEARER
                               "Content-Length: 3\r\n\r\nls\r",
                               0),
                     200);
    assert_string_equal(body(), "{\"taken\":3}\n");
    assert_memory_equal(fake.input, "ls\r", 3);
}

static void without_the_token_nothing_works(void **state)
{
    static const char *const paths[] = {"/metrics", "/api/v1/status", "/api/v1/vms/linux",
                                        "/api/v1/vms/linux/console"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ask("GET", paths[i], ""), 401);
        assert_non_null(strstr(answer, "WWW-Authenticate: Bearer"));
    }
    assert_int_equal(ask("POST", "/api/v1/vms/linux/stop", ""), 401);
    assert_int_equal(ask("POST", "/api/v1/vms/linux/stop", "Authorization: Basic abc\r\n"), 401);
    assert_int_equal(fake.controls, 0);
    assert_int_equal(ask("GET", "/", ""), 200);
    assert_string_equal(body(), "<!doctype html><title>page</title>");
}

static void open_read_opens_reading_alone(void **state)
{
    (void)state;
    auth_init(TOKEN, true);
    assert_int_equal(ask("GET", "/metrics", ""), 200);
    assert_int_equal(ask("GET", "/api/v1/status", ""), 200);
    assert_int_equal(ask("GET", "/api/v1/vms/linux/console", ""), 401);
    assert_int_equal(ask("POST", "/api/v1/vms/linux/stop", ""), 401);
    auth_init("", true);
    assert_int_equal(ask("GET", "/metrics", ""), 200);
    assert_int_equal(ask("POST", "/api/v1/vms/linux/stop", BEARER), 403);
    assert_int_equal(ask("GET", "/api/v1/vms/linux/console", BEARER), 403);
    auth_init("", false);
    assert_int_equal(ask("GET", "/metrics", BEARER), 403);
    assert_int_equal(fake.controls, 0);
}

static void wrong_tokens_wait_longer_each_time(void **state)
{
    static const char *const wrong[] = {"x", "sesame-123", "sesame-12345", "sesame-1235"};
    uint64_t now = 1000000;
    uint64_t before = 0;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char text[256];
        uint64_t start = now;
        snprintf(text, sizeof(text),
                 "GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n", wrong[i]);
        assert_int_equal(send_text(text, now), 0);
        while (http.state == HTTP_HELD) {
            now += http_patience(&http, now);
            assert_true(http_tick(&http, now));
        }
        drain(now);
        assert_memory_equal(answer, "HTTP/1.1 401", 12);
        assert_true(now - start >= 250);
        assert_true(now - start > before);
        before = now - start;
    }
    assert_non_null(strstr(fake_last_note, "192.0.2.1: wrong token"));
    assert_null(strstr(fake_last_note, "sesame"));
}

static void requests_follow_each_other_on_one_connection(void **state)
{
    static const char two[] =
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /app.js HTTP/1.1\r\nHost: a\r\n\r\n";
    (void)state;
    size_t used = http_input(&http, (const uint8_t *)two, sizeof(two) - 1, 0);
    assert_int_equal(used, strlen("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_int_equal(http_input(&http, (const uint8_t *)two + used, sizeof(two) - 1 - used, 0), 0);
    drain(0);
    assert_int_equal(http_input(&http, (const uint8_t *)two + used, sizeof(two) - 1 - used, 0),
                     sizeof(two) - 1 - used);
    drain(0);
    assert_non_null(strstr(answer, "Content-Length: 9\r\n"));
    assert_string_equal(body(), "");
    assert_int_equal(http.state, HTTP_READING);
}

static void bad_request_ends_the_connection(void **state)
{
    (void)state;
    assert_int_equal(send_text("NONSENSE\r\n", 0), 400);
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_int_equal(http.state, HTTP_ENDED);
}

static void slow_clients_are_ended(void **state)
{
    (void)state;
    /* one that never says anything */
    assert_true(http_tick(&http, HTTP_IDLE_MS - 1));
    assert_int_equal(http.state, HTTP_READING);
    http_tick(&http, HTTP_IDLE_MS);
    assert_int_equal(http.state, HTTP_ENDED);
    /* one that says a byte now and then */
    http_open(&http, "192.0.2.1", 0);
    for (uint64_t now = 0; now < HTTP_REQUEST_MS; now += 500) {
        http_tick(&http, now);
        assert_int_equal(http.state, HTTP_READING);
        http_input(&http, (const uint8_t *)"G", 1, now);
    }
    http_tick(&http, HTTP_REQUEST_MS);
    assert_int_equal(http.state, HTTP_ENDED);
}

static void slow_readers_are_aborted(void **state)
{
    const uint8_t *bytes;
    (void)state;
    const char *text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    http_input(&http, (const uint8_t *)text, strlen(text), 0);
    assert_true(http_output(&http, &bytes) > 0);
    assert_true(http_tick(&http, HTTP_STALLED_MS - 1));
    assert_false(http_tick(&http, HTTP_STALLED_MS));
    /* a byte at a time does not help for ever */
    uint64_t now = 0;
    http_open(&http, "192.0.2.1", now);
    http_input(&http, (const uint8_t *)text, strlen(text), now);
    while (http_tick(&http, now)) {
        http_given(&http, 1);
        http_acknowledged(&http, 1, now);
        now += HTTP_STALLED_MS / 2;
        assert_true(now <= HTTP_ANSWER_TOTAL_MS + HTTP_STALLED_MS);
    }
}

static void metrics_have_one_family_each(void **state)
{
    char family[64] = "";
    (void)state;
    assert_int_equal(ask("GET", "/metrics", BEARER), 200);
    assert_non_null(strstr(answer, "Content-Type: text/plain; version=0.0.4"));
    for (char *line = strtok((char *)(uintptr_t)body(), "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_int_equal(sscanf(line + 7, "%63s", family), 1);
            continue;
        }
        if (strncmp(line, "# TYPE ", 7) == 0) {
            assert_memory_equal(line + 7, family, strlen(family));
            continue;
        }
        size_t length = strlen(family);
        assert_memory_equal(line, family, length);
        assert_true(line[length] == ' ' || line[length] == '{');
        assert_true(isdigit((unsigned char)line[strlen(line) - 1]));
    }
}

static void metrics_tell_each_vcpu_and_reason(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/metrics", BEARER), 200);
    assert_non_null(strstr(body(), "bulkhead_info{version=\"1.0-\\\"quoted\\\"\"} 1\n"));
    assert_non_null(strstr(
        body(), "bulkhead_vcpu_exits_total{vm=\"linux\",vcpu=\"1\",reason=\"cpuid\"} 401\n"));
    assert_non_null(strstr(
        body(), "bulkhead_vcpu_exits_total{vm=\"net\",vcpu=\"0\",reason=\"reason_120\"} 1\n"));
    assert_non_null(strstr(body(), "bulkhead_vm_up{vm=\"crash\"} 0\n"));
    assert_non_null(strstr(body(), "bulkhead_vm_crashes_total{vm=\"crash\"} 4\n"));
    assert_non_null(strstr(body(), "bulkhead_uptime_seconds 12.345678\n"));
}

static void without_a_hypervisor_it_says_so(void **state)
{
    (void)state;
    fake.available = false;
    assert_int_equal(ask("GET", "/api/v1/status", BEARER), 503);
    expect_json();
    assert_int_equal(ask("GET", "/api/v1/vms/linux", BEARER), 404);
    assert_int_equal(ask("GET", "/metrics", BEARER), 200);
    assert_null(strstr(body(), "bulkhead_vm_up"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(everything_that_can_be_read_is_json, open_all),
        cmocka_unit_test_setup(vm_is_told_with_its_counters, open_all),
        cmocka_unit_test_setup(stream_goes_on_where_it_ended, open_all),
        cmocka_unit_test_setup(actions_reach_the_hypervisor, open_all),
        cmocka_unit_test_setup(answer_gets_away_before_the_caller_restarts_itself, open_all),
        cmocka_unit_test_setup(typing_reaches_the_console, open_all),
        cmocka_unit_test_setup(without_the_token_nothing_works, open_all),
        cmocka_unit_test_setup(open_read_opens_reading_alone, open_all),
        cmocka_unit_test_setup(wrong_tokens_wait_longer_each_time, open_all),
        cmocka_unit_test_setup(requests_follow_each_other_on_one_connection, open_all),
        cmocka_unit_test_setup(bad_request_ends_the_connection, open_all),
        cmocka_unit_test_setup(slow_clients_are_ended, open_all),
        cmocka_unit_test_setup(slow_readers_are_aborted, open_all),
        cmocka_unit_test_setup(metrics_have_one_family_each, open_all),
        cmocka_unit_test_setup(metrics_tell_each_vcpu_and_reason, open_all),
        cmocka_unit_test_setup(without_a_hypervisor_it_says_so, open_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
