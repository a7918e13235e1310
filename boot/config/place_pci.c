/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completes the PCI functions of a plan: checks that each BAR can be mapped where it is without
 * giving away anything else, and chooses where the guest finds function and interrupt. Called by
 * config_place(), after memory. Nothing here knows more of the machine than config_machine says.
 */
#include "boot/config/internal.h"
#include "boot/config/place.h"
#include "boot/config/policy.h"
#include "boot/config/value.h"
#include "drivers/guest_platform.h"
#include "kernel/printf.h"

#define GUEST_DEVICES 32
#define ISA_IRQS      16
#define BAR_NAME      8 /* "BAR 5" */

/* The BAR that is looked at, for complaints and neighbours. */
struct bar_check {
    const struct config *config;
    const struct config_machine *machine;
    const struct machine_plan *plan;
    struct config_report *report;
    uint32_t vm;
    const struct vm_pci_function *function;
    unsigned index;
};

static const struct vm_pci_bar *bar_of(const struct bar_check *c)
{
    return &c->function->bars[c->index];
}

/* An error about the BAR: "00:02.0 BAR 0 at 0x80000000". */
static struct config_problem *complain(const struct bar_check *c)
{
    char text[CONFIG_PCI_TEXT];
    struct config_problem *problem =
        config_vm_problem(c->report, c->config, &c->config->vms[c->vm], CONFIG_ERROR, "pci");
    return config_problem_value(problem, "\"%s\" BAR %u at 0x%lx",
                                config_format_pci(c->function, text, sizeof(text)), c->index,
                                (unsigned long)bar_of(c)->address);
}

static bool overlap(uint64_t first, uint64_t size, uint64_t other, uint64_t other_size)
{
    return first < other + other_size && other < first + size;
}

/* What is given away with the BAR: whole pages, or ports. */
static uint64_t granule(const struct vm_pci_bar *bar)
{
    return bar->io ? 1 : PAGE_SIZE;
}

/* No other function may be reached through the BAR's pages or ports. */
static bool check_neighbours(const struct bar_check *c)
{
    const struct vm_pci_bar *bar = bar_of(c);
    uint64_t first = align_down(bar->address, granule(bar));
    uint64_t size = align_up(bar->address + bar->size, granule(bar)) - first;
    for (uint32_t i = 0; i < c->machine->pci_count; i++) {
        const struct config_pci *other = &c->machine->pci[i];
        if (config_pci_equal(&other->function, c->function)) {
            continue;
        }
        for (unsigned j = 0; j < VM_PCI_BARS; j++) {
            const struct vm_pci_bar *b = &other->function.bars[j];
            if (b->size == 0 || b->address == 0 || b->io != bar->io ||
                !overlap(first, size, b->address, b->size)) {
                continue;
            }
            char text[CONFIG_PCI_TEXT];
            struct config_problem *problem = complain(c);
            config_problem_what(problem, "shares %s with BAR %u of %s",
                                bar->io ? "ports" : "a page of 4 KiB", j,
                                config_format_pci(&other->function, text, sizeof(text)));
            config_problem_remedy(problem, "the firmware would have to place them apart");
            return false;
        }
    }
    return true;
}

static bool check_ports(const struct bar_check *c)
{
    const struct vm_pci_bar *bar = bar_of(c);
    uint32_t first = (uint32_t)bar->address;
    uint32_t last = first + (uint32_t)bar->size - 1;
    const char *owner = NULL;
    const struct config_policy *row = config_policy_overlap(&config_port_policy, first, last);
    if (row != NULL && row->rule == CONFIG_RULE_NEVER) {
        owner = row->name;
    }
    for (uint32_t i = 0; i < c->machine->port_count; i++) {
        const struct config_port_reserved *port = &c->machine->ports[i];
        owner = port->first <= last && first <= port->last ? port->what : owner;
    }
    for (uint32_t v = 0; v < c->plan->vm_count; v++) {
        const struct vm_plan *vm = &c->plan->vms[v];
        for (uint32_t i = 0; i < vm->port_count && v != c->vm; i++) {
            bool hit = vm->ports[i].first <= last && first <= vm->ports[i].last;
            owner = hit ? vm->name : owner;
        }
    }
    if (owner == NULL) {
        return true;
    }
    struct config_problem *problem = complain(c);
    config_problem_what(problem, "holds ports that are never opened, or another VM's: %s", owner);
    config_problem_remedy(problem, "leave the function out");
    return false;
}

