/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses memory for a VM that is mapped 1:1: at addresses that are RAM in the guest, too, from
 * 1 MiB upwards, so that kernels linked to fixed low addresses find their place. Called by
 * place_memory.c.
 */
#include "boot/config/place.h"
#include "drivers/guest_platform.h"

/* The part of a range that may lie at its own address in a guest. A range that spans the guest's
 * device hole counts with its lower part: RAM does not span it on any machine. */
static struct config_ram usable_one_to_one(const struct config_ram *range)
{
    struct config_ram part = *range;
    uint64_t end = range->hpa.v + range->size;
    if (range->hpa.v < GUEST_HOLE) {
        part.size = MIN(end, (uint64_t)GUEST_HOLE) - range->hpa.v;
    } else if (range->hpa.v < GUEST_HOLE_END) {
        part.hpa = HPA(MIN(end, (uint64_t)GUEST_HOLE_END));
        part.size = end - part.hpa.v;
    }
    return part;
}

/* Adds a piece above all others; when there are too many, the smallest gives way, of equals the
 * highest: low addresses are worth more. */
static void choose(struct config_chosen *c, const struct config_ram *piece)
{
    if (c->count == c->max) {
        uint32_t smallest = 0;
        for (uint32_t i = 1; i < c->count; i++) {
            smallest = c->pieces[i].size <= c->pieces[smallest].size ? i : smallest;
        }
        if (c->pieces[smallest].size >= piece->size) {
            return;
        }
        c->sum -= c->pieces[smallest].size;
        c->count--;
        for (uint32_t i = smallest; i < c->count; i++) {
            c->pieces[i] = c->pieces[i + 1];
        }
    }
    c->pieces[c->count++] = *piece;
    c->sum += piece->size;
}

bool config_pool_choose(const struct config_pool *pool, uint64_t size, struct config_chosen *chosen)
{
    for (uint32_t i = 0; i < pool->count && chosen->sum < size; i++) {
        struct config_ram piece = usable_one_to_one(&pool->ranges[i]);
        if (piece.size > 0) {
            choose(chosen, &piece);
        }
    }
    if (chosen->sum < size) {
        return false;
    }
    uint32_t needed = 0;
    for (; size > 0; needed++) {
        chosen->pieces[needed].size = MIN(chosen->pieces[needed].size, size);
        size -= chosen->pieces[needed].size;
    }
    chosen->count = needed;
    return true;
}
