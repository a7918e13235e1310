/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses each VM's CPUs: of one core type, near each other, whole cores where that is possible,
 * and for real-time VMs always. VMs that name their CPUs come first. Called by config_place().
 */
#include "boot/config/internal.h"
#include "boot/config/place.h"
#include "boot/config/property.h"

#define FREE UINT32_MAX

/* What may be given up, step by step, when CPUs are scarce. */
struct step {
    bool idle_siblings; /* a real-time VM's CPUs leave their cores' other threads idle */
    bool own_cores;     /* no two VMs on one core */
};

static const struct step steps[] = {{true, true}, {false, true}, {false, false}};

struct placing {
    const struct config *config;
    const struct config_machine *machine;
    struct machine_plan *plan;
    const struct step *step;
    uint32_t owner[CPU_MAX];               /* VM index or FREE */
    uint64_t node_memory[CONFIG_NUMA_MAX]; /* not yet spoken for */
};

static bool is_realtime(const struct placing *p, uint32_t vm)
{
    return (p->config->vms[vm].plan.flags & VM_FLAG_REALTIME) != 0;
}

/* Threads of the CPU's core that `vm` has, that others have, and that are free. */
struct core_use {
    uint32_t own;
    uint32_t others;
    uint32_t free;
    bool realtime; /* one of the others is a real-time VM */
};

static struct core_use use_of_core(const struct placing *p, uint32_t core, uint32_t vm)
{
    struct core_use use = {0};
    for (uint32_t i = 0; i < p->machine->cpu_count; i++) {
        if (p->machine->cpus[i].core != core) {
            continue;
        }
        if (p->owner[i] == FREE) {
            use.free++;
        } else if (p->owner[i] == vm) {
            use.own++;
        } else {
            use.others++;
            use.realtime |= is_realtime(p, p->owner[i]);
        }
    }
    return use;
}

static bool may_use(const struct placing *p, uint32_t vm, const struct core_use *use)
{
    if (use->others == 0) {
        return !(is_realtime(p, vm) && p->step->idle_siblings && use->own > 0);
    }
    return !p->step->own_cores && !use->realtime && !is_realtime(p, vm);
}

/* Where to look: one node or all, cores of one type. */
struct search {
    uint32_t vm;
    uint32_t node; /* CONFIG_NODE_ANY: all */
    uint8_t core_type;
};

/* Passes over the CPUs: whole free cores that are wanted wholly, cores in use, all the rest. */
enum pass { PASS_WHOLE, PASS_PARTLY, PASS_REST, PASS_COUNT };

static bool pass_takes(enum pass pass, const struct core_use *use, uint32_t left)
{
    switch (pass) {
    case PASS_WHOLE:
        return use->own > 0 || (use->others == 0 && use->free <= left);
    case PASS_PARTLY:
        return use->others > 0 || use->own > 0;
    default:
        return true;
    }
}

/* Takes up to `left` CPUs in one pass; returns how many are still wanted. */
static uint32_t take_pass(struct placing *p, const struct search *s, enum pass pass, uint32_t left)
{
    uint32_t count = p->machine->cpu_count;
    for (uint32_t i = 0; i < count && left > 0; i++) {
        /* Real-time VMs from the top: CPU 0 is the one that firmware interrupts most. */
        uint32_t cpu = is_realtime(p, s->vm) ? count - 1 - i : i;
        const struct boot_cpu *c = &p->machine->cpus[cpu];
        if (p->owner[cpu] != FREE || c->core_type != s->core_type ||
            (s->node != CONFIG_NODE_ANY && c->node != s->node)) {
            continue;
        }
        struct core_use use = use_of_core(p, c->core, s->vm);
        if (may_use(p, s->vm, &use) && pass_takes(pass, &use, left)) {
            p->owner[cpu] = s->vm;
            left--;
        }
    }
    return left;
}

