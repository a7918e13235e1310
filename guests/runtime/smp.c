/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding and starting the VM's other CPUs. SDM volume 3, "MP Initialization Protocol Algorithm
 * for MP Systems".
 */
#include "guests/runtime/smp.h"

#include <stdbool.h>
#include <stddef.h>

#include "guests/runtime/acpi.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/timing.h"
#include "kernel/string.h"

#define INIT_DELAY_US      10000
#define STARTUP_DELAY_US   200
#define STARTUP_TIMEOUT_MS 500

extern const char ap_trampoline_start[];
extern const char ap_trampoline_end[];

static uint32_t apic_ids[SMP_CPU_MAX];
static uint32_t cpu_count;
static void (*ap_function)(uint32_t index);
static uint32_t online;

/* Logical processors by CPUID leaf 0xB, else by leaf 1. */
static uint32_t count_by_cpuid(void)
{
    if (cpu_cpuid(0, 0).eax >= 0xb) {
        uint32_t count = cpu_cpuid(0xb, 1).ebx & 0xffff;
        if (count != 0) {
            return count;
        }
    }
    uint32_t count = cpu_cpuid(1, 0).ebx >> 16 & 0xff;
    return count != 0 ? count : 1;
}

static uint32_t find_cpus(void)
{
    static struct bulkhead_facts facts;
    uint32_t count = acpi_cpus(apic_ids, SMP_CPU_MAX);
    if (count == 0 && hypercall_available() && hypercall_facts(&facts)) {
        count = facts.vcpu_count < SMP_CPU_MAX ? facts.vcpu_count : SMP_CPU_MAX;
        memcpy(apic_ids, facts.apic_id, sizeof(apic_ids[0]) * count);
    }
    if (count == 0) {
        uint64_t told = startup_number("cpus", count_by_cpuid());
        count = told < SMP_CPU_MAX ? (uint32_t)told : SMP_CPU_MAX;
        for (uint32_t i = 0; i < count; i++) {
            apic_ids[i] = i;
        }
    }
    return count;
}

uint32_t smp_cpu_count(void)
{
    if (cpu_count != 0) {
        return cpu_count;
    }
    uint32_t own = apic_id();
    uint32_t count = find_cpus();
    for (uint32_t i = 0; i < count; i++) {
        if (apic_ids[i] == own) {
            apic_ids[i] = apic_ids[0];
            apic_ids[0] = own;
        }
    }
    uint64_t wanted = startup_number("cpus", count);
    cpu_count = wanted >= 1 && wanted < count ? (uint32_t)wanted : count;
    return cpu_count;
}

uint32_t smp_apic_id(uint32_t index)
{
    return apic_ids[index];
}

static void ap_main(void)
{
    percpu_load();
    apic_enable();
    __atomic_store_n(&online, cpu_this()->index, __ATOMIC_RELEASE);
    ap_function(cpu_this()->index);
}

static bool wait_online(uint32_t index, uint64_t us)
{
    uint64_t end = cpu_rdtsc() + timing_ns_to_ticks(us * 1000);
    while (__atomic_load_n(&online, __ATOMIC_ACQUIRE) != index) {
        if (cpu_rdtsc() > end) {
            return false;
        }
        cpu_pause();
    }
    return true;
}

static bool start_one(uint32_t index, uint8_t *page)
{
    struct cpu *cpu = memory_alloc(CPU_BLOCK_SIZE, CPU_BLOCK_SIZE);
    percpu_init(cpu, index, apic_ids[index]);
    *(uint64_t *)(page + TRAMPOLINE_CR3) = cpu_read_cr3();
    *(uint64_t *)(page + TRAMPOLINE_STACK) = (uint64_t)cpu + CPU_BLOCK_SIZE;
    *(uint64_t *)(page + TRAMPOLINE_MAIN) = (uint64_t)ap_main;

    uint32_t startup_command = APIC_ICR_STARTUP | (uint32_t)((uint64_t)page >> 12);
    apic_send(apic_ids[index], APIC_ICR_INIT | APIC_ICR_ASSERT);
    timing_delay_us(INIT_DELAY_US);
    apic_send(apic_ids[index], startup_command);
    if (wait_online(index, STARTUP_DELAY_US)) {
        return true;
    }
    apic_send(apic_ids[index], startup_command);
    return wait_online(index, STARTUP_TIMEOUT_MS * 1000);
}

uint32_t smp_start(void (*function)(uint32_t index))
{
    uint8_t *page = (uint8_t *)memory_low_page();
    uint32_t running = 1;
    ap_function = function;
    if (smp_cpu_count() == 1) {
        return 1;
    }
    if (page == NULL) {
        print("no memory below 1 MiB to start CPUs with\n");
        return 1;
    }
    memcpy(page, ap_trampoline_start, (size_t)(ap_trampoline_end - ap_trampoline_start));
    for (uint32_t i = 1; i < cpu_count; i++) {
        if (start_one(i, page)) {
            running++;
        } else {
            print("CPU %u (APIC id %u) did not start\n", i, apic_ids[i]);
        }
    }
    return running;
}
