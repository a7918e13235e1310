/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory, loads and the blob: the parts of laying out that every format needs. See
 * boot/image/layout.h. Nothing here knows a format or touches an image's contents.
 */
#include "boot/image/layout.h"
#include "drivers/guest_platform.h"

#define GDT_CODE_64 UINT64_C(0x00AF9B000000FFFF)
#define GDT_CODE_32 UINT64_C(0x00CF9B000000FFFF)
#define GDT_DATA    UINT64_C(0x00CF93000000FFFF)

bool layout_add_load(struct layout *l, uint64_t gpa, uint64_t hpa, uint64_t size)
{
    while (size > 0) {
        const struct vm_memory *piece = vm_plan_piece(l->plan, gpa);
        if (piece == NULL) {
            return image_fail(l->error, "0x%llx is not in the VM's RAM", (unsigned long long)gpa);
        }
        if (l->plan->load_count == VM_LOAD_MAX) {
            return image_fail(l->error,
                              "more than %u copies are needed: give fewer modules or memory in "
                              "fewer pieces",
                              VM_LOAD_MAX);
        }
        const uint64_t part = MIN(size, piece->size - (gpa - piece->gpa.v));
        l->plan->loads[l->plan->load_count++] = (struct vm_load){GPA(gpa), HPA(hpa), part};
        gpa += part;
        hpa += part;
        size -= part;
    }
    return true;
}

static uint64_t total_ram(const struct layout *l)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < l->plan->memory_count; i++) {
        sum += l->plan->memory[i].size;
    }
    return sum;
}

bool layout_take(struct layout *l, uint64_t gpa, uint64_t size, const char *what)
{
    if (!place_is_ram(&l->placer, gpa, size)) {
        return image_fail(l->error,
                          "%s needs 0x%llx bytes at 0x%llx, which the VM's RAM (%llu KiB) does "
                          "not cover: give it more memory",
                          what, (unsigned long long)size, (unsigned long long)gpa,
                          (unsigned long long)(total_ram(l) / 1024));
    }
    if (!place_is_free(&l->placer, gpa, size)) {
        return image_fail(l->error,
                          "%s needs 0x%llx bytes at 0x%llx, which are taken or reserved "
                          "(0x%x-0x%x)",
                          what, (unsigned long long)size, (unsigned long long)gpa,
                          (unsigned)GUEST_LOW_RAM_END, (unsigned)GUEST_HIGH_RAM - 1);
    }
    if (!place_take(&l->placer, gpa, size)) {
        return image_fail(l->error, "%s: more than %u ranges are in use", what, PLACE_USED_MAX);
    }
    return true;
}

bool layout_part_at(struct layout *l, uint64_t gpa, uint64_t size, struct layout_part *part)
{
    const uint64_t pages = align_up(size, PAGE_SIZE);
    if (!place_is_ram(&l->placer, gpa, pages)) {
        return image_fail(l->error,
                          "boot structures need %llu bytes at 0x%llx, where the VM has no RAM",
                          (unsigned long long)pages, (unsigned long long)gpa);
    }
    if (pages > IMAGE_BLOB_SIZE - l->blob_used) {
        return image_fail(l->error, "boot structures need %llu bytes more than the %llu there are",
                          (unsigned long long)(pages - (IMAGE_BLOB_SIZE - l->blob_used)),
                          (unsigned long long)IMAGE_BLOB_SIZE);
    }
    *part = (struct layout_part){(uint8_t *)l->request->blob + l->blob_used, gpa, pages, 0};
    memset(part->data, 0, pages);
    const uint64_t hpa = l->request->blob_hpa.v + l->blob_used;
    l->blob_used += pages;
    return layout_add_load(l, gpa, hpa, pages);
}

bool layout_part_low(struct layout *l, uint64_t size, struct layout_part *part)
{
    const struct place_want want = {align_up(size, PAGE_SIZE), PAGE_SIZE, LAYOUT_LOW_MIN,
                                    LAYOUT_LOW_END};
    uint64_t gpa;
    if (!place_find_low(&l->placer, &want, &gpa)) {
        return image_fail(l->error,
                          "boot structures need %llu bytes of free RAM from 0x%x to 0x%x: give "
                          "the VM memory from 0 on",
                          (unsigned long long)want.size, LAYOUT_LOW_MIN, LAYOUT_LOW_END);
    }
    return layout_take(l, gpa, want.size, "boot structures") &&
           layout_part_at(l, gpa, want.size, part);
}

uint64_t layout_carve_size(uint64_t size)
{
    return align_up(size, 8);
}

void *layout_carve(struct layout_part *part, uint64_t size, uint64_t *gpa)
{
    void *data = part->data + part->used;
    *gpa = part->gpa + part->used;
    part->used += layout_carve_size(size);
    return data;
}

uint64_t layout_carve_string(struct layout_part *part, const char *string)
{
    const size_t size = strlen(string) + 1;
    uint64_t gpa;
    memcpy(layout_carve(part, size, &gpa), string, size);
    return gpa;
}

void layout_carve_gdt(struct layout *l, struct layout_part *part, bool code_64)
{
    struct vm_start *start = &l->plan->start;
    uint8_t *gdt = layout_carve(part, LAYOUT_GDT_SIZE, &start->gdt_base);
    image_put64(gdt, LAYOUT_CS, code_64 ? GDT_CODE_64 : GDT_CODE_32);
    image_put64(gdt, LAYOUT_DS, GDT_DATA);
    start->gdt_limit = LAYOUT_GDT_SIZE - 1;
    start->cs = LAYOUT_CS;
    start->ds = LAYOUT_DS;
}

bool layout_segments(struct layout *l)
{
    const struct image *kernel = l->request->kernel;
    uint64_t first = UINT64_MAX, end = 0;
    for (uint32_t i = 0; i < kernel->segment_count; i++) {
        const struct image_segment *s = &kernel->segments[i];
        if (!layout_take(l, s->gpa, s->memory_size, "the kernel") ||
            !layout_add_load(l, s->gpa, kernel->file.hpa.v + s->offset, s->file_size)) {
            return false;
        }
        first = MIN(first, s->gpa);
        end = MAX(end, s->gpa + s->memory_size);
    }
    l->placement->kernel = GPA(first);
    l->placement->kernel_size = end - first;
    return true;
}

const char *layout_bootargs(const struct layout *l)
{
    return l->request->bootargs == NULL ? "" : l->request->bootargs;
}
