/* SPDX-License-Identifier: Apache-2.0 */
/* Pages from the firmware, and its memory map as the kernel and the planning code want it. */
#include "boot/loader.h"

#include "kernel/mtrr.h"
#include "kernel/string.h"

#define ALLOCATION_MAX 128
#define MAP_BYTES      KIB(32) /* enough for several hundred descriptors */

static struct {
    uint64_t address;
    uint64_t count;
} allocations[ALLOCATION_MAX];
static unsigned allocation_count;

void *loader_alloc_pages(uint64_t count, uint64_t max)
{
    EFI_PHYSICAL_ADDRESS address = max;
    if (allocation_count == ALLOCATION_MAX ||
        FIRMWARE(BS->AllocatePages(AllocateMaxAddress, EfiLoaderData, count, &address)) !=
            EFI_SUCCESS) {
        return NULL;
    }
    allocations[allocation_count].address = address;
    allocations[allocation_count++].count = count;
    return (void *)address;
}

bool loader_alloc_at(uint64_t address, uint64_t count)
{
    EFI_PHYSICAL_ADDRESS at = address;
    if (allocation_count == ALLOCATION_MAX ||
        FIRMWARE(BS->AllocatePages(AllocateAddress, EfiLoaderData, count, &at)) != EFI_SUCCESS) {
        return false;
    }
    allocations[allocation_count].address = at;
    allocations[allocation_count++].count = count;
    return true;
}

void loader_free_pages(void *pages, uint64_t count)
{
    for (unsigned i = 0; i < allocation_count; i++) {
        if (allocations[i].address == (uintptr_t)pages) {
            allocations[i] = allocations[--allocation_count];
            FIRMWARE(BS->FreePages((uintptr_t)pages, count));
            return;
        }
    }
}

void loader_free_all(void)
{
    while (allocation_count > 0) {
        allocation_count--;
        FIRMWARE(BS->FreePages(allocations[allocation_count].address,
                               allocations[allocation_count].count));
    }
}

static enum boot_memory_type type_of(const EFI_MEMORY_DESCRIPTOR *d)
{
    switch (d->Type) {
    case EfiConventionalMemory:
    case EfiBootServicesCode:
    case EfiBootServicesData:
        /* Only what can be write-back is RAM for a VM; persistent and special-purpose is not. */
        return (d->Attribute & EFI_MEMORY_WB) != 0 ? BOOT_MEMORY_FREE : BOOT_MEMORY_RESERVED;
    case EfiLoaderCode:
    case EfiLoaderData:
        return BOOT_MEMORY_BULKHEAD;
    case EfiMemoryMappedIO:
    case EfiMemoryMappedIOPortSpace:
        return BOOT_MEMORY_MMIO;
    default:
        return BOOT_MEMORY_RESERVED;
    }
}

/* Keeps the list sorted by address while it grows; the firmware's map need not be. */
static bool insert(struct boot_info *info, const struct boot_memory *piece)
{
    if (info->memory_count == BOOT_MEMORY_MAX) {
        return false;
    }
    uint32_t at = info->memory_count++;
    for (; at > 0 && info->memory[at - 1].hpa.v > piece->hpa.v; at--) {
        info->memory[at] = info->memory[at - 1];
    }
    info->memory[at] = *piece;
    return true;
}

static void join_neighbours(struct boot_info *info)
{
    uint32_t kept = 0;
    for (uint32_t i = 1; i < info->memory_count; i++) {
        struct boot_memory *last = &info->memory[kept];
        const struct boot_memory *next = &info->memory[i];
        if (last->type == next->type && last->hpa.v + last->size == next->hpa.v) {
            last->size += next->size;
        } else {
            info->memory[++kept] = *next;
        }
    }
    info->memory_count = info->memory_count == 0 ? 0 : kept + 1;
}

/* Free memory, by what the MTRRs call it; only what is write-back stays free. */
static bool append_by_type(struct boot_info *info, const struct mtrrs *mtrrs,
                           const struct boot_memory *all, bool tell)
{
    uint64_t end = all->hpa.v + all->size;
    for (uint64_t from = all->hpa.v; from < end;) {
        uint8_t type;
        uint64_t next = mtrr_run(mtrrs, from, end, &type);
        struct boot_memory piece = {HPA(from), next - from, BOOT_MEMORY_FREE};
        if (type != MTRR_TYPE_WB) {
            piece.type = BOOT_MEMORY_RESERVED;
            if (tell) {
                loader_print(
                    "warning: %lu KiB of RAM from %lx are left out: the MTRRs call them %s",
                    piece.size / 1024, from, mtrr_type_name(type));
            }
        }
        if (info->memory_count == BOOT_MEMORY_MAX) {
            return false;
        }
        info->memory[info->memory_count++] = piece;
        from = next;
    }
    return true;
}

/*
 * Second-level tables make a VM's RAM write-back. Firmware that has run out of MTRRs leaves RAM
 * that is not: the processor's own accesses, and those of firmware in SMM, would go past the
 * caches.
 */
static bool ask_mtrrs(struct boot_info *info)
{
    static struct boot_memory old[BOOT_MEMORY_MAX];
    static struct mtrrs mtrrs;
    static bool told; /* nothing may be printed between the last map and ExitBootServices */
    bool tell = !told;
    told = true;
    mtrr_read(&mtrrs);
    if (!mtrr_enabled(&mtrrs)) {
        if (tell) {
            loader_print("warning: MTRRs are off: whether RAM is write-back is not known");
        }
        return true;
    }
    uint32_t count = info->memory_count;
    memcpy(old, info->memory, sizeof(old));
    info->memory_count = 0;
    bool good = true;
    for (uint32_t i = 0; i < count && good; i++) {
        if (old[i].type == BOOT_MEMORY_FREE) {
            good = append_by_type(info, &mtrrs, &old[i], tell);
        } else {
            good = insert(info, &old[i]);
        }
    }
    return good;
}

bool loader_read_memory_map(struct boot_info *info, UINTN *key)
{
    static _Alignas(16) uint8_t map[MAP_BYTES];
    UINTN size = sizeof(map);
    UINTN stride = 0;
    UINT32 version = 0;
    if (FIRMWARE(BS->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)map, key, &stride, &version)) !=
        EFI_SUCCESS) {
        return false;
    }
    info->memory_count = 0;
    for (UINTN offset = 0; offset + stride <= size; offset += stride) {
        const EFI_MEMORY_DESCRIPTOR *d = (const EFI_MEMORY_DESCRIPTOR *)(map + offset);
        struct boot_memory piece = {
            .hpa = HPA(d->PhysicalStart),
            .size = d->NumberOfPages * PAGE_SIZE,
            .type = type_of(d),
        };
        if (piece.size != 0 && !insert(info, &piece)) {
            return false;
        }
    }
    join_neighbours(info);
    return ask_mtrrs(info);
}
