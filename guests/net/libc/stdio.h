/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <stdio.h> for lwIP in a guest, which includes it and, with our options, calls nothing of it.
 */
#ifndef GUESTS_NET_LIBC_STDIO_H
#define GUESTS_NET_LIBC_STDIO_H

#endif
