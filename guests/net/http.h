/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP connection as a state machine: bytes in, bytes out, time. It knows no TCP; http_tcp.c
 * moves the bytes. An answer is made as a whole, so that its numbers belong together, and stays
 * where it is until the other side has it. Pure: also built for the host's tests and fuzzers.
 */
#ifndef GUESTS_NET_HTTP_H
#define GUESTS_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/net/http_request.h"
#include "guests/net/text.h"

#define HTTP_ANSWER_MAX      (256 * 1024)
#define HTTP_HEADER_MAX      512
#define HTTP_WHO_MAX         48

#define HTTP_IDLE_MS         60000  /* between requests */
#define HTTP_REQUEST_MS      10000  /* from a request's first byte to its last */
#define HTTP_STALLED_MS      20000  /* without anything being taken */
#define HTTP_ANSWER_TOTAL_MS 180000 /* for one answer */

enum http_state {
    HTTP_READING,
    HTTP_HELD,    /* the answer to a wrong token waits */
    HTTP_SENDING, /* the other side does not have all of it yet */
    HTTP_ENDED,   /* to be closed */
};

/* What a handler makes. */
struct http_answer {
    unsigned status;
    const char *type;
    struct text body;
    const uint8_t *fixed; /* instead of `body`, when not NULL */
    size_t fixed_size;
};

struct http {
    enum http_state state;
    bool close; /* after this answer */
    char who[HTTP_WHO_MAX];
    uint64_t since;    /* last progress */
    uint64_t began;    /* of the request or the answer */
    uint64_t released; /* HTTP_HELD: until then */
    size_t header_length;
    size_t body_length;
    size_t given; /* bytes of header and body that were taken for sending */
    size_t acknowledged;
    const uint8_t *body;
    struct http_request request;
    char header[HTTP_HEADER_MAX];
    char answer[HTTP_ANSWER_MAX];
};

/* who: the other side's address, for remarks. Times are in ms and never go back. */
void http_open(struct http *http, const char *who, uint64_t now);

/* Takes bytes; returns how many. The rest comes again when the present answer is done. */
size_t http_input(struct http *http, const uint8_t *bytes, size_t count, uint64_t now);

/* The next bytes to be sent, which stay in place until acknowledged; 0: none now. */
size_t http_output(struct http *http, const uint8_t **bytes);

/* So many of them were taken for sending; so many more have arrived at the other side. */
void http_given(struct http *http, size_t count);
void http_acknowledged(struct http *http, size_t count, uint64_t now);

/* Lets time pass. False: the other side is too slow, the connection is to be aborted. */
bool http_tick(struct http *http, uint64_t now);

/* When http_tick() has something to do next, in ms from now. */
uint32_t http_patience(const struct http *http, uint64_t now);

uint64_t http_requests(void);

#endif
