/* SPDX-License-Identifier: Apache-2.0 */
/* The crash records of VMs: made when a VM crashes, kept until its next crash; see the header. */
#include "kernel/crash.h"

#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/percpu.h"
#include "kernel/printf.h"
#include "kernel/time.h"
#include "kernel/vm.h"
#include "kernel/wall_clock.h"

void crash_create(struct vm *vm)
{
    _Static_assert(sizeof(struct vcpu_snapshots) <= PAGE_SIZE, "one page is allocated");
    struct crash_record *record = &vm->crash;
    record->vm = vm->plan->name;
    record->vcpu_count = vm->vcpu_count;
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vm->vcpus[i]->snapshots = memory_alloc_pages(1);
        record->vcpus[i] = &vm->vcpus[i]->snapshots->crash;
    }
}

void crash_begin(struct vm *vm, const char *why)
{
    struct crash_record *record = &vm->crash;
    const struct vcpu *own = this_cpu()->vcpu;
    __atomic_store_n(&record->valid, 0, __ATOMIC_RELEASE);
    record->number++;
    record->vcpu = own != NULL && own->vm == vm ? own->index : CRASH_FROM_OUTSIDE;
    record->time_us = time_us();
    record->seconds = wall_clock_seconds();
    record->ran_us = record->time_us - vm->started_us;
    ksnprintf(record->why, sizeof(record->why), "%s", why);
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vm->vcpus[i]->snapshots->crash.kind = SNAPSHOT_NONE;
    }
}

bool crash_wanted(const struct vm *vm)
{
    return vm_state(vm) == VM_ENDING && vm->life.end == VM_END_CRASH;
}

void crash_finish(struct vm *vm)
{
    __atomic_store_n(&vm->crash.valid, 1, __ATOMIC_RELEASE);
    crash_print(&vm->crash, crash_emit_log, NULL);
}

const struct crash_record *crash_last(const struct vm *vm)
{
    return __atomic_load_n(&vm->crash.valid, __ATOMIC_ACQUIRE) != 0 ? &vm->crash : NULL;
}

const struct vcpu_snapshot *crash_paused(const struct vcpu *vcpu)
{
    return &vcpu->snapshots->pause;
}

void crash_emit_log(void *context, const char *line)
{
    (void)context;
    log_notice("%s", line);
}
