/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native.efi: reads \bulkhead\machine.dtb as the loader does, takes the first VM, and starts its
 * images on the bare machine with all of the machine's free RAM. For reference figures only: it
 * checks what is needed to start, not what a configuration should be.
 */
#include <efi.h>

#include "boot/config/config.h"
#include "boot/image/image.h"
#include "boot/loader.h"
#include "kernel/string.h"
#include "tests/bench/native/native.h"

EFI_SYSTEM_TABLE *ST;
EFI_BOOT_SERVICES *BS;
uint64_t firmware_ticks;

static struct config config;
static struct config_report report;
static struct boot_info info; /* only its memory map is used */
static struct vm_plan plan;

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

static hpa_t find_rsdp(void)
{
    static EFI_GUID acpi20 = ACPI_20_TABLE_GUID;
    for (UINTN i = 0; i < ST->NumberOfTableEntries; i++) {
        const EFI_CONFIGURATION_TABLE *entry = &ST->ConfigurationTable[i];
        if (memcmp(&entry->VendorGuid, &acpi20, sizeof(acpi20)) == 0) {
            return HPA((uintptr_t)entry->VendorTable);
        }
    }
    return HPA(0);
}

static bool read_file(const char *path, struct image_file *out)
{
    struct loader_file file = loader_read_file(path);
    if (file.data == NULL || file.size != file.expected) {
        loader_error("%s: %s", path, efi_status_text(file.status));
        return false;
    }
    *out = (struct image_file){file.data, file.size, HPA((uintptr_t)file.data)};
    return true;
}

static bool read_configuration(void)
{
    struct image_file tree;
    if (!read_file("machine.dtb", &tree)) {
        return false;
    }
    if (!config_parse(tree.data, tree.size, &config, &report) || config.vm_count == 0 ||
        config.vms[0].kernel < 0) {
        loader_error("machine.dtb: no VM with a kernel; bulkhead-check tells more");
        return false;
    }
    return true;
}

/* Keeps what fits into a plan: all pieces below 1 MiB, else the largest. */
static void drop_smallest(struct vm_memory *pieces, uint32_t *count)
{
    uint32_t victim = *count - 1;
    for (uint32_t i = 0; i < *count; i++) {
        if (pieces[i].gpa.v >= MIB(1) && pieces[i].size < pieces[victim].size) {
            victim = i;
        }
    }
    memmove(&pieces[victim], &pieces[victim + 1], (*count - victim - 1) * sizeof(*pieces));
    (*count)--;
}

static void take_memory(void)
{
    static struct vm_memory pieces[BOOT_MEMORY_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < info.memory_count; i++) {
        if (info.memory[i].type == BOOT_MEMORY_FREE) {
            pieces[count++] = (struct vm_memory){GPA(info.memory[i].hpa.v), info.memory[i].hpa,
                                                 info.memory[i].size};
        }
    }
    while (count > VM_MEMORY_MAX) {
        drop_smallest(pieces, &count);
    }
    memcpy(plan.memory, pieces, count * sizeof(*pieces));
    plan.memory_count = count;
}

/* Kernel, ramdisk and modules of the first VM, as config_layout() would ask for them. */
static bool make_request(struct image_request *request, struct image *kernel)
{
    static struct image_module modules[CONFIG_MODULE_MAX];
    const struct config_vm *vm = &config.vms[0];
    struct image_error error;
    request->kernel = kernel;
    request->modules = modules;
    request->rsdp = GPA(find_rsdp().v);
    for (uint32_t i = 0; i < vm->module_count; i++) {
        const struct config_module *module = &vm->modules[i];
        struct image_file file;
        if (module->file == NULL || !read_file(module->file, &file)) {
            return false;
        }
        if ((int)i == vm->kernel) {
            request->bootargs = module->bootargs;
            if (!image_parse(&file, vm->protocol, kernel, &error)) {
                loader_error("%s: %s", module->file, error.text);
                return false;
            }
        } else if (request->ramdisk.size == 0) {
            request->ramdisk = file;
        } else {
            modules[request->module_count++] = (struct image_module){file, module->bootargs};
        }
    }
    return true;
}

/* Tables for all the memory there is. */
static uint64_t map_memory(UINTN *map_key)
{
    uint64_t top = 0;
    if (!loader_read_memory_map(&info, map_key)) {
        return 0;
    }
    for (uint32_t i = 0; i < info.memory_count; i++) {
        top = MAX(top, info.memory[i].hpa.v + info.memory[i].size);
    }
    return native_make_tables(top);
}

static bool prepare(uint64_t *cr3, UINTN *map_key)
{
    static struct image kernel;
    struct image_request request = {0};
    struct image_placement placement;
    struct image_error error;
    if (!read_configuration() || !make_request(&request, &kernel)) {
        return false;
    }
    if (kernel.format == IMAGE_FLAT) {
        loader_error("a flat image needs its own ROM: it cannot be started natively");
        return false;
    }
    *cr3 = map_memory(map_key);
    request.blob = loader_alloc_pages(IMAGE_BLOB_SIZE / PAGE_SIZE, UINT32_MAX);
    request.blob_hpa = HPA((uintptr_t)request.blob);
    if (*cr3 == 0 || request.blob == NULL || !loader_read_memory_map(&info, map_key)) {
        loader_error("not enough memory");
        return false;
    }
    take_memory();
    if (!image_layout(&request, &plan, &placement, &error)) {
        loader_error("%s", error.text);
        return false;
    }
    loader_print("native: starting %s (%s), %lu KiB, at 0x%lx",
                 config.vms[0].modules[config.vms[0].kernel].file, image_format_name(kernel.format),
                 placement.kernel_size >> 10, plan.start.rip);
    return loader_read_memory_map(&info, map_key);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
    uint64_t cr3 = 0;
    UINTN map_key = 0;
    ST = table;
    BS = table->BootServices;
    if (loader_open_volume(image) != EFI_SUCCESS || !prepare(&cr3, &map_key)) {
        loader_print("native: nothing was started");
        loader_free_all();
        return EFI_LOAD_ERROR;
    }
    if (BS->ExitBootServices(image, map_key) != EFI_SUCCESS) {
        loader_print("native: the firmware does not let go");
        return EFI_LOAD_ERROR;
    }
    native_start(&plan, cr3);
}
