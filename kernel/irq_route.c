/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes what a guest wants of a device's interrupt against its own CPUs: see the header. SDM
 * volume 3, "Message Signalled Interrupts"; 82093AA, "I/O Redirection Table Registers".
 */
#include "kernel/irq_route.h"

#define MSI_BASE          MASK(63, 20)
#define MSI_BASE_APIC     UINT64_C(0xFEE00000)
#define MSI_DESTINATION   MASK(19, 12)
#define MSI_LOGICAL       BIT(2)
#define MSI_DELIVERY_MODE MASK(10, 8)
#define VECTOR_MIN        16
#define APIC_ID_MAX       254

bool irq_route(const struct apic_map *map, const struct xapic_logical *logical,
               const struct vioapic_message *message, uint8_t *apic_id)
{
    if (message->delivery_mode > IOAPIC_DELIVERY_LOWEST || message->vector < VECTOR_MIN) {
        return false;
    }
    uint64_t targets = icr_xapic_targets(map, message->destination, message->logical, logical);
    if (targets == 0 || map->id[__builtin_ctzll(targets)] > APIC_ID_MAX) {
        return false;
    }
    *apic_id = (uint8_t)map->id[__builtin_ctzll(targets)];
    return true;
}

bool irq_message_of_entry(uint64_t entry, struct vioapic_message *message)
{
    *message = (struct vioapic_message){
        .destination = (uint8_t)FIELD_GET(IOAPIC_ENTRY_DESTINATION, entry),
        .delivery_mode = (uint8_t)FIELD_GET(IOAPIC_ENTRY_DELIVERY_MODE, entry),
        .vector = (uint8_t)entry,
        .logical = (entry & IOAPIC_ENTRY_LOGICAL) != 0,
    };
    return (entry & IOAPIC_ENTRY_MASKED) == 0;
}

bool irq_message_of_msi(const struct vpci_msi *msi, struct vioapic_message *message)
{
    *message = (struct vioapic_message){
        .destination = (uint8_t)FIELD_GET(MSI_DESTINATION, msi->address),
        .delivery_mode = (uint8_t)FIELD_GET(MSI_DELIVERY_MODE, msi->data),
        .vector = (uint8_t)msi->data,
        .logical = (msi->address & MSI_LOGICAL) != 0,
    };
    return msi->enabled && (msi->address & MSI_BASE) == MSI_BASE_APIC;
}
