/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the layouts of all formats share: taking guest memory, adding loads, the blob of boot
 * structures, modules, the memory map. Used inside boot/image only; one `struct layout` lives on
 * the stack of image_layout(). Functions that return bool have written the error when false.
 */
#ifndef BOOT_IMAGE_LAYOUT_H
#define BOOT_IMAGE_LAYOUT_H

#include "boot/image/place.h"

#define LAYOUT_LOW_MIN    0x10000 /* boot structures lie from here ... */
#define LAYOUT_LOW_END    0x90000 /* ... to here: Linux takes trampoline pages right below 0x9F000 */
#define LAYOUT_HIGH_MIN   MIB(1)  /* modules and relocated kernels lie from here */
#define LAYOUT_4G         GIB(4)
#define LAYOUT_MODULE_MAX (1 + IMAGE_MODULE_MAX)
#define LAYOUT_E820_MAX   (VM_MEMORY_MAX + 2)
#define LAYOUT_GDT_SIZE   32
#define LAYOUT_CS         0x10 /* the selectors that Linux' boot protocol demands */
#define LAYOUT_DS         0x18

struct layout {
    const struct image_request *request;
    struct vm_plan *plan;
    struct image_placement *placement;
    struct image_error *error;
    struct placer placer;
    uint64_t blob_used;
};

/* A stretch of the blob and the guest-physical address at which the guest sees it. */
struct layout_part {
    uint8_t *data; /* zeroed */
    uint64_t gpa;
    uint64_t size;
    uint64_t used; /* layout_carve() */
};

enum e820_type { E820_RAM = 1, E820_RESERVED = 2 };

struct e820_entry {
    uint64_t gpa;
    uint64_t size;
    uint32_t type;
};

/* The bounds within which a format takes its modules. */
struct layout_module_rule {
    enum image_ramdisk_place default_place;
    uint64_t end; /* exclusive bound for HIGH, LOW and AT; at most 4 GiB */
    bool above_4g;
};

struct layout_modules {
    uint32_t count; /* the ramdisk first */
    struct image_file files[LAYOUT_MODULE_MAX];
    const char *strings[LAYOUT_MODULE_MAX]; /* never NULL */
    uint64_t gpa[LAYOUT_MODULE_MAX];
};

/* Copies [hpa, hpa + size) to gpa at the VM's start, in as many loads as pieces are touched. */
bool layout_add_load(struct layout *l, uint64_t gpa, uint64_t hpa, uint64_t size);

/* Takes [gpa, gpa + size) for `what`, which must be free RAM. */
bool layout_take(struct layout *l, uint64_t gpa, uint64_t size, const char *what);

/* Pages of the blob, for a gpa that is RAM or for free memory below 640 KiB; adds their load. */
bool layout_part_at(struct layout *l, uint64_t gpa, uint64_t size, struct layout_part *part);
bool layout_part_low(struct layout *l, uint64_t size, struct layout_part *part);

/* The next `size` bytes of a part, 8-byte aligned; *gpa is the guest's view. The part has room. */
void *layout_carve(struct layout_part *part, uint64_t size, uint64_t *gpa);
uint64_t layout_carve_string(struct layout_part *part, const char *string);
uint64_t layout_carve_size(uint64_t size); /* what layout_carve() takes for `size` */

/* A GDT with flat code (64-bit or 32-bit) and data at LAYOUT_CS and LAYOUT_DS, into start. */
void layout_carve_gdt(struct layout *l, struct layout_part *part, bool code_64);

/* The segments of a PVH or Multiboot kernel at their fixed addresses. */
bool layout_segments(struct layout *l);

/* Ramdisk and modules: chooses places, takes them, adds loads. */
bool layout_place_modules(struct layout *l, const struct layout_module_rule *rule,
                          struct layout_modules *modules);

/* Where the window for PCI BARs begins: RAM below 4 GiB ends here or before. */
uint32_t layout_pci_window(const struct layout *l);

/* The request's bootargs, or "". */
const char *layout_bootargs(const struct layout *l);

/* The memory map in order of address; returns the number of entries. */
uint32_t layout_memory_map(const struct layout *l, struct e820_entry out[LAYOUT_E820_MAX]);

/* One a format; memory, bounds and ACPI tables are already dealt with. */
bool layout_linux(struct layout *l);
bool layout_pvh(struct layout *l);
bool layout_multiboot(struct layout *l);
bool layout_flat(struct layout *l);

#endif
