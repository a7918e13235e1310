/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as a table for people: one row an item, the VM's name and CPUs on its first row. The
 * loader prints it on the console, bulkhead-check on a terminal.
 */
#include "boot/config/internal.h"
#include "kernel/printf.h"
#include "kernel/string.h"

#define LINE_SIZE 200

struct printer {
    const struct machine_plan *plan;
    const struct config *config;
    const struct config_machine *machine;
    config_sink_fn sink;
    void *context;
    char name[VM_NAME_SIZE]; /* of the VM, until a row has shown it */
    char cpus[48];
};

static void print_row(struct printer *p, const char *kind, const char *size, const char *text)
{
    char line[LINE_SIZE];
    ksnprintf(line, sizeof(line), "  %-15s %-8s %-7s %9s  %s", p->name, p->cpus, kind, size, text);
    p->sink(p->context, line);
    p->name[0] = '\0';
    p->cpus[0] = '\0';
}

/* "512 MiB", "7.3 MiB", "12.0 KiB": three or four digits are enough for a table. */
static const char *format_about(uint64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    uint64_t scale = 1;
    while (unit + 1 < ARRAY_SIZE(units) && bytes / 1024 >= scale) {
        scale *= 1024;
        unit++;
    }
    uint64_t tenths = bytes / scale * 10 + bytes % scale * 10 / scale;
    if (bytes % scale == 0) {
        ksnprintf(buf, size, "%llu %s", (unsigned long long)(bytes / scale), units[unit]);
    } else {
        ksnprintf(buf, size, "%llu.%llu %s", (unsigned long long)(tenths / 10),
                  (unsigned long long)(tenths % 10), units[unit]);
    }
    return buf;
}

/* "0-3,8": runs of neighbours in the VM's own order. */
static void format_cpus(const struct vm_plan *vm, char *buf, size_t size)
{
    size_t length = 0;
    buf[0] = '\0';
    for (uint32_t i = 0; i < vm->cpu_count;) {
        uint32_t last = i;
        while (last + 1 < vm->cpu_count && vm->cpus[last + 1] == vm->cpus[last] + 1) {
            last++;
        }
        char run[24];
        if (last > i) {
            ksnprintf(run, sizeof(run), "%s%u-%u", i > 0 ? "," : "", vm->cpus[i], vm->cpus[last]);
        } else {
            ksnprintf(run, sizeof(run), "%s%u", i > 0 ? "," : "", vm->cpus[i]);
        }
        size_t run_length = strlen(run);
        if (length + run_length + 4 > size) {
            memcpy(buf + length, "...", 4);
            return;
        }
        memcpy(buf + length, run, run_length + 1);
        length += run_length;
        i = last + 1;
    }
}

uint64_t config_largest_page(const struct vm_plan *vm, const struct vm_memory *piece)
{
    static const uint64_t pages[] = {PAGE_SIZE_1G, PAGE_SIZE_2M};
    /* kernel/vm_create.c:build_ept() */
    bool large = !(vm->flags & VM_FLAG_SMALL_PAGES);
    for (size_t i = 0; large && i < ARRAY_SIZE(pages); i++) {
        uint64_t first = align_up(piece->gpa.v, pages[i]);
        uint64_t end = align_down(piece->gpa.v + piece->size, pages[i]);
        if (is_aligned(piece->gpa.v - piece->hpa.v, pages[i]) && first < end) {
            return pages[i];
        }
    }
    return PAGE_SIZE;
}

static void print_memory(struct printer *p, const struct vm_plan *vm)
{
    for (uint32_t i = 0; i < vm->memory_count; i++) {
        const struct vm_memory *piece = &vm->memory[i];
        char size[CONFIG_SIZE_TEXT];
        char page[CONFIG_SIZE_TEXT];
        char text[96];
        uint64_t largest = config_largest_page(vm, piece);
        ksnprintf(text, sizeof(text), "0x%09llx 0x%09llx %s", (unsigned long long)piece->gpa.v,
                  (unsigned long long)piece->hpa.v,
                  config_format_size(largest, page, sizeof(page)));
        print_row(p, "memory", format_about(piece->size, size, sizeof(size)), text);
    }
}

static void print_files(struct printer *p, const struct config_vm *vm)
{
    for (uint32_t i = 0; i < vm->module_count; i++) {
        const struct config_module *module = &vm->modules[i];
        if (module->file == NULL) {
            continue;
        }
        const struct config_file *file = &p->config->files[module->file_index];
        bool kernel = (int)i == vm->kernel;
        char size[CONFIG_SIZE_TEXT] = "?";
        char text[CONFIG_PATH_SIZE + 24];
        if (file->state == CONFIG_FILE_READ) {
            format_about(file->image.size, size, sizeof(size));
        }
        if (kernel && vm->image_valid) {
            ksnprintf(text, sizeof(text), "%s (%s)", module->file,
                      image_format_name(vm->image.format));
        } else {
            ksnprintf(text, sizeof(text), "%s", module->file);
        }
        print_row(p, kernel ? "kernel" : "ramdisk", size, text);
    }
}

