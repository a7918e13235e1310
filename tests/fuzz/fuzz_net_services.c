/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/* links: guests/net/http.c guests/net/http_request.c guests/net/http_route.c guests/net/api.c guests/net/api_action.c guests/net/metrics.c guests/net/reasons.c guests/net/text.c guests/net/auth.c guests/net/console_session.c guests/net/telnet.c kernel/printf.c tests/unit/guests/net/fake_backend.c tests/unit/guests/net/fake_net.c */
/* clang-format on */
/*
 * What clients send, without TCP below: an HTTP connection and two console connections beside
 * each other, against a made-up machine.
 *
 * Input: steps of kind, count, and count bytes. Kind bits 1:0: 0 to HTTP, 1 and 2 to a console
 * (bit 2: behind the right token), 3 time passes, count * 100 ms.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "guests/net/auth.h"
#include "guests/net/console_session.h"
#include "guests/net/http.h"
#include "tests/unit/guests/net/fake_backend.h"

#define TOKEN "sesame-1234"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http http;
static struct console consoles[2];

static void drain_http(uint64_t now)
{
    const uint8_t *bytes;
    size_t total = 0;
    size_t count;
    while ((count = http_output(&http, &bytes)) != 0) {
        volatile uint8_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum = (uint8_t)(sum + bytes[i]);
        }
        http_given(&http, count);
        total += count;
    }
    if (total != 0) {
        http_acknowledged(&http, total, now);
    }
}

static void feed_http(const uint8_t *bytes, size_t count, uint64_t now)
{
    for (unsigned i = 0; count != 0 && i < 1000; i++) {
        size_t used = http_input(&http, bytes, count, now);
        assert(used <= count);
        bytes += used;
        count -= used;
        drain_http(now);
        if (http.state == HTTP_ENDED) {
            http_open(&http, "192.0.2.1", now);
        } else if (used == 0) {
            return;
        }
    }
}

static void feed_console(struct console *console, const uint8_t *bytes, size_t count, bool enter,
                         uint64_t now)
{
    const uint8_t *out;
    size_t length;
    if (enter && console->state == CONSOLE_TOKEN && console->token_length == 0) {
        console_input(console, (const uint8_t *)TOKEN "\r", sizeof(TOKEN), now);
    }
    size_t used = console_input(console, bytes, count, now);
    assert(used <= count);
    assert(console->typed_length <= CONSOLE_TYPED_MAX);
    while ((length = console_output(console, &out)) != 0) {
        assert(length <= CONSOLE_OUT_MAX);
        console_given(console, length);
    }
    if (console->state == CONSOLE_ENDED) {
        console_closed(console);
        console_open(console, 0, "192.0.2.2", now);
    }
}

static void pass_time(uint64_t now)
{
    http_tick(&http, now);
    (void)http_patience(&http, now);
    drain_http(now);
    for (unsigned i = 0; i < 2; i++) {
        console_tick(&consoles[i], now);
        (void)console_patience(&consoles[i], now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t now = 1000;
    fake_init();
    auth_init(TOKEN, size % 2 == 0);
    http_open(&http, "192.0.2.1", now);
    console_open(&consoles[0], 0, "192.0.2.2", now);
    console_open(&consoles[1], 0, "192.0.2.3", now);
    while (size >= 2) {
        uint8_t kind = data[0];
        size_t count = data[1];
        data += 2;
        size -= 2;
        if ((kind & 3) == 3) {
            now += count * 100;
            pass_time(now);
            continue;
        }
        count = count < size ? count : size;
        if ((kind & 3) == 0) {
            feed_http(data, count, now);
        } else {
            fake_print(&fake.console[0], (const char *)data, count);
            feed_console(&consoles[(kind & 3) - 1], data, count, (kind & 4) != 0, now);
        }
        data += count;
        size -= count;
    }
    console_closed(&consoles[0]);
    console_closed(&consoles[1]);
    return 0;
}
