/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lays out a Linux bzImage for its 64-bit entry ("The Linux/x86 Boot Protocol", "64-bit Boot
 * Protocol"): the kernel at its preferred address, one low block with zero page, GDT, command line
 * and identity-mapped page tables, the ramdisk. Called by image_layout().
 */
#include "boot/image/layout.h"

/* struct boot_params, the "zero page"; see boot/image/bzimage.c for the header inside it. */
enum {
    BP_ACPI_RSDP_ADDR = 0x070,
    BP_EXT_RAMDISK_IMAGE = 0x0C0,
    BP_EXT_RAMDISK_SIZE = 0x0C4,
    BP_EXT_CMD_LINE_PTR = 0x0C8,
    BP_E820_ENTRIES = 0x1E8,
    BP_SETUP_HEADER = 0x1F1,
    BP_VID_MODE = 0x1FA,
    BP_TYPE_OF_LOADER = 0x210,
    BP_CODE32_START = 0x214,
    BP_RAMDISK_IMAGE = 0x218,
    BP_RAMDISK_SIZE = 0x21C,
    BP_CMD_LINE_PTR = 0x228,
    BP_E820_TABLE = 0x2D0, /* 20 bytes an entry */
    E820_ENTRY_SIZE = 20,
};

#define LOADER_UNDEFINED           0xFF /* no number is assigned to this loader */
#define VID_MODE_NORMAL            0xFFFF
#define XLF_CAN_BE_LOADED_ABOVE_4G 0x0002
#define ENTRY_64_OFFSET            0x200
#define KERNEL_END                 BIT(47) /* of what a 4-level identity map can reach */

#define PTE_TABLE                  0x03 /* present, writable */
#define PTE_LEAF_2M                0xE3 /* present, writable, accessed, dirty, large */
#define TABLE_WORDS                512

static bool choose_kernel_address(struct layout *l, const struct image_linux *header, uint64_t *gpa)
{
    *gpa = header->pref_address;
    if (header->pref_address >= LAYOUT_HIGH_MIN &&
        place_is_free(&l->placer, header->pref_address, header->init_size)) {
        return true;
    }
    /* A kernel that finds itself below pref_address moves itself up to it: so not below. */
    struct place_want want = {header->init_size, header->kernel_alignment,
                              MAX(header->pref_address, LAYOUT_HIGH_MIN), LAYOUT_4G};
    if (header->relocatable && place_find_low(&l->placer, &want, gpa)) {
        return true;
    }
    want.min = MAX(want.min, LAYOUT_4G);
    want.end = KERNEL_END;
    if (header->relocatable && (header->xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G) != 0 &&
        place_find_low(&l->placer, &want, gpa)) {
        return true;
    }
    return image_fail(l->error,
                      "the kernel needs %llu KiB of RAM in one piece at 0x%llx%s: give the VM "
                      "more memory",
                      (unsigned long long)(align_up(header->init_size, KIB(1)) / KIB(1)),
                      (unsigned long long)header->pref_address,
                      header->relocatable ? " or above" : " (it is not relocatable)");
}

static bool load_kernel(struct layout *l)
{
    const struct image *kernel = l->request->kernel;
    const struct image_linux *header = &kernel->bzimage;
    uint64_t gpa;
    if (!choose_kernel_address(l, header, &gpa) ||
        !layout_take(l, gpa, header->init_size, "the kernel") ||
        !layout_add_load(l, gpa, kernel->file.hpa.v + header->setup_size, header->payload_size)) {
        return false;
    }
    l->placement->kernel = GPA(gpa);
    l->placement->kernel_size = header->init_size;
    l->plan->start.rip = gpa + ENTRY_64_OFFSET;
    return true;
}

/* Page tables under construction: pages of the part, handed out one by one. */
struct tables {
    uint8_t *data;
    uint64_t gpa;
    uint64_t used; /* pages */
};

/* The table that an entry points at; a new one when it is empty. */
static uint8_t *get_table(struct tables *tables, uint8_t *table, uint64_t index, bool *is_new)
{
    uint64_t entry;
    memcpy(&entry, table + index * 8, sizeof(entry));
    *is_new = entry == 0;
    if (*is_new) {
        entry = (tables->gpa + tables->used++ * PAGE_SIZE) | PTE_TABLE;
        image_put64(table, index * 8, entry);
    }
    return tables->data + (align_down(entry, PAGE_SIZE) - tables->gpa);
}

static void map_gib(struct tables *tables, uint64_t gib)
{
    bool is_new;
    uint8_t *pdpt = get_table(tables, tables->data, gib / TABLE_WORDS, &is_new);
    uint8_t *pd = get_table(tables, pdpt, gib % TABLE_WORDS, &is_new);
    for (uint64_t i = 0; is_new && i < TABLE_WORDS; i++) {
        image_put64(pd, i * 8, (gib * GIB(1) + i * PAGE_SIZE_2M) | PTE_LEAF_2M);
    }
}

/* GiBs from `first` on that hold the kernel; what is below 4 GiB is mapped in any case. */
static uint64_t kernel_gibs(const struct layout *l, uint64_t *first)
{
    const uint64_t gpa = l->placement->kernel.v;
    *first = gpa / GIB(1);
    return (gpa + l->placement->kernel_size - 1) / GIB(1) - *first + 1;
}

/* An upper bound: PML4, PDPT and four page directories, then those of a kernel above 4 GiB. */
static uint64_t tables_pages(const struct layout *l)
{
    uint64_t first;
    const uint64_t gibs = kernel_gibs(l, &first);
    return 6 + (first + gibs > 4 ? gibs + 2 : 0);
}

static void write_tables(struct layout *l, struct layout_part *part)
{
    const uint64_t size = tables_pages(l) * PAGE_SIZE;
    struct tables tables = {.used = 1};
    tables.data = layout_carve(part, size, &tables.gpa);
    for (uint64_t gib = 0; gib < 4; gib++) {
        map_gib(&tables, gib);
    }
    uint64_t first;
    const uint64_t gibs = kernel_gibs(l, &first);
    for (uint64_t i = 0; i < gibs; i++) {
        map_gib(&tables, first + i);
    }
    l->plan->start.cr3 = tables.gpa;
}

static void write_e820(const struct layout *l, uint8_t *zero_page)
{
    struct e820_entry map[LAYOUT_E820_MAX];
    const uint32_t count = layout_memory_map(l, map);
    for (uint32_t i = 0; i < count; i++) {
        const size_t at = BP_E820_TABLE + i * E820_ENTRY_SIZE;
        image_put64(zero_page, at, map[i].gpa);
        image_put64(zero_page, at + 8, map[i].size);
        image_put32(zero_page, at + 16, map[i].type);
    }
    zero_page[BP_E820_ENTRIES] = (uint8_t)count;
}

static void write_zero_page(const struct layout *l, uint8_t *zero_page, uint64_t cmdline)
{
    const struct image *kernel = l->request->kernel;
    const uint64_t ramdisk = l->placement->ramdisk.v, size = l->request->ramdisk.size;
    memcpy(zero_page + BP_SETUP_HEADER, (const uint8_t *)kernel->file.data + BP_SETUP_HEADER,
           kernel->bzimage.header_size);
    zero_page[BP_TYPE_OF_LOADER] = LOADER_UNDEFINED;
    image_put16(zero_page, BP_VID_MODE, VID_MODE_NORMAL);
    image_put32(zero_page, BP_CODE32_START, (uint32_t)l->placement->kernel.v);
    image_put32(zero_page, BP_RAMDISK_IMAGE, (uint32_t)ramdisk);
    image_put32(zero_page, BP_EXT_RAMDISK_IMAGE, (uint32_t)(ramdisk >> 32));
    image_put32(zero_page, BP_RAMDISK_SIZE, (uint32_t)size);
    image_put32(zero_page, BP_EXT_RAMDISK_SIZE, (uint32_t)(size >> 32));
    image_put32(zero_page, BP_CMD_LINE_PTR, (uint32_t)cmdline);
    image_put32(zero_page, BP_EXT_CMD_LINE_PTR, 0);
    image_put64(zero_page, BP_ACPI_RSDP_ADDR, l->placement->rsdp.v);
    write_e820(l, zero_page);
}

static bool check_options(const struct layout *l)
{
    const size_t length = strlen(layout_bootargs(l));
    const uint32_t max = l->request->kernel->bzimage.cmdline_size;
    if (length > max) {
        return image_fail(l->error, "bootargs have %llu bytes, this kernel takes at most %u",
                          (unsigned long long)length, (unsigned)max);
    }
    if (l->request->module_count != 0) {
        return image_fail(l->error,
                          "%u modules are given, but a Linux bzImage takes a ramdisk "
                          "only",
                          (unsigned)l->request->module_count);
    }
    return true;
}

bool layout_linux(struct layout *l)
{
    const struct image_linux *header = &l->request->kernel->bzimage;
    if (!check_options(l) || !load_kernel(l)) {
        return false;
    }
    const uint64_t strings = layout_carve_size(strlen(layout_bootargs(l)) + 1);
    struct layout_part part;
    if (!layout_part_low(l, PAGE_SIZE * (1 + tables_pages(l)) + LAYOUT_GDT_SIZE + strings, &part)) {
        return false;
    }
    const struct layout_module_rule rule = {
        .default_place = IMAGE_RAMDISK_HIGH,
        .end = MIN(align_down(header->initrd_addr_max + 1, PAGE_SIZE), LAYOUT_4G),
        .above_4g = (header->xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G) != 0,
    };
    struct layout_modules modules;
    if (!layout_place_modules(l, &rule, &modules)) {
        return false;
    }
    struct vm_start *start = &l->plan->start;
    uint8_t *zero_page = layout_carve(&part, PAGE_SIZE, &start->rsi);
    write_tables(l, &part);
    layout_carve_gdt(l, &part, true);
    write_zero_page(l, zero_page, layout_carve_string(&part, layout_bootargs(l)));
    start->mode = VM_START_LONG64;
    return true;
}
