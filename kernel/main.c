/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's start: the composition root, where the parts learn of each other. Runs once on the
 * boot processor, from the loader's jump to the first VM entry.
 */
#include "drivers/lapic.h"
#include "drivers/pci_control.h"
#include "kernel/boot_info.h"
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/cpu_init.h"
#include "kernel/descriptors.h"
#include "kernel/idle.h"
#include "kernel/layout.h"
#include "kernel/log.h"
#include "kernel/machine.h"
#include "kernel/machine_check.h"
#include "kernel/manage.h"
#include "kernel/memory.h"
#include "kernel/monitor.h"
#include "kernel/mtrr.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "kernel/vm.h"
#include "kernel/wall_clock.h"
#include "version.h"
#include "vmx/features.h"
#include "vmx/mitigations.h"
#include "vmx/vcpu.h"
#include "vmx/vmx_defs.h"
#include "vmx/vmx_names.h"
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

static const struct boot_info *boot;
static uint32_t machine_ready; /* set-up is done: CPUs may look for work */
static void run_cpu(struct percpu *cpu) __attribute__((noreturn));

/* Can no guest on the CPU have a large page? */
static bool has_small_pages(const struct percpu *cpu)
{
    bool small = true;
    for (uint32_t v = 0; v < boot->plan.vm_count; v++) {
        const struct vm_plan *vm = &boot->plan.vms[v];
        for (uint32_t i = 0; i < vm->cpu_count; i++) {
            small &= vm->cpus[i] != cpu->index || (vm->flags & VM_FLAG_SMALL_PAGES);
        }
    }
    return small;
}

/* The boot processor's at first; then those that have others, by other microcode. */
static void report_mitigations(const struct percpu *cpu, const struct vmx_caps *caps)
{
    static struct vmx_mitigations first;
    char text[200];
    struct vmx_mitigations own = vmx_mitigations_choose(caps, has_small_pages(cpu));
    if (cpu->index == 0) {
        first = own;
    } else if (memcmp(own.remedy, first.remedy, sizeof(own.remedy)) == 0) {
        return;
    }
    vmx_mitigations_print(&own, text, sizeof(text));
    log_info("CPU %u: mitigations: %s", cpu->index, text);
}

/* Memory must be the same to all CPUs (SDM "MTRR Considerations in MP Systems"). */
static void compare_mtrrs(const struct percpu *cpu)
{
    static struct mtrrs first;
    struct mtrrs own;
    mtrr_read(&own);
    if (cpu->index == 0) {
        first = own;
    }
    unsigned place = mtrr_difference(&own, &first);
    if (place != MTRR_PLACES) {
        log_warning("CPU %u: MTRR 0x%x is %lx, on CPU 0 %lx: they do not agree about memory",
                    cpu->index, mtrr_msr(place), own.value[place], first.value[place]);
    }
}

