/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on purpose; see the header. All of it is off the way of VMs that do not ask for it. */
#include "kernel/fault.h"

#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "kernel/vm.h"

#define LATER_US 100 /* an interrupt that comes twice, a fault that has to wait */

static uint64_t tsc_in(uint64_t us)
{
    return cpu_rdtsc() + time_us_to_tsc(us);
}

static void plan_next(struct vm_faults *faults, enum fault_kind kind)
{
    faults->next[kind] = faults->plan.values[kind] == 0
                             ? VCPU_TIMER_OFF
                             : tsc_in(fault_pause_us(&faults->plan, kind, &faults->random));
}

void fault_broadcast_mc(struct vm *vm, const struct vcpu *but)
{
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i] != but) {
            vcpu_request(vm->vcpus[i], VCPU_REQUEST_MC);
        }
    }
}

/* Under the lock. */
static void begin(struct vm *vm)
{
    struct vm_faults *faults = &vm->faults;
    const uint64_t *values = faults->plan.values;
    faults->random = fault_seed(faults->plan.seed);
    faults->count = 0;
    faults->reads = (values[FAULT_READ_UART] | values[FAULT_READ_RTC] | values[FAULT_READ_PCI] |
                     values[FAULT_READ_KBC]) != 0;
    for (size_t i = 0; i < ARRAY_SIZE(faults->next); i++) {
        faults->next[i] = VCPU_TIMER_OFF;
    }
    plan_next(faults, FAULT_NMI);
    plan_next(faults, FAULT_MC);
    plan_next(faults, FAULT_MEMORY);
    fault_memory_heal(vm);
    if (values[FAULT_POISON] != 0) {
        faults->next[FAULT_POISON] = 0;
    }
}

int fault_set(struct vm *vm, const char *text, size_t length)
{
    char bad[FAULT_WORD_SIZE];
    struct fault_plan plan;
    if (!(vm->plan->flags & VM_FLAG_FAULTS)) {
        return -BULKHEAD_EPERM;
    }
    if (!fault_plan_parse(text, length, &plan, bad)) {
        return -BULKHEAD_EINVAL;
    }
    for (uint64_t i = 0; i < plan.values[FAULT_POISON]; i++) {
        if (!vm_is_ram(vm, GPA(plan.poison[i]), PAGE_SIZE)) {
            return -BULKHEAD_ENOENT;
        }
    }
    spin_lock(&vm->faults.lock);
    vm->faults.plan = plan;
    begin(vm);
    spin_unlock(&vm->faults.lock);
    vcpu_request(vm->vcpus[0], VCPU_REQUEST_LOOK);
    return 0;
}

void fault_create(struct vm *vm)
{
    char bad[FAULT_WORD_SIZE];
    const char *text = vm->plan->fault_plan;
    fault_plan_parse(text, strlen(text), &vm->faults.plan, bad); /* the loader has checked it */
}

void fault_reset(struct vm *vm)
{
    spin_lock(&vm->faults.lock);
    begin(vm);
    spin_unlock(&vm->faults.lock);
}

void fault_arm(struct vcpu *vcpu)
{
    struct vm_faults *faults = &vcpu->vm->faults;
    spin_lock(&faults->lock);
    uint64_t next = VCPU_TIMER_OFF;
    for (size_t i = 0; i < ARRAY_SIZE(faults->next); i++) {
        next = MIN(next, faults->next[i]);
    }
    spin_unlock(&faults->lock);
    vcpu_timer_set(vcpu, VCPU_TIMER_FAULTS, next);
}

static void machine_check(struct vcpu *vcpu)
{
    FAULT_NOTE(vcpu->vm, "machine check of vCPU %u", vcpu->index);
    guest_mca_report(&vcpu->msr.mca, GUEST_MC_INTERNAL, 0, false);
    fault_broadcast_mc(vcpu->vm, NULL);
    plan_next(&vcpu->vm->faults, FAULT_MC);
}

static void poison(struct vm *vm, gpa_t page)
{
    if (fault_memory_poison(vm, page)) {
        FAULT_NOTE(vm, "poisoned page, gpa %lx", page.v);
    }
}

