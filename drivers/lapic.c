/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC in x2APIC mode; see the header. */
#include "drivers/lapic.h"

#include "kernel/cpu.h"

/* x2APIC registers by their MSR, SDM "x2APIC Register Address Space". */
#define X2APIC_ID                0x802
#define X2APIC_TPR               0x808
#define X2APIC_EOI               0x80b
#define X2APIC_SVR               0x80f
#define X2APIC_ISR               0x810
#define X2APIC_IRR               0x820
#define X2APIC_ESR               0x828
#define X2APIC_LVT_CMCI          0x82f
#define X2APIC_LVT_TIMER         0x832
#define X2APIC_LVT_LAST          0x837
#define X2APIC_INITIAL_COUNT     0x838
#define X2APIC_CURRENT_COUNT     0x839
#define X2APIC_DIVIDE            0x83e

#define LVT_MASKED               BIT(16)
#define SVR_ENABLE               BIT(8)
#define SVR_SPURIOUS_VECTOR      0xff
#define DIVIDE_BY_1              0xb
#define ALARM_VECTOR             0xf0 /* root mode's handler drops every vector alike */

#define ICR_NMI                  (UINT64_C(4) << 8)
#define ICR_INIT                 (UINT64_C(5) << 8)
#define ICR_STARTUP              (UINT64_C(6) << 8)
#define ICR_ASSERT               BIT(14)
#define ICR_OTHERS               (UINT64_C(3) << 18)
#define ICR_DESTINATION(id)      ((uint64_t)(id) << 32)

#define CPUID_1_ECX_TSC_DEADLINE BIT(24)

static void end_all_in_service(void)
{
    /* One EOI for each bit in service; a bound, in case the registers do not change. */
    for (unsigned turn = 0; turn < 256; turn++) {
        uint64_t any = 0;
        for (uint32_t i = 0; i < 8; i++) {
            any |= cpu_rdmsr(X2APIC_ISR + i);
        }
        if (any == 0) {
            return;
        }
        cpu_wrmsr(X2APIC_EOI, 0);
    }
}

/*
 * Interrupts that were requested for the last owner of this CPU: only taking them clears the IRR.
 * The IDT's upper part ends each (kernel/trap.S).
 */
static void take_back_requested(void)
{
    cpu_wrmsr(X2APIC_SVR, SVR_ENABLE | SVR_SPURIOUS_VECTOR);
    for (unsigned turn = 0; turn < 256; turn++) {
        uint64_t any = 0;
        for (uint32_t i = 0; i < 8; i++) {
            any |= cpu_rdmsr(X2APIC_IRR + i);
        }
        if (any == 0) {
            return;
        }
        __asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
    }
}

void lapic_reset(void)
{
    for (uint32_t msr = X2APIC_LVT_TIMER; msr <= X2APIC_LVT_LAST; msr++) {
        cpu_wrmsr_safe(msr, LVT_MASKED);
    }
    cpu_wrmsr_safe(X2APIC_LVT_CMCI, LVT_MASKED);
    cpu_wrmsr(X2APIC_INITIAL_COUNT, 0);
    if (cpu_cpuid(1, 0).ecx & CPUID_1_ECX_TSC_DEADLINE) {
        cpu_wrmsr(MSR_IA32_TSC_DEADLINE, 0);
    }
    cpu_wrmsr(X2APIC_DIVIDE, 0);
    cpu_wrmsr(X2APIC_TPR, 0);
    end_all_in_service();
    take_back_requested();
    cpu_wrmsr(X2APIC_ESR, 0);
    cpu_wrmsr(X2APIC_SVR, SVR_SPURIOUS_VECTOR);
}

void lapic_enable(void)
{
    uint64_t base = cpu_rdmsr(MSR_IA32_APIC_BASE);
    if (!(base & APIC_BASE_EN)) {
        /* From disabled to x2APIC only by way of xAPIC mode: SDM "x2APIC State Transitions". */
        cpu_wrmsr(MSR_IA32_APIC_BASE, base | APIC_BASE_EN);
    }
    if (!(base & APIC_BASE_EXTD)) {
        cpu_wrmsr(MSR_IA32_APIC_BASE, base | APIC_BASE_EN | APIC_BASE_EXTD);
    }
    lapic_reset();
    cpu_wrmsr(X2APIC_SVR, SVR_ENABLE | SVR_SPURIOUS_VECTOR);
}

uint32_t lapic_id(void)
{
    return (uint32_t)cpu_rdmsr(X2APIC_ID);
}

void lapic_send_fixed(uint32_t apic_id, uint8_t vector)
{
    lapic_write_icr(ICR_ASSERT | ICR_DESTINATION(apic_id) | vector);
}

void lapic_send_init(uint32_t apic_id)
{
    lapic_write_icr(ICR_INIT | ICR_ASSERT | ICR_DESTINATION(apic_id));
}

void lapic_send_startup(uint32_t apic_id, hpa_t page)
{
    lapic_write_icr(ICR_STARTUP | ICR_ASSERT | ICR_DESTINATION(apic_id) | (page.v >> PAGE_SHIFT));
}

void lapic_send_nmi(uint32_t apic_id)
{
    lapic_write_icr(ICR_NMI | ICR_ASSERT | ICR_DESTINATION(apic_id));
}

void lapic_send_nmi_to_others(void)
{
    lapic_write_icr(ICR_NMI | ICR_ASSERT | ICR_OTHERS);
}

void lapic_alarm(uint32_t count)
{
    cpu_wrmsr(X2APIC_SVR, SVR_ENABLE | SVR_SPURIOUS_VECTOR);
    cpu_wrmsr(X2APIC_LVT_TIMER, ALARM_VECTOR);
    cpu_wrmsr(X2APIC_DIVIDE, DIVIDE_BY_1);
    cpu_wrmsr(X2APIC_INITIAL_COUNT, count);
}

void lapic_timer_start(void)
{
    cpu_wrmsr(X2APIC_LVT_TIMER, LVT_MASKED);
    cpu_wrmsr(X2APIC_DIVIDE, DIVIDE_BY_1);
    cpu_wrmsr(X2APIC_INITIAL_COUNT, UINT32_MAX);
}

uint32_t lapic_timer_count(void)
{
    return (uint32_t)cpu_rdmsr(X2APIC_CURRENT_COUNT);
}

void lapic_timer_stop(void)
{
    cpu_wrmsr(X2APIC_INITIAL_COUNT, 0);
}
