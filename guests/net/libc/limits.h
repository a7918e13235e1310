/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <limits.h> for lwIP in a guest: only the limits it asks for.
 */
#ifndef GUESTS_NET_LIBC_LIMITS_H
#define GUESTS_NET_LIBC_LIMITS_H

#define INT_MAX  __INT_MAX__
#define UINT_MAX (__INT_MAX__ * 2u + 1u)
#define LONG_MAX __LONG_MAX__

#endif
