/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's address space and pool, from boot until they are sealed. Boot processor only,
 * before memory_seal(); running out is a panic, because the loader computed the need beforehand.
 */
#ifndef KERNEL_MEMORY_H
#define KERNEL_MEMORY_H

#include "kernel/boot_info.h"
#include "kernel/types.h"

/* Takes over pool and page tables from the loader and drops its lower-half mappings. */
void memory_init(const struct boot_info *info);

/* count zeroed, contiguous pages. */
void *memory_alloc_pages(uint64_t count);

/* Physical address of something that came from memory_alloc_pages(). Any time, any CPU. */
hpa_t memory_hpa(const void *virt);

/* Maps device memory, uncached or (write_combining) for a framebuffer; any alignment. */
void *memory_map_mmio(hpa_t hpa, uint64_t size, bool write_combining);

/* A stack of size bytes (a multiple of 4 KiB, below STACK_SLOT_SIZE) above an unmapped page. */
uint8_t *memory_alloc_stack(uint64_t size);

/*
 * An identity mapping of one executable page in tables of its own, for CPUs that come out of real
 * mode; returns the value for their CR3 (below 4 GiB).
 */
uint64_t memory_trampoline_tables(hpa_t page);

/* The hypervisor's CR3. */
uint64_t memory_cr3(void);

/* Maps the copy window of one CPU: see kernel/window.h. */
uint64_t *memory_alloc_window(uint32_t cpu_index);

/* No allocation and no new mapping from here on; checks W^X over all tables. */
void memory_seal(void);

/* For the log: bytes of the pool in use, and its size. */
uint64_t memory_used(void);
uint64_t memory_size(void);

#endif
