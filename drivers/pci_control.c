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

#define EXPRESS_CAPS_HIGH   6 /* upper half of Device Capabilities; control and status follow */
#define EXPRESS_FLR         BIT(12)
#define EXPRESS_CONTROL     8
#define EXPRESS_START_FLR   BIT(15)
#define EXPRESS_STATUS      10
#define EXPRESS_PENDING     BIT(5)
#define AF_LENGTH           2 /* 8 bits; capabilities above */
#define AF_FLR              BIT(9)
#define AF_CONTROL          4 /* 8 bits; status above */
#define AF_START_FLR        BIT(0)
#define AF_PENDING          BIT(8)
#define PM_CONTROL          4 /* 16 bits */
#define PM_STATE            MASK(1, 0)
#define PM_D3HOT            3
#define PM_NO_SOFT_RESET    BIT(3)

#define PENDING_TRIES       10 /* of 10 ms: transactions are over within 100 ms */
#define READY_TRIES         10 /* of 100 ms: a function answers within 1 s of its reset */

/* The function that is worked on. Passing one pointer keeps this file's code small. */
struct target {
    const struct pci_access *access;
    struct pci_address at;
};

static __attribute__((noinline)) uint16_t get(const struct target *t, unsigned offset)
{
    return pci_read16(t->access, t->at, (uint16_t)offset);
}

static __attribute__((noinline)) void put(const struct target *t, unsigned offset, unsigned value)
{
    pci_write16(t->access, t->at, (uint16_t)offset, (uint16_t)value);
}

static uint8_t find(const struct target *t, uint8_t id)
{
    unsigned offset = get(t, CAPABILITIES) & 0xFC;
    if (!(get(t, STATUS) & STATUS_CAPABILITIES)) {
        return 0;
    }
    for (unsigned i = 0; i < CAPABILITIES_MAX && offset >= CAPABILITY_FIRST; i++) {
        uint16_t header = get(t, offset);
        if ((uint8_t)header == id) {
            return (uint8_t)offset;
        }
        offset = header >> 8 & 0xFC;
    }
    return 0;
}

uint8_t pci_find_capability(const struct pci_access *access, struct pci_address at, uint8_t id)
{
    return find(&(struct target){access, at}, id);
}

/* In the control register of MSI or MSI-X. */
static void clear_enable(const struct target *t, uint8_t id, uint16_t bit)
{
    unsigned capability = find(t, id);
    if (capability != 0) {
        put(t, capability + MESSAGE_CONTROL, get(t, capability + MESSAGE_CONTROL) & ~(unsigned)bit);
    }
}

bool pci_silence(const struct pci_access *access, struct pci_address at)
{
    const struct target t = {access, at};
    unsigned command = get(&t, PCI_COMMAND) & ~(unsigned)PCI_COMMAND_MASTER;
    put(&t, PCI_COMMAND, command | (unsigned)PCI_COMMAND_NO_INTX);
    clear_enable(&t, ID_MSI, MSI_ENABLE);
    clear_enable(&t, ID_MSIX, (uint16_t)MSIX_ENABLE);
    return (get(&t, PCI_COMMAND) & PCI_COMMAND_MASTER) == 0;
}

/* Waits until the function has no transaction outstanding, as a reset demands. */
static void wait_idle(const struct target *t, unsigned status, unsigned pending,
                      void (*wait_us)(uint64_t us))
{
    for (unsigned i = 0; i < PENDING_TRIES && (get(t, status) & pending); i++) {
        wait_us(10000);
    }
}

static bool reset_express(const struct target *t, unsigned express, unsigned control,
                          void (*wait_us)(uint64_t us))
{
    if (express == 0 || !(get(t, express + EXPRESS_CAPS_HIGH) & EXPRESS_FLR)) {
        return false;
    }
    wait_idle(t, express + EXPRESS_STATUS, EXPRESS_PENDING, wait_us);
    put(t, express + EXPRESS_CONTROL, control | (unsigned)EXPRESS_START_FLR);
    return true;
}

static bool reset_af(const struct target *t, void (*wait_us)(uint64_t us))
{
    unsigned af = find(t, ID_AF);
    if (af == 0 || !(get(t, af + AF_LENGTH) & AF_FLR)) {
        return false;
    }
    wait_idle(t, af + AF_CONTROL, AF_PENDING, wait_us);
    put(t, af + AF_CONTROL, AF_START_FLR);
    return true;
}

/* To D0; through D3hot when that resets. Coming to D0 takes 10 ms. */
static bool reset_power(const struct target *t, bool reset, void (*wait_us)(uint64_t us))
{
    unsigned pm = find(t, ID_PM);
    if (pm == 0) {
        return false;
    }
    unsigned control = get(t, pm + PM_CONTROL) & ~(unsigned)PM_STATE;
    reset = reset && !(control & PM_NO_SOFT_RESET);
    if (reset) {
        put(t, pm + PM_CONTROL, control | PM_D3HOT);
        wait_us(10000);
    }
    put(t, pm + PM_CONTROL, control);
    wait_us(10000);
    return reset;
}

enum pci_reset pci_reset_function(const struct pci_access *access, struct pci_address at,
                                  void (*wait_us)(uint64_t us))
{
    const struct target t = {access, at};
    uint32_t header[HEADER_DWORDS];
    unsigned express = find(&t, ID_EXPRESS);
    unsigned control = get(&t, express + EXPRESS_CONTROL);
    enum pci_reset done = PCI_RESET_NONE;
    for (unsigned i = 0; i < HEADER_DWORDS; i++) {
        header[i] = pci_read32(access, at, (uint16_t)(CACHE_LINE + 4 * i));
    }
    put(&t, PCI_COMMAND, PCI_COMMAND_NO_INTX);
    if (reset_express(&t, express, control, wait_us) || reset_af(&t, wait_us)) {
        done = PCI_RESET_FUNCTION;
        wait_us(100000);
    }
    for (unsigned i = 0; i < READY_TRIES && get(&t, PCI_VENDOR_ID) == UINT16_MAX; i++) {
        wait_us(100000);
    }
    if (reset_power(&t, done == PCI_RESET_NONE, wait_us)) {
        done = PCI_RESET_POWER;
    }
    for (unsigned i = 0; i < HEADER_DWORDS; i++) {
        pci_write32(access, at, (uint16_t)(CACHE_LINE + 4 * i), header[i]);
    }
    if (express != 0) {
        put(&t, express + EXPRESS_CONTROL, control);
    }
    put(&t, PCI_COMMAND, PCI_COMMAND_NO_INTX);
    return done;
}

void pci_write_msi(const struct pci_access *access, struct pci_address at, uint32_t address,
                   uint16_t data, bool enable)
{
    const struct target t = {access, at};
    unsigned msi = find(&t, ID_MSI);
    if (msi == 0) {
        return;
    }
    unsigned control = get(&t, msi + MESSAGE_CONTROL) & ~(unsigned)(MSI_ENABLE | MSI_MULTIPLE);
    put(&t, msi + MESSAGE_CONTROL, control);
    if (!enable) {
        return;
    }
    put(&t, msi + 4, address);
    put(&t, msi + 6, address >> 16);
    msi += 8;
    if (control & MSI_64BIT) {
        put(&t, msi, 0);
        put(&t, msi + 2, 0);
        msi += 4;
    }
    put(&t, msi, data);
    if (control & MSI_MASKING) {
        pci_write32(access, at, (uint16_t)(msi + 4), 0);
    }
    put(&t, find(&t, ID_MSI) + MESSAGE_CONTROL, control | (unsigned)MSI_ENABLE);
}