/* Where a guest's memory may have device pages: docs/guest-memory-map.md. */
static bool in_guest_window(const struct vm_plan *vm, uint64_t first, uint64_t end)
{
    bool low = end <= GUEST_PCI_MMIO_END;
    if (!low && first < GUEST_HOLE_END) {
        return false;
    }
    for (uint32_t i = 0; i < vm->memory_count; i++) {
        uint64_t ram_end = vm->memory[i].gpa.v + vm->memory[i].size;
        bool low_ram = vm->memory[i].gpa.v < GUEST_PCI_MMIO_END;
        if (low == low_ram && first < ram_end) {
            return false;
        }
    }
    return true;
}

static bool check_memory_bar(const struct bar_check *c)
{
    const struct vm_pci_bar *bar = bar_of(c);
    uint64_t first = align_down(bar->address, PAGE_SIZE);
    uint64_t end = align_up(bar->address + bar->size, PAGE_SIZE);
    for (uint32_t i = 0; i < c->machine->kept_count; i++) {
        const struct config_kept *kept = &c->machine->kept[i];
        if (overlap(first, end - first, kept->first, kept->size)) {
            struct config_problem *problem = complain(c);
            config_problem_what(problem, "overlaps %s", kept->what);
            config_problem_remedy(problem, "leave the function out");
            return false;
        }
    }
    for (uint32_t i = 0; i < c->machine->ram_count; i++) {
        if (overlap(first, end - first, c->machine->ram[i].hpa.v, c->machine->ram[i].size)) {
            config_problem_what(complain(c), "overlaps RAM of the machine");
            return false;
        }
    }
    if (!in_guest_window(&c->plan->vms[c->vm], first, end)) {
        struct config_problem *problem = complain(c);
        config_problem_what(problem, "does not lie behind the VM's RAM, below 0x%x or above 4 GiB",
                            GUEST_PCI_MMIO_END);
        config_problem_remedy(problem, "give the VM less memory");
        return false;
    }
    return true;
}

static bool check_bar(const struct bar_check *c)
{
    const struct vm_pci_bar *bar = bar_of(c);
    if (bar->size == 0) {
        return true;
    }
    if (bar->address == 0 || bar->address + bar->size < bar->address) {
        struct config_problem *problem = complain(c);
        config_problem_what(problem, "has no address: the firmware has not placed it");
        config_problem_remedy(problem, "look for a setting of the firmware, such as decoding "
                                       "above 4 GiB");
        return false;
    }
    return check_neighbours(c) && (bar->io ? check_ports(c) : check_memory_bar(c));
}

static const struct config_pci *find(const struct config_machine *machine,
                                     const struct vm_pci_function *function)
{
    for (uint32_t i = 0; i < machine->pci_count; i++) {
        if (config_pci_equal(&machine->pci[i].function, function)) {
            return &machine->pci[i];
        }
    }
    return NULL;
}

static bool device_taken(const struct vm_plan *vm, uint32_t index, unsigned device)
{
    bool taken = device == 0; /* the host bridge */
    for (uint32_t i = 0; i < index; i++) {
        taken |= vm->pci[i].guest_device == device;
    }
    return taken;
}

/* Its own number where that is free, else the first that is. */
static void choose_device(struct vm_plan *vm, uint32_t index)
{
    unsigned device = vm->pci[index].device;
    for (unsigned i = 1; i < GUEST_DEVICES && device_taken(vm, index, device); i++) {
        device = i;
    }
    vm->pci[index].guest_device = (uint8_t)device;
}

