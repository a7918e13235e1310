/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory type range registers (SDM "Memory Type Range Registers (MTRRs)"): what the processor takes
 * physical memory for. Guests' RAM is write-back by second-level tables, whatever the MTRRs say: so
 * memory that they call otherwise is not to be given away. Also built for the loader.
 */
#ifndef KERNEL_MTRR_H
#define KERNEL_MTRR_H

#include "kernel/types.h"

/* Types as the registers encode them. */
#define MTRR_TYPE_UC          0
#define MTRR_TYPE_WC          1
#define MTRR_TYPE_WT          4
#define MTRR_TYPE_WP          5
#define MTRR_TYPE_WB          6

#define MTRR_CAP_COUNT        MASK(7, 0)
#define MTRR_CAP_FIXED        BIT(8)
#define MTRR_DEF_TYPE         MASK(7, 0)
#define MTRR_DEF_FIXED_ENABLE BIT(10)
#define MTRR_DEF_ENABLE       BIT(11)
#define MTRR_MASK_VALID       BIT(11)

#define MTRR_FIXED_COUNT      11
#define MTRR_VARIABLE_MAX     16 /* pairs; further ones are not looked at */

/* Where each register stands in struct mtrrs. */
enum mtrr_place {
    MTRR_PLACE_CAP,
    MTRR_PLACE_DEF,
    MTRR_PLACE_FIXED,
    MTRR_PLACE_VARIABLE = MTRR_PLACE_FIXED + MTRR_FIXED_COUNT, /* base and mask in turn */
    MTRR_PLACES = MTRR_PLACE_VARIABLE + 2 * MTRR_VARIABLE_MAX,
};

/* One CPU's; a register that it does not have is 0. */
struct mtrrs {
    unsigned physical_bits;
    uint64_t value[MTRR_PLACES];
};

/* MSR of a place. */
uint32_t mtrr_msr(unsigned place);

/* False: the registers are off or missing, and say nothing of use. */
bool mtrr_enabled(const struct mtrrs *mtrrs);

/*
 * The type at `from`, and up to where it is the same without a break, at most up to `end`. Ranges
 * whose overlap is undefined count as UC. from < end; both below 2^physical_bits, multiples of
 * 4 KiB.
 */
uint64_t mtrr_run(const struct mtrrs *mtrrs, uint64_t from, uint64_t end, uint8_t *type);

/* "UC" and so on. */
const char *mtrr_type_name(uint8_t type);

/* The first place where two CPUs differ, or MTRR_PLACES. */
unsigned mtrr_difference(const struct mtrrs *a, const struct mtrrs *b);

/* Reads this CPU's. */
void mtrr_read(struct mtrrs *mtrrs);

#endif
