/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens in the machine, on its way to VMs that manage it: bits that wait until the VM asks,
 * and one interrupt, the doorbell, when it has asked in vain. Whoever posts is never held up by who
 * listens: it sets a bit, and perhaps sends one IPI. See bulkhead_abi.h, BULKHEAD_CALL_NOTIFY.
 */
#ifndef KERNEL_DOORBELL_H
#define KERNEL_DOORBELL_H

#include "guests/include/bulkhead_abi.h"
#include "kernel/spinlock.h"
#include "kernel/types.h"

struct vm;

struct doorbell {
    struct spinlock lock; /* over armed, vector, apic_id; nothing else is locked under it */
    bool armed;
    uint8_t vector; /* 0: none */
    uint32_t apic_id;
    uint64_t chosen[BULKHEAD_EVENT_COUNT]; /* masks of VMs; any CPU, atomic */
    uint64_t pending[BULKHEAD_EVENT_COUNT];
};

/*
 * Something happened to VM number `index` (BULKHEAD_EVENT_LOG: 0). Any CPU in root mode, with any
 * lock held, not from an NMI handler.
 */
void doorbell_post(enum bulkhead_event event, uint32_t index);

/*
 * The events in the mask `events` of the VMs in `vms` are `vm`'s from now on, and are pending.
 * False: the VM is ending. vector 0: no doorbell. The VM's own CPU.
 */
bool doorbell_set(struct vm *vm, uint8_t vector, uint32_t apic_id, uint64_t events, uint64_t vms);

/* Puts what has happened into happened[] and forgets it. */
void doorbell_take(struct vm *vm, uint64_t happened[BULKHEAD_EVENT_COUNT]);

/* From now on the next event rings; at once when it has come already. The VM's own CPU. */
void doorbell_arm(struct vm *vm);

/*
 * The VM's state is no longer VM_RUNNING: nothing is sent to its CPUs when this has returned. Any
 * CPU; before they leave the guest, so that their APICs' reset takes back what was sent.
 */
void doorbell_stop(struct vm *vm);

#endif
