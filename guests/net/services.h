/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TCP services: HTTP, and a console a VM.
 */
#ifndef GUESTS_NET_SERVICES_H
#define GUESTS_NET_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

/* Listens. False: something could not be opened; the rest works. */
bool services_start(uint16_t http_port, uint32_t vms);

/* Moves everything. Returns in how many ms to come again at the latest. */
uint32_t services_poll(uint64_t now);

/* VMs whose consoles somebody watches: bit by index. */
uint64_t services_watched(void);

uint32_t services_http_open(void);
uint32_t services_console_open(void);

#endif
