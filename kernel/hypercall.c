/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls: one table, one function each. Arguments are what the guest says and are checked where
 * they are read. See guests/include/bulkhead_abi.h for the contract.
 */
#include "kernel/hypercall.h"

#include "kernel/manage.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "kernel/vcpu_counters.h"
#include "kernel/vm.h"

#define CONSOLE_CHUNK 128

static int64_t call_version(struct vcpu *vcpu)
{
    (void)vcpu;
    return BULKHEAD_ABI_VERSION;
}

COLD int64_t hypercall_give(struct vcpu *vcpu, enum vcpu_register address, enum vcpu_register size,
                            const void *from, size_t whole)
{
    uint64_t length = MIN(vcpu->regs[size], whole);
    if (length < 8) {
        return -BULKHEAD_EINVAL;
    }
    return vm_write_memory(vcpu->vm, GPA(vcpu->regs[address]), from, length) ? (int64_t)length
                                                                             : -BULKHEAD_EFAULT;
}

COLD uint32_t hypercall_fact_flags(const struct vm_plan *plan)
{
    static const struct {
        uint32_t plan;
        uint32_t fact;
    } map[] = {
        {VM_FLAG_MANAGE, BULKHEAD_FACT_MANAGE},
        {VM_FLAG_REALTIME, BULKHEAD_FACT_REALTIME},
        {VM_FLAG_LEGACY, BULKHEAD_FACT_LEGACY},
        {VM_FLAG_ACPI, BULKHEAD_FACT_ACPI},
    };
    uint32_t flags = 0;
    for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
        flags |= (plan->flags & map[i].plan) ? map[i].fact : 0;
    }
    return flags;
}

COLD static int64_t call_facts(struct vcpu *vcpu)
{
    _Static_assert(VM_NAME_SIZE <= BULKHEAD_NAME_SIZE && CPU_MAX <= BULKHEAD_VCPU_MAX, "sizes");
    struct vm *vm = vcpu->vm;
    struct bulkhead_facts facts = {
        .size = sizeof(facts),
        .abi_version = BULKHEAD_ABI_VERSION,
        .vcpu_count = vm->vcpu_count,
        .vcpu_index = vcpu->index,
        .memory_bytes = vm_memory_size(vm),
        .tsc_hz = time_tsc_hz(),
        .apic_timer_hz = time_apic_timer_hz(),
        .flags = hypercall_fact_flags(vm->plan),
        .restarts = vm->restarts,
    };
    memcpy(facts.name, vm->plan->name, VM_NAME_SIZE);
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        facts.apic_id[i] = vm->vcpus[i]->apic_id;
    }
    return hypercall_give(vcpu, VCPU_RDI, VCPU_RSI, &facts, sizeof(facts));
}

COLD static int64_t call_console_write(struct vcpu *vcpu)
{
    uint8_t bytes[CONSOLE_CHUNK];
    uint64_t size = MIN(vcpu->regs[VCPU_RSI], BULKHEAD_CONSOLE_WRITE_MAX);
    /* All of it must be RAM before a byte is printed. */
    if (!vm_is_ram(vcpu->vm, GPA(vcpu->regs[VCPU_RDI]), size)) {
        return -BULKHEAD_EFAULT;
    }
    for (uint64_t done = 0; done < size;) {
        uint64_t step = MIN(sizeof(bytes), size - done);
        vm_read_memory(vcpu->vm, GPA(vcpu->regs[VCPU_RDI] + done), bytes, step);
        spin_lock(&vcpu->vm->device_lock);
        for (uint64_t i = 0; i < step; i++) {
            vm_console_output(&vcpu->vm->console, bytes[i]);
        }
        spin_unlock(&vcpu->vm->device_lock);
        done += step;
    }
    return (int64_t)size;
}

COLD static int64_t call_power_off(struct vcpu *vcpu)
{
    vm_end(vcpu->vm, VM_END_POWER_OFF, "power-off by hypercall");
    return 0;
}

COLD static int64_t call_restart(struct vcpu *vcpu)
{
    vm_end(vcpu->vm, VM_END_RESTART, "restart by hypercall");
    return 0;
}

COLD static int64_t call_counters(struct vcpu *vcpu)
{
    struct bulkhead_counters counters;
    vcpu_read_counters(vcpu, &counters);
    return hypercall_give(vcpu, VCPU_RDI, VCPU_RSI, &counters, sizeof(counters));
}

int64_t (*const hypercall_table[HYPERCALL_COUNT])(struct vcpu *vcpu) = {
    [BULKHEAD_CALL_VERSION] = call_version,
    [BULKHEAD_CALL_FACTS] = call_facts,
    [BULKHEAD_CALL_CONSOLE_WRITE] = call_console_write,
    [BULKHEAD_CALL_POWER_OFF] = call_power_off,
    [BULKHEAD_CALL_RESTART] = call_restart,
    [BULKHEAD_CALL_COUNTERS] = call_counters,
};

COLD int64_t hypercall_unknown(struct vcpu *vcpu)
{
    return vcpu->regs[VCPU_RAX] >= BULKHEAD_CALL_MANAGE ? manage_call(vcpu) : -BULKHEAD_ENOSYS;
}
