/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwIP and the card: one interface, its addresses, and what is sent by UDP.
 */
#ifndef GUESTS_NET_NETWORK_H
#define GUESTS_NET_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/net/options.h"

/* Starts lwIP and the interface. False: an address in the options is none. */
bool network_start(const struct net_options *options);

/* Takes what the card received. True: there was something. */
bool network_receive(void);

/* Lets time pass for lwIP. Returns in how many ms to come again. */
uint32_t network_time(void);

/* Looks at the link, and tells lwIP when it came or went. */
void network_link(void);

/*
 * Sends what the machine's log has got since the last call to the syslog server, a few messages at
 * a time. True: there is more.
 */
bool network_syslog(void);
bool network_has_syslog(void);

#endif
