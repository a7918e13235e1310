/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest guest: says where it is, counts timer interrupts, switches itself off.
 * Command line: ticks=N interrupts of 1 ms (100), stay to go on for ever instead.
 */
#include <stddef.h>
#include <stdint.h>

#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/smp.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"

#define VECTOR_TIMER 0x40
#define PERIOD_NS    1000000

static volatile uint64_t ticks;
static uint64_t period;
static uint64_t deadline;

static void on_timer(struct trap_frame *frame)
{
    (void)frame;
    ticks++;
    deadline += period;
    timer_arm(deadline);
    apic_eoi();
}

static void introduce(void)
{
    struct bulkhead_facts facts;
    print("hello: started by %s, %lu MiB, %u CPU(s), TSC %lu kHz by %s, %s, command line \"%s\"\n",
          startup.protocol, memory_ram_size() >> 20, smp_cpu_count(), timing_tsc_hz() / 1000,
          timing_source(), apic_is_x2apic() ? "x2APIC" : "xAPIC", startup.cmdline);
    if (hypercall_available() && hypercall_facts(&facts)) {
        print("hello: VM %s below Bulkhead, ABI %u.%u, vCPU %u of %u, %lu MiB\n", facts.name,
              facts.abi_version >> 16, facts.abi_version & 0xffff, facts.vcpu_index,
              facts.vcpu_count, facts.memory_bytes >> 20);
    }
}

void guest_main(void)
{
    uint64_t wanted = startup_number("ticks", 100);
    introduce();

    trap_set_handler(VECTOR_TIMER, on_timer);
    timer_init(VECTOR_TIMER);
    period = timing_ns_to_ticks(PERIOD_NS);
    uint64_t start = cpu_rdtsc();
    deadline = start + period;
    timer_arm(deadline);
    while (ticks < wanted) {
        cpu_wait();
    }
    uint64_t took = cpu_rdtsc() - start;
    print("hello: %lu timer interrupts in %lu us\n", ticks, timing_ticks_to_ns(took) / 1000);
    print("hello: ready\n");
    while (startup_option("stay", NULL)) {
        cpu_wait();
    }
    timer_stop();
}
