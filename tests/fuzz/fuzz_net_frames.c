/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/* links: guests/net/network.c guests/net/connection.c guests/net/services.c guests/net/http.c guests/net/http_request.c guests/net/http_route.c guests/net/api.c guests/net/api_action.c guests/net/metrics.c guests/net/reasons.c guests/net/text.c guests/net/auth.c guests/net/console_session.c guests/net/telnet.c guests/net/syslog.c guests/net/options.c guests/net/e1000_ring.c kernel/printf.c tests/unit/guests/net/fake_backend.c tests/unit/guests/net/fake_net.c lwip */
/* clang-format on */
/*
 * Frames through the driver's ring, lwIP and the services. After each input all that hangs is
 * given time to end: then no connection and no buffer may be left.
 *
 * Input: steps of kind, argument, count, and count bytes. Kind modulo 8:
 *   0 the bytes are a frame; 1 an IPv4 packet's protocol (argument) and payload; 2 SYN from port
 *   argument % 4 to HTTP or (bit 7) a console; 3 the bytes as data of that connection; 4 the same
 *   with flags from the first byte; 5 time passes, argument * 100 ms; 6 UDP to port 68 or (bit 7)
 *   5353; 7 an IPv6 packet's next header (argument) and payload.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lwip/inet_chksum.h>
#include <lwip/ip.h>
#include <lwip/memp.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <lwip/sys.h>

#include "guests/net/auth.h"
#include "guests/net/console_session.h"
#include "guests/net/e1000.h"
#include "guests/net/e1000_ring.h"
#include "guests/net/lwip/lwip_hooks.h"
#include "guests/net/network.h"
#include "guests/net/services.h"
#include "tests/unit/guests/net/fake_backend.h"
#include "tests/unit/guests/net/fake_net.h"

#define COUNT     16
#define PEER_MAX  4
#define ETHER     14
#define IPV4      20
#define TCP       20
#define TCP_SYN_F 0x02
#define TCP_ACK_F 0x10
#define SETTLE_S  900

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct e1000_rx_desc rx_desc[COUNT];
static uint8_t rx_bytes[COUNT * E1000_BUFFER_SIZE];
static struct e1000_rx_ring ring = {.desc = rx_desc, .buffers = rx_bytes, .count = COUNT};
static uint32_t head;
static uint8_t sent[E1000_BUFFER_SIZE];
static bool arp_wanted;

/* Connections as the other side sees them. */
static struct {
    uint32_t seq;
    uint32_t ack;
    uint16_t port;
} peers[PEER_MAX];

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t our_ip[4] = {10, 0, 0, 2};
static const uint8_t peer_ip[4] = {10, 0, 0, 1};

u32_t sys_now(void)
{
    return (u32_t)fake_now;
}

_Noreturn void net_lwip_failed(const char *what)
{
    (void)what;
    abort();
}

uint32_t net_random(void)
{
    static uint32_t last = 1;
    last = last * 1664525 + 1013904223;
    return last;
}

u32_t net_hook_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                   u16_t remote_port)
{
    (void)local;
    (void)local_port;
    (void)remote;
    (void)remote_port;
    return 0x1000;
}

void e1000_mac(uint8_t mac[E1000_MAC_SIZE])
{
    memcpy(mac, our_mac, sizeof(our_mac));
}

bool e1000_link(void)
{
    return true;
}

const uint8_t *e1000_receive(size_t *length)
{
    return e1000_rx_frame(&ring, length);
}

void e1000_receive_next(void)
{
    e1000_rx_release(&ring);
}

void e1000_receive_end(void)
{
}

