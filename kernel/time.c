/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures the rates of TSC and APIC timer; tells the time. See the header. The clocks, in the
 * order of trust: ACPI PM timer, HPET, PIT channel 2. SDM "Time-Stamp Counter and Nominal
 * TSC/Core Crystal Clock Frequency" for leaf 0x15.
 */
#include "kernel/time.h"

#include "drivers/lapic.h"
#include "kernel/cpu.h"
#include "kernel/io.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/panic.h"

#define MEASURE_US        10000
#define PM_TIMER_HZ       3579545
#define PIT_HZ            1193182
#define HPET_CAPABILITIES 0x000 /* bits 63:32: femtoseconds a count */
#define HPET_CONFIG       0x010
#define HPET_COUNTER      0x0f0
#define HPET_PERIOD_MAX   100000000 /* femtoseconds; IA-PC HPET specification */
#define PIT_CHANNEL2      0x42
#define PIT_COMMAND       0x43
#define PORT_61           0x61
#define STUCK_READS       10000 /* reads without a change: the clock does not run */

/* A clock that counts up at a known rate, modulo mask + 1. */
struct reference {
    const char *name;
    uint64_t hz;
    uint64_t mask;
    uint64_t (*read)(void);
};

static uint64_t tsc_hz;
static uint64_t apic_hz;
static uint64_t tsc_start;
static uint64_t us_per_tsc_shifted; /* microseconds a tick, times 2^32 */

static const struct boot_platform *platform;
static volatile uint8_t *pm_timer_mmio;
static volatile uint8_t *hpet;

static uint64_t read_pm_timer(void)
{
    if (pm_timer_mmio != NULL) {
        return mmio_read32(pm_timer_mmio);
    }
    return inl((uint16_t)platform->pm_timer.address);
}

static uint64_t read_hpet(void)
{
    return mmio_read32(hpet + HPET_COUNTER);
}

static uint64_t read_pit(void)
{
    outb(PIT_COMMAND, 0x80); /* latch channel 2; it counts down */
    uint32_t low = inb(PIT_CHANNEL2);
    uint32_t high = inb(PIT_CHANNEL2);
    return 0xffff - (high << 8 | low);
}

static bool runs(const struct reference *clock)
{
    uint64_t first = clock->read();
    for (unsigned i = 0; i < STUCK_READS; i++) {
        if (clock->read() != first) {
            return true;
        }
    }
    return false;
}

static bool open_pm_timer(struct reference *clock)
{
    if (platform->pm_timer.space == REGISTER_NONE) {
        return false;
    }
    if (platform->pm_timer.space == REGISTER_MMIO) {
        pm_timer_mmio = memory_map_mmio(HPA(platform->pm_timer.address), 4, false);
    }
    uint64_t mask = platform->pm_timer_32bit ? UINT32_MAX : 0xffffff;
    *clock = (struct reference){"PM timer", PM_TIMER_HZ, mask, read_pm_timer};
    return runs(clock);
}

static bool open_hpet(struct reference *clock)
{
    if (platform->hpet.v == 0) {
        return false;
    }
    hpet = memory_map_mmio(platform->hpet, 0x400, false);
    uint64_t period = mmio_read64(hpet + HPET_CAPABILITIES) >> 32;
    if (period == 0 || period > HPET_PERIOD_MAX) {
        return false;
    }
    mmio_write64(hpet + HPET_CONFIG, mmio_read64(hpet + HPET_CONFIG) | 1);
    *clock = (struct reference){"HPET", UINT64_C(1000000000000000) / period, UINT32_MAX, read_hpet};
    return runs(clock);
}

static bool open_pit(struct reference *clock)
{
    outb(PORT_61, (uint8_t)((inb(PORT_61) & ~2U) | 1)); /* gate on, speaker off */
    outb(PIT_COMMAND, 0xb4);                            /* channel 2, both bytes, mode 2 */
    outb(PIT_CHANNEL2, 0);
    outb(PIT_CHANNEL2, 0);
    *clock = (struct reference){"PIT", PIT_HZ, 0xffff, read_pit};
    return runs(clock);
}

static void measure(const struct reference *clock)
{
    uint64_t wanted = clock->hz * MEASURE_US / 1000000;
    lapic_timer_start();
    uint64_t start = clock->read();
    uint64_t tsc = cpu_rdtsc();
    uint64_t apic = lapic_timer_count();
    uint64_t passed = 0;
    while (passed < wanted) {
        passed = (clock->read() - start) & clock->mask;
    }
    tsc = cpu_rdtsc() - tsc;
    apic -= lapic_timer_count();
    lapic_timer_stop();
    tsc_hz = tsc * clock->hz / passed;
    apic_hz = apic * clock->hz / passed;
}

/* The TSC's exact rate from CPUID leaf 0x15, when it agrees with what was measured; else 0. */
static uint64_t exact_tsc_hz(void)
{
    if (cpu_cpuid(0, 0).eax < 0x15) {
        return 0;
    }
    struct cpuid_result leaf = cpu_cpuid(0x15, 0);
    if (leaf.eax == 0 || leaf.ebx == 0 || leaf.ecx == 0) {
        return 0;
    }
    uint64_t exact = (uint64_t)leaf.ecx * leaf.ebx / leaf.eax;
    uint64_t difference = exact > tsc_hz ? exact - tsc_hz : tsc_hz - exact;
    if (difference > tsc_hz / 100) {
        log_warning("CPUID leaf 0x15 tells a TSC of %lu kHz, measured are %lu kHz", exact / 1000,
                    tsc_hz / 1000);
        return 0;
    }
    return exact;
}

void time_init(const struct boot_info *info)
{
    struct reference clock;
    platform = &info->platform;
    tsc_start = info->tsc_entry;
    if (!open_pm_timer(&clock) && !open_hpet(&clock) && !open_pit(&clock)) {
        panic("no clock to measure the TSC with: no PM timer, HPET or PIT that runs");
    }
    measure(&clock);
    uint64_t exact = exact_tsc_hz();
    tsc_hz = exact != 0 ? exact : tsc_hz;
    us_per_tsc_shifted = (UINT64_C(1000000) << 32) / tsc_hz;
    log_info("TSC %lu.%03lu MHz (%s), APIC timer %lu.%03lu MHz", tsc_hz / 1000000,
             tsc_hz / 1000 % 1000, exact != 0 ? "CPUID leaf 0x15" : clock.name, apic_hz / 1000000,
             apic_hz / 1000 % 1000);
}

uint64_t time_tsc_hz(void)
{
    return tsc_hz;
}

uint64_t time_apic_timer_hz(void)
{
    return apic_hz;
}

uint64_t time_us(void)
{
    if (us_per_tsc_shifted == 0) {
        return 0;
    }
    return (uint64_t)(((unsigned __int128)(cpu_rdtsc() - tsc_start) * us_per_tsc_shifted) >> 32);
}

uint64_t time_us_to_tsc(uint64_t us)
{
    return us * (tsc_hz / 1000) / 1000;
}

void time_delay_us(uint64_t us)
{
    uint64_t start = cpu_rdtsc();
    uint64_t ticks = time_us_to_tsc(us);
    while (cpu_rdtsc() - start < ticks) {
        log_drain();
        cpu_pause();
    }
}
