/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a compiled device tree to struct config: finds the nodes and reads each by the table of
 * properties. Whether values agree with each other is checked in check_config.c.
 */
#include <libfdt.h>

#include "boot/config/config.h"
#include "boot/config/internal.h"
#include "boot/config/property.h"
#include "kernel/printf.h"
#include "kernel/string.h"

/* libfdt's errors in words; what is not here is damage. */
static void report_unreadable(struct config_report *report, const uint8_t *data, size_t size,
                              int error, const char *what)
{
    struct config_problem *problem = config_report_add(report, CONFIG_ERROR, what, NULL);
    if (error == -FDT_ERR_BADMAGIC && size >= 4) {
        config_problem_what(problem,
                            "is no compiled device tree: it begins with %02x %02x %02x "
                            "%02x, not d0 0d fe ed",
                            data[0], data[1], data[2], data[3]);
        config_problem_remedy(problem, "compile the source: dtc -O dtb -o machine.dtb machine.dts");
    } else if (error == -FDT_ERR_BADMAGIC || error == -FDT_ERR_TRUNCATED) {
        config_problem_what(problem, "is cut: %zu bytes are not all of it", size);
        config_problem_remedy(problem, "compile or copy it again");
    } else if (error == -FDT_ERR_BADVERSION) {
        config_problem_what(problem, "is of a device tree version other than 17");
        config_problem_remedy(problem, "compile it with dtc -V 17");
    } else if (error == -FDT_ERR_ALIGNMENT) {
        config_problem_what(problem, "is not at an address that is a multiple of 8");
    } else {
        config_problem_what(problem, "is damaged: libfdt says %s", fdt_strerror(error));
        config_problem_remedy(problem, "compile or copy it again");
    }
}

/* libfdt's full check, and what it takes for granted: a whole header, alignment inside the tree. */
static int check_tree(const void *fdt, size_t size)
{
    if (size >= 4 && memcmp(fdt, "\xd0\x0d\xfe\xed", 4) != 0) {
        return -FDT_ERR_BADMAGIC;
    }
    if (size < sizeof(struct fdt_header)) {
        return -FDT_ERR_TRUNCATED;
    }
    if (((uintptr_t)fdt & 7) != 0) {
        return -FDT_ERR_ALIGNMENT;
    }
    if (fdt_off_dt_struct(fdt) % 4 != 0 || fdt_off_mem_rsvmap(fdt) % 8 != 0) {
        return -FDT_ERR_BADLAYOUT;
    }
    return fdt_check_full(fdt, size);
}

bool config_tree_check(const void *fdt, size_t size, const char *what, struct config_report *report)
{
    if (size > CONFIG_FDT_MAX) {
        struct config_problem *problem = config_report_add(report, CONFIG_ERROR, what, NULL);
        config_problem_what(problem, "has %zu bytes, which is more than the 1 MiB allowed", size);
        return false;
    }
    int error = check_tree(fdt, size);
    if (error != 0) {
        report_unreadable(report, fdt, size, error, what);
        return false;
    }
    return true;
}

bool config_node_is(const void *fdt, int node, const char *compatible)
{
    return fdt_node_check_compatible(fdt, node, compatible) == 0;
}

static bool is_vm(const void *fdt, int node)
{
    return config_node_is(fdt, node, "bulkhead,domain") || config_node_is(fdt, node, "xen,domain");
}

void config_read_compatible(struct config_reader *reader, const struct config_property *property,
                            const struct config_value *value)
{
    const void *fdt = reader->fdt;
    struct config_module *module = reader->target;
    switch (reader->kind) {
    case CONFIG_KIND_VM:
        if (is_vm(fdt, reader->node)) {
            return;
        }
        break;
    case CONFIG_KIND_MODULE:
        if (config_node_is(fdt, reader->node, "module,kernel")) {
            module->kind = CONFIG_MODULE_KERNEL;
            return;
        }
        if (config_node_is(fdt, reader->node, "module,ramdisk")) {
            module->kind = CONFIG_MODULE_RAMDISK;
            return;
        }
        break;
    default:
        return; /* the node was found by it */
    }
    struct config_problem *problem = config_reader_error(reader, property, value);
    config_problem_what(problem, "does not mark %s", config_kind_name(reader->kind));
    config_problem_remedy(problem, "write a value that %s", property->bounds);
}

