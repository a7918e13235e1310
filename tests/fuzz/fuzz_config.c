/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* links: boot/config/%.c boot/image/%.c kernel/printf.c libfdt */
/*
 * The checker and the placement: trees made from the input by the table of properties, so that
 * most are nearly right, on machines made from the input. A configuration without errors must
 * give a plan that keeps the kernel's contract (kernel/vm_plan.h), or an error.
 */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/config/policy.h"
#include "boot/config/property.h"
#include "drivers/guest_platform.h"

#define TREE_SIZE 16384

static struct config config;
static struct config_machine machine;
static struct config_report report;
static struct machine_plan plan;
static struct machine_plan again;
static _Alignas(8) uint8_t tree[TREE_SIZE];

struct input {
    const uint8_t *data;
    size_t size;
};

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static uint8_t take8(struct input *in)
{
    if (in->size == 0) {
        return 0;
    }
    in->size--;
    return *in->data++;
}

static uint32_t take32(struct input *in)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        value = value << 8 | take8(in);
    }
    return value;
}

/* ---- a tree ---- */

/* The text between the quotes of a property's example, one of its strings. */
static void put_example(const struct config_property *p, uint8_t choice)
{
    const char *start = p->example != NULL ? strchr(p->example, '"') : NULL;
    for (; choice > 0 && start != NULL; choice--) {
        const char *next = strchr(start + 1, '"');
        next = next != NULL ? strchr(next + 1, '"') : NULL;
        start = next != NULL ? next : start;
    }
    char text[128] = "";
    if (start != NULL) {
        size_t length = strcspn(start + 1, "\"");
        memcpy(text, start + 1, length < sizeof(text) ? length : 0);
    }
    fdt_property_string(tree, p->name, text);
}

static void put_choice(const struct config_property *p, uint8_t choice)
{
    const struct config_choice *c = p->choices;
    for (; choice % 8 > 0 && c[1].name != NULL; choice--) {
        c++;
    }
    fdt_property_string(tree, p->name, c->name);
}

/* A name from one of the tables that lists of strings may refer to. */
static void put_known_name(const struct config_property *p, struct input *in)
{
    uint8_t which = take8(in);
    const char *name = config_cpuid_features[which % config_cpuid_feature_count].name;
    if (strcmp(p->name, "ports") == 0) {
        name = config_port_policy.rows[which % config_port_policy.count].name;
    } else if (strncmp(p->name, "msrs", 4) == 0) {
        name = config_msr_policy.rows[which % config_msr_policy.count].name;
    }
    fdt_property_string(tree, p->name, name);
}

static void put_size(const struct config_property *p, struct input *in)
{
    char text[16];
    static const char units[] = "MMMKMGMT";
    snprintf(text, sizeof(text), "%u%c", take8(in), units[take8(in) % 8]);
    fdt_property_string(tree, p->name, text);
}

static void put_cells(const char *name, struct input *in)
{
    uint32_t cells[8];
    uint32_t count = take8(in) % 8 + 1;
    for (uint32_t i = 0; i < count; i++) {
        cells[i] = cpu_to_fdt32(take8(in) % 16);
    }
    fdt_property(tree, name, cells, (int)(count * 4));
}

static void put_bytes(const char *name, struct input *in)
{
    uint8_t bytes[64];
    uint32_t count = take8(in) % sizeof(bytes);
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = take8(in);
    }
    fdt_property(tree, name, bytes, (int)count);
}

static void put_property(const struct config_property *p, struct input *in)
{
    uint8_t how = take8(in);
    if (how >= 240) {
        put_bytes(p->name, in);
        return;
    }
    switch (p->type) {
    case CONFIG_TYPE_CHOICE:
        put_choice(p, how);
        break;
    case CONFIG_TYPE_FLAG:
        fdt_property(tree, p->name, "", 0);
        break;
    case CONFIG_TYPE_U32:
        fdt_property_u32(tree, p->name, how < 200 ? how % 8 + 1 : take32(in));
        break;
    case CONFIG_TYPE_CELLS:
        put_cells(p->name, in);
        break;
    case CONFIG_TYPE_SIZE:
        put_size(p, in);
        break;
    default:
        if (how < 120) {
            put_example(p, how % 4);
        } else {
            put_known_name(p, in);
        }
        break;
    }
}

static const struct config_property *pick(enum config_kind kind, uint8_t which)
{
    const struct config_property *found = NULL;
    for (size_t i = 0; i < config_property_count; i++) {
        if (config_properties[i].kind == kind && (found == NULL || which > 0)) {
            which -= found != NULL;
            found = &config_properties[i];
        }
    }
    return found;
}

static void put_properties(enum config_kind kind, struct input *in, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++) {
        put_property(pick(kind, take8(in) % 24), in);
    }
}

