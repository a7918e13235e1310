/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time for the services. clock.c in the guest; tests have their own, which they set.
 */
#ifndef GUESTS_NET_CLOCK_H
#define GUESTS_NET_CLOCK_H

#include <stdint.h>

/* Milliseconds since the guest's start. */
uint64_t clock_ms(void);

#endif
