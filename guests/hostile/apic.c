/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks with the local APIC: every form of IPI to every APIC id, every delivery mode of the local
 * vector table, and switching the APIC's mode.
 */
#include "guests/runtime/apic.h"

#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/timing.h"

#define ICR_MODE_SHIFT  8
#define ICR_MODE_INIT   5u
#define ICR_MODE_START  6u
#define ICR_MODE_LOW    (3u << ICR_MODE_SHIFT)
#define ICR_LOGICAL     (1u << 11)
#define ICR_SHORTHANDS  (3u << 18)
#define ICR_ALL_OTHERS  (3u << 18)
#define BROADCAST       0xffffffffu
#define APIC_BASE_EXTD  (1u << 10)
#define APIC_BASE_EN    (1u << 11)
#define ICR_RESERVED    (~UINT64_C(0xffffffff000ccfff))
#define HARMLESS_VECTOR 0xe0
#define COUNT_MIN       1000 /* of a periodic timer: between two interrupts we must get on */

/* INIT and SIPI that reach this very CPU end the VM or restart it: not here. */
static bool ends_ourselves(uint32_t destination, uint32_t command)
{
    uint32_t mode = command >> ICR_MODE_SHIFT & 7;
    if (mode != ICR_MODE_INIT && mode != ICR_MODE_START) {
        return false;
    }
    if ((command & ICR_SHORTHANDS) != 0) {
        return (command & ICR_SHORTHANDS) != ICR_ALL_OTHERS;
    }
    if ((command & ICR_LOGICAL) == 0) {
        return destination == cpu_this()->apic_id || destination == BROADCAST;
    }
    uint32_t id = cpu_this()->apic_id;
    return destination == BROADCAST ||
           (destination >> 16 == id >> 4 && (destination & (1u << (id & 15))) != 0);
}

struct ipi {
    uint32_t destination;
    uint32_t command;
    uint64_t reserved;
};

static void send(void *argument)
{
    const struct ipi *ipi = argument;
    if (apic_is_x2apic()) {
        cpu_wrmsr(APIC_MSR(APIC_ICR),
                  ((uint64_t)ipi->destination << 32) | ipi->command | ipi->reserved);
    } else {
        apic_send(ipi->destination, ipi->command);
    }
    /* What we sent to ourselves is to arrive inside this guarded call. */
    for (int i = 0; i < 4; i++) {
        cpu_pause();
    }
}

static void send_ipi(uint32_t destination, uint32_t command, uint64_t reserved)
{
    /* Natively INIT, SIPI and SMI would really happen: what is left is fixed and NMI. */
    uint32_t modes = hypercall_available() ? UINT32_MAX : ~ICR_MODE_LOW;
    struct ipi ipi = {destination, command & modes, reserved};
    if (!ends_ourselves(destination, command)) {
        attack_try(send, &ipi);
    }
}

/* All forms to all ids below 256, one after the other. */
static void run_icr_ids(uint64_t number)
{
    uint32_t destination = (uint32_t)(number & 0xff);
    uint32_t mode = (uint32_t)(number >> 8 & 7);
    uint32_t shape = (uint32_t)(number >> 11 & 7); /* level, trigger, logical */
    uint32_t command = HARMLESS_VECTOR | (mode << ICR_MODE_SHIFT) |
                       ((shape & 1) != 0 ? APIC_ICR_ASSERT : 0) |
                       ((shape & 2) != 0 ? 1u << 15 : 0) | ((shape & 4) != 0 ? ICR_LOGICAL : 0);
    send_ipi(destination, command, 0);
}

/* Any vector, any mode, any shorthand, any destination, sometimes reserved bits. */
static void run_icr_any(uint64_t number)
{
    uint32_t command = (uint32_t)attack_random() & 0x000ccfff;
    uint32_t destination = (uint32_t)attack_value();
    uint64_t reserved = attack_below(8) == 0 ? attack_value() & ICR_RESERVED : 0;
    if (number % 4 == 0) {
        destination = (uint32_t)attack_below(64);
    }
    send_ipi(destination, command, reserved);
}

static const uint32_t lvt[] = {0x2f0, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370};

struct lvt_write {
    uint32_t offset;
    uint32_t value;
};

