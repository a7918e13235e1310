/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lays out a flat image: at the end of the first 4 GiB, in a memory piece of its own, and its last
 * 128 KiB once more below 1 MiB, where a PC's chipset shows firmware to real mode. The VM starts
 * at the reset vector. It gets no boot structures and sees no bootargs: it is the firmware. Called
 * by image_layout().
 */
#include "boot/image/layout.h"
#include "drivers/guest_platform.h"

static bool check_options(const struct layout *l)
{
    const struct image_request *request = l->request;
    if (request->ramdisk.size != 0 || request->module_count != 0) {
        return image_fail(l->error, "a ramdisk or module is given, but a flat image takes none");
    }
    return true;
}

bool layout_flat(struct layout *l)
{
    const struct image_file *file = &l->request->kernel->file;
    const uint64_t size = file->size, gpa = LAYOUT_4G - size;
    const uint64_t low_size = MIN(size, FLAT_LOW_COPY_SIZE), low = GUEST_HIGH_RAM - low_size;
    if (!check_options(l) || !layout_take(l, gpa, size, "the flat image")) {
        return false;
    }
    if (!place_is_ram(&l->placer, low, low_size)) {
        return image_fail(l->error, "a flat image needs RAM from 0 to 1 MiB for its copy at 0x%llx",
                          (unsigned long long)low);
    }
    l->placement->kernel = GPA(gpa);
    l->placement->kernel_size = size;
    l->plan->start.mode = VM_START_RESET;
    return layout_add_load(l, gpa, file->hpa.v, size) &&
           layout_add_load(l, low, file->hpa.v + size - low_size, low_size);
}
