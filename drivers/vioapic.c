/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual IOAPIC: see vioapic.h. A guest's read takes the way vioapic_read() ->
 * register_read(): keep it short, Linux reads entries at each interrupt that it migrates.
 */
#include "drivers/vioapic.h"

#include "kernel/string.h"

#define VERSION_REGISTER (0x20U | (VIOAPIC_PINS - 1) << 16)
#define ID_SHIFT         24
#define ID_MASK          0x0F

/* What the guest may change in an entry. Reserved bits stay 0. */
#define ENTRY_WRITABLE                                                                             \
    (IOAPIC_ENTRY_VECTOR | IOAPIC_ENTRY_DELIVERY_MODE | IOAPIC_ENTRY_LOGICAL |                     \
     IOAPIC_ENTRY_ACTIVE_LOW | IOAPIC_ENTRY_LEVEL | IOAPIC_ENTRY_MASKED |                          \
     IOAPIC_ENTRY_DESTINATION)

_Static_assert(VIOAPIC_PINS <= 32, "lines are bits of a uint32_t");

/* Whether a local APIC would take it: SMI is no guest's, low vectors are illegal. */
static bool deliverable(uint64_t entry)
{
    switch (FIELD_GET(IOAPIC_ENTRY_DELIVERY_MODE, entry)) {
    case IOAPIC_DELIVERY_FIXED:
    case IOAPIC_DELIVERY_LOWEST:
        return FIELD_GET(IOAPIC_ENTRY_VECTOR, entry) >= 16;
    case IOAPIC_DELIVERY_NMI:
    case IOAPIC_DELIVERY_INIT:
    case IOAPIC_DELIVERY_EXTINT:
        return true;
    default:
        return false;
    }
}

static void deliver(struct vioapic *ioapic, uint64_t entry, bool level)
{
    struct vioapic_message message = {
        .destination = (uint8_t)FIELD_GET(IOAPIC_ENTRY_DESTINATION, entry),
        .delivery_mode = (uint8_t)FIELD_GET(IOAPIC_ENTRY_DELIVERY_MODE, entry),
        .vector = (uint8_t)FIELD_GET(IOAPIC_ENTRY_VECTOR, entry),
        .logical = (entry & IOAPIC_ENTRY_LOGICAL) != 0,
        .level = level,
    };

    if (deliverable(entry))
        ioapic->host.deliver(ioapic->host.context, &message);
}

/* Whether the pin behaves as level: its kind allows it and the guest has chosen it. */
static bool is_level(const struct vioapic *ioapic, unsigned pin)
{
    return ioapic->kinds[pin] == VIOAPIC_PIN_LEVEL && (ioapic->entries[pin] & IOAPIC_ENTRY_LEVEL);
}

/* Delivers a level pin that is asserted, open, and not yet waiting for its EOI. */
static void service_level(struct vioapic *ioapic, unsigned pin)
{
    uint64_t *entry = &ioapic->entries[pin];

    if (!is_level(ioapic, pin) || !(ioapic->lines & BIT(pin)))
        return;
    if (*entry & (IOAPIC_ENTRY_MASKED | IOAPIC_ENTRY_REMOTE_IRR))
        return;
    if (!deliverable(*entry)) /* no local APIC accepts it, so none will end it */
        return;
    *entry |= IOAPIC_ENTRY_REMOTE_IRR;
    deliver(ioapic, *entry, true);
}

/*
 * An EDGE pin that the guest has programmed as level, at a moment when a level line would be looked
 * at again (end of interrupt, unmasking): one more edge while the device still asks.
 */
static void repeat_edge(struct vioapic *ioapic, unsigned pin)
{
    uint64_t entry = ioapic->entries[pin];

    if (ioapic->kinds[pin] != VIOAPIC_PIN_EDGE || !(ioapic->lines & BIT(pin)))
        return;
    if ((entry & IOAPIC_ENTRY_LEVEL) && !(entry & IOAPIC_ENTRY_MASKED))
        deliver(ioapic, entry, false);
}

void vioapic_set_pin(struct vioapic *ioapic, unsigned pin, bool asserted)
{
    bool was_asserted;

    if (pin >= VIOAPIC_PINS)
        return;
    was_asserted = (ioapic->lines & BIT(pin)) != 0;
    if (!asserted) {
        ioapic->lines &= ~(uint32_t)BIT(pin);
        return;
    }
    ioapic->lines |= (uint32_t)BIT(pin);
    if (is_level(ioapic, pin)) {
        service_level(ioapic, pin);
        return;
    }
    if (was_asserted || ioapic->kinds[pin] == VIOAPIC_PIN_PASSED)
        return;
    if (!(ioapic->entries[pin] & IOAPIC_ENTRY_MASKED))
        deliver(ioapic, ioapic->entries[pin], false);
}

void vioapic_line_set(void *vioapic_line, bool asserted)
{
    struct vioapic_line *line = vioapic_line;

    vioapic_set_pin(line->ioapic, line->pin, asserted);
}

