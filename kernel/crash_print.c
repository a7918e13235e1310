/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crash records and snapshots as text; see kernel/crash.h. Pure. Counts are checked against their
 * arrays, because a record may change while it is read.
 */
#include "kernel/crash.h"
#include "kernel/printf.h"

struct out {
    crash_emit_fn emit;
    void *context;
    size_t used;
    char line[CRASH_LINE_SIZE];
};

static void flush(struct out *out)
{
    if (out->used > 0) {
        out->emit(out->context, out->line);
        out->used = 0;
    }
}

/* Adds to the line; what does not fit is cut. */
static __attribute__((format(printf, 2, 3))) void put(struct out *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = kvsnprintf(out->line + out->used, sizeof(out->line) - out->used, format, args);
    va_end(args);
    out->used = MIN(out->used + (size_t)length, sizeof(out->line) - 1);
}

static void print_registers(struct out *out, const struct vcpu_snapshot *s)
{
    static const char names[VCPU_REGISTER_COUNT][4] = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP",
                                                       "RSI", "RDI", "R8",  "R9",  "R10", "R11",
                                                       "R12", "R13", "R14", "R15"};
    for (unsigned i = 0; i < VCPU_REGISTER_COUNT; i++) {
        put(out, "  %-3s %016lx", names[i], s->regs[i]);
        if (i % 4 == 3) {
            flush(out);
        }
    }
    for (uint32_t i = 0; i < MIN(s->state_count, SNAPSHOT_STATE_MAX); i++) {
        put(out, "  %s %lx", s->state[i].name, s->state[i].value);
        if (i % 3 == 2) {
            flush(out);
        }
    }
    flush(out);
}

static void print_backtrace(struct out *out, const struct vcpu_snapshot *s)
{
    int digits = 2 * (int)MIN(s->word, 8);
    put(out, "backtrace (by frame pointers):");
    flush(out);
    for (uint32_t i = 0; i < MIN(s->frame_count, SNAPSHOT_FRAMES); i++) {
        put(out, "  #%u %0*lx", i, digits, s->frames[i]);
        flush(out);
    }
    put(out, "stack, from RSP on:%s", s->stack_count == 0 ? " not readable" : "");
    flush(out);
    for (uint32_t i = 0; i < MIN(s->stack_count, SNAPSHOT_STACK); i++) {
        put(out, "  %0*lx", digits, s->stack[i]);
        if (i % 4 == 3) {
            flush(out);
        }
    }
    flush(out);
    put(out, "code, from RIP on:%s", s->code_count == 0 ? " not readable" : "");
    for (uint32_t i = 0; i < MIN(s->code_count, SNAPSHOT_CODE); i++) {
        put(out, " %02x", s->code[i]);
    }
    flush(out);
}

static void print_exits(struct out *out, const struct vcpu_snapshot *s)
{
    put(out, "the last exits, oldest first:");
    flush(out);
    uint32_t count = MIN(s->exit_count, SNAPSHOT_EXITS);
    for (uint32_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && s->exits[next] == s->exits[i]; next++) {
        }
        put(out, "  %-3u %s", s->exits[i] & 0xffff, s->exit_name(s->exits[i]));
        if (next - i > 1) {
            put(out, ", %u times", next - i);
        }
        flush(out);
    }
}

static void print_parts(struct out *out, const struct vcpu_snapshot *s, uint64_t parts)
{
    static void (*const printers[])(struct out *, const struct vcpu_snapshot *) = {
        print_registers, print_backtrace, print_exits};
    if (s->kind != SNAPSHOT_TAKEN) {
        put(out, s->kind == SNAPSHOT_WAITING ? "  waits for its SIPI" : "  was not running");
        flush(out);
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(printers); i++) {
        if (parts & BIT(i)) {
            printers[i](out, s);
        }
    }
}

void snapshot_print(const struct vcpu_snapshot *snapshot, uint64_t parts, crash_emit_fn emit,
                    void *context)
{
    struct out out = {.emit = emit, .context = context};
    print_parts(&out, snapshot, parts);
}

static void print_other(struct out *out, uint32_t index, const struct vcpu_snapshot *s)
{
    put(out, "vCPU %u:", index);
    if (s->kind == SNAPSHOT_TAKEN) {
        put(out, "  RIP %016lx  RSP %016lx  CR3 %016lx", s->rip, s->regs[VCPU_RSP], s->cr3);
        flush(out);
    } else {
        print_parts(out, s, 0);
    }
}

void crash_print(const struct crash_record *record, crash_emit_fn emit, void *context)
{
    struct out out = {.emit = emit, .context = context};
    uint32_t main = record->vcpu == CRASH_FROM_OUTSIDE ? 0 : record->vcpu;
    uint32_t count = MIN(record->vcpu_count, CPU_MAX);
    put(&out, "crash %u of VM %s: %s", record->number, record->vm, record->why);
    flush(&out);
    put(&out, "  at %lu.%06lu s, %lu s since 1970, after %lu ms; ", record->time_us / 1000000,
        record->time_us % 1000000, record->seconds, record->ran_us / 1000);
    put(&out, record->vcpu == CRASH_FROM_OUTSIDE ? "from outside" : "by vCPU %u", record->vcpu);
    flush(&out);
    if (main < count) {
        put(&out, "vCPU %u:", main);
        flush(&out);
        print_parts(&out, record->vcpus[main], SNAPSHOT_PRINT_ALL);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i != main) {
            print_other(&out, i, record->vcpus[i]);
        }
    }
}
