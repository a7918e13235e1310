/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulkhead-check --json: problems and plan as one object, for scripts. Texts are printable ASCII
 * already, so that quotes and backslashes are all that needs care.
 */
#include <stdio.h>

#include "boot/config/internal.h"
#include "tools/bulkhead-check/check.h"

static void print_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            putchar('\\');
        }
        if ((unsigned char)*text < ' ') {
            printf("\\u%04x", (unsigned char)*text);
        } else {
            putchar(*text);
        }
    }
    putchar('"');
}

static void print_member(const char *name, const char *text)
{
    printf(", \"%s\": ", name);
    print_string(text);
}

static void print_problems(const struct config_report *report)
{
    printf("  \"errors\": %u,\n  \"warnings\": %u,\n  \"problems\": [", report->errors,
           report->warnings);
    for (uint32_t i = 0; i < report->count; i++) {
        const struct config_problem *p = &report->problems[i];
        printf("%s\n    {\"severity\": \"%s\"", i > 0 ? "," : "",
               p->severity == CONFIG_ERROR ? "error" : "warning");
        print_member("node", p->node);
        print_member("property", p->property);
        print_member("value", p->value);
        print_member("what", p->what);
        print_member("remedy", p->remedy);
        putchar('}');
    }
    printf("%s]", report->count > 0 ? "\n  " : "");
}

static void print_memory(const struct vm_plan *vm)
{
    printf(",\n     \"memory\": [");
    for (uint32_t i = 0; i < vm->memory_count; i++) {
        const struct vm_memory *m = &vm->memory[i];
        printf("%s{\"gpa\": %llu, \"hpa\": %llu, \"size\": %llu, \"page\": %llu}",
               i > 0 ? ", " : "", (unsigned long long)m->gpa.v, (unsigned long long)m->hpa.v,
               (unsigned long long)m->size, (unsigned long long)config_largest_page(vm, m));
    }
    putchar(']');
}

static void print_files(const struct config *config, const struct config_vm *vm)
{
    printf(",\n     \"files\": [");
    for (uint32_t i = 0; i < vm->module_count; i++) {
        const struct config_file *file = &config->files[vm->modules[i].file_index];
        printf("%s{\"kind\": \"%s\"", i > 0 ? ", " : "",
               (int)i == vm->kernel ? "kernel" : "ramdisk");
        print_member("file", file->path);
        printf(", \"size\": %llu", (unsigned long long)file->image.size);
        if ((int)i == vm->kernel && vm->image_valid) {
            print_member("format", image_format_name(vm->image.format));
        }
        putchar('}');
    }
    putchar(']');
}

static void print_vm(const struct config *config, const struct vm_plan *vm, uint32_t index)
{
    printf("    {\"name\": ");
    print_string(vm->name);
    printf(", \"cpus\": [");
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        printf("%s%u", i > 0 ? ", " : "", vm->cpus[i]);
    }
    putchar(']');
    print_memory(vm);
    print_files(config, &config->vms[index]);
    printf(",\n     \"pci\": [");
    for (uint32_t i = 0; i < vm->pci_count; i++) {
        char text[CONFIG_PCI_TEXT];
        printf("%s", i > 0 ? ", " : "");
        print_string(config_format_pci(&vm->pci[i], text, sizeof(text)));
    }
    printf("]}");
}

void json_print(const struct options *options, const struct config_report *report,
                const struct config *config, const struct machine_plan *plan)
{
    printf("{\n  \"file\": ");
    print_string(options->file);
    printf(",\n");
    print_problems(report);
    if (plan == NULL) {
        printf(",\n  \"plan\": null\n}\n");
        return;
    }
    printf(",\n  \"plan\": [");
    for (uint32_t i = 0; i < plan->vm_count; i++) {
        printf("%s\n", i > 0 ? "," : "");
        print_vm(config, &plan->vms[i], i);
    }
    printf("%s]\n}\n", plan->vm_count > 0 ? "\n  " : "");
}