static void poison_listed(struct vm *vm)
{
    struct vm_faults *faults = &vm->faults;
    faults->next[FAULT_POISON] = VCPU_TIMER_OFF;
    for (uint64_t i = 0; i < faults->plan.values[FAULT_POISON]; i++) {
        poison(vm, GPA(faults->plan.poison[i]));
    }
}

static void poison_any(struct vm *vm)
{
    struct vm_faults *faults = &vm->faults;
    poison(vm, fault_memory_choose(vm));
    faults->next[FAULT_MEMORY] = VCPU_TIMER_OFF;
    if (!fault_memory_full(faults)) {
        plan_next(faults, FAULT_MEMORY);
    }
}

static void nmi(struct vm *vm)
{
    struct vm_faults *faults = &vm->faults;
    uint32_t target = (uint32_t)(fault_random(&faults->random) % vm->vcpu_count);
    FAULT_NOTE(vm, "NMI to vCPU %u", target);
    vcpu_request(vm->vcpus[target], VCPU_REQUEST_NMI);
    plan_next(faults, FAULT_NMI);
}

static void deliver_again(struct vm *vm)
{
    FAULT_NOTE(vm, "second interrupt, vector %x", vm->faults.again.vector);
    vm->faults.next[FAULT_DOUBLE] = VCPU_TIMER_OFF;
    vm_deliver(vm, &vm->faults.again);
}

void fault_timer(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    struct vm_faults *faults = &vm->faults;
    spin_lock(&faults->lock);
    uint64_t now = cpu_rdtsc();
    if (faults->next[FAULT_POISON] <= now) {
        poison_listed(vm);
    }
    if (faults->next[FAULT_MEMORY] <= now) {
        poison_any(vm);
    }
    if (faults->next[FAULT_NMI] <= now) {
        nmi(vm);
    }
    if (faults->next[FAULT_MC] <= now) {
        machine_check(vcpu);
    }
    if (faults->next[FAULT_DOUBLE] <= now) {
        deliver_again(vm);
    }
    spin_unlock(&faults->lock);
    fault_arm(vcpu);
}

void fault_deliver(void *context, const struct vioapic_message *message)
{
    struct vm *vm = context;
    struct vm_faults *faults = &vm->faults;
    spin_lock(&faults->lock);
    bool drop = fault_hits(&faults->plan, FAULT_DROP, &faults->random);
    if (drop) {
        FAULT_NOTE(vm, "lost interrupt, vector %x", message->vector);
    } else if (fault_hits(&faults->plan, FAULT_DOUBLE, &faults->random)) {
        faults->again = *message;
        faults->next[FAULT_DOUBLE] = tsc_in(LATER_US);
        vcpu_request(vm->vcpus[0], VCPU_REQUEST_LOOK);
    }
    spin_unlock(&faults->lock);
    if (!drop) {
        vm_deliver(vm, message);
    }
}

uint64_t fault_read(struct vm *vm, const struct device_ops *ops, uint64_t value, unsigned size)
{
    static const struct {
        const struct device_ops *ops;
        enum fault_kind kind;
    } reads[] = {{&vuart_ops, FAULT_READ_UART},
                 {&vrtc_ops, FAULT_READ_RTC},
                 {&vpci_ops, FAULT_READ_PCI},
                 {&vkbc_data_ops, FAULT_READ_KBC},
                 {&vkbc_command_ops, FAULT_READ_KBC}};
    struct vm_faults *faults = &vm->faults;
    for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
        if (reads[i].ops == ops) {
            spin_lock(&faults->lock);
            if (fault_hits(&faults->plan, reads[i].kind, &faults->random)) {
                uint64_t bit = fault_random(&faults->random) % (8 * size);
                value ^= BIT(bit);
                FAULT_NOTE(vm, "%s %lx", fault_kind_name(reads[i].kind), value);
            }
            spin_unlock(&faults->lock);
        }
    }
    return value;
}

uint64_t fault_restart_us(struct vm *vm)
{
    struct vm_faults *faults = &vm->faults;
    uint64_t us = 0;
    spin_lock(&faults->lock);
    if (faults->plan.values[FAULT_RESTART] != 0) {
        us = fault_random(&faults->random) % faults->plan.values[FAULT_RESTART] + 1;
        FAULT_NOTE(vm, "restart delayed by %lu us", us);
    }
    spin_unlock(&faults->lock);
    return us;
}
