/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks with hypercalls: numbers that do not exist or are not allowed, and memory that is not the
 * caller's, wraps around, or is larger than anything.
 */
#include "guests/runtime/hypercall.h"
#include "guests/hostile/attack.h"
#include "guests/runtime/memory.h"
#include "kernel/string.h"

#define ERRNO_MAX   4095
#define UNUSED_FROM 6 /* the first number below BULKHEAD_CALL_MANAGE without a call */

struct call {
    uint64_t number;
    uint64_t arguments[5];
    int64_t result;
};

static void make_call(void *argument)
{
    struct call *call = argument;
    const uint64_t *a = call->arguments;
    call->result = hypercall(call->number, a[0], a[1], a[2], a[3], a[4]);
}

static bool is_error(int64_t result)
{
    return result < 0 && result >= -ERRNO_MAX;
}

/* Never our own memory, except the scratch pages. */
static uint64_t strange_address(void)
{
    uint64_t scratch = (uint64_t)attack_scratch;
    uint64_t value = attack_value();
    switch (attack_below(5)) {
    case 0:
        return scratch + attack_below(4096);
    case 1:
        return attack_foreign_address();
    case 2: /* so that address + size wraps */
        return 0 - (1 + attack_below(8192));
    default:
        return value < memory_ram_end() ? value + memory_ram_end() : value;
    }
}

static void run_number(uint64_t number)
{
    struct call call = {.number = attack_below(2) != 0 ? attack_below(0x400) : attack_value()};
    if (call.number < UNUSED_FROM) {
        call.number += UNUSED_FROM;
    }
    (void)number;
    for (int i = 0; i < 5; i++) {
        call.arguments[i] = strange_address();
    }
    if (attack_try(make_call, &call) < 0 && !is_error(call.result)) {
        attack_suspect("hypercall without a right", call.number, (uint64_t)call.result);
    }
}

/* FACTS and COUNTERS: they write. Scratch memory has room behind it for either. */
static void run_structure(uint64_t number)
{
    uint64_t call_number = (number & 1) != 0 ? BULKHEAD_CALL_FACTS : BULKHEAD_CALL_COUNTERS;
    struct call call = {.number = call_number, .arguments = {strange_address()}};
    uint64_t offset = call.arguments[0] - (uint64_t)attack_scratch;
    bool own = offset < 4096;
    call.arguments[1] = own ? attack_below(4096) : attack_value();
    if (attack_try(make_call, &call) < 0 && !own && !is_error(call.result)) {
        attack_suspect("hypercall wrote elsewhere", call.arguments[0], (uint64_t)call.result);
    }
}

/* The last byte of RAM and what follows: nothing may be written when not all of it fits. */
static void run_edge(uint64_t number)
{
    uint64_t inside = 1 + attack_below(64);
    struct call call = {.number = BULKHEAD_CALL_FACTS,
                        .arguments = {memory_ram_end() - inside, inside + 8 + number % 4096}};
    if (attack_try(make_call, &call) < 0 && !is_error(call.result)) {
        attack_suspect("hypercall across the end of RAM", call.arguments[0], (uint64_t)call.result);
    }
}

/* Console output from where nothing is, or from across the end; seldom a little that is real. */
static void run_console(uint64_t number)
{
    struct call call = {.number = BULKHEAD_CALL_CONSOLE_WRITE};
    uint64_t strange = strange_address();
    bool own = strange - (uint64_t)attack_scratch < 4096;
    uint64_t inside = 1 + attack_below(64);
    if (number % 512 == 0) {
        memset(attack_scratch, '.', 8);
        attack_scratch[7] = '\n';
        call.arguments[0] = (uint64_t)attack_scratch;
        call.arguments[1] = 8;
    } else {
        call.arguments[0] = own ? memory_ram_end() - inside : strange;
        call.arguments[1] = (own ? inside + 1 : 1) + attack_random() / 2;
    }
    if (attack_try(make_call, &call) < 0 && number % 512 != 0 && !is_error(call.result)) {
        attack_suspect("console output from elsewhere", call.arguments[0], (uint64_t)call.result);
    }
}

static const struct attack table[] = {
    {"call-number", "unknown and privileged hypercalls are refused", run_number, 4},
    {"call-structure", "hypercalls write only to the caller's own RAM", run_structure, 3},
    {"call-edge", "a range that leaves RAM is refused as a whole", run_edge, 1},
    {"call-console", "console output is read only from the caller's own RAM", run_console, 1},
};

const struct attack_list attacks_hypercall = {table, sizeof(table) / sizeof(table[0])};
