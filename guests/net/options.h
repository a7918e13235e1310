/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command line (bootargs) says. Pure: also built for the host's tests.
 */
#ifndef GUESTS_NET_OPTIONS_H
#define GUESTS_NET_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/net/auth.h"

#define OPTIONS_WORD_MAX 48
#define OPTIONS_NAME_MAX 32

struct net_options {
    char ip[OPTIONS_WORD_MAX]; /* "": by DHCP */
    char mask[OPTIONS_WORD_MAX];
    char gateway[OPTIONS_WORD_MAX];
    char syslog[OPTIONS_WORD_MAX];  /* address; "": none */
    uint16_t syslog_port;           /* 514 */
    uint16_t http_port;             /* 80 */
    uint32_t gsi;                   /* UINT32_MAX: as the card's configuration space says */
    char name[OPTIONS_NAME_MAX];    /* "bulkhead"; letters, digits and - */
    char token[AUTH_TOKEN_MAX + 2]; /* one longer than allowed, so that a long one is noticed */
    bool open_read;
};

/*
 * Reads the command line; words that belong to others are passed over. Returns NULL, or what is
 * wrong with the first word that is; the others count.
 */
const char *options_read(struct net_options *options, const char *line);

#endif
