/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line.
 */
#include "guests/net/options.h"

#include <stddef.h>

#include "kernel/string.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static bool take_text(char *to, size_t size, const char *value, size_t length)
{
    if (length >= size) {
        return false;
    }
    memcpy(to, value, length);
    to[length] = '\0';
    return length != 0;
}

static bool take_number(uint32_t *to, const char *value, size_t length, uint32_t max)
{
    uint32_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (value[i] < '0' || value[i] > '9' || number > max / 10) {
            return false;
        }
        number = number * 10 + (uint32_t)(value[i] - '0');
    }
    *to = number;
    return length != 0 && number <= max;
}

static bool take_port(uint16_t *to, const char *value, size_t length)
{
    uint32_t port = 0;
    bool good = take_number(&port, value, length, 65535) && port != 0;
    *to = good ? (uint16_t)port : *to;
    return good;
}

static bool take_name(struct net_options *options, const char *value, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = value[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool inside = (c >= '0' && c <= '9') || (c == '-' && i != 0);
        if (!letter && !inside) {
            return false;
        }
    }
    return take_text(options->name, sizeof(options->name), value, length);
}

/* ADDRESS or ADDRESS:PORT; an IPv6 address with a port stands in brackets. */
static bool take_syslog(struct net_options *options, const char *value, size_t length)
{
    const char *port = NULL;
    if (length != 0 && value[0] == '[') {
        const char *end = memchr(value, ']', length);
        if (end == NULL) {
            return false;
        }
        port = end + 1 < value + length && end[1] == ':' ? end + 2 : NULL;
        if (port != NULL &&
            !take_port(&options->syslog_port, port, (size_t)(value + length - port))) {
            return false;
        }
        return take_text(options->syslog, sizeof(options->syslog), value + 1,
                         (size_t)(end - value - 1));
    }
    const char *colon = memchr(value, ':', length);
    bool ipv6 =
        colon != NULL && memchr(colon + 1, ':', (size_t)(value + length - colon - 1)) != NULL;
    size_t address = colon != NULL && !ipv6 ? (size_t)(colon - value) : length;
    if (address != length &&
        !take_port(&options->syslog_port, value + address + 1, length - address - 1)) {
        return false;
    }
    return take_text(options->syslog, sizeof(options->syslog), value, address);
}

/* A token that is too long is kept as one that is too long. */
static bool take_token(struct net_options *options, const char *value, size_t length)
{
    size_t kept = length < sizeof(options->token) - 1 ? length : sizeof(options->token) - 1;
    return take_text(options->token, sizeof(options->token), value, kept);
}

static const char *take_word(struct net_options *options, const char *word, size_t length)
{
    static const char *const names[] = {"ip",   "mask", "gw",   "syslog",
                                        "http", "gsi",  "name", "token"};
    static const char *const wrong[] = {
        "ip= is no address", "mask= is no mask",  "gw= is no address", "syslog= is no address",
        "http= is no port",  "gsi= is no number", "name= is no name",  "token= is empty",
    };
    const char *equals = memchr(word, '=', length);
    if (equals == NULL) {
        options->open_read =
            options->open_read || (length == 9 && memcmp(word, "open-read", 9) == 0);
        return NULL;
    }
    const char *value = equals + 1;
    size_t size = (size_t)(word + length - value);
    size_t name = 0;
    while (name < ARRAY_SIZE(names) && (strlen(names[name]) != (size_t)(equals - word) ||
                                        memcmp(names[name], word, strlen(names[name])) != 0)) {
        name++;
    }
    bool good = true;
    switch (name) {
    case 0:
        good = take_text(options->ip, sizeof(options->ip), value, size);
        break;
    case 1:
        good = take_text(options->mask, sizeof(options->mask), value, size);
        break;
    case 2:
        good = take_text(options->gateway, sizeof(options->gateway), value, size);
        break;
    case 3:
        good = take_syslog(options, value, size);
        break;
    case 4:
        good = take_port(&options->http_port, value, size);
        break;
    case 5:
        good = take_number(&options->gsi, value, size, 239);
        break;
    case 6:
        good = take_name(options, value, size);
        break;
    case 7:
        good = take_token(options, value, size);
        break;
    default:
        break;
    }
    return good ? NULL : wrong[name];
}

const char *options_read(struct net_options *options, const char *line)
{
    const char *complaint = NULL;
    memset(options, 0, sizeof(*options));
    options->syslog_port = 514;
    options->http_port = 80;
    options->gsi = UINT32_MAX;
    memcpy(options->name, "bulkhead", sizeof("bulkhead"));
    while (*line != '\0') {
        const char *blank = strchr(line, ' ');
        size_t length = blank != NULL ? (size_t)(blank - line) : strlen(line);
        const char *wrong = length != 0 ? take_word(options, line, length) : NULL;
        complaint = complaint != NULL ? complaint : wrong;
        line += length + (blank != NULL);
    }
    return complaint;
}