/* The guest's interrupt for a pin of the machine: the one that another function has it on, or a
 * new one. */
static uint8_t choose_gsi(const struct vm_plan *vm, uint32_t index)
{
    uint8_t next = GUEST_PCI_GSI;
    for (uint32_t i = 0; i < index; i++) {
        const struct vm_pci_function *other = &vm->pci[i];
        if (other->pin == VM_PCI_NO_PIN) {
            continue;
        }
        if (other->pin == vm->pci[index].pin) {
            return other->gsi;
        }
        next = MAX(next, (uint8_t)(other->gsi + 1));
    }
    return next;
}

/* Another VM's function on the same line: neither could mask it without the other. */
static bool check_line(const struct bar_check *c)
{
    char text[CONFIG_PCI_TEXT];
    char other[CONFIG_PCI_TEXT];
    for (uint32_t v = 0; v < c->vm; v++) {
        const struct vm_plan *vm = &c->plan->vms[v];
        for (uint32_t i = 0; i < vm->pci_count; i++) {
            if (vm->pci[i].pin != c->function->pin) {
                continue;
            }
            struct config_problem *problem = config_vm_problem(
                c->report, c->config, &c->config->vms[c->vm], CONFIG_ERROR, "pci");
            config_problem_value(problem, "\"%s\"",
                                 config_format_pci(c->function, text, sizeof(text)));
            config_problem_what(problem, "shares interrupt line %u with %s of %s", c->function->pin,
                                config_format_pci(&vm->pci[i], other, sizeof(other)), vm->name);
            config_problem_remedy(problem, "give both to one VM, or leave one out");
            return false;
        }
    }
    return true;
}

static bool place_interrupt(const struct bar_check *c, struct vm_plan *vm, uint32_t index,
                            const struct config_pci *found)
{
    struct vm_pci_function *function = &vm->pci[index];
    if (function->intx == 0) {
        return true;
    }
    if (c->machine->ioapic && found->line > 0 && found->line < ISA_IRQS) {
        function->pin = found->line;
        function->gsi = choose_gsi(vm, index);
        return check_line(c);
    }
    char text[CONFIG_PCI_TEXT];
    struct config_problem *problem =
        config_vm_problem(c->report, c->config, &c->config->vms[c->vm], CONFIG_WARNING, "pci");
    config_problem_value(problem, "\"%s\"", config_format_pci(function, text, sizeof(text)));
    config_problem_what(problem, "has no interrupt line that Bulkhead can route");
    config_problem_remedy(problem, "its driver must use MSI");
    return true;
}

static bool place_function(struct bar_check *c, struct vm_plan *vm, uint32_t index)
{
    struct vm_pci_function *function = &vm->pci[index];
    const struct config_pci *found = find(c->machine, function);
    choose_device(vm, index);
    function->pin = VM_PCI_NO_PIN;
    function->gsi = VM_PCI_NO_PIN;
    if (found == NULL || !found->probed) {
        return true; /* a described machine */
    }
    c->function = function;
    function->intx = found->function.intx;
    bool good = true;
    for (c->index = 0; c->index < VM_PCI_BARS; c->index++) {
        function->bars[c->index] = found->function.bars[c->index];
        good &= check_bar(c);
    }
    return place_interrupt(c, vm, index, found) && good;
}

bool config_place_pci(const struct config *config, const struct config_machine *machine,
                      struct machine_plan *plan, struct config_report *report)
{
    bool good = true;
    for (uint32_t v = 0; v < plan->vm_count; v++) {
        struct bar_check c = {config, machine, plan, report, .vm = v};
        for (uint32_t i = 0; i < plan->vms[v].pci_count; i++) {
            good &= place_function(&c, &plan->vms[v], i);
        }
    }
    return good;
}
