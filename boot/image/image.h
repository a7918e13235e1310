/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest images: what a file is, whether it is sound, and where it and its boot structures go in a
 * VM's memory. Called by the loader's planning code, by bulkhead-check on a workstation and by the
 * native test launcher. Pure: no UEFI, no allocation, no global state; every byte of a file is
 * untrusted. The kernel parses no image: it gets the copies (`loads`) and registers (`start`).
 *
 * Use: image_parse() each kernel file; place the VM's memory (image_rom_size() tells of a piece
 * that a flat image needs); image_layout() with pages for the blob.
 */
#ifndef BOOT_IMAGE_IMAGE_H
#define BOOT_IMAGE_IMAGE_H

#include "kernel/types.h"
#include "kernel/vm_plan.h"

#define IMAGE_SEGMENT_MAX 16       /* loadable segments of an ELF image */
#define IMAGE_MODULE_MAX  8        /* modules beside kernel and ramdisk */
#define IMAGE_STRING_MAX  2047     /* bytes of bootargs or of a module's string, without the NUL */
#define IMAGE_FLAT_MAX    MIB(16)  /* a larger flat image would cover the local APIC's page */
#define IMAGE_BLOB_SIZE   KIB(112) /* largest blob; struct image_placement tells what was used */

/* What is wrong, in words with value, bound and remedy; names neither file nor VM. */
struct image_error {
    char text[160];
};

/* A file in memory. hpa: the same bytes as the kernel will find them (page-aligned by choice). */
struct image_file {
    const void *data;
    uint64_t size;
    hpa_t hpa;
};

enum image_format {
    IMAGE_UNKNOWN,   /* for image_parse(): take what image_detect() says */
    IMAGE_BZIMAGE,   /* Linux boot protocol 2.06 or later with 64-bit entry */
    IMAGE_PVH,       /* ELF with the Xen note PHYS32_ENTRY */
    IMAGE_MULTIBOOT, /* Multiboot 1: ELF, or any file with the address fields */
    IMAGE_FLAT,      /* ROM image that ends at 4 GiB, entered at the reset vector */
};

/* file_size bytes at `offset` of the file go to gpa; zeros follow up to memory_size. */
struct image_segment {
    uint64_t gpa;
    uint64_t offset;
    uint64_t file_size;
    uint64_t memory_size; /* >= file_size, > 0 */
};

/* A bzImage's set-up header, as the boot protocol names its fields. */
struct image_linux {
    uint16_t protocol; /* 0x020F is 2.15 */
    uint16_t xloadflags;
    uint32_t setup_size;   /* bytes of real-mode code before the kernel proper */
    uint64_t payload_size; /* bytes of the kernel proper */
    uint64_t init_size;    /* memory it needs from its load address before it reads e820 */
    uint64_t pref_address;
    uint64_t kernel_alignment; /* power of two, >= 4 KiB */
    bool relocatable;
    uint32_t cmdline_size;    /* longest command line, without the NUL */
    uint64_t initrd_addr_max; /* highest address of a ramdisk's last byte */
    uint32_t header_size;     /* bytes of the set-up header, from file offset 0x1F1 */
};

/* A parsed image. Points into the file: both must stay. */
struct image {
    enum image_format format;
    struct image_file file;
    uint64_t entry;         /* gpa; PVH and Multiboot only */
    uint32_t segment_count; /* PVH and Multiboot only */
    struct image_segment segments[IMAGE_SEGMENT_MAX];
    struct image_linux bzimage; /* IMAGE_BZIMAGE only */
};

/*
 * Looks at signatures only. A PVH note wins over a Multiboot header. A flat image cannot be told
 * from garbage, so it is never detected: its format must be asked for.
 */
enum image_format image_detect(const struct image_file *file);

/* "bzImage", "PVH", "Multiboot", "flat"; "unknown" for all else. */
const char *image_format_name(enum image_format format);

/*
 * Parses and checks a kernel file as `format` (IMAGE_UNKNOWN: as detected). Reads nothing outside
 * the file. On failure returns false, and `error` says why; *image is then undefined.
 */
bool image_parse(const struct image_file *file, enum image_format format, struct image *image,
                 struct image_error *error);

/*
 * Size of the memory piece at GPA(4 GiB - size) that a flat image occupies beside the VM's RAM: a
 * multiple of 4 KiB. 0 for every other format. The piece is a vm_memory like any other.
 */
uint64_t image_rom_size(const struct image *image);

/* The least RAM in bytes with which image_layout() can succeed, roughly: for early messages. */
uint64_t image_memory_needed(const struct image *image);

enum image_ramdisk_place {
    IMAGE_RAMDISK_DEFAULT,  /* HIGH; LOW for Multiboot, whose kernels may map little memory */
    IMAGE_RAMDISK_HIGH,     /* as high as possible within the kernel's bound and below 4 GiB */
    IMAGE_RAMDISK_LOW,      /* as low as possible above the kernel */
    IMAGE_RAMDISK_ABOVE_4G, /* as low as possible from 4 GiB on */
    IMAGE_RAMDISK_AT,       /* at ramdisk_gpa, a multiple of 4 KiB */
};

struct image_module {
    struct image_file file;
    const char *string; /* its command line (Multiboot, PVH); NULL: none */
};

/*
 * What is to be laid out. The ramdisk is the first module of PVH and Multiboot kernels.
 * ACPI: with `dsdt` (an AML table as iasl writes it) tables are built for the VM and put below
 * 1 MiB; without it `rsdp` (0: none) is passed on as it is: the native launcher gives the
 * machine's own. Neither for a flat image, which is firmware itself.
 */
struct image_request {
    const struct image *kernel;
    const char *bootargs;      /* NULL: none; a flat image does not see them */
    struct image_file ramdisk; /* size 0: none */
    enum image_ramdisk_place ramdisk_place;
    gpa_t ramdisk_gpa; /* IMAGE_RAMDISK_AT only */
    uint32_t module_count;
    const struct image_module *modules;

    const void *dsdt;
    size_t dsdt_size;
    gpa_t rsdp;
    bool legacy;        /* the VM has PIC, PIT and PM timer: ACPI says so */
    uint32_t cpu_count; /* for ACPI's MADT; [0] is the boot processor */
    const uint32_t *apic_ids;

    void *blob;     /* >= IMAGE_BLOB_SIZE bytes, any content; kept as long as loads are */
    hpa_t blob_hpa; /* 4 KiB aligned */
};

/* Where things went: for the plan's table and for tests. */
struct image_placement {
    gpa_t kernel;         /* lowest byte */
    uint64_t kernel_size; /* bytes up to the highest byte of the kernel's memory */
    gpa_t ramdisk;
    gpa_t rsdp;
    uint64_t blob_used; /* bytes of the blob that loads point at, a multiple of 4 KiB */
};

/*
 * Reads plan->memory (guest-physical pieces of RAM in any order, not overlapping; also the ROM
 * piece of a flat image), writes plan->loads, load_count and start, and VM_FLAG_ACPI in flags.
 * ACPI tables also tell of plan->pci, which config_place() has completed.
 * No load crosses from one piece to another. RAM must be zero before loads are copied.
 * On failure returns false with the reason; the plan's loads are then undefined.
 * The same inputs give the same result.
 */
bool image_layout(const struct image_request *request, struct vm_plan *plan,
                  struct image_placement *placement, struct image_error *error);

#endif