static void release(struct placing *p, uint32_t vm)
{
    for (uint32_t i = 0; i < p->machine->cpu_count; i++) {
        if (p->owner[i] == vm) {
            p->owner[i] = FREE;
        }
    }
}

static bool take_all(struct placing *p, const struct search *s)
{
    uint32_t left = p->config->vms[s->vm].cpu_count;
    for (enum pass pass = PASS_WHOLE; pass < PASS_COUNT && left > 0; pass++) {
        left = take_pass(p, s, pass, left);
    }
    if (left > 0) {
        release(p, s->vm);
    }
    return left == 0;
}

static uint32_t node_of_memory(const struct placing *p, uint32_t node)
{
    return MIN(node, (uint32_t)ARRAY_SIZE(p->node_memory) - 1);
}

/* A node with CPUs and memory, else one with CPUs, else CPUs of several nodes. */
static bool take_near(struct placing *p, uint32_t vm, uint8_t core_type)
{
    uint64_t memory = p->config->vms[vm].memory;
    for (int need_memory = 1; need_memory >= 0; need_memory--) {
        for (uint32_t node = 0; node < CONFIG_NUMA_MAX; node++) {
            struct search s = {vm, node, core_type};
            if ((need_memory && p->node_memory[node] < memory) || !take_all(p, &s)) {
                continue;
            }
            p->node_memory[node] -= MIN(p->node_memory[node], memory);
            return true;
        }
    }
    struct search anywhere = {vm, CONFIG_NODE_ANY, core_type};
    return take_all(p, &anywhere);
}

#define CORE_TYPE_PERFORMANCE 0x40 /* CPUID leaf 0x1A, EAX bits 31-24 */
#define CORE_TYPE_EFFICIENT   0x20

static bool place_counted(struct placing *p, uint32_t vm)
{
    static const uint8_t types[] = {CORE_TYPE_PERFORMANCE, 0, CORE_TYPE_EFFICIENT};
    enum config_core_type wanted = p->config->vms[vm].core_type;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        /* On a processor that is not hybrid all cores are of type 0 and fit every wish. */
        if ((wanted == CONFIG_CORE_PERFORMANCE && types[i] == CORE_TYPE_EFFICIENT) ||
            (wanted == CONFIG_CORE_EFFICIENT && types[i] == CORE_TYPE_PERFORMANCE)) {
            continue;
        }
        if (take_near(p, vm, types[i])) {
            return true;
        }
    }
    return false;
}

/* Real-time first, then those that want a core type, then the larger, then the order written. */
static bool comes_before(const struct config_vm *a, const struct config_vm *b)
{
    bool realtime_a = (a->plan.flags & VM_FLAG_REALTIME) != 0;
    bool realtime_b = (b->plan.flags & VM_FLAG_REALTIME) != 0;
    if (realtime_a != realtime_b) {
        return realtime_a;
    }
    if ((a->core_type != CONFIG_CORE_ANY) != (b->core_type != CONFIG_CORE_ANY)) {
        return a->core_type != CONFIG_CORE_ANY;
    }
    return a->cpu_count > b->cpu_count;
}

