/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between lwIP's TCP and the sessions of the services.
 */
#include "guests/net/connection.h"

#include <lwip/tcp.h>

#include "guests/net/clock.h"

#define KEEPALIVE_IDLE_MS     60000
#define KEEPALIVE_INTERVAL_MS 15000
#define KEEPALIVE_COUNT       4
#define WHO_MAX               48

#define LISTENERS_MAX         20

static struct listener {
    const struct service *service;
    uint32_t which;
} listeners[LISTENERS_MAX];
static uint32_t listener_count;

static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *received, err_t error)
{
    struct connection *connection = arg;
    (void)pcb;
    (void)error;
    if (received == NULL) {
        connection->peer_done = true;
        return ERR_OK;
    }
    connection->progress = clock_ms();
    if (connection->queue == NULL) {
        connection->queue = received;
    } else {
        pbuf_cat(connection->queue, received);
    }
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t count)
{
    struct connection *connection = arg;
    (void)pcb;
    connection->progress = clock_ms();
    connection->unacknowledged -= count;
    connection->service->acknowledged(connection->session, count, connection->progress);
    return ERR_OK;
}

/* lwIP has freed the pcb. */
static void on_error(void *arg, err_t error)
{
    struct connection *connection = arg;
    (void)error;
    connection->pcb = NULL;
}

static void forget(struct connection *connection)
{
    if (connection->queue != NULL) {
        pbuf_free(connection->queue);
    }
    connection->queue = NULL;
    connection->pcb = NULL;
    connection->open = false;
    connection->service->closed(connection->session);
}

static void detach(struct connection *connection)
{
    tcp_arg(connection->pcb, NULL);
    tcp_recv(connection->pcb, NULL);
    tcp_sent(connection->pcb, NULL);
    tcp_err(connection->pcb, NULL);
}

static void abort_connection(struct connection *connection)
{
    if (connection->pcb != NULL) {
        detach(connection);
        tcp_abort(connection->pcb);
    }
    forget(connection);
}

static void close_connection(struct connection *connection)
{
    if (connection->pcb != NULL) {
        detach(connection);
        /* What remains of it may go when a new connection needs the room. */
        tcp_setprio(connection->pcb, TCP_PRIO_MIN);
        if (tcp_close(connection->pcb) != ERR_OK) {
            tcp_abort(connection->pcb);
        }
    }
    forget(connection);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t error)
{
    const struct listener *listener = arg;
    const struct service *service = listener->service;
    if (error != ERR_OK || pcb == NULL) {
        return ERR_VAL;
    }
    for (uint32_t i = 0; i < service->count; i++) {
        struct connection *connection = &service->connections[i];
        if (connection->open) {
            continue;
        }
        char who[WHO_MAX];
        uint64_t now = clock_ms();
        connection->service = service;
        connection->pcb = pcb;
        connection->queue = NULL;
        connection->queue_offset = 0;
        connection->open = true;
        connection->peer_done = false;
        connection->opened = now;
        connection->progress = now;
        connection->unacknowledged = 0;
        ipaddr_ntoa_r(&pcb->remote_ip, who, sizeof(who));
        service->open(connection->session, listener->which, who, now);
        tcp_setprio(pcb, TCP_PRIO_MAX);
        tcp_arg(pcb, connection);
        tcp_recv(pcb, on_received);
        tcp_sent(pcb, on_sent);
        tcp_err(pcb, on_error);
        tcp_nagle_disable(pcb);
        ip_set_option(pcb, SOF_KEEPALIVE);
        pcb->keep_idle = KEEPALIVE_IDLE_MS;
        pcb->keep_intvl = KEEPALIVE_INTERVAL_MS;
        pcb->keep_cnt = KEEPALIVE_COUNT;
        return ERR_OK;
    }
    return ERR_MEM; /* lwIP aborts it */
}

bool service_listen(const struct service *service, uint16_t port, uint32_t which)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    if (pcb == NULL || listener_count == LISTENERS_MAX) {
        return false;
    }
    if (tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK) {
        tcp_abort(pcb);
        return false;
    }
    struct tcp_pcb *listening = tcp_listen(pcb);
    if (listening == NULL) {
        tcp_abort(pcb);
        return false;
    }
    listeners[listener_count] = (struct listener){service, which};
    tcp_arg(listening, &listeners[listener_count++]);
    tcp_accept(listening, on_accept);
    return true;
}

