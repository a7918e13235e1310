/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks with management calls: arguments of all kinds, rings with headers full of garbage. With
 * the right (`permissions = "manage"`) they avoid only what the right allows to do to others: no
 * other VM is stopped, paused or sent an NMI, and the machine goes on. Without it all are refused.
 */
#include "guests/hostile/attack.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/memory.h"

#define SCRATCH_RANGE                                                                              \
    4096              /* where addresses of ours begin; behind it is room for what is written */
#define RING_SHIFTS 5 /* rings of 1 to 16 KiB fit into the scratch pages */

struct call {
    uint64_t number;
    uint64_t arguments[5];
    bool writes_elsewhere; /* it must be refused */
    int64_t result;
};

static struct bulkhead_facts facts;
static struct bulkhead_machine machine;

static void make_call(void *argument)
{
    struct call *call = argument;
    const uint64_t *a = call->arguments;
    call->result = hypercall(call->number, a[0], a[1], a[2], a[3], a[4]);
}

static bool granted(void)
{
    if (facts.size == 0) {
        hypercall_facts(&facts);
        hypercall(BULKHEAD_CALL_MACHINE, (uint64_t)&machine, sizeof(machine), 0, 0, 0);
        machine.vm_count += machine.vm_count == 0; /* was not told */
    }
    return (facts.flags & BULKHEAD_FACT_MANAGE) != 0;
}

/* Somewhere to write to; notes whether that is not ours. */
static uint64_t address(struct call *call)
{
    if (attack_below(2) != 0) {
        return (uint64_t)attack_scratch + attack_below(SCRATCH_RANGE);
    }
    call->writes_elsewhere = true;
    switch (attack_below(3)) {
    case 0:
        return attack_foreign_address();
    case 1:
        return 0 - (1 + attack_below(8192));
    default:
        return memory_ram_end() - attack_below(8);
    }
}

static uint64_t any_vm(void)
{
    return attack_below(4) != 0 ? attack_below(machine.vm_count) : attack_value();
}

static uint64_t wrong_vm(void)
{
    uint64_t value = attack_value();
    return value < machine.vm_count ? value + machine.vm_count : value;
}

static uint64_t size_of_structure(void)
{
    return 8 + attack_below(2) * attack_below(2048);
}

static void structure(struct call *call)
{
    call->number = BULKHEAD_CALL_MACHINE + attack_below(3);
    uint64_t first = call->number - BULKHEAD_CALL_MACHINE; /* VM and vCPU come ahead of it */
    call->arguments[0] = any_vm();
    call->arguments[1] = attack_value() & 1;
    call->arguments[first] = address(call);
    call->arguments[first + 1] = size_of_structure();
}

/* Itself: what it cannot do to itself. Others: only those that do not exist. */
static void control(struct call *call)
{
    static const uint64_t harmless[] = {BULKHEAD_ACTION_START, BULKHEAD_ACTION_PAUSE,
                                        BULKHEAD_ACTION_RESUME, 6, 1000};
    bool self = attack_below(2) != 0;
    call->number = BULKHEAD_CALL_CONTROL;
    call->arguments[0] = self ? machine.self : wrong_vm();
    call->arguments[1] = self ? harmless[attack_below(5)] : attack_below(8);
    call->arguments[2] = attack_value();
    call->writes_elsewhere = true;
}

static void read(struct call *call)
{
    call->number = BULKHEAD_CALL_READ;
    call->arguments[0] = attack_below(6);
    call->arguments[1] = any_vm();
    call->arguments[2] = attack_value();
    call->arguments[3] = address(call);
    call->arguments[4] = attack_below(2) != 0 ? attack_below(8192) : attack_value();
}

static void input(struct call *call)
{
    call->number = BULKHEAD_CALL_INPUT;
    call->arguments[0] = attack_below(2) != 0 ? machine.self : wrong_vm();
    call->arguments[1] = address(call);
    call->arguments[2] = 8 + attack_below(8192);
}

static void ring(struct call *call)
{
    call->number = BULKHEAD_CALL_RING;
    call->arguments[0] = attack_below(4);
    call->arguments[1] = any_vm();
    call->arguments[2] = address(call) & ~(attack_below(4) != 0 ? UINT64_C(63) : 0);
    call->arguments[3] = UINT64_C(1024) << attack_below(RING_SHIFTS);
    if (call->writes_elsewhere && attack_below(2) != 0) {
        call->arguments[3] = attack_value() | 1;
    }
}

static void notify(struct call *call)
{
    call->number = BULKHEAD_CALL_NOTIFY;
    call->arguments[0] = attack_below(300);
    call->arguments[1] = attack_below(2);
    call->arguments[2] = attack_below(20);
    call->arguments[3] = attack_value();
}

/* Over rings whose headers are what other attacks left in the scratch pages, or worse. */
static void events(struct call *call)
{
    uint64_t *words = (uint64_t *)attack_scratch;
    for (uint32_t i = 0; i < 8; i++) {
        words[attack_below(SCRATCH_RANGE / 8)] = attack_value();
    }
    call->number = BULKHEAD_CALL_EVENTS;
    call->arguments[0] = address(call);
    call->arguments[1] = size_of_structure();
}

static void others(struct call *call)
{
    uint64_t value = attack_value();
    call->writes_elsewhere = true;
    call->arguments[0] = wrong_vm();
    switch (attack_below(4)) {
    case 0:
        call->number = BULKHEAD_CALL_LOG_LEVEL;
        call->arguments[0] = value == UINT64_MAX || value <= BULKHEAD_LOG_DEBUG ? 5 : value;
        break;
    case 1:
        call->number = BULKHEAD_CALL_MACHINE_END;
        call->arguments[0] = attack_below(3);
        call->arguments[1] = value == BULKHEAD_MACHINE_END_SURE ? 0 : value;
        break;
    case 2:
        call->number = BULKHEAD_CALL_FAULTS;
        call->arguments[1] = attack_value();
        call->arguments[2] = attack_value();
        break;
    default:
        call->number = BULKHEAD_CALL_FAULTS + 1 + attack_below(1000);
    }
}

static void run_manage(uint64_t number)
{
    static void (*const makers[])(struct call *) = {structure, control, read,   input,
                                                    ring,      notify,  events, others};
    struct call call = {.number = 0};
    bool right = hypercall_available() && granted();
    makers[number % (sizeof(makers) / sizeof(makers[0]))](&call);
    if (attack_try(make_call, &call) >= 0) {
        return;
    }
    if (!right && call.result != -BULKHEAD_EPERM) {
        attack_suspect("management without the right", call.number, (uint64_t)call.result);
    }
    if (right && call.writes_elsewhere && call.result >= 0) {
        attack_suspect("management call not refused", call.number, (uint64_t)call.result);
    }
}

static const struct attack table[] = {
    {"call-manage", "management calls are refused, or do no more than they say", run_manage, 2},
};

const struct attack_list attacks_manage = {table, sizeof(table) / sizeof(table[0])};
