/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual PCI bus of a VM: configuration mechanism 1 at ports 0xCF8 and 0xCFC (PCI Local Bus
 * Specification 3.0, "Configuration Mechanism #1"), one bus with a host bridge at 00.0 and the
 * functions that were handed over; everything else is absent and reads ones. The port router calls
 * vpci_ops for the guest's accesses; the kernel adds functions before the guest runs.
 *
 * A function handed over is seen through a filter (vpci_function.c has the table): BARs can be
 * sized but stay where they are, the command register's decode, bus master and INTx bits reach the
 * device, Interrupt Line is the guest's scratch byte, MSI is kept here and told to the kernel, and
 * everything else is read only. MSI-X and expansion ROMs are hidden.
 */
#ifndef DRIVERS_VPCI_H
#define DRIVERS_VPCI_H

#include "drivers/device.h"

#define VPCI_PORT_COUNT   8 /* from GUEST_PCI_CONFIG_PORT */
#define VPCI_FUNCTION_MAX 8
#define VPCI_BAR_COUNT    6

/* The address register, spec's "CONFIG_ADDRESS". */
#define VPCI_ADDRESS_ENABLE   BIT(31)
#define VPCI_ADDRESS_BUS      MASK(23, 16)
#define VPCI_ADDRESS_DEVFN    MASK(15, 8) /* device in bits 15:11, function in 10:8 */
#define VPCI_ADDRESS_REGISTER MASK(7, 2)

/* device 0-31, function 0-7 as one number. */
#define VPCI_DEVFN(device, function) ((uint8_t)((device) << 3 | (function)))

/* One of a function's base address registers, as the machine's firmware left it. */
struct vpci_bar {
    uint32_t value; /* address and type bits */
    uint32_t mask;  /* what reads back after all ones, without the type bits; 0: no such BAR */
};

/* What the guest has programmed into a function's MSI capability; unchecked. */
struct vpci_msi {
    bool enabled;
    uint16_t data;
    uint64_t address;
};

/*
 * The real function. reg and size: a naturally aligned access of 1, 2 or 4 bytes below 256. All run
 * on the guest's CPU in the course of its access, or inside vpci_add_function().
 */
struct vpci_backend {
    uint32_t (*read)(void *context, unsigned reg, unsigned size);
    void (*write)(void *context, unsigned reg, unsigned size, uint32_t value);
    /* The guest changed MSI while it is enabled, or turned it on or off. NULL: MSI is hidden. */
    void (*msi_changed)(void *context, const struct vpci_msi *msi);
    void *context;
};

struct vpci_function {
    struct vpci_backend backend; /* wiring and what was found: kept over a reset */
    uint8_t devfn;
    uint8_t reset_line;   /* Interrupt Line after a reset */
    uint8_t capabilities; /* offset of the first one shown; 0: none */
    uint8_t msi_offset;   /* of the MSI capability; 0: not shown */
    bool msi_64bit;
    uint8_t next[64]; /* by offset / 4: next pointer of a capability shown there */
    struct vpci_bar bars[VPCI_BAR_COUNT];

    uint8_t interrupt_line;
    uint8_t sizing; /* bit n: BAR n was written with ones and reads its mask */
    struct vpci_msi msi;
};

struct vpci {
    const struct device_ops *cf9_ops; /* who has the byte at port 0xCF9; NULL: nobody */
    void *cf9_device;
    uint32_t address; /* CONFIG_ADDRESS */
    unsigned function_count;
    struct vpci_function functions[VPCI_FUNCTION_MAX];
};

/* A bus with the host bridge alone. */
void vpci_init(struct vpci *pci);

/*
 * For a restart of the VM: address register, sizing, interrupt lines and MSI as at first; MSI that
 * was on is turned off through the backend. Does not reset the devices: that is the kernel's.
 */
void vpci_reset(struct vpci *pci);

/* Byte accesses to port 0xCF9 (chipsets' reset control) go to offset 0 of this device. */
void vpci_set_cf9(struct vpci *pci, const struct device_ops *ops, void *device);

enum vpci_error {
    VPCI_OK,
    VPCI_FULL,            /* VPCI_FUNCTION_MAX functions are there */
    VPCI_TAKEN,           /* another function, or the host bridge, has this devfn */
    VPCI_ABSENT,          /* the backend's vendor id reads ones */
    VPCI_NOT_AN_ENDPOINT, /* header layout other than 0 */
};

/*
 * Puts a function onto the bus at devfn; guests find function numbers other than 0 only beside a
 * function 0. Reads the function's header and capabilities and sizes its BARs: memory and I/O
 * decoding are off for that moment, so only before a guest uses the device. interrupt_line is what
 * the guest finds there at first. On VPCI_OK, *added is the function: its bars[] tell what to map.
 */
enum vpci_error vpci_add_function(struct vpci *pci, uint8_t devfn,
                                  const struct vpci_backend *backend, uint8_t interrupt_line,
                                  const struct vpci_function **added);

/*
 * Ports 0xCF8 to 0xCFF. CONFIG_ADDRESS takes 32-bit accesses only; CONFIG_DATA takes any that stay
 * inside it; an access across both reads ones and writes nothing.
 */
extern const struct device_ops vpci_ops;

#endif
