/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's PCI configuration space: read, write, enumerate. Through ECAM where it is mapped, else
 * ports 0xCF8/0xCFC (configuration mechanism 1). Used by loader and kernel; the caller makes sure
 * that only one CPU at a time uses the ports. Segment 0 only. Changes nothing on its own.
 */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "kernel/types.h"

#define PCI_VENDOR_ID            0x00 /* 16 bits */
#define PCI_DEVICE_ID            0x02 /* 16 */
#define PCI_COMMAND              0x04 /* 16 */
#define PCI_CLASS_REVISION       0x08 /* 32: class, subclass, interface, revision */
#define PCI_HEADER_TYPE          0x0E /* 8 */
#define PCI_SECONDARY_BUS        0x19 /* 8; bridges */
#define PCI_SUBSYSTEM_VENDOR_ID  0x2C /* 16; not bridges */

#define PCI_COMMAND_IO           BIT(0)
#define PCI_COMMAND_MEMORY       BIT(1)
#define PCI_COMMAND_MASTER       BIT(2)

#define PCI_HEADER_MULTIFUNCTION BIT(7)
#define PCI_HEADER_LAYOUT        MASK(6, 0)
#define PCI_HEADER_BRIDGE        1

#define PCI_CLASS_BRIDGE         0x06

struct pci_address {
    uint8_t bus;
    uint8_t device;   /* 0-31 */
    uint8_t function; /* 0-7 */
};

/* How to reach configuration space. All zero: mechanism 1, offsets below 256 only. */
struct pci_access {
    volatile uint8_t
        *ecam; /* mapping of first_bus's MiB, mapped uncached up to the end of last_bus's */
    uint8_t first_bus;
    uint8_t last_bus;
};

/*
 * One naturally aligned access. Where nothing answers, outside of what `access` reaches, or for an
 * unaligned offset, a read returns all ones and a write is dropped. Buses outside ECAM's range are
 * reached through the ports.
 */
uint8_t pci_read8(const struct pci_access *access, struct pci_address at, uint16_t offset);
uint16_t pci_read16(const struct pci_access *access, struct pci_address at, uint16_t offset);
uint32_t pci_read32(const struct pci_access *access, struct pci_address at, uint16_t offset);
void pci_write8(const struct pci_access *access, struct pci_address at, uint16_t offset,
                uint8_t value);
void pci_write16(const struct pci_access *access, struct pci_address at, uint16_t offset,
                 uint16_t value);
void pci_write32(const struct pci_access *access, struct pci_address at, uint16_t offset,
                 uint32_t value);

/* What a scan tells about a function that is there. */
struct pci_function {
    struct pci_address at;
    uint16_t vendor;
    uint16_t device;
    uint8_t class_code; /* base class, PCI_CLASS_... */
    uint8_t subclass;
    bool bridge; /* PCI-to-PCI: header layout 1 */
};

/*
 * Calls visit() once for every function: bus 0 first, the buses that bridges lead to, and, because
 * the buses of other host bridges are not found by walking, every further bus of the ECAM range.
 * Stops when visit() returns false, and then returns false, too.
 */
bool pci_scan(const struct pci_access *access,
              bool (*visit)(void *context, const struct pci_function *function), void *context);

/* First function on bus 0 with these ids. False: there is none. */
bool pci_find_on_bus0(const struct pci_access *access, uint16_t vendor, uint16_t device,
                      struct pci_address *found);

#endif
