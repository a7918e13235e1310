/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF kernels with a PVH entry: Xen's note PHYS32_ENTRY holds the physical address at which the
 * kernel wants to be entered in 32-bit protected mode (Xen's "x86/HVM direct boot ABI").
 */
#include "boot/image/elf.h"

#define XEN_ELFNOTE_PHYS32_ENTRY 18
#define NOTE_HEADER_SIZE         12
#define NOTES_SEARCH             KIB(64) /* of one PT_NOTE segment: bounds the work */

/* One step through a PT_NOTE segment [*at, end): false at its end or at a malformed note. */
static bool next_note(const struct image_file *file, uint64_t align, uint64_t *at, uint64_t end,
                      uint64_t *note)
{
    if (end - *at < NOTE_HEADER_SIZE) {
        return false;
    }
    const uint64_t name_size = image_u32(file, *at), desc_size = image_u32(file, *at + 4);
    const uint64_t size =
        align_up(NOTE_HEADER_SIZE + name_size, align) + align_up(desc_size, align);
    if (size > end - *at) {
        return false;
    }
    *note = *at;
    *at += size;
    return true;
}

static bool xen_note_value(const struct image_file *file, uint64_t note, uint64_t align,
                           uint32_t type, uint64_t *value)
{
    const uint32_t name_size = image_u32(file, note), desc_size = image_u32(file, note + 4);
    if (name_size != 4 || image_u32(file, note + 8) != type ||
        memcmp((const uint8_t *)file->data + note + NOTE_HEADER_SIZE, "Xen", 4) != 0) {
        return false;
    }
    const uint64_t desc = note + align_up(NOTE_HEADER_SIZE + name_size, align);
    if (desc_size != 4 && desc_size != 8) {
        return false;
    }
    *value = desc_size == 8 ? image_u64(file, desc) : image_u32(file, desc);
    return true;
}

/* The first note of owner "Xen" and `type` with a descriptor of 4 or 8 bytes: *value is that. */
static bool find_xen_note(const struct image_file *file, const struct elf *elf, uint32_t type,
                          uint64_t *value)
{
    for (uint32_t i = 0; i < elf->phnum; i++) {
        struct elf_phdr p;
        elf_read_phdr(file, elf, i, &p);
        if (p.type != ELF_PT_NOTE || !image_has(file, p.offset, p.filesz)) {
            continue;
        }
        const uint64_t align = p.align == 8 ? 8 : 4;
        uint64_t at = p.offset, end = p.offset + MIN(p.filesz, NOTES_SEARCH), note;
        while (next_note(file, align, &at, end, &note)) {
            if (xen_note_value(file, note, align, type, value)) {
                return true;
            }
        }
    }
    return false;
}

bool image_is_pvh(const struct image_file *file)
{
    struct elf elf;
    struct image_error ignored;
    uint64_t entry;
    return elf_open(file, &elf, &ignored) &&
           find_xen_note(file, &elf, XEN_ELFNOTE_PHYS32_ENTRY, &entry);
}

bool image_parse_pvh(struct image *image, struct image_error *error)
{
    struct elf elf;
    if (!elf_open(&image->file, &elf, error)) {
        return false;
    }
    if (!find_xen_note(&image->file, &elf, XEN_ELFNOTE_PHYS32_ENTRY, &image->entry)) {
        return image_fail(error,
                          "ELF has no PVH entry: a PT_NOTE segment with owner \"Xen\", "
                          "type %u and 4 or 8 bytes is needed",
                          XEN_ELFNOTE_PHYS32_ENTRY);
    }
    return elf_load_segments(&elf, image, error) && elf_check_entry(image, "PVH entry", error);
}
