/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the memory that Linux was told of really there? Run by /init (show=memory): takes pages from
 * the kernel, writes each with its own number, asks /proc/self/pagemap where they lie, reads all of
 * them again and prints a line. Linux gives out its highest memory first. No library.
 */
#include <stddef.h>
#include <stdint.h>

#include "guests/linux/user.h"

#define PAGES 8192ul
#define WORDS (PAGE / sizeof(uint64_t))

static uint64_t count_wrong(const uint64_t *memory)
{
    uint64_t wrong = 0;
    for (size_t i = 0; i < PAGES * WORDS; i += WORDS / 2) {
        wrong += memory[i] != (i ^ (uintptr_t)memory);
    }
    return wrong;
}

/* Lowest and highest physical address of the pages. */
static void find_range(const uint64_t *memory, uint64_t *lowest, uint64_t *highest)
{
    static uint64_t entries[PAGES];
    long file = pagemap_open(memory);
    for (size_t have = 0; have < sizeof(entries);) {
        long got = system_call(SYS_READ, file, (long)entries + (long)have,
                               (long)(sizeof(entries) - have), 0);
        if (got <= 0) {
            break;
        }
        have += (size_t)got;
    }
    *lowest = UINT64_MAX;
    *highest = 0;
    for (size_t i = 0; i < PAGES; i++) {
        uint64_t address = (entries[i] & FRAME_MASK) * PAGE;
        *lowest = address < *lowest ? address : *lowest;
        *highest = address > *highest ? address : *highest;
    }
}

void _start(void)
{
    /* 8192 pages = 32 MiB */
    static char line[] =
        "linux: 32 MiB from 0x0000000000 to 0x0000000000: 0x00000000 words are wrong\n";
    uint64_t *memory =
        (uint64_t *)system_call(SYS_MMAP, 0, (long)(PAGES * PAGE), PROT_RW, MAP_POPULATED);
    for (size_t i = 0; i < PAGES * WORDS; i += WORDS / 2) {
        memory[i] = i ^ (uintptr_t)memory;
    }
    uint64_t lowest;
    uint64_t highest;
    find_range(memory, &lowest, &highest);
    hex_put(line + 31, lowest);
    hex_put(line + 47, highest);
    hex_put(line + 59, count_wrong(memory));
    system_call(SYS_WRITE, 1, (long)line, sizeof(line) - 1, 0);
    system_call(SYS_EXIT, 0, 0, 0, 0);
}
