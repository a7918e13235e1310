/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the network card in the VM's PCI configuration space (mechanism 1, bus 0).
 */
#ifndef GUESTS_NET_PCI_H
#define GUESTS_NET_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_DEVICE_82574L 0x10d3

struct pci_nic {
    uint8_t device; /* on bus 0, function 0 to 7 below */
    uint8_t function;
    uint16_t device_id;
    uint64_t bar0;          /* physical address of the registers */
    uint8_t interrupt_line; /* 255: none */
};

/*
 * The first card of a kind we drive; turns on its memory decoding, bus mastering and INTx. False:
 * there is none, or its BAR0 holds no memory below 4 GiB.
 */
bool pci_find_nic(struct pci_nic *nic);

#endif
