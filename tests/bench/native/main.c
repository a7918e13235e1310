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
#include "kernel/io.h"
#include "kernel/msr.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "tests/bench/native/native.h"

#define PIC_MASTER_DATA 0x21
#define PIC_SLAVE_DATA  0xa1
#define APIC_ICR_LOW    0xfee00300u
#define ICR_INIT_OTHERS 0x000c4500u /* INIT, assert, all excluding self */
#define UART_THR        0x3f8
#define UART_LSR        0x3fd
#define UART_LSR_THRE   0x20
#define ANNOUNCE_TICKS  2000000 /* enough for the line at 115200 baud */
#define PTE_TABLE       0x3
#define PTE_LARGE_PAGE  0x83
#define TABLE_ENTRIES   512
#define MAPPED_MAX      GIB(512)

EFI_SYSTEM_TABLE *ST;
EFI_BOOT_SERVICES *BS;
uint64_t firmware_ticks;

static struct config config;
static struct config_report report;
static struct boot_info info; /* only its memory map is used */
static struct vm_plan plan;
static struct native_registers registers;

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

/* Tables that map all RAM one to one with 2 MiB pages; they must survive the scrubbing. */
static uint64_t make_tables(void)
{
    uint64_t top = GIB(4);
    for (uint32_t i = 0; i < info.memory_count; i++) {
        top = MAX(top, info.memory[i].hpa.v + info.memory[i].size);
    }
    top = align_up(MIN(top, MAPPED_MAX), GIB(1));
    uint64_t directories = top / GIB(1);
    uint64_t *tables = loader_alloc_pages(2 + directories, UINT32_MAX);
    if (tables == NULL) {
        return 0;
    }
    uint64_t *pdpt = tables + TABLE_ENTRIES;
    uint64_t *pd = pdpt + TABLE_ENTRIES;
    memset(tables, 0, 2 * PAGE_SIZE);
    tables[0] = (uintptr_t)pdpt | PTE_TABLE;
    for (uint64_t i = 0; i < directories; i++) {
        pdpt[i] = (uintptr_t)(pd + i * TABLE_ENTRIES) | PTE_TABLE;
    }
    for (uint64_t i = 0; i < directories * TABLE_ENTRIES; i++) {
        pd[i] = i * MIB(2) | PTE_LARGE_PAGE;
    }
    return (uintptr_t)tables;
}

static void set_registers(void)
{
    const struct vm_start *start = &plan.start;
    registers = (struct native_registers){
        .rip = start->rip,
        .rsp = start->rsp,
        .rax = start->rax,
        .rbx = start->rbx,
        .rsi = start->rsi,
        .cr3 = start->cr3,
        .gdt_limit = (uint16_t)start->gdt_limit,
        .gdt_base = start->gdt_base,
        .cs = start->cs,
        .ds = start->ds,
    };
}

/* The other CPUs leave the firmware's idle loop and wait for their SIPI, as after RESET. */
static void stop_other_cpus(void)
{
    if ((cpu_rdmsr(MSR_IA32_APIC_BASE) & APIC_BASE_EXTD) != 0) {
        cpu_wrmsr(MSR_X2APIC_ICR, ICR_INIT_OTHERS);
        return;
    }
    mmio_write32((void *)(uintptr_t)APIC_ICR_LOW, ICR_INIT_OTHERS);
}

static void serial_write(const char *text)
{
    for (; *text != '\0'; text++) {
        while ((inb(UART_LSR) & UART_LSR_THRE) == 0) {
        }
        outb(UART_THR, (uint8_t)*text);
    }
}

/* Says when the guest will start and waits for it: what it counts from there is its own. */
static void announce(void)
{
    char line[80];
    uint64_t start = cpu_rdtsc() + ANNOUNCE_TICKS;
    ksnprintf(line, sizeof(line), "native: the guest starts at TSC %lu\r\n", start);
    serial_write(line);
    while (cpu_rdtsc() < start) {
    }
}

/* Runs after the firmware: scrub, copy, enter. */
static void start_guest(void)
{
    outb(PIC_MASTER_DATA, 0xff);
    outb(PIC_SLAVE_DATA, 0xff);
    stop_other_cpus();
    for (uint32_t i = 0; i < plan.memory_count; i++) {
        memset((void *)plan.memory[i].hpa.v, 0, plan.memory[i].size);
    }
    for (uint32_t i = 0; i < plan.load_count; i++) {
        memcpy((void *)plan.loads[i].gpa.v, (const void *)plan.loads[i].hpa.v, plan.loads[i].size);
    }
    announce();
    if (plan.start.mode == VM_START_LONG64) {
        native_enter_long64(&registers);
    }
    native_enter_prot32(&registers);
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
    *cr3 = make_tables();
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
    set_registers();
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
    native_leave_firmware(cr3, start_guest);
}
