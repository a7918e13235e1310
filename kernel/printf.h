/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatted text for messages, with snprintf's contract for the conversions it knows:
 * %s %c %d %i %u %x %X %p %%, length h hh l ll z, flags - and 0, width and precision (also *).
 * Anything else is printed as it stands, so that a mistake shows. Any CPU, any time; no locks.
 */
#ifndef KERNEL_PRINTF_H
#define KERNEL_PRINTF_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Writes at most size-1 characters and a NUL to buf (nothing when size is 0; buf may then be NULL).
 * Returns the length that the whole text has, which is >= size when it was cut.
 */
int kvsnprintf(char *buf, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
int ksnprintf(char *buf, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
