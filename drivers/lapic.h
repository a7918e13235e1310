/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calling CPU's local APIC in x2APIC mode (SDM "Advanced Programmable Interrupt Controller
 * (APIC)", "Extended XAPIC (x2APIC)"). Root mode uses it to start, kick and stop CPUs; between
 * entries it belongs to the guest of that CPU. Interrupts stay masked in root mode.
 */
#ifndef DRIVERS_LAPIC_H
#define DRIVERS_LAPIC_H

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

/* Interprocessor interrupts to one CPU by its x2APIC id; page: of the start-up code, below 1 MiB.
 */
void lapic_send_init(uint32_t apic_id);
void lapic_send_startup(uint32_t apic_id, hpa_t page);
void lapic_send_nmi(uint32_t apic_id);
void lapic_send_nmi_to_others(void);

/* Starts the timer at its full count with divide value 1 and no interrupt; reads what is left. */
void lapic_timer_start(void);
uint32_t lapic_timer_count(void);
void lapic_timer_stop(void);

#endif
