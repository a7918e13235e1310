/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the management guest's services have around them, made up: time, remarks, pages, counters.
 */
#ifndef TESTS_GUESTS_NET_FAKE_NET_H
#define TESTS_GUESTS_NET_FAKE_NET_H

#include <stdint.h>

extern uint64_t fake_now;   /* what clock_ms() returns */
extern unsigned fake_notes; /* remarks so far */
extern char fake_last_note[256];

#endif
