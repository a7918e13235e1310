/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory map that a guest is given (e820, Multiboot's mmap, PVH's memmap) and the window for
 * PCI BARs that goes with it. RAM is usable but for the range below 1 MiB that PCs keep for
 * firmware. Called by the layouts; what is not in the map is no memory.
 */
#include "boot/image/layout.h"
#include "drivers/guest_platform.h"

static void add(struct e820_entry *out, uint32_t *count, uint64_t first, uint64_t end,
                enum e820_type type)
{
    if (first < end) {
        out[(*count)++] = (struct e820_entry){first, end - first, type};
    }
}

uint32_t layout_memory_map(const struct layout *l, struct e820_entry out[LAYOUT_E820_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < l->placer.ram_count; i++) {
        const struct place_range *ram = &l->placer.ram[i];
        add(out, &count, ram->first, MIN(ram->end, (uint64_t)GUEST_LOW_RAM_END), E820_RAM);
    }
    add(out, &count, GUEST_LOW_RAM_END, GUEST_HIGH_RAM, E820_RESERVED);
    for (uint32_t i = 0; i < l->placer.ram_count; i++) {
        const struct place_range *ram = &l->placer.ram[i];
        add(out, &count, MAX(ram->first, (uint64_t)GUEST_HIGH_RAM), ram->end, E820_RAM);
    }
    return count;
}

uint32_t layout_pci_window(const struct layout *l)
{
    uint64_t first = GUEST_HIGH_RAM;
    for (uint32_t i = 0; i < l->placer.ram_count; i++) {
        const struct place_range *ram = &l->placer.ram[i];
        if (ram->first < GUEST_PCI_MMIO_END) {
            first = MAX(first, ram->end);
        }
    }
    return (uint32_t)align_up(MIN(first, (uint64_t)GUEST_PCI_MMIO_END - MIB(1)), MIB(1));
}
