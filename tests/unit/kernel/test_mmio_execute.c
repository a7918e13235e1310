/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/mmio_decode.c kernel/mmio_decode_any.c kernel/mmio_modrm.c kernel/mmio_forms.c */
/* links: kernel/mmio_address.c kernel/mmio_execute.c */
/* links: tests/unit/kernel/mmio_native.c tests/unit/kernel/mmio_generate.c */
/*
 * The processor this runs on is the oracle: random instructions are executed by it and by
 * decoder and executor, and must leave the same registers, flags and memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu_regs.h"
#include "kernel/mmio_execute.h"
#include "tests/unit/kernel/mmio_generate.h"

#define CASES 400000

static struct native_memory memory;
static uint8_t data[NATIVE_DATA_SIZE]; /* what the emulation sees instead of memory.data */
static uint8_t stack[NATIVE_STACK_SIZE];

static uint8_t *locate(uint64_t address, unsigned size)
{
    uint64_t in_data = address - (uint64_t)(uintptr_t)memory.data;
    uint64_t in_stack = address - (uint64_t)(uintptr_t)memory.stack;
    if (in_data <= NATIVE_DATA_SIZE - size) {
        return data + in_data;
    }
    return in_stack <= NATIVE_STACK_SIZE - size ? stack + in_stack : NULL;
}

static void fill(struct generator *g, const struct generated *insn)
{
    uint64_t pattern = insn->state.gpr[MMIO_RAX]; /* makes comparisons equal now and then */
    bool equal = generate_number(g, 3) == 0;
    for (size_t i = 0; i < sizeof(data); i += 8) {
        uint64_t random = generate_number(g, BIT(32)) << 32 | generate_number(g, BIT(32));
        memcpy(data + i, equal && random % 8 != 0 ? &pattern : &random, 8);
        memcpy(stack + i, &random, 8);
    }
    memcpy(memory.data, data, sizeof(data));
    memcpy(memory.stack, stack, sizeof(stack));
}

/* Runs the emulation to the end of the instruction. False: an address is not where it should be. */
static bool emulate(const struct mmio_insn *insn, struct native_state *state, uint64_t expected)
{
    struct mmio_cpu cpu = {.gpr = state->gpr, .rflags = state->rflags, .stack_size = 8};
    cpu.rip = (uint64_t)(uintptr_t)memory.code;
    cpu.segment_base[MMIO_FS] = memory.fs_base;
    cpu.segment_base[MMIO_GS] = memory.gs_base;
    cpu.segment_base[MMIO_DS] = cpu.segment_base[MMIO_ES] = cpu.segment_base[MMIO_SS] = 0xbad;
    enum mmio_side operand = insn->op == MMIO_OP_POP ? MMIO_DESTINATION : MMIO_SOURCE;
    if (mmio_address(insn, &cpu, operand).v != expected) {
        return false;
    }
    for (bool done = mmio_rep_finished(insn, &cpu); !done;) {
        uint8_t *source = locate(mmio_address(insn, &cpu, MMIO_SOURCE).v, insn->size);
        uint8_t *destination = locate(mmio_address(insn, &cpu, MMIO_DESTINATION).v, insn->size);
        uint64_t value = UINT64_C(0x5555555555555555);
        uint64_t out = 0;
        if (source == NULL || destination == NULL) {
            return false;
        }
        if ((insn->flags & MMIO_READS) != 0) {
            memcpy(&value, source, insn->size);
        }
        done = mmio_execute(insn, &cpu, value, &out);
        if ((insn->flags & MMIO_WRITES) != 0) {
            memcpy(destination, &out, insn->size);
        }
    }
    state->rflags = cpu.rflags;
    return true;
}

