/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which CPU an interrupt of a real device goes to, as its guest programs IOAPIC pin or MSI. Pure.
 */
#ifndef KERNEL_IRQ_ROUTE_H
#define KERNEL_IRQ_ROUTE_H

#include "drivers/vioapic.h"
#include "drivers/vpci.h"
#include "kernel/icr.h"

/*
 * The APIC id of the first of the VM's CPUs that the message addresses. False when it must not be
 * sent: neither fixed nor lowest priority, a vector below 16, no CPU of this VM, or one that
 * hardware cannot address without interrupt remapping (ids above 254). logical: of all the VM's
 * vCPUs.
 */
bool irq_route(const struct apic_map *map, const struct xapic_logical *logical,
               const struct vioapic_message *message, uint8_t *apic_id);

/* An entry of the IOAPIC, and an MSI, as a message; false: masked, or the address is no APIC's. */
bool irq_message_of_entry(uint64_t entry, struct vioapic_message *message);
bool irq_message_of_msi(const struct vpci_msi *msi, struct vioapic_message *message);

/* What a device writes to interrupt this CPU alone: SDM "Message Address Register Format". */
static inline uint32_t irq_msi_address(uint8_t apic_id)
{
    return 0xFEE00000U | (uint32_t)apic_id << 12;
}

#endif
