/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a configuration: there, whole, of a format that can be entered, and small enough
 * for their VM. Formats themselves are boot/image's business. Files that nobody read are skipped.
 */
#include <libfdt.h>

#include "boot/config/internal.h"
#include "boot/config/property.h"
#include "kernel/printf.h"
#include "kernel/string.h"

static struct config_problem *file_error(const struct config *config,
                                         const struct config_module *module,
                                         struct config_report *report)
{
    struct config_problem *problem =
        config_node_problem(report, config->fdt, module->node, CONFIG_ERROR, "file");
    return config_problem_value(problem, "\"%s\"", module->file);
}

/* Whether the file is there with all its bytes; reports when it is not. */
static bool check_file(const struct config *config, const struct config_module *module,
                       struct config_report *report)
{
    const struct config_file *file = &config->files[module->file_index];
    char text[CONFIG_SIZE_TEXT];
    struct config_problem *problem;
    switch (file->state) {
    case CONFIG_FILE_UNREAD:
        return false;
    case CONFIG_FILE_MISSING:
        problem = file_error(config, module, report);
        config_problem_what(problem, "is missing");
        config_problem_remedy(problem, "paths are relative to the configuration's folder");
        return false;
    case CONFIG_FILE_SHORT:
        problem = file_error(config, module, report);
        config_problem_what(problem, "could be read for %llu bytes of %llu only",
                            (unsigned long long)file->image.size,
                            (unsigned long long)file->expected);
        config_problem_remedy(problem, "copy it again");
        return false;
    case CONFIG_FILE_TOO_LARGE:
        problem = file_error(config, module, report);
        config_problem_what(problem, "of %s finds no room in the machine's memory",
                            config_format_size(file->expected, text, sizeof(text)));
        return false;
    case CONFIG_FILE_READ:
        break;
    }
    if (file->image.size == 0) {
        problem = file_error(config, module, report);
        config_problem_what(problem, "is empty");
        return false;
    }
    return true;
}

static void parse_kernel(struct config *config, struct config_vm *vm, struct config_report *report)
{
    const struct config_module *module = &vm->modules[vm->kernel];
    const struct config_file *file = &config->files[module->file_index];
    struct image_error error;
    vm->image_valid = image_parse(&file->image, vm->protocol, &vm->image, &error);
    if (!vm->image_valid) {
        config_problem_what(file_error(config, module, report), "%s", error.text);
    }
}

/* Rules between the kernel's format and the other images. */
static void check_format(const struct config *config, const struct config_vm *vm,
                         struct config_report *report)
{
    uint32_t ramdisks = vm->module_count - 1;
    const struct config_module *kernel = &vm->modules[vm->kernel];
    struct config_problem *problem;
    if (vm->image.format == IMAGE_BZIMAGE && ramdisks > 1) {
        problem = config_vm_problem(report, config, vm, CONFIG_ERROR, NULL);
        config_problem_what(problem, "has %u ramdisks, but a Linux kernel takes one", ramdisks);
        config_problem_remedy(problem, "join them: cat a b > both");
    }
    if (vm->image.format == IMAGE_FLAT && ramdisks > 0) {
        problem = config_vm_problem(report, config, vm, CONFIG_ERROR, NULL);
        config_problem_what(problem, "has a ramdisk, which a flat image cannot find");
        config_problem_remedy(problem, "leave it out");
    }
    if (vm->image.format == IMAGE_FLAT && kernel->bootargs != NULL) {
        problem =
            config_node_problem(report, config->fdt, kernel->node, CONFIG_WARNING, "bootargs");
        config_problem_what(problem, "is not seen by a flat image");
        config_problem_remedy(problem, "leave it out");
    }
    if (vm->image.format == IMAGE_BZIMAGE && kernel->bootargs != NULL &&
        strlen(kernel->bootargs) > vm->image.bzimage.cmdline_size) {
        problem = config_node_problem(report, config->fdt, kernel->node, CONFIG_ERROR, "bootargs");
        config_problem_what(problem, "has %zu characters", strlen(kernel->bootargs));
        config_problem_remedy(problem, "this kernel takes %u", vm->image.bzimage.cmdline_size);
    }
    for (uint32_t i = 0; i < vm->module_count; i++) {
        const struct config_module *module = &vm->modules[i];
        if (vm->image.format == IMAGE_BZIMAGE && (int)i != vm->kernel && module->bootargs != NULL) {
            problem =
                config_node_problem(report, config->fdt, module->node, CONFIG_WARNING, "bootargs");
            config_problem_what(problem, "is not seen: a Linux kernel's ramdisk has no string");
            config_problem_remedy(problem, "put it at the kernel");
        }
    }
}

/* An early word about sizes; exact placement is config_layout()'s. */
static void check_sizes(const struct config *config, const struct config_vm *vm,
                        struct config_report *report)
{
    uint64_t needed = image_memory_needed(&vm->image);
    for (uint32_t i = 0; i < vm->module_count; i++) {
        uint64_t size = config->files[vm->modules[i].file_index].image.size;
        if ((int)i != vm->kernel) {
            needed = size > UINT64_MAX - needed ? UINT64_MAX : needed + size;
        }
    }
    if (vm->memory == 0 || needed <= vm->memory) {
        return;
    }
    char memory[CONFIG_SIZE_TEXT];
    char text[CONFIG_SIZE_TEXT];
    struct config_problem *problem = config_vm_problem(report, config, vm, CONFIG_ERROR, "memory");
    config_problem_value(problem, "%s", config_format_size(vm->memory, memory, sizeof(memory)));
    config_problem_what(problem, "is too little for the images");
    uint64_t rounded = needed > CONFIG_MEMORY_MAX ? needed : align_up(needed, MIB(1));
    config_problem_remedy(problem, "they need about %s",
                          config_format_size(rounded, text, sizeof(text)));
}

void config_check_images(struct config *config, struct config_report *report)
{
    for (uint32_t v = 0; v < config->vm_count; v++) {
        struct config_vm *vm = &config->vms[v];
        vm->image_valid = false;
        bool all = true;
        bool kernel = false;
        for (uint32_t i = 0; i < vm->module_count; i++) {
            const struct config_module *module = &vm->modules[i];
            bool good = module->file != NULL && check_file(config, module, report);
            all &= good;
            kernel |= good && (int)i == vm->kernel;
        }
        if (kernel) {
            parse_kernel(config, vm, report);
        }
        if (vm->image_valid) {
            check_format(config, vm, report);
        }
        if (vm->image_valid && all) {
            check_sizes(config, vm, report);
        }
    }
}

void config_check(struct config *config, const struct config_machine *machine,
                  struct config_report *report)
{
    if (config->node < 0) {
        return;
    }
    config_check_images(config, report);
    config_check_machine(config, machine, report);
}
