/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process whose memory goes bad. Run by /init: says where a page of its own lies and reads it
 * again and again until it is killed. No library.
 */
#include <stdint.h>

#include "guests/linux/user.h"

static uint64_t physical(const volatile uint64_t *memory)
{
    uint64_t entry = 0;
    system_call(SYS_READ, pagemap_open(memory), (long)&entry, sizeof(entry), 0);
    return (entry & FRAME_MASK) * PAGE;
}

void _start(void)
{
    static char line[] = "linux: poison: a page at 0x0000000000\n";
    static const int64_t pause[2] = {0, 10000000}; /* s, ns */
    volatile uint64_t *memory =
        (volatile uint64_t *)system_call(SYS_MMAP, 0, PAGE, PROT_RW, MAP_POPULATED);
    *memory = 1;
    hex_put(line + sizeof(line) - 2, physical(memory));
    system_call(SYS_WRITE, 1, (long)line, sizeof(line) - 1, 0);
    for (;;) {
        (void)*memory;
        system_call(SYS_NANOSLEEP, (long)pause, 0, 0, 0);
    }
}
