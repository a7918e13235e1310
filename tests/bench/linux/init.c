/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole user space of the Linux that is measured: says what the TSC was when the kernel reached
 * it; in a VM sleeps for a minute and computes for a minute, silently, and says when that was; and
 * switches the machine off (Bochs's shutdown port natively, ACPI in a VM). No library.
 */
#include <stddef.h>
#include <stdint.h>

#define SYS_WRITE        1
#define SYS_NANOSLEEP    35
#define SYS_IOPL         172
#define SYS_REBOOT       169

#define REBOOT_MAGIC1    0xfee1dead
#define REBOOT_MAGIC2    672274793
#define REBOOT_POWER_OFF 0x4321fedc
#define SHUTDOWN_PORT    0x8900
#define DIGITS_MAX       20
#define WHAT_AT          7 /* in a line */
#define WHAT_SIZE        9
#define DRAIN_TICKS      20000000
#define SETTLE_S         3 /* for what a kernel still does after its start */
#define MINUTE_S         60

void _start(void) __attribute__((force_align_arg_pointer));

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

static void say(const char *what, uint64_t tsc)
{
    static char line[] = "linux:           TSC                      \n";
    for (size_t i = 0; i < WHAT_SIZE; i++) {
        line[WHAT_AT + i] = what[i];
    }
    size_t at = sizeof(line) - 3;
    for (size_t i = 0; i < DIGITS_MAX; i++) {
        line[at--] = (char)(tsc != 0 || i == 0 ? '0' + tsc % 10 : ' ');
        tsc /= 10;
    }
    system_call(SYS_WRITE, 1, (long)line, sizeof(line) - 1);
}

/* Until the terminal has sent what was said. */
static void drain(void)
{
    for (uint64_t end = read_tsc() + DRAIN_TICKS; read_tsc() < end;) {
    }
}

static void sleep_s(long seconds)
{
    long time[2] = {seconds, 0};
    system_call(SYS_NANOSLEEP, (long)time, 0, 0);
}

static uint32_t hypervisor_bit(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ecx >> 31;
}

static void idle_and_compute(void)
{
    sleep_s(SETTLE_S);
    uint64_t start = read_tsc();
    sleep_s(MINUTE_S);
    uint64_t middle = read_tsc();
    uint64_t end = middle;
    while (end < middle + (middle - start)) {
        end = read_tsc();
    }
    say("idle from", start);
    say("idle till", middle);
    say("busy from", middle);
    say("busy till", end);
}

void _start(void)
{
    static const char shutdown[] = "Shutdown";
    say("init at  ", read_tsc());
    drain();
    if (hypervisor_bit() != 0) {
        idle_and_compute();
        drain();
    }
    system_call(SYS_IOPL, 3, 0, 0);
    for (size_t i = 0; i + 1 < sizeof(shutdown); i++) {
        __asm__ volatile("outb %0, %w1" : : "a"(shutdown[i]), "d"(SHUTDOWN_PORT));
    }
    system_call(SYS_REBOOT, (long)REBOOT_MAGIC1, REBOOT_MAGIC2, REBOOT_POWER_OFF);
    for (;;) {
    }
}
