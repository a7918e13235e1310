/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Management hypercalls: one table, one function each; streams are in kernel/manage_stream.c. Each
 * argument is checked where it is read. Other VMs are only read, or asked through their own
 * functions (vm_start() and so on); nothing here waits for them.
 */
#include "kernel/manage.h"

#include "kernel/console.h"
#include "kernel/hypercall.h"
#include "kernel/log.h"
#include "kernel/machine.h"
#include "kernel/memory.h"
#include "kernel/percpu.h"
#include "kernel/printf.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "kernel/vcpu_counters.h"
#include "kernel/vm.h"
#include "kernel/vm_input.h"
#include "kernel/wall_clock.h"

#define VECTOR_FIRST 32 /* those below are exceptions */
#define INPUT_PIECE  256

static const struct boot_info *boot;
static const char *hypervisor_version;

static void on_log(void)
{
    doorbell_post(BULKHEAD_EVENT_LOG, 0);
}

void manage_init(const struct boot_info *info, const char *version)
{
    boot = info;
    hypervisor_version = version;
    log_set_growth_hook(on_log);
}

void manage_reset(struct vm *vm)
{
    memset(&vm->rings, 0, sizeof(vm->rings));
    memset(vm->doorbell.pending, 0, sizeof(vm->doorbell.pending));
}

/* The VM that a register names; NULL: there is none. */
static struct vm *named_vm(const struct vcpu *vcpu, enum vcpu_register which)
{
    uint64_t index = vcpu->regs[which];
    return index < vm_count() ? vm_get((uint32_t)index) : NULL;
}

static struct vcpu *named_vcpu(const struct vcpu *vcpu, const struct vm *vm,
                               enum vcpu_register which)
{
    uint64_t index = vcpu->regs[which];
    return index < vm->vcpu_count ? vm->vcpus[index] : NULL;
}

/* ---- facts ---- */

static void describe_cpu(struct bulkhead_cpu *to, const struct percpu *cpu)
{
    enum cpu_state state = __atomic_load_n(&cpu->state, __ATOMIC_RELAXED);
    to->apic_id = cpu->apic_id;
    to->state = state == CPU_ONLINE   ? BULKHEAD_CPU_ONLINE
                : state == CPU_FAILED ? BULKHEAD_CPU_FAILED
                                      : BULKHEAD_CPU_ABSENT;
    to->vm = cpu->vcpu != NULL ? (uint8_t)cpu->vcpu->vm->index : UINT8_MAX;
    to->vcpu = cpu->vcpu != NULL ? (uint8_t)cpu->vcpu->index : 0;
}

static int64_t call_machine(struct vcpu *vcpu)
{
    struct bulkhead_machine machine = {
        .size = sizeof(machine),
        .vm_count = vm_count(),
        .cpu_count = boot->cpu_count,
        .self = vcpu->vm->index,
        .tsc_hz = time_tsc_hz(),
        .uptime_us = time_us(),
        .wall_seconds = wall_clock_seconds(),
        .pool_size = memory_size(),
        .pool_used = memory_used(),
        .log_position = log_position(),
        .log_level = log_get_level(),
        .poller = BULKHEAD_NONE,
    };
    uint64_t by_type[BOOT_MEMORY_MMIO + 1] = {0};
    ksnprintf(machine.version, sizeof(machine.version), "%s", hypervisor_version);
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        by_type[boot->memory[i].type] += boot->memory[i].size;
    }
    machine.memory_free = by_type[BOOT_MEMORY_FREE];
    machine.memory_bulkhead = by_type[BOOT_MEMORY_BULKHEAD];
    machine.memory_reserved = by_type[BOOT_MEMORY_RESERVED];
    for (uint32_t i = 0; i < vm_count(); i++) {
        machine.memory_vms += vm_memory_size(vm_get(i));
    }
    for (uint32_t i = 0; i < boot->cpu_count; i++) {
        describe_cpu(&machine.cpu[i], smp_cpu(i));
        if (smp_cpu(i) == console_poller()) {
            machine.cpu[i].polls = 1;
            machine.poller = i;
        }
    }
    return hypercall_give(vcpu, VCPU_RDI, VCPU_RSI, &machine, sizeof(machine));
}

static uint32_t vm_flags(const struct vcpu *vcpu, const struct vm *vm)
{
    static const struct {
        uint32_t plan;
        uint32_t flag;
    } map[] = {
        {VM_FLAG_AUTOSTART, BULKHEAD_VM_AUTOSTART},
        {VM_FLAG_FAULTS, BULKHEAD_VM_FAULTS},
        {VM_FLAG_UNSAFE_DMA, BULKHEAD_VM_UNSAFE_DMA},
    };
    uint32_t flags = hypercall_fact_flags(vm->plan);
    for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
        flags |= vm->plan->flags & map[i].plan ? map[i].flag : 0;
    }
    flags |= vm->plan->on_crash == VM_ON_CRASH_RESTART ? BULKHEAD_VM_CRASH_RESTARTS : 0;
    flags |= vm->plan->on_halt == VM_ON_HALT_RESTART ? BULKHEAD_VM_HALT_RESTARTS : 0;
    return flags | (vm == vcpu->vm ? BULKHEAD_VM_SELF : 0);
}

