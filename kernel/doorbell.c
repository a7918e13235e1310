/* SPDX-License-Identifier: Apache-2.0 */
/* Events for VMs with the `manage` right; see the header. */
#include "kernel/doorbell.h"

#include "drivers/lapic.h"
#include "kernel/string.h"
#include "kernel/vm.h"

/* Once: it is unarmed afterwards. */
static void ring(struct doorbell *bell)
{
    spin_lock(&bell->lock);
    if (bell->armed) {
        bell->armed = false;
        lapic_send_fixed(bell->apic_id, bell->vector);
    }
    spin_unlock(&bell->lock);
}

void doorbell_post(enum bulkhead_event event, uint32_t index)
{
    for (uint32_t i = 0; i < vm_count(); i++) {
        struct doorbell *bell = &vm_get(i)->doorbell;
        if (__atomic_load_n(&bell->chosen[event], __ATOMIC_RELAXED) & BIT(index)) {
            __atomic_fetch_or(&bell->pending[event], BIT(index), __ATOMIC_SEQ_CST);
            if (__atomic_load_n(&bell->armed, __ATOMIC_SEQ_CST)) {
                ring(bell);
            }
        }
    }
}

bool doorbell_set(struct vm *vm, uint8_t vector, uint32_t apic_id, uint64_t events, uint64_t vms)
{
    struct doorbell *bell = &vm->doorbell;
    spin_lock(&bell->lock);
    /* Under the lock: doorbell_stop() comes after the change of state. */
    bool lives = vm_state(vm) != VM_ENDING;
    if (lives) {
        bell->armed = false;
        bell->vector = vector;
        bell->apic_id = apic_id;
        for (uint32_t i = 0; i < BULKHEAD_EVENT_COUNT; i++) {
            uint64_t mask = i == BULKHEAD_EVENT_LOG ? 1 : vms;
            mask = vector != 0 && (events & BIT(i)) ? mask : 0;
            __atomic_store_n(&bell->chosen[i], mask, __ATOMIC_SEQ_CST);
            __atomic_store_n(&bell->pending[i], mask, __ATOMIC_SEQ_CST);
        }
    }
    spin_unlock(&bell->lock);
    return lives;
}

void doorbell_take(struct vm *vm, uint64_t happened[BULKHEAD_EVENT_COUNT])
{
    for (uint32_t i = 0; i < BULKHEAD_EVENT_COUNT; i++) {
        happened[i] = __atomic_exchange_n(&vm->doorbell.pending[i], 0, __ATOMIC_SEQ_CST);
    }
}

void doorbell_arm(struct vm *vm)
{
    struct doorbell *bell = &vm->doorbell;
    spin_lock(&bell->lock);
    __atomic_store_n(&bell->armed, bell->vector != 0, __ATOMIC_SEQ_CST);
    spin_unlock(&bell->lock);
    for (uint32_t i = 0; i < BULKHEAD_EVENT_COUNT; i++) {
        if (__atomic_load_n(&bell->pending[i], __ATOMIC_SEQ_CST) != 0) {
            ring(bell); /* came since doorbell_take() */
        }
    }
}

void doorbell_stop(struct vm *vm)
{
    struct doorbell *bell = &vm->doorbell;
    spin_lock(&bell->lock);
    bell->armed = false;
    bell->vector = 0;
    memset(bell->chosen, 0, sizeof(bell->chosen));
    spin_unlock(&bell->lock);
}
