/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP connections: requests one after the other, each answered before the next is read.
 */
#include "guests/net/http.h"

#include "guests/net/http_route.h"
#include "kernel/string.h"

static uint64_t requests;

uint64_t http_requests(void)
{
    return requests;
}

void http_open(struct http *http, const char *who, uint64_t now)
{
    http->state = HTTP_READING;
    http->close = false;
    http->since = now;
    http->began = now;
    http->given = 0;
    http->acknowledged = 0;
    http->header_length = 0;
    http->body_length = 0;
    size_t length = strnlen(who, HTTP_WHO_MAX - 1);
    memcpy(http->who, who, length);
    http->who[length] = '\0';
    http_request_init(&http->request);
}

static const char *phrase(unsigned status)
{
    static const struct {
        unsigned status;
        const char *phrase;
    } phrases[] = {
        {200, "OK"},
        {202, "Accepted"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (phrases[i].status == status) {
            return phrases[i].phrase;
        }
    }
    return "Internal Server Error";
}

static void write_header(struct http *http, const struct http_answer *answer, size_t length)
{
    struct text header;
    text_init(&header, http->header, sizeof(http->header));
    text_add(&header, "HTTP/1.1 %u %s\r\n", answer->status, phrase(answer->status));
    text_add(&header, "Content-Type: %s\r\nContent-Length: %lu\r\n", answer->type,
             (unsigned long)length);
    /* The page takes nothing from elsewhere, and nobody may show it inside of his own. */
    text_string(&header, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                         "Content-Security-Policy: default-src 'self'; img-src data:; "
                         "frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n");
    if (answer->status == 401) {
        text_string(&header, "WWW-Authenticate: Bearer\r\n");
    }
    text_add(&header, "Connection: %s\r\n\r\n", http->close ? "close" : "keep-alive");
    http->header_length = header.length;
}

static void start_answer(struct http *http, const struct http_answer *made, uint64_t now)
{
    struct http_answer answer = *made;
    if (answer.fixed == NULL && answer.body.cut) {
        answer.status = 500;
        answer.type = "text/plain";
        text_init(&answer.body, http->answer, HTTP_ANSWER_MAX);
        text_string(&answer.body, "the answer is larger than this guest can keep\n");
    }
    size_t length = answer.fixed != NULL ? answer.fixed_size : answer.body.length;
    write_header(http, &answer, length);
    http->body = answer.fixed != NULL ? answer.fixed : (const uint8_t *)http->answer;
    http->body_length = http->request.method == HTTP_HEAD ? 0 : length;
    http->given = 0;
    http->acknowledged = 0;
    http->since = now;
    http->began = now;
}

/* A whole request was read, or one that cannot be: makes the answer. */
static void answer_request(struct http *http, bool understood, uint64_t now)
{
    struct http_answer answer = {.status = 200, .type = "application/json"};
    uint32_t delay = 0;
    text_init(&answer.body, http->answer, HTTP_ANSWER_MAX);
    requests++;
    if (understood) {
        http->close = !http->request.keep_alive;
        delay = http_route(&http->request, &answer, http->who, now);
    } else {
        http->close = true;
        answer.status = http->request.status;
        text_string(&answer.body, "{\"error\":\"the request is not understood\"}\n");
    }
    start_answer(http, &answer, now);
    http->released = now + delay;
    http->state = delay != 0 ? HTTP_HELD : HTTP_SENDING;
}

size_t http_input(struct http *http, const uint8_t *bytes, size_t count, uint64_t now)
{
    size_t used = 0;
    if (http->state == HTTP_ENDED || (http->state != HTTP_READING && http->close)) {
        return count; /* nobody will read it */
    }
    if (http->state != HTTP_READING || count == 0) {
        return 0;
    }
    if (!http->request.started) {
        http->began = now;
    }
    http->since = now;
    enum http_parse result = http_request_read(&http->request, bytes, count, &used);
    if (result != HTTP_PARSE_MORE) {
        answer_request(http, result == HTTP_PARSE_DONE, now);
    }
    return used;
}

size_t http_output(struct http *http, const uint8_t **bytes)
{
    if (http->state != HTTP_SENDING) {
        return 0;
    }
    if (http->given < http->header_length) {
        *bytes = (const uint8_t *)http->header + http->given;
        return http->header_length - http->given;
    }
    size_t at = http->given - http->header_length;
    *bytes = http->body + at;
    return http->body_length - at;
}

void http_given(struct http *http, size_t count)
{
    http->given += count;
}

void http_acknowledged(struct http *http, size_t count, uint64_t now)
{
    http->acknowledged += count;
    http->since = now;
    if (http->state != HTTP_SENDING ||
        http->acknowledged < http->header_length + http->body_length) {
        return;
    }
    http->state = http->close ? HTTP_ENDED : HTTP_READING;
    http->began = now;
    http_request_init(&http->request);
}

bool http_tick(struct http *http, uint64_t now)
{
    switch (http->state) {
    case HTTP_READING:
        if (http->request.started ? now - http->began >= HTTP_REQUEST_MS
                                  : now - http->since >= HTTP_IDLE_MS) {
            http->state = HTTP_ENDED;
        }
        return true;
    case HTTP_HELD:
        if (now >= http->released) {
            http->state = HTTP_SENDING;
            http->since = now;
        }
        return true;
    case HTTP_SENDING:
        return now - http->since < HTTP_STALLED_MS && now - http->began < HTTP_ANSWER_TOTAL_MS;
    case HTTP_ENDED:
        break;
    }
    return true;
}

static uint32_t left(uint64_t when, uint64_t now)
{
    return when > now ? (uint32_t)(when - now) : 0;
}

uint32_t http_patience(const struct http *http, uint64_t now)
{
    switch (http->state) {
    case HTTP_READING:
        return http->request.started ? left(http->began + HTTP_REQUEST_MS, now)
                                     : left(http->since + HTTP_IDLE_MS, now);
    case HTTP_HELD:
        return left(http->released, now);
    case HTTP_SENDING: {
        uint32_t stalled = left(http->since + HTTP_STALLED_MS, now);
        uint32_t total = left(http->began + HTTP_ANSWER_TOTAL_MS, now);
        return stalled < total ? stalled : total;
    }
    case HTTP_ENDED:
        break;
    }
    return 0;
}
