/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a Linux bzImage's set-up header (Linux' "The Linux/x86 Boot Protocol", "The Real-Mode
 * Kernel Header"). Called by image_parse(). Only the 64-bit entry is used, so the real-mode code
 * is never run and nothing of it is loaded.
 */
#include "boot/image/internal.h"

/* Offsets in the file; the header moves unchanged into the zero page at the same offsets. */
enum {
    HDR_SETUP_SECTS = 0x1F1, /* 1: 512-byte sectors behind the first; 0 means 4 */
    HDR_SYSSIZE = 0x1F4,     /* 4: size of the kernel proper in units of 16 bytes */
    HDR_BOOT_FLAG = 0x1FE,   /* 2 */
    HDR_JUMP_OFFSET = 0x201, /* 1: the header ends at 0x202 plus this */
    HDR_MAGIC = 0x202,       /* 4 */
    HDR_VERSION = 0x206,     /* 2 */
    HDR_LOADFLAGS = 0x211,   /* 1 */
    HDR_INITRD_ADDR_MAX = 0x22C,
    HDR_KERNEL_ALIGNMENT = 0x230,
    HDR_RELOCATABLE_KERNEL = 0x234, /* 1 */
    HDR_XLOADFLAGS = 0x236,         /* 2; from 2.12 */
    HDR_CMDLINE_SIZE = 0x238,
    HDR_PREF_ADDRESS = 0x258, /* 8; from 2.10 */
    HDR_INIT_SIZE = 0x260,    /* 4; from 2.10 */
    HDR_END_NEEDED = 0x264,
    HDR_END_MAX = 0x290, /* where struct boot_params goes on with other things */
};

#define BOOT_FLAG         0xAA55
#define MAGIC_HDRS        0x53726448 /* "HdrS" */
#define PROTOCOL_2_06     0x0206
#define PROTOCOL_2_12     0x020C
#define LOADED_HIGH       0x01
#define XLF_KERNEL_64     0x0001
#define ENTRY_64_OFFSET   0x200
#define SECTOR_SIZE       512
#define SYSSIZE_UNIT      16
#define SETUP_SECTS_UNSET 4

bool image_is_bzimage(const struct image_file *file)
{
    return image_has(file, 0, HDR_VERSION + 2) && image_u16(file, HDR_BOOT_FLAG) == BOOT_FLAG &&
           image_u32(file, HDR_MAGIC) == MAGIC_HDRS;
}

static bool check_signature(const struct image_file *file, struct image_error *error)
{
    if (!image_has(file, 0, HDR_END_NEEDED)) {
        return image_fail(error, "is %llu bytes, a bzImage has at least %u: the file is cut short",
                          (unsigned long long)file->size, (unsigned)HDR_END_NEEDED);
    }
    if (!image_is_bzimage(file)) {
        return image_fail(error,
                          "has no bzImage header: boot flag 0x%04x at 0x1fe, not 0xaa55, or no "
                          "\"HdrS\" at 0x202: give a bzImage",
                          image_u16(file, HDR_BOOT_FLAG));
    }
    return true;
}

static bool check_protocol(const struct image_file *file, struct image_error *error)
{
    const unsigned version = image_u16(file, HDR_VERSION);
    const unsigned major = version >> 8, minor = version & 0xFF;
    if (version < PROTOCOL_2_06) {
        return image_fail(error,
                          "has boot protocol %u.%02u, at least 2.06 is needed: take a newer kernel",
                          major, minor);
    }
    if ((image_u8(file, HDR_LOADFLAGS) & LOADED_HIGH) == 0) {
        return image_fail(error,
                          "is a zImage that loads at 64 KiB (loadflags 0x%02x): give a "
                          "bzImage, which loads at 1 MiB or above",
                          image_u8(file, HDR_LOADFLAGS));
    }
    if (version < PROTOCOL_2_12 || (image_u16(file, HDR_XLOADFLAGS) & XLF_KERNEL_64) == 0) {
        return image_fail(error,
                          "declares no 64-bit entry (boot protocol %u.%02u, XLF_KERNEL_64 needs "
                          "2.12): take a 64-bit kernel",
                          major, minor);
    }
    return true;
}

static bool read_sizes(const struct image_file *file, struct image_linux *out,
                       struct image_error *error)
{
    const uint32_t sectors = image_u8(file, HDR_SETUP_SECTS);
    out->setup_size = ((sectors == 0 ? SETUP_SECTS_UNSET : sectors) + 1) * SECTOR_SIZE;
    const uint32_t header_end = HDR_MAGIC + image_u8(file, HDR_JUMP_OFFSET);
    if (header_end < HDR_END_NEEDED || header_end > HDR_END_MAX) {
        return image_fail(error,
                          "set-up header ends at 0x%x, must be from 0x%x to 0x%x: the file "
                          "is damaged",
                          (unsigned)header_end, (unsigned)HDR_END_NEEDED, (unsigned)HDR_END_MAX);
    }
    out->header_size = header_end - HDR_SETUP_SECTS;

    const uint64_t declared = (uint64_t)image_u32(file, HDR_SYSSIZE) * SYSSIZE_UNIT;
    if (declared <= ENTRY_64_OFFSET) {
        return image_fail(error,
                          "syssize says a kernel of %llu bytes, more than %u are needed: "
                          "the file is damaged",
                          (unsigned long long)declared, ENTRY_64_OFFSET);
    }
    /* syssize is rounded up, and a signature may follow the kernel. */
    const uint64_t needed = out->setup_size + declared - (SYSSIZE_UNIT - 1);
    if (file->size < needed) {
        return image_fail(error, "is %llu bytes, its header says %llu: the file is cut short",
                          (unsigned long long)file->size,
                          (unsigned long long)(out->setup_size + declared));
    }
    out->payload_size = MIN(declared, file->size - out->setup_size);
    return true;
}

bool image_parse_bzimage(struct image *image, struct image_error *error)
{
    const struct image_file *file = &image->file;
    struct image_linux *out = &image->bzimage;
    if (!check_signature(file, error) || !check_protocol(file, error) ||
        !read_sizes(file, out, error)) {
        return false;
    }
    out->protocol = image_u16(file, HDR_VERSION);
    out->xloadflags = image_u16(file, HDR_XLOADFLAGS);
    out->init_size = MAX(image_u32(file, HDR_INIT_SIZE), out->payload_size);
    out->pref_address = image_u64(file, HDR_PREF_ADDRESS);
    out->kernel_alignment = image_u32(file, HDR_KERNEL_ALIGNMENT);
    out->relocatable = image_u8(file, HDR_RELOCATABLE_KERNEL) != 0;
    out->cmdline_size = image_u32(file, HDR_CMDLINE_SIZE);
    out->initrd_addr_max = image_u32(file, HDR_INITRD_ADDR_MAX);

    const uint64_t alignment = out->kernel_alignment;
    if (alignment < PAGE_SIZE || !is_aligned(alignment, alignment)) {
        return image_fail(error,
                          "kernel_alignment 0x%llx is not a power of two from 0x1000 on: "
                          "the file is damaged",
                          (unsigned long long)alignment);
    }
    if (out->pref_address >= IMAGE_GPA_END - out->init_size) {
        return image_fail(error,
                          "pref_address 0x%llx with init_size 0x%llx lies beyond 2^52: "
                          "the file is damaged",
                          (unsigned long long)out->pref_address,
                          (unsigned long long)out->init_size);
    }
    return true;
}
