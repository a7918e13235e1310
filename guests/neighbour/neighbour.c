/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The witness beside a hostile VM. Fills all its RAM with a pattern and checks every word, again
 * and again, while a 1 ms timer runs: foreign writes, missing or late ticks, and interrupts that
 * nobody here asked for (NMIs included) are failures, and it names them.
 * Command line: rounds=N (10; 0: for ever), report=N rounds between lines (rounds, or 10),
 * gap=US longest time between two ticks that is in order (2500), rest=US to halt after a round, but
 * for the ticks (0), seed=N.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"

#define VECTOR_TIMER 0x60
#define PERIOD_US    1000
#define MULTIPLIER   UINT64_C(0x9e3779b97f4a7c15) /* odd, so that each address has its own word */
#define NAMED_MAX    8                            /* foreign words that are named */

static volatile uint64_t ticks;
static uint64_t last_tick;
static volatile uint64_t max_gap;
static uint64_t period;
static uint64_t deadline;
static uint64_t damaged; /* words found changed */

static void on_timer(struct trap_frame *frame)
{
    uint64_t now = cpu_rdtsc();
    (void)frame;
    if (now - last_tick > max_gap) {
        max_gap = now - last_tick;
    }
    last_tick = now;
    ticks++;
    deadline += period;
    timer_arm(deadline);
    apic_eoi();
}

static uint64_t word_for(uint64_t address, uint64_t key)
{
    return address * MULTIPLIER ^ key;
}

static void fill(const struct startup_range *range, uint64_t key)
{
    for (uint64_t at = range->start; at < range->end; at += 8) {
        *(volatile uint64_t *)at = word_for(at, key);
    }
}

static void name_damage(uint64_t address, uint64_t found, uint64_t wanted)
{
    if (damaged++ < NAMED_MAX) {
        print("neighbour: FAILED: 0x%lx holds %016lx, not %016lx\n", address, found, wanted);
    }
}

/* Checks for the old key and fills with the new one, so that old contents cannot pass later. */
static void check(const struct startup_range *range, uint64_t old, uint64_t new)
{
    for (uint64_t at = range->start; at < range->end; at += 8) {
        uint64_t found = *(volatile uint64_t *)at;
        if (found != word_for(at, old)) {
            name_damage(at, found, word_for(at, old));
        }
        *(volatile uint64_t *)at = word_for(at, new);
    }
}

static uint64_t fill_all(uint64_t key)
{
    struct startup_range range;
    uint64_t size = 0;
    for (uint32_t i = 0; memory_free_range(i, &range); i++) {
        fill(&range, key);
        size += range.end - range.start;
    }
    return size;
}

static void check_all(uint64_t old, uint64_t new)
{
    struct startup_range range;
    for (uint32_t i = 0; memory_free_range(i, &range); i++) {
        check(&range, old, new);
    }
}

static void start_timer(void)
{
    period = timing_ns_to_ticks(PERIOD_US * 1000);
    trap_set_handler(VECTOR_TIMER, on_timer);
    timer_init(VECTOR_TIMER);
    last_tick = cpu_rdtsc();
    deadline = last_tick + period;
    timer_arm(deadline);
    cpu_interrupts_on();
}

/* Everything but memory: the timer's log and stray interrupts. */
static bool undisturbed(uint64_t gap_us)
{
    bool good = true;
    if (timing_ticks_to_ns(max_gap) > gap_us * 1000) {
        print("neighbour: FAILED: %lu us between two ticks\n", timing_ticks_to_ns(max_gap) / 1000);
        good = false;
    }
    cpu_interrupts_off();
    int64_t overdue = (int64_t)(cpu_rdtsc() - deadline);
    cpu_interrupts_on();
    if (overdue > 0 && timing_ticks_to_ns((uint64_t)overdue) > gap_us * 1000) {
        print("neighbour: FAILED: the timer has stopped\n");
        good = false;
    }
    if (trap_stray_count() != 0) {
        print("neighbour: FAILED: %lu interrupts from nowhere\n", trap_stray_count());
        good = false;
    }
    return good && damaged == 0;
}

static void report(uint64_t round)
{
    struct bulkhead_counters counters;
    print("neighbour: %lu ticks, longest gap %lu us", ticks, timing_ticks_to_ns(max_gap) / 1000);
    if (hypercall_available() && hypercall_counters(&counters)) {
        print(", %lu exits", counters.exits);
    }
    print("\nneighbour: ok after %lu rounds\n", round);
}

/* Halts until `ticks_to_rest` have passed; the timer goes on. */
static void rest(uint64_t ticks_to_rest)
{
    uint64_t begin = cpu_rdtsc();
    cpu_interrupts_off();
    while (cpu_rdtsc() - begin < ticks_to_rest) {
        cpu_wait();
    }
    cpu_interrupts_on();
}

void guest_main(void)
{
    uint64_t rounds = startup_number("rounds", 10);
    uint64_t step = startup_number("report", rounds != 0 ? rounds : 10);
    uint64_t gap_us = startup_number("gap", 2500);
    uint64_t rest_ticks = timing_ns_to_ticks(startup_number("rest", 0) * 1000);
    uint64_t key = startup_number("seed", 1) * MULTIPLIER;

    uint64_t size = fill_all(key);
    print("neighbour: watching %lu KiB and a tick of %u us\n", size >> 10, PERIOD_US);
    start_timer();
    print("neighbour: ready\n");
    for (uint64_t round = 1; rounds == 0 || round <= rounds; round++) {
        check_all(key, key + 1);
        key++;
        rest(rest_ticks);
        if (!undisturbed(gap_us)) {
            print("neighbour: FAILED in round %lu\n", round);
            break;
        }
        if (round == rounds || (step != 0 && round % step == 0)) {
            report(round);
        }
    }
    cpu_interrupts_off();
    timer_stop();
}
