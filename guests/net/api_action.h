/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What requests to stop or restart the management guest itself leave behind.
 */
#ifndef GUESTS_NET_API_ACTION_H
#define GUESTS_NET_API_ACTION_H

#include <stdint.h>

/*
 * Does to this very VM what was asked for, a moment after the answer was made. Returns in how many
 * ms it wants to be called again; UINT32_MAX: there is nothing to do.
 */
uint32_t api_action_tick(uint64_t now);

#endif
