/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request of HTTP/1.1 read byte by byte (RFC 9112), into memory of a fixed size. Pure: also
 * built for the host's tests and fuzzers.
 */
#ifndef GUESTS_NET_HTTP_REQUEST_H
#define GUESTS_NET_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/net/auth.h"

#define HTTP_TARGET_MAX 256
#define HTTP_LINE_MAX   320  /* what is kept of a line of the head; longer fields are not read */
#define HTTP_HEAD_MAX   8192 /* bytes of the whole head */
#define HTTP_FIELDS_MAX 64
#define HTTP_BODY_MAX   1024

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_OTHER,
};

enum http_parse {
    HTTP_PARSE_MORE, /* not complete yet */
    HTTP_PARSE_DONE,
    HTTP_PARSE_BAD, /* `status` is the answer; nothing more can be read from this connection */
};

struct http_request {
    /* What was read; valid when complete. */
    enum http_method method;
    bool keep_alive;
    bool has_token;
    char path[HTTP_TARGET_MAX];  /* with NUL; as sent, percent signs are not decoded */
    char query[HTTP_TARGET_MAX]; /* behind the question mark; "" when there is none */
    char token[AUTH_TOKEN_MAX + 1];
    size_t token_length; /* may be larger than what is kept */
    uint8_t body[HTTP_BODY_MAX];
    size_t body_length;
    unsigned status; /* of HTTP_PARSE_BAD */
    /* How far it is. */
    bool started; /* a byte has come */
    bool in_body;
    bool first_line_done;
    bool has_host;
    bool has_length;
    bool line_cut;
    bool after_cr;
    unsigned minor;
    unsigned fields;
    size_t head_size;
    size_t line_length;
    uint64_t content_length;
    char line[HTTP_LINE_MAX];
};

void http_request_init(struct http_request *request);

/* Takes bytes up to the request's end; *used says how many. */
enum http_parse http_request_read(struct http_request *request, const uint8_t *bytes, size_t count,
                                  size_t *used);

/* Number behind `name=` in the query, `fallback` when it is absent or no decimal number. */
uint64_t http_request_number(const struct http_request *request, const char *name,
                             uint64_t fallback);

#endif
