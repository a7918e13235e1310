/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which format a kernel file has, and the way to its parser. Called through boot/image/image.h.
 * Knows signatures only; what a format demands is in the file of that format.
 */
#include "boot/image/image.h"

#include "boot/image/internal.h"

struct image_parser {
    const char *name;
    bool (*parse)(struct image *image, struct image_error *error);
};

static const struct image_parser parsers[] = {
    [IMAGE_UNKNOWN] = {"unknown", NULL},
    [IMAGE_BZIMAGE] = {"bzImage", image_parse_bzimage},
    [IMAGE_PVH] = {"PVH", image_parse_pvh},
    [IMAGE_MULTIBOOT] = {"Multiboot", image_parse_multiboot},
    [IMAGE_FLAT] = {"flat", image_parse_flat},
};

/* Files that are often taken for a kernel, and what to do about it. */
struct image_stranger {
    uint8_t size;
    uint8_t bytes[6];
    const char *text;
};

static const struct image_stranger strangers[] = {
    {2, {0x1F, 0x8B}, "is compressed with gzip: unpack it first (gunzip)"},
    {6, {0xFD, '7', 'z', 'X', 'Z', 0}, "is compressed with xz: unpack it first (unxz)"},
    {4, {0x28, 0xB5, 0x2F, 0xFD}, "is compressed with zstd: unpack it first (unzstd)"},
    {6, {'0', '7', '0', '7', '0', '1'}, "is a cpio archive: a ramdisk, not a kernel"},
    {4, {0xD0, 0x0D, 0xFE, 0xED}, "is a device tree, not a kernel"},
    {2, {'M', 'Z'}, "is an EFI application: a VM has no UEFI firmware to start it"},
};

enum image_format image_detect(const struct image_file *file)
{
    if (image_is_bzimage(file)) {
        return IMAGE_BZIMAGE;
    }
    if (image_is_pvh(file)) {
        return IMAGE_PVH;
    }
    if (image_is_multiboot(file)) {
        return IMAGE_MULTIBOOT;
    }
    return IMAGE_UNKNOWN;
}

const char *image_format_name(enum image_format format)
{
    return parsers[(size_t)format < ARRAY_SIZE(parsers) ? format : IMAGE_UNKNOWN].name;
}

static bool unknown_format(const struct image_file *file, struct image_error *error)
{
    if (file->size == 0) {
        return image_fail(error, "is empty (0 bytes)");
    }
    if (image_is_elf(file)) {
        return image_fail(error, "ELF has neither a PVH note nor a Multiboot 1 header in its "
                                 "first 8192 bytes: build the kernel with one of them");
    }
    for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
        const struct image_stranger *s = &strangers[i];
        if (image_has(file, 0, s->size) && memcmp(file->data, s->bytes, s->size) == 0) {
            return image_fail(error, "%s", s->text);
        }
    }
    return image_fail(error,
                      "begins with byte 0x%02x: not a bzImage, PVH ELF or Multiboot 1 "
                      "kernel; a flat image must be asked for by its protocol",
                      image_u8(file, 0));
}

bool image_parse(const struct image_file *file, enum image_format format, struct image *image,
                 struct image_error *error)
{
    if (format == IMAGE_UNKNOWN) {
        format = image_detect(file);
    }
    if (format == IMAGE_UNKNOWN || (size_t)format >= ARRAY_SIZE(parsers)) {
        return unknown_format(file, error);
    }
    memset(image, 0, sizeof(*image));
    image->format = format;
    image->file = *file;
    return parsers[format].parse(image, error);
}

uint64_t image_memory_needed(const struct image *image)
{
    if (image->format == IMAGE_BZIMAGE) {
        return MAX(image->bzimage.init_size, image->bzimage.payload_size) + MIB(1);
    }
    if (image->format == IMAGE_FLAT) {
        return MIB(1);
    }
    uint64_t sum = MIB(1);
    for (uint32_t i = 0; i < image->segment_count; i++) {
        sum += image->segments[i].memory_size;
    }
    return sum;
}
