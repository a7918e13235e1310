/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual IOAPIC: 24 pins, register set of version 0x20 (Intel's 82093AA data sheet, "Register
 * Description", plus the EOI register that later I/O controller hubs added). The MMIO router calls
 * vioapic_ops; emulated devices call vioapic_set_pin(); messages leave through a callback, which
 * checks the destination against the VM's CPUs and sends them.
 *
 * Edge and level: the guest owns its local APIC, so nobody here sees its EOI. Pins are therefore of
 * a kind that the VM's set-up chooses:
 *  - VIOAPIC_PIN_EDGE (the default): each rising edge is delivered once, as an edge message, also
 *    when the guest has programmed the entry as level; Remote IRR stays 0. Such an entry is looked
 *    at again when it is unmasked and when the guest writes its vector to the EOI register (Linux
 *    does that for a level interrupt that its local APIC saw as edge). For emulated devices.
 *  - VIOAPIC_PIN_LEVEL: as the data sheet says, with Remote IRR; for VMs whose EOIs are seen, and
 *    for guests that write the EOI register.
 *  - VIOAPIC_PIN_PASSED: the line belongs to a real device. The entry is kept here, every change
 *    of it and every EOI register write is passed on, and nothing is delivered from here.
 * Interrupt input polarity is stored and otherwise ignored: lines are given as asserted or not.
 */
#ifndef DRIVERS_VIOAPIC_H
#define DRIVERS_VIOAPIC_H

#include "drivers/device.h"
#include "drivers/guest_platform.h"

#define VIOAPIC_SIZE PAGE_SIZE /* bytes from GUEST_IOAPIC_BASE */
#define VIOAPIC_PINS GUEST_IOAPIC_PINS

/* Offsets in the page. */
#define IOAPIC_IOREGSEL 0x00
#define IOAPIC_IOWIN    0x10
#define IOAPIC_EOI      0x40 /* write only: vector */

/* Indices in IOREGSEL. */
#define IOAPIC_ID          0x00
#define IOAPIC_VERSION     0x01
#define IOAPIC_ARBITRATION 0x02
#define IOAPIC_REDIRECTION 0x10 /* low half of pin n at 0x10 + 2n, high half behind it */

/* Redirection entry */
#define IOAPIC_ENTRY_VECTOR        MASK(7, 0)
#define IOAPIC_ENTRY_DELIVERY_MODE MASK(10, 8)
#define IOAPIC_ENTRY_LOGICAL       BIT(11) /* destination mode */
#define IOAPIC_ENTRY_STATUS        BIT(12) /* read only, always idle here */
#define IOAPIC_ENTRY_ACTIVE_LOW    BIT(13)
#define IOAPIC_ENTRY_REMOTE_IRR    BIT(14) /* read only */
#define IOAPIC_ENTRY_LEVEL         BIT(15) /* trigger mode */
#define IOAPIC_ENTRY_MASKED        BIT(16)
#define IOAPIC_ENTRY_DESTINATION   MASK(63, 56)

/* Delivery modes, also of vioapic_message. */
#define IOAPIC_DELIVERY_FIXED  0
#define IOAPIC_DELIVERY_LOWEST 1
#define IOAPIC_DELIVERY_SMI    2
#define IOAPIC_DELIVERY_NMI    4
#define IOAPIC_DELIVERY_INIT   5
#define IOAPIC_DELIVERY_EXTINT 7

/*
 * An interrupt on its way to local APICs. Fixed and lowest-priority messages have vector >= 16;
 * SMI and the reserved modes never get here. The destination is what the guest wrote: unchecked.
 */
struct vioapic_message {
    uint8_t destination; /* APIC id, or a logical destination (8 bits) */
    uint8_t delivery_mode;
    uint8_t vector;
    bool logical;
    bool level;
};

enum vioapic_pin_kind { VIOAPIC_PIN_EDGE, VIOAPIC_PIN_LEVEL, VIOAPIC_PIN_PASSED };

/* Callbacks run in the course of a guest's access or of vioapic_set_pin(). */
struct vioapic_host {
    void (*deliver)(void *context, const struct vioapic_message *message);
    /* An entry of a passed pin changed; NULL when the VM has none. entry: as the guest reads it. */
    void (*entry_changed)(void *context, unsigned pin, uint64_t entry);
    /* The guest wrote `vector` to the EOI register, and some passed level pin has that vector. */
    void (*passed_eoi)(void *context, uint8_t vector);
    void *context;
};

struct vioapic {
    struct vioapic_host host; /* wiring and kinds: kept over a reset */
    uint8_t kinds[VIOAPIC_PINS];

    uint8_t select; /* IOREGSEL */
    uint8_t id;     /* bits 27:24 of the ID register */
    uint32_t lines; /* bit n: pin n is asserted */
    uint64_t entries[VIOAPIC_PINS];
};

/* All pins masked (82093AA, "I/O Redirection Table Registers"), not asserted, of kind EDGE. */
void vioapic_init(struct vioapic *ioapic, const struct vioapic_host *host);

/* Registers as after power-on; wiring, kinds and the lines' levels stay. Passed pins are told. */
void vioapic_reset(struct vioapic *ioapic);

/* Set-up of a VM, before its guest runs. A pin beyond the last is our own mistake: ignored. */
void vioapic_set_pin_kind(struct vioapic *ioapic, unsigned pin, enum vioapic_pin_kind kind);

/*
 * Sets the level of a pin's line. Edge: a change to asserted is delivered unless the entry is
 * masked, then it is lost, as the data sheet says. Level: delivered while asserted, unmasked and
 * Remote IRR is 0. A pin beyond the last is ignored.
 */
void vioapic_set_pin(struct vioapic *ioapic, unsigned pin, bool asserted);

/*
 * A local APIC has ended an interrupt with this vector: clears Remote IRR of the LEVEL pins that
 * have it and delivers again where the entry says level and the line is still asserted.
 */
void vioapic_eoi(struct vioapic *ioapic, uint8_t vector);

/*
 * What a device's struct irq_line points at: {.set = vioapic_line_set, .context = &line}. Kept by
 * the VM as long as the device.
 */
struct vioapic_line {
    struct vioapic *ioapic;
    unsigned pin;
};
void vioapic_line_set(void *vioapic_line, bool asserted);

/*
 * The page at GUEST_IOAPIC_BASE. The registers take 32-bit accesses; of others, reads give the
 * register's low bytes, and writes reach IOREGSEL only.
 */
extern const struct device_ops vioapic_ops;

#endif
