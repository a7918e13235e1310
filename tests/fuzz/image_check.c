/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses and lays out one fuzzed image and checks what the kernel relies on: loads lie inside one
 * piece of RAM each, come from the file, the ramdisk or the blob, and do not overlap; the entry
 * is loaded; a refusal has words. See tests/fuzz/image_check.h.
 */
#include "tests/fuzz/image_check.h"

#include <string.h>

#include "boot/image/acpi_tables.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            __builtin_trap();                                                                      \
        }                                                                                          \
    } while (0)

#define FILE_HPA    UINT64_C(0x100000000000) /* made up: no byte is read through them */
#define RAMDISK_HPA UINT64_C(0x200000000000)
#define BLOB_HPA    UINT64_C(0x300000000000)
#define MODULE_HPA  UINT64_C(0x400000000000)
#define MODULE_SIZE 0x1801

/* The VMs that the first parameter chooses from. */
static const struct vm_memory machines[][VM_MEMORY_MAX] = {
    {{GPA(0), HPA(0), MIB(64)}},
    {{GPA(0), HPA(0), GIB(3)}, {GPA(GIB(4)), HPA(GIB(3)), GIB(5)}},
    {{GPA(0), HPA(0), MIB(1)}, {GPA(0x12345000), HPA(0x12345000), MIB(100)}},
    {{GPA(0), HPA(0), MIB(1)}, {GPA(GIB(511)), HPA(GIB(511)), GIB(2)}},
    {{GPA(0), HPA(0), MIB(1)},
     {GPA(MIB(1)), HPA(MIB(9)), MIB(2)},
     {GPA(MIB(3)), HPA(MIB(5)), MIB(1)},
     {GPA(MIB(4)), HPA(MIB(1)), MIB(3)}},
    {{GPA(0), HPA(0), MIB(4)}, {GPA(GIB(4) - MIB(16)), HPA(MIB(32)), MIB(16)}},
    {{GPA(MIB(1)), HPA(0), MIB(64)}, {GPA(0x1000), HPA(MIB(64)), 0x9E000}},
    {{GPA(0), HPA(0), PAGE_SIZE}},
};

static uint8_t blob[IMAGE_BLOB_SIZE];
static char string[IMAGE_STRING_MAX + 1];
static const uint32_t apic_ids[2] = {0, 300};

static bool in_piece(const struct vm_plan *plan, uint64_t gpa, uint64_t size)
{
    for (uint32_t i = 0; i < plan->memory_count; i++) {
        const struct vm_memory *piece = &plan->memory[i];
        if (gpa >= piece->gpa.v && gpa - piece->gpa.v < piece->size) {
            return size <= piece->size - (gpa - piece->gpa.v);
        }
    }
    return false;
}

static bool within(const struct vm_load *load, uint64_t hpa, uint64_t size)
{
    return load->hpa.v >= hpa && load->hpa.v - hpa <= size &&
           load->size <= size - (load->hpa.v - hpa);
}

static bool is_loaded(const struct vm_plan *plan, uint64_t gpa)
{
    for (uint32_t i = 0; i < plan->load_count; i++) {
        if (gpa >= plan->loads[i].gpa.v && gpa - plan->loads[i].gpa.v < plan->loads[i].size) {
            return true;
        }
    }
    return false;
}

static void check_loads(const struct vm_plan *plan, const struct image_request *request,
                        const struct image_placement *placement)
{
    CHECK(placement->blob_used <= IMAGE_BLOB_SIZE);
    CHECK(plan->load_count <= VM_LOAD_MAX);
    for (uint32_t i = 0; i < plan->load_count; i++) {
        const struct vm_load *load = &plan->loads[i];
        CHECK(load->size > 0 && in_piece(plan, load->gpa.v, load->size));
        CHECK(within(load, FILE_HPA, request->kernel->file.size) ||
              within(load, RAMDISK_HPA, request->ramdisk.size) ||
              within(load, BLOB_HPA, placement->blob_used) ||
              within(load, MODULE_HPA, MODULE_SIZE));
        for (uint32_t j = 0; j < i; j++) {
            const struct vm_load *other = &plan->loads[j];
            CHECK(load->gpa.v + load->size <= other->gpa.v ||
                  other->gpa.v + other->size <= load->gpa.v);
        }
    }
}

