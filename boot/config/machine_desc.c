/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a machine description: a device tree that tells a workstation what the loader would see
 * on that machine. Called by bulkhead-check; the loader has the machine itself.
 */
#include <libfdt.h>

#include "boot/config/internal.h"
#include "boot/config/property.h"
#include "kernel/printf.h"
#include "kernel/string.h"

struct desc {
    const void *fdt;
    struct config_machine *machine;
    struct config_report *report;
};

static void read_node(const struct desc *d, int node, enum config_kind kind, void *target)
{
    struct config_reader reader = {.fdt = d->fdt,
                                   .report = d->report,
                                   .node = node,
                                   .kind = kind,
                                   .target = target,
                                   .machine = d->machine};
    config_read_node(&reader);
}

/* ---- properties of the root ---- */

void config_read_desc_sinks(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value)
{
    struct config_machine *machine = reader->machine;
    machine->serial = CONFIG_ABSENT;
    machine->framebuffer = CONFIG_ABSENT;
    for (uint32_t i = 0; i < config_value_string_count(value); i++) {
        const char *text = config_value_string(value, i);
        if (strcmp(text, "serial") == 0) {
            machine->serial = CONFIG_PRESENT;
        } else if (strcmp(text, "framebuffer") == 0) {
            machine->framebuffer = CONFIG_PRESENT;
        } else if (strcmp(text, "none") != 0) {
            struct config_problem *problem = config_reader_error(reader, property, value);
            config_problem_what(problem, "is not %s", property->bounds);
        }
    }
}

void config_read_desc_cells(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value)
{
    if (config_value_cell_count(value) != 1 || config_value_cell(value, 0) != 2) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is not 2");
        config_problem_remedy(problem, "write %s", property->example);
    }
}

void config_read_desc_reserve(struct config_reader *reader, const struct config_property *property,
                              const struct config_value *value)
{
    uint64_t bytes;
    if (config_read_size(reader, property, value, &bytes)) {
        reader->machine->own_memory = align_down(bytes, PAGE_SIZE);
    }
}

void config_read_desc_ports(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value)
{
    struct config_machine *machine = reader->machine;
    uint32_t cells = config_value_cell_count(value);
    for (uint32_t i = 0; i + 1 < cells; i += 2) {
        uint32_t first = config_value_cell(value, i);
        uint32_t last = config_value_cell(value, i + 1);
        if (first > last || last > UINT16_MAX) {
            config_problem_what(config_reader_error(reader, property, value),
                                "has a pair that is no range within 0 to 0xffff");
            return;
        }
        machine->ports[machine->port_count++] = (struct config_port_reserved){
            (uint16_t)first, (uint16_t)last, "the machine (reserved-ports)"};
    }
    if (cells % 2 != 0) {
        config_problem_what(config_reader_error(reader, property, value), "ends in half a pair");
    }
}

void config_read_desc_distance(struct config_reader *reader, const struct config_property *property,
                               const struct config_value *value)
{
    uint32_t cells = config_value_cell_count(value);
    uint32_t nodes = 1;
    while (nodes * nodes < cells) {
        nodes++;
    }
    bool good = nodes * nodes == cells;
    for (uint32_t i = 0; i < cells; i++) {
        uint32_t distance = config_value_cell(value, i);
        good = good && distance >= 10 && distance <= UINT8_MAX;
    }
    if (!good) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is not a square table of numbers from 10 to 255");
        config_problem_remedy(problem, "write for example %s", property->example);
        return;
    }
    for (uint32_t i = 0; i < cells; i++) {
        reader->machine->distance[i / nodes][i % nodes] = (uint8_t)config_value_cell(value, i);
    }
}

/* ---- CPUs ---- */

static void add_cpu(const struct desc *d, int node)
{
    struct config_machine *machine = d->machine;
    struct config_desc_cpu cpu = {.core = UINT32_MAX};
    uint32_t errors = d->report->errors;
    read_node(d, node, CONFIG_KIND_DESC_CPU, &cpu);
    if (d->report->errors != errors) {
        return; /* what follows would only be said of wrong numbers */
    }
    if (machine->cpu_count == CPU_MAX) {
        config_problem_what(config_node_problem(d->report, d->fdt, node, CONFIG_WARNING, NULL),
                            "is not used: Bulkhead takes %u CPUs at most", CPU_MAX);
        return;
    }
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        if (machine->cpus[i].apic_id == cpu.reg) {
            struct config_problem *problem =
                config_node_problem(d->report, d->fdt, node, CONFIG_ERROR, "reg");
            config_problem_value(problem, "<%u>", cpu.reg);
            config_problem_what(problem, "is the APIC id of CPU %u already", i);
            return;
        }
    }
    /* A core that nobody else can name: numbers that are given end at 65535. */
    uint32_t core = cpu.core != UINT32_MAX ? cpu.core : 0x10000 + machine->cpu_count;
    machine->cpus[machine->cpu_count++] = (struct boot_cpu){.apic_id = cpu.reg,
                                                            .package = cpu.package,
                                                            .core = core,
                                                            .node = cpu.node,
                                                            .core_type = (uint8_t)cpu.core_type};
}

/* ---- memory ---- */

/* The order of properties must not matter: the node's number is fetched before reg is read. */
static void add_memory(const struct desc *d, int node)
{
    struct config_desc_memory memory = {0};
    int length;
    const void *data = fdt_getprop(d->fdt, node, "numa-node-id", &length);
    if (data != NULL && length == 4) {
        struct config_value value = {data, 4};
        memory.node = MIN(config_value_cell(&value, 0), (uint32_t)CONFIG_NUMA_MAX - 1);
    }
    read_node(d, node, CONFIG_KIND_DESC_MEMORY, &memory);
}