void vioapic_eoi(struct vioapic *ioapic, uint8_t vector)
{
    for (unsigned pin = 0; pin < VIOAPIC_PINS; pin++) {
        uint64_t *entry = &ioapic->entries[pin];

        if (FIELD_GET(IOAPIC_ENTRY_VECTOR, *entry) != vector)
            continue;
        *entry &= ~IOAPIC_ENTRY_REMOTE_IRR;
        service_level(ioapic, pin);
        repeat_edge(ioapic, pin);
    }
}

static void write_eoi(struct vioapic *ioapic, uint8_t vector)
{
    vioapic_eoi(ioapic, vector);
    if (!ioapic->host.passed_eoi)
        return;
    for (unsigned pin = 0; pin < VIOAPIC_PINS; pin++) {
        uint64_t entry = ioapic->entries[pin];

        if (ioapic->kinds[pin] != VIOAPIC_PIN_PASSED || !(entry & IOAPIC_ENTRY_LEVEL) ||
            FIELD_GET(IOAPIC_ENTRY_VECTOR, entry) != vector)
            continue;
        ioapic->host.passed_eoi(ioapic->host.context, vector);
        return;
    }
}

static void write_entry(struct vioapic *ioapic, unsigned index, uint32_t value)
{
    unsigned pin = index / 2;
    unsigned shift = index % 2 * 32;
    uint64_t half = MASK(31, 0) << shift;
    uint64_t *entry = &ioapic->entries[pin];
    bool was_masked = (*entry & IOAPIC_ENTRY_MASKED) != 0;

    *entry = (*entry & ~(half & ENTRY_WRITABLE)) | ((uint64_t)value << shift & ENTRY_WRITABLE);
    if (!is_level(ioapic, pin)) /* 82093AA: Remote IRR has no meaning for edge */
        *entry &= ~IOAPIC_ENTRY_REMOTE_IRR;
    if (ioapic->kinds[pin] == VIOAPIC_PIN_PASSED && ioapic->host.entry_changed)
        ioapic->host.entry_changed(ioapic->host.context, pin, *entry);
    service_level(ioapic, pin);
    if (was_masked)
        repeat_edge(ioapic, pin);
}

static uint32_t register_read(const struct vioapic *ioapic)
{
    unsigned index = ioapic->select - (unsigned)IOAPIC_REDIRECTION;

    if (index < 2 * VIOAPIC_PINS)
        return (uint32_t)(ioapic->entries[index / 2] >> (index % 2 * 32));
    switch (ioapic->select) {
    case IOAPIC_ID:
    case IOAPIC_ARBITRATION:
        return (uint32_t)ioapic->id << ID_SHIFT;
    case IOAPIC_VERSION:
        return VERSION_REGISTER;
    default:
        return 0;
    }
}

static void register_write(struct vioapic *ioapic, uint32_t value)
{
    unsigned index = ioapic->select - (unsigned)IOAPIC_REDIRECTION;

    if (index < 2 * VIOAPIC_PINS)
        write_entry(ioapic, index, value);
    else if (ioapic->select == IOAPIC_ID)
        ioapic->id = value >> ID_SHIFT & ID_MASK;
}

static uint64_t vioapic_read(void *device, uint64_t offset, unsigned size)
{
    const struct vioapic *ioapic = device;

    if (offset == IOAPIC_IOWIN)
        return register_read(ioapic) & device_open_bus(size);
    if (offset == IOAPIC_IOREGSEL)
        return ioapic->select;
    return 0;
}

static void vioapic_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vioapic *ioapic = device;

    if (offset == IOAPIC_IOREGSEL)
        ioapic->select = (uint8_t)value;
    else if (offset == IOAPIC_IOWIN && size == 4)
        register_write(ioapic, (uint32_t)value);
    else if (offset == IOAPIC_EOI && size == 4)
        write_eoi(ioapic, (uint8_t)value);
}

const struct device_ops vioapic_ops = {.read = vioapic_read, .write = vioapic_write};

COLD void vioapic_set_pin_kind(struct vioapic *ioapic, unsigned pin, enum vioapic_pin_kind kind)
{
    if (pin < VIOAPIC_PINS)
        ioapic->kinds[pin] = (uint8_t)kind;
}

COLD void vioapic_reset(struct vioapic *ioapic)
{
    ioapic->select = 0;
    ioapic->id = 0;
    for (unsigned pin = 0; pin < VIOAPIC_PINS; pin++) {
        ioapic->entries[pin] = IOAPIC_ENTRY_MASKED;
        if (ioapic->kinds[pin] == VIOAPIC_PIN_PASSED && ioapic->host.entry_changed)
            ioapic->host.entry_changed(ioapic->host.context, pin, IOAPIC_ENTRY_MASKED);
    }
}

COLD void vioapic_init(struct vioapic *ioapic, const struct vioapic_host *host)
{
    memset(ioapic, 0, sizeof(*ioapic));
    ioapic->host = *host;
    vioapic_reset(ioapic);
}
