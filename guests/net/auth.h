/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what: everything needs the token; reading is free for all only with `open-read`.
 * Without a token nothing that needs one can be done. Pure: also built for the host's tests.
 */
#ifndef GUESTS_NET_AUTH_H
#define GUESTS_NET_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUTH_TOKEN_MIN 8
#define AUTH_TOKEN_MAX 128

/* token: "" for none. False: it is shorter or longer than allowed, and none counts. */
bool auth_init(const char *token, bool open_read);

/* Is there a token at all? */
bool auth_has_token(void);
bool auth_open_read(void);

/*
 * Is this the token? Takes the same time whatever the answer. A wrong one is noted with `who`
 * ("192.0.2.1") and counted; `now` in ms.
 */
bool auth_check(const char *given, size_t length, const char *who, uint64_t now);

/*
 * How long the answer to a wrong token has to wait, in ms: from 250 on, twice as long for each of
 * the last minute's, at most 4000.
 */
uint32_t auth_delay(uint64_t now);

uint64_t auth_failures(void);

#endif
