/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the values of a configuration agree with each other: within one VM, and between all.
 * Needs neither machine nor files. Called by config_parse().
 */
#include <libfdt.h>

#include "boot/config/internal.h"
#include "boot/config/property.h"
#include "kernel/printf.h"
#include "kernel/string.h"

struct config_problem *config_vm_problem(struct config_report *report, const struct config *config,
                                         const struct config_vm *vm, enum config_severity severity,
                                         const char *property)
{
    return config_node_problem(report, config->fdt, vm->node, severity, property);
}

const char *config_format_pci(const struct vm_pci_function *function, char *buf, size_t size)
{
    if (function->segment != 0) {
        ksnprintf(buf, size, "%04x:%02x:%02x.%x", function->segment, function->bus,
                  function->device, function->function);
    } else {
        ksnprintf(buf, size, "%02x:%02x.%x", function->bus, function->device, function->function);
    }
    return buf;
}

bool config_pci_equal(const struct vm_pci_function *a, const struct vm_pci_function *b)
{
    return a->segment == b->segment && a->bus == b->bus && a->device == b->device &&
           a->function == b->function;
}

static bool has_flag(const struct config_vm *vm, enum vm_flags flag)
{
    return (vm->plan.flags & flag) != 0;
}

/* A VM without vm-name is called as its node, without the unit address. */
static void name_vm(const struct config *config, struct config_vm *vm, struct config_report *report)
{
    int given;
    if (vm->plan.name[0] != '\0' || fdt_getprop(config->fdt, vm->node, "vm-name", &given) != NULL) {
        return; /* a wrong vm-name has been reported */
    }
    const char *name = fdt_get_name(config->fdt, vm->node, NULL);
    if (name == NULL) {
        return;
    }
    const char *at = strchr(name, '@');
    size_t length = at != NULL ? (size_t)(at - name) : strlen(name);
    if (!config_name_is_valid(name, length)) {
        struct config_problem *problem = config_vm_problem(report, config, vm, CONFIG_ERROR, NULL);
        config_problem_what(problem, "is a node whose name is not a VM's name");
        config_problem_remedy(problem, "add vm-name, or name the node with %s", CONFIG_NAME_RULE);
        return;
    }
    memcpy(vm->plan.name, name, length);
    vm->plan.name[length] = '\0';
}

static bool has_property(const struct config *config, const struct config_vm *vm, const char *name)
{
    int length;
    return fdt_getprop(config->fdt, vm->node, name, &length) != NULL;
}

static void check_cpus(const struct config *config, struct config_vm *vm,
                       struct config_report *report)
{
    struct config_problem *problem;
    bool listed = has_property(config, vm, "cpu-list");
    if (!listed && !has_property(config, vm, "cpus")) {
        problem = config_vm_problem(report, config, vm, CONFIG_ERROR, "cpus");
        config_problem_what(problem, "is missing");
        config_problem_remedy(problem, "write for example cpus = <1>, or cpu-list = <1>");
        return;
    }
    if (vm->cpu_listed && vm->cpus_given != 0 && vm->cpus_given != vm->cpu_count) {
        problem = config_vm_problem(report, config, vm, CONFIG_ERROR, "cpus");
        config_problem_value(problem, "<%u>", vm->cpus_given);
        config_problem_what(problem, "does not agree with cpu-list, which names %u CPU%s",
                            vm->cpu_count, vm->cpu_count == 1 ? "" : "s");
        config_problem_remedy(problem, "leave cpus out");
    }
    if (!listed) {
        vm->cpu_count = vm->cpus_given;
    }
    if (vm->cpu_listed && vm->core_type != CONFIG_CORE_ANY) {
        problem = config_vm_problem(report, config, vm, CONFIG_WARNING, "core-type");
        config_problem_what(problem, "has no effect beside cpu-list");
        config_problem_remedy(problem, "leave one of them out");
    }
}

