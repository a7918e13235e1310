/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPUs that VMs ask for against those of the machine: there, alike within a VM, enough, and
 * how cores are shared. Called by config_check_machine().
 */
#include "boot/config/internal.h"
#include "boot/config/property.h"

static void check_cpu_list(const struct config *config, const struct config_vm *vm,
                           const struct config_machine *machine, struct config_report *report)
{
    struct config_problem *problem;
    uint32_t first = vm->cpu_list[0];
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        uint32_t cpu = vm->cpu_list[i];
        if (cpu >= machine->cpu_count) {
            problem = config_vm_problem(report, config, vm, CONFIG_ERROR, "cpu-list");
            config_problem_value(problem, "CPU %u", cpu);
            config_problem_what(problem, "does not exist");
            config_problem_remedy(problem, "this machine has CPUs 0 to %u", machine->cpu_count - 1);
        } else if (first < machine->cpu_count &&
                   machine->cpus[cpu].core_type != machine->cpus[first].core_type) {
            problem = config_vm_problem(report, config, vm, CONFIG_ERROR, "cpu-list");
            config_problem_value(problem, "CPU %u", cpu);
            config_problem_what(problem, "is a core of another type than CPU %u", first);
            config_problem_remedy(problem, "a VM has cores of one type: all performance or all "
                                           "efficient");
            return;
        }
    }
}

/* Two VMs whose lists put them on threads of one core. */
static void check_core_sharing(const struct config *config, uint32_t a, uint32_t b,
                               const struct config_machine *machine, struct config_report *report)
{
    const struct config_vm *first = &config->vms[a];
    const struct config_vm *second = &config->vms[b];
    if (!first->cpu_listed || !second->cpu_listed) {
        return;
    }
    bool realtime = ((first->plan.flags | second->plan.flags) & VM_FLAG_REALTIME) != 0;
    for (uint32_t i = 0; i < second->cpu_count; i++) {
        for (uint32_t j = 0; j < first->cpu_count; j++) {
            uint32_t x = first->cpu_list[j];
            uint32_t y = second->cpu_list[i];
            if (x == y || x >= machine->cpu_count || y >= machine->cpu_count ||
                machine->cpus[x].core != machine->cpus[y].core) {
                continue;
            }
            struct config_problem *problem = config_vm_problem(
                report, config, second, realtime ? CONFIG_ERROR : CONFIG_WARNING, "cpu-list");
            config_problem_value(problem, "CPU %u", y);
            config_problem_what(problem, "is a thread of the same core as CPU %u of %s", x,
                                first->plan.name);
            config_problem_remedy(problem, realtime
                                               ? "a real-time VM shares its cores with no other VM"
                                               : "threads slow each other down and can spy on each "
                                                 "other; give whole cores");
            return;
        }
    }
}

void config_check_cpus(const struct config *config, const struct config_machine *machine,
                       struct config_report *report)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < config->vm_count; i++) {
        const struct config_vm *vm = &config->vms[i];
        sum += vm->cpu_count;
        if (vm->cpu_listed) {
            check_cpu_list(config, vm, machine, report);
        }
        for (uint32_t a = 0; a < i; a++) {
            check_core_sharing(config, a, i, machine, report);
        }
        if (vm->cpu_listed || vm->cpu_count <= machine->cpu_count) {
            continue;
        }
        struct config_problem *problem =
            config_vm_problem(report, config, vm, CONFIG_ERROR, "cpus");
        config_problem_value(problem, "<%u>", vm->cpu_count);
        config_problem_what(problem, "is more than the machine's %u", machine->cpu_count);
        config_problem_remedy(problem, "ask for %u at most", machine->cpu_count);
        return; /* the sum would only say it again */
    }
    if (sum > machine->cpu_count) {
        struct config_problem *problem =
            config_node_problem(report, config->fdt, config->node, CONFIG_ERROR, NULL);
        config_problem_what(problem, "has VMs that ask for %u CPUs together; the machine has %u",
                            sum, machine->cpu_count);
        config_problem_remedy(problem, "lower cpus of one, or leave a VM out");
    }
}
