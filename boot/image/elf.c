/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads ELF headers, loadable segments of untrusted files. See boot/image/elf.h.
 * Sections, symbols and relocations are deliberately not read: a kernel is loaded as its program
 * headers say, at physical addresses.
 */
#include "boot/image/elf.h"

enum {
    EI_CLASS = 4,
    EI_DATA = 5,
    EHDR_TYPE = 16,
    EHDR_MACHINE = 18,
    EHDR_ENTRY = 24,
    ELFCLASS32 = 1,
    ELFCLASS64 = 2,
    ELFDATA2LSB = 1,
    ET_EXEC = 2,
    EM_386 = 3,
    EM_X86_64 = 62,
    PT_LOAD = 1,
};

#define ELF_MAGIC 0x464C457F

/* What differs between the classes: offsets and sizes of the fields behind e_entry. */
struct elf_class {
    uint8_t ehdr_size;
    uint8_t phdr_size;
    uint8_t phoff;
    uint8_t phentsize;
    uint8_t phnum;
};

static const struct elf_class class_32 = {52, 32, 28, 42, 44};
static const struct elf_class class_64 = {64, 56, 32, 54, 56};

bool image_is_elf(const struct image_file *file)
{
    return image_has(file, 0, 4) && image_u32(file, 0) == ELF_MAGIC;
}

static bool check_ident(const struct image_file *file, struct image_error *error)
{
    if (!image_is_elf(file) || !image_has(file, 0, class_32.ehdr_size)) {
        return image_fail(error, "is no ELF file, or cut short: %llu bytes",
                          (unsigned long long)file->size);
    }
    const unsigned class = image_u8(file, EI_CLASS), data = image_u8(file, EI_DATA);
    if ((class != ELFCLASS32 && class != ELFCLASS64) || data != ELFDATA2LSB) {
        return image_fail(error, "ELF class %u, data %u: must be 1 or 2 (32 or 64 bits), 1 (LSB)",
                          class, data);
    }
    const unsigned machine = image_u16(file, EHDR_MACHINE), type = image_u16(file, EHDR_TYPE);
    if (machine != EM_386 && machine != EM_X86_64) {
        return image_fail(error, "ELF for machine %u: must be %u (x86) or %u (x86-64)", machine,
                          (unsigned)EM_386, (unsigned)EM_X86_64);
    }
    if (type != ET_EXEC) {
        return image_fail(error,
                          "ELF type %u, must be %u (executable): link the kernel with fixed "
                          "addresses (-no-pie)",
                          type, (unsigned)ET_EXEC);
    }
    return true;
}

bool elf_open(const struct image_file *file, struct elf *elf, struct image_error *error)
{
    if (!check_ident(file, error)) {
        return false;
    }
    elf->is_64 = image_u8(file, EI_CLASS) == ELFCLASS64;
    const struct elf_class *class = elf->is_64 ? &class_64 : &class_32;
    if (!image_has(file, 0, class->ehdr_size)) {
        return image_fail(error, "is %llu bytes, an ELF header has %u: the file is cut short",
                          (unsigned long long)file->size, class->ehdr_size);
    }
    elf->entry = elf->is_64 ? image_u64(file, EHDR_ENTRY) : image_u32(file, EHDR_ENTRY);
    elf->phoff = elf->is_64 ? image_u64(file, class->phoff) : image_u32(file, class->phoff);
    elf->phentsize = image_u16(file, class->phentsize);
    elf->phnum = image_u16(file, class->phnum);
    if (elf->phnum == 0 || elf->phnum > ELF_PHDR_MAX) {
        return image_fail(error, "has %u program headers, must be from 1 to %u",
                          (unsigned)elf->phnum, ELF_PHDR_MAX);
    }
    if (elf->phentsize < class->phdr_size) {
        return image_fail(error, "program headers of %u bytes, at least %u are needed",
                          (unsigned)elf->phentsize, class->phdr_size);
    }
    if (!image_has(file, elf->phoff, (uint64_t)elf->phnum * elf->phentsize)) {
        return image_fail(error,
                          "%u program headers at 0x%llx end behind the file's %llu bytes: the "
                          "file is cut short",
                          (unsigned)elf->phnum, (unsigned long long)elf->phoff,
                          (unsigned long long)file->size);
    }
    return true;
}

