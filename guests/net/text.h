/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that grows in a buffer of a fixed size. What has no room is left out, and `cut` says so.
 * Pure: also built for the host's tests.
 */
#ifndef GUESTS_NET_TEXT_H
#define GUESTS_NET_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    char *data;
    size_t size;
    size_t length; /* at most size; no NUL is kept behind it */
    bool cut;
};

void text_init(struct text *text, char *data, size_t size);

void text_bytes(struct text *text, const char *bytes, size_t count);
void text_string(struct text *text, const char *string);

/* At most 255 characters a call; conversions as in kernel/printf.h. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD. */
void text_json(struct text *text, const char *bytes, size_t count);

/* The value of a label in Prometheus's text format, without the quotes. */
void text_label(struct text *text, const char *string);

#endif
