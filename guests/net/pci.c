/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's PCI bus, as far as one network card goes.
 */
#include "guests/net/pci.h"

#include <stddef.h>

#include "guests/runtime/cpu.h"

#define PORT_ADDRESS        0xcf8
#define PORT_DATA           0xcfc
#define ADDRESS_ENABLE      (1u << 31)

#define REG_ID              0x00u
#define REG_COMMAND         0x04u
#define REG_BAR0            0x10u
#define REG_BAR1            0x14u
#define REG_INTERRUPT       0x3cu

#define COMMAND_MEMORY      (1u << 1)
#define COMMAND_MASTER      (1u << 2)
#define COMMAND_INTX_OFF    (1u << 10)
#define BAR_PORT            (1u << 0)
#define BAR_64BIT           (2u << 1)
#define BAR_TYPE            (3u << 1)

#define VENDOR_INTEL        0x8086u
#define DEVICES_ON_BUS      32
#define FUNCTIONS_OF_DEVICE 8

/* Cards with the same registers and legacy descriptors. */
static const uint16_t known[] = {
    0x100e, /* 82540EM */
    0x100f, /* 82545EM */
    PCI_DEVICE_82574L,
};

static void select(const struct pci_nic *nic, uint32_t offset)
{
    cpu_out32(PORT_ADDRESS,
              ADDRESS_ENABLE | (uint32_t)nic->device << 11 | (uint32_t)nic->function << 8 | offset);
}

static uint32_t read32(const struct pci_nic *nic, uint32_t offset)
{
    select(nic, offset);
    return cpu_in32(PORT_DATA);
}

static bool is_known(uint32_t id)
{
    if ((id & 0xffff) != VENDOR_INTEL) {
        return false;
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (id >> 16 == known[i]) {
            return true;
        }
    }
    return false;
}

static bool find(struct pci_nic *nic)
{
    for (uint32_t i = 0; i < DEVICES_ON_BUS * FUNCTIONS_OF_DEVICE; i++) {
        nic->device = (uint8_t)(i / FUNCTIONS_OF_DEVICE);
        nic->function = (uint8_t)(i % FUNCTIONS_OF_DEVICE);
        uint32_t id = read32(nic, REG_ID);
        if (is_known(id)) {
            nic->device_id = (uint16_t)(id >> 16);
            return true;
        }
        if (nic->function == 0 && id == UINT32_MAX) {
            i += FUNCTIONS_OF_DEVICE - 1;
        }
    }
    return false;
}

bool pci_find_nic(struct pci_nic *nic)
{
    if (!find(nic)) {
        return false;
    }
    uint32_t bar = read32(nic, REG_BAR0);
    if ((bar & BAR_PORT) != 0 || (bar & ~0xfu) == 0 ||
        ((bar & BAR_TYPE) == BAR_64BIT && read32(nic, REG_BAR1) != 0)) {
        return false;
    }
    nic->bar0 = bar & ~0xfu;
    nic->interrupt_line = (uint8_t)read32(nic, REG_INTERRUPT);
    uint32_t command = read32(nic, REG_COMMAND) & 0xffff;
    command = (command | COMMAND_MEMORY | COMMAND_MASTER) & ~COMMAND_INTX_OFF;
    select(nic, REG_COMMAND);
    cpu_out32(PORT_DATA, command); /* ones clear bits of Status: zeros leave them */
    return true;
}
