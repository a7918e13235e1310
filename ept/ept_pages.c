/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic about extended page tables that needs no tables: formats, the check of a range, how
 * many tables a set of ranges takes, the EPT pointer. Used by the loader and the kernel.
 */
#include "ept/ept_internal.h"

#include "kernel/msr.h"

/* "Extended-Page-Table Pointer (EPTP)" */
#define EPT_POINTER_TYPE        MASK(2, 0)
#define EPT_POINTER_WALK_LENGTH MASK(5, 3) /* less 1 */

bool ept_format_choose(struct ept_format *format, uint64_t ept_vpid_cap, unsigned physical_bits,
                       bool large_execute)
{
    *format = (struct ept_format){
        .walk_length = 4,
        .physical_bits = (uint8_t)physical_bits,
        .page_2m = (ept_vpid_cap & EPT_VPID_CAP_2M) != 0,
        .page_1g = (ept_vpid_cap & EPT_VPID_CAP_1G) != 0,
        .large_execute = large_execute,
        .execute_only = (ept_vpid_cap & EPT_VPID_CAP_EXECUTE_ONLY) != 0,
        .tables_wb = (ept_vpid_cap & EPT_VPID_CAP_WB) != 0,
    };
    bool readable = (ept_vpid_cap & (EPT_VPID_CAP_WB | EPT_VPID_CAP_UC)) != 0;
    return (ept_vpid_cap & EPT_VPID_CAP_WALK_4) != 0 && readable && physical_bits >= 32 &&
           physical_bits <= 52;
}

unsigned ept_gpa_bits(const struct ept_format *format)
{
    return MIN(format->physical_bits, PAGE_SHIFT + 9u * format->walk_length);
}

static bool is_known_type(uint32_t type)
{
    return type == MEMORY_TYPE_UC || type == MEMORY_TYPE_WC || type == MEMORY_TYPE_WT ||
           type == MEMORY_TYPE_WP || type == MEMORY_TYPE_WB;
}

/* SDM "EPT Misconfigurations": what an entry must not say. */
static bool are_known_rights(const struct ept_format *format, uint32_t rights)
{
    bool read = (rights & EPT_READ) != 0;
    return rights != 0 && (rights & ~(EPT_READ | EPT_WRITE | EPT_EXECUTE)) == 0 &&
           (read || (rights == EPT_EXECUTE && format->execute_only));
}

static bool is_within(uint64_t base, uint64_t size, unsigned bits)
{
    return base < BIT(bits) && size <= BIT(bits) - base;
}

enum ept_result ept_range_check(const struct ept_format *format, const struct ept_range *range)
{
    if (!is_aligned(range->gpa.v | range->hpa.v | range->size, PAGE_SIZE) || range->size == 0 ||
        !are_known_rights(format, range->rights) || !is_known_type(range->type)) {
        return EPT_BAD_ARGUMENT;
    }
    if (!is_within(range->gpa.v, range->size, ept_gpa_bits(format)) ||
        !is_within(range->hpa.v, range->size, format->physical_bits)) {
        return EPT_BAD_ADDRESS;
    }
    return EPT_OK;
}

uint64_t ept_pointer(const struct ept *ept)
{
    uint32_t type = ept->format.tables_wb ? MEMORY_TYPE_WB : MEMORY_TYPE_UC;
    return ept->root.v | FIELD_SET(EPT_POINTER_TYPE, type) |
           FIELD_SET(EPT_POINTER_WALK_LENGTH, ept->format.walk_length - 1u);
}

/*
 * Which tables of one level a range needs: one for each piece of guest-physical space, as large as
 * an entry above it maps, that the range touches and that is not one page. `first` and `last`
 * number the pieces; when pages are possible at all, only pieces cut by an end need a table.
 */
struct tables_of_level {
    uint64_t first;
    uint64_t last;
    bool first_needed;
    bool last_needed;
    bool inner_needed;
};

static struct tables_of_level tables_of(const struct ept_format *format,
                                        const struct ept_range *range, unsigned level)
{
    uint64_t size = ept_entry_size(level + 1);
    uint64_t end = range->gpa.v + range->size;
    bool pages = level < ept_page_level(format, range->rights) &&
                 is_aligned(range->gpa.v ^ range->hpa.v, size);
    uint64_t first = range->gpa.v / size;
    uint64_t last = (end - 1) / size;
    bool cut_first = !is_aligned(range->gpa.v, size);
    bool cut_last = !is_aligned(end, size);
    return (struct tables_of_level){
        .first = first,
        .last = last,
        .first_needed = !pages || cut_first || (first == last && cut_last),
        .last_needed = !pages || cut_last || (first == last && cut_first),
        .inner_needed = !pages,
    };
}

/* Does a range before `index` need the table for this piece already? Then it has an end there. */
static bool counted_before(const struct ept_format *format, const struct ept_range *ranges,
                           size_t index, unsigned level, uint64_t piece)
{
    for (size_t i = 0; i < index; i++) {
        struct tables_of_level t = tables_of(format, &ranges[i], level);
        if ((t.first_needed && t.first == piece) || (t.last_needed && t.last == piece)) {
            return true;
        }
    }
    return false;
}

uint64_t ept_pages_needed(const struct ept_format *format, const struct ept_range *ranges,
                          size_t count)
{
    uint64_t needed = 1;
    for (unsigned level = 1; level < format->walk_length; level++) {
        for (size_t i = 0; i < count; i++) {
            struct tables_of_level t = tables_of(format, &ranges[i], level);
            needed += t.first_needed && !counted_before(format, ranges, i, level, t.first);
            if (t.last == t.first) {
                continue;
            }
            needed += t.last_needed && !counted_before(format, ranges, i, level, t.last);
            needed += t.inner_needed ? t.last - t.first - 1 : 0;
        }
    }
    return needed;
}
