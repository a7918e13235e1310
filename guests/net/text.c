/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text in a buffer, and the two ways of quoting that the services need.
 */
#include "guests/net/text.h"

#include <stdarg.h>
#include <stdint.h>

#include "kernel/printf.h"
#include "kernel/string.h"

#define PIECE_MAX 256

void text_init(struct text *text, char *data, size_t size)
{
    text->data = data;
    text->size = size;
    text->length = 0;
    text->cut = false;
}

void text_bytes(struct text *text, const char *bytes, size_t count)
{
    size_t room = text->size - text->length;
    if (count > room) {
        text->cut = true;
        count = room;
    }
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
}

void text_string(struct text *text, const char *string)
{
    text_bytes(text, string, strlen(string));
}

void text_add(struct text *text, const char *format, ...)
{
    char piece[PIECE_MAX];
    va_list args;
    va_start(args, format);
    int length = kvsnprintf(piece, sizeof(piece), format, args);
    va_end(args);
    if (length >= PIECE_MAX) {
        text->cut = true;
        length = PIECE_MAX - 1;
    }
    text_bytes(text, piece, (size_t)length);
}

/* Length of the UTF-8 sequence at `at`, which is not ASCII; 0: it is none (RFC 3629). */
static size_t utf8_length(const uint8_t *at, size_t left)
{
    size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool beyond = (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf4 && at[1] > 0x8f);
    return overlong || beyond ? 0 : length;
}

static bool needs_escape(uint8_t c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

static void json_escape(struct text *text, uint8_t c)
{
    if (c == '\n') {
        text_bytes(text, "\\n", 2);
    } else if (c == '"' || c == '\\') {
        text_add(text, "\\%c", c);
    } else {
        text_add(text, "\\u%04x", c);
    }
}

void text_json(struct text *text, const char *bytes, size_t count)
{
    const uint8_t *at = (const uint8_t *)bytes;
    text_bytes(text, "\"", 1);
    for (size_t i = 0; i < count;) {
        size_t run = 0;
        while (i + run < count && at[i + run] < 0x80 && !needs_escape(at[i + run])) {
            run++;
        }
        text_bytes(text, bytes + i, run);
        i += run;
        if (i == count) {
            break;
        }
        size_t length = at[i] < 0x80 ? 1 : utf8_length(at + i, count - i);
        if (at[i] < 0x80) {
            json_escape(text, at[i]);
        } else if (length == 0) {
            text_bytes(text, "\\ufffd", 6);
            length = 1;
        } else {
            text_bytes(text, bytes + i, length);
        }
        i += length;
    }
    text_bytes(text, "\"", 1);
}

void text_label(struct text *text, const char *string)
{
    for (; *string != '\0'; string++) {
        if (*string == '\n') {
            text_bytes(text, "\\n", 2);
            continue;
        }
        if (*string == '"' || *string == '\\') {
            text_bytes(text, "\\", 1);
        }
        text_bytes(text, string, 1);
    }
}
