/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's watchdog, its timer and its end; see the header. */
#include "kernel/vm_watchdog.h"

#include "kernel/cpu.h"
#include "kernel/time.h"
#include "kernel/vm.h"

static uint64_t now_ms(void *context)
{
    (void)context;
    return time_us() / 1000;
}

void vm_watchdog_create(struct vm *vm)
{
    vwatchdog_init(&vm->watchdog.device, now_ms, NULL);
    vm->watchdog.armed = VWATCHDOG_NEVER;
}

void vm_watchdog_reset(struct vm *vm)
{
    vwatchdog_reset(&vm->watchdog.device);
    vm->watchdog.armed = VWATCHDOG_NEVER;
}

void vm_watchdog_arm(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    spin_lock(&vm->device_lock);
    uint64_t deadline = vwatchdog_deadline(&vm->watchdog.device);
    uint64_t before = vm->watchdog.armed;
    vm->watchdog.armed = deadline;
    spin_unlock(&vm->device_lock);
    if (deadline == before) {
        return;
    }
    uint64_t tsc = VCPU_TIMER_OFF;
    if (deadline != VWATCHDOG_NEVER) {
        uint64_t now = now_ms(NULL);
        tsc = cpu_rdtsc() + time_us_to_tsc(deadline > now ? (deadline - now) * 1000 : 0);
    }
    vcpu_timer_set(vcpu, VCPU_TIMER_WATCHDOG, tsc);
}

void vm_watchdog_pause(struct vcpu *vcpu)
{
    spin_lock(&vcpu->vm->device_lock);
    vwatchdog_pause(&vcpu->vm->watchdog.device);
    spin_unlock(&vcpu->vm->device_lock);
}

void vm_watchdog_resume(struct vcpu *vcpu)
{
    spin_lock(&vcpu->vm->device_lock);
    vwatchdog_resume(&vcpu->vm->watchdog.device);
    spin_unlock(&vcpu->vm->device_lock);
    vm_watchdog_arm(vcpu);
}

void vm_watchdog_timer(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    struct vwatchdog *device = &vm->watchdog.device;
    spin_lock(&vm->device_lock);
    bool expired = vwatchdog_expired(device);
    uint32_t units = device->timeout;
    vm->watchdog.armed = VWATCHDOG_NEVER; /* the timer is off now */
    spin_unlock(&vm->device_lock);
    if (expired) {
        vm_end(vm, VM_END_CRASH, "watchdog expired: the guest has not reported for %u.%u s",
               units * VWATCHDOG_UNIT_MS / 1000, units * VWATCHDOG_UNIT_MS % 1000 / 100);
    } else {
        vm_watchdog_arm(vcpu); /* the guest has reported since, or turned it off */
    }
}

/* ---- ports ---- */

static uint64_t read_port(void *context, uint64_t offset, unsigned size)
{
    struct vm *vm = context;
    return vwatchdog_ops.read(&vm->watchdog.device, offset, size);
}

/*
 * Any vCPU. A deadline behind the one that the timer waits for needs nothing: the timer finds it
 * when it comes. So reporting costs one exit, whichever CPU does it.
 */
static void write_port(void *context, uint64_t offset, unsigned size, uint64_t value)
{
    struct vm *vm = context;
    vwatchdog_ops.write(&vm->watchdog.device, offset, size, value);
    if (vwatchdog_deadline(&vm->watchdog.device) < vm->watchdog.armed) {
        vcpu_request(vm->vcpus[0], VCPU_REQUEST_LOOK);
    }
}

const struct device_ops vm_watchdog_ops = {.read = read_port, .write = write_port};
