/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the UEFI loader that use firmware services. boot/main.c calls them in order; until
 * ExitBootServices each failure is printed and leads back to the firmware. Boot processor only.
 */
#ifndef BOOT_LOADER_H
#define BOOT_LOADER_H

#include <efi.h>

#include "boot/config/config.h"
#include "kernel/boot_info.h"
#include "kernel/cpu.h"
#include "kernel/paging.h"
#include "kernel/panic_record.h"

extern EFI_SYSTEM_TABLE *ST;
extern EFI_BOOT_SERVICES *BS;

/* Ticks spent in firmware calls so far: subtracted where the loader's own work is told. */
extern uint64_t firmware_ticks;

/* Makes a firmware call and counts its time. */
#define FIRMWARE(call)                                                                             \
    ({                                                                                             \
        uint64_t firmware_start_ = cpu_rdtsc();                                                    \
        __typeof__(call) firmware_result_ = (call);                                                \
        firmware_ticks += cpu_rdtsc() - firmware_start_;                                           \
        firmware_result_;                                                                          \
    })

/* ---- output.c ---- */

/* One line on the firmware's console, and kept for the kernel's log. */
void loader_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, but only on the console. */
void loader_show(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same as an error; loader_error_count() tells how many there were. */
void loader_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
unsigned loader_error_count(void);

/* The text printed so far, with line feeds; at most BOOT_LOG_SIZE bytes are kept. */
const char *loader_log(uint32_t *size);

/* "not found", "out of resources", ...: a firmware status in words. */
const char *efi_status_text(EFI_STATUS status);

/* ---- memory.c ---- */

/* Pages of EfiLoaderData whose last byte is at or below max. NULL: there are none. */
void *loader_alloc_pages(uint64_t count, uint64_t max);
void loader_free_pages(void *pages, uint64_t count);

/* Pages of EfiLoaderData at an address; false: they are not to be had. */
bool loader_alloc_at(uint64_t address, uint64_t count);

/* Frees everything that loader_alloc_pages() gave: on the way back to the firmware. */
void loader_free_all(void);

/*
 * Reads the firmware's memory map into info->memory, sorted and joined; *key is for
 * ExitBootServices. False when the map cannot be had or has more than BOOT_MEMORY_MAX pieces.
 */
bool loader_read_memory_map(struct boot_info *info, UINTN *key);

/* ---- file.c ---- */

/* A file of Bulkhead's own volume, in pages of its own. */
struct loader_file {
    void *data; /* NULL when it could not be read */
    uint64_t size;
    uint64_t expected; /* what the file system says: differs from size when it is cut */
    EFI_STATUS status;
};

/* Opens the volume that the loader came from. */
EFI_STATUS loader_open_volume(EFI_HANDLE image);

/* Reads \bulkhead\<path>, where path has '/' between folders. */
struct loader_file loader_read_file(const char *path);

/* Makes \bulkhead\<path>; on failure nothing is left of it. */
EFI_STATUS loader_write_file(const char *path, const void *data, size_t size);
EFI_STATUS loader_delete_file(const char *path);

/* Calls found() with the name, cut to 63 characters, of each entry of \bulkhead. */
void loader_list_files(void (*found)(void *context, const char *name), void *context);

/* ---- former_run.c ---- */

/* Looks for what the former run left, shows it, and allocates info->record. Call it early. */
void loader_read_former_run(struct boot_info *info);

/* Makes a file of what was found, once the volume is open. */
void loader_save_former_run(const struct boot_info *info);

/* ---- machine.c ---- */

/* Framebuffer, ACPI and chipset facts, CPUs with their VMX capabilities: into info. */
void loader_read_machine(struct boot_info *info);

/* Complains about CPUs that cannot run Bulkhead, all problems at once. */
void loader_check_cpus(const struct boot_info *info);

/* info's facts as the configuration's checker wants them. */
void loader_describe_machine(const struct boot_info *info, struct config_machine *machine);

/* ---- pci_functions.c ---- */

/* Adds the machine's PCI functions, with the BARs' sizes of those that the configuration names. */
void loader_read_pci(const struct config *config, struct config_machine *machine);

/* ---- cpus.c ---- */

/* Fills info->cpus from the MADT or the firmware's MP services; collects VMX capabilities. */
void loader_read_cpus(struct boot_info *info);

/* ---- configure.c ---- */

/* Reads and checks the configuration and its images; false after complaints. */
bool loader_read_configuration(void);

/*
 * Makes info->plan from configuration and machine. Called with the final memory map: also prints
 * the plan when `print` is set. False after complaints.
 */
bool loader_make_plan(struct boot_info *info, bool print);

/* Bytes of the kernel's pool that configuration and machine make necessary. */
uint64_t loader_pool_size(const struct boot_info *info);

/* ---- kernel_image.c ---- */

struct kernel_image {
    struct page_tables tables;
    struct palloc pool;
    struct boot_info *info; /* in the pool; not yet filled in */
    uint64_t info_virt;     /* where the kernel sees it */
    uint64_t entry;
};

/* Allocates pool and kernel, copies the kernel's segments, builds its page tables. */
bool loader_load_kernel(const struct boot_info *info, struct kernel_image *kernel);

/* Also maps the page that holds handoff() at its own address, executable. */
bool loader_map_handoff(struct kernel_image *kernel);

/* ---- handoff.S ---- */

/* Switches to the kernel's page tables and jumps to it. Interrupts are off. */
void handoff(uint64_t cr3, uint64_t entry, uint64_t info) __attribute__((noreturn));

#endif
