/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds free guest-physical ranges for images and boot structures. See boot/image/place.h.
 * First fit from below or above over a handful of ranges: the result depends on nothing else.
 */
#include "boot/image/place.h"

static bool overlaps(const struct place_range *range, uint64_t first, uint64_t end)
{
    return first < range->end && range->first < end;
}

static bool check_piece(const struct vm_memory *piece, struct image_error *error)
{
    const uint64_t gpa = piece->gpa.v, size = piece->size;
    if (!is_aligned(gpa | piece->hpa.v | size, PAGE_SIZE) || size == 0) {
        return image_fail(error, "memory piece 0x%llx, %llu bytes: must be whole pages of 4 KiB",
                          (unsigned long long)gpa, (unsigned long long)size);
    }
    if (gpa >= IMAGE_GPA_END || size > IMAGE_GPA_END - gpa) {
        return image_fail(error, "memory piece 0x%llx, %llu bytes: ends beyond 2^52",
                          (unsigned long long)gpa, (unsigned long long)size);
    }
    return true;
}

/* Inserts in order of address. */
static bool add_piece(struct placer *placer, const struct vm_memory *piece,
                      struct image_error *error)
{
    const uint64_t first = piece->gpa.v, end = first + piece->size;
    uint32_t at = 0;
    while (at < placer->ram_count && placer->ram[at].end <= first) {
        at++;
    }
    if (at < placer->ram_count && overlaps(&placer->ram[at], first, end)) {
        return image_fail(error, "memory piece 0x%llx, %llu bytes: overlaps another",
                          (unsigned long long)first, (unsigned long long)piece->size);
    }
    for (uint32_t i = placer->ram_count; i > at; i--) {
        placer->ram[i] = placer->ram[i - 1];
    }
    placer->ram[at] = (struct place_range){first, end};
    placer->ram_count++;
    return true;
}

static void join_adjacent(struct placer *placer)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < placer->ram_count; i++) {
        if (count > 0 && placer->ram[count - 1].end == placer->ram[i].first) {
            placer->ram[count - 1].end = placer->ram[i].end;
        } else {
            placer->ram[count++] = placer->ram[i];
        }
    }
    placer->ram_count = count;
}

bool place_init(struct placer *placer, const struct vm_plan *plan, struct image_error *error)
{
    memset(placer, 0, sizeof(*placer));
    if (plan->memory_count == 0 || plan->memory_count > VM_MEMORY_MAX) {
        return image_fail(error, "VM has %u memory pieces, must have 1 to %u",
                          (unsigned)plan->memory_count, VM_MEMORY_MAX);
    }
    for (uint32_t i = 0; i < plan->memory_count; i++) {
        if (!check_piece(&plan->memory[i], error) || !add_piece(placer, &plan->memory[i], error)) {
            return false;
        }
    }
    join_adjacent(placer);
    return true;
}

bool place_take(struct placer *placer, uint64_t first, uint64_t size)
{
    if (placer->used_count == PLACE_USED_MAX) {
        return false;
    }
    placer->used[placer->used_count++] = (struct place_range){first, first + size};
    return true;
}

bool place_is_ram(const struct placer *placer, uint64_t first, uint64_t size)
{
    for (uint32_t i = 0; i < placer->ram_count; i++) {
        const struct place_range *ram = &placer->ram[i];
        if (first >= ram->first && first < ram->end) {
            return size <= ram->end - first;
        }
    }
    return false;
}

/* A taken range that overlaps, or NULL. */
static const struct place_range *find_taker(const struct placer *placer, uint64_t first,
                                            uint64_t end)
{
    for (uint32_t i = 0; i < placer->used_count; i++) {
        if (overlaps(&placer->used[i], first, end)) {
            return &placer->used[i];
        }
    }
    return NULL;
}

bool place_is_free(const struct placer *placer, uint64_t first, uint64_t size)
{
    return place_is_ram(placer, first, size) && find_taker(placer, first, first + size) == NULL;
}

static bool find_low_in(const struct placer *placer, const struct place_want *want, uint64_t first,
                        uint64_t end, uint64_t *gpa)
{
    uint64_t at = align_up(first, want->align);
    while (at < end && want->size <= end - at) {
        const struct place_range *taker = find_taker(placer, at, at + want->size);
        if (taker == NULL) {
            *gpa = at;
            return true;
        }
        at = align_up(taker->end, want->align);
    }
    return false;
}

static bool find_high_in(const struct placer *placer, const struct place_want *want, uint64_t first,
                         uint64_t end, uint64_t *gpa)
{
    while (first < end && want->size <= end - first) {
        const uint64_t at = align_down(end - want->size, want->align);
        if (at < first) {
            return false;
        }
        const struct place_range *taker = find_taker(placer, at, at + want->size);
        if (taker == NULL) {
            *gpa = at;
            return true;
        }
        end = taker->first;
    }
    return false;
}

bool place_find_low(const struct placer *placer, const struct place_want *want, uint64_t *gpa)
{
    for (uint32_t i = 0; i < placer->ram_count; i++) {
        const struct place_range *ram = &placer->ram[i];
        if (find_low_in(placer, want, MAX(ram->first, want->min), MIN(ram->end, want->end), gpa)) {
            return true;
        }
    }
    return false;
}

bool place_find_high(const struct placer *placer, const struct place_want *want, uint64_t *gpa)
{
    for (uint32_t i = placer->ram_count; i > 0; i--) {
        const struct place_range *ram = &placer->ram[i - 1];
        if (find_high_in(placer, want, MAX(ram->first, want->min), MIN(ram->end, want->end), gpa)) {
            return true;
        }
    }
    return false;
}
