/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's PCI configuration space by ECAM or by configuration mechanism 1. Called by the loader
 * and by the kernel on one CPU at a time: port 0xCF8 is machine-wide state. Decides nothing about
 * devices.
 */
#include "drivers/pci.h"

#include "kernel/io.h"

#define PCI_CONFIG_ADDRESS    0xCF8
#define PCI_CONFIG_DATA       0xCFC
#define PCI_CONFIG_ENABLE     BIT(31)
#define PCI_PORT_OFFSET_MAX   0xFF
#define PCI_ECAM_OFFSET_MAX   0xFFF
#define PCI_BUSES             256
#define PCI_DEVICES           32
#define PCI_FUNCTIONS         8
#define PCI_NO_DEVICE         0xFFFF
#define PCI_BRIDGE_PCI_TO_PCI 4 /* subclass of PCI_CLASS_BRIDGE */

/* Where an access goes: to device memory, to the data port after selecting it, or nowhere. */
struct target {
    volatile uint8_t *mmio;
    uint16_t port;
};

static bool in_ecam(const struct pci_access *access, uint8_t bus)
{
    return access->ecam != NULL && bus >= access->first_bus && bus <= access->last_bus;
}

static bool select_target(const struct pci_access *access, struct pci_address at, uint16_t offset,
                          unsigned size, struct target *target)
{
    uint32_t function = (uint32_t)at.device << 3 | at.function;
    if (offset % size != 0 || at.device >= PCI_DEVICES || at.function >= PCI_FUNCTIONS) {
        return false;
    }
    if (in_ecam(access, at.bus)) {
        uint32_t from_first = (uint32_t)(at.bus - access->first_bus) << 20 | function << 12;
        *target = (struct target){access->ecam + from_first + offset, 0};
        return offset <= PCI_ECAM_OFFSET_MAX;
    }
    if (offset > PCI_PORT_OFFSET_MAX) {
        return false;
    }
    outl(PCI_CONFIG_ADDRESS,
         (uint32_t)PCI_CONFIG_ENABLE | (uint32_t)at.bus << 16 | function << 8 | (offset & 0xFCu));
    *target = (struct target){NULL, (uint16_t)(PCI_CONFIG_DATA + offset % 4)};
    return true;
}

uint8_t pci_read8(const struct pci_access *access, struct pci_address at, uint16_t offset)
{
    struct target target;
    if (!select_target(access, at, offset, 1, &target)) {
        return UINT8_MAX;
    }
    return target.mmio != NULL ? mmio_read8(target.mmio) : inb(target.port);
}

uint16_t pci_read16(const struct pci_access *access, struct pci_address at, uint16_t offset)
{
    struct target target;
    if (!select_target(access, at, offset, 2, &target)) {
        return UINT16_MAX;
    }
    return target.mmio != NULL ? mmio_read16(target.mmio) : inw(target.port);
}

uint32_t pci_read32(const struct pci_access *access, struct pci_address at, uint16_t offset)
{
    struct target target;
    if (!select_target(access, at, offset, 4, &target)) {
        return UINT32_MAX;
    }
    return target.mmio != NULL ? mmio_read32(target.mmio) : inl(target.port);
}

void pci_write8(const struct pci_access *access, struct pci_address at, uint16_t offset,
                uint8_t value)
{
    struct target target;
    if (!select_target(access, at, offset, 1, &target)) {
        return;
    }
    if (target.mmio != NULL) {
        mmio_write8(target.mmio, value);
    } else {
        outb(target.port, value);
    }
}

void pci_write16(const struct pci_access *access, struct pci_address at, uint16_t offset,
                 uint16_t value)
{
    struct target target;
    if (!select_target(access, at, offset, 2, &target)) {
        return;
    }
    if (target.mmio != NULL) {
        mmio_write16(target.mmio, value);
    } else {
        outw(target.port, value);
    }
}

void pci_write32(const struct pci_access *access, struct pci_address at, uint16_t offset,
                 uint32_t value)
{
    struct target target;
    if (!select_target(access, at, offset, 4, &target)) {
        return;
    }
    if (target.mmio != NULL) {
        mmio_write32(target.mmio, value);
    } else {
        outl(target.port, value);
    }
}