static void put_module(struct input *in, uint32_t index)
{
    char name[2] = {(char)('k' + index), '\0'};
    uint8_t how = take8(in);
    fdt_begin_node(tree, name);
    fdt_property_string(tree, "compatible", index == 0 ? "module,kernel" : "module,ramdisk");
    fdt_property_string(tree, "file", name);
    put_properties(CONFIG_KIND_MODULE, in, how >= 200 ? how % 4 : 0);
    fdt_end_node(tree);
}

static void put_vm(struct input *in, uint32_t index)
{
    char name[2] = {(char)('a' + index), '\0'};
    uint8_t how = take8(in);
    fdt_begin_node(tree, name);
    fdt_property_string(tree, "compatible", "bulkhead,domain");
    if (how % 4 != 0) {
        fdt_property_u32(tree, "cpus", take8(in) % 6 + 1);
    } else {
        put_cells("cpu-list", in);
    }
    put_size(&(struct config_property){.name = "memory"}, in);
    put_properties(CONFIG_KIND_VM, in, how / 4 % 8);
    for (uint32_t i = 0; i <= how / 32 % 3; i++) {
        put_module(in, i);
    }
    fdt_end_node(tree);
}

static void make_tree(struct input *in)
{
    uint8_t how = take8(in);
    fdt_create(tree, TREE_SIZE);
    fdt_finish_reservemap(tree);
    fdt_begin_node(tree, "");
    fdt_begin_node(tree, "chosen");
    fdt_begin_node(tree, "hypervisor");
    fdt_property_string(tree, "compatible", "hypervisor,bulkhead");
    put_properties(CONFIG_KIND_MACHINE, in, how % 4);
    for (uint32_t i = 0; i < how / 4 % 8; i++) {
        put_vm(in, i);
    }
    fdt_end_node(tree);
    fdt_end_node(tree);
    fdt_end_node(tree);
    if (fdt_finish(tree) != 0) {
        memset(tree, 0, 64); /* did not fit: no tree */
    }
}

/* ---- a machine ---- */

static void make_machine(struct input *in)
{
    memset(&machine, 0, sizeof(machine));
    uint8_t how = take8(in);
    uint32_t threads = how % 2 + 1;
    machine.cpu_count = take8(in) % CPU_MAX + 1;
    for (uint32_t i = 0; i < machine.cpu_count; i++) {
        machine.cpus[i] = (struct boot_cpu){.apic_id = i * 2,
                                            .core = i / threads,
                                            .node = (how & 4) != 0 ? i / 4 % 20 : 0,
                                            .core_type = (how & 8) == 0 ? 0
                                                         : i < 6        ? 0x40
                                                                        : 0x20};
    }
    uint64_t at = 0;
    machine.ram_count = take8(in) % 12;
    for (uint32_t i = 0; i < machine.ram_count; i++) {
        at += (uint64_t)take8(in) << (PAGE_SHIFT + take8(in) % 12);
        uint64_t size = (uint64_t)(take8(in) + 1) << (PAGE_SHIFT + take8(in) % 14);
        machine.ram[i] = (struct config_ram){HPA(at), size, (how & 4) != 0 ? i % 3 : 0};
        at += size;
    }
    machine.iommu = how / 16 % 3;
    machine.serial = how / 64 % 3;
    machine.framebuffer = take8(in) % 3;
}

/* ---- what every plan keeps ---- */

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static void require_piece(const struct vm_plan *vm, const struct vm_memory *piece)
{
    bool inside = false;
    require(is_aligned(piece->gpa.v | piece->hpa.v | piece->size, PAGE_SIZE));
    require(piece->size > 0 && piece->hpa.v >= MIB(1));
    for (uint32_t i = 0; i < machine.ram_count; i++) {
        const struct config_ram *ram = &machine.ram[i];
        inside |=
            piece->hpa.v >= ram->hpa.v && piece->hpa.v + piece->size <= ram->hpa.v + ram->size;
    }
    require(inside);
    if ((vm->flags & VM_FLAG_UNSAFE_DMA) != 0 && piece->gpa.v >= CONFIG_DMA_LOW_SIZE &&
        piece->gpa.v + piece->size != GUEST_HOLE_END) {
        require(piece->gpa.v == piece->hpa.v);
    }
}

