/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lays out a PVH kernel (Xen's "x86/HVM direct boot ABI", hvm_start_info version 1): segments at
 * their physical addresses, modules, and one low block with GDT, start info, module list, memory
 * map and strings. Called by image_layout().
 */
#include "boot/image/layout.h"

enum {
    INFO_MAGIC = 0,
    INFO_VERSION = 4,
    INFO_FLAGS = 8,
    INFO_NR_MODULES = 12,
    INFO_MODLIST_PADDR = 16,
    INFO_CMDLINE_PADDR = 24,
    INFO_RSDP_PADDR = 32,
    INFO_MEMMAP_PADDR = 40, /* from here on since version 1 */
    INFO_MEMMAP_ENTRIES = 48,
    INFO_SIZE = 56,

    MODULE_PADDR = 0,
    MODULE_SIZE = 8,
    MODULE_CMDLINE_PADDR = 16,
    MODULE_ENTRY_SIZE = 32,

    MEMMAP_ADDR = 0,
    MEMMAP_SIZE = 8,
    MEMMAP_TYPE = 16,
    MEMMAP_ENTRY_SIZE = 24,
};

#define HVM_START_MAGIC 0x336EC578

static uint64_t part_size(const struct layout *l, const struct layout_modules *modules)
{
    uint64_t size = LAYOUT_GDT_SIZE + INFO_SIZE + LAYOUT_E820_MAX * MEMMAP_ENTRY_SIZE +
                    layout_carve_size(strlen(layout_bootargs(l)) + 1);
    for (uint32_t i = 0; i < modules->count; i++) {
        size += MODULE_ENTRY_SIZE + layout_carve_size(strlen(modules->strings[i]) + 1);
    }
    return size;
}

static void write_modules(const struct layout_modules *modules, struct layout_part *part,
                          uint8_t *info)
{
    uint64_t list_gpa;
    uint8_t *list = layout_carve(part, (uint64_t)modules->count * MODULE_ENTRY_SIZE, &list_gpa);
    for (uint32_t i = 0; i < modules->count; i++) {
        uint8_t *entry = list + i * MODULE_ENTRY_SIZE;
        image_put64(entry, MODULE_PADDR, modules->gpa[i]);
        image_put64(entry, MODULE_SIZE, modules->files[i].size);
        image_put64(entry, MODULE_CMDLINE_PADDR, layout_carve_string(part, modules->strings[i]));
    }
    image_put32(info, INFO_NR_MODULES, modules->count);
    image_put64(info, INFO_MODLIST_PADDR, modules->count == 0 ? 0 : list_gpa);
}

static void write_memmap(const struct layout *l, struct layout_part *part, uint8_t *info)
{
    struct e820_entry map[LAYOUT_E820_MAX];
    const uint32_t count = layout_memory_map(l, map);
    uint64_t gpa;
    uint8_t *list = layout_carve(part, (uint64_t)count * MEMMAP_ENTRY_SIZE, &gpa);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *entry = list + i * MEMMAP_ENTRY_SIZE;
        image_put64(entry, MEMMAP_ADDR, map[i].gpa);
        image_put64(entry, MEMMAP_SIZE, map[i].size);
        image_put32(entry, MEMMAP_TYPE, map[i].type);
    }
    image_put64(info, INFO_MEMMAP_PADDR, gpa);
    image_put32(info, INFO_MEMMAP_ENTRIES, count);
}

bool layout_pvh(struct layout *l)
{
    const struct layout_module_rule rule = {
        .default_place = IMAGE_RAMDISK_HIGH, .end = LAYOUT_4G, .above_4g = true};
    struct layout_modules modules;
    if (!layout_segments(l) || !layout_place_modules(l, &rule, &modules)) {
        return false;
    }
    struct layout_part part;
    if (!layout_part_low(l, part_size(l, &modules), &part)) {
        return false;
    }
    struct vm_start *start = &l->plan->start;
    uint8_t *info = layout_carve(&part, INFO_SIZE, &start->rbx);
    image_put32(info, INFO_MAGIC, HVM_START_MAGIC);
    image_put32(info, INFO_VERSION, 1);
    write_modules(&modules, &part, info);
    write_memmap(l, &part, info);
    image_put64(info, INFO_CMDLINE_PADDR, layout_carve_string(&part, layout_bootargs(l)));
    image_put64(info, INFO_RSDP_PADDR, l->placement->rsdp.v);
    layout_carve_gdt(l, &part, false);
    start->rip = l->request->kernel->entry;
    start->mode = VM_START_PROT32;
    return true;
}
