/* SPDX-License-Identifier: Apache-2.0 */
/* Texts about a VM, for BULKHEAD_CALL_READ; see the header. */
#include "kernel/manage_text.h"

#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/vm.h"

#define LINE (CRASH_LINE_SIZE + 1)

void manage_text_add(struct manage_text *text, const char *bytes, size_t length)
{
    uint64_t at = text->length;
    uint64_t skip = at < text->from ? MIN(text->from - at, length) : 0;
    uint64_t take = MIN(length - skip, text->room - text->written);
    vm_write_memory(text->reader, GPA(text->to.v + text->written), bytes + skip, take);
    text->written += take;
    text->length += length;
}

static void add(struct manage_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void add(struct manage_text *text, const char *format, ...)
{
    char line[LINE];
    va_list args;
    va_start(args, format);
    kvsnprintf(line, sizeof(line), format, args);
    va_end(args);
    manage_text_add(text, line, strlen(line));
}

static void add_line(void *context, const char *line)
{
    add(context, "%s\n", line);
}

void manage_text_crash(struct manage_text *text, const struct vm *vm)
{
    const struct crash_record *record = crash_last(vm);
    if (record != NULL) {
        crash_print(record, add_line, text);
    }
}

void manage_text_plan(struct manage_text *text, const struct vm *vm)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } flags[] = {
        {VM_FLAG_AUTOSTART, "autostart"},
        {VM_FLAG_REALTIME, "realtime"},
        {VM_FLAG_MANAGE, "manage"},
        {VM_FLAG_LEGACY, "legacy"},
        {VM_FLAG_UNSAFE_DMA, "unsafe-dma"},
        {VM_FLAG_FAULTS, "faults"},
        {VM_FLAG_ACPI, "acpi"},
    };
    const struct vm_plan *plan = vm->plan;
    add(text, "name = %s\ncpus =", plan->name);
    for (uint32_t i = 0; i < plan->cpu_count; i++) {
        add(text, " %u", plan->cpus[i]);
    }
    for (uint32_t i = 0; i < plan->memory_count; i++) {
        const struct vm_memory *m = &plan->memory[i];
        add(text, "\nmemory = %lu KiB at gpa 0x%lx from hpa 0x%lx", m->size / 1024, m->gpa.v,
            m->hpa.v);
    }
    for (uint32_t i = 0; i < plan->load_count; i++) {
        add(text, "\nload = %lu bytes at gpa 0x%lx", plan->loads[i].size, plan->loads[i].gpa.v);
    }
    for (uint32_t i = 0; i < plan->port_count; i++) {
        add(text, "\nports = 0x%x-0x%x", plan->ports[i].first, plan->ports[i].last);
    }
    for (uint32_t i = 0; i < plan->msr_count; i++) {
        const struct vm_msr_range *range = &plan->msrs[i];
        add(text, "\nmsrs = 0x%x-0x%x%s", range->first, range->last, range->write ? " write" : "");
    }
    for (uint32_t i = 0; i < plan->pci_count; i++) {
        const struct vm_pci_function *function = &plan->pci[i];
        add(text, "\npci = %04x:%02x:%02x.%u", function->segment, function->bus, function->device,
            function->function);
    }
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (plan->flags & flags[i].flag) {
            add(text, "\n%s", flags[i].name);
        }
    }
    add(text, "\non-crash = %s\nrestart-max = %u\non-halt = %s\n",
        plan->on_crash == VM_ON_CRASH_RESTART ? "restart" : "stop", plan->restart_max,
        plan->on_halt == VM_ON_HALT_RESTART ? "restart" : "stop");
}
