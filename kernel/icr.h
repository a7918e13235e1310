/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest's write to the interrupt command register means: pure decoding against the VM's own
 * CPUs. Called by the exit handler of WRMSR 0x830 and by the emulation of the xAPIC page. SDM
 * volume 3, "Interrupt Command Register (ICR)" and "ICR Operation in x2APIC Mode". Nothing here
 * sends anything; the caller does what the result says and nothing else.
 */
#ifndef KERNEL_ICR_H
#define KERNEL_ICR_H

#include "kernel/apic_map.h"

#define ICR_VECTOR            MASK(7, 0)
#define ICR_DELIVERY_MODE     MASK(10, 8)
#define ICR_LOGICAL           BIT(11)
#define ICR_DELIVERY_STATUS   BIT(12) /* xAPIC only, read-only */
#define ICR_ASSERT            BIT(14)
#define ICR_LEVEL             BIT(15)
#define ICR_SHORTHAND         MASK(19, 18)
#define ICR_SHORTHAND_SELF    (1u << 18)
#define ICR_SHORTHAND_OTHERS  0xc0000u
#define ICR_DESTINATION       MASK(63, 32) /* x2APIC */
#define ICR_XAPIC_DESTINATION MASK(63, 56)
#define ICR_BROADCAST         UINT32_C(0xffffffff)
#define ICR_XAPIC_BROADCAST   UINT32_C(0xff)

/* Delivery modes; an LVT entry's and an IOAPIC pin's are the same. */
#define APIC_MODE_FIXED           0u
#define APIC_MODE_LOWEST_PRIORITY 1u
#define APIC_MODE_SMI             2u
#define APIC_MODE_REMOTE_READ     3u
#define APIC_MODE_NMI             4u
#define APIC_MODE_INIT            5u
#define APIC_MODE_STARTUP         6u
#define APIC_MODE_EXTINT          7u

enum icr_action {
    ICR_SEND,    /* an interrupt with `vector` to every CPU of `targets` */
    ICR_NMI,     /* an NMI to every vCPU of `targets` */
    ICR_INIT,    /* INIT to every vCPU of `targets` */
    ICR_STARTUP, /* SIPI with `vector` to every vCPU of `targets` */
    ICR_NOTHING, /* legal and without effect: INIT level de-assert, no CPU addressed */
    ICR_REFUSED, /* dropped; count it as denied, `reason` says why */
    ICR_FAULT,   /* reserved bits set: #GP (x2APIC only) */
};

struct icr_request {
    enum icr_action action;
    uint8_t vector;
    /*
     * ICR_SEND only: `hardware`, written to the physical ICR (MSR_X2APIC_ICR), reaches exactly
     * `targets`. False: send to one after the other, with icr_fixed().
     */
    bool direct;
    uint64_t
        targets; /* by vCPU index; only CPUs of this VM; never 0 unless nothing is to be done */
    uint64_t hardware;
    const char *reason; /* ICR_REFUSED: e.g. "SMI", continues "ICR write refused: " */
};

/* The ICR value that sends a fixed interrupt to one CPU by its x2APIC id. */
static inline uint64_t icr_fixed(uint8_t vector, uint32_t apic_id)
{
    return (uint64_t)apic_id << 32 | ICR_ASSERT | vector;
}

/*
 * The common cases, for the hot path: a fixed interrupt to one of the VM's own CPUs by its physical
 * id, to some of a cluster by their logical id, or to the sender by shorthand. True: write `value`
 * to the physical ICR as it is; it reaches CPUs of this VM only.
 */
static inline bool icr_is_plain(const struct apic_map *map, uint64_t value)
{
    uint32_t low = (uint32_t)value & ~(uint32_t)ICR_ASSERT;
    if (low - 16 <= 255 - 16) {
        return apic_map_find(map, (uint32_t)(value >> 32)) != APIC_MAP_NONE;
    }
    if (low - ((uint32_t)ICR_LOGICAL | 16u) <= 255 - 16) {
        uint32_t cluster = (uint32_t)(value >> 48);
        uint32_t members = (uint32_t)(value >> 32) & 0xffff;
        return cluster < APIC_MAP_CLUSTERS && members != 0 &&
               (members & ~(uint32_t)map->clusters[cluster]) == 0;
    }
    return low - (ICR_SHORTHAND_SELF | 16u) <= 255 - 16;
}

/* value: as written to MSR_X2APIC_ICR by vCPU `self` of the VM. */
struct icr_request icr_decode_x2apic(const struct apic_map *map, uint32_t self, uint64_t value);

#define XAPIC_MODEL_FLAT    0xfu
#define XAPIC_MODEL_CLUSTER 0x0u

/* What the xAPIC page of one vCPU holds that decides about logical destinations. */
struct xapic_logical {
    uint8_t id;    /* LDR[31:24] */
    uint8_t model; /* DFR[31:28]: XAPIC_MODEL_... */
};

/*
 * value: high register (offset 0x310) in bits 63:32, low one (offset 0x300) below; logical: of all
 * the VM's vCPUs. Reserved bits are ignored, as xAPIC hardware does. SDM "Logical Destination
 * Mode".
 */
struct icr_request icr_decode_xapic(const struct apic_map *map, uint32_t self, uint64_t value,
                                    const struct xapic_logical *logical);

/* CPUs that an 8-bit destination (xAPIC ICR, IOAPIC pin, MSI) addresses. */
uint64_t icr_xapic_targets(const struct apic_map *map, uint8_t destination, bool is_logical,
                           const struct xapic_logical *logical);

#endif
