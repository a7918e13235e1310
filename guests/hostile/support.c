/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the attacks call: the seeded sequence, guarded and counted attempts, code run with chosen
 * registers, and putting the CPU right after an exception. No attack of its own.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/trap.h"
#include "kernel/string.h"

#define SUSPECTS_NAMED   8
#define CODE_STACK_SIZE  1024
#define FILLER           0xcc /* INT3 as code, not canonical as an address */
#define DR7_OFF          0x400
#define PAGE             4096
#define DEVICES_FIRST    UINT64_C(0xfec00000)
#define DEVICES_END      UINT64_C(0xfef00000)

#define CR4_OSFXSR       (1 << 9)
#define CR4_OSXMMEXCPT   (1 << 10)
#define XCR0_X87_SSE_AVX 7

void attack_enter_code(const struct attack_registers *registers, uint64_t *stack);

static uint64_t random_state;
static uint8_t code_stack[CODE_STACK_SIZE] __attribute__((aligned(4096)));
uint8_t *attack_scratch;
uint64_t attack_faults;
uint64_t attack_suspects;
bool attack_apic_gone;

/* SplitMix64: a counter, scrambled. */
uint64_t attack_random(void)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t attack_below(uint64_t bound)
{
    return attack_random() % bound;
}

uint64_t attack_value(void)
{
    uint64_t value = attack_random();
    switch (attack_below(6)) {
    case 0:
        return value & attack_random() & attack_random();
    case 1:
        return (uint64_t)1 << (value % 64);
    case 2:
        return ~((uint64_t)1 << (value % 64));
    case 3:
        return value & 0xffffffff;
    case 4:
        return 0 - (value % 5);
    default:
        return value;
    }
}

bool attack_is_real_device(uint64_t address)
{
    return !hypercall_available() && address >= DEVICES_FIRST - PAGE && address < DEVICES_END;
}

static uint64_t foreign_address(void)
{
    uint64_t end = memory_ram_end();
    switch (attack_below(6)) {
    case 0: /* just beyond */
        return end + attack_below(1 << 20);
    case 1: /* where devices are */
        return UINT64_C(0xc0000000) + attack_below(UINT64_C(0x40000000));
    case 2: /* the first device pages of each kind */
        return UINT64_C(0xfec00000) + attack_below(0x400000);
    case 3: /* what an ordinary machine has below 64 GiB */
        return end + attack_below(UINT64_C(0x1000000000));
    case 4:
        return end + attack_below(UINT64_C(0x8000000000) - end);
    default: /* all that a page table entry can hold */
        return end + attack_below(UINT64_C(0xfffffffffffff) - end);
    }
}

uint64_t attack_foreign_address(void)
{
    uint64_t address;
    do {
        address = foreign_address();
    } while (attack_is_real_device(address));
    return address;
}

int attack_try(void (*function)(void *), void *argument)
{
    int vector = guard_call(function, argument);
    attack_faults += vector >= 0 && vector != TRAP_BP;
    return vector;
}

bool attack_read_msr(uint32_t msr, uint64_t *value)
{
    bool good = trap_try_rdmsr(msr, value);
    attack_faults += !good;
    return good;
}

bool attack_write_msr(uint32_t msr, uint64_t value)
{
    bool good = trap_try_wrmsr(msr, value);
    attack_faults += !good;
    return good;
}

static void enter_code(void *argument)
{
    uint64_t *stack = (uint64_t *)(code_stack + CODE_STACK_SIZE / 2);
    attack_enter_code(argument, stack);
}

int attack_run_code(const struct attack_registers *registers)
{
    memset(code_stack, FILLER, sizeof(code_stack));
    int vector = attack_try(enter_code, (void *)(uint64_t)registers);
    cpu_interrupts_off();
    percpu_load();
    cpu_interrupts_on();
    return vector;
}

void attack_suspect(const char *what, uint64_t where, uint64_t value)
{
    if (attack_suspects++ < SUSPECTS_NAMED) {
        print("\nhostile: SUSPECT: %s at 0x%lx: 0x%lx\n", what, where, value);
    }
}

/* After an exception: breakpoints off, descriptor tables, segments, interrupts in service. */
static void repair(unsigned vector)
{
    (void)vector;
    if (vector == TRAP_DB) {
        __asm__ volatile("movq %0, %%dr7" : : "r"((uint64_t)DR7_OFF));
    }
    percpu_load();
    if (!attack_apic_gone) {
        apic_eoi_all();
    }
}

/* SSE and AVX on, where they are there: so that such instructions reach the address they name. */
static void enable_vectors(void *argument)
{
    (void)argument;
    cpu_write_cr4(cpu_read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    cpu_write_cr4(cpu_read_cr4() | CR4_OSXSAVE);
    __asm__ volatile("xsetbv" : : "a"(XCR0_X87_SSE_AVX), "d"(0), "c"(0));
}

void attack_init(uint64_t seed)
{
    random_state = seed;
    attack_scratch = memory_alloc(ATTACK_SCRATCH_PAGES * PAGE, PAGE);
    memset(attack_scratch, FILLER, ATTACK_SCRATCH_PAGES * PAGE);
    trap_set_repair(repair);
    attack_try(enable_vectors, NULL);
}
