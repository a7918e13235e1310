/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts the other CPUs; see the header. INIT goes to all at once, so that its 10 ms are waited for
 * once; SIPIs go one by one, because all come through one mailbox.
 */
#include "kernel/smp.h"

#include "drivers/lapic.h"
#include "kernel/cpu.h"
#include "kernel/cpu_init.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "kernel/trampoline.h"
#include "kernel/tsc_sync.h"
#include "kernel/window.h"

#define INIT_DELAY_US 10000
#define SIPI_DELAY_US 200
#define ANSWER_US     100000  /* from the second SIPI to the first C code */
#define WORK_US       2000000 /* from the answer to the final state */

extern const uint8_t trampoline_start[];
extern const uint8_t trampoline_end[];

static struct percpu *cpus[CPU_MAX];
static uint32_t cpu_count = 1;
static void (*cpu_work)(struct percpu *cpu);

struct percpu *smp_cpu(uint32_t index)
{
    return cpus[index];
}

void smp_set_boot_cpu(struct percpu *cpu)
{
    cpus[0] = cpu;
}

uint32_t smp_count(enum cpu_state state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cpu_count; i++) {
        count += __atomic_load_n(&cpus[i]->state, __ATOMIC_ACQUIRE) == state;
    }
    return count;
}

/* First C code of a started CPU. */
static void smp_cpu_main(struct percpu *cpu)
{
    cpu_write_cr3(memory_cr3()); /* the trampoline's page is no longer mapped */
    cpu_init(cpu);
    __atomic_store_n(&cpu->state, CPU_STARTED, __ATOMIC_RELEASE);
    tsc_sync_answer();
    cpu_work(cpu);
    for (;;) {
        cpu_halt();
    }
}

static void mailbox_write(hpa_t page, uint64_t offset, uint64_t value)
{
    window_write(HPA(page.v + offset), &value, sizeof(value));
}

static bool wait_for_answer(const struct percpu *cpu, uint64_t us)
{
    uint64_t start = cpu_rdtsc();
    uint64_t ticks = time_us_to_tsc(us);
    while (__atomic_load_n(&cpu->state, __ATOMIC_ACQUIRE) == CPU_ABSENT) {
        if (cpu_rdtsc() - start > ticks) {
            return false;
        }
        cpu_pause();
    }
    return true;
}

static bool start_cpu(hpa_t page, struct percpu *cpu)
{
    mailbox_write(page, TRAMPOLINE_STACK, (uintptr_t)cpu->stack_top);
    mailbox_write(page, TRAMPOLINE_PERCPU, (uintptr_t)cpu);
    lapic_send_startup(cpu->apic_id, page);
    if (wait_for_answer(cpu, SIPI_DELAY_US)) {
        return true;
    }
    lapic_send_startup(cpu->apic_id, page);
    if (wait_for_answer(cpu, ANSWER_US)) {
        return true;
    }
    /* INIT again, so that it cannot come late and take another CPU's stack. */
    lapic_send_init(cpu->apic_id);
    return false;
}

static void wait_for_work(void)
{
    uint64_t start = cpu_rdtsc();
    uint64_t ticks = time_us_to_tsc(WORK_US);
    while (smp_count(CPU_STARTED) > 0 && cpu_rdtsc() - start < ticks) {
        log_drain();
        cpu_pause();
    }
}

static void prepare(const struct boot_info *info)
{
    hpa_t page = info->trampoline;
    BUG_ON(trampoline_end - trampoline_start > TRAMPOLINE_CR3);
    window_write(page, trampoline_start, (uint64_t)(trampoline_end - trampoline_start));
    mailbox_write(page, TRAMPOLINE_ENTRY, (uintptr_t)smp_cpu_main);
    for (uint32_t i = 1; i < info->cpu_count; i++) {
        cpus[i] = percpu_create(i, info->cpus[i].apic_id);
    }
    mailbox_write(page, TRAMPOLINE_CR3, memory_trampoline_tables(page));
    cpu_count = info->cpu_count;
}

void smp_start(const struct boot_info *info, void (*work)(struct percpu *cpu))
{
    cpu_work = work;
    prepare(info);
    for (uint32_t i = 1; i < cpu_count; i++) {
        lapic_send_init(cpus[i]->apic_id);
    }
    if (cpu_count > 1) {
        time_delay_us(INIT_DELAY_US);
    }
    for (uint32_t i = 1; i < cpu_count; i++) {
        if (start_cpu(info->trampoline, cpus[i])) {
            tsc_sync_compare(info, cpus[i]);
        } else {
            log_error("CPU %u (APIC id %u) does not answer INIT-SIPI-SIPI", i, cpus[i]->apic_id);
        }
    }
    tsc_sync_report();
    wait_for_work();
    for (uint32_t i = 1; i < cpu_count; i++) {
        if (cpus[i]->state == CPU_STARTED) {
            log_error("CPU %u (APIC id %u) started but did not get ready", i, cpus[i]->apic_id);
        }
    }
}
