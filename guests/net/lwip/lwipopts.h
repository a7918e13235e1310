/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwIP as the management guest uses it; included by lwIP's own headers. One context, no sockets,
 * and pools of a fixed size for everything a stranger on the network can make us keep.
 */
#ifndef GUESTS_NET_LWIPOPTS_H
#define GUESTS_NET_LWIPOPTS_H

/* One context: everything is called from the main loop, nothing from interrupts. */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SINGLE_NETIF    1
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_TIMERS          1

/* Memory. PBUF_POOL takes whole frames, so that a frame is one piece. */
#define MEM_ALIGNMENT           8
#define MEM_SIZE                (256 * 1024)
#define PBUF_POOL_SIZE          256
#define PBUF_POOL_BUFSIZE       1536
#define MEMP_NUM_PBUF           128 /* references to page and answers being sent */
#define MEMP_NUM_TCP_PCB        48
#define MEMP_NUM_TCP_PCB_LISTEN 20 /* HTTP, and a console for each of 16 VMs */
#define MEMP_NUM_TCP_SEG        256
#define MEMP_NUM_UDP_PCB        6 /* DHCP, mDNS, syslog */
#define MEMP_NUM_SYS_TIMEOUT    24
#define MEMP_OVERFLOW_CHECK     0

/* Link and IPv4. No reassembly: no service here needs it, and it is memory for strangers. */
#define LWIP_ARP                    1
#define ARP_TABLE_SIZE              32
#define ARP_QUEUEING                0
#define ETH_PAD_SIZE                0
#define IP_REASSEMBLY               0
#define IP_FRAG                     0
#define IP_FORWARD                  0
#define LWIP_ICMP                   1
#define LWIP_BROADCAST_PING         0
#define LWIP_MULTICAST_PING         0
#define LWIP_RAW                    0
#define LWIP_DHCP                   1
#define DHCP_DOES_ARP_CHECK         1
#define LWIP_AUTOIP                 1
#define LWIP_DHCP_AUTOIP_COOP       1
#define LWIP_DHCP_AUTOIP_COOP_TRIES 3 /* some 15 s */
#define LWIP_IGMP                   1
#define LWIP_DNS                    0

/* IPv6 by router advertisement. */
#define LWIP_IPV6                     1
#define LWIP_IPV6_REASS               0
#define LWIP_IPV6_FRAG                0
#define LWIP_IPV6_AUTOCONFIG          1
#define LWIP_IPV6_MLD                 1
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 1
#define LWIP_IPV6_NUM_ADDRESSES       4
#define MEMP_NUM_ND6_QUEUE            8

/* TCP. Windows of a few segments: a management network is short. */
#define TCP_MSS                    1460
#define TCP_WND                    (8 * TCP_MSS)
#define TCP_SND_BUF                (16 * TCP_MSS)
#define TCP_SND_QUEUELEN           64
#define TCP_LISTEN_BACKLOG         1
#define TCP_DEFAULT_LISTEN_BACKLOG 8
#define TCP_MAXRTX                 6 /* some six minutes: nobody out there is that slow */
#define TCP_SYNMAXRTX              4
#define TCP_OOSEQ_MAX_BYTES        TCP_WND
#define TCP_OOSEQ_MAX_PBUFS        8
#define LWIP_TCP_KEEPALIVE         1
#define LWIP_TCP_MAX_SACK_NUM      4

/* mDNS, and what it needs from the interface. */
#define LWIP_MDNS_RESPONDER            1
#define MDNS_MAX_SERVICES              1
#define LWIP_NUM_NETIF_CLIENT_DATA     2
#define LWIP_NETIF_EXT_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK       1
#define LWIP_NETIF_STATUS_CALLBACK     1
#define LWIP_NETIF_HOSTNAME            1

/* The card checks no sums for us; what it received is checked here. */
#define CHECKSUM_CHECK_TCP 1

#define LWIP_STATS         1
#define LWIP_STATS_LARGE   1
#define MIB2_STATS         0
#define LWIP_STATS_DISPLAY 0

/* Initial sequence numbers that a stranger cannot guess (RFC 6528). */
#define LWIP_HOOK_FILENAME "lwip_hooks.h"
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port)                                  \
    net_hook_isn(local, local_port, remote, remote_port)

#endif
