/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which faults a VM is to suffer on purpose: the words for it, and the generator that decides when.
 * Pure: used by the kernel (kernel/fault.c), by the loader to check the configuration, by tests.
 * The words and what each fault is to a guest are in docs/faults.md.
 */
#ifndef KERNEL_FAULT_PLAN_H
#define KERNEL_FAULT_PLAN_H

#include "kernel/types.h"

enum fault_kind {
    FAULT_NMI,       /* time: an NMI */
    FAULT_MC,        /* time: a machine check */
    FAULT_MEMORY,    /* time: a page of RAM anywhere goes bad */
    FAULT_POISON,    /* address: this page is bad from the start; may be given several times */
    FAULT_DROP,      /* one in N: an interrupt of an emulated device gets lost ... */
    FAULT_DOUBLE,    /* ... or comes twice */
    FAULT_READ_UART, /* one in N: a read gives wrong bits */
    FAULT_READ_RTC,
    FAULT_READ_PCI,
    FAULT_READ_KBC,
    FAULT_RESTART, /* time: what a restart takes longer, at most */
    FAULT_KIND_COUNT,
};

#define FAULT_POISON_MAX 8 /* pages of a VM that are bad at the same time */

struct fault_plan {
    uint64_t seed;
    uint64_t values[FAULT_KIND_COUNT]; /* microseconds, N, or how many `poison`; 0: no such fault */
    uint64_t poison[FAULT_POISON_MAX]; /* guest-physical addresses of pages */
};

#define FAULT_TIME_MIN_US 100
#define FAULT_TIME_MAX_US UINT64_C(3600000000)
#define FAULT_RATE_MAX    1000000
#define FAULT_WORD_SIZE   24 /* longest word, with NUL */

/* The word for a kind, without what stands behind its "=". */
const char *fault_kind_name(enum fault_kind kind);

/*
 * Words "NAME=VALUE" apart by blanks or commas, or "off" alone: no faults. False, with the first
 * word that makes no sense cut to fit into `bad`; *plan is then not changed.
 */
bool fault_plan_parse(const char *text, size_t length, struct fault_plan *plan,
                      char bad[FAULT_WORD_SIZE]);

/* A number from a generator whose state is never 0 (fault_seed()). The same seed, the same row. */
uint64_t fault_seed(uint64_t seed);
uint64_t fault_random(uint64_t *state);

/* True once in N on average, by a kind's N; never when the kind is off. */
bool fault_hits(const struct fault_plan *plan, enum fault_kind kind, uint64_t *state);

/* The next pause of a kind that has a time: from half of it to one and a half. */
uint64_t fault_pause_us(const struct fault_plan *plan, enum fault_kind kind, uint64_t *state);

#endif
