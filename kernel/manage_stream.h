/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of bytes for a managing VM: reads from a position, and rings in the VM's own memory. A
 * ring is touched only in a call of the VM that owns it, on that VM's CPU: nobody who prints waits
 * for it, and nothing is left to undo when the VM ends.
 */
#ifndef KERNEL_MANAGE_STREAM_H
#define KERNEL_MANAGE_STREAM_H

#include "guests/include/bulkhead_abi.h"
#include "kernel/spinlock.h"
#include "kernel/types.h"
#include "kernel/vm_plan.h"

struct vcpu;

#define MANAGE_RINGS (2 * VM_MAX + 1) /* console and input of each VM, and the log */

struct manage_ring {
    gpa_t gpa;      /* of struct bulkhead_ring; all of the ring is RAM */
    uint32_t size;  /* of the data, a power of two; 0: no ring */
    uint64_t count; /* bytes that went through it: the hypervisor's own position, never read back */
    uint64_t position; /* in the stream */
    uint64_t missed;
};

/* Of each VM, used by those with the right. */
struct manage_rings {
    struct spinlock lock; /* among the VM's own vCPUs */
    uint32_t open;        /* rings with a size */
    uint32_t next;        /* the ring that comes first the next time */
    struct manage_ring ring[MANAGE_RINGS];
};

/* BULKHEAD_CALL_READ, _RING and _EVENTS; arguments in the vCPU's registers. */
int64_t manage_read(struct vcpu *vcpu);
int64_t manage_ring(struct vcpu *vcpu);
int64_t manage_events(struct vcpu *vcpu);

#endif
