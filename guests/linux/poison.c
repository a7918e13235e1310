/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process whose memory goes bad. Run by /init: says where a page of its own lies and reads it
 * again and again until it is killed. No library.
 */
#include <stdint.h>

#define SYS_READ      0
#define SYS_WRITE     1
#define SYS_OPEN      2
#define SYS_LSEEK     8
#define SYS_MMAP      9
#define SYS_NANOSLEEP 35

#define PAGE          4096
#define PROT_RW       3
#define MAP_POPULATED 0x8022                    /* private, anonymous */
#define FRAME_MASK    ((UINT64_C(1) << 55) - 1) /* of an entry of pagemap */

void _start(void) __attribute__((force_align_arg_pointer));

static long system_call(long number, long a, long b, long c, long d)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = -1;
    register long r9 __asm__("r9") = 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static uint64_t physical(const volatile uint64_t *memory)
{
    uint64_t entry = 0;
    long file = system_call(SYS_OPEN, (long)"/proc/self/pagemap", 0, 0, 0);
    system_call(SYS_LSEEK, file, (long)((uintptr_t)memory / PAGE * sizeof(entry)), 0, 0);
    system_call(SYS_READ, file, (long)&entry, sizeof(entry), 0);
    return (entry & FRAME_MASK) * PAGE;
}

void _start(void)
{
    static char line[] = "linux: poison: a page at 0x0000000000\n";
    static const int64_t pause[2] = {0, 10000000}; /* s, ns */
    volatile uint64_t *memory =
        (volatile uint64_t *)system_call(SYS_MMAP, 0, PAGE, PROT_RW, MAP_POPULATED);
    *memory = 1;
    uint64_t address = physical(memory);
    for (char *end = line + sizeof(line) - 2; address != 0; address >>= 4) {
        *--end = "0123456789abcdef"[address & 15];
    }
    system_call(SYS_WRITE, 1, (long)line, sizeof(line) - 1, 0);
    for (;;) {
        (void)*memory;
        system_call(SYS_NANOSLEEP, (long)pause, 0, 0, 0);
    }
}
