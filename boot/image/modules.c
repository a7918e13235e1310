/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses where the ramdisk and further modules go. Called by the layouts of formats that take
 * them, after the kernel has its place. Modules begin on page boundaries and share no page.
 */
#include "boot/image/layout.h"

#define ANYWHERE_END BIT(47) /* canonical when identity-mapped */

static bool find_high(struct layout *l, const struct layout_module_rule *rule, uint64_t size,
                      uint64_t *gpa)
{
    const struct place_want want = {size, PAGE_SIZE, LAYOUT_HIGH_MIN, rule->end};
    const struct place_want above = {size, PAGE_SIZE, LAYOUT_4G, ANYWHERE_END};
    return place_find_high(&l->placer, &want, gpa) ||
           (rule->above_4g && place_find_low(&l->placer, &above, gpa));
}

static bool find_low(struct layout *l, const struct layout_module_rule *rule, uint64_t size,
                     uint64_t *gpa)
{
    const uint64_t kernel_end = l->placement->kernel.v + l->placement->kernel_size;
    struct place_want want = {size, PAGE_SIZE, MAX(kernel_end, LAYOUT_HIGH_MIN), rule->end};
    if (place_find_low(&l->placer, &want, gpa)) {
        return true;
    }
    want.min = LAYOUT_HIGH_MIN;
    return place_find_low(&l->placer, &want, gpa);
}

static bool find_above_4g(struct layout *l, const struct layout_module_rule *rule, uint64_t size,
                          uint64_t *gpa)
{
    const struct place_want want = {size, PAGE_SIZE, LAYOUT_4G, ANYWHERE_END};
    if (!rule->above_4g) {
        return image_fail(l->error, "the ramdisk is asked for above 4 GiB, where this kernel "
                                    "cannot take it: place it high or low");
    }
    if (!place_find_low(&l->placer, &want, gpa)) {
        return image_fail(l->error,
                          "the ramdisk's %llu bytes do not fit above 4 GiB: give the VM "
                          "more memory or place it high or low",
                          (unsigned long long)size);
    }
    return true;
}

static bool check_at(struct layout *l, const struct layout_module_rule *rule, uint64_t size,
                     uint64_t *gpa)
{
    const uint64_t at = l->request->ramdisk_gpa.v;
    *gpa = at;
    if (!is_aligned(at, PAGE_SIZE)) {
        return image_fail(l->error,
                          "the ramdisk is asked for at 0x%llx: must be a multiple of "
                          "0x1000",
                          (unsigned long long)at);
    }
    const uint64_t end = rule->above_4g ? ANYWHERE_END : rule->end;
    if (at >= end || size > end - at) {
        return image_fail(l->error,
                          "the ramdisk is asked for at 0x%llx, but must end at 0x%llx "
                          "or below for this kernel",
                          (unsigned long long)at, (unsigned long long)end);
    }
    return true;
}

static bool find(struct layout *l, const struct layout_module_rule *rule,
                 enum image_ramdisk_place place, uint64_t size, uint64_t *gpa)
{
    if (place == IMAGE_RAMDISK_ABOVE_4G) {
        return find_above_4g(l, rule, size, gpa);
    }
    if (place == IMAGE_RAMDISK_AT) {
        return check_at(l, rule, size, gpa);
    }
    const bool found =
        place == IMAGE_RAMDISK_LOW ? find_low(l, rule, size, gpa) : find_high(l, rule, size, gpa);
    return found ||
           image_fail(l->error,
                      "no free RAM from 1 MiB to 0x%llx for a ramdisk or module of %llu bytes "
                      "beside the kernel: give the VM more memory",
                      (unsigned long long)rule->end, (unsigned long long)size);
}

static bool place_one(struct layout *l, const struct layout_module_rule *rule,
                      enum image_ramdisk_place place, const struct image_file *file, uint64_t *gpa)
{
    if (place == IMAGE_RAMDISK_DEFAULT) {
        place = rule->default_place;
    }
    /* An empty module still has an address of its own. */
    const uint64_t pages = align_up(MAX(file->size, 1), PAGE_SIZE);
    return find(l, rule, place, pages, gpa) &&
           layout_take(l, *gpa, pages, "the ramdisk or a module") &&
           layout_add_load(l, *gpa, file->hpa.v, file->size);
}

bool layout_place_modules(struct layout *l, const struct layout_module_rule *rule,
                          struct layout_modules *modules)
{
    const struct image_request *request = l->request;
    uint32_t n = 0;
    if (request->ramdisk.size > 0) {
        modules->files[n] = request->ramdisk;
        modules->strings[n] = "";
        if (!place_one(l, rule, request->ramdisk_place, &request->ramdisk, &modules->gpa[n])) {
            return false;
        }
        l->placement->ramdisk = GPA(modules->gpa[n]);
        n++;
    }
    for (uint32_t i = 0; i < request->module_count; i++, n++) {
        const struct image_module *module = &request->modules[i];
        modules->files[n] = module->file;
        modules->strings[n] = module->string == NULL ? "" : module->string;
        if (!place_one(l, rule, IMAGE_RAMDISK_DEFAULT, &module->file, &modules->gpa[n])) {
            return false;
        }
    }
    modules->count = n;
    return true;
}
