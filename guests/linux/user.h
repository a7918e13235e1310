/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs in Linux guests share: system calls without a library, and where pages lie. */
#ifndef GUESTS_LINUX_USER_H
#define GUESTS_LINUX_USER_H

#include <stdint.h>

#define SYS_READ      0
#define SYS_WRITE     1
#define SYS_OPEN      2
#define SYS_LSEEK     8
#define SYS_MMAP      9
#define SYS_NANOSLEEP 35
#define SYS_EXIT      60

#define PAGE          4096ul
#define PROT_RW       3
#define MAP_POPULATED 0x8022                    /* private, anonymous */
#define FRAME_MASK    ((UINT64_C(1) << 55) - 1) /* of an entry of pagemap */

void _start(void) __attribute__((force_align_arg_pointer));

static inline long system_call(long number, long a, long b, long c, long d)
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

/* A file that is read from the entry of pagemap for `memory` on. */
static inline long pagemap_open(const volatile void *memory)
{
    long file = system_call(SYS_OPEN, (long)"/proc/self/pagemap", 0, 0, 0);
    system_call(SYS_LSEEK, file, (long)((uintptr_t)memory / PAGE * sizeof(uint64_t)), 0, 0);
    return file;
}

/* Hexadecimal digits, over the zeros of text that ends before `end`. */
static inline void hex_put(char *end, uint64_t value)
{
    while (value != 0) {
        *--end = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

#endif
