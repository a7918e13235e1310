/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest whose life is under test: reports to its watchdog and then stops to, in one of several
 * ways; or counts what faults it suffers.
 * Command line: watchdog=N starts it with a time-out of N x 100 ms; reports=N times to report (10),
 * each after half of that; hang=spin, halt (both with interrupts off) or idle (goes on reporting,
 * for another 10 times); watch=N looks out for faults for N rounds of 1 ms, in each of which it
 * wants one interrupt and reads devices; no-mce leaves CR4.MCE clear meanwhile; poison=ADDRESS
 * tries a bad page (poison.c), with `again` until the VM ends.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/lives/lives.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"

/* The watchdog's ports, as docs/devices.md has them. */
#define GUEST_WATCHDOG_PORT 0x610
#define VWATCHDOG_CONTROL   0
#define VWATCHDOG_RELOAD    1
#define VWATCHDOG_TIMEOUT   2
#define VWATCHDOG_STATUS    6
#define VWATCHDOG_RUN       1
#define VWATCHDOG_FIRED     1
#define VWATCHDOG_UNIT_MS   100

#define GUEST_UART_IER      0x3f9
#define MCR_OUT2            0x08
#define IER_THRE            0x02
#define IOAPIC              ((volatile uint32_t *)0xfec00000)
#define UART_PIN            4
#define VECTOR_UART         0x61
#define RTC_YEAR            9
/* Valid, uncorrected, enabled, context corrupt; internal parity error. */
#define INTERNAL_PARITY_ERROR UINT64_C(0xb200000000000005)
#define VECTOR_TIMER          0x60
#define REPORTS_AFTER         10

static uint16_t watchdog_port(unsigned offset)
{
    return (uint16_t)(GUEST_WATCHDOG_PORT + offset);
}

static void on_timer(struct trap_frame *frame)
{
    (void)frame;
    apic_eoi();
}

/* Halts: a CPU that is idle reports as well as a busy one. */
static void wait_ms(uint64_t ms)
{
    uint64_t until = cpu_rdtsc() + timing_ns_to_ticks(ms * 1000000);
    cpu_interrupts_off();
    timer_arm(until);
    while (cpu_rdtsc() < until) {
        cpu_wait();
    }
}

static void report(uint64_t times, uint64_t timeout)
{
    for (uint64_t i = 0; i < times; i++) {
        wait_ms(timeout * VWATCHDOG_UNIT_MS / 2);
        cpu_out8(watchdog_port(VWATCHDOG_RELOAD), 1);
    }
}

/* ---- faults on purpose ---- */

static volatile uint64_t nmis;
static volatile uint64_t machine_checks;
static volatile uint64_t uart_interrupts;

static void on_nmi(struct trap_frame *frame)
{
    (void)frame;
    nmis++;
}

/* One that says that the guest cannot go on: it does all the same. */
static void on_machine_check(struct trap_frame *frame)
{
    (void)frame;
    machine_checks += cpu_rdmsr(MSR_IA32_MC0_STATUS) == INTERNAL_PARITY_ERROR;
    cpu_wrmsr(MSR_IA32_MC0_STATUS, 0);
    cpu_wrmsr(MSR_IA32_MCG_STATUS, 0);
}

static void on_uart(struct trap_frame *frame)
{
    (void)frame;
    (void)cpu_in8(0x3fa); /* IIR: ends the transmitter's request */
    uart_interrupts++;
    apic_eoi();
}

static void set_ioapic_entry(unsigned pin, uint32_t low)
{
    volatile uint32_t *ioapic = memory_window_at((uint64_t)IOAPIC);
    ioapic[0] = 0x10 + 2 * pin;
    ioapic[4] = low;
    ioapic[0] = 0x11 + 2 * pin;
    ioapic[4] = cpu_this()->apic_id << 24;
}

/* What does not change: the year, the host bridge's ids, the keyboard's status, a scratch register.
 */
static uint64_t read_devices(void)
{
    cpu_out8(0x70, RTC_YEAR);
    uint64_t year = cpu_in8(0x71);
    cpu_out32(0xcf8, 0x80000000);
    uint64_t ids = cpu_in32(0xcfc);
    return ids << 32 | year << 16 | (uint64_t)cpu_in8(0x64) << 8 | cpu_in8(0x3ff);
}

/* Turns the transmitter's interrupt on, which the empty transmitter asks for at once. */
static void ask_for_uart_interrupt(void)
{
    cpu_out8(GUEST_UART_IER, 0);
    cpu_out8(GUEST_UART_IER, IER_THRE);
}

static void watch(uint64_t rounds)
{
    uint64_t wrong = 0;
    uint64_t lost = 0;
    uint64_t doubled = 0;
    trap_set_handler(TRAP_NMI, on_nmi);
    trap_set_handler(TRAP_MC, on_machine_check);
    trap_set_handler(VECTOR_UART, on_uart);
    if (!startup_option("no-mce", NULL)) {
        cpu_write_cr4(cpu_read_cr4() | CR4_MCE);
    }
    trap_try_wrmsr(MSR_IA32_MC0_CTL, 1);
    cpu_out8(UART_MCR, MCR_OUT2);
    set_ioapic_entry(UART_PIN, VECTOR_UART);
    cpu_out8(0x3ff, 0x5a);
    uint64_t right = read_devices();
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t before = uart_interrupts;
        ask_for_uart_interrupt();
        wait_ms(1);
        uint64_t got = uart_interrupts - before;
        lost += got == 0;
        doubled += got > 1;
        wrong += read_devices() != right;
    }
    cpu_out8(GUEST_UART_IER, 0);
    print("lives: %lu NMIs, %lu machine checks\n", nmis, machine_checks);
    print("lives: of %lu interrupts %lu lost, %lu doubled; %lu wrong reads\n", rounds, lost,
          doubled, wrong);
}

static void use_watchdog(uint64_t timeout)
{
    bool fired = (cpu_in8(watchdog_port(VWATCHDOG_STATUS)) & VWATCHDOG_FIRED) != 0;
    print("lives: the last run was%s ended by the watchdog\n", fired ? "" : " not");
    cpu_out16(watchdog_port(VWATCHDOG_TIMEOUT), (uint16_t)timeout);
    cpu_out8(watchdog_port(VWATCHDOG_CONTROL), VWATCHDOG_RUN);
    uint64_t reports = startup_number("reports", 10);
    report(reports, timeout);
    print("lives: reported %lu times\n", reports);
    cpu_interrupts_off();
    if (startup_option("hang", "spin")) {
        print("lives: spins\n");
        for (;;) {
        }
    }
    if (startup_option("hang", "halt")) {
        print("lives: halts\n");
        cpu_stop();
    }
    report(REPORTS_AFTER, timeout);
    cpu_out8(watchdog_port(VWATCHDOG_CONTROL), 0);
    wait_ms(2 * timeout * VWATCHDOG_UNIT_MS);
    print("lives: alive without a watchdog\n");
}

void guest_main(void)
{
    uint64_t timeout = startup_number("watchdog", 0);
    trap_set_handler(VECTOR_TIMER, on_timer);
    timer_init(VECTOR_TIMER);
    print("lives: ready\n");
    if (timeout != 0) {
        use_watchdog(timeout);
    }
    uint64_t rounds = startup_number("watch", 0);
    if (rounds != 0) {
        watch(rounds);
    }
    uint64_t page = startup_number("poison", 0);
    if (page != 0) {
        poison_try(page, startup_option("again", NULL));
    }
    timer_stop();
}