static void write_lvt(void *argument)
{
    const struct lvt_write *write = argument;
    apic_write(write->offset, write->value);
    cpu_pause();
}

/* Delivery modes fixed, SMI, NMI, INIT, ExtINT and the reserved ones, masked and not. */
static void run_lvt(uint64_t number)
{
    struct lvt_write write = {
        .offset = lvt[number % (sizeof(lvt) / sizeof(lvt[0]))],
        .value =
            HARMLESS_VECTOR | (uint32_t)(number / 8 % 8) << 8 | (uint32_t)attack_below(2) << 16,
    };
    if (attack_below(4) == 0) {
        write.value = (uint32_t)attack_value();
    }
    attack_try(write_lvt, &write);
    write.value = APIC_LVT_MASKED | APIC_VECTOR_SPURIOUS;
    attack_try(write_lvt, &write);
}

/* Timers of every mode with hardly any time to go, and EOIs nobody waits for. */
static void run_timer(uint64_t number)
{
    struct lvt_write mode = {APIC_LVT_TIMER, HARMLESS_VECTOR | (uint32_t)(number % 3) << 17};
    struct lvt_write count = {APIC_TIMER_INITIAL, COUNT_MIN + (uint32_t)attack_below(2000)};
    struct lvt_write divide = {APIC_TIMER_DIVIDE, (uint32_t)attack_below(16)};
    struct lvt_write eoi = {APIC_EOI, 0};
    attack_try(write_lvt, &mode);
    attack_try(write_lvt, &divide);
    attack_try(write_lvt, &count);
    attack_write_msr(MSR_IA32_TSC_DEADLINE, cpu_rdtsc() + attack_below(1000) - 300);
    attack_try(write_lvt, &eoi);
    timing_delay_us(1);
    timer_stop();
}

static void enable(void *argument)
{
    (void)argument;
    apic_enable();
}

/* Back to how apic_enable() leaves it, from whatever mode we are in now. */
static void restore_apic(uint64_t base)
{
    uint64_t now = 0;
    if (attack_read_msr(MSR_IA32_APIC_BASE, &now) && now != base) {
        attack_write_msr(MSR_IA32_APIC_BASE, base & ~(uint64_t)(APIC_BASE_EXTD | APIC_BASE_EN));
        attack_write_msr(MSR_IA32_APIC_BASE, base & ~(uint64_t)APIC_BASE_EXTD);
        attack_write_msr(MSR_IA32_APIC_BASE, base);
    }
    attack_apic_gone = false;
    if (attack_try(enable, NULL) >= 0) {
        attack_suspect("the APIC stays off", base, now);
    }
}

/* Off, back to xAPIC, to another address, without the BSP bit, with reserved bits. */
static void run_base(uint64_t number)
{
    uint64_t base;
    if (!hypercall_available() || !attack_read_msr(MSR_IA32_APIC_BASE, &base)) {
        return; /* some real APICs cannot be switched on again */
    }
    uint64_t values[] = {
        base & ~(uint64_t)APIC_BASE_EXTD,         base & ~(uint64_t)(APIC_BASE_EXTD | APIC_BASE_EN),
        base & ~(uint64_t)APIC_BASE_EN,           base ^ (attack_below(1 << 24) << 12),
        base ^ ((uint64_t)1 << attack_below(64)), attack_value(),
    };
    cpu_interrupts_off();
    attack_apic_gone = true;
    attack_write_msr(MSR_IA32_APIC_BASE, values[number % (sizeof(values) / sizeof(values[0]))]);
    restore_apic(base);
    cpu_interrupts_on();
}

static const struct attack table[] = {
    {"apic-icr-ids", "no IPI of any form leaves the VM, whatever APIC id it names", run_icr_ids, 6},
    {"apic-icr-any", "ICR values of all kinds, reserved bits included", run_icr_any, 6},
    {"apic-lvt", "local vectors cannot select SMI, INIT or ExtINT", run_lvt, 3},
    {"apic-timer", "timers of all modes stay this VM's own", run_timer, 1},
    {"apic-base", "APIC_BASE cannot switch the physical APIC off or elsewhere", run_base, 1},
};

const struct attack_list attacks_apic = {table, sizeof(table) / sizeof(table[0])};
