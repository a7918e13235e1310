/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's commands about VMs and vCPUs; see kernel/monitor_internal.h. */
#include "kernel/fault.h"
#include "kernel/monitor_internal.h"
#include "kernel/percpu.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/terminal.h"
#include "kernel/time.h"
#include "kernel/vcpu_counters.h"

#define BY "the monitor"

/* ---- lists ---- */

void monitor_vm_list(const struct monitor_call *call)
{
    (void)call;
    monitor_print("  %-2s %-15s %-8s %5s %8s %9s %8s %7s  %s\n", "N", "VM", "STATE", "VCPUS", "MIB",
                  "UP S", "RESTARTS", "CRASHES", "ENDED LAST BY");
    for (uint32_t i = 0; i < vm_count(); i++) {
        const struct vm *vm = vm_get(i);
        uint32_t state = vm_state(vm);
        bool lives = state == VM_RUNNING || state == VM_PAUSED || state == VM_PAUSING;
        uint64_t up = lives ? (time_us() - vm->started_us) / 1000000 : 0;
        monitor_print("  %-2u %-15s %-8s %5u %8lu %9lu %8u %7u  %.40s\n", i, vm->plan->name,
                      vm_state_name(state), vm->vcpu_count, vm_memory_size(vm) >> 20, up,
                      vm->restarts, vm->crashes, vm->end_text);
    }
}

static const char *vcpu_state_word(const struct vcpu *vcpu)
{
    static const char *const words[] = {
        [VCPU_OFF] = "off",
        [VCPU_WAIT_SIPI] = "not started",
        [VCPU_RUNNING] = "running",
    };
    uint32_t state = __atomic_load_n(&vcpu->state, __ATOMIC_RELAXED);
    bool paused = vm_state(vcpu->vm) == VM_PAUSED && state == VCPU_RUNNING;
    return paused ? "paused" : words[state % ARRAY_SIZE(words)];
}

static void list_vcpus(const struct vm *vm)
{
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        const struct vcpu *vcpu = vm->vcpus[i];
        struct bulkhead_counters counters;
        vcpu_read_counters(vcpu, &counters);
        monitor_print("  %-15s %4u %4u %5u  %-12s %12lu %14lu %8lu\n", vm->plan->name, i,
                      vcpu->cpu->index, vcpu->apic_id, vcpu_state_word(vcpu), counters.exits,
                      counters.ticks, counters.denied);
    }
}

void monitor_vcpu_list(const struct monitor_call *call)
{
    struct vm *one = call->count > 1 ? monitor_vm(call->words[1]) : NULL;
    if (call->count > 1 && one == NULL) {
        return;
    }
    monitor_print("  %-15s %4s %4s %5s  %-12s %12s %14s %8s\n", "VM", "VCPU", "CPU", "APIC",
                  "STATE", "EXITS", "TICKS IN ROOT", "DENIED");
    for (uint32_t i = 0; i < vm_count(); i++) {
        if (one == NULL || one == vm_get(i)) {
            list_vcpus(vm_get(i));
        }
    }
}

void monitor_vm_console(const struct monitor_call *call)
{
    const struct vm *vm = monitor_vm(call->words[1]);
    if (vm != NULL) {
        terminal_attach(vm);
    }
}

/* ---- life ---- */

/* Says what became of a command. */
static void report(const struct vm *vm, int result, const char *done)
{
    if (result == 0) {
        monitor_print("VM %s %s.\n", vm->plan->name, done);
    } else if (result == -BULKHEAD_EBUSY) {
        monitor_print("VM %s is %s: that cannot be done now.\n", vm->plan->name,
                      vm_state_name(vm_state(vm)));
    } else {
        monitor_print("VM %s cannot run: one of its CPUs does not work.\n", vm->plan->name);
    }
}

void monitor_start(const struct monitor_call *call)
{
    struct vm *vm = monitor_vm(call->words[1]);
    if (vm != NULL) {
        report(vm, vm_start(vm), "starts");
    }
}

void monitor_stop(const struct monitor_call *call)
{
    struct vm *vm = monitor_vm(call->words[1]);
    if (vm != NULL) {
        report(vm, vm_stop(vm, BY), "stops");
    }
}

void monitor_restart(const struct monitor_call *call)
{
    struct vm *vm = monitor_vm(call->words[1]);
    if (vm != NULL) {
        report(vm, vm_restart(vm, BY), "restarts");
    }
}

void monitor_pause(const struct monitor_call *call)
{
    struct vm *vm = monitor_vm(call->words[1]);
    if (vm != NULL) {
        report(vm, vm_pause(vm), "pauses");
    }
}

void monitor_resume(const struct monitor_call *call)
{
    struct vm *vm = monitor_vm(call->words[1]);
    if (vm != NULL) {
        report(vm, vm_resume(vm), "goes on");
    }
}

/* ---- exits ---- */

/* What `stats` saw last, for rates. */
static struct {
    uint64_t us; /* 0: not asked since the VM's start */
    uint64_t started_us;
    uint64_t reason[BULKHEAD_REASON_MAX];
} asked[VM_MAX];

static void sum_reasons(const struct vm *vm, uint64_t sum[BULKHEAD_REASON_MAX])
{
    memset(sum, 0, BULKHEAD_REASON_MAX * sizeof(*sum));
    for (uint32_t v = 0; v < vm->vcpu_count; v++) {
        struct bulkhead_counters counters;
        vcpu_read_counters(vm->vcpus[v], &counters);
        for (uint32_t i = 0; i < BULKHEAD_REASON_MAX; i++) {
            sum[i] += counters.reason[i];
        }
    }
}

