/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Silencing and resetting PCI functions, and their MSI: see the header. Called by the kernel on
 * one CPU at a time. What the device answers is not trusted to be sound: every walk and every wait
 * has an end.
 */
#include "drivers/pci_control.h"

#define STATUS              0x06
#define STATUS_CAPABILITIES BIT(4)
#define CACHE_LINE          0x0C
#define BAR0                0x10
#define HEADER_DWORDS       13 /* from CACHE_LINE to Interrupt Line */
#define CAPABILITIES        0x34
#define CAPABILITY_FIRST    0x40
#define CAPABILITIES_MAX    48
#define ID_PM               0x01
#define ID_MSI              0x05
#define ID_EXPRESS          0x10
#define ID_MSIX             0x11
#define ID_AF               0x13

#define MESSAGE_CONTROL     2 /* of MSI and MSI-X */
#define MSI_ENABLE          BIT(0)
#define MSI_MULTIPLE        MASK(6, 4)
#define MSI_64BIT           BIT(7)
#define MSI_MASKING         BIT(8)
#define MSIX_ENABLE         BIT(15)

#define EXPRESS_CAPS        4 /* Device Capabilities, 32 bits; then control and status */
#define EXPRESS_FLR         BIT(28)
#define EXPRESS_CONTROL     8
#define EXPRESS_START_FLR   BIT(15)
#define EXPRESS_STATUS      10
#define EXPRESS_PENDING     BIT(5)
#define AF_CAPS             3 /* 8 bits each */
#define AF_FLR              BIT(1)
#define AF_CONTROL          4
#define AF_STATUS           5
#define AF_PENDING          BIT(0)
#define PM_CONTROL          4 /* 16 bits */
#define PM_STATE            MASK(1, 0)
#define PM_D3HOT            3
#define PM_NO_SOFT_RESET    BIT(3)

#define PENDING_TRIES       10 /* of 10 ms: transactions are over within 100 ms */
#define READY_TRIES         10 /* of 100 ms: a function answers within 1 s of its reset */

uint8_t pci_find_capability(const struct pci_access *access, struct pci_address at, uint8_t id)
{
    uint8_t offset = pci_read8(access, at, CAPABILITIES) & 0xFC;
    if (!(pci_read16(access, at, STATUS) & STATUS_CAPABILITIES)) {
        return 0;
    }
    for (unsigned i = 0; i < CAPABILITIES_MAX && offset >= CAPABILITY_FIRST; i++) {
        uint16_t header = pci_read16(access, at, offset);
        if ((uint8_t)header == id) {
            return offset;
        }
        offset = (uint8_t)(header >> 8 & 0xFC);
    }
    return 0;
}

static void clear_bits(const struct pci_access *access, struct pci_address at, uint8_t capability,
                       uint16_t bits)
{
    if (capability != 0) {
        uint16_t offset = (uint16_t)(capability + MESSAGE_CONTROL);
        pci_write16(access, at, offset, pci_read16(access, at, offset) & (uint16_t)~bits);
    }
}

void pci_silence(const struct pci_access *access, struct pci_address at)
{
    uint16_t command = pci_read16(access, at, PCI_COMMAND);
    command &= (uint16_t)~PCI_COMMAND_MASTER;
    pci_write16(access, at, PCI_COMMAND, command | (uint16_t)PCI_COMMAND_NO_INTX);
    clear_bits(access, at, pci_find_capability(access, at, ID_MSI), MSI_ENABLE);
    clear_bits(access, at, pci_find_capability(access, at, ID_MSIX), MSIX_ENABLE);
}

/* Waits until the function has no transaction outstanding, as a reset demands. */
static void wait_idle(const struct pci_access *access, struct pci_address at, uint16_t status,
                      uint8_t pending, void (*wait_us)(uint64_t us))
{
    for (unsigned i = 0; i < PENDING_TRIES && (pci_read8(access, at, status) & pending); i++) {
        wait_us(10000);
    }
}

static bool reset_express(const struct pci_access *access, struct pci_address at, uint8_t express,
                          uint16_t control, void (*wait_us)(uint64_t us))
{
    if (express == 0 || !(pci_read32(access, at, express + EXPRESS_CAPS) & EXPRESS_FLR)) {
        return false;
    }
    wait_idle(access, at, express + EXPRESS_STATUS, EXPRESS_PENDING, wait_us);
    pci_write16(access, at, express + EXPRESS_CONTROL, control | (uint16_t)EXPRESS_START_FLR);
    return true;
}

