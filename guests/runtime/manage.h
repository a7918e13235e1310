/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The management calls as functions, for guests whose VM has `manage`: see bulkhead_abi.h for what
 * each does. All return what the call returns: 0 or more, or a negative BULKHEAD_E... Facts are
 * zeroed before the call. Memory is named by its address: the runtime maps RAM one to one.
 */
#ifndef GUESTS_RUNTIME_MANAGE_H
#define GUESTS_RUNTIME_MANAGE_H

#include <stddef.h>

#include "guests/runtime/hypercall.h"
#include "kernel/string.h"

static inline int64_t manage_machine(struct bulkhead_machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    return hypercall(BULKHEAD_CALL_MACHINE, (uint64_t)machine, sizeof(*machine), 0, 0, 0);
}

static inline int64_t manage_vm(uint64_t vm, struct bulkhead_vm *facts)
{
    memset(facts, 0, sizeof(*facts));
    return hypercall(BULKHEAD_CALL_VM, vm, (uint64_t)facts, sizeof(*facts), 0, 0);
}

static inline int64_t manage_vcpu(uint64_t vm, uint64_t vcpu, struct bulkhead_vcpu *facts)
{
    memset(facts, 0, sizeof(*facts));
    return hypercall(BULKHEAD_CALL_VCPU, vm, vcpu, (uint64_t)facts, sizeof(*facts), 0);
}

static inline int64_t manage_control(uint64_t vm, enum bulkhead_action action, uint64_t argument)
{
    return hypercall(BULKHEAD_CALL_CONTROL, vm, action, argument, 0, 0);
}

/* chunk: `size` bytes of memory, of which the data takes what is behind the structure. */
static inline int64_t manage_read(enum bulkhead_stream stream, uint64_t vm, uint64_t position,
                                  struct bulkhead_chunk *chunk, size_t size)
{
    return hypercall(BULKHEAD_CALL_READ, stream, vm, position, (uint64_t)chunk, size);
}

static inline int64_t manage_input(uint64_t vm, const void *bytes, size_t count)
{
    return hypercall(BULKHEAD_CALL_INPUT, vm, (uint64_t)bytes, count, 0, 0);
}

/* ring: aligned to 64, with `size` bytes behind it; size 0: no ring any more. */
static inline int64_t manage_ring(enum bulkhead_stream stream, uint64_t vm,
                                  struct bulkhead_ring *ring, size_t size)
{
    return hypercall(BULKHEAD_CALL_RING, stream, vm, (uint64_t)ring, size, 0);
}

static inline int64_t manage_notify(uint8_t vector, uint32_t vcpu, uint64_t events, uint64_t vms)
{
    return hypercall(BULKHEAD_CALL_NOTIFY, vector, vcpu, events, vms, 0);
}

static inline int64_t manage_events(struct bulkhead_events *events)
{
    return hypercall(BULKHEAD_CALL_EVENTS, (uint64_t)events, sizeof(*events), 0, 0, 0);
}

/* level -1: only asks. */
static inline int64_t manage_log_level(int64_t level)
{
    return hypercall(BULKHEAD_CALL_LOG_LEVEL, (uint64_t)level, 0, 0, 0, 0);
}

static inline int64_t manage_machine_end(enum bulkhead_machine_end how)
{
    return hypercall(BULKHEAD_CALL_MACHINE_END, how, BULKHEAD_MACHINE_END_SURE, 0, 0, 0);
}

static inline int64_t manage_faults(uint64_t vm, const char *text, size_t length)
{
    return hypercall(BULKHEAD_CALL_FAULTS, vm, (uint64_t)text, length, 0, 0);
}

#endif
