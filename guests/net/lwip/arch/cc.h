/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwIP's view of compiler and platform; included by lwIP's own headers, in the guest and in host
 * tests. Whoever links lwIP defines the two functions, and sys_now().
 */
#ifndef GUESTS_NET_ARCH_CC_H
#define GUESTS_NET_ARCH_CC_H

#include <stdint.h>

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H    1
#if !__STDC_HOSTED__
#define LWIP_NO_UNISTD_H 1
#endif

#define X8_F  "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "lu"

/* An assertion of lwIP's failed. Does not return. */
_Noreturn void net_lwip_failed(const char *what);

/* 32 bits that a stranger cannot foresee. */
uint32_t net_random(void);

#define LWIP_PLATFORM_ASSERT(text) net_lwip_failed(text)
#define LWIP_PLATFORM_DIAG(text)
#define LWIP_RAND() net_random()

#endif
