/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's start: the composition root, where the parts learn of each other. Runs once on the
 * boot processor, from the loader's jump to the first VM entry.
 */
#include "kernel/boot_info.h"
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/cpu_init.h"
#include "kernel/descriptors.h"
#include "kernel/log.h"
#include "kernel/machine.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/time.h"
#include "version.h"
#include "vmx/features.h"
#include "vmx/vmxon.h"

void kernel_main(const struct boot_info *info) __attribute__((noreturn));

static const char *const memory_type_names[] = {
    [BOOT_MEMORY_FREE] = "free",
    [BOOT_MEMORY_BULKHEAD] = "Bulkhead",
    [BOOT_MEMORY_RESERVED] = "reserved",
    [BOOT_MEMORY_MMIO] = "devices",
};

static void print_memory(const struct boot_info *info)
{
    uint64_t total[ARRAY_SIZE(memory_type_names)] = {0};
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct boot_memory *m = &info->memory[i];
        total[m->type] += m->size;
        log_debug("memory %012lx-%012lx %s", m->hpa.v, m->hpa.v + m->size - 1,
                  memory_type_names[m->type]);
    }
    log_info("memory: %lu KiB free for VMs, %lu KiB Bulkhead and images, %lu KiB reserved by the "
             "firmware",
             total[BOOT_MEMORY_FREE] / 1024, total[BOOT_MEMORY_BULKHEAD] / 1024,
             total[BOOT_MEMORY_RESERVED] / 1024);
}

static void report_problem(void *context, bool fatal, const char *text)
{
    const struct percpu *cpu = context;
    log_print(fatal ? LOG_ERROR : LOG_DEBUG, "CPU %u: %s", cpu->index, text);
}

/* On every CPU: the check that the loader made through the firmware, again, then VMXON. */
static void enter_vmx(struct percpu *cpu)
{
    struct vmx_caps caps;
    vmx_caps_read(&caps);
    enum cpu_state state = CPU_FAILED;
    if (vmx_features_check(&caps, report_problem, cpu) == 0) {
        const char *problem = vmx_on(cpu);
        if (problem == NULL) {
            state = CPU_ONLINE;
            log_info("CPU %u (APIC id %u) in VMX operation", cpu->index, cpu->apic_id);
        } else {
            report_problem(cpu, true, problem);
        }
    }
    __atomic_store_n(&cpu->state, state, __ATOMIC_RELEASE);
}

static void print_protections(void)
{
    char names[64];
    cpu_protection_names(names, sizeof(names));
    log_info("root mode: %s, %lu of %lu KiB pool used", names, memory_used() / 1024,
             memory_size() / 1024);
}

static void start_cpus(const struct boot_info *info)
{
    enter_vmx(this_cpu());
    smp_start(info, enter_vmx);
    uint32_t online = smp_count(CPU_ONLINE);
    uint64_t own = cpu_rdtsc() - info->tsc_entry - info->tsc_firmware;
    log_notice("%u of %u CPUs in VMX operation, %lu ticks after the loader's entry", online,
               info->cpu_count, own);
    if (online != info->cpu_count) {
        log_error("%u CPUs cannot be used", info->cpu_count - online);
    }
}

static void end_machine(enum machine_on_last_vm action)
{
    switch (action) {
    case ON_LAST_VM_POWEROFF:
        machine_power_off();
    case ON_LAST_VM_RESET:
        machine_reset();
    case ON_LAST_VM_HALT:
        log_notice("the machine is halted (on-last-vm = \"halt\")");
        machine_halt();
    }
}

/* The boot processor's life once everything is set up. */
static void run_machine(const struct boot_info *info)
{
    log_notice("no VM is configured");
    end_machine(info->plan.on_last_vm);
}

void kernel_main(const struct boot_info *info)
{
    memory_init(info);
    struct percpu *cpu = percpu_create(0, info->cpus[0].apic_id);
    idt_init();
    cpu_init(cpu);
    smp_set_boot_cpu(cpu);
    cpu->state = CPU_STARTED;
    BUG_ON(info->magic != BOOT_INFO_MAGIC || info->size != sizeof(struct boot_info));

    log_set_level(info->plan.log_level);
    panic_configure(info->plan.on_panic);
    machine_init(info);
    log_import(info->log, info->log_size);
    console_init(info);
    log_notice("Bulkhead %s", BULKHEAD_VERSION);
    time_init(info);
    print_memory(info);
    start_cpus(info);
    memory_seal();
    print_protections();
    run_machine(info);
    machine_halt();
}
