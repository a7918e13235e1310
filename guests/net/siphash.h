/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4, a keyed hash for short inputs (Aumasson and Bernstein, 2012). Pure.
 */
#ifndef GUESTS_NET_SIPHASH_H
#define GUESTS_NET_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash(const uint64_t key[2], const uint8_t *bytes, size_t count);

#endif