/* On every CPU: the check that the loader made through the firmware, again, then VMXON. */
static void enter_vmx(struct percpu *cpu)
{
    struct vmx_caps caps;
    vmx_caps_read(&caps);
    enum cpu_state state = CPU_FAILED;
    report_mitigations(cpu, &caps);
    machine_check_init(boot);
    compare_mtrrs(cpu);
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

/* A CPU other than the boot processor, from its first C code on. */
static void enter_vmx_and_wait(struct percpu *cpu)
{
    enter_vmx(cpu);
    while (__atomic_load_n(&machine_ready, __ATOMIC_ACQUIRE) == 0) {
        idle_wait(&machine_ready);
    }
    if (cpu->state == CPU_ONLINE) {
        run_cpu(cpu);
    }
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
    smp_start(info, enter_vmx_and_wait);
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

/* ---- VMs ---- */

static uint32_t machine_ending;

void vm_ended(struct vm *vm)
{
    (void)vm;
    if (vm_all_ended() && __atomic_exchange_n(&machine_ending, 1, __ATOMIC_SEQ_CST) == 0) {
        log_notice("the last VM has ended");
        end_machine(boot->plan.on_last_vm);
    }
}

static void create_vcpu(struct vcpu *vcpu)
{
    struct vmx_caps caps;
    vmx_caps_read(&caps);
    vcpu_vmx_create(vcpu, &caps);
    vcpu->cpu->on_nmi = vcpu_force_exit;
}

/* Devices that the firmware left running must neither write into memory nor interrupt. */
static bool stop_device(void *context, const struct pci_function *function)
{
    const struct pci_access *access = context;
    if (function->bridge || function->class_code == PCI_CLASS_BRIDGE) {
        return true;
    }
    if (!pci_silence(access, function->at)) {
        log_warning("PCI %02x:%02x.%u keeps its bus-master bit", function->at.bus,
                    function->at.device, function->at.function);
    }
    return true;
}

static void create_vms(const struct boot_info *info)
{
    struct pci_access ports = {0};
    pci_scan(&ports, stop_device, &ports);
    struct vmx_caps caps;
    vmx_caps_read(&caps);
    uint32_t secondary = vmx_controls_choose(&caps).procbased2;
    struct vm_create create = {
        .info = info,
        .msr_hardware = {caps.arch_capabilities, caps.microcode, caps.physical_bits},
        .cr4_fixed1 = caps.cr4_fixed1,
        .rdtscp = (secondary & SECONDARY_ENABLE_RDTSCP) != 0,
        .invpcid = (secondary & SECONDARY_ENABLE_INVPCID) != 0,
        .xsaves = (secondary & SECONDARY_ENABLE_XSAVES_XRSTORS) != 0,
        .create_vcpu = create_vcpu,
    };
    BUG_ON(!ept_format_choose(&create.ept, caps.ept_vpid_cap, caps.physical_bits, true));
    vm_create_all(&create);
}

#define ALARM_MAX_US 100000 /* the timer's 32-bit count holds that on every machine */

/* While its vCPU is in no guest: polls the console, starts its VM again when a delay is over. */
static void rest(struct vcpu *vcpu)
{
    uint32_t requests = vcpu_take_requests(vcpu, VCPU_REQUEST_POLL | VCPU_REQUEST_LOOK);
    if (requests & VCPU_REQUEST_POLL) {
        console_poll_again(vcpu);
    }
    machine_check_settle();
    uint64_t wait_us = vcpu->index == 0 ? vm_start_if_due(vcpu->vm) : UINT64_MAX;
    bool alarm = wait_us != UINT64_MAX;
    if (alarm) {
        uint64_t us = MIN(wait_us, ALARM_MAX_US) + 1;
        lapic_alarm((uint32_t)(us * (time_apic_timer_hz() / 1000) / 1000) + 1);
    }
    idle_wait_for(&vcpu->requests, VCPU_REQUEST_START | VCPU_REQUEST_POLL | VCPU_REQUEST_LOOK,
                  alarm);
    if (alarm) {
        lapic_reset();
    }
}

/* What every CPU does from the end of set-up to the end of the machine. */
static void run_cpu(struct percpu *cpu)
{
    struct vcpu *vcpu = __atomic_load_n(&cpu->vcpu, __ATOMIC_ACQUIRE);
    if (vcpu == NULL) {
        console_poll_for_ever();
    }
    for (;;) {
        /* Others that came with it are for vcpu_run(). */
        if (vcpu_take_requests(vcpu, VCPU_REQUEST_START)) {
            vcpu_prepare_policies(vcpu);
            if (vcpu->index == 0) {
                vm_prepare(vcpu->vm);
            }
            vcpu_run(vcpu);
            vm_vcpu_left(vcpu);
        } else {
            rest(vcpu);
        }
    }
}

static void run_machine(const struct boot_info *info)
{
    console_choose_poller(info);
    if (info->plan.vm_count == 0) {
        log_notice("no VM is configured");
        end_machine(info->plan.on_last_vm);
    }
    __atomic_store_n(&machine_ready, 1, __ATOMIC_RELEASE);
    for (uint32_t i = 1; i < info->cpu_count; i++) {
        lapic_send_nmi(info->cpus[i].apic_id);
    }
    vm_start_all();
    run_cpu(this_cpu());
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

    if (info->record.v != 0) {
        log_keep((struct panic_record *)RECORD_BASE, info->boot_seconds);
    }
    log_set_level(info->plan.log_level);
    panic_configure(info->plan.on_panic);
    machine_init(info);
    log_import(info->log, info->log_size);
    console_init(info);
    log_notice("Bulkhead %s", BULKHEAD_VERSION);
    time_init(info);
    wall_clock_init(info->boot_seconds);
    print_memory(info);
    boot = info;
    start_cpus(info);
    create_vms(info);
    manage_init(info, BULKHEAD_VERSION);
    monitor_init(info, vmx_exit_reason_name);
    memory_seal();
    print_protections();
    run_machine(info);
    machine_halt();
}
