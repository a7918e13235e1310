/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on control registers: garbage in CR0, CR3, CR4, CR8, EFER, XCR0 and the debug registers,
 * and single-stepping over instructions that exit. Each puts the register right again.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/layout.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/percpu.h"

#define CPUID_ADDRESS_SIZE 0x80000008u
#define DR7_OFF            UINT64_C(0x400)
#define HOLE               UINT64_C(0xd0000000)

static void write_cr0(void *argument)
{
    cpu_write_cr0(*(uint64_t *)argument);
}

static void write_cr3(void *argument)
{
    cpu_write_cr3(*(uint64_t *)argument);
}

static void write_cr4(void *argument)
{
    cpu_write_cr4(*(uint64_t *)argument);
}

static void write_cr8(void *argument)
{
    __asm__ volatile("movq %0, %%cr8" : : "r"(*(uint64_t *)argument) : "memory");
}

/* One bit changed, or anything. */
static uint64_t disturb(uint64_t value, uint64_t number)
{
    return number % 2 == 0 ? value ^ ((uint64_t)1 << (number / 2 % 64)) : attack_value();
}

static void run_cr0(uint64_t number)
{
    uint64_t old = cpu_read_cr0();
    uint64_t value = disturb(old, number);
    attack_try(write_cr0, &value);
    attack_try(write_cr0, &old);
    if (cpu_read_cr0() != old) {
        attack_suspect("CR0 cannot be restored", old, cpu_read_cr0());
    }
}

static void run_cr4(uint64_t number)
{
    uint64_t old = cpu_read_cr4();
    uint64_t value = disturb(old, number);
    attack_try(write_cr4, &value);
    attack_try(write_cr4, &old);
    if (cpu_read_cr4() != old) {
        attack_suspect("CR4 cannot be restored", old, cpu_read_cr4());
    }
}

/* Only bits above the physical address width: the tables themselves stay ours. */
static void run_cr3(uint64_t number)
{
    uint64_t old = cpu_read_cr3();
    uint32_t width = cpu_cpuid(CPUID_ADDRESS_SIZE, 0).eax & 0xff;
    uint64_t value = old | ((uint64_t)1 << (width + number % (64 - width)));
    attack_try(write_cr3, &value);
    attack_try(write_cr3, &old);
}

static void run_cr8(uint64_t number)
{
    uint64_t value = number % 4 == 0 ? attack_value() : attack_below(16);
    uint64_t zero = 0;
    attack_try(write_cr8, &value);
    attack_try(write_cr8, &zero);
}

static void run_efer(uint64_t number)
{
    uint64_t old;
    if (attack_read_msr(MSR_IA32_EFER, &old)) {
        attack_write_msr(MSR_IA32_EFER, disturb(old, number));
        attack_write_msr(MSR_IA32_EFER, old);
    }
}

struct xcr {
    uint32_t index;
    uint64_t value;
};

static void write_xcr(void *argument)
{
    const struct xcr *xcr = argument;
    __asm__ volatile("xsetbv"
                     :
                     : "c"(xcr->index), "a"((uint32_t)xcr->value), "d"((uint32_t)(xcr->value >> 32))
                     : "memory");
}

static void read_xcr(void *argument)
{
    struct xcr *xcr = argument;
    uint32_t low;
    uint32_t high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(xcr->index));
    xcr->value = ((uint64_t)high << 32) | low;
}

static void run_xcr(uint64_t number)
{
    struct xcr old = {0, 0};
    struct xcr value = {number % 8 == 7 ? (uint32_t)attack_value() : 0, 0};
    if (attack_try(read_xcr, &old) >= 0) {
        return;
    }
    value.value = number % 3 == 0 ? number / 3 % 1024 : disturb(old.value, number);
    attack_try(write_xcr, &value);
    attack_try(write_xcr, &old);
}

struct debug_registers {
    uint64_t address[4];
    uint64_t dr6;
    uint64_t dr7;
};

