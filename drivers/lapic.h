/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calling CPU's local APIC in x2APIC mode (SDM "Advanced Programmable Interrupt Controller
 * (APIC)", "Extended XAPIC (x2APIC)"). Root mode uses it to start, kick and stop CPUs; between
 * entries it belongs to the guest of that CPU. Interrupts stay masked in root mode.
 */
#ifndef DRIVERS_LAPIC_H
#define DRIVERS_LAPIC_H

#include "kernel/cpu.h"
#include "kernel/msr.h"
#include "kernel/types.h"

/*
 * Switches the local APIC to x2APIC mode (it may be there already) with every LVT entry masked
 * and nothing in service or requested that a guest could inherit. Each CPU, before anything else
 * here.
 */
void lapic_enable(void);

/* Puts every register that a guest can see into its reset state, as lapic_enable() leaves it. */
void lapic_reset(void);

/* The x2APIC id of the calling CPU. */
uint32_t lapic_id(void);

/*
 * Sends what `icr` (SDM "ICR Operation in x2APIC Mode") says. WRMSR to the ICR is not serializing:
 * the fences make earlier stores visible to whom it interrupts.
 */
static inline void lapic_write_icr(uint64_t icr)
{
    __asm__ volatile("mfence; lfence" : : : "memory");
    cpu_wrmsr(MSR_X2APIC_ICR, icr);
}

/* Interprocessor interrupts to one CPU by its x2APIC id; page: of the start-up code, below 1 MiB.
 */
void lapic_send_fixed(uint32_t apic_id, uint8_t vector);
void lapic_send_init(uint32_t apic_id);
void lapic_send_startup(uint32_t apic_id, hpa_t page);
void lapic_send_nmi(uint32_t apic_id);
void lapic_send_nmi_to_others(void);

/*
 * One interrupt after `count` ticks of time_apic_timer_hz(), which ends idle_wait_for(). While no
 * guest owns the local APIC; lapic_reset() ends it.
 */
void lapic_alarm(uint32_t count);

/* Starts the timer at its full count with divide value 1 and no interrupt; reads what is left. */
void lapic_timer_start(void);
uint32_t lapic_timer_count(void);
void lapic_timer_stop(void);

#endif
