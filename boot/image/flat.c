/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flat images: firmware or a kernel that is entered at the reset vector in real mode. The image
 * ends at 4 GiB, as a PC's firmware ROM does; its last 128 KiB are also below 1 MiB. There is
 * nothing to parse, so all that can be wrong is the size.
 */
#include "boot/image/internal.h"

#define RESET_VECTOR_SIZE 16 /* from 4 GiB - 16, where execution begins */

bool image_parse_flat(struct image *image, struct image_error *error)
{
    const uint64_t size = image->file.size;
    if (size < RESET_VECTOR_SIZE) {
        return image_fail(error,
                          "is %llu bytes, a flat image has at least %u: its last 16 are the "
                          "reset vector",
                          (unsigned long long)size, RESET_VECTOR_SIZE);
    }
    if (size > IMAGE_FLAT_MAX) {
        return image_fail(error,
                          "is %llu bytes, a flat image has at most %llu: above are the local "
                          "APIC and IOAPIC",
                          (unsigned long long)size, (unsigned long long)IMAGE_FLAT_MAX);
    }
    return true;
}

uint64_t image_rom_size(const struct image *image)
{
    return image->format == IMAGE_FLAT ? align_up(image->file.size, PAGE_SIZE) : 0;
}
