/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the parsers in boot/image and by nobody else: bounded little-endian reads of untrusted
 * files, the way errors are reported, and one parse function a format.
 */
#ifndef BOOT_IMAGE_INTERNAL_H
#define BOOT_IMAGE_INTERNAL_H

#include "boot/image/image.h"
#include "kernel/printf.h"
#include "kernel/string.h"

#define IMAGE_GPA_END         BIT(52) /* x86's widest physical address; sums below never overflow */
#define MULTIBOOT_SEARCH_SIZE KIB(8)  /* the header lies wholly in a file's first 8192 bytes */
#define FLAT_LOW_COPY_SIZE    KIB(128) /* of a ROM's end, also visible below 1 MiB, as on a PC */

/* Writes the reason and is false, so that a check reads `return image_fail(error, ...)`. */
#define image_fail(error, ...) (ksnprintf((error)->text, sizeof((error)->text), __VA_ARGS__), false)

static inline bool image_has(const struct image_file *file, uint64_t offset, uint64_t size)
{
    return offset <= file->size && size <= file->size - offset;
}

/* Little-endian fields at `offset`, which image_has() has accepted. */
static inline uint8_t image_u8(const struct image_file *file, uint64_t offset)
{
    return ((const uint8_t *)file->data)[offset];
}

static inline uint16_t image_u16(const struct image_file *file, uint64_t offset)
{
    uint16_t value;
    memcpy(&value, (const uint8_t *)file->data + offset, sizeof(value));
    return value;
}

static inline uint32_t image_u32(const struct image_file *file, uint64_t offset)
{
    uint32_t value;
    memcpy(&value, (const uint8_t *)file->data + offset, sizeof(value));
    return value;
}

static inline uint64_t image_u64(const struct image_file *file, uint64_t offset)
{
    uint64_t value;
    memcpy(&value, (const uint8_t *)file->data + offset, sizeof(value));
    return value;
}

/* Little-endian fields of structures under construction. */
static inline void image_put16(uint8_t *base, size_t offset, uint16_t value)
{
    memcpy(base + offset, &value, sizeof(value));
}

static inline void image_put32(uint8_t *base, size_t offset, uint32_t value)
{
    memcpy(base + offset, &value, sizeof(value));
}

static inline void image_put64(uint8_t *base, size_t offset, uint64_t value)
{
    memcpy(base + offset, &value, sizeof(value));
}

/* Signature checks for image_detect(): no more than needed to choose a parser. */
bool image_is_bzimage(const struct image_file *file);
bool image_is_elf(const struct image_file *file);
bool image_is_pvh(const struct image_file *file);
bool image_is_multiboot(const struct image_file *file);

/* One a format. *image is zero but for format and file. Errors do not name the format. */
bool image_parse_bzimage(struct image *image, struct image_error *error);
bool image_parse_pvh(struct image *image, struct image_error *error);
bool image_parse_multiboot(struct image *image, struct image_error *error);
bool image_parse_flat(struct image *image, struct image_error *error);

#endif
