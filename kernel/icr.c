/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes writes to the interrupt command register; see the header. Pure, sends nothing. */
#include "kernel/icr.h"

#define ICR_X2APIC_RESERVED                                                                        \
    (ICR_DELIVERY_STATUS | BIT(13) | MASK(17, 16) | MASK(31, 20)) /* a 1 there: #GP */

#define NOT_OWN "destination is not a CPU of this VM"

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

static void refuse(struct icr_request *request, const char *reason)
{
    request->action = ICR_REFUSED;
    request->reason = reason;
}

/*
 * What the low half alone says: action and vector. False: that is the whole answer, no CPU is
 * addressed.
 */
static bool decode_command(struct icr_request *request, uint32_t low)
{
    uint32_t mode = (uint32_t)FIELD_GET(ICR_DELIVERY_MODE, low);
    uint32_t shorthand = (uint32_t)FIELD_GET(ICR_SHORTHAND, low);
    *request = (struct icr_request){.action = modes[mode].action, .vector = (uint8_t)low};
    if (!(modes[mode].shorthands & 1u << shorthand)) {
        refuse(request, modes[mode].reason ? modes[mode].reason
                                           : "shorthand not valid with the delivery mode");
        return false;
    }
    if (request->action == ICR_SEND) {
        if (request->vector < 16) {
            refuse(request, "vector below 16");
            return false;
        }
        return true;
    }
    if (mode == APIC_MODE_INIT && (low & (ICR_LEVEL | ICR_ASSERT)) == ICR_LEVEL) {
        request->action = ICR_NOTHING; /* "INIT Level De-assert": ignored since the Pentium 4 */
        return false;
    }
    return true;
}

static uint64_t shorthand_targets(const struct apic_map *map, uint32_t self, uint32_t shorthand)
{
    if (shorthand == SHORTHAND_SELF) {
        return BIT(self);
    }
    return shorthand == SHORTHAND_ALL ? apic_map_all(map) : apic_map_all(map) & ~BIT(self);
}

/* Puts targets into a request; fixed interrupts to one CPU go out by its physical id. */
static void address(struct icr_request *request, const struct apic_map *map, uint32_t low,
                    uint64_t targets)
{
    if (targets == 0) {
        request->action = ICR_NOTHING;
        return;
    }
    if (FIELD_GET(ICR_DELIVERY_MODE, low) == APIC_MODE_LOWEST_PRIORITY) {
        targets &= ~targets + 1; /* arbitration may choose any of them: the first */
    }
    request->targets = targets;
    if (request->action == ICR_SEND && (targets & (targets - 1)) == 0) {
        request->direct = true;
        request->hardware = icr_fixed(request->vector, map->id[__builtin_ctzll(targets)]);
    }
}

static void address_logical(struct icr_request *request, const struct apic_map *map, uint64_t value)
{
    bool foreign;
    uint32_t destination = (uint32_t)(value >> 32);
    uint64_t targets = apic_map_logical(map, destination, &foreign);
    if (targets == 0 && foreign) {
        refuse(request, NOT_OWN);
        return;
    }
    address(request, map, (uint32_t)value, targets);
    if (request->action == ICR_SEND && !request->direct && !foreign) {
        request->direct = true;
        request->hardware =
            (uint64_t)destination << 32 | ICR_LOGICAL | ICR_ASSERT | request->vector;
    }
}

struct icr_request icr_decode_x2apic(const struct apic_map *map, uint32_t self, uint64_t value)
{
    struct icr_request request;
    uint32_t low = (uint32_t)value;
    uint32_t shorthand = (uint32_t)FIELD_GET(ICR_SHORTHAND, low);
    uint32_t destination = (uint32_t)(value >> 32);
    if (low & ICR_X2APIC_RESERVED) {
        return (struct icr_request){.action = ICR_FAULT};
    }
    if (!decode_command(&request, low)) {
        return request;
    }
    if (shorthand != SHORTHAND_NONE) {
        address(&request, map, low, shorthand_targets(map, self, shorthand));
    } else if (destination == ICR_BROADCAST) {
        address(&request, map, low, apic_map_all(map));
    } else if (low & ICR_LOGICAL) {
        address_logical(&request, map, value);
    } else {
        uint32_t index = apic_map_find(map, destination);
        if (index == APIC_MAP_NONE) {
            refuse(&request, NOT_OWN);
        } else {
            address(&request, map, low, BIT(index));
        }
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
    struct icr_request request;
    uint32_t low = (uint32_t)value;
    uint32_t shorthand = (uint32_t)FIELD_GET(ICR_SHORTHAND, low);
    bool is_logical = low & ICR_LOGICAL;
    if (!decode_command(&request, low)) {
        return request;
    }
    uint64_t targets = shorthand != SHORTHAND_NONE
                           ? shorthand_targets(map, self, shorthand)
                           : icr_xapic_targets(map, (uint8_t)(value >> 56), is_logical, logical);
    if (targets == 0 && shorthand == SHORTHAND_NONE && !is_logical) {
        refuse(&request, NOT_OWN);
    } else {
        address(&request, map, low, targets);
    }
    return request;
}
