/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration against the machine it is to run on: CPUs, memory, PCI functions, ports and
 * consoles that are there. Whether everything finds a place together is for config_place().
 */
#include "boot/config/internal.h"
#include "boot/config/property.h"
#include "boot/config/value.h"
#include "kernel/printf.h"

static bool has_flag(const struct config_vm *vm, enum vm_flags flag)
{
    return (vm->plan.flags & flag) != 0;
}

/* Rounded down to an eighth of its highest bit: what firmware and Bulkhead take differs a little
 * from start to start, and a message should not. */
static uint64_t about(uint64_t bytes)
{
    uint64_t unit = MIB(1);
    while (bytes / unit >= 16) {
        unit *= 2;
    }
    return align_down(bytes, unit);
}

static void check_memory(const struct config *config, const struct config_machine *machine,
                         struct config_report *report)
{
    uint64_t available = 0;
    for (uint32_t i = 0; i < machine->ram_count; i++) {
        available += machine->ram[i].size;
    }
    char free_text[CONFIG_SIZE_TEXT];
    config_format_size(about(available), free_text, sizeof(free_text));
    uint64_t sum = 0;
    for (uint32_t i = 0; i < config->vm_count; i++) {
        const struct config_vm *vm = &config->vms[i];
        sum += vm->memory;
        if (vm->memory <= available) {
            continue;
        }
        char text[CONFIG_SIZE_TEXT];
        struct config_problem *problem =
            config_vm_problem(report, config, vm, CONFIG_ERROR, "memory");
        config_problem_value(problem, "%s", config_format_size(vm->memory, text, sizeof(text)));
        config_problem_what(problem, "is more than the machine has for VMs, about %s", free_text);
        config_problem_remedy(problem, "ask for less");
        return;
    }
    if (sum > available) {
        char text[CONFIG_SIZE_TEXT];
        struct config_problem *problem =
            config_node_problem(report, config->fdt, config->node, CONFIG_ERROR, NULL);
        config_problem_what(problem,
                            "has VMs that ask for %s together; the machine has about %s for them",
                            config_format_size(sum, text, sizeof(text)), free_text);
        config_problem_remedy(problem, "lower memory of one, or leave a VM out");
    }
}

static const struct config_pci *find_pci(const struct config_machine *machine,
                                         const struct vm_pci_function *function)
{
    for (uint32_t i = 0; i < machine->pci_count; i++) {
        if (config_pci_equal(&machine->pci[i].function, function)) {
            return &machine->pci[i];
        }
    }
    return NULL;
}

#define PCI_CLASS_DISPLAY 0x03
#define PCI_CLASS_BRIDGE  0x06

/* Functions of one device are reset together: they should not be two VMs'. */
static void check_pci_neighbours(const struct config *config, uint32_t index,
                                 const struct vm_pci_function *function,
                                 struct config_report *report)
{
    char text[CONFIG_PCI_TEXT];
    char other[CONFIG_PCI_TEXT];
    for (uint32_t a = 0; a < index; a++) {
        const struct vm_plan *plan = &config->vms[a].plan;
        for (uint32_t j = 0; j < plan->pci_count; j++) {
            const struct vm_pci_function *p = &plan->pci[j];
            if (p->segment != function->segment || p->bus != function->bus ||
                p->device != function->device || p->function == function->function) {
                continue;
            }
            struct config_problem *problem =
                config_vm_problem(report, config, &config->vms[index], CONFIG_WARNING, "pci");
            config_problem_value(problem, "\"%s\"",
                                 config_format_pci(function, text, sizeof(text)));
            config_problem_what(problem, "is part of the same device as %s of %s",
                                config_format_pci(p, other, sizeof(other)), plan->name);
            config_problem_remedy(problem, "one VM's reset of the device resets the other's too");
            return;
        }
    }
}

static bool can_be_given(const struct config_pci *pci)
{
    return pci->header_type == 0 && pci->class_code >> 16 != PCI_CLASS_BRIDGE;
}

/* "00:01.1, 00:02.0", as far as there is room. */
static void list_functions(const struct config_machine *machine, char *buf, size_t size)
{
    size_t length = 0;
    ksnprintf(buf, size, "none");
    for (uint32_t i = 0; i < machine->pci_count; i++) {
        char text[CONFIG_PCI_TEXT];
        if (!can_be_given(&machine->pci[i])) {
            continue;
        }
        if (length + 20 > size) {
            ksnprintf(buf + length, size - length, ", ...");
            return;
        }
        config_format_pci(&machine->pci[i].function, text, sizeof(text));
        length +=
            (size_t)ksnprintf(buf + length, size - length, "%s%s", length > 0 ? ", " : "", text);
    }
}

/* The screen that shows the log should not become a guest's. */
static void check_display(const struct config *config, const struct config_vm *vm,
                          const struct config_pci *pci, struct config_report *report)
{
    if (pci->class_code >> 16 != PCI_CLASS_DISPLAY ||
        (config->console & CONSOLE_FRAMEBUFFER) == 0) {
        return;
    }
    char text[CONFIG_PCI_TEXT];
    struct config_problem *problem = config_vm_problem(report, config, vm, CONFIG_WARNING, "pci");
    config_problem_value(problem, "\"%s\"", config_format_pci(&pci->function, text, sizeof(text)));
    config_problem_what(problem, "is a display, on which the log may appear");
    config_problem_remedy(problem, "write console = \"serial\" if there is a serial port");
}

