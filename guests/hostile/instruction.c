/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks with single instructions: virtualisation of either vendor, what is privileged or hidden,
 * idling, and every CPUID leaf.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"
#include "kernel/string.h"

#define CODE_SIZE      12
#define VECTOR_WAKE    0xe1
#define WAKE_NS        20000
#define CR4_VMXE       (1 << 13)
#define CPUID_1_HIDDEN ((1u << 5) | (1u << 6)) /* ECX: VMX, SMX */

struct row {
    const char *name;
    uint8_t code[CODE_SIZE]; /* ended by RET */
    bool must_be_undefined;  /* below Bulkhead; natively many of them work */
};

/* RSI and RDI point to scratch memory, RAX, RCX and RDX are given by run_rows(). */
static const struct row virtualisation[] = {
    {"vmxon", {0xf3, 0x0f, 0xc7, 0x37, 0xc3}, true},
    {"vmxoff", {0x0f, 0x01, 0xc4, 0xc3}, true},
    {"vmclear", {0x66, 0x0f, 0xc7, 0x37, 0xc3}, true},
    {"vmptrld", {0x0f, 0xc7, 0x37, 0xc3}, true},
    {"vmptrst", {0x0f, 0xc7, 0x3f, 0xc3}, true},
    {"vmread", {0x0f, 0x78, 0xc1, 0xc3}, true},
    {"vmread to memory", {0x0f, 0x78, 0x07, 0xc3}, true},
    {"vmwrite", {0x0f, 0x79, 0xc1, 0xc3}, true},
    {"vmlaunch", {0x0f, 0x01, 0xc2, 0xc3}, true},
    {"vmresume", {0x0f, 0x01, 0xc3, 0xc3}, true},
    {"invept", {0x66, 0x0f, 0x38, 0x80, 0x07, 0xc3}, true},
    {"invvpid", {0x66, 0x0f, 0x38, 0x81, 0x07, 0xc3}, true},
    {"vmfunc", {0x0f, 0x01, 0xd4, 0xc3}, true},
    {"getsec", {0x0f, 0x37, 0xc3}, true},
    {"rsm", {0x0f, 0xaa, 0xc3}, true},
    {"encls", {0x0f, 0x01, 0xcf, 0xc3}, true},
    {"enclv", {0x0f, 0x01, 0xc0, 0xc3}, true},
    {"pconfig", {0x0f, 0x01, 0xc5, 0xc3}, true},
    {"seamcall", {0x66, 0x0f, 0x01, 0xcf, 0xc3}, true},
    {"vmrun", {0x0f, 0x01, 0xd8, 0xc3}, true},
    {"vmmcall", {0x0f, 0x01, 0xd9, 0xc3}, true},
    {"vmload", {0x0f, 0x01, 0xda, 0xc3}, true},
    {"vmsave", {0x0f, 0x01, 0xdb, 0xc3}, true},
    {"stgi", {0x0f, 0x01, 0xdc, 0xc3}, true},
    {"clgi", {0x0f, 0x01, 0xdd, 0xc3}, true},
    {"skinit", {0x0f, 0x01, 0xde, 0xc3}, true},
    {"invlpga", {0x0f, 0x01, 0xdf, 0xc3}, true},
};

static const struct row privileged[] = {
    {"invd", {0x0f, 0x08, 0xc3}, false},
    {"wbinvd", {0x0f, 0x09, 0xc3}, false},
    {"wbnoinvd", {0xf3, 0x0f, 0x09, 0xc3}, false},
    {"rdpmc", {0x0f, 0x33, 0xc3}, false},
    {"monitor, mwait", {0x0f, 0x01, 0xc8, 0x0f, 0x01, 0xc9, 0xc3}, false},
    {"monitorx, mwaitx", {0x0f, 0x01, 0xfa, 0x0f, 0x01, 0xfb, 0xc3}, false},
    {"sti, hlt", {0xfb, 0xf4, 0xc3}, false},
    {"sti, cpuid", {0xfb, 0x0f, 0xa2, 0xc3}, false},
    {"mov ss, cpuid", {0x66, 0x8c, 0xd0, 0x8e, 0xd0, 0x0f, 0xa2, 0xc3}, false},
    {"mov ss, hlt", {0xfb, 0x66, 0x8c, 0xd0, 0x8e, 0xd0, 0xf4, 0xc3}, false},
    {"mov ss, int3", {0x66, 0x8c, 0xd0, 0x8e, 0xd0, 0xcc, 0xc3}, false},
    {"rdrand", {0x0f, 0xc7, 0xf0, 0xc3}, false},
    {"rdseed", {0x0f, 0xc7, 0xf8, 0xc3}, false},
    {"rdtscp", {0x0f, 0x01, 0xf9, 0xc3}, false},
    {"swapgs", {0x0f, 0x01, 0xf8, 0x0f, 0x01, 0xf8, 0xc3}, false},
    {"invpcid", {0x66, 0x0f, 0x38, 0x82, 0x07, 0xc3}, false},
    {"clts", {0x0f, 0x06, 0xc3}, false},
    {"pause", {0xf3, 0x90, 0xc3}, false},
    {"xsaves", {0x0f, 0xc7, 0x2f, 0xc3}, false},
    {"xrstors", {0x0f, 0xc7, 0x1f, 0xc3}, false},
    {"stac, clac", {0x0f, 0x01, 0xcb, 0x0f, 0x01, 0xca, 0xc3}, false},
    {"icebp", {0xf1, 0xc3}, false},
    {"ud0", {0x0f, 0xff, 0x07, 0xc3}, false},
    {"xgetbv 1", {0x0f, 0x01, 0xd0, 0xc3}, false},
    {"rdpkru", {0x0f, 0x01, 0xee, 0xc3}, false},
    {"serialize", {0x0f, 0x01, 0xe8, 0xc3}, false},
    {"hreset", {0xf3, 0x0f, 0x3a, 0xf0, 0xc0, 0x00, 0xc3}, false},
};

