/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile guest: runs a seeded mixture of attacks and survives them, so that whoever watches
 * its neighbours and its hypervisor knows what was tried. Lines: progress now and then, at the end
 * one line an attack and `hostile: N attacks, M faults, S suspects`.
 * Command line: seed=N (1), attacks=N (100000), only=NAME or skip=NAME of an attack, list to see
 * the attacks and what each proves, ending=NAME to end the VM afterwards in that way, trace=N to
 * name each attack from number N on before it is done.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/layout.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"
#include "kernel/string.h"

#define ATTACK_MAX       64
#define PROGRESS_LINES   8
#define SUSPECTS_NAMED   8
#define CODE_STACK_SIZE  4096
#define FILLER           0xcc /* INT3 as code, not canonical as an address */
#define DR7_OFF          0x400
#define PAGE             4096
#define DEVICES_FIRST    UINT64_C(0xfec00000)
#define DEVICES_END      UINT64_C(0xfef00000)

#define CR4_OSFXSR       (1 << 9)
#define CR4_OSXMMEXCPT   (1 << 10)
#define XCR0_X87_SSE_AVX 7

void attack_enter_code(const struct attack_registers *registers, uint64_t *stack);

static const struct attack_list *const lists[] = {
    &attacks_msr,     &attacks_port,        &attacks_memory,    &attacks_mmio,  &attacks_apic,
    &attacks_control, &attacks_instruction, &attacks_hypercall, &attacks_table, &attacks_user,
};

static struct {
    const struct attack *attack;
    uint64_t runs;
    uint64_t faults;
} rows[ATTACK_MAX];
static uint32_t row_count;
static uint32_t weight_sum;
static uint32_t current_row;

static uint64_t random_state;
static uint64_t suspects;
static uint8_t code_stack[CODE_STACK_SIZE] __attribute__((aligned(4096)));
uint8_t *attack_scratch;
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
    rows[current_row].faults += vector >= 0 && vector != TRAP_BP;
    return vector;
}

bool attack_read_msr(uint32_t msr, uint64_t *value)
{
    bool good = trap_try_rdmsr(msr, value);
    rows[current_row].faults += !good;
    return good;
}

bool attack_write_msr(uint32_t msr, uint64_t value)
{
    bool good = trap_try_wrmsr(msr, value);
    rows[current_row].faults += !good;
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
    if (suspects++ < SUSPECTS_NAMED) {
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

static bool selected(const struct attack *attack)
{
    if (startup_option("skip", attack->name)) {
        return false;
    }
    return !startup_has("only") || startup_option("only", attack->name);
}

static void collect(void)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (uint32_t j = 0; j < lists[i]->count && row_count < ATTACK_MAX; j++) {
            const struct attack *attack = &lists[i]->attacks[j];
            if (selected(attack)) {
                rows[row_count++].attack = attack;
                weight_sum += attack->weight;
            }
        }
    }
}

static uint32_t choose(void)
{
    uint64_t at = attack_below(weight_sum);
    uint32_t row = 0;
    while (at >= rows[row].attack->weight) {
        at -= rows[row].attack->weight;
        row++;
    }
    return row;
}

/*
 * An interrupt with the spurious vector's number must be acknowledged like any other, but Bochs
 * takes an EOI for it only while another vector is the spurious one.
 */
static void release_spurious_vector(void)
{
    uint32_t last = APIC_ISR + APIC_VECTOR_SPURIOUS / 32 * 16;
    if ((apic_read(last) >> (APIC_VECTOR_SPURIOUS % 32) & 1) == 0) {
        return;
    }
    uint32_t spurious = apic_read(APIC_SPURIOUS);
    apic_write(APIC_SPURIOUS, spurious ^ 1);
    apic_eoi();
    apic_write(APIC_SPURIOUS, spurious);
}

static void run_attacks(uint64_t count)
{
    uint64_t step = count / PROGRESS_LINES + 1;
    uint64_t trace = startup_number("trace", UINT64_MAX);
    for (uint64_t i = 0; i < count; i++) {
        current_row = choose();
        if (i >= trace) {
            print("hostile: attack %lu: %s %lu\n", i, rows[current_row].attack->name,
                  rows[current_row].runs);
        }
        rows[current_row].attack->run(rows[current_row].runs);
        rows[current_row].runs++;
        release_spurious_vector();
        if ((i + 1) % step == 0) {
            print("\nhostile: %lu of %lu\n", i + 1, count);
        }
    }
}

static void report(uint64_t count)
{
    uint64_t faults = 0;
    for (uint32_t i = 0; i < row_count; i++) {
        print("hostile: %-20s %8lu attacks %8lu faults\n", rows[i].attack->name, rows[i].runs,
              rows[i].faults);
        faults += rows[i].faults;
    }
    print("hostile: %lu attacks, %lu faults, %lu suspects\n", count, faults, suspects);
}

static void list_attacks(void)
{
    for (uint32_t i = 0; i < row_count; i++) {
        print("%-20s %s\n", rows[i].attack->name, rows[i].attack->proves);
    }
    for (uint32_t i = 0; i < attack_ending_count; i++) {
        print("ending=%-13s %s\n", attack_endings[i].name, attack_endings[i].proves);
    }
}

static void run_ending(void)
{
    for (uint32_t i = 0; i < attack_ending_count; i++) {
        if (startup_option("ending", attack_endings[i].name)) {
            print("hostile: ending by %s\n", attack_endings[i].name);
            console_drain();
            attack_endings[i].run();
            print("hostile: survived %s\n", attack_endings[i].name);
        }
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

void guest_main(void)
{
    uint64_t seed = startup_number("seed", 1);
    uint64_t count = startup_number("attacks", 100000);
    random_state = seed;
    attack_scratch = memory_alloc(ATTACK_SCRATCH_PAGES * 4096, 4096);
    memset(attack_scratch, FILLER, ATTACK_SCRATCH_PAGES * 4096);
    trap_set_repair(repair);
    collect();
    attack_try(enable_vectors, NULL);
    if (startup_option("list", NULL)) {
        list_attacks();
        return;
    }
    print("hostile: seed %lu, %lu attacks of %u kinds\n", seed, count, row_count);
    print("hostile: ready\n");
    cpu_interrupts_on();
    if (weight_sum != 0) {
        run_attacks(count);
    }
    cpu_interrupts_off();
    report(count);
    run_ending();
}
