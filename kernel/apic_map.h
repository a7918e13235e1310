/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's CPUs by APIC id. Guests see physical x2APIC ids, and a guest's interrupts may reach its
 * own CPUs only: whoever resolves a destination (ICR writes, emulated interrupt controllers) asks
 * here. Sets of CPUs are bit masks by vCPU index. Pure; filled when the VM is made, constant
 * afterwards.
 */
#ifndef KERNEL_APIC_MAP_H
#define KERNEL_APIC_MAP_H

#include "kernel/vm_plan.h"

#define APIC_MAP_NONE     UINT32_MAX
#define APIC_MAP_CLUSTERS 64 /* of 16 x2APIC ids each: those below 1024 */

struct apic_map {
    uint32_t count;
    uint32_t id[CPU_MAX];                 /* x2APIC id by vCPU index */
    uint16_t clusters[APIC_MAP_CLUSTERS]; /* logical ids of the VM's CPUs, by cluster */
    uint8_t by_low_byte[256]; /* a vCPU whose id ends in this byte; id[] tells whether it is it */
};

_Static_assert(CPU_MAX <= 64, "sets of CPUs are 64-bit masks");

/* ids: the count (1 to CPU_MAX) different x2APIC ids of the VM's CPUs, by vCPU index. */
void apic_map_init(struct apic_map *map, const uint32_t *ids, uint32_t count);

/* For ids that share their low byte with another of the VM's. */
uint32_t apic_map_search(const struct apic_map *map, uint32_t id);

/* vCPU index of an x2APIC id, or APIC_MAP_NONE when the VM does not own that CPU. */
static inline uint32_t apic_map_find(const struct apic_map *map, uint32_t id)
{
    uint32_t index = map->by_low_byte[id & 0xff];
    return map->id[index] == id ? index : apic_map_search(map, id);
}

/* All CPUs of the VM. */
static inline uint64_t apic_map_all(const struct apic_map *map)
{
    return ~UINT64_C(0) >> (64 - map->count);
}

/*
 * CPUs addressed by a logical x2APIC destination: cluster in bits 31:16, members in 15:0; SDM
 * "Logical Destination Mode in x2APIC Mode". *foreign: it also addresses CPUs of others.
 */
uint64_t apic_map_logical(const struct apic_map *map, uint32_t destination, bool *foreign);

/* The id of a logical x2APIC destination that addresses just this CPU; its LDR register. */
static inline uint32_t apic_map_ldr(uint32_t id)
{
    return id >> 4 << 16 | 1u << (id & 0xf);
}

#endif
