/* SPDX-License-Identifier: Apache-2.0 */
/* The life of VMs: start, end, start again. See the header; creation is in kernel/vm_create.c. */
#include "kernel/vm.h"

#include "kernel/log.h"
#include "kernel/machine_check.h"
#include "kernel/manage.h"
#include "kernel/panic.h"
#include "kernel/percpu.h"
#include "kernel/printf.h"
#include "kernel/time.h"
#include "kernel/vcpu_counters.h"
#include "kernel/window.h"

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

/* Every change of a VM's state ends here: gives the lock back, then does what is to be done. */
static void unlock_and_do(struct vm *vm, uint32_t deeds)
{
    bool changed = vm->life.state != vm->told_state;
    vm->told_state = vm->life.state;
    if (changed && vm->told_state == VM_ENDING) {
        doorbell_stop(vm);
    }
    spin_unlock(&vm->life_lock);
    if (changed) {
        doorbell_post(BULKHEAD_EVENT_STATE, vm->index);
    }
    if (deeds & VM_DO_BEGIN) {
        vm->restarts += vm->started_us != 0;
        vcpu_request(vm->vcpus[0], VCPU_REQUEST_START);
    }
    for (uint32_t i = 0; (deeds & VM_DO_LOOK) && i < vm->vcpu_count; i++) {
        vcpu_request(vm->vcpus[i], VCPU_REQUEST_LOOK);
    }
    if (deeds & VM_DO_ENDED) {
        vm_ended(vm);
    }
}

static int carry_out(struct vm *vm, enum vm_command command, const char *by)
{
    spin_lock(&vm->life_lock);
    uint32_t before = vm->life.state;
    uint32_t deeds = vm_life_command(&vm->life, command);
    if (before != VM_ENDING && vm->life.state == VM_ENDING) {
        ksnprintf(vm->end_text, sizeof(vm->end_text), "%s by %s",
                  command == VM_COMMAND_STOP ? "stopped" : "restarted", by);
    }
    unlock_and_do(vm, deeds);
    if (command == VM_COMMAND_RESUME && deeds != VM_DO_BUSY) {
        log_notice("VM %s goes on", vm->plan->name);
    }
    return deeds == VM_DO_BUSY ? -BULKHEAD_EBUSY : 0;
}

int vm_start(struct vm *vm)
{
    return has_its_cpus(vm) ? carry_out(vm, VM_COMMAND_START, NULL) : -BULKHEAD_ENOENT;
}

int vm_stop(struct vm *vm, const char *by)
{
    return carry_out(vm, VM_COMMAND_STOP, by);
}

int vm_restart(struct vm *vm, const char *by)
{
    return has_its_cpus(vm) ? carry_out(vm, VM_COMMAND_RESTART, by) : -BULKHEAD_ENOENT;
}

int vm_pause(struct vm *vm)
{
    return carry_out(vm, VM_COMMAND_PAUSE, NULL);
}

int vm_resume(struct vm *vm)
{
    return carry_out(vm, VM_COMMAND_RESUME, NULL);
}

uint64_t vm_start_if_due(struct vm *vm)
{
    spin_lock(&vm->life_lock);
    uint64_t now = time_us();
    uint32_t deeds = vm_life_due(&vm->life, now);
    uint64_t left = vm->life.state == VM_WAITING ? vm->life.restart_us - now : UINT64_MAX;
    unlock_and_do(vm, deeds);
    return left;
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
        uint32_t state = vm_state(vm_get(i));
        if (state != VM_STOPPED && state != VM_CRASHED) {
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
    legacy_reset(vm);
    vm_watchdog_reset(vm);
    fault_reset(vm);
    vm->note_count = 0;
    spin_unlock(&vm->device_lock);
    manage_reset(vm);
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vcpu_reset(vm->vcpus[i]);
    }
    /* The others go and wait for SIPI. */
    spin_lock(&vm->life_lock);
    vm->life.inside = vm->vcpu_count;
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
    bool first = vm_life_lives(&vm->life);
    if (first) {
        va_list args;
        va_start(args, format);
        kvsnprintf(vm->end_text, sizeof(vm->end_text), format, args);
        va_end(args);
        if (reason == VM_END_CRASH) {
            crash_begin(vm, vm->end_text);
        }
        vm_life_end(&vm->life, reason);
    }
    unlock_and_do(vm, first ? VM_DO_LOOK : 0);
}

enum vm_look vm_look(struct vcpu *vcpu, bool stands)
{
    struct vm *vm = vcpu->vm;
    machine_check_settle();
    spin_lock(&vm->life_lock);
    enum vm_look look = vm_life_look(&vm->life, stands);
    unlock_and_do(vm, 0);
    if (vcpu->index == 0 && look == VM_LOOK_RUN) {
        (stands ? vm_watchdog_resume : vm_watchdog_arm)(vcpu);
        if (vm->plan->flags & VM_FLAG_FAULTS) {
            fault_arm(vcpu);
        }
    }
    return look;
}

void vm_stand(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    if (vcpu->index == 0) {
        vm_watchdog_pause(vcpu);
    }
    spin_lock(&vm->life_lock);
    bool paused = vm_life_stand(&vm->life);
    unlock_and_do(vm, 0);
    if (paused) {
        log_notice("VM %s is paused", vm->plan->name);
    }
}

/* All vCPUs are out: report, and start again or stay ended. */
static void conclude(struct vm *vm)
{
    vm_pci_stop(vm);
    vm_console_flush(&vm->console);
    bool crash = vm->life.end == VM_END_CRASH;
    vm->crashes += crash;
    if (crash) {
        crash_finish(vm);
    }
    log_print(crash ? LOG_WARNING : LOG_NOTICE, "VM %s %s: %s", vm->plan->name,
              crash ? "crashed" : "ended", vm->end_text);
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vcpu_log_counters(vm->vcpus[i]);
    }
    uint64_t extra_us = fault_restart_us(vm);
    spin_lock(&vm->life_lock);
    uint64_t now = time_us();
    uint32_t deeds = vm_life_conclude(&vm->life, vm->plan, now - vm->started_us, now, extra_us);
    if (crash && vm->life.state == VM_WAITING) {
        log_notice("VM %s starts again in %lu ms (restart %u of at most %u)", vm->plan->name,
                   (vm->life.restart_us - now) / 1000, vm->life.crashes_in_row,
                   vm->plan->restart_max);
    }
    unlock_and_do(vm, deeds);
}

void vm_vcpu_left(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    spin_lock(&vm->life_lock);
    bool last = vm_life_left(&vm->life);
    unlock_and_do(vm, 0);
    if (last) {
        conclude(vm);
    }
}