static bool reset_af(const struct pci_access *access, struct pci_address at,
                     void (*wait_us)(uint64_t us))
{
    uint8_t af = pci_find_capability(access, at, ID_AF);
    if (af == 0 || !(pci_read8(access, at, af + AF_CAPS) & AF_FLR)) {
        return false;
    }
    wait_idle(access, at, af + AF_STATUS, AF_PENDING, wait_us);
    pci_write8(access, at, af + AF_CONTROL, 1);
    return true;
}

/* To D0; through D3hot when that resets. Coming to D0 takes 10 ms. */
static bool reset_power(const struct pci_access *access, struct pci_address at, bool reset,
                        void (*wait_us)(uint64_t us))
{
    uint8_t pm = pci_find_capability(access, at, ID_PM);
    if (pm == 0) {
        return false;
    }
    uint16_t control = pci_read16(access, at, pm + PM_CONTROL) & (uint16_t)~PM_STATE;
    reset = reset && !(control & PM_NO_SOFT_RESET);
    if (reset) {
        pci_write16(access, at, pm + PM_CONTROL, control | PM_D3HOT);
        wait_us(10000);
    }
    pci_write16(access, at, pm + PM_CONTROL, control);
    wait_us(10000);
    return reset;
}

enum pci_reset pci_reset_function(const struct pci_access *access, struct pci_address at,
                                  void (*wait_us)(uint64_t us))
{
    uint32_t header[HEADER_DWORDS];
    uint8_t express = pci_find_capability(access, at, ID_EXPRESS);
    uint16_t control = pci_read16(access, at, express + EXPRESS_CONTROL);
    enum pci_reset done = PCI_RESET_NONE;
    for (unsigned i = 0; i < HEADER_DWORDS; i++) {
        header[i] = pci_read32(access, at, (uint16_t)(CACHE_LINE + 4 * i));
    }
    pci_write16(access, at, PCI_COMMAND, (uint16_t)PCI_COMMAND_NO_INTX);
    if (reset_express(access, at, express, control, wait_us) || reset_af(access, at, wait_us)) {
        done = PCI_RESET_FUNCTION;
        wait_us(100000);
    }
    for (unsigned i = 0; i < READY_TRIES && pci_read16(access, at, PCI_VENDOR_ID) == UINT16_MAX;
         i++) {
        wait_us(100000);
    }
    if (reset_power(access, at, done == PCI_RESET_NONE, wait_us)) {
        done = PCI_RESET_POWER;
    }
    for (unsigned i = 0; i < HEADER_DWORDS; i++) {
        pci_write32(access, at, (uint16_t)(CACHE_LINE + 4 * i), header[i]);
    }
    if (express != 0) {
        pci_write16(access, at, express + EXPRESS_CONTROL, control);
    }
    pci_write16(access, at, PCI_COMMAND, (uint16_t)PCI_COMMAND_NO_INTX);
    return done;
}

void pci_write_msi(const struct pci_access *access, struct pci_address at, uint32_t address,
                   uint16_t data, bool enable)
{
    uint8_t msi = pci_find_capability(access, at, ID_MSI);
    if (msi == 0) {
        return;
    }
    uint16_t control = pci_read16(access, at, msi + MESSAGE_CONTROL);
    uint8_t data_offset = control & MSI_64BIT ? msi + 12 : msi + 8;
    control &= (uint16_t) ~(MSI_ENABLE | MSI_MULTIPLE);
    pci_write16(access, at, msi + MESSAGE_CONTROL, control);
    if (!enable) {
        return;
    }
    pci_write32(access, at, msi + 4, address);
    if (control & MSI_64BIT) {
        pci_write32(access, at, msi + 8, 0);
    }
    pci_write16(access, at, data_offset, data);
    if (control & MSI_MASKING) {
        pci_write32(access, at, data_offset + 4, 0);
    }
    pci_write16(access, at, msi + MESSAGE_CONTROL, control | (uint16_t)MSI_ENABLE);
}
