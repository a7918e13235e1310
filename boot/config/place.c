/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a configuration without errors to a plan: config_place() chooses CPUs and memory,
 * config_layout() lets boot/image put a VM's files into that memory.
 */
#include "boot/config/place.h"

#include "boot/config/internal.h"
#include "boot/config/property.h"
#include "kernel/fault_plan.h"
#include "kernel/printf.h"
#include "kernel/string.h"

/* Only now it is known where a VM has RAM. */
static bool check_poison(const struct config *config, const struct machine_plan *plan, uint32_t vm,
                         struct config_report *report)
{
    const struct vm_plan *p = &plan->vms[vm];
    struct fault_plan faults = {.seed = 0};
    char bad[FAULT_WORD_SIZE];
    bool good = true;
    fault_plan_parse(p->fault_plan, strlen(p->fault_plan), &faults, bad); /* has been read before */
    for (uint64_t i = 0; i < faults.values[FAULT_POISON]; i++) {
        if (vm_plan_piece(p, faults.poison[i]) == NULL) {
            struct config_problem *problem =
                config_vm_problem(report, config, &config->vms[vm], CONFIG_ERROR, "fault-plan");
            config_problem_value(problem, "\"poison=0x%lx\"", (unsigned long)faults.poison[i]);
            config_problem_what(problem, "is no RAM of the VM");
            config_problem_remedy(problem, "its first RAM is 0x%lx to 0x%lx",
                                  (unsigned long)p->memory[0].gpa.v,
                                  (unsigned long)(p->memory[0].gpa.v + p->memory[0].size - 1));
            good = false;
        }
    }
    return good;
}

static bool check_faults(const struct config *config, const struct machine_plan *plan,
                         struct config_report *report)
{
    bool good = true;
    for (uint32_t v = 0; v < config->vm_count; v++) {
        good &= check_poison(config, plan, v, report);
    }
    return good;
}

bool config_place(const struct config *config, const struct config_machine *machine,
                  struct machine_plan *plan, struct config_report *report)
{
    memset(plan, 0, sizeof(*plan));
    plan->console = config->console;
    plan->console_view = config->console_view;
    plan->log_level = config->log_level;
    plan->on_last_vm = config->on_last_vm;
    plan->on_panic = config->on_panic;
    plan->vm_count = config->vm_count;
    for (uint32_t v = 0; v < config->vm_count; v++) {
        plan->vms[v] = config->vms[v].plan;
    }
    return config_place_cpus(config, machine, plan, report) &&
           config_place_memory(config, machine, plan, report) &&
           config_place_pci(config, machine, plan, report) && check_faults(config, plan, report);
}

/* The files beside the kernel, as the kernel's format takes them. */
static void add_files(const struct config *config, const struct config_vm *vm,
                      struct image_request *request, struct image_module *modules)
{
    for (uint32_t i = 0; i < vm->module_count; i++) {
        const struct config_module *module = &vm->modules[i];
        if ((int)i == vm->kernel) {
            continue;
        }
        const struct image_file *file = &config->files[module->file_index].image;
        if (vm->image.format == IMAGE_BZIMAGE) {
            request->ramdisk = *file;
        } else {
            modules[request->module_count++] = (struct image_module){*file, module->bootargs};
        }
    }
}

bool config_layout(const struct config *config, const struct config_machine *machine, uint32_t vm,
                   const struct config_blob *blob, struct machine_plan *plan,
                   struct image_placement *placement, struct config_report *report)
{
    const struct config_vm *v = &config->vms[vm];
    struct vm_plan *vm_plan = &plan->vms[vm];
    if (!v->image_valid) {
        config_problem_what(config_vm_problem(report, config, v, CONFIG_ERROR, NULL),
                            "has a kernel that was not read");
        return false;
    }
    uint32_t apic_ids[CPU_MAX];
    for (uint32_t i = 0; i < vm_plan->cpu_count; i++) {
        apic_ids[i] = machine->cpus[vm_plan->cpus[i]].apic_id;
    }
    struct image_module modules[CONFIG_MODULE_MAX];
    bool flat = v->image.format == IMAGE_FLAT;
    struct image_request request = {
        .kernel = &v->image,
        .bootargs = flat ? NULL : v->modules[v->kernel].bootargs,
        .modules = modules,
        .dsdt = flat ? NULL : blob->dsdt,
        .dsdt_size = flat ? 0 : blob->dsdt_size,
        .legacy = (vm_plan->flags & VM_FLAG_LEGACY) != 0,
        .cpu_count = vm_plan->cpu_count,
        .apic_ids = apic_ids,
        .blob = blob->data,
        .blob_hpa = blob->hpa,
    };
    add_files(config, v, &request, modules);
    struct image_error error;
    if (image_layout(&request, vm_plan, placement, &error)) {
        return true;
    }
    config_problem_what(config_vm_problem(report, config, v, CONFIG_ERROR, NULL), "%s", error.text);
    return false;
}
