/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: from a compiled device tree to a plan. Called by the loader and, with the same
 * results and texts, by bulkhead-check on a workstation. Pure: no UEFI, no hardware, no allocation,
 * no global state; the tree, the files and the machine description are untrusted.
 *
 * Use: config_parse(); read config->files (each file once) and fill in what became of it;
 * config_check(); if the report has no errors config_place(), then config_layout() for each VM.
 * Every step adds to one report, and checking goes on after errors, so that all are found at once.
 */
#ifndef BOOT_CONFIG_CONFIG_H
#define BOOT_CONFIG_CONFIG_H

#include "boot/config/report.h"
#include "boot/image/image.h"
#include "kernel/boot_info.h"
#include "kernel/types.h"
#include "kernel/vm_plan.h"

#define CONFIG_FDT_MAX      MIB(1)                 /* largest device tree */
#define CONFIG_MODULE_MAX   (IMAGE_MODULE_MAX + 1) /* of one VM: the kernel and ramdisks */
#define CONFIG_FILE_MAX     48                     /* different files of a configuration */
#define CONFIG_PATH_SIZE    128                    /* of a file's path, with the NUL */
#define CONFIG_BOOTARGS_MAX IMAGE_STRING_MAX
#define CONFIG_MEMORY_MIN   MIB(1) /* of one VM */
#define CONFIG_MEMORY_MAX   GIB(1024)
#define CONFIG_RAM_MAX      BOOT_MEMORY_MAX
#define CONFIG_PCI_MAX      256 /* PCI functions of a machine */
#define CONFIG_NUMA_MAX     16  /* NUMA nodes of a machine */
#define CONFIG_PORT_MAX     16  /* port ranges a machine keeps to itself */
#define CONFIG_KEPT_MAX     (BOOT_MEMORY_MAX + 32)
#define CONFIG_RESTART_MAX  3 /* default of restart-max */

/*
 * A VM's RAM begins at gpa 0, ends at GUEST_HOLE at the latest and goes on at GUEST_HOLE_END. With
 * unsafe-dma it lies 1:1, but for this much at gpa 0 that is backed from elsewhere: never for DMA.
 */
#define CONFIG_DMA_LOW_SIZE MIB(1)

/* ---- the machine ---- */

#define CONFIG_OWN_MEMORY MIB(16) /* default of a description's bulkhead-memory */

enum config_presence { CONFIG_UNKNOWN, CONFIG_ABSENT, CONFIG_PRESENT };

/* Bulkhead drives no IOMMU yet: a machine that has one is UNUSED. */
enum config_iommu { CONFIG_IOMMU_ABSENT, CONFIG_IOMMU_UNUSED, CONFIG_IOMMU_DRIVEN };

/* RAM that VMs may have: nothing of Bulkhead's or the firmware's. Multiples of 4 KiB. */
struct config_ram {
    hpa_t hpa;
    uint64_t size;
    uint32_t node; /* NUMA node, 0 when unknown */
};

/*
 * A function of the machine. The BARs' addresses of all functions are known where the machine has
 * been looked at, sizes of those that the configuration names (else 1).
 */
struct config_pci {
    struct vm_pci_function function; /* with intx and bars */
    uint8_t line;                    /* Interrupt Line register: the firmware's choice */
    bool probed;                     /* intx, line and bars are known */
    uint16_t vendor;
    uint16_t device;
    uint32_t class_code; /* 24 bits: class, subclass, interface */
    uint8_t header_type; /* as in configuration space, without the multi-function bit */
};

struct config_port_reserved {
    uint16_t first;
    uint16_t last;    /* inclusive */
    const char *what; /* "the ACPI power management registers": follows "belongs to" */
};

/* Addresses where no BAR may lie: what else answers there. */
struct config_kept {
    uint64_t first;
    uint64_t size;
    const char *what; /* "the machine's IOAPIC": follows "overlaps" */
};

struct config_machine {
    uint32_t cpu_count;
    struct boot_cpu cpus[CPU_MAX]; /* as in boot_info: the numbers that `cpu-list` uses */
    uint32_t ram_count;
    struct config_ram ram[CONFIG_RAM_MAX]; /* sorted, not overlapping */
    bool pci_known;                        /* false: functions are not checked for being there */
    uint32_t pci_count;
    struct config_pci pci[CONFIG_PCI_MAX];
    enum config_iommu iommu;
    enum config_presence serial;
    enum config_presence framebuffer;
    uint32_t port_count;
    struct config_port_reserved ports[CONFIG_PORT_MAX];
    bool ioapic; /* there is one that Bulkhead can drive */
    uint32_t kept_count;
    struct config_kept kept[CONFIG_KEPT_MAX];
    uint8_t distance[CONFIG_NUMA_MAX][CONFIG_NUMA_MAX]; /* as ACPI's SLIT; all 0: unknown */
    uint64_t own_memory; /* bytes of `ram` that Bulkhead itself will take; 0 in the loader */
};

/* ---- the configuration ---- */

