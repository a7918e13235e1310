/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The services and their places. Everything that a client can make us keep is here, or in one of
 * lwIP's pools.
 */
#include "guests/net/services.h"

#include "guests/net/api_action.h"
#include "guests/net/backend.h"
#include "guests/net/connection.h"
#include "guests/net/console_session.h"
#include "guests/net/http.h"

#define HTTP_PLACES    12
#define CONSOLE_PLACES 16
#define STALLED_MS     30000

static struct http http_sessions[HTTP_PLACES];
static struct connection http_connections[HTTP_PLACES];
static struct console console_sessions[CONSOLE_PLACES];
static struct connection console_connections[CONSOLE_PLACES];

static void open_http(void *session, uint32_t which, const char *who, uint64_t now)
{
    (void)which;
    http_open(session, who, now);
}

static size_t input_http(void *session, const uint8_t *bytes, size_t count, uint64_t now)
{
    return http_input(session, bytes, count, now);
}

static size_t output_http(void *session, const uint8_t **bytes)
{
    return http_output(session, bytes);
}

static void given_http(void *session, size_t count)
{
    http_given(session, count);
}

static void acknowledged_http(void *session, size_t count, uint64_t now)
{
    http_acknowledged(session, count, now);
}

static bool tick_http(void *session, uint64_t now)
{
    return http_tick(session, now);
}

static uint32_t patience_http(void *session, uint64_t now)
{
    return http_patience(session, now);
}

static bool ended_http(void *session)
{
    return ((struct http *)session)->state == HTTP_ENDED;
}

static bool worthless_http(void *session)
{
    return ((struct http *)session)->state == HTTP_READING;
}

static void closed_http(void *session)
{
    (void)session;
}

static void open_console(void *session, uint32_t which, const char *who, uint64_t now)
{
    console_open(session, which, who, now);
}

static size_t input_console(void *session, const uint8_t *bytes, size_t count, uint64_t now)
{
    return console_input(session, bytes, count, now);
}

static size_t output_console(void *session, const uint8_t **bytes)
{
    return console_output(session, bytes);
}

static void given_console(void *session, size_t count)
{
    console_given(session, count);
}

static void acknowledged_console(void *session, size_t count, uint64_t now)
{
    (void)session;
    (void)count;
    (void)now;
}

static bool tick_console(void *session, uint64_t now)
{
    console_tick(session, now);
    return true;
}

static uint32_t patience_console(void *session, uint64_t now)
{
    return console_patience(session, now);
}

static bool ended_console(void *session)
{
    return ((struct console *)session)->state == CONSOLE_ENDED;
}

static bool worthless_console(void *session)
{
    return ((struct console *)session)->state != CONSOLE_OPEN;
}

static void closed_console(void *session)
{
    console_closed(session);
}

static const struct service http_service = {
    .name = "http",
    .connections = http_connections,
    .count = HTTP_PLACES,
    .spare = 2,
    .in_place = true,
    .stalled_ms = STALLED_MS,
    .open = open_http,
    .input = input_http,
    .output = output_http,
    .given = given_http,
    .acknowledged = acknowledged_http,
    .tick = tick_http,
    .patience = patience_http,
    .ended = ended_http,
    .worthless = worthless_http,
    .closed = closed_http,
};

static const struct service console_service = {
    .name = "console",
    .connections = console_connections,
    .count = CONSOLE_PLACES,
    .spare = 2,
    .in_place = false,
    .stalled_ms = STALLED_MS,
    .open = open_console,
    .input = input_console,
    .output = output_console,
    .given = given_console,
    .acknowledged = acknowledged_console,
    .tick = tick_console,
    .patience = patience_console,
    .ended = ended_console,
    .worthless = worthless_console,
    .closed = closed_console,
};

bool services_start(uint16_t http_port, uint32_t vms)
{
    for (uint32_t i = 0; i < HTTP_PLACES; i++) {
        http_connections[i].session = &http_sessions[i];
    }
    for (uint32_t i = 0; i < CONSOLE_PLACES; i++) {
        console_connections[i].session = &console_sessions[i];
    }
    bool good = service_listen(&http_service, http_port, 0);
    for (uint32_t vm = 0; vm < vms && vm < BACKEND_VM_MAX; vm++) {
        good = service_listen(&console_service, (uint16_t)(CONSOLE_PORT_FIRST + vm), vm) && good;
    }
    return good;
}

uint32_t services_poll(uint64_t now)
{
    uint32_t http = connections_poll(&http_service, now);
    uint32_t console = connections_poll(&console_service, now);
    uint32_t action = api_action_tick(now);
    uint32_t soonest = http < console ? http : console;
    return action < soonest ? action : soonest;
}

uint64_t services_watched(void)
{
    uint64_t watched = 0;
    for (uint32_t i = 0; i < CONSOLE_PLACES; i++) {
        if (console_connections[i].open && console_sessions[i].state == CONSOLE_OPEN) {
            watched |= UINT64_C(1) << console_sessions[i].vm;
        }
    }
    return watched;
}

uint32_t services_http_open(void)
{
    return connections_open(&http_service);
}

uint32_t services_console_open(void)
{
    return connections_open(&console_service);
}
