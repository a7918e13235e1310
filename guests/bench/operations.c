/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measured operations: each runs its loop (loops.S) with what it needs around it, and says how
 * many ticks and exits the rounds took. bench.c calls them through the table at the end.
 */
#include <stddef.h>

#include "guests/bench/bench.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/layout.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"
#include "kernel/string.h"

#define VECTOR_IPI        0x50
#define VECTOR_TICK       0x51
#define IOAPIC_SELECT     0xfec00000u
#define IOAPIC_WINDOW     0xfec00010u
#define IOAPIC_VERSION    1
#define CPUID_1_ECX_XSAVE (1u << 26)
#define TOUCH_PAGES       2048
#define THR_LINE          64 /* characters a line: the console shows them */
#define TICK_PERIOD       10000
#define TICK_COUNT        1000

uint64_t bench_interrupts;
uint64_t bench_deadline;
uint64_t bench_period;

static struct bulkhead_counters counters;

void bench_init(void)
{
    trap_set_stub(VECTOR_IPI, stub_count);
    trap_set_stub(VECTOR_TICK, stub_tick);
}

uint64_t bench_exits(void)
{
    if (!hypercall_available()) {
        return 0;
    }
    hypercall(BULKHEAD_CALL_COUNTERS, (uint64_t)&counters, sizeof(counters), 0, 0, 0);
    return counters.exits;
}

typedef uint64_t (*loop_function)(uint64_t count, uint64_t argument);

/* One loop as it is. The counter call after it is an exit of its own. */
static struct bench_result run_loop(loop_function loop, uint64_t rounds, uint64_t argument)
{
    struct bench_result result = {.valid = true, .rounds = rounds};
    uint64_t exits = bench_exits();
    result.ticks = loop(rounds, argument);
    result.exits = bench_exits() - exits;
    result.exits -= hypercall_available() ? 1 : 0;
    return result;
}

static const struct bench_result absent;

static struct bench_result run_apic_base(uint64_t rounds)
{
    return run_loop(loop_rdmsr, rounds, MSR_IA32_APIC_BASE);
}

static struct bench_result run_cpuid(uint64_t rounds)
{
    return run_loop(loop_cpuid, rounds, 0);
}

static struct bench_result run_empty(uint64_t rounds)
{
    return run_loop(loop_empty, rounds, 0);
}

static struct bench_result run_rdtsc(uint64_t rounds)
{
    return run_loop(loop_rdtsc, rounds, 0);
}

static struct bench_result run_vmcall(uint64_t rounds)
{
    return hypercall_available() ? run_loop(loop_vmcall_version, rounds, 0) : absent;
}

static uint64_t loop_console_write(uint64_t count, uint64_t address)
{
    uint64_t start = cpu_rdtsc();
    for (uint64_t i = 0; i < count; i++) {
        hypercall(BULKHEAD_CALL_CONSOLE_WRITE, address, THR_LINE, 0, 0, 0);
    }
    return cpu_rdtsc() - start;
}

static struct bench_result run_console_write(uint64_t rounds)
{
    static char line[THR_LINE];
    memset(line, '.', sizeof(line));
    line[THR_LINE - 1] = '\n';
    return hypercall_available() ? run_loop(loop_console_write, rounds, (uint64_t)line) : absent;
}

/* Management calls, where the VM has the right: a structure, nothing to tell, 4 KiB of console. */
struct manage_call {
    uint64_t number;
    uint64_t arguments[5];
};

static uint64_t loop_manage(uint64_t count, uint64_t argument)
{
    const struct manage_call *call = (const struct manage_call *)argument;
    const uint64_t *a = call->arguments;
    uint64_t start = cpu_rdtsc();
    for (uint64_t i = 0; i < count; i++) {
        hypercall(call->number, a[0], a[1], a[2], a[3], a[4]);
    }
    return cpu_rdtsc() - start;
}

static struct bench_result run_manage(const struct manage_call *call, uint64_t rounds)
{
    const uint64_t *a = call->arguments;
    if (!hypercall_available() || hypercall(call->number, a[0], a[1], a[2], a[3], a[4]) < 0) {
        return absent;
    }
    return run_loop(loop_manage, rounds, (uint64_t)call);
}

static uint8_t manage_memory[8192];

static struct bench_result run_manage_vm(uint64_t rounds)
{
    struct manage_call call = {BULKHEAD_CALL_VM,
                               {0, (uint64_t)manage_memory, sizeof(struct bulkhead_vm)}};
    return run_manage(&call, rounds);
}

static struct bench_result run_manage_events(uint64_t rounds)
{
    struct manage_call call = {BULKHEAD_CALL_EVENTS,
                               {(uint64_t)manage_memory, sizeof(struct bulkhead_events)}};
    return run_manage(&call, rounds);
}

static struct bench_result run_manage_read(uint64_t rounds)
{
    static char line[THR_LINE];
    struct manage_call call = {
        BULKHEAD_CALL_READ,
        {BULKHEAD_STREAM_CONSOLE, 0, 0, (uint64_t)manage_memory, sizeof(manage_memory)}};
    memset(line, '.', sizeof(line));
    line[THR_LINE - 1] = '\n';
    /* So much that there is enough to read. */
    for (uint32_t i = 0; hypercall_available() && i < sizeof(manage_memory) / THR_LINE; i++) {
        hypercall(BULKHEAD_CALL_CONSOLE_WRITE, (uint64_t)line, THR_LINE, 0, 0, 0);
    }
    return run_manage(&call, rounds);
}

static struct bench_result run_out_scratch(uint64_t rounds)
{
    return run_loop(loop_out8, rounds, UART_SCR);
}

