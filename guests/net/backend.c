/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Management calls to Bulkhead.
 */
#include "guests/net/backend.h"

#include "guests/net/vectors.h"
#include "guests/runtime/hypercall.h"
#include "kernel/string.h"

#define CHUNK_HEADER sizeof(struct bulkhead_chunk)

static bool watching;

bool backend_available(void)
{
    static bool asked;
    static bool available;
    struct bulkhead_facts facts;
    if (!asked) {
        asked = true;
        available = hypercall_available() && hypercall_facts(&facts) &&
                    (facts.flags & BULKHEAD_FACT_MANAGE) != 0;
    }
    return available;
}

bool backend_machine(struct bulkhead_machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    return backend_available() &&
           hypercall(BULKHEAD_CALL_MACHINE, (uint64_t)machine, sizeof(*machine), 0, 0, 0) > 0;
}

bool backend_vm(uint32_t vm, struct bulkhead_vm *facts)
{
    memset(facts, 0, sizeof(*facts));
    return hypercall(BULKHEAD_CALL_VM, vm, (uint64_t)facts, sizeof(*facts), 0, 0) > 0;
}

bool backend_vcpu(uint32_t vm, uint32_t vcpu, struct bulkhead_vcpu *facts)
{
    memset(facts, 0, sizeof(*facts));
    return hypercall(BULKHEAD_CALL_VCPU, vm, vcpu, (uint64_t)facts, sizeof(*facts), 0) > 0;
}

int64_t backend_control(uint32_t vm, enum bulkhead_action action, uint64_t argument)
{
    return hypercall(BULKHEAD_CALL_CONTROL, vm, (uint64_t)action, argument, 0, 0);
}

size_t backend_read(enum bulkhead_stream stream, uint32_t vm, uint64_t position, char *to,
                    size_t size, uint64_t *next, uint64_t *missed)
{
    static struct {
        struct bulkhead_chunk chunk;
        char data[BULKHEAD_TRANSFER_MAX];
    } transfer;

    size_t wanted = size < sizeof(transfer.data) ? size : sizeof(transfer.data);
    int64_t result = hypercall(BULKHEAD_CALL_READ, (uint64_t)stream, vm, position,
                               (uint64_t)&transfer, CHUNK_HEADER + wanted);
    *next = position;
    *missed = 0;
    if (result < 0) {
        return 0;
    }
    size_t length = (size_t)result < wanted ? (size_t)result : wanted;
    memcpy(to, transfer.data, length);
    *next = transfer.chunk.next;
    *missed = transfer.chunk.missed;
    return length;
}

size_t backend_input(uint32_t vm, const uint8_t *bytes, size_t count)
{
    int64_t taken = hypercall(BULKHEAD_CALL_INPUT, vm, (uint64_t)bytes, count, 0, 0);
    return taken > 0 ? (size_t)taken : 0;
}

void backend_watch(uint64_t consoles, bool log)
{
    uint64_t events =
        (consoles != 0 ? 1u << BULKHEAD_EVENT_CONSOLE : 0) | (log ? 1u << BULKHEAD_EVENT_LOG : 0);
    uint64_t vector = events != 0 ? VECTOR_DOORBELL : 0;
    watching = events != 0 && hypercall_available() &&
               hypercall(BULKHEAD_CALL_NOTIFY, vector, 0, events, consoles, 0) >= 0;
    if (events == 0 && hypercall_available()) {
        hypercall(BULKHEAD_CALL_NOTIFY, 0, 0, 0, 0, 0);
    }
}

bool backend_happened(uint64_t *consoles, bool *log)
{
    struct bulkhead_events events;
    memset(&events, 0, sizeof(events));
    if (!watching ||
        hypercall(BULKHEAD_CALL_EVENTS, (uint64_t)&events, sizeof(events), 0, 0, 0) <= 0) {
        return false;
    }
    *consoles = events.happened[BULKHEAD_EVENT_CONSOLE];
    *log = events.happened[BULKHEAD_EVENT_LOG] != 0;
    return true;
}
