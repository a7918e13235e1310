/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All CPUs of the VM: starts them, then sends IPIs from each to each, to all others, to all, and
 * to itself, and compares what arrived with what was sent. The boot processor directs; every CPU
 * does its turn alone, so that the counts are exact.
 * Command line: rounds=N (10), cpus=N to start fewer.
 */
#include <stdbool.h>
#include <stdint.h>

#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/smp.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"

#define VECTOR_WAKE 0x41
#define VECTOR_TEST 0x42
#define TIMEOUT_MS  2000

enum ipi_form { FORM_UNICAST, FORM_ALL_BUT_SELF, FORM_ALL, FORM_SELF, FORM_SELF_MSR, FORM_COUNT };

static const char *const form_names[FORM_COUNT] = {"unicast", "all but self", "all", "self",
                                                   "self-IPI register"};

static uint32_t cpu_count;
static uint64_t received[SMP_CPU_MAX]; /* test IPIs, by CPU */
static uint64_t expected[SMP_CPU_MAX];
static uint32_t turn = UINT32_MAX; /* the CPU that sends */
static enum ipi_form form;
static uint32_t done;

static void on_wake(struct trap_frame *frame)
{
    (void)frame;
    apic_eoi();
}

static void on_test(struct trap_frame *frame)
{
    (void)frame;
    __atomic_add_fetch(&received[cpu_this()->index], 1, __ATOMIC_RELEASE);
    apic_eoi();
}

static void send_form(uint32_t self)
{
    switch (form) {
    case FORM_UNICAST:
        for (uint32_t i = 0; i < cpu_count; i++) {
            apic_send(smp_apic_id(i), VECTOR_TEST | APIC_ICR_ASSERT);
        }
        break;
    case FORM_ALL_BUT_SELF:
        apic_send(0, VECTOR_TEST | APIC_ICR_ASSERT | APIC_ICR_ALL_BUT_SELF);
        break;
    case FORM_ALL:
        apic_send(0, VECTOR_TEST | APIC_ICR_ASSERT | APIC_ICR_ALL);
        break;
    case FORM_SELF_MSR:
        if (apic_is_x2apic()) {
            apic_write(APIC_SELF_IPI, VECTOR_TEST);
        } else { /* the page has no such register */
            apic_send(smp_apic_id(self), VECTOR_TEST | APIC_ICR_ASSERT);
        }
        break;
    default:
        apic_send(0, VECTOR_TEST | APIC_ICR_ASSERT | APIC_ICR_SELF);
    }
}

/* How many IPIs CPU `target` gets when CPU `sender` has its turn. */
static uint32_t share_of(uint32_t sender, uint32_t target)
{
    switch (form) {
    case FORM_ALL_BUT_SELF:
        return target != sender;
    case FORM_SELF:
    case FORM_SELF_MSR:
        return target == sender;
    default:
        return 1;
    }
}

/* Sleeps, takes IPIs, and sends when it is this CPU's turn. */
static void ap_main(uint32_t index)
{
    print("smp: CPU %u up, APIC id %u\n", index, apic_id());
    for (;;) {
        if (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == index) {
            __atomic_store_n(&turn, UINT32_MAX, __ATOMIC_RELAXED);
            send_form(index);
            __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
        }
        cpu_wait();
    }
}

static bool all_arrived(void)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        if (__atomic_load_n(&received[i], __ATOMIC_ACQUIRE) != expected[i]) {
            return false;
        }
    }
    return true;
}

static bool wait_for_all(void)
{
    uint64_t end = cpu_rdtsc() + timing_ns_to_ticks(TIMEOUT_MS * 1000000ull);
    cpu_interrupts_on();
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE) || !all_arrived()) {
        cpu_pause();
        if (cpu_rdtsc() > end) {
            cpu_interrupts_off();
            return false;
        }
    }
    cpu_interrupts_off();
    return true;
}

static bool take_turn(uint32_t sender)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        expected[i] += share_of(sender, i);
    }
    __atomic_store_n(&done, 0, __ATOMIC_RELAXED);
    if (sender == 0) {
        send_form(0);
        done = 1;
    } else {
        __atomic_store_n(&turn, sender, __ATOMIC_RELEASE);
        apic_send(smp_apic_id(sender), VECTOR_WAKE | APIC_ICR_ASSERT);
    }
    if (wait_for_all()) {
        return true;
    }
    print("smp: FAILED: %s from CPU %u\n", form_names[form], sender);
    for (uint32_t i = 0; i < cpu_count; i++) {
        print("smp: CPU %u got %lu of %lu\n", i, received[i], expected[i]);
    }
    return false;
}

static bool test_forms(uint64_t rounds)
{
    for (unsigned f = 0; f < FORM_COUNT; f++) {
        form = (enum ipi_form)f;
        for (uint64_t i = 0; i < rounds * cpu_count; i++) {
            if (!take_turn((uint32_t)(i % cpu_count))) {
                return false;
            }
        }
        print("smp: %s: %lu turns, all arrived\n", form_names[f], rounds * cpu_count);
    }
    return true;
}

void guest_main(void)
{
    uint32_t wanted = smp_cpu_count();
    trap_set_handler(VECTOR_WAKE, on_wake);
    trap_set_handler(VECTOR_TEST, on_test);
    print("smp: CPU 0 up, APIC id %u, %s\n", apic_id(), apic_is_x2apic() ? "x2APIC" : "xAPIC");
    cpu_count = smp_start(ap_main);
    print("smp: %u of %u CPUs run\n", cpu_count, wanted);
    if (cpu_count != wanted || !test_forms(startup_number("rounds", 10))) {
        print("smp: FAILED\n");
        return;
    }
    print("smp: %lu stray interrupts\n", trap_stray_count());
    print("smp: ready\n");
}