static void check_start(const struct vm_plan *plan)
{
    const struct vm_start *start = &plan->start;
    if (start->mode == VM_START_RESET) {
        CHECK(is_loaded(plan, GIB(4) - 16) && is_loaded(plan, MIB(1) - 16));
        return;
    }
    CHECK(is_loaded(plan, start->rip));
    CHECK(is_loaded(plan, start->gdt_base) && is_loaded(plan, start->gdt_base + start->gdt_limit));
    CHECK(start->mode == VM_START_LONG64 || start->rip <= UINT32_MAX);
    CHECK(start->mode == VM_START_PROT32 || (is_loaded(plan, start->cr3) && start->cr3 != 0));
    CHECK(is_loaded(plan, start->mode == VM_START_LONG64 ? start->rsi : start->rbx));
}

static void lay_out(const struct image *image, const uint8_t params[PARAMS_SIZE])
{
    static struct vm_plan plan;
    struct image_placement placement;
    struct image_error error = {{0}};
    const struct vm_memory *machine = machines[params[0] % ARRAY_SIZE(machines)];
    memset(&plan, 0, sizeof(plan));
    for (uint32_t i = 0; i < VM_MEMORY_MAX && machine[i].size != 0; i++) {
        plan.memory[plan.memory_count++] = machine[i];
    }
    memset(string, 'a', params[1] * 8u);
    string[params[1] * 8u] = 0;
    struct image_module modules[IMAGE_MODULE_MAX];
    for (size_t i = 0; i < IMAGE_MODULE_MAX; i++) {
        modules[i].file = (struct image_file){string, MODULE_SIZE >> i, HPA(MODULE_HPA)};
        modules[i].string = i % 2 == 0 ? string : NULL;
    }
    const struct image_request request = {
        .kernel = image,
        .modules = modules,
        .module_count = params[7] % (IMAGE_MODULE_MAX + 2u),
        .bootargs = string,
        .ramdisk = {string, (uint64_t)params[2] << 12 | params[3], HPA(RAMDISK_HPA)},
        .ramdisk_place = (enum image_ramdisk_place)(params[4] % 5),
        .ramdisk_gpa = GPA((uint64_t)params[5] << 20),
        .dsdt = params[6] & 1 ? dsdt_aml : NULL,
        .dsdt_size = params[6] & 1 ? dsdt_aml_size : 0,
        .legacy = params[6] & 2,
        .cpu_count = 2,
        .apic_ids = apic_ids,
        .blob = blob,
        .blob_hpa = HPA(BLOB_HPA),
    };
    if (!image_layout(&request, &plan, &placement, &error)) {
        CHECK(error.text[0] != 0 && strnlen(error.text, sizeof(error.text)) < sizeof(error.text));
        return;
    }
    check_loads(&plan, &request, &placement);
    check_start(&plan);
    for (uint32_t i = 0; i < image->segment_count; i++) {
        CHECK(image->segments[i].file_size == 0 || is_loaded(&plan, image->segments[i].gpa));
    }
}

void check_image(const uint8_t *data, size_t size, enum image_format format)
{
    if (size < PARAMS_SIZE) {
        return;
    }
    const struct image_file file = {data + PARAMS_SIZE, size - PARAMS_SIZE, HPA(FILE_HPA)};
    struct image image;
    struct image_error error = {{0}};
    if (!image_parse(&file, format, &image, &error)) {
        CHECK(error.text[0] != 0 && strnlen(error.text, sizeof(error.text)) < sizeof(error.text));
        return;
    }
    CHECK(image_rom_size(&image) <= IMAGE_FLAT_MAX && image_memory_needed(&image) >= MIB(1));
    lay_out(&image, data);
}
