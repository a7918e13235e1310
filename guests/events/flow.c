/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where control goes around an exit: the interrupt shadows of STI and MOV SS end behind the
 * emulated instruction, TF raises #DB behind it, NMIs come and wait for IRET.
 */
#include <stddef.h>

#include "guests/events/events.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/smp.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"

#define VECTOR_TEST 0x50
#define WAIT_US     20000
#define ICR_NMI     (4u << 8)
#define RFLAGS_TF   0x100
#define DR6_BS      (1 << 14)
#define IOAPIC_PAGE UINT64_C(0xfec00000)

static volatile uint64_t seen_rip;
static volatile uint64_t seen_dr6;
static volatile uint32_t seen_count;

static void on_interrupt(struct trap_frame *frame)
{
    seen_rip = frame->rip;
    seen_count++;
    apic_eoi();
}

static void on_debug(struct trap_frame *frame)
{
    uint64_t dr6;
    __asm__ volatile("movq %%dr6, %0" : "=r"(dr6));
    seen_rip = frame->rip;
    seen_dr6 = dr6;
    seen_count++;
    frame->rflags &= ~(uint64_t)RFLAGS_TF;
}

/* With interrupts off, so that the IPI waits. */
static void begin_shadow(void)
{
    trap_set_handler(VECTOR_TEST, on_interrupt);
    cpu_interrupts_off();
    seen_count = 0;
    apic_send(cpu_this()->apic_id, VECTOR_TEST | APIC_ICR_ASSERT);
    timing_delay_us(1);
}

static bool end_shadow(uint64_t wanted)
{
    cpu_interrupts_off();
    return check_same("interrupts", seen_count, 1) && check_same("RIP", seen_rip, wanted);
}

static bool sti_cpuid(void)
{
    uint64_t after;
    uint64_t leaf = 0;
    begin_shadow();
    __asm__ volatile("leaq 1f(%%rip), %0\n\tsti\n\tcpuid\n1:\tnop\n\tnop"
                     : "=&S"(after), "+a"(leaf)
                     :
                     : "rbx", "rcx", "rdx", "memory");
    return end_shadow(after);
}

static bool sti_rdmsr(void)
{
    uint64_t after;
    begin_shadow();
    __asm__ volatile("leaq 1f(%%rip), %0\n\tsti\n\trdmsr\n1:\tnop\n\tnop"
                     : "=&S"(after)
                     : "c"(MSR_IA32_APIC_BASE)
                     : "rax", "rdx", "memory");
    return end_shadow(after);
}

static bool mov_ss_cpuid(void)
{
    uint64_t after;
    uint64_t leaf = 0;
    begin_shadow();
    __asm__ volatile("leaq 1f(%%rip), %0\n\tmovl %%ss, %%edi\n\tsti\n\tmovl %%edi, %%ss\n\t"
                     "cpuid\n1:\tnop\n\tnop"
                     : "=&S"(after), "+a"(leaf)
                     :
                     : "rbx", "rcx", "rdx", "rdi", "memory");
    return end_shadow(after);
}

static bool end_step(uint64_t wanted)
{
    trap_set_handler(TRAP_DB, NULL);
    return check_same("#DB", seen_count, 1) && check_same("RIP", seen_rip, wanted) &&
           check_same("DR6.BS", seen_dr6 & DR6_BS, DR6_BS);
}

static void begin_step(void)
{
    uint64_t clear = 0xffff0ff0;
    trap_set_handler(TRAP_DB, on_debug);
    seen_count = 0;
    __asm__ volatile("movq %0, %%dr6" : : "r"(clear));
}

/* POPF sets TF; the instruction behind it completes, then #DB. */
#define STEP(instruction, ...)                                                                     \
    uint64_t after;                                                                                \
    begin_step();                                                                                  \
    __asm__ volatile(                                                                              \
        "leaq 1f(%%rip), %0\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t" instruction             \
        "\n1:\tnop\n\tnop"                                                                         \
        : "=&S"(after)                                                                             \
        : __VA_ARGS__                                                                              \
        : "rax", "rbx", "rdx", "memory");                                                          \
    return end_step(after)