static void read_module(struct config *config, struct config_vm *vm, int node,
                        struct config_report *report)
{
    if (vm->module_count == CONFIG_MODULE_MAX) {
        config_problem_what(config_node_problem(report, config->fdt, node, CONFIG_ERROR, NULL),
                            "is one image more than the %u that a VM can have", CONFIG_MODULE_MAX);
        return;
    }
    struct config_module *module = &vm->modules[vm->module_count++];
    memset(module, 0, sizeof(*module));
    module->node = node;
    struct config_reader reader = {.fdt = config->fdt,
                                   .report = report,
                                   .node = node,
                                   .kind = CONFIG_KIND_MODULE,
                                   .target = module,
                                   .config = config};
    config_read_node(&reader);
    int child;
    fdt_for_each_subnode(child, config->fdt, node)
    {
        config_problem_what(config_node_problem(report, config->fdt, child, CONFIG_ERROR, NULL),
                            "is a node inside an image, where there are none");
    }
}

static void read_vm(struct config *config, int node, struct config_report *report)
{
    if (config->vm_count == VM_MAX) {
        config_problem_what(config_node_problem(report, config->fdt, node, CONFIG_ERROR, NULL),
                            "is one VM more than the %u that a machine can have", VM_MAX);
        return;
    }
    struct config_vm *vm = &config->vms[config->vm_count++];
    memset(vm, 0, sizeof(*vm));
    vm->node = node;
    vm->kernel = -1;
    vm->plan.restart_max = CONFIG_RESTART_MAX;
    struct config_reader reader = {.fdt = config->fdt,
                                   .report = report,
                                   .node = node,
                                   .kind = CONFIG_KIND_VM,
                                   .target = vm,
                                   .config = config};
    config_read_node(&reader);
    if (!vm->start_later) {
        vm->plan.flags |= VM_FLAG_AUTOSTART;
    }
    int child;
    fdt_for_each_subnode(child, config->fdt, node)
    {
        read_module(config, vm, child, report);
    }
    config_check_vm(config, vm, report);
}

/* The node under /chosen that is marked as Bulkhead's; negative when there is not exactly one. */
static int find_machine_node(const void *fdt, struct config_report *report)
{
    int chosen = fdt_path_offset(fdt, "/chosen");
    if (chosen < 0) {
        struct config_problem *problem = config_report_add(report, CONFIG_ERROR, "/", NULL);
        config_problem_what(problem, "has no node \"chosen\"");
        config_problem_remedy(problem, "write / { chosen { hypervisor { ... }; }; };");
        return -1;
    }
    int found = -1;
    int node;
    fdt_for_each_subnode(node, fdt, chosen)
    {
        if (!config_node_is(fdt, node, "hypervisor,bulkhead")) {
            continue;
        }
        if (found >= 0) {
            struct config_problem *problem =
                config_node_problem(report, fdt, node, CONFIG_ERROR, NULL);
            config_problem_what(problem, "is a second machine node");
            config_problem_remedy(problem, "put all VMs into one");
            return found;
        }
        found = node;
    }
    if (found < 0) {
        struct config_problem *problem = config_report_add(report, CONFIG_ERROR, "/chosen", NULL);
        config_problem_what(problem, "has no node with compatible = \"hypervisor,bulkhead\"");
        config_problem_remedy(problem, "mark the node that holds the VMs with it");
    }
    return found;
}

/* A VM anywhere but in the machine node would silently not exist. */
static void report_stray_vms(const struct config *config, struct config_report *report)
{
    const void *fdt = config->fdt;
    int depth = 0;
    int machine_depth = -1; /* >= 0 while inside the machine node */
    for (int node = 0; node >= 0 && depth >= 0; node = fdt_next_node(fdt, node, &depth)) {
        if (node == config->node) {
            machine_depth = depth;
            continue;
        }
        if (machine_depth >= 0 && depth > machine_depth) {
            continue;
        }
        machine_depth = -1;
        if (is_vm(fdt, node)) {
            struct config_problem *problem =
                config_node_problem(report, fdt, node, CONFIG_ERROR, NULL);
            config_problem_what(problem, "is a VM outside of the machine node");
            config_problem_remedy(problem, "move it into /chosen/hypervisor");
        }
    }
}

bool config_parse(const void *fdt, size_t size, struct config *config, struct config_report *report)
{
    memset(config, 0, sizeof(*config));
    config->node = -1;
    config->console = CONSOLE_BOTH;
    config->console_view = CONSOLE_VIEW_ALL;
    config->log_level = LOG_INFO;
    if (!config_tree_check(fdt, size, "configuration", report)) {
        return false;
    }
    config->fdt = fdt;
    config->node = find_machine_node(fdt, report);
    report_stray_vms(config, report);
    if (config->node < 0) {
        return false;
    }

    struct config_reader reader = {.fdt = fdt,
                                   .report = report,
                                   .node = config->node,
                                   .kind = CONFIG_KIND_MACHINE,
                                   .target = config,
                                   .config = config};
    config_read_node(&reader);
    int node;
    fdt_for_each_subnode(node, fdt, config->node)
    {
        read_vm(config, node, report);
    }
    config_check_machine_node(config, report);
    return true;
}