static void check_modules(const struct config *config, struct config_vm *vm,
                          struct config_report *report)
{
    for (uint32_t i = 0; i < vm->module_count; i++) {
        if (vm->modules[i].kind != CONFIG_MODULE_KERNEL) {
            continue;
        }
        if (vm->kernel >= 0) {
            struct config_problem *problem =
                config_node_problem(report, config->fdt, vm->modules[i].node, CONFIG_ERROR, NULL);
            config_problem_what(problem, "is a second kernel");
            config_problem_remedy(problem, "a VM has one; other files are \"module,ramdisk\"");
            continue;
        }
        vm->kernel = (int)i;
    }
    bool misnamed = false; /* a child whose kind could not be told may be the kernel */
    for (uint32_t i = 0; i < vm->module_count; i++) {
        misnamed |= vm->modules[i].kind == CONFIG_MODULE_NONE;
    }
    if (vm->kernel < 0 && !misnamed) {
        struct config_problem *problem = config_vm_problem(report, config, vm, CONFIG_ERROR, NULL);
        config_problem_what(problem, "has no kernel");
        config_problem_remedy(problem, "add kernel { compatible = \"module,kernel\"; "
                                       "file = \"vmlinuz\"; };");
    }
}

static void check_devices(const struct config *config, const struct config_vm *vm,
                          struct config_report *report)
{
    if (has_flag(vm, VM_FLAG_UNSAFE_DMA) && !has_property(config, vm, "pci")) {
        struct config_problem *problem =
            config_vm_problem(report, config, vm, CONFIG_WARNING, "unsafe-dma");
        config_problem_what(problem, "has no use without PCI functions");
        config_problem_remedy(problem, "leave it out, or add pci");
    }
    if (has_flag(vm, VM_FLAG_REALTIME) && has_flag(vm, VM_FLAG_LEGACY)) {
        struct config_problem *problem =
            config_vm_problem(report, config, vm, CONFIG_WARNING, "legacy");
        config_problem_what(problem, "costs a real-time VM exits at every tick of the PIT");
        config_problem_remedy(problem, "leave it out if the guest can do without");
    }
}

static void check_restarts(const struct config *config, const struct config_vm *vm,
                           struct config_report *report)
{
    if (has_property(config, vm, "restart-max") && vm->plan.on_crash != VM_ON_CRASH_RESTART) {
        struct config_problem *problem =
            config_vm_problem(report, config, vm, CONFIG_WARNING, "restart-max");
        config_problem_what(problem, "has no effect unless on-crash is \"restart\"");
        config_problem_remedy(problem, "add on-crash = \"restart\", or leave it out");
    }
    if (vm->plan.fault_plan[0] != '\0' && !(vm->plan.flags & VM_FLAG_FAULTS)) {
        struct config_problem *problem =
            config_vm_problem(report, config, vm, CONFIG_ERROR, "fault-plan");
        config_problem_what(problem, "needs the right to inject faults");
        config_problem_remedy(problem, "add faults, or leave it out");
    }
}

void config_check_vm(struct config *config, struct config_vm *vm, struct config_report *report)
{
    name_vm(config, vm, report);
    check_cpus(config, vm, report);
    check_modules(config, vm, report);
    check_devices(config, vm, report);
    check_restarts(config, vm, report);
}

static void check_names(const struct config *config, uint32_t a, uint32_t b,
                        struct config_report *report)
{
    const struct config_vm *vm = &config->vms[b];
    if (vm->plan.name[0] == '\0' || strcmp(config->vms[a].plan.name, vm->plan.name) != 0) {
        return;
    }
    bool given = has_property(config, vm, "vm-name");
    struct config_problem *problem =
        config_vm_problem(report, config, vm, CONFIG_ERROR, given ? "vm-name" : NULL);
    if (given) {
        config_problem_value(problem, "\"%s\"", vm->plan.name);
    }
    config_problem_what(problem, "has the name of another VM, %s", vm->plan.name);
    config_problem_remedy(problem, "give each VM a name of its own with vm-name");
}

static void check_shared_cpus(const struct config *config, uint32_t a, uint32_t b,
                              struct config_report *report)
{
    const struct config_vm *first = &config->vms[a];
    const struct config_vm *second = &config->vms[b];
    if (!first->cpu_listed || !second->cpu_listed) {
        return;
    }
    for (uint32_t i = 0; i < second->cpu_count; i++) {
        for (uint32_t j = 0; j < first->cpu_count; j++) {
            if (second->cpu_list[i] != first->cpu_list[j]) {
                continue;
            }
            struct config_problem *problem =
                config_vm_problem(report, config, second, CONFIG_ERROR, "cpu-list");
            config_problem_value(problem, "CPU %u", second->cpu_list[i]);
            config_problem_what(problem, "belongs to %s already", first->plan.name);
            config_problem_remedy(problem, "a CPU is one VM's alone; choose another, or use cpus "
                                           "and let the loader choose");
        }
    }
}

