/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rates and the local APIC timer. The PIT is only touched when no hypervisor told the rates.
 */
#include "guests/runtime/timing.h"

#include "guests/runtime/apic.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"

#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)

#define PIT_HZ                   1193182u
#define PIT_CHANNEL2             0x42
#define PIT_COMMAND              0x43
#define PIT_MODE0_CH2            0xb0 /* channel 2, low then high byte, interrupt on terminal count */
#define PORT_B                   0x61
#define PORT_B_GATE2             0x01
#define PORT_B_SPEAKER           0x02
#define PORT_B_OUT2              0x20
#define MEASURE_MS               20
#define PIT_COUNT                (PIT_HZ * MEASURE_MS / 1000)

static uint64_t tsc_hz;
static uint64_t apic_hz;
static bool has_deadline;
static const char *source;

/* TSC ticks and APIC timer ticks in MEASURE_MS milliseconds of the PIT. */
static void measure(void)
{
    uint8_t port_b = (uint8_t)((cpu_in8(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE2);
    cpu_out8(PORT_B, (uint8_t)(port_b & ~PORT_B_GATE2));
    cpu_out8(PIT_COMMAND, PIT_MODE0_CH2);
    cpu_out8(PIT_CHANNEL2, PIT_COUNT & 0xff);
    cpu_out8(PIT_CHANNEL2, PIT_COUNT >> 8);
    apic_write(APIC_TIMER_DIVIDE, APIC_TIMER_DIVIDE_BY_ONE);
    apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
    cpu_out8(PORT_B, port_b);

    uint64_t start = cpu_rdtsc();
    uint32_t timer_start = apic_read(APIC_TIMER_CURRENT);
    while ((cpu_in8(PORT_B) & PORT_B_OUT2) == 0) {
    }
    tsc_hz = (cpu_rdtsc() - start) * PIT_HZ / PIT_COUNT;
    apic_hz = (uint64_t)(timer_start - apic_read(APIC_TIMER_CURRENT)) * PIT_HZ / PIT_COUNT;
    apic_write(APIC_TIMER_INITIAL, 0);
}

void timing_init(void)
{
    has_deadline = (cpu_cpuid(1, 0).ecx & CPUID_1_ECX_TSC_DEADLINE) != 0;
    if (hypercall_available()) {
        struct cpuid_result rates = cpu_cpuid(BULKHEAD_CPUID_TIMING, 0);
        tsc_hz = (uint64_t)rates.eax * 1000;
        apic_hz = (uint64_t)rates.ebx * 1000;
        source = "CPUID";
        return;
    }
    measure();
    source = "PIT";
}

uint64_t timing_tsc_hz(void)
{
    return tsc_hz;
}

const char *timing_source(void)
{
    return source;
}

uint64_t timing_ns_to_ticks(uint64_t ns)
{
    return ns / 1000000000 * tsc_hz + ns % 1000000000 * tsc_hz / 1000000000;
}

uint64_t timing_ticks_to_ns(uint64_t ticks)
{
    return ticks / tsc_hz * 1000000000 + ticks % tsc_hz * 1000000000 / tsc_hz;
}

void timing_delay_us(uint64_t us)
{
    uint64_t end = cpu_rdtsc() + timing_ns_to_ticks(us * 1000);
    while (cpu_rdtsc() < end) {
        cpu_pause();
    }
}

bool timer_has_deadline(void)
{
    return has_deadline;
}

void timer_init(uint8_t vector)
{
    apic_write(APIC_TIMER_DIVIDE, APIC_TIMER_DIVIDE_BY_ONE);
    apic_write(APIC_LVT_TIMER, vector | (has_deadline ? APIC_LVT_TIMER_DEADLINE : 0));
    /* The LVT entry must be in place before the first deadline: SDM, "TSC-Deadline Mode". */
    __asm__ volatile("mfence" : : : "memory");
}

void timer_arm(uint64_t deadline)
{
    if (has_deadline) {
        cpu_wrmsr(MSR_IA32_TSC_DEADLINE, deadline != 0 ? deadline : 1);
        return;
    }
    uint64_t now = cpu_rdtsc();
    uint64_t count = deadline > now ? (deadline - now) * (apic_hz / 1000) / (tsc_hz / 1000) : 0;
    count = count > UINT32_MAX ? UINT32_MAX : count;
    apic_write(APIC_TIMER_INITIAL, count != 0 ? (uint32_t)count : 1);
}

void timer_stop(void)
{
    apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | APIC_VECTOR_SPURIOUS);
    apic_write(APIC_TIMER_INITIAL, 0);
    if (has_deadline) {
        cpu_wrmsr(MSR_IA32_TSC_DEADLINE, 0);
    }
}
