/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a VM's console as a state machine: the token is asked for, then what the VM
 * has printed and prints is shown. Several may watch; one types. Knows no TCP. A slow reader
 * costs nothing: its place in the hypervisor's ring is kept, and what was overwritten is told.
 * Pure: also built for the host's tests and fuzzers.
 */
#ifndef GUESTS_NET_CONSOLE_SESSION_H
#define GUESTS_NET_CONSOLE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/net/auth.h"
#include "guests/net/telnet.h"

#define CONSOLE_PORT_FIRST 2300 /* of VM 0; each next VM the next one */
#define CONSOLE_OUT_MAX    4096
#define CONSOLE_TYPED_MAX  64
#define CONSOLE_WHO_MAX    48

#define CONSOLE_TOKEN_MS   30000 /* for the token */
#define CONSOLE_TRIES      3
#define CONSOLE_SILENT_MS  60000 /* then somebody else may type */
#define CONSOLE_RETRY_MS   20    /* until the VM's UART is asked again */
#define CONSOLE_DROP_MS    1000  /* then what it does not take is dropped */

enum console_state {
    CONSOLE_TOKEN, /* waits for the token */
    CONSOLE_HELD,  /* it was wrong: waits */
    CONSOLE_OPEN,
    CONSOLE_ENDED, /* to be closed when `out` is empty */
};

struct console {
    enum console_state state;
    uint32_t vm;
    struct telnet telnet;
    char who[CONSOLE_WHO_MAX];
    char token[AUTH_TOKEN_MAX];
    size_t token_length; /* may be larger than what is kept */
    unsigned tries;
    uint64_t began;
    uint64_t released; /* CONSOLE_HELD: until then */
    uint64_t position; /* in the VM's output */
    uint64_t typed_at; /* when the last key came, for who may type */
    uint64_t stuck_at; /* since when the VM takes nothing; 0: it does */
    bool told;         /* that somebody else types */
    size_t typed_length;
    size_t out_length;
    uint8_t typed[CONSOLE_TYPED_MAX]; /* not yet taken by the VM */
    uint8_t out[CONSOLE_OUT_MAX];     /* to be sent */
};

void console_open(struct console *console, uint32_t vm, const char *who, uint64_t now);

/* Takes bytes; returns how many. The rest comes again later. */
size_t console_input(struct console *console, const uint8_t *bytes, size_t count, uint64_t now);

/* Bytes to be sent, after reading what the VM has printed; and so many of them were. */
size_t console_output(struct console *console, const uint8_t **bytes);
void console_given(struct console *console, size_t count);

void console_tick(struct console *console, uint64_t now);
uint32_t console_patience(const struct console *console, uint64_t now);

/* The connection has gone: somebody else may type. */
void console_closed(struct console *console);

#endif
