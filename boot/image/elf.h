/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF files (32- and 64-bit, little-endian, x86) as far as loading needs them: System V ABI,
 * "Object Files" and "Program Loading". Used by the PVH and Multiboot parsers only.
 */
#ifndef BOOT_IMAGE_ELF_H
#define BOOT_IMAGE_ELF_H

#include "boot/image/internal.h"

#define ELF_PT_NOTE  4
#define ELF_PHDR_MAX 128 /* program headers: bounds the work that a hostile file can cause */

struct elf {
    bool is_64;
    uint64_t entry; /* e_entry: a virtual address */
    uint64_t phoff;
    uint32_t phentsize;
    uint32_t phnum; /* 1..ELF_PHDR_MAX; the whole table lies inside the file */
};

struct elf_phdr {
    uint32_t type;
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t filesz;
    uint64_t memsz;
    uint64_t align;
};

/* Checks the ELF header and the place of the program headers. */
bool elf_open(const struct image_file *file, struct elf *elf, struct image_error *error);

/* Program header `index` < elf->phnum, fields unchecked. */
void elf_read_phdr(const struct image_file *file, const struct elf *elf, uint32_t index,
                   struct elf_phdr *out);

/* Fills image->segments from PT_LOAD headers; each lies in the file, none overlap. */
bool elf_load_segments(const struct elf *elf, struct image *image, struct image_error *error);

/*
 * The physical address of virtual address vaddr by the loadable segments; vaddr itself when no
 * segment has it, which is right for kernels that give their entry as a physical address.
 */
uint64_t elf_to_physical(const struct image_file *file, const struct elf *elf, uint64_t vaddr);

/* An entry below 4 GiB that lies in a loaded segment; `what` names it in the error. */
bool elf_check_entry(const struct image *image, const char *what, struct image_error *error);

#endif
