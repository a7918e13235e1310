/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loader hands to the kernel. One structure, in memory that the loader allocated and the
 * kernel keeps; filled before ExitBootServices, constant afterwards. All addresses are physical.
 * Loader and kernel are built together and are one file: `size` catches a mismatch, nothing more.
 */
#ifndef KERNEL_BOOT_INFO_H
#define KERNEL_BOOT_INFO_H

#include "kernel/types.h"
#include "kernel/vm_plan.h"

#define BOOT_INFO_MAGIC UINT64_C(0x6461656b6c756242) /* "Bulkhead" */
#define BOOT_MEMORY_MAX 256
#define BOOT_LOG_SIZE   8192

enum boot_memory_type {
    BOOT_MEMORY_FREE,     /* RAM that nothing uses after ExitBootServices */
    BOOT_MEMORY_BULKHEAD, /* the kernel, its pool, images, this structure */
    BOOT_MEMORY_RESERVED, /* firmware's runtime, ACPI, anything else in the firmware's map */
    BOOT_MEMORY_MMIO,
};

struct boot_memory {
    hpa_t hpa;
    uint64_t size; /* both multiples of 4 KiB; entries are sorted and do not overlap */
    enum boot_memory_type type;
};

struct boot_cpu {
    uint32_t apic_id;
    uint32_t package;  /* as CPUID leaf 0xB/4 divides APIC ids */
    uint32_t core;     /* unique in the machine: threads of one core share it */
    uint32_t node;     /* NUMA node (SRAT proximity domain), 0 when unknown */
    uint8_t core_type; /* CPUID 0x1A EAX[31:24]: 0x40 Core, 0x20 Atom, 0 not hybrid */
};

enum boot_framebuffer_format { FRAMEBUFFER_NONE, FRAMEBUFFER_RGBX, FRAMEBUFFER_BGRX };

struct boot_framebuffer {
    enum boot_framebuffer_format format;
    hpa_t hpa;
    uint64_t size;  /* bytes */
    uint32_t width; /* pixels */
    uint32_t height;
    uint32_t stride; /* pixels from a line to the next */
};

enum boot_register_space { REGISTER_NONE, REGISTER_PORT, REGISTER_MMIO };

/* A register as ACPI's Generic Address Structure tells it. width: of one access, in bytes. */
struct boot_register {
    enum boot_register_space space;
    uint64_t address;
    uint8_t width;
};

/* Facts from ACPI's tables, or from the chipset where there are none (see boot/platform.c). */
struct boot_platform {
    hpa_t rsdp;                    /* 0: no ACPI */
    struct boot_register uart;     /* SPCR's, else none: the kernel then tries port 0x3F8 */
    uint8_t uart_stride;           /* bytes from one UART register to the next: 1 or 4 */
    uint32_t uart_baud;            /* what SPCR asks for; 0: keep the firmware's divisor */
    struct boot_register pm_timer; /* 3.579545 MHz */
    bool pm_timer_32bit;
    hpa_t hpet;   /* 0: none */
    hpa_t ioapic; /* first IOAPIC; 0: none known */
    struct boot_register pm1a_control;
    struct boot_register pm1b_control;
    uint8_t s5_type_a; /* SLP_TYP of S5 for PM1a and PM1b */
    uint8_t s5_type_b;
    bool s5_known;
    struct boot_register sleep_control; /* hardware-reduced ACPI: takes s5_type_a instead of PM1 */
    uint16_t smi_command; /* port that takes acpi_enable when PM1a's SCI_EN is clear; 0: none */
    uint8_t acpi_enable;
    struct boot_register reset; /* FADT RESET_REG */
    uint8_t reset_value;
    hpa_t ecam; /* MCFG segment 0, where bus 0 is or would be; 0: configuration mechanism 1 only */
    uint8_t ecam_first_bus;
    uint8_t ecam_last_bus;
    bool iommu; /* the firmware describes one (DMAR or IVRS) */
};

struct boot_info {
    uint64_t magic;
    uint64_t size; /* sizeof(struct boot_info) */

    hpa_t kernel; /* the kernel's image: 4 KiB aligned, contiguous */
    uint64_t kernel_size;
    hpa_t pool; /* everything the kernel allocates comes from here; below 4 GiB */
    uint64_t pool_size;
    uint64_t pool_used; /* bytes at its start that the loader used (page tables, this, ...) */
    hpa_t record;       /* struct panic_record, mapped at RECORD_BASE; 0: none */
    hpa_t trampoline;   /* one page below 1 MiB for starting CPUs */

    uint64_t tsc_entry;    /* TSC at the loader's entry */
    uint64_t tsc_firmware; /* ticks since then spent inside firmware calls */

    uint64_t boot_seconds; /* since 1970-01-01 00:00:00 UTC, by the firmware's clock */

    struct boot_framebuffer framebuffer;
    struct boot_platform platform;

    uint32_t cpu_count;
    struct boot_cpu cpus[CPU_MAX]; /* [0] is the boot processor */

    uint32_t memory_count;
    struct boot_memory memory[BOOT_MEMORY_MAX];

    struct machine_plan plan;

    uint32_t log_size; /* what the loader printed, for the kernel's log */
    char log[BOOT_LOG_SIZE];
};

#endif
