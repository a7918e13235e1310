/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small images for the tests of boot/image, and a look at a laid-out guest. A file's hpa is its
 * address here, so that a guest's memory can be read through its loads.
 */
#ifndef TESTS_UNIT_BOOT_IMAGE_IMAGE_BUILD_H
#define TESTS_UNIT_BOOT_IMAGE_IMAGE_BUILD_H

#include "boot/image/image.h"

#define BUILD_SIZE 0x4000 /* of a buffer that any image below fits in */

void build_put16(uint8_t *data, size_t offset, uint16_t value);
void build_put32(uint8_t *data, size_t offset, uint32_t value);
void build_put64(uint8_t *data, size_t offset, uint64_t value);

/*
 * A bzImage of protocol 2.15: 2 KiB of set-up, 4 KiB of kernel filled with 0xA5, init_size 1 MiB,
 * pref_address 16 MiB, alignment 2 MiB, relocatable, above 4 GiB allowed. Returns its size.
 */
#define BUILD_BZIMAGE_SIZE 0x1800
size_t build_bzimage(uint8_t *data);

struct build_segment {
    uint32_t type; /* 1 PT_LOAD, 4 PT_NOTE */
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t filesz;
    uint64_t memsz;
    uint64_t align;
};

struct build_elf {
    bool is_64;
    uint64_t entry;
    uint32_t segment_count;
    struct build_segment segments[24];
};

/* Header and program headers at 0x40; data behind 0x1000 is left alone. Returns BUILD_SIZE. */
size_t build_elf(uint8_t *data, const struct build_elf *elf);

/* A kernel with one segment (0x1000 at 1 MiB, 0x800 bytes, 0x2000 in memory) and a PVH note. */
#define BUILD_PVH_ENTRY 0x100010
size_t build_pvh(uint8_t *data, bool is_64);

/* The same without a note but with a Multiboot header of `flags` at 0x1004. */
size_t build_multiboot(uint8_t *data, bool is_64, uint32_t flags);
void build_multiboot_header(uint8_t *data, size_t offset, uint32_t flags);

/* One note at `offset`; returns the bytes it takes with descriptors aligned to `align`. */
size_t build_note(uint8_t *data, size_t offset, const char *owner, uint32_t type,
                  uint32_t desc_size, uint64_t desc, uint32_t align);

/* Parses a copy of exactly `size` bytes, so that a read behind it is an ASan error. */
extern struct image parsed;
extern struct image_error parse_error;
bool build_parse(const uint8_t *data, size_t size, enum image_format format);

/* Parsing must fail, and with these words. */
void assert_refused(const uint8_t *data, size_t size, enum image_format format, const char *words);

/* What the next build_layout() is given, and what it made. build_reset() is a cmocka set-up. */
extern struct image_request request;
extern struct vm_plan plan;
extern struct image_placement placement;
extern struct image_error layout_error;
int build_reset(void **state);

/* Adds a piece of guest RAM. */
void build_memory(uint64_t gpa, uint64_t size);

/* Lays out `parsed`; checks that loads lie in RAM and do not overlap. */
bool build_layout(void);
void assert_not_laid_out(const char *words);

/* What the guest finds at gpa when it starts: a pointer good to the load's end, NULL for zeros. */
const uint8_t *guest_at(uint64_t gpa);
uint16_t guest_u16(uint64_t gpa);
uint32_t guest_u32(uint64_t gpa);
uint64_t guest_u64(uint64_t gpa);

#endif
