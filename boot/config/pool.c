/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Free RAM while it is divided among VMs: a sorted list of ranges from which pieces are cut.
 * Called by place_memory.c and by config_machine_reserve(); knows nothing of VMs.
 */
#include "boot/config/place.h"

void config_pool_init(struct config_pool *pool, const struct config_machine *machine)
{
    pool->count = 0;
    for (uint32_t i = 0; i < machine->ram_count; i++) {
        /* Memory below 1 MiB starts CPUs and belongs to firmware's habits: never given out. */
        uint64_t first = align_up(MAX(machine->ram[i].hpa.v, MIB(1)), PAGE_SIZE);
        uint64_t end = align_down(machine->ram[i].hpa.v + machine->ram[i].size, PAGE_SIZE);
        if (first < end) {
            pool->ranges[pool->count++] =
                (struct config_ram){HPA(first), end - first, machine->ram[i].node};
        }
    }
}

static void remove_range(struct config_pool *pool, uint32_t index)
{
    pool->count--;
    for (uint32_t i = index; i < pool->count; i++) {
        pool->ranges[i] = pool->ranges[i + 1];
    }
}

static void insert_range(struct config_pool *pool, uint32_t index, const struct config_ram *range)
{
    for (uint32_t i = pool->count; i > index; i--) {
        pool->ranges[i] = pool->ranges[i - 1];
    }
    pool->ranges[index] = *range;
    pool->count++;
}

void config_pool_take(struct config_pool *pool, uint64_t hpa, uint64_t size)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        struct config_ram *range = &pool->ranges[i];
        if (hpa < range->hpa.v || hpa - range->hpa.v >= range->size) {
            continue;
        }
        uint64_t end = range->hpa.v + range->size;
        struct config_ram rest = {HPA(hpa + size), end - (hpa + size), range->node};
        range->size = hpa - range->hpa.v;
        if (rest.size != 0 && pool->count < CONFIG_POOL_MAX) {
            insert_range(pool, i + 1, &rest);
        }
        if (pool->ranges[i].size == 0) {
            remove_range(pool, i);
        }
        return;
    }
}

/* The first address in the range with the same offset in `page` as gpa; false: none. */
static bool first_congruent(const struct config_ram *range, uint64_t gpa, uint64_t page,
                            uint64_t *hpa)
{
    uint64_t offset = (gpa - range->hpa.v) & (page - 1);
    *hpa = range->hpa.v + offset;
    return offset < range->size;
}

bool config_pool_find(const struct config_pool *pool, uint32_t node, uint64_t gpa, uint64_t size,
                      uint64_t page, uint64_t *hpa)
{
    uint64_t best = UINT64_MAX;
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct config_ram *range = &pool->ranges[i];
        uint64_t at;
        if ((node != CONFIG_NODE_ANY && range->node != node) || range->size >= best ||
            !first_congruent(range, gpa, page, &at)) {
            continue;
        }
        if (range->size - (at - range->hpa.v) >= size) {
            best = range->size;
            *hpa = at;
        }
    }
    return best != UINT64_MAX;
}

uint64_t config_pool_largest(const struct config_pool *pool, uint32_t node, uint64_t gpa,
                             uint64_t page, uint64_t *hpa)
{
    uint64_t best = 0;
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct config_ram *range = &pool->ranges[i];
        uint64_t at;
        if ((node != CONFIG_NODE_ANY && range->node != node) ||
            !first_congruent(range, gpa, page, &at)) {
            continue;
        }
        uint64_t size = align_down(range->size - (at - range->hpa.v), page);
        if (size > best) {
            best = size;
            *hpa = at;
        }
    }
    return best;
}

bool config_machine_reserve(struct config_machine *machine, uint64_t size)
{
    size = align_up(size, PAGE_SIZE);
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < machine->ram_count; i++) {
        const struct config_ram *ram = &machine->ram[i];
        bool low = ram->hpa.v + ram->size <= GIB(4);
        bool found_low =
            found != UINT32_MAX && machine->ram[found].hpa.v + machine->ram[found].size <= GIB(4);
        if (ram->size >= size && (found == UINT32_MAX || low || !found_low)) {
            found = i;
        }
    }
    if (found == UINT32_MAX) {
        return false;
    }
    machine->ram[found].size -= size;
    if (machine->ram[found].size == 0) {
        machine->ram_count--;
        for (uint32_t i = found; i < machine->ram_count; i++) {
            machine->ram[i] = machine->ram[i + 1];
        }
    }
    return true;
}
