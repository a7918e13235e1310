/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's CPUs by APIC id; see the header. Pure. */
#include "kernel/apic_map.h"

#include "kernel/string.h"

void apic_map_init(struct apic_map *map, const uint32_t *ids, uint32_t count)
{
    memset(map, 0, sizeof(*map));
    map->count = count;
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        /* Unused places repeat the first id, so that no other id is ever found there. */
        map->id[i] = ids[i < count ? i : 0];
    }
    for (uint32_t i = 0; i < count; i++) {
        if (ids[i] >> 4 < APIC_MAP_CLUSTERS) {
            map->clusters[ids[i] >> 4] |= (uint16_t)BIT(ids[i] & 0xf);
        }
    }
    /* Downwards: of ids that share a low byte the first is found at once. */
    for (uint32_t i = count; i-- > 0;) {
        map->by_low_byte[ids[i] & 0xff] = (uint8_t)i;
    }
}

uint32_t apic_map_search(const struct apic_map *map, uint32_t id)
{
    for (uint32_t i = 0; i < map->count; i++) {
        if (map->id[i] == id) {
            return i;
        }
    }
    return APIC_MAP_NONE;
}

uint64_t apic_map_logical(const struct apic_map *map, uint32_t destination, bool *foreign)
{
    uint32_t cluster = destination >> 16;
    uint64_t targets = 0;
    *foreign = false;
    for (uint32_t members = destination & 0xffff; members != 0; members &= members - 1) {
        uint32_t index = apic_map_find(map, cluster << 4 | (uint32_t)__builtin_ctz(members));
        if (index == APIC_MAP_NONE) {
            *foreign = true;
        } else {
            targets |= BIT(index);
        }
    }
    return targets;
}
