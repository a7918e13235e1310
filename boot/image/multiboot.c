/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiboot 1 kernels: finds and checks the header ("Multiboot Specification version 0.6.96",
 * "OS image format"), then takes load addresses from it or from the ELF program headers.
 */
#include "boot/image/elf.h"

enum {
    HEADER_MAGIC = 0,
    HEADER_FLAGS = 4,
    HEADER_CHECKSUM = 8,
    HEADER_ADDR = 12,
    HEADER_LOAD_ADDR = 16,
    HEADER_LOAD_END_ADDR = 20,
    HEADER_BSS_END_ADDR = 24,
    HEADER_ENTRY_ADDR = 28,
    HEADER_SIZE = 12,
    HEADER_SIZE_ADDRESSES = 32,
};

#define MULTIBOOT_MAGIC     0x1BADB002
#define FLAG_PAGE_ALIGN     0x0001 /* modules on page boundaries: always so here */
#define FLAG_MEMORY_INFO    0x0002 /* mem_* and mmap_*: always given */
#define FLAG_VIDEO          0x0004
#define FLAGS_MUST          0xFFFF /* bits 0-15 must be understood, the others need not be */
#define FLAG_ADDRESS_FIELDS 0x10000

/* The header's offset; false: none with a right checksum in the first 8192 bytes. */
static bool find_header(const struct image_file *file, uint64_t *offset)
{
    const uint64_t end = MIN(file->size, MULTIBOOT_SEARCH_SIZE);
    for (uint64_t at = 0; at + HEADER_SIZE <= end; at += 4) {
        if (image_u32(file, at) != MULTIBOOT_MAGIC) {
            continue;
        }
        if (image_u32(file, at + HEADER_FLAGS) + image_u32(file, at + HEADER_CHECKSUM) +
                (uint32_t)MULTIBOOT_MAGIC ==
            0) {
            *offset = at;
            return true;
        }
    }
    return false;
}

bool image_is_multiboot(const struct image_file *file)
{
    uint64_t header;
    return find_header(file, &header) &&
           (image_is_elf(file) ||
            (image_u32(file, header + HEADER_FLAGS) & FLAG_ADDRESS_FIELDS) != 0);
}

static bool check_flags(uint32_t flags, struct image_error *error)
{
    const uint32_t unknown = flags & FLAGS_MUST & ~(uint32_t)(FLAG_PAGE_ALIGN | FLAG_MEMORY_INFO);
    if (unknown & FLAG_VIDEO) {
        return image_fail(error,
                          "Multiboot header demands a video mode (flags 0x%08x, bit 2): a "
                          "VM has no display",
                          (unsigned)flags);
    }
    if (unknown != 0) {
        return image_fail(error,
                          "Multiboot header demands unknown features (flags 0x%08x): only "
                          "bits 0, 1 and 16 may be set of bits 0-16",
                          (unsigned)flags);
    }
    return true;
}

/* The load addresses in the header itself ("The address fields of Multiboot header"). */
static bool load_by_addresses(struct image *image, uint64_t header, struct image_error *error)
{
    const struct image_file *file = &image->file;
    if (!image_has(file, header, HEADER_SIZE_ADDRESSES) ||
        header + HEADER_SIZE_ADDRESSES > MULTIBOOT_SEARCH_SIZE) {
        return image_fail(error, "Multiboot header at 0x%llx is cut short",
                          (unsigned long long)header);
    }
    const uint32_t header_addr = image_u32(file, header + HEADER_ADDR);
    const uint32_t load_addr = image_u32(file, header + HEADER_LOAD_ADDR);
    const uint32_t load_end = image_u32(file, header + HEADER_LOAD_END_ADDR);
    const uint32_t bss_end = image_u32(file, header + HEADER_BSS_END_ADDR);
    if (load_addr > header_addr || header_addr - load_addr > header) {
        return image_fail(error,
                          "Multiboot load_addr 0x%x must be from 0 to 0x%llx below header_addr "
                          "0x%x, the header's place in the file",
                          (unsigned)load_addr, (unsigned long long)header, (unsigned)header_addr);
    }
    const uint64_t offset = header - (header_addr - load_addr);
    const uint64_t size = load_end == 0 ? file->size - offset : (uint64_t)load_end - load_addr;
    if ((load_end != 0 && load_end <= load_addr) || !image_has(file, offset, size)) {
        return image_fail(error,
                          "Multiboot load_end_addr 0x%x does not fit load_addr 0x%x and a file of "
                          "%llu bytes",
                          (unsigned)load_end, (unsigned)load_addr, (unsigned long long)file->size);
    }
    const uint64_t end = load_addr + size;
    if (bss_end != 0 && bss_end < end) {
        return image_fail(error,
                          "Multiboot bss_end_addr 0x%x is below the loaded data's end 0x%llx",
                          (unsigned)bss_end, (unsigned long long)end);
    }
    image->entry = image_u32(file, header + HEADER_ENTRY_ADDR);
    image->segment_count = 1;
    image->segments[0] = (struct image_segment){
        load_addr, offset, size, bss_end == 0 ? size : (uint64_t)bss_end - load_addr};
    return elf_check_entry(image, "Multiboot entry_addr", error);
}

bool image_parse_multiboot(struct image *image, struct image_error *error)
{
    uint64_t header;
    if (!find_header(&image->file, &header)) {
        return image_fail(error,
                          "has no Multiboot 1 header (0x1badb002, flags, right checksum) "
                          "in its first %llu bytes",
                          (unsigned long long)MULTIBOOT_SEARCH_SIZE);
    }
    const uint32_t flags = image_u32(&image->file, header + HEADER_FLAGS);
    if (!check_flags(flags, error)) {
        return false;
    }
    if (flags & FLAG_ADDRESS_FIELDS) {
        return load_by_addresses(image, header, error);
    }
    struct elf elf;
    if (!elf_open(&image->file, &elf, error) || !elf_load_segments(&elf, image, error)) {
        return false;
    }
    image->entry = elf_to_physical(&image->file, &elf, elf.entry);
    return elf_check_entry(image, "ELF entry", error);
}
