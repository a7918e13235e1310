/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes writes to the interrupt command register; see the header. Pure, sends nothing. */
#include "kernel/icr.h"

#define ICR_X2APIC_RESERVED                                                                        \
    (ICR_DELIVERY_STATUS | BIT(13) | MASK(17, 16) | MASK(31, 20)) /* a 1 there: #GP */

enum { SHORTHAND_NONE, SHORTHAND_SELF, SHORTHAND_ALL, SHORTHAND_OTHERS };

/* By delivery mode: "Valid Combinations for the Pentium 4 and Intel Xeon Processors' ICR". */
static const struct {
    enum icr_action action;
    uint8_t shorthands; /* bits by shorthand: allowed combinations */
    const char *reason;
} modes[8] = {
    [APIC_MODE_FIXED] = {ICR_SEND,
                         1 << SHORTHAND_NONE | 1 << SHORTHAND_SELF | 1 << SHORTHAND_ALL |
                             1 << SHORTHAND_OTHERS,
                         NULL},
    [APIC_MODE_LOWEST_PRIORITY] = {ICR_SEND, 1 << SHORTHAND_NONE | 1 << SHORTHAND_OTHERS, NULL},
    [APIC_MODE_SMI] = {ICR_REFUSED, 0, "SMI"},
    [APIC_MODE_REMOTE_READ] = {ICR_REFUSED, 0, "remote read"},
    [APIC_MODE_NMI] = {ICR_NMI, 1 << SHORTHAND_NONE | 1 << SHORTHAND_OTHERS, NULL},
    [APIC_MODE_INIT] = {ICR_INIT, 1 << SHORTHAND_NONE | 1 << SHORTHAND_OTHERS, NULL},
    [APIC_MODE_STARTUP] = {ICR_STARTUP, 1 << SHORTHAND_NONE | 1 << SHORTHAND_OTHERS, NULL},
    [APIC_MODE_EXTINT] = {ICR_REFUSED, 0, "ExtINT"},
};

static struct icr_request refuse(const char *reason)
{
    return (struct icr_request){.action = ICR_REFUSED, .reason = reason};
}

static struct icr_request nothing(void)
{
    return (struct icr_request){.action = ICR_NOTHING};
}

/* What the low half alone says. Other than ICR_SEND ... ICR_STARTUP: the final answer. */
static struct icr_request decode_command(uint64_t value)
{
    uint64_t mode = FIELD_GET(ICR_DELIVERY_MODE, value);
    uint8_t vector = (uint8_t)FIELD_GET(ICR_VECTOR, value);
    if (modes[mode].action == ICR_REFUSED) {
        return refuse(modes[mode].reason);
    }
    if (!(modes[mode].shorthands & BIT(FIELD_GET(ICR_SHORTHAND, value)))) {
        return refuse("shorthand not valid with the delivery mode");
    }
    if (mode == APIC_MODE_INIT && (value & ICR_LEVEL) && !(value & ICR_ASSERT)) {
        return nothing(); /* "INIT Level De-assert": processors since the Pentium 4 ignore it */
    }
    if (modes[mode].action == ICR_SEND && vector < 16) {
        return refuse("vector below 16");
    }
    return (struct icr_request){.action = modes[mode].action, .vector = vector};
}

static uint64_t shorthand_targets(const struct apic_map *map, uint32_t self, uint64_t shorthand)
{
    if (shorthand == SHORTHAND_SELF) {
        return BIT(self);
    }
    return shorthand == SHORTHAND_ALL ? apic_map_all(map) : apic_map_all(map) & ~BIT(self);
}

/* Puts targets into a request; fixed interrupts to one CPU go out by its physical id. */
static struct icr_request address(struct icr_request request, const struct apic_map *map,
                                  uint64_t targets, bool lowest_priority)
{
    if (targets == 0) {
        return nothing();
    }
    if (lowest_priority) {
        targets &= ~targets + 1; /* arbitration may choose any of them: the first */
    }
    request.targets = targets;
    if (request.action == ICR_SEND && (targets & (targets - 1)) == 0) {
        request.direct = true;
        request.hardware = icr_fixed(request.vector, map->id[__builtin_ctzll(targets)]);
    }
    return request;
}

struct icr_request icr_decode_x2apic(const struct apic_map *map, uint32_t self, uint64_t value)
{
    if (value & ICR_X2APIC_RESERVED) {
        return (struct icr_request){.action = ICR_FAULT};
    }
    struct icr_request request = decode_command(value);
    if (request.action > ICR_STARTUP) {
        return request;
    }
    uint64_t shorthand = FIELD_GET(ICR_SHORTHAND, value);
    uint32_t destination = (uint32_t)FIELD_GET(ICR_DESTINATION, value);
    bool lowest = FIELD_GET(ICR_DELIVERY_MODE, value) == APIC_MODE_LOWEST_PRIORITY;
    if (shorthand != SHORTHAND_NONE) {
        return address(request, map, shorthand_targets(map, self, shorthand), lowest);
    }
    if (destination == ICR_BROADCAST) {
        return address(request, map, apic_map_all(map), lowest);
    }
    if (!(value & ICR_LOGICAL)) {
        uint32_t index = apic_map_find(map, destination);
        if (index == APIC_MAP_NONE) {
            return refuse("destination is not a CPU of this VM");
        }
        return address(request, map, BIT(index), lowest);
    }
    bool foreign;
    uint64_t targets = apic_map_logical(map, destination, &foreign);
    if (targets == 0 && foreign) {
        return refuse("destination is not a CPU of this VM");
    }
    request = address(request, map, targets, lowest);
    if (request.action == ICR_SEND && !request.direct && !foreign) {
        request.direct = true;
        request.hardware = (value & ICR_DESTINATION) | ICR_LOGICAL | ICR_ASSERT | request.vector;
    }
    return request;
}

uint64_t icr_xapic_targets(const struct apic_map *map, uint8_t destination, bool is_logical,
                           const struct xapic_logical *logical)
{
    if (destination == ICR_XAPIC_BROADCAST) {
        return apic_map_all(map);
    }
    uint64_t targets = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        uint8_t common = is_logical ? destination & logical[i].id : 0;
        bool cluster = is_logical && logical[i].model != XAPIC_MODEL_FLAT;
        bool same_cluster = is_logical && (destination ^ logical[i].id) < 0x10;
        bool hit = !is_logical ? map->id[i] == destination
                   : cluster   ? same_cluster && (common & 0xf) != 0
                               : common != 0;
        targets |= hit ? BIT(i) : 0;
    }
    return targets;
}

struct icr_request icr_decode_xapic(const struct apic_map *map, uint32_t self, uint64_t value,
                                    const struct xapic_logical *logical)
{
    struct icr_request request = decode_command(value);
    if (request.action > ICR_STARTUP) {
        return request;
    }
    uint64_t shorthand = FIELD_GET(ICR_SHORTHAND, value);
    bool lowest = FIELD_GET(ICR_DELIVERY_MODE, value) == APIC_MODE_LOWEST_PRIORITY;
    if (shorthand != SHORTHAND_NONE) {
        return address(request, map, shorthand_targets(map, self, shorthand), lowest);
    }
    uint8_t destination = (uint8_t)FIELD_GET(ICR_XAPIC_DESTINATION, value);
    bool is_logical = value & ICR_LOGICAL;
    uint64_t targets = icr_xapic_targets(map, destination, is_logical, logical);
    if (targets == 0 && !is_logical) {
        return refuse("destination is not a CPU of this VM");
    }
    return address(request, map, targets, lowest);
}
