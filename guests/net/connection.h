/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP connections of a service: a fixed number of places, each a session of the service's kind.
 * lwIP's callbacks only note what happened; everything is done by connections_poll() from the
 * main loop, so that a connection never disappears under anybody's hands.
 */
#ifndef GUESTS_NET_CONNECTION_H
#define GUESTS_NET_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tcp_pcb;
struct pbuf;
struct service;

struct connection {
    const struct service *service;
    void *session;
    struct tcp_pcb *pcb; /* NULL: free, or lost when `open` */
    struct pbuf *queue;  /* received, not yet taken by the session */
    uint16_t queue_offset;
    bool open;      /* the session was opened and not closed */
    bool peer_done; /* the other side will send nothing more */
    uint64_t opened;
    uint64_t progress; /* when the other side last acknowledged or sent something */
    uint32_t unacknowledged;
};

/* How sessions of a service are spoken to; `session` is the connection's place. */
struct service {
    const char *name;
    struct connection *connections;
    uint32_t count;
    uint32_t spare;      /* places that are kept free by ending those that are least worth it */
    bool in_place;       /* output stays where it is until it is acknowledged: no copies */
    uint32_t stalled_ms; /* with unacknowledged bytes and no progress for so long: gone */
    void (*open)(void *session, uint32_t which, const char *who, uint64_t now);
    size_t (*input)(void *session, const uint8_t *bytes, size_t count, uint64_t now);
    size_t (*output)(void *session, const uint8_t **bytes);
    void (*given)(void *session, size_t count);
    void (*acknowledged)(void *session, size_t count, uint64_t now);
    bool (*tick)(void *session, uint64_t now); /* false: abort */
    uint32_t (*patience)(void *session, uint64_t now);
    bool (*ended)(void *session);
    bool (*worthless)(void *session); /* may be ended to make room; the oldest goes first */
    void (*closed)(void *session);
};

/* Listens on a port, for IPv4 and IPv6; `which` is passed to open(). False: no memory. */
bool service_listen(const struct service *service, uint16_t port, uint32_t which);

/* Moves bytes and time for all connections of a service. Returns in how many ms to come again. */
uint32_t connections_poll(const struct service *service, uint64_t now);

uint32_t connections_open(const struct service *service);

#endif
