/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lwIP calls at the points that its options name. Included by lwIP's own sources.
 */
#ifndef GUESTS_NET_LWIP_HOOKS_H
#define GUESTS_NET_LWIP_HOOKS_H

#include <lwip/arch.h>
#include <lwip/ip_addr.h>

/* Initial sequence number of a TCP connection. */
u32_t net_hook_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                   u16_t remote_port);

#endif
