/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far another CPU's TSC is from the boot processor's, from samples of both. Pure. A sample is
 * a reading of the other TSC between two of the own one: so each says for certain between which
 * bounds the difference is, and all together the closest ones.
 */
#ifndef KERNEL_TSC_BOUNDS_H
#define KERNEL_TSC_BOUNDS_H

#include "kernel/types.h"

/* The other CPU's TSC minus the own one, in ticks: low to high. */
struct tsc_bounds {
    int64_t low;
    int64_t high;
};

/* Nothing is known. */
void tsc_bounds_init(struct tsc_bounds *bounds);

/* Adds a sample: `other` was read after `before` and before `after`. */
void tsc_bounds_add(struct tsc_bounds *bounds, uint64_t before, uint64_t other, uint64_t after);

/* True when the TSCs may be equal. */
bool tsc_bounds_agree(const struct tsc_bounds *bounds);

/* The likeliest difference, and by how much it may be wrong at most; ticks. */
int64_t tsc_bounds_middle(const struct tsc_bounds *bounds);
uint64_t tsc_bounds_error(const struct tsc_bounds *bounds);

/*
 * What to write to a CPU's IA32_TSC_ADJUST, which is `own`, when its TSC does not agree: what the
 * boot processor has there, for firmware that wrote one of them is the usual cause; if it is the
 * same there, what makes up for the measured difference.
 */
int64_t tsc_bounds_correction(const struct tsc_bounds *bounds, int64_t own, int64_t boot);

#endif