uint8_t *e1000_send_buffer(void)
{
    return sent;
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

/* The other side looks at what it gets: ARP requests, and where TCP is. */
void e1000_send(size_t length)
{
    assert(length <= E1000_FRAME_MAX);
    if (get16(sent + 12) == 0x0806) {
        arp_wanted = arp_wanted || memcmp(sent + 38, peer_ip, 4) == 0;
        return;
    }
    if (get16(sent + 12) != 0x0800 || sent[ETHER + 9] != 6) {
        return;
    }
    const uint8_t *tcp = sent + ETHER + IPV4;
    unsigned peer = get16(tcp + 2) % PEER_MAX;
    size_t data = get16(sent + ETHER + 2) - IPV4 - (size_t)(tcp[12] >> 4) * 4;
    uint32_t end = get32(tcp + 4) + (uint32_t)data + ((tcp[13] & 2) != 0) + (tcp[13] & 1);
    peers[peer].ack = end;
}

static void deliver(const uint8_t *frame, size_t length)
{
    struct e1000_rx_desc *desc = &rx_desc[head];
    length = length < E1000_BUFFER_SIZE ? length : E1000_BUFFER_SIZE;
    memcpy(rx_bytes + head * E1000_BUFFER_SIZE, frame, length);
    desc->length = (uint16_t)length;
    desc->errors = 0;
    desc->status = E1000_RX_DD | E1000_RX_EOP;
    head = (head + 1) % COUNT;
    while (network_receive()) {
    }
    services_poll(fake_now);
}

static void answer_arp(void)
{
    uint8_t frame[60] = {0};
    memcpy(frame, our_mac, 6);
    memcpy(frame + 6, peer_mac, 6);
    memcpy(frame + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02", 10);
    memcpy(frame + 22, peer_mac, 6);
    memcpy(frame + 28, peer_ip, 4);
    memcpy(frame + 32, our_mac, 6);
    memcpy(frame + 38, our_ip, 4);
    arp_wanted = false;
    deliver(frame, sizeof(frame));
}

static uint16_t sum(const uint8_t *bytes, size_t count, uint32_t start)
{
    for (size_t i = 0; i < count; i++) {
        start += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    }
    while (start >> 16 != 0) {
        start = (start & 0xffff) + (start >> 16);
    }
    return (uint16_t)~start;
}

/* Where each protocol has its sum; its own pseudo header, too. */
static void finish_payload(uint8_t *payload, size_t count, uint8_t protocol, uint32_t pseudo)
{
    size_t at = protocol == 6 ? 16 : protocol == 17 ? 6 : 2;
    if (count < at + 2 || (protocol != 6 && protocol != 17 && protocol != 1 && protocol != 58)) {
        return;
    }
    put16(payload + at, 0);
    put16(payload + at, sum(payload, count, protocol == 1 ? 0 : pseudo));
}

static void deliver_ipv4(uint8_t protocol, const uint8_t *payload, size_t count)
{
    uint8_t frame[1600] = {0};
    count = count < 1400 ? count : 1400;
    memcpy(frame, our_mac, 6);
    memcpy(frame + 6, peer_mac, 6);
    put16(frame + 12, 0x0800);
    uint8_t *ip = frame + ETHER;
    ip[0] = 0x45;
    put16(ip + 2, (uint32_t)(IPV4 + count));
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 12, peer_ip, 4);
    memcpy(ip + 16, our_ip, 4);
    put16(ip + 10, sum(ip, IPV4, 0));
    memcpy(ip + IPV4, payload, count);
    uint32_t pseudo = get16(our_ip) + get16(our_ip + 2) + get16(peer_ip) + get16(peer_ip + 2) +
                      protocol + (uint32_t)count;
    finish_payload(ip + IPV4, count, protocol, pseudo);
    deliver(frame, ETHER + IPV4 + count < 60 ? 60 : ETHER + IPV4 + count);
}

/* To our link-local address, or with bit 7 of the first byte to all nodes. */
static void deliver_ipv6(uint8_t next, const uint8_t *payload, size_t count)
{
    static const uint8_t ours[16] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, 0, 1};
    static const uint8_t theirs[16] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, 0, 2};
    uint8_t frame[1600] = {0};
    count = count < 1400 ? count : 1400;
    memcpy(frame, our_mac, 6);
    memcpy(frame + 6, peer_mac, 6);
    put16(frame + 12, 0x86dd);
    uint8_t *ip = frame + ETHER;
    ip[0] = 0x60;
    put16(ip + 4, (uint32_t)count);
    ip[6] = next;
    ip[7] = 255;
    memcpy(ip + 8, theirs, 16);
    memcpy(ip + 24, ours, 16);
    if (count != 0 && (payload[0] & 1) != 0) {
        memcpy(ip + 24, "\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    }
    memcpy(ip + 40, payload, count);
    uint32_t pseudo = next + (uint32_t)count;
    for (size_t i = 8; i < 40; i += 2) {
        pseudo += get16(ip + i);
    }
    finish_payload(ip + 40, count, next, pseudo);
    deliver(frame, ETHER + 40 + count);
}

static void deliver_tcp(unsigned peer, uint8_t flags, const uint8_t *payload, size_t count)
{
    uint8_t segment[TCP + 256] = {0};
    put16(segment, 40000 + peer); /* 40000 is a multiple of PEER_MAX */
    put16(segment + 2, peers[peer].port);
    put32(segment + 4, peers[peer].seq);
    put32(segment + 8, peers[peer].ack);
    segment[12] = TCP / 4 << 4;
    segment[13] = flags;
    put16(segment + 14, 8192);
    memcpy(segment + TCP, payload, count);
    peers[peer].seq += (uint32_t)count + ((flags & TCP_SYN_F) != 0) + (flags & 1);
    deliver_ipv4(6, segment, TCP + count);
}

static void deliver_udp(uint16_t port, const uint8_t *payload, size_t count)
{
    uint8_t datagram[8 + 256] = {0};
    put16(datagram, port == 68 ? 67 : port);
    put16(datagram + 2, port);
    put16(datagram + 4, (uint32_t)(8 + count));
    memcpy(datagram + 8, payload, count);
    deliver_ipv4(17, datagram, 8 + count);
}

static void pass_time(uint64_t ms)
{
    fake_now += ms;
    network_time();
    services_poll(fake_now);
}

static void step(uint8_t kind, uint8_t argument, const uint8_t *bytes, size_t count)
{
    unsigned peer = argument % PEER_MAX;
    switch (kind % 8) {
    case 0:
        deliver(bytes, count);
        break;
    case 1:
        deliver_ipv4(argument, bytes, count);
        break;
    case 2:
        peers[peer].port = (argument & 0x80) != 0 ? CONSOLE_PORT_FIRST : 80;
        peers[peer].seq = 0x5000;
        peers[peer].ack = 0;
        deliver_tcp(peer, TCP_SYN_F, bytes, 0);
        deliver_tcp(peer, TCP_ACK_F, bytes, 0);
        break;
    case 3:
        deliver_tcp(peer, TCP_ACK_F, bytes, count);
        break;
    case 4:
        deliver_tcp(peer, count != 0 ? bytes[0] : 1, bytes, count);
        break;
    case 5:
        pass_time(argument * UINT64_C(100));
        break;
    case 6:
        deliver_udp((argument & 0x80) != 0 ? 5353 : 68, bytes, count);
        break;
    default:
        deliver_ipv6(argument, bytes, count);
        break;
    }
    if (arp_wanted) {
        answer_arp();
    }
}

static void start(void)
{
    static bool started;
    struct net_options options;
    if (started) {
        return;
    }
    started = true;
    fake_init();
    auth_init("sesame-1234", true);
    e1000_rx_init(&ring, 0);
    options_read(&options, "ip=10.0.0.2 gw=10.0.0.1");
    network_start(&options);
    services_start(80, FAKE_VMS);
}

/* Whatever was left hanging has ended by now, and everything is back in its pool. */
static void settle(void)
{
    for (unsigned i = 0; i < SETTLE_S; i++) {
        pass_time(1000);
    }
    assert(services_http_open() == 0);
    assert(services_console_open() == 0);
    assert(tcp_active_pcbs == NULL && tcp_tw_pcbs == NULL);
    assert(lwip_stats.memp[MEMP_TCP_SEG]->used == 0);
    assert(lwip_stats.memp[MEMP_PBUF_POOL]->used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    while (size >= 3) {
        size_t count = data[2] < size - 3 ? data[2] : size - 3;
        step(data[0], data[1], data + 3, count);
        data += 3 + count;
        size -= 3 + count;
    }
    settle();
    return 0;
}
