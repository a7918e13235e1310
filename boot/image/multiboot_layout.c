/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lays out a Multiboot 1 kernel ("Multiboot Specification version 0.6.96", "Machine state" and
 * "Boot information format"): segments at their physical addresses, modules, and one low block
 * with GDT, information structure, module list, memory map and strings. Called by image_layout().
 */
#include "boot/image/layout.h"
#include "drivers/guest_platform.h"

enum {
    INFO_FLAGS = 0,
    INFO_MEM_LOWER = 4, /* KiB from 0 */
    INFO_MEM_UPPER = 8, /* KiB from 1 MiB up to the first hole */
    INFO_CMDLINE = 16,
    INFO_MODS_COUNT = 20,
    INFO_MODS_ADDR = 24,
    INFO_MMAP_LENGTH = 44,
    INFO_MMAP_ADDR = 48,
    INFO_BOOT_LOADER_NAME = 64,
    INFO_SIZE = 116,

    MODULE_START = 0,
    MODULE_END = 4, /* exclusive */
    MODULE_STRING = 8,
    MODULE_ENTRY_SIZE = 16,

    MMAP_SIZE = 0, /* of the entry without this field */
    MMAP_ADDR = 4,
    MMAP_LENGTH = 12,
    MMAP_TYPE = 20,
    MMAP_ENTRY_SIZE = 24,
};

#define BOOTLOADER_MAGIC 0x2BADB002
#define LOADER_NAME      "Bulkhead"
#define INFO_HAS_MEMORY  0x001
#define INFO_HAS_CMDLINE 0x004
#define INFO_HAS_MODS    0x008
#define INFO_HAS_MMAP    0x040
#define INFO_HAS_NAME    0x200

static uint64_t part_size(const struct layout *l, const struct layout_modules *modules)
{
    uint64_t size =
        LAYOUT_GDT_SIZE + layout_carve_size(INFO_SIZE) + LAYOUT_E820_MAX * MMAP_ENTRY_SIZE +
        layout_carve_size(strlen(layout_bootargs(l)) + 1) + layout_carve_size(sizeof(LOADER_NAME));
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
        image_put32(entry, MODULE_START, (uint32_t)modules->gpa[i]);
        image_put32(entry, MODULE_END, (uint32_t)(modules->gpa[i] + modules->files[i].size));
        image_put32(entry, MODULE_STRING, (uint32_t)layout_carve_string(part, modules->strings[i]));
    }
    image_put32(info, INFO_MODS_COUNT, modules->count);
    image_put32(info, INFO_MODS_ADDR, modules->count == 0 ? 0 : (uint32_t)list_gpa);
}

static void write_memory(const struct layout *l, struct layout_part *part, uint8_t *info)
{
    struct e820_entry map[LAYOUT_E820_MAX];
    const uint32_t count = layout_memory_map(l, map);
    uint64_t gpa;
    uint8_t *list = layout_carve(part, (uint64_t)count * MMAP_ENTRY_SIZE, &gpa);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *entry = list + i * MMAP_ENTRY_SIZE;
        image_put32(entry, MMAP_SIZE, MMAP_ENTRY_SIZE - 4);
        image_put64(entry, MMAP_ADDR, map[i].gpa);
        image_put64(entry, MMAP_LENGTH, map[i].size);
        image_put32(entry, MMAP_TYPE, map[i].type);
        if (map[i].type == E820_RAM && map[i].gpa == 0) {
            image_put32(info, INFO_MEM_LOWER, (uint32_t)(map[i].size / KIB(1)));
        }
        if (map[i].type == E820_RAM && map[i].gpa == GUEST_HIGH_RAM) {
            image_put32(info, INFO_MEM_UPPER, (uint32_t)(MIN(map[i].size, LAYOUT_4G) / KIB(1)));
        }
    }
    image_put32(info, INFO_MMAP_ADDR, (uint32_t)gpa);
    image_put32(info, INFO_MMAP_LENGTH, count * MMAP_ENTRY_SIZE);
}

bool layout_multiboot(struct layout *l)
{
    const struct layout_module_rule rule = {
        .default_place = IMAGE_RAMDISK_LOW, .end = LAYOUT_4G - PAGE_SIZE, .above_4g = false};
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
    write_modules(&modules, &part, info);
    write_memory(l, &part, info);
    image_put32(info, INFO_CMDLINE, (uint32_t)layout_carve_string(&part, layout_bootargs(l)));
    image_put32(info, INFO_BOOT_LOADER_NAME, (uint32_t)layout_carve_string(&part, LOADER_NAME));
    image_put32(info, INFO_FLAGS,
                INFO_HAS_MEMORY | INFO_HAS_CMDLINE | INFO_HAS_MODS | INFO_HAS_MMAP | INFO_HAS_NAME);
    layout_carve_gdt(l, &part, false);
    start->rax = BOOTLOADER_MAGIC;
    start->rip = l->request->kernel->entry;
    start->mode = VM_START_PROT32;
    return true;
}