static void write_debug(void *argument)
{
    const struct debug_registers *d = argument;
    __asm__ volatile("movq %0, %%dr0" : : "r"(d->address[0]));
    __asm__ volatile("movq %0, %%dr1" : : "r"(d->address[1]));
    __asm__ volatile("movq %0, %%dr2" : : "r"(d->address[2]));
    __asm__ volatile("movq %0, %%dr3" : : "r"(d->address[3]));
    __asm__ volatile("movq %0, %%dr6" : : "r"(d->dr6));
    __asm__ volatile("movq %0, %%dr7" : : "r"(d->dr7) : "memory");
    *(volatile uint64_t *)attack_scratch = 0;
    (void)cpu_cpuid(0, 0);
}

static void clear_debug(void *argument)
{
    (void)argument;
    __asm__ volatile("movq %0, %%dr7" : : "r"(DR7_OFF) : "memory");
}

/* Breakpoints on a scratch page or nowhere; never where our own handlers would hit them. */
static void run_debug(uint64_t number)
{
    struct debug_registers d = {.dr6 = attack_value(), .dr7 = attack_value()};
    for (int i = 0; i < 4; i++) {
        d.address[i] = attack_below(2) != 0 ? (uint64_t)attack_scratch
                                            : attack_random() | UINT64_C(0x0000100000000000);
    }
    if (number % 2 == 0) {
        d.dr6 &= 0xffffffff;
        d.dr7 &= 0xffff27ff;
    }
    attack_try(write_debug, &d);
    /* Twice: general detect makes the first one fault, and the fault clears it. */
    attack_try(clear_debug, NULL);
    attack_try(clear_debug, NULL);
}

/* TF set, then an instruction that exits: #DB must come behind it, neither before nor later. */
static const uint8_t step_code[][16] = {
    {0x9c, 0x81, 0x0c, 0x24, 0x00, 0x01, 0x00, 0x00, 0x9d, 0x0f, 0xa2, 0x90}, /* cpuid */
    {0x9c, 0x81, 0x0c, 0x24, 0x00, 0x01, 0x00, 0x00, 0x9d, 0xe6, 0xed, 0x90}, /* out */
    {0x9c, 0x81, 0x0c, 0x24, 0x00, 0x01, 0x00, 0x00, 0x9d, 0xe4, 0xed, 0x90}, /* in */
    {0x9c, 0x81, 0x0c, 0x24, 0x00, 0x01, 0x00, 0x00, 0x9d, 0x8b, 0x07, 0x90}, /* mov (%rdi) */
};
#define STEP_DONE 11 /* bytes of code after which #DB is due */

static void run_step(uint64_t number)
{
    static uint8_t code[16];
    size_t row = (size_t)(number % (sizeof(step_code) / sizeof(step_code[0])));
    for (size_t i = 0; i < sizeof(code); i++) {
        code[i] = step_code[row][i];
    }
    struct attack_registers registers = {
        .code = code,
        .pointer = (uint64_t)memory_window_at(HOLE),
    };
    int vector = attack_run_code(&registers);
    uint64_t at = cpu_this()->fault_rip - (uint64_t)code;
    if (vector != 1 || at != STEP_DONE) {
        attack_suspect("single step over an exit", (uint64_t)row, at);
    }
}

static const struct attack table[] = {
    {"control-cr0", "CR0 takes what hardware takes and is shown as written", run_cr0, 3},
    {"control-cr3", "CR3 with reserved bits faults", run_cr3, 1},
    {"control-cr4", "CR4 takes what hardware takes; VMXE and SMXE do not exist", run_cr4, 3},
    {"control-cr8", "CR8 has four bits", run_cr8, 1},
    {"control-efer", "EFER takes what hardware takes", run_efer, 2},
    {"control-xcr", "XCR0 takes the combinations that hardware takes", run_xcr, 2},
    {"control-debug", "debug registers stay this VM's own", run_debug, 2},
    {"control-step", "a single step ends behind an instruction that exits", run_step, 1},
};

const struct attack_list attacks_control = {table, sizeof(table) / sizeof(table[0])};
