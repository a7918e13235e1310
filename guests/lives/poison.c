/* SPDX-License-Identifier: Apache-2.0 */
/* A page of RAM that is bad; see lives.h. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/lives/lives.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/smp.h"
#include "guests/runtime/trap.h"
#include "kernel/string.h"

#define PAGE        4096
#define PTE_PRESENT 3  /* and writable */
#define CODE        8  /* offset of an instruction */
#define GATES       32 /* of exceptions */
#define GATE_SIZE   16
#define TRY_VECTOR  0x70

static volatile uint8_t *page;
static volatile uint64_t bystander_checks;
static volatile uint64_t bystander_status; /* IA32_MCG_STATUS, then bank 0 */
static volatile uint64_t bystander_bank;
static volatile uint32_t bystander_ready;

static void read_byte(void *offset)
{
    (void)page[(uintptr_t)offset];
}

static void read_two_pages(void *unused)
{
    (void)unused;
    (void)*(const volatile uint64_t *)(const volatile void *)(page - 4);
}

static void write_byte(void *unused)
{
    (void)unused;
    page[CODE] = 0xc3; /* RET */
}

static void add_to_byte(void *unused)
{
    (void)unused;
    __asm__ volatile("lock incq %0" : "+m"(*(volatile uint64_t *)(volatile void *)&page[16]));
}

static void copy_from(void *unused)
{
    static uint8_t buffer[64];
    const volatile void *from = page;
    void *to = buffer;
    uint64_t count = sizeof(buffer);
    (void)unused;
    __asm__ volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
}

static void run_it(void *unused)
{
    (void)unused;
    ((void (*)(void))(uintptr_t)&page[CODE])();
}

/* The page as a page table: the walk meets it. */
static void walk_it(void *unused)
{
    uint64_t cr3;
    (void)unused;
    __asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
    uint64_t *root = memory_window_at(cr3 & ~UINT64_C(0xfff));
    root[256] = (uintptr_t)page | PTE_PRESENT;
    __asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
    (void)*(volatile uint8_t *)UINT64_C(0xffff800000000000);
}

struct table {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

/* A software interrupt whose gate lies in the page; those of exceptions lie before. */
static void deliver_through(void *unused)
{
    struct table good;
    struct table bad = {PAGE - 1, (uintptr_t)page - TRY_VECTOR * GATE_SIZE};
    (void)unused;
    __asm__ volatile("sidt %0" : "=m"(good));
    memcpy((void *)(uintptr_t)bad.base, (const void *)(uintptr_t)good.base, GATES * GATE_SIZE);
    __asm__ volatile("lidt %0; int %1" : : "m"(bad), "i"(TRY_VECTOR));
}

static const struct {
    const char *what;
    void (*function)(void *);
    uintptr_t argument;
} tries[] = {
    {"read", read_byte, 0},
    {"read its end", read_byte, PAGE - 1},
    {"read across its start", read_two_pages, 0},
    {"write", write_byte, 0},
    {"add", add_to_byte, 0},
    {"copy", copy_from, 0},
    {"fetch", run_it, 0},
    {"page walk", walk_it, 0},
};

static void clear(void)
{
    cpu_wrmsr(MSR_IA32_MC0_STATUS, 0);
    cpu_wrmsr(MSR_IA32_MCG_STATUS, 0);
}

static void report(const char *what, int vector)
{
    print("lives: %s: %s, status %lx, bank %lx at %lx, misc %lx\n", what,
          vector < 0 ? "nothing" : trap_name((unsigned)vector), cpu_rdmsr(MSR_IA32_MCG_STATUS),
          cpu_rdmsr(MSR_IA32_MC0_STATUS), cpu_rdmsr(MSR_IA32_MC0_ADDR),
          cpu_rdmsr(MSR_IA32_MC0_MISC));
    clear();
}

static void wait_for_checks(void *unused)
{
    (void)unused;
    __atomic_store_n(&bystander_ready, 1, __ATOMIC_RELEASE);
    for (;;) {
        __asm__ volatile("pause");
    }
}

static void bystander(uint32_t index)
{
    (void)index;
    cpu_write_cr4(cpu_read_cr4() | CR4_MCE);
    while (guard_call(wait_for_checks, NULL) == TRAP_MC) {
        bystander_status = cpu_rdmsr(MSR_IA32_MCG_STATUS);
        bystander_bank = cpu_rdmsr(MSR_IA32_MC0_STATUS);
        clear();
        bystander_checks++;
    }
}

static void settle(uint64_t checks)
{
    for (uint64_t i = 0; i < 100000000 && bystander_checks < checks; i++) {
        __asm__ volatile("pause");
    }
}

void poison_try(uint64_t address, bool again)
{
    page = (volatile uint8_t *)(uintptr_t)address;
    cpu_write_cr4(cpu_read_cr4() | CR4_MCE);
    cpu_wrmsr(MSR_IA32_MC0_CTL, 1);
    print("lives: IA32_MCG_CAP %lx\n", cpu_rdmsr(MSR_IA32_MCG_CAP));
    bool others = smp_cpu_count() > 1 && smp_start(bystander) > 1;
    for (uint64_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
        while (others && __atomic_exchange_n(&bystander_ready, 0, __ATOMIC_ACQUIRE) == 0) {
        }
        int vector = guard_call(tries[i].function, (void *)tries[i].argument);
        report(tries[i].what, vector);
        settle(others ? i + 1 : 0);
    }
    if (others) {
        print("lives: the other CPU: %lu machine checks, status %lx, bank %lx\n", bystander_checks,
              bystander_status, bystander_bank);
    }
    /* Its neighbours are well. */
    page[-1] = 1;
    page[PAGE] = 1;
    int vector = guard_call(deliver_through, NULL);
    trap_load_idt();
    report("delivery", vector);
    if (again) {
        cpu_wrmsr(MSR_IA32_MCG_STATUS, 4);
        read_byte(NULL);
    }
    print("lives: poison tried\n");
}