/* Offers what was received to the session. True: it took something. */
static bool move_input(struct connection *connection, uint64_t now)
{
    bool moved = false;
    while (connection->queue != NULL) {
        struct pbuf *first = connection->queue;
        const uint8_t *bytes = (const uint8_t *)first->payload + connection->queue_offset;
        size_t left = (size_t)(first->len - connection->queue_offset);
        size_t used =
            left == 0 ? 0 : connection->service->input(connection->session, bytes, left, now);
        if (used != 0 && connection->pcb != NULL) {
            tcp_recved(connection->pcb, (u16_t)used);
        }
        moved = moved || used != 0;
        connection->queue_offset = (uint16_t)(connection->queue_offset + used);
        if (used < left) {
            break;
        }
        connection->queue = first->next;
        connection->queue_offset = 0;
        if (first->next != NULL) {
            pbuf_ref(first->next);
        }
        pbuf_free(first);
    }
    return moved;
}

static bool move_output(struct connection *connection)
{
    const struct service *service = connection->service;
    const uint8_t *bytes;
    bool moved = false;
    size_t count;
    while ((count = service->output(connection->session, &bytes)) != 0) {
        size_t room = tcp_sndbuf(connection->pcb);
        count = count < room ? count : room;
        count = count < TCP_MSS ? count : TCP_MSS * (count / TCP_MSS);
        if (count == 0 || tcp_write(connection->pcb, bytes, (u16_t)count,
                                    service->in_place ? 0 : TCP_WRITE_FLAG_COPY) != ERR_OK) {
            break;
        }
        service->given(connection->session, count);
        connection->unacknowledged += (uint32_t)count;
        moved = true;
    }
    tcp_output(connection->pcb);
    return moved;
}

/* Is there nothing left to be done for somebody who says nothing more? */
static bool is_done(const struct connection *connection)
{
    const struct service *service = connection->service;
    const uint8_t *bytes;
    if (service->ended(connection->session)) {
        return service->output(connection->session, &bytes) == 0;
    }
    return connection->peer_done && connection->queue == NULL && connection->unacknowledged == 0 &&
           service->output(connection->session, &bytes) == 0;
}

static void poll_one(struct connection *connection, uint64_t now)
{
    const struct service *service = connection->service;
    if (connection->pcb == NULL) {
        forget(connection);
        return;
    }
    bool stalled =
        connection->unacknowledged != 0 && now - connection->progress >= service->stalled_ms;
    if (!service->tick(connection->session, now) || stalled) {
        abort_connection(connection);
        return;
    }
    bool moved;
    do {
        moved = move_input(connection, now);
        moved = move_output(connection) || moved;
    } while (moved && connection->queue != NULL);
    if (is_done(connection)) {
        close_connection(connection);
    }
}

/* Ends the oldest worthless connections until `spare` places are free. */
static void make_room(const struct service *service)
{
    struct connection *oldest = NULL;
    uint32_t available = 0;
    for (uint32_t i = 0; i < service->count; i++) {
        struct connection *connection = &service->connections[i];
        if (!connection->open) {
            available++;
        } else if (service->worthless(connection->session) &&
                   (oldest == NULL || connection->opened < oldest->opened)) {
            oldest = connection;
        }
    }
    if (available < service->spare && oldest != NULL) {
        abort_connection(oldest);
    }
}

uint32_t connections_poll(const struct service *service, uint64_t now)
{
    uint32_t patience = UINT32_MAX;
    for (uint32_t i = 0; i < service->count; i++) {
        struct connection *connection = &service->connections[i];
        if (connection->open) {
            poll_one(connection, now);
        }
        if (!connection->open) {
            continue;
        }
        uint32_t wanted = service->patience(connection->session, now);
        if (connection->unacknowledged != 0 && wanted > service->stalled_ms) {
            wanted = service->stalled_ms;
        }
        patience = wanted < patience ? wanted : patience;
    }
    make_room(service);
    return patience;
}

uint32_t connections_open(const struct service *service)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < service->count; i++) {
        open += service->connections[i].open;
    }
    return open;
}
