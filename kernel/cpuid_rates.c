/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID leaves 0x15 and 0x16 for guests, from rates that were measured. Pure. SDM volume 3,
 * "Determining the Processor Base Frequency".
 */
#include "kernel/cpuid_rules.h"

/* |numerator/denominator - tsc/crystal|, times crystal * denominator: comparable per denominator */
static uint64_t ratio_error(uint64_t numerator, uint64_t denominator, uint64_t tsc,
                            uint64_t crystal)
{
    uint64_t a = numerator * crystal;
    uint64_t b = denominator * tsc;
    return a > b ? a - b : b - a;
}

/* A fraction near tsc/crystal: one step in the row of continued-fraction convergents. */
struct convergent {
    uint64_t n;
    uint64_t d;
};

struct cpuid_result cpuid_tsc_leaf(uint64_t tsc_hz, uint64_t apic_hz)
{
    uint64_t crystal = (apic_hz + 500) / 1000 * 1000;
    if (crystal == 0 || tsc_hz == 0) {
        return (struct cpuid_result){0}; /* "not enumerated" */
    }
    uint64_t most = UINT32_MAX / (crystal / 1000);
    struct convergent before = {0, 1};
    struct convergent last = {1, 0};
    uint64_t a = tsc_hz;
    uint64_t b = crystal;
    while (b != 0) {
        uint64_t step = a / b;
        /* As many steps as the numerator allows: the last one may be a partial one. */
        uint64_t room = last.n == 0 ? UINT32_MAX : (most - before.n) / last.n;
        uint64_t taken = MIN(step, room);
        struct convergent next = {before.n + taken * last.n, before.d + taken * last.d};
        if (taken < step) {
            bool better =
                next.n != 0 && next.d != 0 &&
                (last.d == 0 || ratio_error(next.n, next.d, tsc_hz, crystal) * last.d <
                                    ratio_error(last.n, last.d, tsc_hz, crystal) * next.d);
            last = better ? next : last;
            break;
        }
        before = last;
        last = next;
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return (struct cpuid_result){
        .eax = (uint32_t)last.d, .ebx = (uint32_t)last.n, .ecx = (uint32_t)crystal};
}

void cpuid_compute_tsc(struct cpuid_build *build, uint32_t subleaf,
                       const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)subleaf;
    (void)hardware;
    entry->result = cpuid_tsc_leaf(build->input->tsc_hz, build->input->apic_timer_hz);
}

void cpuid_compute_frequency(struct cpuid_build *build, uint32_t subleaf,
                             const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)subleaf;
    (void)hardware;
    uint32_t base = (uint32_t)((build->input->tsc_hz + 500000) / 1000000);
    entry->result.eax = base;
    entry->result.ebx = MAX(entry->result.ebx, base);
}
