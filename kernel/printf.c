/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small snprintf for the kernel, the loader and the guests. No floating point, no locale, no
 * recursion and no state: it may be called from an NMI handler.
 */
#include "kernel/printf.h"

#include <stdbool.h>
#include <stdint.h>

#include "kernel/string.h"

struct output {
    char *buf;
    size_t size;
    size_t length;
};

/* One conversion specification, as far as it is parsed. */
struct conversion {
    bool left;
    bool zero;
    int width;
    int precision; /* -1: not given */
    int size;      /* bytes of an integer argument */
};

static void put(struct output *out, char c)
{
    if (out->length + 1 < out->size) {
        out->buf[out->length] = c;
    }
    out->length++;
}

static void put_many(struct output *out, char c, int count)
{
    for (int i = 0; i < count; i++) {
        put(out, c);
    }
}

static void put_field(struct output *out, const struct conversion *conv, const char *text,
                      size_t length)
{
    int padding = conv->width > (int)length ? conv->width - (int)length : 0;
    if (!conv->left) {
        put_many(out, ' ', padding);
    }
    for (size_t i = 0; i < length; i++) {
        put(out, text[i]);
    }
    if (conv->left) {
        put_many(out, ' ', padding);
    }
}

static void put_number(struct output *out, const struct conversion *conv, uint64_t value,
                       bool negative, unsigned base, const char *digits)
{
    char text[68];
    size_t pos = sizeof(text);
    do {
        text[--pos] = digits[value % base];
        value /= base;
    } while (value != 0);

    int wanted = conv->precision;
    if (conv->zero && !conv->left && conv->precision < 0) {
        wanted = conv->width - (negative ? 1 : 0);
    }
    while (pos > 1 && (int)(sizeof(text) - pos) < wanted) {
        text[--pos] = '0';
    }
    if (negative) {
        text[--pos] = '-';
    }
    put_field(out, conv, text + pos, sizeof(text) - pos);
}

static uint64_t take_unsigned(int size, va_list *args)
{
    switch (size) {
    case 1:
        return (uint8_t)va_arg(*args, unsigned);
    case 2:
        return (uint16_t)va_arg(*args, unsigned);
    case 4:
        return va_arg(*args, unsigned);
    default:
        return va_arg(*args, uint64_t);
    }
}

static int64_t take_signed(int size, va_list *args)
{
    switch (size) {
    case 1:
        return (int8_t)va_arg(*args, int);
    case 2:
        return (int16_t)va_arg(*args, int);
    case 4:
        return va_arg(*args, int);
    default:
        return va_arg(*args, int64_t);
    }
}

static int parse_number(const char **format, va_list *args)
{
    int value = 0;
    if (**format == '*') {
        (*format)++;
        return va_arg(*args, int);
    }
    while (**format >= '0' && **format <= '9') {
        value = value > 1000 ? value : value * 10 + (**format - '0');
        (*format)++;
    }
    return value;
}

static const char *parse_conversion(const char *format, struct conversion *conv, va_list *args)
{
    *conv = (struct conversion){.precision = -1, .size = 4};
    for (; *format == '-' || *format == '0'; format++) {
        conv->left |= *format == '-';
        conv->zero |= *format == '0';
    }
    conv->width = parse_number(&format, args);
    if (conv->width < 0) {
        conv->left = true;
        conv->width = -conv->width;
    }
    if (*format == '.') {
        format++;
        conv->precision = parse_number(&format, args);
    }
    for (;; format++) {
        if (*format == 'l' || *format == 'z') {
            conv->size = 8;
        } else if (*format == 'h') {
            conv->size = conv->size == 2 ? 1 : 2;
        } else {
            return format;
        }
    }
}

static void put_conversion(struct output *out, char kind, struct conversion *conv, va_list *args)
{
    static const char lower[] = "0123456789abcdef";
    static const char upper[] = "0123456789ABCDEF";

    switch (kind) {
    case 's': {
        const char *text = va_arg(*args, const char *);
        text = text != NULL ? text : "(null)";
        size_t max = conv->precision >= 0 ? (size_t)conv->precision : SIZE_MAX;
        put_field(out, conv, text, strnlen(text, max));
        return;
    }
    case 'c': {
        char c = (char)va_arg(*args, int);
        put_field(out, conv, &c, 1);
        return;
    }
    case 'd':
    case 'i': {
        int64_t value = take_signed(conv->size, args);
        uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        put_number(out, conv, magnitude, value < 0, 10, lower);
        return;
    }
    case 'u':
        put_number(out, conv, take_unsigned(conv->size, args), false, 10, lower);
        return;
    case 'x':
    case 'X':
        put_number(out, conv, take_unsigned(conv->size, args), false, 16,
                   kind == 'x' ? lower : upper);
        return;
    case 'p':
        put(out, '0');
        put(out, 'x');
        put_number(out, conv, (uintptr_t)va_arg(*args, void *), false, 16, lower);
        return;
    default:
        put(out, '%');
        if (kind != '%' && kind != '\0') {
            put(out, kind);
        }
    }
}

int kvsnprintf(char *buf, size_t size, const char *format, va_list args)
{
    struct output out = {.buf = buf, .size = size};
    va_list copy;
    va_copy(copy, args);
    while (*format != '\0') {
        if (*format != '%') {
            put(&out, *format++);
            continue;
        }
        struct conversion conv;
        format = parse_conversion(format + 1, &conv, &copy);
        put_conversion(&out, *format, &conv, &copy);
        if (*format != '\0') {
            format++;
        }
    }
    va_end(copy);
    if (size > 0) {
        buf[out.length < size ? out.length : size - 1] = '\0';
    }
    return (int)out.length;
}

int ksnprintf(char *buf, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = kvsnprintf(buf, size, format, args);
    va_end(args);
    return length;
}
