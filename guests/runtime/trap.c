/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IDT and what is called from it. vectors.S calls trap_dispatch(); guests set handlers.
 */
#include "guests/runtime/trap.h"

#include <stddef.h>

#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/power.h"
#include "kernel/string.h"

#define STUB_SIZE      16
#define GATE_INTERRUPT UINT64_C(0x8e00) /* present, DPL 0, 64-bit interrupt gate */

struct gate {
    uint64_t low;
    uint64_t high;
};

extern char trap_stubs[];
_Noreturn void guard_unwind(uint64_t rsp, int vector);
void trap_dispatch(struct trap_frame *frame);

static struct gate idt[TRAP_VECTOR_MAX] __attribute__((aligned(16)));
static trap_handler handlers[TRAP_VECTOR_MAX];
static void (*repair_hook)(unsigned vector);
static uint64_t stray_count;

static const char *const names[TRAP_EXTERNAL] = {
    "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9",   "#TS",
    "#NP", "#SS", "#GP", "#PF", "15",  "#MF", "#AC", "#MC", "#XM", "#VE", "#CP",
    "22",  "23",  "24",  "25",  "26",  "27",  "#HV", "#VC", "#SX", "31",
};

const char *trap_name(unsigned vector)
{
    return vector < TRAP_EXTERNAL ? names[vector] : "interrupt";
}

/* IST of a vector: exceptions run on stacks that no guest code can spoil. */
static unsigned stack_of(unsigned vector)
{
    switch (vector) {
    case TRAP_NMI:
        return 2;
    case TRAP_DF:
    case TRAP_MC:
        return 3;
    default:
        return vector < TRAP_EXTERNAL ? 1 : 0;
    }
}

static void set_gate(unsigned vector, uint64_t target)
{
    idt[vector].low = (target & 0xffff) | ((uint64_t)SEL_CODE64 << 16) |
                      ((uint64_t)stack_of(vector) << 32) | (GATE_INTERRUPT << 32) |
                      ((target >> 16 & 0xffff) << 48);
    idt[vector].high = target >> 32;
}

void trap_init(void)
{
    for (unsigned vector = 0; vector < TRAP_VECTOR_MAX; vector++) {
        trap_set_stub(vector, NULL);
    }
}

void trap_load_idt(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(idt) - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

void trap_set_handler(unsigned vector, trap_handler handler)
{
    handlers[vector] = handler;
}

void trap_set_stub(unsigned vector, void (*stub)(void))
{
    uint64_t generic = (uint64_t)trap_stubs + (uint64_t)vector * STUB_SIZE;
    set_gate(vector, stub != NULL ? (uint64_t)stub : generic);
}

void trap_set_repair(void (*repair)(unsigned vector))
{
    repair_hook = repair;
}

uint64_t trap_stray_count(void)
{
    return __atomic_load_n(&stray_count, __ATOMIC_RELAXED);
}

/* An exception nobody expected: says what is known and ends the guest. */
_Noreturn static void die(const struct trap_frame *frame)
{
    print("\nguest died: %s error 0x%lx at 0x%lx, CR2 0x%lx, CPU %u\n",
          trap_name((unsigned)frame->vector), frame->error, frame->rip, cpu_read_cr2(),
          cpu_this()->index);
    print("  rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", frame->rax, frame->rbx, frame->rcx,
          frame->rdx);
    print("  rsi %016lx rdi %016lx rbp %016lx rsp %016lx\n", frame->rsi, frame->rdi, frame->rbp,
          frame->rsp);
    power_off();
}

static void handle_exception(const struct trap_frame *frame)
{
    struct cpu *cpu = cpu_this();
    unsigned vector = (unsigned)frame->vector;
    if (cpu->recover_rsp == 0) {
        die(frame);
    }
    cpu->fault_rip = frame->rip;
    cpu->fault_error = frame->error;
    cpu->fault_address = cpu_read_cr2();
    if (repair_hook != NULL) {
        repair_hook(vector);
    }
    guard_unwind(cpu->recover_rsp, (int)vector);
}

void trap_dispatch(struct trap_frame *frame)
{
    if (handlers[frame->vector] != NULL) {
        handlers[frame->vector](frame);
        return;
    }
    if (frame->vector < TRAP_EXTERNAL && frame->vector != TRAP_NMI) {
        handle_exception(frame);
    }
    __atomic_add_fetch(&stray_count, 1, __ATOMIC_RELAXED);
    if (frame->vector != TRAP_NMI) {
        apic_eoi();
    }
}

struct msr_access {
    uint32_t msr;
    uint64_t value;
};

static void read_msr(void *argument)
{
    struct msr_access *access = argument;
    access->value = cpu_rdmsr(access->msr);
}

static void write_msr(void *argument)
{
    struct msr_access *access = argument;
    cpu_wrmsr(access->msr, access->value);
}

bool trap_try_rdmsr(uint32_t msr, uint64_t *value)
{
    struct msr_access access = {.msr = msr};
    if (guard_call(read_msr, &access) >= 0) {
        return false;
    }
    *value = access.value;
    return true;
}

bool trap_try_wrmsr(uint32_t msr, uint64_t value)
{
    struct msr_access access = {.msr = msr, .value = value};
    return guard_call(write_msr, &access) < 0;
}
