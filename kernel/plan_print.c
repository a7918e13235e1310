/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's plan as text; see the header. Pure. */
#include "kernel/plan_print.h"

#include "kernel/printf.h"

#define CPUS_A_LINE 32

struct out {
    crash_emit_fn emit;
    void *context;
};

static __attribute__((format(printf, 2, 3))) void line(const struct out *out, const char *format,
                                                       ...)
{
    char text[CRASH_LINE_SIZE];
    va_list args;
    va_start(args, format);
    kvsnprintf(text, sizeof(text), format, args);
    va_end(args);
    out->emit(out->context, text);
}

static void print_cpus(const struct out *out, const struct vm_plan *plan)
{
    for (uint32_t i = 0; i < plan->cpu_count;) {
        char list[4 * CPUS_A_LINE] = "";
        int length = 0;
        do {
            length += ksnprintf(list + length, sizeof(list) - (size_t)length, " %u", plan->cpus[i]);
        } while (++i < plan->cpu_count && i % CPUS_A_LINE != 0);
        line(out, "cpus =%s", list);
    }
}

static void print_rights(const struct out *out, const struct vm_plan *plan)
{
    for (uint32_t i = 0; i < plan->port_count; i++) {
        line(out, "ports = 0x%x-0x%x", plan->ports[i].first, plan->ports[i].last);
    }
    for (uint32_t i = 0; i < plan->msr_count; i++) {
        const struct vm_msr_range *range = &plan->msrs[i];
        line(out, "msrs%s = 0x%x-0x%x", range->write ? "-write" : "", range->first, range->last);
    }
    for (uint32_t i = 0; i < plan->pci_count; i++) {
        const struct vm_pci_function *function = &plan->pci[i];
        line(out, "pci = %04x:%02x:%02x.%u", function->segment, function->bus, function->device,
             function->function);
    }
}

static void print_flags(const struct out *out, uint32_t set)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } flags[] = {
        {VM_FLAG_REALTIME, "real-time"}, {VM_FLAG_MANAGE, "permissions = manage"},
        {VM_FLAG_LEGACY, "legacy"},      {VM_FLAG_UNSAFE_DMA, "unsafe-dma"},
        {VM_FLAG_FAULTS, "faults"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (set & flags[i].flag) {
            out->emit(out->context, flags[i].name);
        }
    }
}

void plan_print(const struct vm_plan *plan, crash_emit_fn emit, void *context)
{
    const struct out out = {emit, context};
    line(&out, "name = %s", plan->name);
    print_cpus(&out, plan);
    for (uint32_t i = 0; i < plan->memory_count; i++) {
        const struct vm_memory *m = &plan->memory[i];
        line(&out, "memory = %lu KiB at gpa 0x%lx from hpa 0x%lx", m->size / 1024, m->gpa.v,
             m->hpa.v);
    }
    for (uint32_t i = 0; i < plan->load_count; i++) {
        line(&out, "load = %lu bytes at gpa 0x%lx", plan->loads[i].size, plan->loads[i].gpa.v);
    }
    print_rights(&out, plan);
    print_flags(&out, plan->flags);
    line(&out, "start = %s", plan->flags & VM_FLAG_AUTOSTART ? "boot" : "later");
    line(&out, "on-crash = %s", plan->on_crash == VM_ON_CRASH_RESTART ? "restart" : "stop");
    line(&out, "restart-max = %u", plan->restart_max);
    line(&out, "on-halt = %s", plan->on_halt == VM_ON_HALT_RESTART ? "restart" : "stop");
}