static void show_stats(const struct vm *vm)
{
    uint64_t sum[BULKHEAD_REASON_MAX];
    sum_reasons(vm, sum);
    uint64_t now = time_us();
    if (asked[vm->index].started_us != vm->started_us) {
        memset(&asked[vm->index], 0, sizeof(asked[vm->index]));
        asked[vm->index].us = vm->started_us;
    }
    uint64_t us = MAX(now - asked[vm->index].us, 1);
    monitor_print("VM %s, rates over %lu ms:\n", vm->plan->name, us / 1000);
    for (uint32_t i = 0; i < BULKHEAD_REASON_MAX; i++) {
        if (sum[i] != 0) {
            uint64_t more = sum[i] - MIN(sum[i], asked[vm->index].reason[i]);
            monitor_print("  %3u %-32s %12lu %10lu/s\n", i, monitor_exit_name(i), sum[i],
                          more * 1000000 / us);
        }
    }
    asked[vm->index].us = now;
    asked[vm->index].started_us = vm->started_us;
    memcpy(asked[vm->index].reason, sum, sizeof(sum));
}

void monitor_stats(const struct monitor_call *call)
{
    struct vm *one = call->count > 1 ? monitor_vm(call->words[1]) : NULL;
    if (one != NULL) {
        show_stats(one);
    }
    for (uint32_t i = 0; call->count == 1 && i < vm_count(); i++) {
        show_stats(vm_get(i));
    }
}

/* ---- inside of a guest ---- */

static void show_snapshot(char *word, uint64_t parts)
{
    const struct vcpu *vcpu = monitor_vcpu(word);
    if (vcpu == NULL) {
        return;
    }
    if (vm_state(vcpu->vm) != VM_PAUSED) {
        monitor_print("VM %s is %s, not paused: pause it first.\n", vcpu->vm->plan->name,
                      vm_state_name(vm_state(vcpu->vm)));
        return;
    }
    const struct vcpu_snapshot *snapshot = crash_paused(vcpu);
    if (snapshot->kind != SNAPSHOT_TAKEN) {
        monitor_print("vCPU %u of VM %s has not been started by its guest.\n", vcpu->index,
                      vcpu->vm->plan->name);
        return;
    }
    snapshot_print(snapshot, parts, monitor_emit, NULL);
}

void monitor_registers(const struct monitor_call *call)
{
    show_snapshot(call->words[1], SNAPSHOT_PRINT_REGISTERS);
}

void monitor_backtrace(const struct monitor_call *call)
{
    show_snapshot(call->words[1], SNAPSHOT_PRINT_BACKTRACE | SNAPSHOT_PRINT_EXITS);
}

void monitor_inject(const struct monitor_call *call)
{
    if (strcmp(call->words[1], "nmi") != 0) {
        monitor_print("Only \"nmi\" can be injected, not \"%.40s\".\n", call->words[1]);
        return;
    }
    struct vcpu *vcpu = monitor_vcpu(call->words[2]);
    if (vcpu == NULL) {
        return;
    }
    if (__atomic_load_n(&vcpu->state, __ATOMIC_RELAXED) != VCPU_RUNNING) {
        monitor_print("vCPU %u of VM %s does not run.\n", vcpu->index, vcpu->vm->plan->name);
        return;
    }
    vcpu_request(vcpu, VCPU_REQUEST_NMI);
    monitor_print("vCPU %u of VM %s gets an NMI.\n", vcpu->index, vcpu->vm->plan->name);
}

/* The words of docs/faults.md, as they were typed. */
void monitor_fault(const struct monitor_call *call)
{
    struct vm *vm = monitor_vm(call->words[1]);
    char text[CRASH_LINE_SIZE] = "";
    int length = 0;
    for (unsigned i = 2; i < call->count; i++) {
        length += ksnprintf(text + length, sizeof(text) - (size_t)length, "%s%s", i > 2 ? " " : "",
                            call->words[i]);
    }
    if (vm == NULL) {
        return;
    }
    int result = fault_set(vm, text, (size_t)length);
    if (result == 0) {
        monitor_print("VM %s: faults are now \"%s\".\n", vm->plan->name, text);
    } else if (result == -BULKHEAD_EPERM) {
        monitor_print("The configuration of VM %s does not allow faults.\n", vm->plan->name);
    } else if (result == -BULKHEAD_ENOENT) {
        monitor_print("VM %s has no RAM where a \"poison\" says.\n", vm->plan->name);
    } else {
        monitor_print("\"%s\" is not understood; docs/faults.md has the words.\n", text);
    }
}

void monitor_crash(const struct monitor_call *call)
{
    struct vm *one = call->count > 1 ? monitor_vm(call->words[1]) : NULL;
    if (call->count > 1 && one == NULL) {
        return;
    }
    bool found = false;
    for (uint32_t i = 0; i < vm_count(); i++) {
        const struct crash_record *record = crash_last(vm_get(i));
        if (record != NULL && (one == NULL || one == vm_get(i))) {
            crash_print(record, monitor_emit, NULL);
            found = true;
        }
    }
    if (!found) {
        monitor_print(one != NULL ? "VM %s has not crashed.\n" : "No VM has crashed.%s\n",
                      one != NULL ? one->plan->name : "");
    }
}
