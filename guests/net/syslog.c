/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the log in syslog's clothes. Facility local0; the log's text has no level, so all are
 * "informational".
 */
#include "guests/net/syslog.h"

#include "guests/net/text.h"
#include "kernel/string.h"

#define PRIORITY (16 * 8 + 6)
#define DAY      86400

void syslog_init(struct syslog *syslog, const char *host, uint64_t position)
{
    memset(syslog, 0, sizeof(*syslog));
    syslog->host = host;
    syslog->position = position;
}

/* Days since 1970-01-01 to a date. Counted in years from March on, so that leap days come last. */
static void timestamp(struct text *out, uint64_t seconds)
{
    if (seconds == 0) {
        text_string(out, "-");
        return;
    }
    uint64_t days = seconds / DAY + 719468; /* since 0000-03-01 */
    uint64_t era = days / 146097;
    uint64_t in_era = days % 146097;
    uint64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    uint64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * in_year + 2) / 153; /* 0: March */
    uint64_t day = in_year - (153 * month + 2) / 5 + 1;
    year += era * 400 + (month >= 10);
    month = month < 10 ? month + 3 : month - 9;
    uint64_t in_day = seconds % DAY;
    text_add(out, "%04lu-%02lu-%02luT%02lu:%02lu:%02luZ", year, month, day, in_day / 3600,
             in_day / 60 % 60, in_day % 60);
}

size_t syslog_take(struct syslog *syslog, const char *bytes, size_t count, size_t *used,
                   uint64_t seconds, char message[SYSLOG_MESSAGE_MAX])
{
    size_t at = 0;
    bool complete = false;
    while (at < count && !complete) {
        char c = bytes[at++];
        complete = c == '\n';
        bool printable = (uint8_t)c >= 0x20 && c != 0x7f;
        if (printable && syslog->length < SYSLOG_LINE_MAX) {
            syslog->line[syslog->length++] = c;
        }
    }
    *used = at;
    if (!complete || syslog->length == 0) {
        return 0;
    }
    struct text text;
    text_init(&text, message, SYSLOG_MESSAGE_MAX);
    text_add(&text, "<%u>1 ", PRIORITY);
    timestamp(&text, seconds);
    text_add(&text, " %s bulkhead - - - ", syslog->host);
    text_bytes(&text, syslog->line, syslog->length);
    syslog->length = 0;
    return text.length;
}
