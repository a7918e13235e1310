/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on model-specific registers: every one in the two ranges that exist, and samples beyond.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"

#define LOW_COUNT   0x2000u
#define HIGH_FIRST  0xc0000000u
#define HIGH_COUNT  0x12000u
#define SWEEP_COUNT (LOW_COUNT + HIGH_COUNT)
#define SWEEP_STEP  40503u /* has no factor with SWEEP_COUNT: every MSR comes once a round */

/* These have attacks of their own, which know what may be written without ending the VM. */
static bool written_elsewhere(uint32_t msr)
{
    if (!hypercall_available() && (msr == MSR_IA32_TSC || msr == MSR_IA32_TSC_ADJUST)) {
        return true; /* natively they would move the clock that wakes us from HLT */
    }
    return msr == MSR_IA32_APIC_BASE || msr == APIC_MSR(APIC_ICR);
}

static void read_write(uint32_t msr)
{
    uint64_t old;
    bool readable = attack_read_msr(msr, &old);
    if (written_elsewhere(msr)) {
        return;
    }
    attack_write_msr(msr, attack_value());
    if (readable) {
        attack_write_msr(msr, old);
    }
}

static void run_sweep(uint64_t number)
{
    uint32_t index = (uint32_t)(number % SWEEP_COUNT * SWEEP_STEP % SWEEP_COUNT);
    read_write(index < LOW_COUNT ? index : HIGH_FIRST + (index - LOW_COUNT));
}

static void run_beyond(uint64_t number)
{
    uint32_t msr = (uint32_t)attack_value();
    (void)number;
    if (msr < LOW_COUNT || msr - HIGH_FIRST < HIGH_COUNT) {
        msr ^= 0x40000000;
    }
    read_write(msr);
}

/* All of the x2APIC's registers, implemented or not; some of them send interrupts to ourselves. */
static void run_x2apic(uint64_t number)
{
    uint32_t msr = APIC_MSR_BASE + (uint32_t)(number % 0x100);
    read_write(msr);
    /* What this raised is to arrive here and not in somebody's hands. */
    cpu_pause();
}

static const struct attack table[] = {
    {"msr-sweep", "MSRs not handed over cannot be read or written", run_sweep, 15},
    {"msr-beyond", "MSR numbers outside the bitmap's ranges are refused", run_beyond, 3},
    {"msr-x2apic", "x2APIC registers take no reserved bit and no forbidden mode", run_x2apic, 3},
};

const struct attack_list attacks_msr = {table, sizeof(table) / sizeof(table[0])};
