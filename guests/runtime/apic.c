/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APIC in either of its two forms.
 */
#include "guests/runtime/apic.h"

#include "guests/runtime/cpu.h"
#include "guests/runtime/startup.h"

#define CPUID_1_ECX_X2APIC (1u << 21)
#define APIC_BASE_X2APIC   (1u << 10)
#define APIC_BASE_ENABLE   (1u << 11)
#define APIC_SOFTWARE_ON   (1u << 8)
#define ISR_WORDS          8

static bool x2apic;

bool apic_is_x2apic(void)
{
    return x2apic;
}

uint32_t apic_read(uint32_t offset)
{
    if (x2apic) {
        return (uint32_t)cpu_rdmsr(APIC_MSR(offset));
    }
    return cpu_read32(APIC_PAGE + offset);
}

void apic_write(uint32_t offset, uint32_t value)
{
    if (x2apic) {
        cpu_wrmsr(APIC_MSR(offset), value);
        return;
    }
    cpu_write32(APIC_PAGE + offset, value);
}

uint32_t apic_id(void)
{
    uint32_t id = apic_read(APIC_ID);
    return x2apic ? id : id >> 24;
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

void apic_eoi_all(void)
{
    for (uint32_t i = 0; i < ISR_WORDS; i++) {
        for (uint32_t bits = apic_read(APIC_ISR + i * 16); bits != 0; bits &= bits - 1) {
            apic_eoi();
        }
    }
}

void apic_send(uint32_t destination, uint32_t command)
{
    if (x2apic) {
        /* A WRMSR to the x2APIC does not wait for earlier stores; a receiver may rely on them. */
        __asm__ volatile("mfence; lfence" : : : "memory");
        cpu_wrmsr(APIC_MSR(APIC_ICR), ((uint64_t)destination << 32) | command);
        return;
    }
    cpu_write32(APIC_PAGE + APIC_ICR_HIGH, destination << 24);
    cpu_write32(APIC_PAGE + APIC_ICR, command);
    while ((cpu_read32(APIC_PAGE + APIC_ICR) & APIC_ICR_PENDING) != 0) {
        cpu_pause();
    }
}

void apic_enable(void)
{
    static const uint32_t masked[] = {APIC_LVT_TIMER, APIC_LVT_LINT0, APIC_LVT_LINT1,
                                      APIC_LVT_ERROR};

    x2apic = (cpu_cpuid(1, 0).ecx & CPUID_1_ECX_X2APIC) != 0 && !startup_option("apic", "x");
    uint64_t base = cpu_rdmsr(MSR_IA32_APIC_BASE);
    uint64_t wanted = base | APIC_BASE_ENABLE | (x2apic ? APIC_BASE_X2APIC : 0);
    if (wanted != base) {
        cpu_wrmsr(MSR_IA32_APIC_BASE, wanted);
    }
    apic_write(APIC_SPURIOUS, APIC_SOFTWARE_ON | APIC_VECTOR_SPURIOUS);
    for (uint32_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++) {
        apic_write(masked[i], APIC_LVT_MASKED | APIC_VECTOR_SPURIOUS);
    }
    apic_write(APIC_TPR, 0);
    apic_eoi_all();
}
