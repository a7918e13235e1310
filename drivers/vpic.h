/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual PIC pair: two 8259A (Intel's 8259A data sheet) as a PC wires them, the second one at
 * the first one's input 2, with the edge/level control registers that PCI chipsets added. Only VMs
 * with `legacy` have it. The port router calls the three sets of ops; devices set inputs; the vCPU
 * code injects: INTR goes up, and when the guest takes interrupts, vpic_acknowledge() has the
 * vector.
 *
 * An edge stays requested until it is acknowledged, also when the line falls before (the data sheet
 * withdraws it): emulated devices learn the time late, and a tick withdrawn would be a tick lost.
 * LTIM of ICW1 is ignored as chipsets do; 8080 mode, buffered mode and ICW3 are stored nowhere.
 */
#ifndef DRIVERS_VPIC_H
#define DRIVERS_VPIC_H

#include "drivers/device.h"

#define VPIC_PORT_COUNT 2 /* each, from GUEST_PIC_MASTER, GUEST_PIC_SLAVE, GUEST_PIC_ELCR */
#define VPIC_INPUTS     16
#define VPIC_CASCADE    2 /* not a device's input */

struct vpic_chip {
    uint8_t lines; /* levels at the inputs */
    uint8_t edges; /* requests latched by a rising edge */
    uint8_t level; /* ELCR: these inputs are level-triggered */
    uint8_t in_service;
    uint8_t mask;   /* IMR */
    uint8_t base;   /* ICW2: vector of input 0 */
    uint8_t lowest; /* input of lowest priority; the next one has the highest */
    uint8_t init;   /* the ICW that is expected next, 2 to 4; 0: none */
    bool needs_icw4;
    bool single;
    bool auto_eoi;
    bool rotate_auto_eoi;
    bool special_mask;
    bool special_nested;
    bool read_in_service; /* what the even port reads: ISR instead of IRR */
    bool poll;            /* the next read is an acknowledge */
};

struct vpic {
    struct irq_line intr; /* wiring: kept over a reset */
    bool intr_asserted;
    struct vpic_chip chips[2]; /* master, slave */
};

/* intr: set on each change of the master's INT output; may be NULL. */
void vpic_init(struct vpic *pic, struct irq_line intr);

/* As firmware leaves it: vectors 0x08 and 0x70, all masked, all edge, inputs low. */
void vpic_reset(struct vpic *pic);

/* Sets an input's level, 0 to 15. The cascade input and numbers beyond are ignored. */
void vpic_set_input(struct vpic *pic, unsigned input, bool asserted);

/* Whether INTR is up. */
static inline bool vpic_pending(const struct vpic *pic)
{
    return pic->intr_asserted;
}

/*
 * The CPU's acknowledge cycle (data sheet, "Interrupt Sequence"): returns the vector and puts it
 * into service. Nothing requested any more: input 7 of whoever was asked, without service bit.
 */
uint8_t vpic_acknowledge(struct vpic *pic);

/* What a device's struct irq_line points at; kept by the VM as long as the device. */
struct vpic_line {
    struct vpic *pic;
    unsigned input;
};
void vpic_line_set(void *vpic_line, bool asserted);

/* A wider access is as many byte accesses. */
extern const struct device_ops vpic_master_ops;
extern const struct device_ops vpic_slave_ops;
extern const struct device_ops vpic_elcr_ops;

#endif
