/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile guest: runs a seeded mixture of attacks and survives them, so that whoever watches
 * its neighbours and its hypervisor knows what was tried. Lines: progress now and then, at the end
 * one line an attack and `hostile: N attacks, M faults, S suspects`.
 * Command line: seed=N (1), attacks=N (100000), only=NAME or skip=NAME of an attack, list to see
 * the attacks and what each proves, ending=NAME to end the VM afterwards in that way, trace=N to
 * name each attack from number N on before it is done, brief for the last line and suspects only.
 * With once, a VM that was started again ends in the ordinary way.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/startup.h"

#define ATTACK_MAX     64
#define PROGRESS_LINES 8

static const struct attack_list *const lists[] = {
    &attacks_msr,    &attacks_port,    &attacks_memory,      &attacks_mmio,
    &attacks_apic,   &attacks_control, &attacks_instruction, &attacks_hypercall,
    &attacks_manage, &attacks_table,   &attacks_user,
};

static struct {
    const struct attack *attack;
    uint64_t runs;
    uint64_t faults;
    uint64_t ticks;
} rows[ATTACK_MAX];
static uint32_t row_count;
static uint32_t weight_sum;

static bool selected(const struct attack *attack)
{
    if (startup_option("skip", attack->name)) {
        return false;
    }
    return !startup_has("only") || startup_option("only", attack->name);
}

static void collect(void)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (uint32_t j = 0; j < lists[i]->count && row_count < ATTACK_MAX; j++) {
            const struct attack *attack = &lists[i]->attacks[j];
            if (selected(attack)) {
                rows[row_count++].attack = attack;
                weight_sum += attack->weight;
            }
        }
    }
}

static uint32_t choose(void)
{
    uint64_t at = attack_below(weight_sum);
    uint32_t row = 0;
    while (at >= rows[row].attack->weight) {
        at -= rows[row].attack->weight;
        row++;
    }
    return row;
}

/*
 * An interrupt with the spurious vector's number must be acknowledged like any other, but Bochs
 * takes an EOI for it only while another vector is the spurious one.
 */
static void release_spurious_vector(void)
{
    uint32_t last = APIC_ISR + APIC_VECTOR_SPURIOUS / 32 * 16;
    if ((apic_read(last) >> (APIC_VECTOR_SPURIOUS % 32) & 1) == 0) {
        return;
    }
    uint32_t spurious = apic_read(APIC_SPURIOUS);
    apic_write(APIC_SPURIOUS, spurious ^ 1);
    apic_eoi();
    apic_write(APIC_SPURIOUS, spurious);
}

static void run_attacks(uint64_t count)
{
    uint64_t step = startup_option("brief", NULL) ? count + 1 : count / PROGRESS_LINES + 1;
    uint64_t trace = startup_number("trace", UINT64_MAX);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t row = choose();
        uint64_t faults = attack_faults;
        if (i >= trace) {
            print("hostile: attack %lu: %s %lu\n", i, rows[row].attack->name, rows[row].runs);
        }
        uint64_t begin = cpu_rdtsc();
        rows[row].attack->run(rows[row].runs);
        rows[row].ticks += cpu_rdtsc() - begin;
        rows[row].runs++;
        rows[row].faults += attack_faults - faults;
        release_spurious_vector();
        if ((i + 1) % step == 0) {
            print("\nhostile: %lu of %lu\n", i + 1, count);
        }
    }
}

static void report(uint64_t count)
{
    uint64_t faults = 0;
    bool brief = startup_option("brief", NULL);
    for (uint32_t i = 0; i < row_count; i++) {
        faults += rows[i].faults;
        if (!brief) {
            uint64_t runs = rows[i].runs;
            print("hostile: %-20s %8lu attacks %8lu faults %8lu ticks each\n", rows[i].attack->name,
                  runs, rows[i].faults, rows[i].ticks / (runs + (runs == 0)));
        }
    }
    print("hostile: %lu attacks, %lu faults, %lu suspects\n", count, faults, attack_suspects);
}

static void list_attacks(void)
{
    for (uint32_t i = 0; i < row_count; i++) {
        print("%-20s %s\n", rows[i].attack->name, rows[i].attack->proves);
    }
    for (uint32_t i = 0; i < attack_ending_count; i++) {
        print("ending=%-13s %s\n", attack_endings[i].name, attack_endings[i].proves);
    }
}

static bool is_second_life(void)
{
    struct bulkhead_facts facts;
    return hypercall_available() && hypercall_facts(&facts) && facts.restarts > 0;
}

static void run_ending(void)
{
    if (startup_option("once", NULL) && is_second_life()) {
        return;
    }
    for (uint32_t i = 0; i < attack_ending_count; i++) {
        if (startup_option("ending", attack_endings[i].name)) {
            print("hostile: ending by %s\n", attack_endings[i].name);
            console_drain();
            attack_endings[i].run();
            print("hostile: survived %s\n", attack_endings[i].name);
        }
    }
}

void guest_main(void)
{
    uint64_t seed = startup_number("seed", 1);
    uint64_t count = startup_number("attacks", 100000);
    attack_init(seed);
    collect();
    if (startup_option("list", NULL)) {
        list_attacks();
        return;
    }
    print("hostile: seed %lu, %lu attacks of %u kinds\n", seed, count, row_count);
    print("hostile: ready\n");
    cpu_interrupts_on();
    if (weight_sum != 0) {
        run_attacks(count);
    }
    cpu_interrupts_off();
    report(count);
    run_ending();
}
