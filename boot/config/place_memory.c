/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses each VM's memory: on the node of its CPUs, in few pieces, at addresses that allow the
 * largest pages. VMs with unsafe-dma are mapped 1:1 and choose first. Called by config_place().
 */
#include "boot/config/internal.h"
#include "boot/config/place.h"
#include "boot/config/property.h"
#include "drivers/guest_platform.h"
#include "kernel/printf.h"

/* What may be given up, step by step, when memory is scattered. */
struct step {
    bool near;     /* every piece from the nearest node that has one */
    uint64_t page; /* the largest page that pieces are aligned for */
};

static const struct step steps[] = {
    {true, PAGE_SIZE_1G},
    {false, PAGE_SIZE_1G},
    {false, PAGE_SIZE_2M},
    {false, PAGE_SIZE},
};

struct placing {
    const struct config *config;
    const struct config_machine *machine;
    struct machine_plan *plan;
    const struct step *step;
    struct config_pool pool;
    uint32_t node_count;
    uint32_t nodes[CONFIG_NUMA_MAX]; /* nearest first, for the VM that is being placed */
};

uint32_t config_node_distance(const struct config_machine *machine, uint32_t from, uint32_t to)
{
    if (from < CONFIG_NUMA_MAX && to < CONFIG_NUMA_MAX && machine->distance[from][to] != 0) {
        return machine->distance[from][to];
    }
    return from == to ? 10 : 20;
}

uint32_t config_home_node(const struct vm_plan *vm, const struct config_machine *machine)
{
    uint32_t best = 0;
    uint32_t best_count = 0;
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        uint32_t node = machine->cpus[vm->cpus[i]].node;
        uint32_t count = 0;
        for (uint32_t j = 0; j < vm->cpu_count; j++) {
            count += machine->cpus[vm->cpus[j]].node == node;
        }
        if (count > best_count || (count == best_count && node < best)) {
            best = node;
            best_count = count;
        }
    }
    return best;
}

static void add_node(struct placing *p, uint32_t home, uint32_t node)
{
    for (uint32_t i = 0; i < p->node_count; i++) {
        if (p->nodes[i] == node) {
            return;
        }
    }
    if (p->node_count == CONFIG_NUMA_MAX) {
        return;
    }
    uint32_t distance = config_node_distance(p->machine, home, node);
    uint32_t at = p->node_count++;
    for (; at > 0; at--) {
        uint32_t other = config_node_distance(p->machine, home, p->nodes[at - 1]);
        if (other < distance || (other == distance && p->nodes[at - 1] < node)) {
            break;
        }
        p->nodes[at] = p->nodes[at - 1];
    }
    p->nodes[at] = node;
}

static void sort_nodes(struct placing *p, const struct vm_plan *vm)
{
    p->node_count = 0;
    if (!p->step->near) {
        p->nodes[p->node_count++] = CONFIG_NODE_ANY;
        return;
    }
    uint32_t home = config_home_node(vm, p->machine);
    for (uint32_t i = 0; i < p->machine->ram_count; i++) {
        add_node(p, home, p->machine->ram[i].node);
    }
}

static bool add_piece(struct placing *p, struct vm_plan *vm, uint64_t gpa, uint64_t hpa,
                      uint64_t size)
{
    if (vm->memory_count == VM_MEMORY_MAX) {
        return false;
    }
    vm->memory[vm->memory_count++] = (struct vm_memory){GPA(gpa), HPA(hpa), size};
    config_pool_take(&p->pool, hpa, size);
    return true;
}

/* One range for all of it, with the largest pages that its size can use. */
static bool find_whole(const struct placing *p, uint32_t node, uint64_t gpa, uint64_t size,
                       uint64_t *hpa)
{
    static const uint64_t pages[] = {PAGE_SIZE_1G, PAGE_SIZE_2M, PAGE_SIZE};
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        bool wasteful = pages[i] == PAGE_SIZE && size >= PAGE_SIZE_2M &&
                        p->step->page != PAGE_SIZE; /* pieces of 2 MiB pages are better */
        if (pages[i] > p->step->page || (pages[i] > size && pages[i] != PAGE_SIZE) || wasteful) {
            continue;
        }
        if (config_pool_find(&p->pool, node, gpa, size, pages[i], hpa)) {
            return true;
        }
    }
    return false;
}

