/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's IOAPIC (Intel's 82093AA data sheet): its pins lead interrupts of devices straight
 * to guests' CPUs. Register logic only: who may have which pin, and where it leads, is the
 * kernel's. The caller serializes: two registers make an access.
 */
#ifndef DRIVERS_IOAPIC_H
#define DRIVERS_IOAPIC_H

#include "kernel/types.h"

struct ioapic {
    volatile uint8_t *registers; /* mapped uncached; NULL: there is none */
    unsigned pins;
};

/* Reads how many pins there are and masks them all. registers: a page, or NULL. */
void ioapic_init(struct ioapic *ioapic, volatile void *registers);

/*
 * From now on the pin, a PCI interrupt (level, active low), leads to the CPU with this APIC id, as
 * a fixed interrupt with `vector` (16-255). A pin beyond the last is ignored, here and below.
 */
void ioapic_route(struct ioapic *ioapic, unsigned pin, uint8_t vector, uint8_t apic_id);

/* From now on an edge of the pin (ISA: active high) is an NMI of the CPU with this APIC id. */
void ioapic_route_nmi(struct ioapic *ioapic, unsigned pin, uint8_t apic_id);

/* Masks the pin. An interrupt that has been sent stays to be ended: Remote IRR is kept. */
void ioapic_mask(struct ioapic *ioapic, unsigned pin);

/*
 * Ends an interrupt of the pin that nobody may end any more: clears Remote IRR, by a moment as
 * edge-triggered. The entry is as before; what is still asserted is sent again if not masked.
 */
void ioapic_end(struct ioapic *ioapic, unsigned pin);

#endif
