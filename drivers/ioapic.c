/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's IOAPIC: see the header. Entries are written so that no mixture of an old and a new
 * one is ever open: masked first, opened last.
 */
#include "drivers/ioapic.h"

#include "drivers/vioapic.h"
#include "kernel/io.h"

#define VERSION_LAST_ENTRY MASK(23, 16)
#define PCI_INTERRUPT      ((uint32_t)(IOAPIC_ENTRY_LEVEL | IOAPIC_ENTRY_ACTIVE_LOW))
#define MASKED             ((uint32_t)IOAPIC_ENTRY_MASKED)

static void select(struct ioapic *ioapic, unsigned index)
{
    mmio_write32(ioapic->registers + IOAPIC_IOREGSEL, index);
}

static uint32_t read_register(struct ioapic *ioapic, unsigned index)
{
    select(ioapic, index);
    return mmio_read32(ioapic->registers + IOAPIC_IOWIN);
}

static void write_register(struct ioapic *ioapic, unsigned index, uint32_t value)
{
    select(ioapic, index);
    mmio_write32(ioapic->registers + IOAPIC_IOWIN, value);
}

static unsigned low_half(unsigned pin)
{
    return IOAPIC_REDIRECTION + 2 * pin;
}

void ioapic_init(struct ioapic *ioapic, volatile void *registers)
{
    ioapic->registers = registers;
    ioapic->pins = 0;
    if (registers == NULL) {
        return;
    }
    ioapic->pins =
        (unsigned)FIELD_GET(VERSION_LAST_ENTRY, read_register(ioapic, IOAPIC_VERSION)) + 1;
    for (unsigned pin = 0; pin < ioapic->pins; pin++) {
        ioapic_mask(ioapic, pin);
    }
}

void ioapic_mask(struct ioapic *ioapic, unsigned pin)
{
    if (pin < ioapic->pins) {
        write_register(ioapic, low_half(pin), read_register(ioapic, low_half(pin)) | MASKED);
    }
}

void ioapic_route(struct ioapic *ioapic, unsigned pin, uint8_t vector, uint8_t apic_id)
{
    if (pin < ioapic->pins) {
        ioapic_mask(ioapic, pin);
        write_register(ioapic, low_half(pin) + 1, (uint32_t)apic_id << 24);
        write_register(ioapic, low_half(pin), PCI_INTERRUPT | vector);
    }
}

void ioapic_route_nmi(struct ioapic *ioapic, unsigned pin, uint8_t apic_id)
{
    if (pin < ioapic->pins) {
        ioapic_mask(ioapic, pin);
        write_register(ioapic, low_half(pin) + 1, (uint32_t)apic_id << 24);
        write_register(ioapic, low_half(pin), IOAPIC_DELIVERY_NMI << 8);
    }
}

void ioapic_end(struct ioapic *ioapic, unsigned pin)
{
    if (pin < ioapic->pins) {
        uint32_t entry = read_register(ioapic, low_half(pin));
        write_register(ioapic, low_half(pin), (entry & ~(uint32_t)IOAPIC_ENTRY_LEVEL) | MASKED);
        write_register(ioapic, low_half(pin), entry);
    }
}