static int run_row(const struct row *row)
{
    static uint8_t code[CODE_SIZE];
    memcpy(code, row->code, CODE_SIZE);
    struct attack_registers registers = {
        .code = code,
        .rax = attack_below(2) != 0 ? (uint64_t)attack_scratch : attack_value(),
        .rcx = 1, /* MWAIT: an interrupt ends it although interrupts are off */
        .rdx = 0,
        .pointer = (uint64_t)attack_scratch + 64 * attack_below(16),
    };
    return attack_run_code(&registers);
}

/* With and without CR4.VMXE tried first: it must not appear to be set either. */
static void run_virtualisation(uint64_t number)
{
    const struct row *row =
        &virtualisation[number % (sizeof(virtualisation) / sizeof(virtualisation[0]))];
    int vector = run_row(row);
    if (row->must_be_undefined && hypercall_available() && vector != TRAP_UD) {
        attack_suspect(row->name, number, (uint64_t)vector);
    }
    if (hypercall_available() && (cpu_read_cr4() & CR4_VMXE) != 0) {
        attack_suspect("CR4.VMXE", number, cpu_read_cr4());
    }
}

static void on_wake(struct trap_frame *frame);

/* A timer runs, so that what waits does not wait for ever. */
static void run_privileged(uint64_t number)
{
    trap_set_handler(VECTOR_WAKE, on_wake);
    timer_init(VECTOR_WAKE);
    timer_arm(cpu_rdtsc() + timing_ns_to_ticks(WAKE_NS));
    run_row(&privileged[number % (sizeof(privileged) / sizeof(privileged[0]))]);
    timer_stop();
}

static void on_wake(struct trap_frame *frame)
{
    (void)frame;
    timer_arm(cpu_rdtsc() + timing_ns_to_ticks(WAKE_NS));
    apic_eoi();
}

static void run_cpuid(uint64_t number)
{
    static const uint32_t bases[] = {0,          0x40000000, 0x40000100, 0x80000000,
                                     0x20000000, 0x80860000, 0xc0000000, 0x8fffff00};
    uint32_t leaf = bases[number % 8] + (uint32_t)attack_below(64);
    uint32_t subleaf = attack_below(4) == 0 ? (uint32_t)attack_value() : (uint32_t)attack_below(32);
    leaf = attack_below(16) == 0 ? (uint32_t)attack_value() : leaf;
    (void)cpu_cpuid(leaf, subleaf);
    uint32_t features = cpu_cpuid(1, 0).ecx;
    if (hypercall_available() && (features & CPUID_1_HIDDEN) != 0) {
        attack_suspect("CPUID shows VMX or SMX", 1, features);
    }
}

static void software_interrupt(void *argument)
{
    const uint8_t *code = argument;
    ((void (*)(void))(uint64_t)code)();
}

/* INT n with every vector: exceptions that come without an error code and without a cause. */
static void run_int(uint64_t number)
{
    static uint8_t code[4];
    code[0] = 0xcd;
    code[1] = (uint8_t)number;
    code[2] = 0xc3;
    attack_try(software_interrupt, code);
}

static const struct attack table[] = {
    {"insn-vmx", "no virtualisation instruction exists in a VM", run_virtualisation, 5},
    {"insn-privileged", "cache control, idling, monitors, counters affect this VM only",
     run_privileged, 3},
    {"insn-cpuid", "any CPUID leaf is answered, none shows VMX", run_cpuid, 3},
    {"insn-int", "software interrupts of every vector", run_int, 1},
};

const struct attack_list attacks_instruction = {table, sizeof(table) / sizeof(table[0])};