static bool step_over_cpuid(void)
{
    STEP("cpuid", "c"(0));
}

static bool step_over_rdmsr(void)
{
    STEP("rdmsr", "c"(MSR_IA32_APIC_BASE));
}

static bool step_over_port(void)
{
    STEP("inb $0xed, %%al", "c"(0));
}

static bool step_over_mmio(void)
{
    STEP("movl (%%rcx), %%eax", "c"(IOAPIC_PAGE));
}

/* ---- NMIs ---- */

static uint32_t nmis_wanted; /* from the other CPU */
static volatile uint32_t nmi_count;
static volatile uint32_t nmi_depth;
static volatile uint32_t nmi_depth_max;
static volatile bool nmi_ask_again; /* the next handler asks for another while it runs */

void events_send_nmis(uint32_t index)
{
    if (index != 1) {
        return;
    }
    for (uint32_t sent = 0;;) {
        if (__atomic_load_n(&nmis_wanted, __ATOMIC_ACQUIRE) != sent) {
            apic_send(smp_apic_id(0), ICR_NMI | APIC_ICR_ASSERT);
            sent++;
        }
        cpu_pause();
    }
}

static void on_nmi(struct trap_frame *frame)
{
    (void)frame;
    nmi_depth++;
    nmi_depth_max = nmi_depth > nmi_depth_max ? nmi_depth : nmi_depth_max;
    nmi_count++;
    if (nmi_ask_again) {
        nmi_ask_again = false;
        __atomic_add_fetch(&nmis_wanted, 1, __ATOMIC_RELEASE);
        timing_delay_us(WAIT_US / 10);
    }
    nmi_depth--;
}

static bool wait_for_nmis(uint32_t wanted)
{
    uint64_t end = cpu_rdtsc() + timing_ns_to_ticks(WAIT_US * 1000);
    while (nmi_count < wanted && cpu_rdtsc() < end) {
        cpu_pause();
    }
    timing_delay_us(WAIT_US / 10);
    trap_set_handler(TRAP_NMI, NULL);
    return check_same("NMIs", nmi_count, wanted) && check_same("nested NMIs", nmi_depth_max, 1);
}

static void begin_nmis(bool ask_again)
{
    nmi_count = 0;
    nmi_depth_max = 0;
    nmi_ask_again = ask_again;
    trap_set_handler(TRAP_NMI, on_nmi);
}

static bool nmi_from_other_cpu(void)
{
    begin_nmis(false);
    __atomic_add_fetch(&nmis_wanted, 1, __ATOMIC_RELEASE);
    return wait_for_nmis(1);
}

static bool nmi_while_blocked(void)
{
    begin_nmis(true);
    __atomic_add_fetch(&nmis_wanted, 1, __ATOMIC_RELEASE);
    return wait_for_nmis(2);
}

static bool nmi_to_itself(void)
{
    begin_nmis(false);
    apic_send(cpu_this()->apic_id, ICR_NMI | APIC_ICR_ASSERT);
    return wait_for_nmis(1);
}

static const struct check table[] = {
    {"sti-cpuid", sti_cpuid},           {"sti-rdmsr", sti_rdmsr},
    {"mov-ss-cpuid", mov_ss_cpuid},     {"step-cpuid", step_over_cpuid},
    {"step-rdmsr", step_over_rdmsr},    {"step-port", step_over_port},
    {"step-mmio", step_over_mmio},      {"nmi-other", nmi_from_other_cpu},
    {"nmi-blocked", nmi_while_blocked}, {"nmi-itself", nmi_to_itself},
};

const struct check_list checks_flow = {table, sizeof(table) / sizeof(table[0])};
