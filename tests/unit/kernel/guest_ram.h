/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's RAM for tests of what walks its page tables: a small piece at RAM_BASE, nothing else.
 */
#ifndef TESTS_UNIT_KERNEL_GUEST_RAM_H
#define TESTS_UNIT_KERNEL_GUEST_RAM_H

#include "kernel/guest_walk.h"

#define RAM_BASE UINT64_C(0x100000)
#define RAM_SIZE UINT64_C(0x10000)

struct guest_ram {
    uint64_t words[RAM_SIZE / 8];
    unsigned reads;
    unsigned updates; /* successful ones */
    /* What a guest does meanwhile: XORs `change` into the entry it is ... */
    uint64_t change;
    unsigned change_updates; /* so many times about to be updated */
    unsigned change_read;    /* about to be read for the nth time, counted from 1 */
};

struct guest_memory guest_ram_memory(struct guest_ram *ram);

/* The word of 8 bytes at gpa. */
uint64_t *guest_ram_word(struct guest_ram *ram, uint64_t gpa);

#endif