/* ---- PCI ---- */

void config_read_desc_pci(struct config_reader *reader, const struct config_property *property,
                          const struct config_value *value)
{
    struct config_desc_pci *pci = reader->target;
    if (!config_parse_pci(config_value_string(value, 0), &pci->function)) {
        struct config_problem *problem = config_reader_error(reader, property, value);
        config_problem_what(problem, "is not a PCI function");
        config_problem_remedy(problem, "write for example %s", property->example);
    }
}

#define PCI_CLASS_PCI_BRIDGE 0x0604

static void add_pci(const struct desc *d, int node)
{
    struct config_machine *machine = d->machine;
    struct config_desc_pci pci = {0};
    uint32_t errors = d->report->errors;
    read_node(d, node, CONFIG_KIND_DESC_PCI, &pci);
    if (d->report->errors != errors) {
        return;
    }
    for (uint32_t i = 0; i < machine->pci_count; i++) {
        if (config_pci_equal(&machine->pci[i].function, &pci.function)) {
            config_problem_what(
                config_node_problem(d->report, d->fdt, node, CONFIG_ERROR, "function"),
                "is given twice");
            return;
        }
    }
    if (machine->pci_count == CONFIG_PCI_MAX) {
        config_problem_what(config_node_problem(d->report, d->fdt, node, CONFIG_ERROR, NULL),
                            "is one function more than the %u allowed", CONFIG_PCI_MAX);
        return;
    }
    machine->pci[machine->pci_count++] = (struct config_pci){
        .function = pci.function,
        .vendor = (uint16_t)pci.vendor,
        .device = (uint16_t)pci.device,
        .class_code = pci.class_code,
        .header_type = pci.class_code >> 8 == PCI_CLASS_PCI_BRIDGE ? 1 : 0,
    };
}

/* ---- the tree ---- */

typedef void (*add_fn)(const struct desc *d, int node);

static void add_reserved(const struct desc *d, int node)
{
    read_node(d, node, CONFIG_KIND_DESC_RESERVED, NULL);
}

static void add_children(const struct desc *d, const char *path, add_fn add)
{
    int parent = fdt_path_offset(d->fdt, path);
    int node;
    if (parent < 0) {
        return;
    }
    fdt_for_each_subnode(node, d->fdt, parent)
    {
        add(d, node);
    }
}

static bool is_named(const void *fdt, int node, const char *name)
{
    const char *full = fdt_get_name(fdt, node, NULL);
    size_t length = strlen(name);
    return full != NULL && strncmp(full, name, length) == 0 &&
           (full[length] == '\0' || full[length] == '@');
}

static void read_root_nodes(const struct desc *d)
{
    static const char *const known[] = {"cpus", "pci", "reserved-memory", "__symbols__"};
    int node;
    fdt_for_each_subnode(node, d->fdt, 0)
    {
        bool expected = false;
        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
            expected |= is_named(d->fdt, node, known[i]);
        }
        if (is_named(d->fdt, node, "memory")) {
            add_memory(d, node);
        } else if (!expected) {
            struct config_problem *problem =
                config_node_problem(d->report, d->fdt, node, CONFIG_ERROR, NULL);
            config_problem_what(problem, "is not a node of a machine description");
            config_problem_remedy(problem, "its nodes are cpus, memory, reserved-memory and pci");
        }
    }
}

static void check_whole(const struct desc *d)
{
    if (d->machine->cpu_count == 0) {
        struct config_problem *problem = config_report_add(d->report, CONFIG_ERROR, "/cpus", NULL);
        config_problem_what(problem, "has no CPU");
        config_problem_remedy(problem, "write / { cpus { cpu@0 { reg = <0>; }; }; };");
    }
    if (d->machine->ram_count == 0) {
        struct config_problem *problem = config_report_add(d->report, CONFIG_ERROR, "/", NULL);
        config_problem_what(problem, "has no memory");
        config_problem_remedy(problem,
                              "write / { memory@100000 { reg = <0 0x100000 0 0x3ff00000>; }; };");
    }
}

bool config_machine_parse(const void *fdt, size_t size, struct config_machine *machine,
                          struct config_report *report)
{
    memset(machine, 0, sizeof(*machine));
    machine->own_memory = CONFIG_OWN_MEMORY;
    if (!config_tree_check(fdt, size, "machine description", report)) {
        return false;
    }
    struct desc d = {fdt, machine, report};
    uint32_t errors = report->errors;
    if (!config_node_is(fdt, 0, "bulkhead,machine")) {
        struct config_problem *problem = config_report_add(report, CONFIG_ERROR, "/", "compatible");
        config_problem_what(problem, "does not hold \"bulkhead,machine\"");
        config_problem_remedy(problem, "give a machine description here");
        return false;
    }
    read_node(&d, 0, CONFIG_KIND_DESC, machine);
    read_root_nodes(&d);
    add_children(&d, "/cpus", add_cpu);
    add_children(&d, "/reserved-memory", add_reserved);
    machine->pci_known = fdt_path_offset(fdt, "/pci") >= 0;
    add_children(&d, "/pci", add_pci);
    config_desc_reserve_low(machine);
    if (report->errors == errors) {
        check_whole(&d);
    }
    return report->errors == errors;
}