/* The flags that the manual defines after the instruction. */
static uint64_t defined_flags(const struct mmio_insn *insn)
{
    switch (insn->op) {
    case MMIO_OP_AND:
    case MMIO_OP_OR:
    case MMIO_OP_XOR:
    case MMIO_OP_TEST:
        return ~RFLAGS_AF;
    case MMIO_OP_BT:
    case MMIO_OP_BTS:
    case MMIO_OP_BTR:
    case MMIO_OP_BTC:
        return ~(RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF);
    default:
        return UINT64_MAX;
    }
}

static void complain(uint64_t number, const struct generated *insn, const char *what)
{
    char text[64] = "";
    for (unsigned i = 0; i < insn->length; i++) {
        snprintf(text + 3 * i, 4, "%02x ", insn->bytes[i]);
    }
    fail_msg("case %lu: %s: %s", (unsigned long)number, text, what);
}

static void compare(uint64_t number, const struct generated *insn, const struct mmio_insn *decoded,
                    const struct native_state *native, const struct native_state *emulated)
{
    static char what[200];
    for (unsigned i = 0; i < 16; i++) {
        if (native->gpr[i] != emulated->gpr[i]) {
            snprintf(what, sizeof(what), "register %u is %lx, emulated %lx", i,
                     (unsigned long)native->gpr[i], (unsigned long)emulated->gpr[i]);
            complain(number, insn, what);
        }
    }
    if (((native->rflags ^ emulated->rflags) & defined_flags(decoded)) != 0) {
        snprintf(what, sizeof(what), "RFLAGS is %lx, emulated %lx", (unsigned long)native->rflags,
                 (unsigned long)emulated->rflags);
        complain(number, insn, what);
    }
    if (memcmp(memory.data, data, sizeof(data)) != 0 ||
        memcmp(memory.stack, stack, sizeof(stack)) != 0) {
        complain(number, insn, "memory differs");
    }
}

static void check_flags_announced(uint64_t number, const struct generated *insn,
                                  const struct mmio_insn *decoded, const struct native_state *after)
{
    const struct native_state *before = &insn->state;
    if (before->rflags != after->rflags && (decoded->flags & MMIO_FLAGS_OUT) == 0) {
        complain(number, insn, "changes RFLAGS unannounced");
    }
    if (before->gpr[MMIO_RSP] != after->gpr[MMIO_RSP] && (decoded->flags & MMIO_USES_RSP) == 0) {
        complain(number, insn, "changes RSP unannounced");
    }
}

static void run_case(struct generator *g, uint64_t number)
{
    struct generated insn;
    struct mmio_insn decoded;
    struct mmio_fetch fetch = {.count = MMIO_INSN_MAX};
    generate(g, &insn);
    fill(g, &insn);
    memset(fetch.bytes, (int)generate_number(g, 256), sizeof(fetch.bytes));
    memcpy(fetch.bytes, insn.bytes, insn.length);
    enum mmio_status status = mmio_decode(&fetch, MMIO_MODE_64, &decoded);
    struct native_state native = insn.state;
    struct native_state emulated = insn.state;
    int signal = native_run(&memory, insn.bytes, insn.length, &native);
    if (!insn.valid) {
        if (status != MMIO_INVALID || signal == 0) {
            complain(number, &insn, "#UD expected");
        }
        return;
    }
    if (signal != 0 || status != MMIO_OK) {
        complain(number, &insn, signal != 0 ? "fails natively" : mmio_status_name(status));
    }
    if (decoded.length != insn.length) {
        complain(number, &insn, "length");
    }
    if (!emulate(&decoded, &emulated, insn.address)) {
        complain(number, &insn, "address");
    }
    compare(number, &insn, &decoded, &native, &emulated);
    check_flags_announced(number, &insn, &decoded, &emulated);
}

static void random_instructions_do_what_the_processor_does(void **state)
{
    (void)state;
    assert_true(native_init(&memory));
    struct generator g = {.random = 2, .memory = &memory};
    for (uint64_t number = 0; number < CASES; number++) {
        run_case(&g, number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_instructions_do_what_the_processor_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
