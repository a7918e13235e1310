/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader's side of the configuration: reads machine.dtb and the images it names, runs the
 * checker (boot/config, the same code as bulkhead-check) and prints what it says.
 */
#include "boot/loader.h"

#include "boot/config/config.h"
#include "boot/config/report.h"
#include "boot/image/acpi_tables.h"
#include "kernel/string.h"

#define CONFIG_FILE_NAME    "machine.dtb"
#define POOL_BASE_SIZE      KIB(560) /* page tables, boot information, log, tables of the machine */
#define POOL_PER_CPU        KIB(64)
#define POOL_PER_VM         KIB(32)
#define POOL_EPT_PER_GIB    KIB(16)
#define POOL_EPT_4K_PER_GIB (MIB(2) + KIB(16)) /* of VMs with `small-pages` */
#define POOL_PER_PCI        KIB(80)            /* tables for six BARs, each far from the others */

static struct config config;
static struct config_machine machine;
static struct config_report report;
static void *blobs; /* IMAGE_BLOB_SIZE for each VM */
static bool readable;

static void print_report(void)
{
    static char line[CONFIG_LINE_SIZE];
    for (uint32_t i = 0; i < report.count; i++) {
        loader_print("%s", config_problem_format(&report.problems[i], line, sizeof(line)));
    }
    if (report.errors + report.warnings > 0) {
        loader_print("configuration: %s", config_report_summary(&report, line, sizeof(line)));
    }
}

static void print_plan_line(void *context, const char *line)
{
    (void)context;
    loader_print("%s", line);
}

static enum config_file_state state_of(const struct loader_file *file)
{
    if (file->status == EFI_OUT_OF_RESOURCES) {
        return CONFIG_FILE_TOO_LARGE;
    }
    if (file->data == NULL) {
        return CONFIG_FILE_MISSING;
    }
    return file->size < file->expected ? CONFIG_FILE_SHORT : CONFIG_FILE_READ;
}

static void read_images(void)
{
    for (uint32_t i = 0; i < config.file_count; i++) {
        struct config_file *file = &config.files[i];
        struct loader_file got = loader_read_file(file->path);
        file->state = state_of(&got);
        file->expected = got.expected;
        file->image.data = got.data;
        file->image.size = got.size;
        file->image.hpa = HPA((uintptr_t)got.data);
    }
}

bool loader_read_configuration(void)
{
    struct loader_file file = loader_read_file(CONFIG_FILE_NAME);
    config_report_init(&report);
    if (file.data == NULL || file.size < file.expected) {
        loader_error("\\bulkhead\\%s cannot be read from the volume that Bulkhead was started "
                     "from: %s",
                     CONFIG_FILE_NAME, efi_status_text(file.status));
        return false;
    }
    readable = config_parse(file.data, file.size, &config, &report);
    if (!readable) {
        print_report();
        loader_error("\\bulkhead\\%s is not a usable configuration", CONFIG_FILE_NAME);
        return false;
    }
    read_images();
    if (config.vm_count > 0) {
        blobs = loader_alloc_pages(config.vm_count * IMAGE_BLOB_SIZE / PAGE_SIZE, UINT64_MAX);
        if (blobs == NULL) {
            loader_error("too little memory for the VMs' boot structures");
            return false;
        }
    }
    return true;
}

uint64_t loader_pool_size(const struct boot_info *info)
{
    uint64_t guest_memory = 0;
    uint64_t functions = 0;
    uint64_t small_gib = 0;
    for (uint32_t i = 0; i < config.vm_count; i++) {
        guest_memory += config.vms[i].memory;
        functions += config.vms[i].plan.pci_count;
        if (config.vms[i].plan.flags & VM_FLAG_SMALL_PAGES) {
            small_gib += align_up(config.vms[i].memory, GIB(1)) / GIB(1);
        }
    }
    uint64_t gib = align_up(guest_memory, GIB(1)) / GIB(1);
    uint64_t framebuffer_tables = align_up(info->framebuffer.size, MIB(2)) / MIB(2) * PAGE_SIZE;
    return POOL_BASE_SIZE + info->cpu_count * POOL_PER_CPU + config.vm_count * POOL_PER_VM +
           gib * POOL_EPT_PER_GIB + small_gib * POOL_EPT_4K_PER_GIB + functions * POOL_PER_PCI +
           framebuffer_tables;
}

static bool lay_out_images(struct boot_info *info)
{
    for (uint32_t i = 0; i < config.vm_count; i++) {
        struct config_blob blob = {
            .data = (uint8_t *)blobs + i * IMAGE_BLOB_SIZE,
            .hpa = HPA((uintptr_t)blobs + i * IMAGE_BLOB_SIZE),
            .dsdt = dsdt_aml,
            .dsdt_size = dsdt_aml_size,
        };
        struct image_placement placement;
        if (!config_layout(&config, &machine, i, &blob, &info->plan, &placement, &report)) {
            return false;
        }
    }
    return true;
}

bool loader_make_plan(struct boot_info *info, bool print)
{
    static struct config_report parsed; /* complaints of config_parse(), to start from */
    static bool parsed_kept;
    if (!parsed_kept) {
        parsed = report;
        parsed_kept = true;
    }
    report = parsed;
    loader_describe_machine(info, &machine);
    loader_read_pci(&config, &machine);
    config_check(&config, &machine, &report);
    bool good = report.errors == 0 && config_place(&config, &machine, &info->plan, &report) &&
                lay_out_images(info);
    if (print || !good) {
        print_report();
    }
    if (!good) {
        loader_error("the configuration cannot be used on this machine");
        return false;
    }
    if (print && config.vm_count > 0) {
        config_print_plan(&info->plan, &config, &machine, print_plan_line, NULL);
    }
    return true;
}