static const struct config_pci *find_pci(const struct config_machine *machine,
                                         const struct vm_pci_function *function)
{
    for (uint32_t i = 0; machine != NULL && i < machine->pci_count; i++) {
        if (config_pci_equal(&machine->pci[i].function, function)) {
            return &machine->pci[i];
        }
    }
    return NULL;
}

static void print_devices(struct printer *p, const struct vm_plan *vm)
{
    char text[64];
    for (uint32_t i = 0; i < vm->pci_count; i++) {
        char address[CONFIG_PCI_TEXT];
        const struct config_pci *pci = find_pci(p->machine, &vm->pci[i]);
        config_format_pci(&vm->pci[i], address, sizeof(address));
        if (pci != NULL) {
            ksnprintf(text, sizeof(text), "%s  %04x:%04x class %06x", address, pci->vendor,
                      pci->device, pci->class_code);
        } else {
            ksnprintf(text, sizeof(text), "%s", address);
        }
        print_row(p, "pci", "", text);
    }
    for (uint32_t i = 0; i < vm->port_count; i++) {
        ksnprintf(text, sizeof(text), "0x%04x-0x%04x", vm->ports[i].first, vm->ports[i].last);
        print_row(p, "ports", "", text);
    }
    for (uint32_t i = 0; i < vm->msr_count; i++) {
        ksnprintf(text, sizeof(text), "0x%x-0x%x %s", vm->msrs[i].first, vm->msrs[i].last,
                  vm->msrs[i].write ? "read and write" : "read");
        print_row(p, "msrs", "", text);
    }
}

static void print_flags(struct printer *p, const struct vm_plan *vm)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        {VM_FLAG_REALTIME, " real-time"}, {VM_FLAG_MANAGE, " manage"},
        {VM_FLAG_LEGACY, " legacy"},      {VM_FLAG_UNSAFE_DMA, " unsafe-dma"},
        {VM_FLAG_FAULTS, " faults"},      {VM_FLAG_SMALL_PAGES, " small-pages"},
    };
    char text[96];
    ksnprintf(text, sizeof(text), "%s",
              (vm->flags & VM_FLAG_AUTOSTART) != 0 ? "starts at boot" : "starts later");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if ((vm->flags & names[i].flag) != 0) {
            size_t length = strlen(text);
            ksnprintf(text + length, sizeof(text) - length, ",%s", names[i].name);
        }
    }
    print_row(p, "", "", text);
}

static void print_sum(struct printer *p)
{
    uint64_t files = 0;
    uint64_t memory = 0;
    uint64_t free_memory = 0;
    for (uint32_t i = 0; i < p->config->file_count; i++) {
        files += p->config->files[i].image.size;
    }
    for (uint32_t v = 0; v < p->plan->vm_count; v++) {
        for (uint32_t i = 0; i < p->plan->vms[v].memory_count; i++) {
            memory += p->plan->vms[v].memory[i].size;
        }
    }
    for (uint32_t i = 0; p->machine != NULL && i < p->machine->ram_count; i++) {
        free_memory += p->machine->ram[i].size;
    }
    char a[CONFIG_SIZE_TEXT];
    char b[CONFIG_SIZE_TEXT];
    char c[CONFIG_SIZE_TEXT];
    char line[LINE_SIZE];
    ksnprintf(line, sizeof(line),
              "VMs have %s of %s free memory; their files take %s more, kept for restarts",
              format_about(memory, a, sizeof(a)), format_about(free_memory, b, sizeof(b)),
              format_about(files, c, sizeof(c)));
    p->sink(p->context, line);
}

void config_print_plan(const struct machine_plan *plan, const struct config *config,
                       const struct config_machine *machine, config_sink_fn sink, void *context)
{
    struct printer p = {
        .plan = plan, .config = config, .machine = machine, .sink = sink, .context = context};
    char line[LINE_SIZE];
    ksnprintf(line, sizeof(line), "  %-15s %-8s %-7s %9s  %s", "VM", "CPUs", "has", "size",
              "at gpa      from hpa    in pages of");
    sink(context, line);
    for (uint32_t v = 0; v < plan->vm_count; v++) {
        const struct vm_plan *vm = &plan->vms[v];
        ksnprintf(p.name, sizeof(p.name), "%s", vm->name);
        format_cpus(vm, p.cpus, sizeof(p.cpus));
        print_memory(&p, vm);
        print_files(&p, &config->vms[v]);
        print_devices(&p, vm);
        print_flags(&p, vm);
    }
    print_sum(&p);
}