static void check_shared_devices(const struct config *config, uint32_t a, uint32_t b,
                                 struct config_report *report)
{
    const struct vm_plan *first = &config->vms[a].plan;
    const struct vm_plan *second = &config->vms[b].plan;
    const struct config_vm *vm = &config->vms[b];
    for (uint32_t i = 0; i < second->pci_count; i++) {
        for (uint32_t j = 0; j < first->pci_count; j++) {
            if (!config_pci_equal(&second->pci[i], &first->pci[j])) {
                continue;
            }
            char text[CONFIG_PCI_TEXT];
            struct config_problem *problem =
                config_vm_problem(report, config, vm, CONFIG_ERROR, "pci");
            config_problem_value(problem, "\"%s\"",
                                 config_format_pci(&second->pci[i], text, sizeof(text)));
            config_problem_what(problem, "belongs to %s already", first->name);
            config_problem_remedy(problem, "a PCI function is one VM's alone");
        }
    }
    for (uint32_t i = 0; i < second->port_count; i++) {
        for (uint32_t j = 0; j < first->port_count; j++) {
            uint16_t low = MAX(second->ports[i].first, first->ports[j].first);
            uint16_t high = MIN(second->ports[i].last, first->ports[j].last);
            if (low > high) {
                continue;
            }
            struct config_problem *problem =
                config_vm_problem(report, config, vm, CONFIG_ERROR, "ports");
            char text[CONFIG_RANGE_TEXT];
            config_problem_value(problem, "%s", config_format_range(low, high, text, sizeof(text)));
            config_problem_what(problem, "belongs to %s already", first->name);
            config_problem_remedy(problem, "a port is one VM's alone");
        }
    }
}

static void check_starts(const struct config *config, struct config_report *report)
{
    bool any = false;
    for (uint32_t i = 0; i < config->vm_count; i++) {
        any |= has_flag(&config->vms[i], VM_FLAG_AUTOSTART);
    }
    if (any) {
        return;
    }
    struct config_problem *problem =
        config_node_problem(report, config->fdt, config->node, CONFIG_WARNING, NULL);
    if (config->vm_count == 0) {
        config_problem_what(problem, "has no VM");
        config_problem_remedy(problem, "add a node with compatible = \"bulkhead,domain\"");
    } else {
        config_problem_what(problem, "has no VM that starts at boot");
        config_problem_remedy(problem, "leave start = \"later\" out of one");
    }
}

/* Among the VMs, which have been read by now. */
static void find_console_view(struct config *config, struct config_report *report)
{
    struct config_nearest nearest = {.wrong = config->console_view_name};
    if (nearest.wrong == NULL || strcmp(nearest.wrong, "all") == 0) {
        return;
    }
    if (strcmp(nearest.wrong, "monitor") == 0) {
        config->console_view = CONSOLE_VIEW_MONITOR;
        return;
    }
    config_nearest_offer(&nearest, "all");
    config_nearest_offer(&nearest, "monitor");
    for (uint32_t i = 0; i < config->vm_count; i++) {
        const char *name = config->vms[i].plan.name;
        if (strcmp(name, nearest.wrong) == 0) {
            config->console_view = (int32_t)i;
            return;
        }
        config_nearest_offer(&nearest, name);
    }
    struct config_problem *problem =
        config_node_problem(report, config->fdt, config->node, CONFIG_ERROR, "console-view");
    config_problem_value(problem, "\"%s\"", nearest.wrong);
    config_problem_what(problem, "is not \"all\", \"monitor\" or the name of a VM");
    if (nearest.best != NULL) {
        config_problem_remedy(problem, "did you mean \"%s\"?", nearest.best);
    }
}

void config_read_console_view(struct config_reader *reader, const struct config_property *property,
                              const struct config_value *value)
{
    (void)property;
    reader->config->console_view_name = config_value_string(value, 0);
}

void config_check_machine_node(struct config *config, struct config_report *report)
{
    for (uint32_t b = 1; b < config->vm_count; b++) {
        for (uint32_t a = 0; a < b; a++) {
            check_names(config, a, b, report);
            check_shared_cpus(config, a, b, report);
            check_shared_devices(config, a, b, report);
        }
    }
    check_starts(config, report);
    find_console_view(config, report);
}
