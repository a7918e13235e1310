/* SPDX-License-Identifier: Apache-2.0 */
/* The difference of two TSCs from samples; see the header. Differences wrap like the counter. */
#include "kernel/tsc_bounds.h"

void tsc_bounds_init(struct tsc_bounds *bounds)
{
    /* Halves, so that high - low is no overflow. */
    *bounds = (struct tsc_bounds){INT64_MIN / 2, INT64_MAX / 2};
}

void tsc_bounds_add(struct tsc_bounds *bounds, uint64_t before, uint64_t other, uint64_t after)
{
    int64_t low = (int64_t)(other - after);
    int64_t high = (int64_t)(other - before);
    bounds->low = MAX(bounds->low, low);
    bounds->high = MIN(bounds->high, high);
}

bool tsc_bounds_agree(const struct tsc_bounds *bounds)
{
    return bounds->low <= 0 && bounds->high >= 0;
}

int64_t tsc_bounds_middle(const struct tsc_bounds *bounds)
{
    return bounds->low + (bounds->high - bounds->low) / 2;
}

uint64_t tsc_bounds_error(const struct tsc_bounds *bounds)
{
    int64_t width = bounds->high - bounds->low;
    /* Negative: the clocks do not run alike, and bounds that were right are past. */
    return ((uint64_t)(width < 0 ? -width : width) + 1) / 2;
}

int64_t tsc_bounds_correction(const struct tsc_bounds *bounds, int64_t own, int64_t boot)
{
    if (own != boot) {
        return boot;
    }
    return (int64_t)((uint64_t)own - (uint64_t)tsc_bounds_middle(bounds));
}