enum config_file_state {
    CONFIG_FILE_UNREAD, /* nobody looked: nothing is checked */
    CONFIG_FILE_READ,   /* image holds all of it */
    CONFIG_FILE_MISSING,
    CONFIG_FILE_SHORT,     /* image.size bytes could be read of `expected` */
    CONFIG_FILE_TOO_LARGE, /* `expected` bytes do not fit into the machine's memory */
};

/* A file, named once however many VMs use it. The caller sets all but `path`. */
struct config_file {
    const char *path; /* relative to the configuration, with '/' */
    enum config_file_state state;
    struct image_file image;
    uint64_t expected;
};

enum config_module_kind { CONFIG_MODULE_NONE, CONFIG_MODULE_KERNEL, CONFIG_MODULE_RAMDISK };

struct config_module {
    int node; /* offset in the tree */
    enum config_module_kind kind;
    const char *file;     /* NULL when it was wrong */
    uint32_t file_index;  /* into config->files, when `file` is set */
    const char *bootargs; /* NULL: none */
};

enum config_core_type { CONFIG_CORE_ANY, CONFIG_CORE_PERFORMANCE, CONFIG_CORE_EFFICIENT };

/* What one VM asks for. Strings point into the tree. `plan` has everything that needs no choice. */
struct config_vm {
    int node;
    struct vm_plan plan; /* cpu_count, memory, loads and start are not yet set */
    uint32_t cpus_given; /* the property `cpus`, 0: wrong or missing */
    uint32_t cpu_count;  /* 0: wrong or missing */
    bool cpu_listed;     /* cpu_list has cpu_count numbers */
    uint32_t cpu_list[CPU_MAX];
    enum config_core_type core_type;
    uint64_t memory; /* bytes, 0: wrong or missing */
    enum image_format protocol;
    uint32_t start_later;
    uint32_t module_count;
    struct config_module modules[CONFIG_MODULE_MAX];
    int kernel;         /* its index in modules, -1: missing */
    struct image image; /* of the kernel, set by config_check() */
    bool image_valid;
};

struct config {
    const void *fdt;
    int node; /* of /chosen/hypervisor */
    enum console_sink console;
    const char *console_view_name; /* as given; NULL: not given */
    int32_t console_view;          /* as in struct machine_plan */
    enum log_level log_level;
    enum machine_on_last_vm on_last_vm;
    enum machine_on_panic on_panic;
    uint32_t vm_count;
    struct config_vm vms[VM_MAX];
    uint32_t file_count;
    struct config_file files[CONFIG_FILE_MAX];
};

/*
 * Reads the device tree of `size` bytes at an address that is a multiple of 8 and checks all that
 * needs neither files nor machine. `config` is always left in a state that the other functions
 * take, and points into the tree. Returns false when the tree cannot be read at all.
 */
bool config_parse(const void *fdt, size_t size, struct config *config,
                  struct config_report *report);

/*
 * Checks against the files' contents and the machine (NULL: not known). Parses the kernels into
 * config->vms[].image. Files that are CONFIG_FILE_UNREAD are not checked.
 */
void config_check(struct config *config, const struct config_machine *machine,
                  struct config_report *report);

/*
 * Chooses CPUs and memory for a configuration without errors and fills the plan, except loads and
 * start. The same inputs give the same plan. Returns false, with errors, when there is no room.
 */
bool config_place(const struct config *config, const struct config_machine *machine,
                  struct machine_plan *plan, struct config_report *report);

/* Where config_layout() puts what it makes for one VM; see struct image_request. */
struct config_blob {
    void *data; /* IMAGE_BLOB_SIZE bytes */
    hpa_t hpa;
    const void *dsdt; /* AML of the guests' DSDT; NULL: no ACPI tables */
    size_t dsdt_size;
};

/* Fills loads and start of plan->vms[vm]. Returns false, with an error, when images do not fit. */
bool config_layout(const struct config *config, const struct config_machine *machine, uint32_t vm,
                   const struct config_blob *blob, struct machine_plan *plan,
                   struct image_placement *placement, struct config_report *report);

/* ---- output ---- */

typedef void (*config_sink_fn)(void *context, const char *line); /* a line without newline */

/* The plan as a table: VM, CPUs, memory, images with sizes, devices. machine may be NULL. */
void config_print_plan(const struct machine_plan *plan, const struct config *config,
                       const struct config_machine *machine, config_sink_fn sink, void *context);

/* ---- machine descriptions ---- */

/* Reads a machine description (docs/configuration.md) into *machine. False on errors. */
bool config_machine_parse(const void *fdt, size_t size, struct config_machine *machine,
                          struct config_report *report);

/*
 * Takes `size` bytes (rounded up to 4 KiB) out of the machine's RAM for Bulkhead itself, from the
 * highest range below 4 GiB that has room, else above. False when there is none. For workstations;
 * the loader gives RAM that is already free.
 */
bool config_machine_reserve(struct config_machine *machine, uint64_t size);

#endif
