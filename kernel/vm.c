/* SPDX-License-Identifier: Apache-2.0 */
/* The life of VMs: start, end, start again. See the header; creation is in kernel/vm_create.c. */
#include "kernel/vm.h"

#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/percpu.h"
#include "kernel/printf.h"
#include "kernel/time.h"
#include "kernel/vcpu_counters.h"
#include "kernel/window.h"

#define SHORT_RUN_US     1000000
#define RESTART_DELAY_MS 100 /* after the first crash; doubles with each further one */

/* A CPU that did not come up leaves its VM without a vCPU. */
static bool has_its_cpus(const struct vm *vm)
{
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i]->cpu->state != CPU_ONLINE) {
            log_error("VM %s cannot start: CPU %u is not in VMX operation", vm->plan->name,
                      vm->vcpus[i]->cpu->index);
            return false;
        }
    }
    return true;
}

bool vm_start(struct vm *vm)
{
    if (!has_its_cpus(vm)) {
        return false;
    }
    spin_lock(&vm->life_lock);
    bool starts = vm->state == VM_STOPPED || vm->state == VM_CRASHED;
    if (starts) {
        vm->state = VM_RUNNING;
        vm->end = VM_END_NONE;
        vm->vcpus_inside = 1;
    }
    spin_unlock(&vm->life_lock);
    if (starts) {
        vcpu_request(vm->vcpus[0], VCPU_REQUEST_START);
    }
    return starts;
}

void vm_start_all(void)
{
    for (uint32_t i = 0; i < vm_count(); i++) {
        if (vm_get(i)->plan->flags & VM_FLAG_AUTOSTART) {
            vm_start(vm_get(i));
        }
    }
}

bool vm_all_ended(void)
{
    for (uint32_t i = 0; i < vm_count(); i++) {
        uint32_t state = __atomic_load_n(&vm_get(i)->state, __ATOMIC_ACQUIRE);
        if (state == VM_RUNNING || state == VM_ENDING) {
            return false;
        }
    }
    return true;
}

void vm_prepare(struct vm *vm)
{
    vm_pci_reset(vm);
    for (uint32_t i = 0; i < vm->plan->memory_count; i++) {
        window_zero(vm->plan->memory[i].hpa, vm->plan->memory[i].size);
    }
    for (uint32_t i = 0; i < vm->plan->load_count; i++) {
        const struct vm_load *load = &vm->plan->loads[i];
        hpa_t to;
        uint64_t contiguous;
        BUG_ON(!vm_translate(vm, load->gpa, &to, &contiguous) || contiguous < load->size);
        window_copy(to, load->hpa, load->size);
    }
    spin_lock(&vm->device_lock);
    vuart_reset(&vm->uart);
    vioapic_reset(&vm->ioapic);
    vrtc_reset(&vm->rtc);
    vpci_reset(&vm->pci);
    vpower_reset(&vm->power);
    vkbc_reset(&vm->kbc);
    vdebug_reset(&vm->debug);
    vm->note_count = 0;
    spin_unlock(&vm->device_lock);
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vcpu_reset(vm->vcpus[i]);
    }
    /* The others go and wait for SIPI. */
    spin_lock(&vm->life_lock);
    vm->vcpus_inside = vm->vcpu_count;
    spin_unlock(&vm->life_lock);
    for (uint32_t i = 1; i < vm->vcpu_count; i++) {
        vcpu_request(vm->vcpus[i], VCPU_REQUEST_START);
    }
    vm->started_us = time_us();
    log_notice("VM %s starts: %u vCPUs, %lu MiB", vm->plan->name, vm->vcpu_count,
               vm_memory_size(vm) >> 20);
}

void vm_end(struct vm *vm, enum vm_end reason, const char *format, ...)
{
    spin_lock(&vm->life_lock);
    bool first = vm->state == VM_RUNNING;
    if (first) {
        va_list args;
        va_start(args, format);
        kvsnprintf(vm->end_text, sizeof(vm->end_text), format, args);
        va_end(args);
        vm->end = reason;
        if (reason == VM_END_CRASH) {
            crash_begin(vm, vm->end_text);
        }
        __atomic_store_n(&vm->state, VM_ENDING, __ATOMIC_RELEASE);
    }
    spin_unlock(&vm->life_lock);
    if (!first) {
        return;
    }
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vcpu_request(vm->vcpus[i], VCPU_REQUEST_LEAVE);
    }
}

/* A VM that ends again at once must not fill the log, nor its CPU's time, with restarts. */
static uint64_t pause_after_short_run(const struct vm *vm)
{
    return time_us() - vm->started_us < SHORT_RUN_US ? RESTART_DELAY_MS : 0;
}

/* Whether a VM that has ended runs again at once, and how long to wait before. */
static bool restarts(struct vm *vm, uint64_t *delay_ms)
{
    *delay_ms = 0;
    switch (vm->end) {
    case VM_END_RESTART:
        *delay_ms = pause_after_short_run(vm);
        return true;
    case VM_END_POWER_OFF:
        *delay_ms = pause_after_short_run(vm);
        return vm->plan->on_halt == VM_ON_HALT_RESTART;
    case VM_END_CRASH:
        if (vm->plan->on_crash != VM_ON_CRASH_RESTART || vm->crashes > vm->plan->restart_max) {
            return false;
        }
        *delay_ms = (uint64_t)RESTART_DELAY_MS << MIN(vm->crashes - 1, 6);
        return true;
    default:
        return false;
    }
}

/* All vCPUs are out: report, and start again or stay ended. */
static void conclude(struct vm *vm)
{
    vm_pci_stop(vm);
    vm_console_flush(&vm->console);
    bool crash = vm->end == VM_END_CRASH;
    vm->crashes += crash;
    if (crash) {
        crash_finish(vm);
    }
    log_print(crash ? LOG_WARNING : LOG_NOTICE, "VM %s %s: %s", vm->plan->name,
              crash ? "crashed" : "ended", vm->end_text);
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vcpu_log_counters(vm->vcpus[i]);
    }
    uint64_t delay_ms;
    bool again = restarts(vm, &delay_ms);
    if (again) {
        if (crash) {
            log_notice("VM %s starts again in %lu ms (restart %u of at most %u)", vm->plan->name,
                       delay_ms, vm->crashes, vm->plan->restart_max);
        }
        time_delay_us(delay_ms * 1000);
        vm->restarts++;
    }
    spin_lock(&vm->life_lock);
    __atomic_store_n(&vm->state, crash ? VM_CRASHED : VM_STOPPED, __ATOMIC_RELEASE);
    spin_unlock(&vm->life_lock);
    if (again) {
        vm_start(vm);
    } else {
        vm_ended(vm);
    }
}

void vm_vcpu_left(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    spin_lock(&vm->life_lock);
    bool last = --vm->vcpus_inside == 0;
    spin_unlock(&vm->life_lock);
    if (last) {
        conclude(vm);
    }
}
