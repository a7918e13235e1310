/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and sizes base address registers: see the header. The device's answers are not trusted to
 * be sound: a size is made a power of two by its lowest bit.
 */
#include "drivers/pci_bars.h"

#include "kernel/string.h"

#define BAR0         0x10
#define BAR_IO       BIT(0)
#define BAR_IO_BITS  3U
#define BAR_MEM_BITS 0xFU
#define BAR_TYPE     MASK(2, 1)
#define BAR_TYPE_64  4U
#define DECODE       (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

/* The register, and what it reads after all ones when sizes are wanted. */
static uint32_t read_register(const struct pci_access *access, struct pci_address at,
                              unsigned index, uint32_t *ones)
{
    uint16_t offset = (uint16_t)(BAR0 + 4 * index);
    uint32_t value = pci_read32(access, at, offset);
    if (ones != NULL) {
        pci_write32(access, at, offset, UINT32_MAX);
        *ones = pci_read32(access, at, offset);
        pci_write32(access, at, offset, value);
    }
    return value;
}

/* One BAR; returns how many registers it takes. */
static unsigned read_bar(const struct pci_access *access, struct pci_address at, unsigned index,
                         bool sizes, struct vm_pci_bar *bar)
{
    uint32_t ones = UINT32_MAX;
    uint32_t value = read_register(access, at, index, sizes ? &ones : NULL);
    bool io = (value & BAR_IO) != 0;
    bool wide = !io && (value & BAR_TYPE) == BAR_TYPE_64 && index + 1 < VM_PCI_BARS;
    uint32_t type_bits = io ? BAR_IO_BITS : BAR_MEM_BITS;
    uint64_t address = value & ~type_bits;
    uint64_t mask = ones & ~type_bits;
    if (wide) {
        uint32_t high_ones = UINT32_MAX;
        uint32_t high = read_register(access, at, index + 1, sizes ? &high_ones : NULL);
        address |= (uint64_t)high << 32;
        mask |= (uint64_t)high_ones << 32;
    }
    if (io) {
        address &= UINT16_MAX; /* the processor has no more ports; the upper half may read 0 */
        mask &= UINT16_MAX;
    }
    bar->address = address;
    bar->io = io;
    bar->size = sizes ? mask & (0 - mask) : address != 0;
    return wide ? 2 : 1;
}

void pci_read_bars(const struct pci_access *access, struct pci_address at, bool sizes,
                   struct vm_pci_bar *bars)
{
    uint16_t command = pci_read16(access, at, PCI_COMMAND);
    memset(bars, 0, VM_PCI_BARS * sizeof(*bars));
    if (sizes) {
        pci_write16(access, at, PCI_COMMAND, command & (uint16_t)~DECODE);
    }
    for (unsigned i = 0; i < VM_PCI_BARS;) {
        i += read_bar(access, at, i, sizes, &bars[i]);
    }
    if (sizes) {
        pci_write16(access, at, PCI_COMMAND, command);
    }
}
