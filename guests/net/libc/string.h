/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <string.h> for lwIP in a guest: what kernel/string.h has. Host tests use the C library's.
 */
#ifndef GUESTS_NET_LIBC_STRING_H
#define GUESTS_NET_LIBC_STRING_H

#include "kernel/string.h"

#endif
