/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine that was made up, behind the management guest's backend: three VMs, one of them the
 * caller, two with vCPUs that have counters. Tests look at what was asked of it.
 */
#ifndef TESTS_GUESTS_NET_FAKE_BACKEND_H
#define TESTS_GUESTS_NET_FAKE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/net/backend.h"

#define FAKE_VMS         3
#define FAKE_STREAM_SIZE 4096 /* what each stream keeps, as the hypervisor's rings */

struct fake_stream {
    uint64_t end;
    char ring[FAKE_STREAM_SIZE];
};

struct fake_backend {
    bool available;
    uint64_t uptime_us;
    struct bulkhead_vm vm[FAKE_VMS];
    struct fake_stream console[FAKE_VMS];
    struct fake_stream log;
    const char *crash; /* text of VM 1's record */
    /* What was asked for last. */
    int controls;
    uint32_t control_vm;
    enum bulkhead_action control_action;
    int64_t control_result; /* what the next ones return */
    size_t input_room;      /* bytes that consoles still take */
    size_t input_length;
    uint8_t input[256];
    uint64_t watched;
};

extern struct fake_backend fake;

/* "linux" (2 vCPUs, runs), "crash" (1, crashed), "net" (1, the caller). */
void fake_init(void);

void fake_print(struct fake_stream *stream, const char *bytes, size_t count);

#endif
