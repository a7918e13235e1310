/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A supply of table pages for the tests of ept/ that notices misuse: freeing twice, freeing what
 * was never taken, using what was freed. And a count of tables made by looking at them.
 */
#ifndef TESTS_UNIT_EPT_EPT_FAKE_H
#define TESTS_UNIT_EPT_EPT_FAKE_H

#include "ept/ept.h"

#define EPT_FAKE_BASE  UINT64_C(0x123456000)
#define EPT_FAKE_PAGES 8192

struct ept_fake {
    uint8_t *memory;
    bool taken[EPT_FAKE_PAGES];
    uint64_t taken_count;
    uint64_t next;  /* where to look for a free one first */
    uint64_t limit; /* pages that may be taken at the same time */
};

void ept_fake_init(struct ept_fake *fake);
void ept_fake_fini(struct ept_fake *fake);

struct ept_pages ept_fake_pages(struct ept_fake *fake);

/* Tables reachable from the root, with it. Each must be taken, reached once and well-formed. */
uint64_t ept_fake_count_tables(struct ept_fake *fake, const struct ept *ept);

/* Everything a haswell_4770 or later offers. */
extern const struct ept_format ept_fake_format;

#endif