/* The next piece of at most `size` bytes: from the nearest node that has anything useful. */
static uint64_t find_piece(const struct placing *p, uint64_t gpa, uint64_t size, uint64_t *hpa)
{
    uint64_t page = MIN(p->step->page, PAGE_SIZE_2M);
    for (uint32_t i = 0; i < p->node_count; i++) {
        if (find_whole(p, p->nodes[i], gpa, size, hpa)) {
            return size;
        }
        uint64_t largest = config_pool_largest(&p->pool, p->nodes[i], gpa, page, hpa);
        if (largest > 0) {
            return MIN(largest, size);
        }
    }
    return 0;
}

static bool place_range(struct placing *p, struct vm_plan *vm, uint64_t gpa, uint64_t size)
{
    while (size > 0) {
        uint64_t hpa;
        uint64_t piece = find_piece(p, gpa, size, &hpa);
        if (piece == 0 || !add_piece(p, vm, gpa, hpa, piece)) {
            return false;
        }
        gpa += piece;
        size -= piece;
    }
    return true;
}

static bool place_rom(struct placing *p, uint32_t v)
{
    const struct config_vm *vm = &p->config->vms[v];
    uint64_t size = vm->image_valid ? image_rom_size(&vm->image) : 0;
    return place_range(p, &p->plan->vms[v], GUEST_HOLE_END - size, size);
}

static bool place_ordinary(struct placing *p, uint32_t v)
{
    struct vm_plan *vm = &p->plan->vms[v];
    uint64_t size = p->config->vms[v].memory;
    uint64_t low = MIN(size, (uint64_t)GUEST_HOLE);
    sort_nodes(p, vm);
    return place_range(p, vm, 0, low) && place_range(p, vm, GUEST_HOLE_END, size - low) &&
           place_rom(p, v);
}

/* ---- 1:1 ---- */

static bool place_one_to_one(struct placing *p, uint32_t v)
{
    struct vm_plan *vm = &p->plan->vms[v];
    uint64_t wanted = p->config->vms[v].memory - CONFIG_DMA_LOW_SIZE;
    bool rom = p->config->vms[v].image_valid && image_rom_size(&p->config->vms[v].image) > 0;
    struct config_chosen chosen = {.max = VM_MEMORY_MAX - (rom ? 2 : 1)};
    if (!config_pool_choose(&p->pool, wanted, &chosen)) {
        return false;
    }
    for (uint32_t i = 0; i < chosen.count; i++) {
        uint64_t hpa = chosen.pieces[i].hpa.v;
        if (!add_piece(p, vm, hpa, hpa, chosen.pieces[i].size)) {
            return false;
        }
    }
    return true;
}

/* What of a 1:1 VM is not 1:1: the first MiB and a ROM below 4 GiB. */
static bool place_rest(struct placing *p, uint32_t v)
{
    sort_nodes(p, &p->plan->vms[v]);
    return place_range(p, &p->plan->vms[v], 0, CONFIG_DMA_LOW_SIZE) && place_rom(p, v);
}

/* ---- all VMs ---- */

static bool is_one_to_one(const struct placing *p, uint32_t v)
{
    return (p->config->vms[v].plan.flags & VM_FLAG_UNSAFE_DMA) != 0;
}

