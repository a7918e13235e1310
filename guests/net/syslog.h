/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's log as syslog messages (RFC 5424): takes the log's bytes, gives whole messages, one
 * a line. Pure: also built for the host's tests; network.c sends them by UDP.
 */
#ifndef GUESTS_NET_SYSLOG_H
#define GUESTS_NET_SYSLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYSLOG_LINE_MAX    400 /* longer lines are cut */
#define SYSLOG_MESSAGE_MAX 512

struct syslog {
    const char *host;
    uint64_t position; /* in the log */
    size_t length;
    char line[SYSLOG_LINE_MAX];
};

/* host: the name in each message; must stay. position: where in the log to begin. */
void syslog_init(struct syslog *syslog, const char *host, uint64_t position);

/*
 * Takes bytes of the log up to the end of a line; *used says how many. Returns the size of a
 * message that was completed and written to `message`, or 0. seconds: since 1970, 0: not known.
 */
size_t syslog_take(struct syslog *syslog, const char *bytes, size_t count, size_t *used,
                   uint64_t seconds, char message[SYSLOG_MESSAGE_MAX]);

#endif
