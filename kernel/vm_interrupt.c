/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts inside a VM: what its vCPUs write to their ICRs, what its IOAPIC sends. Everything
 * goes to CPUs of the VM itself (kernel/apic_map.h); fixed interrupts as physical IPIs, which a
 * running guest takes without an exit, the rest as requests to the vCPU.
 */
#include "drivers/lapic.h"
#include "kernel/vm.h"

static void send_fixed(const struct vm *vm, uint64_t targets, uint8_t vector)
{
    while (targets != 0) {
        uint32_t index = (uint32_t)__builtin_ctzll(targets);
        targets &= targets - 1;
        lapic_write_icr(icr_fixed(vector, vm->vcpus[index]->apic_id));
    }
}

static void request_all(const struct vm *vm, uint64_t targets, uint32_t request)
{
    while (targets != 0) {
        uint32_t index = (uint32_t)__builtin_ctzll(targets);
        targets &= targets - 1;
        vcpu_request(vm->vcpus[index], request);
    }
}

/* A SIPI counts only for a vCPU that waits for it: SDM "Wait-for-SIPI". */
static void send_startup(struct vm *vm, uint64_t targets, uint8_t vector)
{
    while (targets != 0) {
        uint32_t index = (uint32_t)__builtin_ctzll(targets);
        struct vcpu *vcpu = vm->vcpus[index];
        targets &= targets - 1;
        uint32_t requests = __atomic_load_n(&vcpu->requests, __ATOMIC_ACQUIRE);
        bool waits = __atomic_load_n(&vcpu->state, __ATOMIC_ACQUIRE) == VCPU_WAIT_SIPI ||
                     (requests & (VCPU_REQUEST_INIT | VCPU_REQUEST_START));
        if (waits && !(requests & VCPU_REQUEST_SIPI)) {
            __atomic_store_n(&vcpu->sipi_vector, vector, __ATOMIC_RELEASE);
            vcpu_request(vcpu, VCPU_REQUEST_SIPI);
        }
    }
}

bool vm_send_ipi(struct vcpu *vcpu, const struct icr_request *request)
{
    struct vm *vm = vcpu->vm;
    switch (request->action) {
    case ICR_SEND:
        if (request->direct) {
            lapic_write_icr(request->hardware);
        } else {
            send_fixed(vm, request->targets, request->vector);
        }
        return true;
    case ICR_NMI:
        request_all(vm, request->targets, VCPU_REQUEST_NMI);
        return true;
    case ICR_INIT:
        request_all(vm, request->targets, VCPU_REQUEST_INIT);
        return true;
    case ICR_STARTUP:
        send_startup(vm, request->targets, request->vector);
        return true;
    case ICR_NOTHING:
        return true;
    case ICR_REFUSED:
        vcpu->counters.denied++;
        return true;
    case ICR_FAULT:
        break;
    }
    return false;
}

void vm_deliver(struct vm *vm, const struct vioapic_message *message)
{
    uint64_t targets =
        icr_xapic_targets(&vm->apic_map, message->destination, message->logical, vm->xapic_logical);
    switch (message->delivery_mode) {
    case IOAPIC_DELIVERY_LOWEST:
        targets &= 0 - targets; /* any one of them: the first */
        send_fixed(vm, targets, message->vector);
        return;
    case IOAPIC_DELIVERY_FIXED:
        send_fixed(vm, targets, message->vector);
        return;
    case IOAPIC_DELIVERY_NMI:
        request_all(vm, targets, VCPU_REQUEST_NMI);
        return;
    default:
        return; /* INIT and ExtINT from a pin: nothing in this machine sends them */
    }
}
