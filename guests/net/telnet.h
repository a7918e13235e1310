/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telnet (RFC 854, options after RFC 855, 857, 858): takes commands out of what a client sends,
 * and agrees that we echo and that nobody waits for "go ahead", so that each key comes at once.
 * Clients that are no telnet work, too. Pure: also built for the host's tests and fuzzers.
 */
#ifndef GUESTS_NET_TELNET_H
#define GUESTS_NET_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum telnet_state {
    TELNET_DATA,
    TELNET_CR, /* a carriage return was passed on; NUL or LF behind it is part of it */
    TELNET_COMMAND,
    TELNET_OPTION,
    TELNET_SUB,
    TELNET_SUB_COMMAND,
};

struct telnet {
    enum telnet_state state;
    uint8_t verb;  /* TELNET_OPTION: WILL, WONT, DO or DONT */
    bool speaks;   /* the client has sent a command */
    uint32_t told; /* refusals so far; bounded, so that no one can make us talk for ever */
};

/* Bytes of one client byte at most: an answer to a request for an option. */
#define TELNET_ANSWER_MAX 3

extern const uint8_t telnet_greeting[];
extern const size_t telnet_greeting_size;

void telnet_init(struct telnet *telnet);

/*
 * Takes one byte. True: *key is something that was typed. *answer_size bytes of `answer` are to be
 * sent back.
 */
bool telnet_byte(struct telnet *telnet, uint8_t byte, uint8_t *key,
                 uint8_t answer[TELNET_ANSWER_MAX], size_t *answer_size);

#endif
