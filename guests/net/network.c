/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network interface. Frames are copied between the card's buffers and lwIP's: at a management
 * network's rates this costs less than buffers whose owner changes.
 */
#include "guests/net/network.h"

#include <lwip/apps/mdns.h>
#include <lwip/autoip.h>
#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>

#include "guests/net/backend.h"
#include "guests/net/e1000.h"
#include "guests/net/note.h"
#include "guests/net/syslog.h"
#include "kernel/string.h"

#define MTU          1500
#define MDNS_TTL     120
#define RECEIVE_MOST 64 /* frames before the services get their turn */
#define SYSLOG_MOST  16 /* messages likewise */

static struct netif card;
static struct udp_pcb *syslog_pcb;
static struct syslog syslog;
static ip_addr_t syslog_server;
static uint16_t syslog_port;
static ip4_addr_t announced;

static err_t send_frame(struct netif *netif, struct pbuf *frame)
{
    (void)netif;
    if (frame->tot_len > MTU + SIZEOF_ETH_HDR) {
        return ERR_BUF;
    }
    uint8_t *buffer = e1000_send_buffer();
    if (buffer == NULL) {
        return ERR_MEM; /* TCP sends again */
    }
    pbuf_copy_partial(frame, buffer, frame->tot_len, 0);
    e1000_send(frame->tot_len);
    return ERR_OK;
}

static err_t init_card(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = MTU;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    e1000_mac(netif->hwaddr);
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = send_frame;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                   NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    return ERR_OK;
}

/* Says once for each address where we can be reached. */
static void on_status(struct netif *netif)
{
    char text[IPADDR_STRLEN_MAX];
    if (ip4_addr_cmp(netif_ip4_addr(netif), &announced)) {
        return;
    }
    ip4_addr_copy(announced, *netif_ip4_addr(netif));
    if (!ip4_addr_isany_val(announced)) {
        net_note("address %s", ip4addr_ntoa_r(&announced, text, sizeof(text)));
    } else {
        net_note("no address");
    }
}

static bool start_syslog(const struct net_options *options)
{
    if (options->syslog[0] == '\0') {
        return true;
    }
    if (!ipaddr_aton(options->syslog, &syslog_server)) {
        return false;
    }
    syslog_port = options->syslog_port;
    syslog_init(&syslog, options->name, 0);
    syslog_pcb = udp_new_ip_type(IPADDR_TYPE_ANY);
    return syslog_pcb != NULL;
}

static bool start_addresses(const struct net_options *options)
{
    ip4_addr_t ip = {0};
    ip4_addr_t mask = {0};
    ip4_addr_t gateway = {0};
    if (options->ip[0] == '\0') {
        return dhcp_start(&card) == ERR_OK;
    }
    IP4_ADDR(&mask, 255, 255, 255, 0);
    if (!ip4addr_aton(options->ip, &ip) ||
        (options->mask[0] != '\0' && !ip4addr_aton(options->mask, &mask)) ||
        (options->gateway[0] != '\0' && !ip4addr_aton(options->gateway, &gateway))) {
        return false;
    }
    netif_set_addr(&card, &ip, &mask, &gateway);
    return true;
}

bool network_start(const struct net_options *options)
{
    static char name[OPTIONS_NAME_MAX];
    memcpy(name, options->name, sizeof(name));
    lwip_init();
    netif_add_noaddr(&card, NULL, init_card, netif_input);
    netif_set_default(&card);
    netif_set_hostname(&card, name);
    netif_set_status_callback(&card, on_status);
    netif_create_ip6_linklocal_address(&card, 1);
    card.ip6_autoconfig_enabled = 1;
    netif_set_up(&card);
    network_link();
    mdns_resp_init();
    if (mdns_resp_add_netif(&card, name, MDNS_TTL) == ERR_OK) {
        mdns_resp_add_service(&card, name, "_http", DNSSD_PROTO_TCP, options->http_port, MDNS_TTL,
                              NULL, NULL);
    }
    bool addresses = start_addresses(options);
    return start_syslog(options) && addresses;
}

bool network_receive(void)
{
    const uint8_t *frame;
    size_t length;
    unsigned count = 0;
    while (count < RECEIVE_MOST && (frame = e1000_receive(&length)) != NULL) {
        struct pbuf *buffer = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_POOL);
        if (buffer != NULL) {
            pbuf_take(buffer, frame, (u16_t)length);
        }
        e1000_receive_next();
        count++;
        if (buffer != NULL && card.input(buffer, &card) != ERR_OK) {
            pbuf_free(buffer);
        }
    }
    if (count != 0) {
        e1000_receive_end();
    }
    return count != 0;
}

uint32_t network_time(void)
{
    sys_check_timeouts();
    return sys_timeouts_sleeptime();
}

void network_link(void)
{
    bool up = e1000_link();
    if (up == (netif_is_link_up(&card) != 0)) {
        return;
    }
    net_note("link is %s", up ? "up" : "down");
    if (up) {
        netif_set_link_up(&card);
    } else {
        netif_set_link_down(&card);
    }
}

bool network_has_syslog(void)
{
    return syslog_pcb != NULL;
}

static void send_message(const char *message, size_t length)
{
    struct pbuf *buffer = pbuf_alloc(PBUF_TRANSPORT, (u16_t)length, PBUF_RAM);
    if (buffer == NULL) {
        return; /* as lost as any other datagram */
    }
    pbuf_take(buffer, message, (u16_t)length);
    udp_sendto(syslog_pcb, buffer, &syslog_server, syslog_port);
    pbuf_free(buffer);
}

bool network_syslog(void)
{
    static char bytes[BULKHEAD_TRANSFER_MAX];
    struct bulkhead_machine machine;
    if (syslog_pcb == NULL || !backend_machine(&machine)) {
        return false;
    }
    if (ip4_addr_isany_val(announced)) {
        return true;
    }
    for (unsigned sent = 0; sent < SYSLOG_MOST;) {
        char message[SYSLOG_MESSAGE_MAX];
        uint64_t next;
        uint64_t missed;
        size_t used = 0;
        size_t count = backend_read(BULKHEAD_STREAM_LOG, 0, syslog.position, bytes, sizeof(bytes),
                                    &next, &missed);
        if (count == 0) {
            return false;
        }
        uint64_t start = next - count;
        while (used < count && sent < SYSLOG_MOST) {
            size_t step;
            size_t length = syslog_take(&syslog, bytes + used, count - used, &step,
                                        machine.wall_seconds, message);
            used += step;
            sent += length != 0;
            if (length != 0) {
                send_message(message, length);
            }
        }
        syslog.position = start + used;
    }
    return true;
}