/* The kernel's states are the contract's. */
_Static_assert((int)VM_STOPPED == BULKHEAD_VM_STOPPED && (int)VM_RUNNING == BULKHEAD_VM_RUNNING &&
                   (int)VM_ENDING == BULKHEAD_VM_ENDING && (int)VM_CRASHED == BULKHEAD_VM_CRASHED &&
                   (int)VM_PAUSED == BULKHEAD_VM_PAUSED && (int)VM_PAUSING == BULKHEAD_VM_PAUSING &&
                   (int)VM_WAITING == BULKHEAD_VM_WAITING && VM_STATE_COUNT == 7,
               "states of VMs");
_Static_assert((int)VCPU_OFF == BULKHEAD_VCPU_OFF && (int)VCPU_RUNNING == BULKHEAD_VCPU_RUNNING &&
                   (int)VCPU_WAIT_SIPI == BULKHEAD_VCPU_WAIT_SIPI,
               "states of vCPUs");

static int64_t call_vm(struct vcpu *vcpu)
{
    struct vm *vm = named_vm(vcpu, VCPU_RDI);
    if (vm == NULL) {
        return -BULKHEAD_ENOENT;
    }
    struct bulkhead_vm facts = {
        .size = sizeof(facts),
        .index = vm->index,
        .state = vm_state(vm),
        .flags = vm_flags(vcpu, vm),
        .vcpu_count = vm->vcpu_count,
        .restarts = vm->restarts,
        .crashes = vm->crashes,
        .restart_max = vm->plan->restart_max,
        .memory_bytes = vm_memory_size(vm),
        .started_us = vm->started_us,
        .console_position = __atomic_load_n(&vm->console.written, __ATOMIC_ACQUIRE),
    };
    memcpy(facts.name, vm->plan->name, sizeof(facts.name));
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        struct bulkhead_counters counters;
        vcpu_read_counters(vm->vcpus[i], &counters);
        facts.exits += counters.exits;
        facts.ticks += counters.ticks;
        facts.denied += counters.denied;
    }
    spin_lock(&vm->life_lock);
    memcpy(facts.end_text, vm->end_text, sizeof(facts.end_text));
    spin_unlock(&vm->life_lock);
    return hypercall_give(vcpu, VCPU_RSI, VCPU_RDX, &facts, sizeof(facts));
}

static int64_t call_vcpu(struct vcpu *vcpu)
{
    struct vm *vm = named_vm(vcpu, VCPU_RDI);
    struct vcpu *of = vm == NULL ? NULL : named_vcpu(vcpu, vm, VCPU_RSI);
    if (of == NULL) {
        return -BULKHEAD_ENOENT;
    }
    struct bulkhead_vcpu facts = {
        .size = sizeof(facts),
        .state = __atomic_load_n(&of->state, __ATOMIC_ACQUIRE),
        .cpu = of->cpu->index,
        .apic_id = of->apic_id,
    };
    if (facts.state != VCPU_OFF && vm_state(vm) == VM_PAUSED) {
        facts.state = BULKHEAD_VCPU_PAUSED;
    }
    vcpu_read_counters(of, &facts.counters);
    return hypercall_give(vcpu, VCPU_RDX, VCPU_R10, &facts, sizeof(facts));
}

/* ---- actions ---- */

static int start(struct vm *vm, const char *by)
{
    (void)by;
    return vm_start(vm);
}

static int pause(struct vm *vm, const char *by)
{
    (void)by;
    return vm_pause(vm);
}

static int resume(struct vm *vm, const char *by)
{
    (void)by;
    return vm_resume(vm);
}

static int64_t send_nmi(const struct vcpu *vcpu, const struct vm *vm)
{
    struct vcpu *target = named_vcpu(vcpu, vm, VCPU_RDX);
    if (target == NULL) {
        return -BULKHEAD_ENOENT;
    }
    if (vm_state(vm) != VM_RUNNING) {
        return -BULKHEAD_EBUSY;
    }
    vcpu_request(target, VCPU_REQUEST_NMI);
    return 0;
}

static int64_t call_control(struct vcpu *vcpu)
{
    static int (*const actions[])(struct vm *, const char *) = {
        [BULKHEAD_ACTION_START] = start,        [BULKHEAD_ACTION_STOP] = vm_stop,
        [BULKHEAD_ACTION_RESTART] = vm_restart, [BULKHEAD_ACTION_PAUSE] = pause,
        [BULKHEAD_ACTION_RESUME] = resume,
    };
    struct vm *vm = named_vm(vcpu, VCPU_RDI);
    uint64_t action = vcpu->regs[VCPU_RSI];
    if (vm == NULL) {
        return -BULKHEAD_ENOENT;
    }
    if (action == BULKHEAD_ACTION_NMI) {
        return send_nmi(vcpu, vm);
    }
    if (action >= ARRAY_SIZE(actions) || (action == BULKHEAD_ACTION_PAUSE && vm == vcpu->vm)) {
        return -BULKHEAD_EINVAL;
    }
    return actions[action](vm, vcpu->vm->plan->name);
}