static void require_memory(uint32_t v)
{
    const struct vm_plan *vm = &plan.vms[v];
    uint64_t sum = 0;
    uint64_t rom = config.vms[v].image_valid ? image_rom_size(&config.vms[v].image) : 0;
    require(vm->memory_count > 0 && vm->memory_count <= VM_MEMORY_MAX);
    for (uint32_t i = 0; i < vm->memory_count; i++) {
        const struct vm_memory *piece = &vm->memory[i];
        require_piece(vm, piece);
        sum += piece->size;
        require(i == 0 || vm->memory[i - 1].gpa.v + vm->memory[i - 1].size <= piece->gpa.v);
        for (uint32_t w = 0; w <= v; w++) {
            for (uint32_t j = 0; j < (w == v ? i : plan.vms[w].memory_count); j++) {
                require(!overlap(piece->hpa.v, piece->size, plan.vms[w].memory[j].hpa.v,
                                 plan.vms[w].memory[j].size));
            }
        }
    }
    require(sum == config.vms[v].memory + rom);
}

static void require_cpus(uint32_t v, uint32_t owner[CPU_MAX])
{
    const struct vm_plan *vm = &plan.vms[v];
    require(vm->cpu_count == config.vms[v].cpu_count && vm->cpu_count > 0);
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        require(vm->cpus[i] < machine.cpu_count && owner[vm->cpus[i]] == VM_MAX);
        require(machine.cpus[vm->cpus[i]].core_type == machine.cpus[vm->cpus[0]].core_type);
        owner[vm->cpus[i]] = v;
    }
}

static void require_plan(void)
{
    uint32_t owner[CPU_MAX];
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        owner[i] = VM_MAX;
    }
    require(plan.vm_count == config.vm_count);
    for (uint32_t v = 0; v < plan.vm_count; v++) {
        const struct vm_plan *vm = &plan.vms[v];
        require(vm->name[0] != '\0' && memchr(vm->name, '\0', VM_NAME_SIZE) != NULL);
        require(vm->port_count <= VM_PORT_MAX && vm->msr_count <= VM_MSR_MAX);
        require(vm->pci_count <= VM_PCI_MAX && vm->cpuid_hide_count <= VM_CPUID_HIDE_MAX);
        require_cpus(v, owner);
        require_memory(v);
    }
    for (uint32_t i = 0; i < machine.cpu_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (machine.cpus[i].core == machine.cpus[j].core && owner[i] != owner[j] &&
                owner[i] != VM_MAX && owner[j] != VM_MAX) {
                require(((plan.vms[owner[i]].flags | plan.vms[owner[j]].flags) &
                         VM_FLAG_REALTIME) == 0);
            }
        }
    }
}

/* ---- one run ---- */

static void print_line(void *context, const char *line)
{
    (void)context;
    require(strlen(line) < 200);
}

/* A Multiboot kernel by its header's address fields: all of it goes to 1 MiB. */
static _Alignas(4) uint8_t multiboot[4096];

static void make_multiboot(void)
{
    static const uint32_t header[] = {
        0x1badb002, BIT(16),  0u - 0x1badb002u - (uint32_t)BIT(16), 0x100000, 0x100000, 0x101000,
        0x108000,   0x100020,
    };
    memcpy(multiboot, header, sizeof(header));
}

/* Files are not read, or are what is left of the input, or a small kernel that is in order. */
static void give_files(struct input *in)
{
    uint8_t how = take8(in);
    make_multiboot();
    for (uint32_t i = 0; i < config.file_count; i++) {
        struct config_file *file = &config.files[i];
        file->image = (struct image_file){in->data, in->size, HPA(PAGE_SIZE)};
        file->state = how < 64 ? CONFIG_FILE_UNREAD : (how + i) % 5;
        if (how >= 128) {
            file->image = (struct image_file){multiboot, sizeof(multiboot), HPA(PAGE_SIZE)};
            file->state = CONFIG_FILE_READ;
        }
        file->expected = file->image.size;
    }
}

static void lay_out(void)
{
    static uint8_t space[IMAGE_BLOB_SIZE];
    for (uint32_t v = 0; v < plan.vm_count; v++) {
        struct config_blob blob = {.data = space, .hpa = HPA(PAGE_SIZE)};
        struct image_placement placement;
        uint32_t errors = report.errors;
        bool good = config_layout(&config, &machine, v, &blob, &plan, &placement, &report);
        require(good == (report.errors == errors));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    config_report_init(&report);
    make_machine(&in);
    make_tree(&in);
    if (!config_parse(tree, TREE_SIZE, &config, &report)) {
        return 0;
    }
    give_files(&in);
    config_check(&config, &machine, &report);
    if (report.errors == 0) {
        bool good = config_place(&config, &machine, &plan, &report);
        require(good == (report.errors == 0));
        if (good) {
            require_plan();
            require(config_place(&config, &machine, &again, &report));
            require(memcmp(&plan, &again, sizeof(plan)) == 0);
            lay_out();
            config_print_plan(&plan, &config, &machine, print_line, NULL);
        }
    }
    return 0;
}
