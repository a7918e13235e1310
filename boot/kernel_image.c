/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the kernel into memory: its segments wherever there is room, its pool, and the page tables
 * that map both at the addresses of kernel/layout.h. The kernel's ELF file is part of this program
 * and trusted; it is checked with assertions' strictness only.
 */
#include "boot/loader.h"

#include "kernel/layout.h"
#include "kernel/string.h"

extern const uint8_t kernel_elf[] __attribute__((visibility("hidden")));
extern const uint8_t kernel_elf_end[] __attribute__((visibility("hidden")));

/* ELF-64, as far as needed ("System V Application Binary Interface", chapters 4 and 5). */
struct elf_header {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_headers;
    uint64_t section_headers;
    uint32_t flags;
    uint16_t header_size;
    uint16_t program_header_size;
    uint16_t program_header_count;
};

struct elf_program_header {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virt;
    uint64_t phys;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};

#define ELF_PT_LOAD 1
#define ELF_PF_X    1
#define ELF_PF_W    2

static const struct elf_program_header *segment(unsigned index)
{
    const struct elf_header *elf = (const struct elf_header *)kernel_elf;
    if (index >= elf->program_header_count) {
        return NULL;
    }
    return (const struct elf_program_header *)(kernel_elf + elf->program_headers) + index;
}

static uint64_t kernel_memory_size(void)
{
    uint64_t end = KERNEL_BASE;
    const struct elf_program_header *ph;
    for (unsigned i = 0; (ph = segment(i)) != NULL; i++) {
        if (ph->type == ELF_PT_LOAD && ph->virt + ph->memory_size > end) {
            end = ph->virt + ph->memory_size;
        }
    }
    return align_up(end - KERNEL_BASE, PAGE_SIZE);
}

static bool map_segments(struct kernel_image *kernel, uint8_t *image)
{
    const struct elf_program_header *ph;
    for (unsigned i = 0; (ph = segment(i)) != NULL; i++) {
        if (ph->type != ELF_PT_LOAD || ph->memory_size == 0) {
            continue;
        }
        uint64_t offset = ph->virt - KERNEL_BASE;
        memcpy(image + offset, kernel_elf + ph->offset, ph->file_size);
        uint64_t flags = (ph->flags & ELF_PF_X)   ? PAGE_CODE
                         : (ph->flags & ELF_PF_W) ? PAGE_DATA
                                                  : PAGE_RODATA;
        if (paging_map(&kernel->tables, ph->virt, HPA((uintptr_t)image + offset),
                       align_up(ph->memory_size, PAGE_SIZE), flags) != PAGING_OK) {
            return false;
        }
    }
    return true;
}

bool loader_load_kernel(const struct boot_info *info, struct kernel_image *kernel)
{
    uint64_t size = kernel_memory_size();
    uint64_t pool_size = loader_pool_size(info);
    uint8_t *image = loader_alloc_pages(size / PAGE_SIZE, UINT64_MAX);
    void *pool = loader_alloc_pages(pool_size / PAGE_SIZE, UINT32_MAX);
    void *trampoline = loader_alloc_pages(1, MIB(1) - 1);
    if (image == NULL || pool == NULL || trampoline == NULL) {
        loader_error("too little memory: no %lu KiB for the kernel, %lu KiB below 4 GiB for its "
                     "pool, or 4 KiB below 1 MiB for starting CPUs",
                     size / 1024, pool_size / 1024);
        return false;
    }
    memset(image, 0, size);
    kernel->pool = (struct palloc){.base = HPA((uintptr_t)pool), .size = pool_size, .virt = pool};
    kernel->entry = ((const struct elf_header *)kernel_elf)->entry;
    kernel->info = palloc_pages(&kernel->pool, align_up(sizeof(*info), PAGE_SIZE) / PAGE_SIZE);
    if (kernel->info == NULL || paging_create(&kernel->tables, &kernel->pool) != PAGING_OK ||
        !map_segments(kernel, image) ||
        paging_map(&kernel->tables, POOL_BASE, kernel->pool.base, pool_size, PAGE_DATA) !=
            PAGING_OK ||
        (info->record.v != 0 &&
         paging_map(&kernel->tables, RECORD_BASE, info->record, PANIC_RECORD_PAGES * PAGE_SIZE,
                    PAGE_DATA) != PAGING_OK)) {
        loader_error("the kernel's pool of %lu KiB is too small", pool_size / 1024);
        return false;
    }
    kernel->info_virt = POOL_BASE + ((uintptr_t)kernel->info - (uintptr_t)pool);
    *kernel->info = *info;
    kernel->info->kernel = HPA((uintptr_t)image);
    kernel->info->kernel_size = size;
    kernel->info->pool = kernel->pool.base;
    kernel->info->pool_size = pool_size;
    kernel->info->trampoline = HPA((uintptr_t)trampoline);
    return true;
}

bool loader_map_handoff(struct kernel_image *kernel)
{
    uint64_t page = align_down((uintptr_t)handoff, PAGE_SIZE);
    return paging_map(&kernel->tables, page, HPA(page), PAGE_SIZE, PAGE_CODE & ~PTE_GLOBAL) ==
           PAGING_OK;
}
