/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <stdlib.h> for lwIP in a guest. There is no heap but lwIP's own.
 */
#ifndef GUESTS_NET_LIBC_STDLIB_H
#define GUESTS_NET_LIBC_STDLIB_H

/* Decimal number at the start of `text`, 0 when there is none; leading blanks are not skipped. */
int atoi(const char *text);

#endif
