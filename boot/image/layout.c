/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lays out a parsed image in a VM's memory: checks the request, sets up the ranges that are fixed,
 * and leaves the rest to the format's own file. Entry: image_layout(), see boot/image/image.h.
 * Where things lie in a guest is told in docs/guest-memory-map.md.
 */
#include "boot/image/layout.h"

#include "boot/image/acpi_tables.h"
#include "drivers/guest_platform.h"

static bool (*const layouts[])(struct layout *l) = {
    [IMAGE_BZIMAGE] = layout_linux,
    [IMAGE_PVH] = layout_pvh,
    [IMAGE_MULTIBOOT] = layout_multiboot,
    [IMAGE_FLAT] = layout_flat,
};

static bool check_string(const char *string, const char *what, struct image_error *error)
{
    const size_t length = string == NULL ? 0 : strnlen(string, IMAGE_STRING_MAX + 1);
    if (length > IMAGE_STRING_MAX) {
        return image_fail(error, "%s are longer than %u bytes: shorten them", what,
                          IMAGE_STRING_MAX);
    }
    return true;
}

static bool check_file(const struct image_file *file, const char *what, struct image_error *error)
{
    if (file->size >= IMAGE_GPA_END) {
        return image_fail(error, "%s is %llu bytes, more than memory can have", what,
                          (unsigned long long)file->size);
    }
    return true;
}

static bool check_request(const struct image_request *request, struct image_error *error)
{
    if (request->module_count > IMAGE_MODULE_MAX) {
        return image_fail(error, "%u modules are given, at most %u are possible",
                          (unsigned)request->module_count, IMAGE_MODULE_MAX);
    }
    for (uint32_t i = 0; i < request->module_count; i++) {
        if (!check_string(request->modules[i].string, "bootargs of a module", error) ||
            !check_file(&request->modules[i].file, "a module", error)) {
            return false;
        }
    }
    return check_string(request->bootargs, "bootargs", error) &&
           check_file(&request->ramdisk, "the ramdisk", error);
}

static bool add_acpi_tables(struct layout *l)
{
    const struct image_request *request = l->request;
    l->placement->rsdp = request->rsdp;
    if (request->dsdt == NULL) {
        return true;
    }
    const uint64_t size = acpi_tables_size(request->cpu_count, request->dsdt_size);
    if (size > GUEST_ACPI_END - GUEST_ACPI_BASE) {
        return image_fail(l->error, "ACPI tables have %llu bytes, at most %u fit below 1 MiB",
                          (unsigned long long)size, (unsigned)(GUEST_ACPI_END - GUEST_ACPI_BASE));
    }
    struct layout_part part;
    if (!layout_part_at(l, GUEST_ACPI_BASE, size, &part)) {
        return false;
    }
    const struct acpi_tables tables = {
        .base = GUEST_ACPI_BASE,
        .cpu_count = request->cpu_count,
        .apic_ids = request->apic_ids,
        .legacy = request->legacy,
        .pci_mmio_first = layout_pci_window(l),
        .dsdt = request->dsdt,
        .dsdt_size = request->dsdt_size,
    };
    if (!acpi_tables_build(&tables, part.data, l->error)) {
        return false;
    }
    l->placement->rsdp = GPA(GUEST_ACPI_BASE);
    l->plan->flags |= VM_FLAG_ACPI;
    return true;
}

bool image_layout(const struct image_request *request, struct vm_plan *plan,
                  struct image_placement *placement, struct image_error *error)
{
    struct layout l = {request, plan, placement, error, .blob_used = 0};
    memset(placement, 0, sizeof(*placement));
    memset(&plan->start, 0, sizeof(plan->start));
    plan->load_count = 0;
    plan->flags &= ~(uint32_t)VM_FLAG_ACPI;

    if (!check_request(request, error) || !place_init(&l.placer, plan, error)) {
        return false;
    }
    const enum image_format format = request->kernel->format;
    const bool firmware = format == IMAGE_FLAT;
    /* What PCs keep for firmware is neither RAM for a kernel nor free for the loader. */
    place_take(&l.placer, GUEST_LOW_RAM_END, GUEST_HIGH_RAM - GUEST_LOW_RAM_END);
    if (!firmware && !add_acpi_tables(&l)) {
        return false;
    }
    if (!layouts[format](&l)) {
        return false;
    }
    placement->blob_used = l.blob_used;
    return true;
}