/* Line by line, each with room in the UART before it and a line feed after it, unmeasured. */
static struct bench_result run_out_thr(uint64_t rounds)
{
    struct bench_result sum = {.valid = true};
    for (uint64_t i = 0; i < rounds / THR_LINE; i++) {
        console_drain();
        struct bench_result line = run_loop(loop_out8, THR_LINE, UART_THR);
        sum.ticks += line.ticks;
        sum.exits += line.exits;
        sum.rounds += line.rounds;
        console_write("\n", 1);
    }
    return sum;
}

static struct bench_result run_in_lsr(uint64_t rounds)
{
    return run_loop(loop_in8, rounds, UART_LSR);
}

static struct bench_result run_ioapic(uint64_t rounds)
{
    cpu_write32(IOAPIC_SELECT, IOAPIC_VERSION);
    return run_loop(loop_read32, rounds, IOAPIC_WINDOW);
}

/* Writes with interrupts off: the vector becomes pending once, and is taken afterwards. */
static struct bench_result run_icr(uint64_t rounds, uint64_t value)
{
    if (!apic_is_x2apic()) {
        return absent;
    }
    struct bench_result result = run_loop(loop_icr, rounds, value | APIC_ICR_ASSERT | VECTOR_IPI);
    cpu_interrupts_on();
    __asm__ volatile("nop; nop" : : : "memory");
    cpu_interrupts_off();
    return result;
}

static struct bench_result run_icr_self(uint64_t rounds)
{
    return run_icr(rounds, APIC_ICR_SELF);
}

static struct bench_result run_icr_unicast(uint64_t rounds)
{
    return run_icr(rounds, (uint64_t)apic_id() << 32);
}

static struct bench_result run_icr_others(uint64_t rounds)
{
    return run_icr(rounds, APIC_ICR_ALL_BUT_SELF);
}

static struct bench_result run_self_ipi(uint64_t rounds)
{
    if (!apic_is_x2apic()) {
        return absent;
    }
    bench_interrupts = 0;
    struct bench_result result = run_loop(loop_self_ipi, rounds, VECTOR_IPI);
    cpu_interrupts_off();
    if (bench_interrupts != rounds) {
        print("bench: self-ipi: %lu of %lu interrupts arrived\n", bench_interrupts, rounds);
        result.valid = false;
    }
    return result;
}

static struct bench_result run_wbinvd(uint64_t rounds)
{
    return run_loop(loop_wbinvd, rounds, 0);
}

static uint64_t read_xcr0(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}

static struct bench_result run_xsetbv(uint64_t rounds)
{
    if ((cpu_cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE) == 0) {
        return absent;
    }
    cpu_write_cr4(cpu_read_cr4() | CR4_OSXSAVE);
    return run_loop(loop_xsetbv, rounds, read_xcr0());
}

static struct bench_result run_touch(uint64_t rounds)
{
    uint64_t pages = rounds < TOUCH_PAGES ? rounds : TOUCH_PAGES;
    void *memory = memory_alloc(pages * 4096, 4096);
    return run_loop(loop_touch, pages, (uint64_t)memory);
}

/*
 * A loop long enough for TICK_COUNT timer interrupts, with them; the empty loop takes two
 * instructions a round without. What is more, is what the ticks cost.
 */
static struct bench_result run_tick(uint64_t rounds)
{
    if (!timer_has_deadline() || !apic_is_x2apic()) {
        return absent;
    }
    uint64_t spins = TICK_PERIOD * TICK_COUNT / 2 * (rounds / TICK_COUNT);
    uint64_t plain = loop_empty(spins, 0);
    bench_interrupts = 0;
    bench_period = plain / (TICK_COUNT * (rounds / TICK_COUNT));
    timer_init(VECTOR_TICK);
    bench_deadline = cpu_rdtsc() + bench_period;
    timer_arm(bench_deadline);
    cpu_interrupts_on();
    struct bench_result result = run_loop(loop_empty, spins, 0);
    cpu_interrupts_off();
    timer_stop();
    result.rounds = bench_interrupts;
    result.ticks = result.ticks > plain ? result.ticks - plain : 0;
    result.valid = bench_interrupts != 0;
    return result;
}

const struct bench_operation bench_operations[] = {
    {"loop", run_empty, 10000},
    {"rdtsc", run_rdtsc, 10000},
    {"cpuid", run_cpuid, 10000},
    {"rdmsr-apic-base", run_apic_base, 10000},
    {"vmcall-version", run_vmcall, 10000},
    {"manage-vm", run_manage_vm, 1000},
    {"manage-events", run_manage_events, 1000},
    {"out-scratch", run_out_scratch, 10000},
    {"in-lsr", run_in_lsr, 10000},
    {"ioapic-read", run_ioapic, 10000},
    {"icr-self", run_icr_self, 10000},
    {"icr-unicast", run_icr_unicast, 10000},
    {"icr-others", run_icr_others, 10000},
    {"self-ipi", run_self_ipi, 10000},
    {"wbinvd", run_wbinvd, 1000},
    {"xsetbv", run_xsetbv, 10000},
    {"first-touch", run_touch, TOUCH_PAGES},
    {"timer-tick", run_tick, TICK_COUNT},
    /* These print, so they come last: output that is under way would disturb the others. */
    {"out-thr", run_out_thr, 512},
    {"console-write-64", run_console_write, 16},
    {"manage-read-4096", run_manage_read, 16},
};
const uint32_t bench_operation_count = sizeof(bench_operations) / sizeof(bench_operations[0]);
