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

/*
 * Linux takes a hardware-reduced machine for one with EFI and, finding no EFI, restarts through the
 * BIOS: it jumps to F000:FFF0 in real mode. There is no BIOS, so what stands there resets the VM.
 */
static const uint8_t reset_code[] = {
    0xBA,
    GUEST_RESET_PORT & 0xFF,
    GUEST_RESET_PORT >> 8, /* mov dx, GUEST_RESET_PORT */
    0xB0,
    GUEST_RESET_VALUE, /* mov al, GUEST_RESET_VALUE */
    0xEE,              /* out dx, al */
    0xFA,              /* cli */
    0xF4,              /* hlt */
    0xEB,
    0xFC, /* jmp to the cli */
};

/* The code lies behind the tables in their part of the blob, and is copied to its own place. */
static bool add_reset_code(struct layout *l, struct layout_part *part)
{
    uint64_t gpa;
    void *code = layout_carve(part, sizeof(reset_code), &gpa);
    memcpy(code, reset_code, sizeof(reset_code));
    if (!place_is_ram(&l->placer, GUEST_BIOS_RESET, sizeof(reset_code))) {
        return image_fail(l->error, "a VM with ACPI tables needs RAM from 0x%x to 0x%x",
                          GUEST_ACPI_BASE, GUEST_ACPI_END - 1);
    }
    const uint64_t hpa =
        l->request->blob_hpa.v + (uint64_t)(part->data - (uint8_t *)l->request->blob);
    return layout_add_load(l, GUEST_BIOS_RESET, hpa + (gpa - part->gpa), sizeof(reset_code));
}

static bool add_acpi_tables(struct layout *l)
{
    const struct image_request *request = l->request;
    l->placement->rsdp = request->rsdp;
    if (request->dsdt == NULL) {
        return true;
    }
    const uint64_t size = align_up(acpi_tables_size(request->cpu_count, request->dsdt_size), 8);
    if (size > GUEST_BIOS_RESET - GUEST_ACPI_BASE - PAGE_SIZE) {
        return image_fail(l->error, "ACPI tables have %llu bytes, at most %u fit below 1 MiB",
                          (unsigned long long)size,
                          (unsigned)(GUEST_BIOS_RESET - GUEST_ACPI_BASE - PAGE_SIZE));
    }
    struct layout_part part;
    if (!layout_part_at(l, GUEST_ACPI_BASE, size + sizeof(reset_code), &part)) {
        return false;
    }
    const struct acpi_tables tables = {
        .base = GUEST_ACPI_BASE,
        .cpu_count = request->cpu_count,
        .apic_ids = request->apic_ids,
        .legacy = request->legacy,
        .pci_mmio_first = layout_pci_window(l),
        .pci = l->plan->pci,
        .pci_count = l->plan->pci_count,
        .dsdt = request->dsdt,
        .dsdt_size = request->dsdt_size,
    };
    if (!acpi_tables_build(&tables, part.data, l->error)) {
        return false;
    }
    part.used = size;
    l->placement->rsdp = GPA(GUEST_ACPI_BASE);
    l->plan->flags |= VM_FLAG_ACPI;
    return add_reset_code(l, &part);
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