static int64_t call_input(struct vcpu *vcpu)
{
    uint8_t piece[INPUT_PIECE];
    struct vm *vm = named_vm(vcpu, VCPU_RDI);
    uint64_t address = vcpu->regs[VCPU_RSI];
    uint64_t size = MIN(vcpu->regs[VCPU_RDX], BULKHEAD_TRANSFER_MAX);
    if (vm == NULL) {
        return -BULKHEAD_ENOENT;
    }
    if (!vm_is_ram(vcpu->vm, GPA(address), size)) {
        return -BULKHEAD_EFAULT;
    }
    uint64_t done = 0;
    while (done < size) {
        uint64_t step = MIN(sizeof(piece), size - done);
        vm_read_memory(vcpu->vm, GPA(address + done), piece, step);
        uint64_t taken = vm_console_input(vm, piece, step);
        done += taken;
        if (taken < step) {
            break;
        }
    }
    return (int64_t)done;
}

static int64_t call_notify(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    uint64_t vector = vcpu->regs[VCPU_RDI];
    const struct vcpu *target = named_vcpu(vcpu, vm, VCPU_RSI);
    uint64_t events = vcpu->regs[VCPU_RDX];
    uint64_t vms = vcpu->regs[VCPU_R10] & (BIT(vm_count()) - 1);
    if ((vector != 0 && vector < VECTOR_FIRST) || vector > UINT8_MAX ||
        events >= BIT(BULKHEAD_EVENT_COUNT)) {
        return -BULKHEAD_EINVAL;
    }
    if (target == NULL) {
        return -BULKHEAD_ENOENT;
    }
    return doorbell_set(vm, (uint8_t)vector, target->apic_id, events, vms) ? 0 : -BULKHEAD_EBUSY;
}

static int64_t call_log_level(struct vcpu *vcpu)
{
    uint64_t level = vcpu->regs[VCPU_RDI];
    int64_t before = (int64_t)log_get_level();
    if (level == UINT64_MAX) {
        return before;
    }
    if (level > LOG_DEBUG) {
        return -BULKHEAD_EINVAL;
    }
    log_set_level((enum log_level)level);
    log_notice("log level %lu, by VM %s", level, vcpu->vm->plan->name);
    return before;
}

static int64_t call_machine_end(struct vcpu *vcpu)
{
    uint64_t how = vcpu->regs[VCPU_RDI];
    if (how > BULKHEAD_MACHINE_RESET || vcpu->regs[VCPU_RSI] != BULKHEAD_MACHINE_END_SURE) {
        return -BULKHEAD_EINVAL;
    }
    log_notice("the machine ends by VM %s", vcpu->vm->plan->name);
    if (how == BULKHEAD_MACHINE_RESET) {
        machine_reset();
    }
    machine_power_off();
}

static int64_t call_faults(struct vcpu *vcpu)
{
    char text[BULKHEAD_FAULT_TEXT_MAX];
    uint64_t length = vcpu->regs[VCPU_RDX];
    if (vcpu->regs[VCPU_RDI] >= vm_count()) {
        return -BULKHEAD_ENOENT;
    }
    if (length == 0 || length > sizeof(text)) {
        return -BULKHEAD_EINVAL;
    }
    if (!vm_read_memory(vcpu->vm, GPA(vcpu->regs[VCPU_RSI]), text, length)) {
        return -BULKHEAD_EFAULT;
    }
    return fault_set(vm_get((uint32_t)vcpu->regs[VCPU_RDI]), text, length);
}

#define ROW(call) ((call)-BULKHEAD_CALL_MANAGE)

static int64_t (*const table[])(struct vcpu *vcpu) = {
    [ROW(BULKHEAD_CALL_MACHINE)] = call_machine,
    [ROW(BULKHEAD_CALL_VM)] = call_vm,
    [ROW(BULKHEAD_CALL_VCPU)] = call_vcpu,
    [ROW(BULKHEAD_CALL_CONTROL)] = call_control,
    [ROW(BULKHEAD_CALL_READ)] = manage_read,
    [ROW(BULKHEAD_CALL_INPUT)] = call_input,
    [ROW(BULKHEAD_CALL_RING)] = manage_ring,
    [ROW(BULKHEAD_CALL_NOTIFY)] = call_notify,
    [ROW(BULKHEAD_CALL_EVENTS)] = manage_events,
    [ROW(BULKHEAD_CALL_LOG_LEVEL)] = call_log_level,
    [ROW(BULKHEAD_CALL_MACHINE_END)] = call_machine_end,
    [ROW(BULKHEAD_CALL_FAULTS)] = call_faults,
};

int64_t manage_call(struct vcpu *vcpu)
{
    uint64_t row = ROW(vcpu->regs[VCPU_RAX]);
    if (!(vcpu->vm->plan->flags & VM_FLAG_MANAGE)) {
        return -BULKHEAD_EPERM;
    }
    return row < ARRAY_SIZE(table) ? table[row](vcpu) : -BULKHEAD_ENOSYS;
}