static uint32_t sort_counted(const struct config *config, uint32_t order[VM_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < config->vm_count; i++) {
        if (config->vms[i].cpu_listed) {
            continue;
        }
        uint32_t at = count++;
        for (; at > 0 && comes_before(&config->vms[i], &config->vms[order[at - 1]]); at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return count;
}

static void start_step(struct placing *p, const struct step *step)
{
    p->step = step;
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        p->owner[i] = FREE;
    }
    for (uint32_t i = 0; i < CONFIG_NUMA_MAX; i++) {
        p->node_memory[i] = 0;
    }
    for (uint32_t i = 0; i < p->machine->ram_count; i++) {
        p->node_memory[node_of_memory(p, p->machine->ram[i].node)] += p->machine->ram[i].size;
    }
    for (uint32_t v = 0; v < p->config->vm_count; v++) {
        const struct config_vm *vm = &p->config->vms[v];
        for (uint32_t i = 0; vm->cpu_listed && i < vm->cpu_count; i++) {
            p->owner[vm->cpu_list[i]] = v;
        }
    }
}

/* Returns the VM that found no CPUs, or FREE when all did. */
static uint32_t try_step(struct placing *p, const struct step *step, const uint32_t *order,
                         uint32_t count)
{
    start_step(p, step);
    for (uint32_t i = 0; i < count; i++) {
        if (!place_counted(p, order[i])) {
            return order[i];
        }
    }
    return FREE;
}

static void write_plan(const struct placing *p)
{
    for (uint32_t v = 0; v < p->config->vm_count; v++) {
        const struct config_vm *vm = &p->config->vms[v];
        struct vm_plan *plan = &p->plan->vms[v];
        plan->cpu_count = 0;
        for (uint32_t i = 0; i < vm->cpu_count && vm->cpu_listed; i++) {
            plan->cpus[plan->cpu_count++] = vm->cpu_list[i];
        }
        for (uint32_t i = 0; i < p->machine->cpu_count && !vm->cpu_listed; i++) {
            if (p->owner[i] == v) {
                plan->cpus[plan->cpu_count++] = i;
            }
        }
    }
}

static void warn_of_pair(const struct placing *p, uint32_t cpu, uint32_t other,
                         struct config_report *report)
{
    const struct config_vm *vm = &p->config->vms[p->owner[cpu]];
    struct config_problem *problem =
        config_vm_problem(report, p->config, vm, CONFIG_WARNING, "cpus");
    config_problem_what(problem, "puts CPU %u on the same core as CPU %u of %s", cpu, other,
                        p->config->vms[p->owner[other]].plan.name);
    config_problem_remedy(problem,
                          "threads slow each other down and can spy on each other; ask for "
                          "fewer CPUs");
}

/* Says where the loader itself had to put two VMs on one core; lists are the user's own doing. */
static void warn_of_sharing(const struct placing *p, struct config_report *report)
{
    for (uint32_t i = 0; i < p->machine->cpu_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            uint32_t a = p->owner[j];
            uint32_t b = p->owner[i];
            if (a == FREE || b == FREE || a == b ||
                p->machine->cpus[i].core != p->machine->cpus[j].core) {
                continue;
            }
            if (!p->config->vms[b].cpu_listed) {
                warn_of_pair(p, i, j, report);
            } else if (!p->config->vms[a].cpu_listed) {
                warn_of_pair(p, j, i, report);
            }
        }
    }
}

static void report_failure(const struct placing *p, uint32_t v, struct config_report *report)
{
    const struct config_vm *vm = &p->config->vms[v];
    uint32_t left = 0;
    for (uint32_t i = 0; i < p->machine->cpu_count; i++) {
        left += p->owner[i] == FREE;
    }
    struct config_problem *problem = config_vm_problem(report, p->config, vm, CONFIG_ERROR, "cpus");
    config_problem_value(problem, "<%u>", vm->cpu_count);
    config_problem_what(
        problem,
        "finds too few CPUs: %u left over, and they must be of one core type and "
        "%s",
        left, is_realtime(p, v) ? "on cores of its own" : "not on a core of a real-time VM");
    config_problem_remedy(problem, "lower cpus of a VM, or name CPUs with cpu-list");
}

bool config_place_cpus(const struct config *config, const struct config_machine *machine,
                       struct machine_plan *plan, struct config_report *report)
{
    struct placing p = {.config = config, .machine = machine, .plan = plan};
    uint32_t order[VM_MAX];
    uint32_t count = sort_counted(config, order);
    uint32_t failed = FREE;
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        failed = try_step(&p, &steps[i], order, count);
        if (failed == FREE) {
            write_plan(&p);
            warn_of_sharing(&p, report);
            return true;
        }
    }
    report_failure(&p, failed, report);
    return false;
}