void elf_read_phdr(const struct image_file *file, const struct elf *elf, uint32_t index,
                   struct elf_phdr *out)
{
    const uint64_t at = elf->phoff + (uint64_t)index * elf->phentsize;
    out->type = image_u32(file, at);
    if (elf->is_64) {
        out->offset = image_u64(file, at + 8);
        out->vaddr = image_u64(file, at + 16);
        out->paddr = image_u64(file, at + 24);
        out->filesz = image_u64(file, at + 32);
        out->memsz = image_u64(file, at + 40);
        out->align = image_u64(file, at + 48);
    } else {
        out->offset = image_u32(file, at + 4);
        out->vaddr = image_u32(file, at + 8);
        out->paddr = image_u32(file, at + 12);
        out->filesz = image_u32(file, at + 16);
        out->memsz = image_u32(file, at + 20);
        out->align = image_u32(file, at + 28);
    }
}

static bool check_segment(const struct image_file *file, const struct elf_phdr *p, uint32_t index,
                          struct image_error *error)
{
    if (!image_has(file, p->offset, p->filesz)) {
        return image_fail(error,
                          "segment %u: 0x%llx bytes at 0x%llx end behind the file's 0x%llx: the "
                          "file is cut short",
                          (unsigned)index, (unsigned long long)p->filesz,
                          (unsigned long long)p->offset, (unsigned long long)file->size);
    }
    if (p->filesz > p->memsz) {
        return image_fail(error, "segment %u: file size 0x%llx is over memory size 0x%llx",
                          (unsigned)index, (unsigned long long)p->filesz,
                          (unsigned long long)p->memsz);
    }
    if (p->paddr >= IMAGE_GPA_END || p->memsz > IMAGE_GPA_END - p->paddr) {
        return image_fail(error,
                          "segment %u: 0x%llx bytes at physical 0x%llx end beyond 2^52: the "
                          "kernel needs physical load addresses",
                          (unsigned)index, (unsigned long long)p->memsz,
                          (unsigned long long)p->paddr);
    }
    return true;
}

static bool check_overlap(const struct image *image, const struct image_segment *s, uint32_t index,
                          struct image_error *error)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *other = &image->segments[i];
        if (s->gpa < other->gpa + other->memory_size && other->gpa < s->gpa + s->memory_size) {
            return image_fail(error,
                              "segment %u at 0x%llx, 0x%llx bytes, overlaps another at 0x%llx, "
                              "0x%llx bytes",
                              (unsigned)index, (unsigned long long)s->gpa,
                              (unsigned long long)s->memory_size, (unsigned long long)other->gpa,
                              (unsigned long long)other->memory_size);
        }
    }
    return true;
}

bool elf_load_segments(const struct elf *elf, struct image *image, struct image_error *error)
{
    for (uint32_t i = 0; i < elf->phnum; i++) {
        struct elf_phdr p;
        elf_read_phdr(&image->file, elf, i, &p);
        if (p.type != PT_LOAD || p.memsz == 0) {
            continue;
        }
        const struct image_segment segment = {p.paddr, p.offset, p.filesz, p.memsz};
        if (!check_segment(&image->file, &p, i, error) ||
            !check_overlap(image, &segment, i, error)) {
            return false;
        }
        if (image->segment_count == IMAGE_SEGMENT_MAX) {
            return image_fail(error, "has more than %u loadable segments", IMAGE_SEGMENT_MAX);
        }
        image->segments[image->segment_count++] = segment;
    }
    if (image->segment_count == 0) {
        return image_fail(error, "ELF without a loadable segment: nothing to run");
    }
    return true;
}

uint64_t elf_to_physical(const struct image_file *file, const struct elf *elf, uint64_t vaddr)
{
    for (uint32_t i = 0; i < elf->phnum; i++) {
        struct elf_phdr p;
        elf_read_phdr(file, elf, i, &p);
        if (p.type == PT_LOAD && vaddr >= p.vaddr && vaddr - p.vaddr < p.memsz) {
            return vaddr - p.vaddr + p.paddr;
        }
    }
    return vaddr;
}

bool elf_check_entry(const struct image *image, const char *what, struct image_error *error)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *s = &image->segments[i];
        if (image->entry >= s->gpa && image->entry - s->gpa < s->file_size &&
            image->entry <= UINT32_MAX) {
            return true;
        }
    }
    return image_fail(error,
                      "%s 0x%llx does not lie in a loaded segment below 4 GiB: the kernel cannot "
                      "be entered",
                      what, (unsigned long long)image->entry);
}
