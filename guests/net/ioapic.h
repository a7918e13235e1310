/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's IOAPIC: one PCI interrupt routed to the calling CPU.
 */
#ifndef GUESTS_NET_IOAPIC_H
#define GUESTS_NET_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

/* Input `gsi` raises `vector`, level-triggered and active low as PCI's INTx is. False: no such
 * input.
 */
bool ioapic_route(uint32_t gsi, uint8_t vector);

#endif
