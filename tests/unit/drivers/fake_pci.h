/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine's PCI functions for unit tests: configuration space in memory, reached through the fake
 * ports of configuration mechanism 1 (fake_io) as a host bridge does it.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_PCI_H
#define TESTS_UNIT_DRIVERS_FAKE_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_PCI_MAX 32

struct fake_pci_function {
    uint8_t bus, device, function;
    uint8_t space[4096];
    bool master_stuck;  /* the bus-master bit cannot be cleared */
    uint32_t fixed[16]; /* bits of the header's dwords that writes do not change */
    /* What else a write does; called after it. NULL: nothing. */
    void (*written)(struct fake_pci_function *function, uint16_t offset);
};

extern struct fake_pci_function fake_pci[FAKE_PCI_MAX];
extern unsigned fake_pci_count;
extern unsigned fake_pci_accesses; /* data accesses that were made */

/* Removes all functions. */
void fake_pci_begin(void);

/* Adds a function with these ids, class (base << 8 | sub) and header type; its space may be
 * changed. */
struct fake_pci_function *fake_pci_add(uint8_t bus, uint8_t device, uint8_t function, uint32_t ids,
                                       uint16_t class_code, uint8_t header_type);

void fake_pci_store(struct fake_pci_function *function, uint16_t offset, unsigned size,
                    uint32_t value);
uint32_t fake_pci_load(const struct fake_pci_function *function, uint16_t offset, unsigned size);

/* True when the port belongs to mechanism 1. For the test's own fake_io handlers. */
bool fake_pci_port_read(uint16_t port, unsigned size, uint32_t *value);
bool fake_pci_port_write(uint16_t port, unsigned size, uint32_t value);

/* One access as ECAM makes it; offset: from bus 0's first byte. */
uint32_t fake_pci_ecam_read(uint64_t offset, unsigned size);
void fake_pci_ecam_write(uint64_t offset, unsigned size, uint32_t value);

#endif
