/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of the guest's own, for /metrics. Whoever knows them fills them in before each answer.
 */
#ifndef GUESTS_NET_METRICS_H
#define GUESTS_NET_METRICS_H

#include <stdint.h>

struct net_metrics {
    uint64_t rx_frames;
    uint64_t rx_dropped;
    uint64_t tx_frames;
    uint64_t tx_dropped;
    uint64_t interrupts;
    uint64_t busy_ticks; /* of the TSC, while it did not wait by HLT */
    uint64_t uptime_ms;
    uint32_t http_open;
    uint32_t console_open;
};

/* Defined by net.c in the guest. */
void net_metrics_read(struct net_metrics *metrics);

#endif
