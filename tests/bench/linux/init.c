/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole user space of the Linux that is measured: says what the TSC was when the kernel reached
 * it, and switches the machine off (Bochs's shutdown port natively, ACPI in a VM). No library.
 */
#include <stddef.h>
#include <stdint.h>

#define SYS_WRITE        1
#define SYS_IOPL         172
#define SYS_REBOOT       169

#define REBOOT_MAGIC1    0xfee1dead
#define REBOOT_MAGIC2    672274793
#define REBOOT_POWER_OFF 0x4321fedc
#define SHUTDOWN_PORT    0x8900
#define DIGITS_MAX       20
#define DRAIN_TICKS      20000000

void _start(void);

static long system_call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

static uint64_t read_tsc(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

static void say(uint64_t tsc)
{
    static char line[] = "linux: init at TSC                      \n";
    size_t at = sizeof(line) - 3;
    for (size_t i = 0; i < DIGITS_MAX && tsc != 0; i++) {
        line[at--] = (char)('0' + tsc % 10);
        tsc /= 10;
    }
    system_call(SYS_WRITE, 1, (long)line, sizeof(line) - 1);
}

void _start(void)
{
    static const char shutdown[] = "Shutdown";
    say(read_tsc());
    system_call(SYS_IOPL, 3, 0, 0);
    /* Until the terminal has sent the line, and what the kernel said before it. */
    for (uint64_t end = read_tsc() + DRAIN_TICKS; read_tsc() < end;) {
    }
    for (size_t i = 0; i + 1 < sizeof(shutdown); i++) {
        __asm__ volatile("outb %0, %w1" : : "a"(shutdown[i]), "d"(SHUTDOWN_PORT));
    }
    system_call(SYS_REBOOT, (long)REBOOT_MAGIC1, REBOOT_MAGIC2, REBOOT_POWER_OFF);
    for (;;) {
    }
}