/* The larger first, then the order written. */
static void sort_by_size(const struct config *config, uint32_t order[VM_MAX])
{
    for (uint32_t i = 0; i < config->vm_count; i++) {
        uint32_t at = i;
        for (; at > 0 && config->vms[order[at - 1]].memory < config->vms[i].memory; at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
}

static void sort_pieces(struct vm_plan *vm)
{
    for (uint32_t i = 1; i < vm->memory_count; i++) {
        struct vm_memory piece = vm->memory[i];
        uint32_t at = i;
        for (; at > 0 && vm->memory[at - 1].gpa.v > piece.gpa.v; at--) {
            vm->memory[at] = vm->memory[at - 1];
        }
        vm->memory[at] = piece;
    }
}

/* Returns the VM that found no room, or VM_MAX when all did. */
static uint32_t try_step(struct placing *p, const struct step *step)
{
    uint32_t order[VM_MAX];
    uint32_t count = p->config->vm_count;
    p->step = step;
    config_pool_init(&p->pool, p->machine);
    sort_by_size(p->config, order);
    for (uint32_t i = 0; i < count; i++) {
        p->plan->vms[i].memory_count = 0;
    }
    for (uint32_t v = 0; v < count; v++) {
        if (is_one_to_one(p, v) && !place_one_to_one(p, v)) {
            return v;
        }
    }
    for (uint32_t v = 0; v < count; v++) {
        if (is_one_to_one(p, v) && !place_rest(p, v)) {
            return v;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!is_one_to_one(p, order[i]) && !place_ordinary(p, order[i])) {
            return order[i];
        }
    }
    return VM_MAX;
}

static void report_failure(const struct placing *p, uint32_t v, struct config_report *report)
{
    const struct config_vm *vm = &p->config->vms[v];
    uint64_t left = 0;
    for (uint32_t i = 0; i < p->pool.count; i++) {
        left += p->pool.ranges[i].size;
    }
    char size[CONFIG_SIZE_TEXT];
    char left_text[CONFIG_SIZE_TEXT];
    struct config_problem *problem =
        config_vm_problem(report, p->config, vm, CONFIG_ERROR, "memory");
    config_problem_value(problem, "%s", config_format_size(vm->memory, size, sizeof(size)));
    config_format_size(align_down(left, MIB(1)), left_text, sizeof(left_text));
    config_problem_what(problem, "finds no room%s: %s left over in %u piece%s; a VM can have %u",
                        is_one_to_one(p, v) ? " at its own addresses, as unsafe-dma needs" : "",
                        left_text, p->pool.count, p->pool.count == 1 ? "" : "s", VM_MEMORY_MAX);
    config_problem_remedy(problem, "lower memory of this or another VM");
}

static void warn_of_distance(const struct placing *p, struct config_report *report)
{
    for (uint32_t v = 0; v < p->config->vm_count; v++) {
        const struct vm_plan *vm = &p->plan->vms[v];
        uint32_t home = config_home_node(vm, p->machine);
        uint64_t far = 0;
        for (uint32_t i = 0; i < vm->memory_count; i++) {
            for (uint32_t r = 0; r < p->machine->ram_count; r++) {
                const struct config_ram *ram = &p->machine->ram[r];
                bool inside = vm->memory[i].hpa.v - ram->hpa.v < ram->size;
                far += inside && ram->node != home ? vm->memory[i].size : 0;
            }
        }
        if (far == 0) {
            continue;
        }
        char text[CONFIG_SIZE_TEXT];
        struct config_problem *problem =
            config_vm_problem(report, p->config, &p->config->vms[v], CONFIG_WARNING, "memory");
        config_problem_what(problem, "has %s on another NUMA node than its CPUs, node %u",
                            config_format_size(far, text, sizeof(text)), home);
        config_problem_remedy(problem,
                              "lower memory, or choose CPUs of another node with cpu-list");
    }
}

bool config_place_memory(const struct config *config, const struct config_machine *machine,
                         struct machine_plan *plan, struct config_report *report)
{
    struct placing p = {.config = config, .machine = machine, .plan = plan};
    uint32_t failed = VM_MAX;
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        failed = try_step(&p, &steps[i]);
        if (failed == VM_MAX) {
            for (uint32_t v = 0; v < config->vm_count; v++) {
                sort_pieces(&plan->vms[v]);
            }
            warn_of_distance(&p, report);
            return true;
        }
    }
    report_failure(&p, failed, report);
    return false;
}