static void check_pci(const struct config *config, uint32_t index,
                      const struct config_machine *machine, struct config_report *report)
{
    const struct config_vm *vm = &config->vms[index];
    char text[CONFIG_PCI_TEXT];
    for (uint32_t i = 0; i < vm->plan.pci_count; i++) {
        const struct vm_pci_function *function = &vm->plan.pci[i];
        check_pci_neighbours(config, index, function, report);
        const struct config_pci *pci = find_pci(machine, function);
        if (pci != NULL) {
            check_display(config, vm, pci, report);
        }
        if (!machine->pci_known || (pci != NULL && can_be_given(pci))) {
            continue;
        }
        struct config_problem *problem = config_vm_problem(report, config, vm, CONFIG_ERROR, "pci");
        config_problem_value(problem, "\"%s\"", config_format_pci(function, text, sizeof(text)));
        if (pci == NULL) {
            config_problem_what(problem, "does not exist on this machine");
            char functions[160];
            list_functions(machine, functions, sizeof(functions));
            config_problem_remedy(problem, "those that can be given to a VM are %s", functions);
        } else {
            config_problem_what(problem, "is a bridge, which all devices behind it need");
            config_problem_remedy(problem, "hand over the devices behind it");
        }
    }
}

static void check_ports(const struct config *config, const struct config_vm *vm,
                        const struct config_machine *machine, struct config_report *report)
{
    char text[CONFIG_RANGE_TEXT];
    for (uint32_t i = 0; i < vm->plan.port_count; i++) {
        for (uint32_t j = 0; j < machine->port_count; j++) {
            const struct config_port_reserved *port = &machine->ports[j];
            uint16_t low = MAX(vm->plan.ports[i].first, port->first);
            uint16_t high = MIN(vm->plan.ports[i].last, port->last);
            if (low > high) {
                continue;
            }
            struct config_problem *problem =
                config_vm_problem(report, config, vm, CONFIG_ERROR, "ports");
            config_problem_value(problem, "%s", config_format_range(low, high, text, sizeof(text)));
            config_problem_what(problem, "is never opened: it belongs to %s", port->what);
            config_problem_remedy(problem, "leave it out");
        }
    }
}

static void check_console(const struct config *config, const struct config_machine *machine,
                          struct config_report *report)
{
    bool no_serial = machine->serial == CONFIG_ABSENT;
    bool no_framebuffer = machine->framebuffer == CONFIG_ABSENT;
    bool bad_serial = config->console == CONSOLE_SERIAL && no_serial;
    bool bad_framebuffer = config->console == CONSOLE_FRAMEBUFFER && no_framebuffer;
    if (!bad_serial && !bad_framebuffer && !(no_serial && no_framebuffer)) {
        return;
    }
    bool none = no_serial && no_framebuffer;
    struct config_problem *problem = config_node_problem(
        report, config->fdt, config->node, none ? CONFIG_WARNING : CONFIG_ERROR, "console");
    if (none) {
        config_problem_what(problem, "shows nothing: the machine has no console at all");
        config_problem_remedy(problem, "the log can be read in memory after a warm reset only");
        return;
    }
    config_problem_value(problem, "\"%s\"", bad_serial ? "serial" : "framebuffer");
    config_problem_what(problem, "is not there on this machine");
    config_problem_remedy(problem, "write console = \"both\", which takes what there is");
}

/* DMA goes past EPT: without an IOMMU a device's driver owns the machine, and must say so. */
static void check_dma(const struct config *config, const struct config_vm *vm,
                      const struct config_machine *machine, struct config_report *report)
{
    enum config_iommu iommu = machine != NULL ? machine->iommu : CONFIG_IOMMU_UNUSED;
    if (vm->plan.pci_count == 0 || has_flag(vm, VM_FLAG_UNSAFE_DMA) ||
        iommu == CONFIG_IOMMU_DRIVEN) {
        return;
    }
    char text[CONFIG_PCI_TEXT];
    struct config_problem *problem = config_vm_problem(report, config, vm, CONFIG_ERROR, "pci");
    config_problem_value(problem, "\"%s\"",
                         config_format_pci(&vm->plan.pci[0], text, sizeof(text)));
    config_problem_what(problem, "can do DMA to all memory: %s",
                        iommu == CONFIG_IOMMU_ABSENT ? "the machine has no IOMMU"
                                                     : "Bulkhead drives no IOMMU yet");
    config_problem_remedy(problem, "if this VM is trusted with the whole machine, add unsafe-dma, "
                                   "which also maps its RAM 1:1");
}

void config_check_machine(const struct config *config, const struct config_machine *machine,
                          struct config_report *report)
{
    for (uint32_t i = 0; i < config->vm_count; i++) {
        check_dma(config, &config->vms[i], machine, report);
    }
    if (machine == NULL) {
        return;
    }
    check_console(config, machine, report);
    config_check_cpus(config, machine, report);
    check_memory(config, machine, report);
    for (uint32_t i = 0; i < config->vm_count; i++) {
        check_pci(config, i, machine, report);
        check_ports(config, &config->vms[i], machine, report);
    }
}