struct scan {
    const struct pci_access *access;
    bool (*visit)(void *context, const struct pci_function *function);
    void *context;
    bool found[PCI_BUSES]; /* a bridge leads to this bus */
    bool scanned[PCI_BUSES];
};

static bool is_bridge(uint8_t class_code, uint8_t subclass, uint8_t header)
{
    return class_code == PCI_CLASS_BRIDGE && subclass == PCI_BRIDGE_PCI_TO_PCI &&
           (header & PCI_HEADER_LAYOUT) == PCI_HEADER_BRIDGE;
}

/* The function at this address, when there is one. */
static bool read_function(const struct pci_access *access, struct pci_address at,
                          struct pci_function *function, uint8_t *header)
{
    uint32_t ids = pci_read32(access, at, PCI_VENDOR_ID);
    if ((ids & UINT16_MAX) == PCI_NO_DEVICE) {
        return false;
    }
    uint32_t class_revision = pci_read32(access, at, PCI_CLASS_REVISION);
    *header = pci_read8(access, at, PCI_HEADER_TYPE);
    *function = (struct pci_function){
        .at = at,
        .vendor = (uint16_t)ids,
        .device = (uint16_t)(ids >> 16),
        .class_code = (uint8_t)(class_revision >> 24),
        .subclass = (uint8_t)(class_revision >> 16),
    };
    function->bridge = is_bridge(function->class_code, function->subclass, *header);
    return true;
}

static bool scan_device(struct scan *scan, uint8_t bus, uint8_t device)
{
    uint8_t functions = 1;
    for (uint8_t number = 0; number < functions; number++) {
        struct pci_address at = {bus, device, number};
        struct pci_function function;
        uint8_t header;
        if (!read_function(scan->access, at, &function, &header)) {
            continue;
        }
        if ((header & PCI_HEADER_MULTIFUNCTION) != 0) {
            functions = PCI_FUNCTIONS;
        }
        if (function.bridge) {
            scan->found[pci_read8(scan->access, at, PCI_SECONDARY_BUS)] = true;
        }
        if (!scan->visit(scan->context, &function)) {
            return false;
        }
    }
    return true;
}

static bool scan_bus(struct scan *scan, uint8_t bus)
{
    scan->scanned[bus] = true;
    for (uint8_t device = 0; device < PCI_DEVICES; device++) {
        if (!scan_device(scan, bus, device)) {
            return false;
        }
    }
    return true;
}

/* Every bus found and not yet scanned, until bridges lead to no new one. */
static bool scan_found(struct scan *scan)
{
    for (unsigned bus = 0; bus < PCI_BUSES; bus++) {
        if (!scan->found[bus] || scan->scanned[bus]) {
            continue;
        }
        if (!scan_bus(scan, (uint8_t)bus)) {
            return false;
        }
        bus = 0; /* a bridge may lead to a lower bus; 0 itself has been scanned */
    }
    return true;
}

bool pci_scan(const struct pci_access *access,
              bool (*visit)(void *context, const struct pci_function *function), void *context)
{
    struct scan scan = {.access = access, .visit = visit, .context = context};
    scan.found[0] = true;
    if (!scan_found(&scan)) {
        return false;
    }
    for (unsigned bus = 0; bus < PCI_BUSES; bus++) {
        if (in_ecam(access, (uint8_t)bus) && !scan.scanned[bus]) {
            scan.found[bus] = true;
            if (!scan_found(&scan)) {
                return false;
            }
        }
    }
    return true;
}

struct search {
    uint16_t vendor;
    uint16_t device;
    bool done;
    struct pci_address at;
};

/* Ends the scan at the function looked for, and behind bus 0, which comes first. */
static bool is_searched(void *context, const struct pci_function *function)
{
    struct search *search = context;
    if (function->at.bus != 0) {
        return false;
    }
    if (function->vendor != search->vendor || function->device != search->device) {
        return true;
    }
    search->done = true;
    search->at = function->at;
    return false;
}

bool pci_find_on_bus0(const struct pci_access *access, uint16_t vendor, uint16_t device,
                      struct pci_address *found)
{
    struct search search = {.vendor = vendor, .device = device};
    pci_scan(access, is_searched, &search);
    if (search.done) {
        *found = search.at;
    }
    return search.done;
}
