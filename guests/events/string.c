/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INS and OUTS in their forms, across pages, backwards and into nothing, through the scratch
 * register of the virtual UART; and an MMIO instruction across a page end.
 */
#include <stddef.h>

#include "guests/events/events.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/layout.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/trap.h"
#include "kernel/string.h"

#define SCRATCH     0x3ff
#define PAGE        4096
#define PF_WRITE    2
#define IOAPIC_PAGE UINT64_C(0xfec00000)

static uint8_t pages[2 * PAGE] __attribute__((aligned(PAGE)));

/* Two pages that do not follow each other in memory, seen as one; the second one may be missing. */
static uint8_t *map(bool second)
{
    uint8_t *linear = memory_window(0, (uint64_t)pages + PAGE + (PTE_PRESENT | PTE_WRITE));
    memory_window(1, second ? (uint64_t)pages + (PTE_PRESENT | PTE_WRITE) : 0);
    memory_window(2, 0);
    return linear;
}

static uint64_t rep_insb(uint64_t to, uint64_t count)
{
    __asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(SCRATCH) : "memory");
    return to;
}

static bool insb_forwards(void)
{
    uint8_t *linear = map(true);
    memset(pages, 0, sizeof(pages));
    cpu_out8(SCRATCH, 0x5a);
    uint64_t end = rep_insb((uint64_t)linear + PAGE - 5, 10);
    return check_same("RDI", end, (uint64_t)linear + PAGE + 5) &&
           check_same("before", linear[PAGE - 6], 0) &&
           check_same("first", linear[PAGE - 5], 0x5a) && check_same("last", pages[4], 0x5a) &&
           check_same("behind", pages[5], 0);
}

static bool insb_backwards(void)
{
    uint8_t *linear = map(true);
    uint64_t to = (uint64_t)linear + PAGE + 2;
    uint64_t count = 4;
    memset(pages, 0, sizeof(pages));
    cpu_out8(SCRATCH, 0xa5);
    __asm__ volatile("std\n\trep insb\n\tcld" : "+D"(to), "+c"(count) : "d"(SCRATCH) : "memory");
    return check_same("RDI", to, (uint64_t)linear + PAGE - 2) && check_same("RCX", count, 0) &&
           check_same("last", linear[PAGE - 1], 0xa5) &&
           check_same("behind", linear[PAGE - 2], 0) && check_same("first", pages[2], 0xa5) &&
           check_same("before", pages[3], 0);
}

static bool outsb_across(void)
{
    uint8_t *linear = map(true);
    uint64_t from = (uint64_t)linear + PAGE - 2;
    uint64_t count = 4;
    memset(pages, 0x11, sizeof(pages));
    pages[1] = 0x77;
    __asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(SCRATCH) : "memory");
    return check_same("RSI", from, (uint64_t)linear + PAGE + 2) &&
           check_same("port", cpu_in8(SCRATCH), 0x77);
}

static struct {
    uint64_t to;
    uint64_t count;
} left;

static void insb_into_nothing(void *argument)
{
    (void)argument;
    __asm__ volatile("rep insb" : "+D"(left.to), "+c"(left.count) : "d"(SCRATCH) : "memory");
}

static volatile uint64_t fault_rcx;
static volatile uint64_t fault_rdi;
static volatile uint64_t fault_error;
static volatile uint64_t fault_cr2;

/* Notes what the fault left, and lets the instruction go on with a page there. */
static void on_page_fault(struct trap_frame *frame)
{
    fault_rcx = frame->rcx;
    fault_rdi = frame->rdi;
    fault_error = frame->error;
    fault_cr2 = cpu_read_cr2();
    memory_window(1, (uint64_t)pages + (PTE_PRESENT | PTE_WRITE));
}

static bool insb_faults(void)
{
    uint8_t *linear = map(false);
    memset(pages, 0, sizeof(pages));
    cpu_out8(SCRATCH, 0x3c);
    left.to = (uint64_t)linear + PAGE - 3;
    left.count = 8;
    trap_set_handler(TRAP_PF, on_page_fault);
    int vector = guard_call(insb_into_nothing, NULL);
    trap_set_handler(TRAP_PF, NULL);
    return check_same("vector", (uint64_t)(int64_t)vector, (uint64_t)-1) &&
           check_same("CR2", fault_cr2, (uint64_t)linear + PAGE) &&
           check_same("error code", fault_error, PF_WRITE) && check_same("RCX", fault_rcx, 5) &&
           check_same("RDI", fault_rdi, (uint64_t)linear + PAGE) &&
           check_same("RCX at the end", left.count, 0) && check_same("last", pages[4], 0x3c);
}

/* movl (%rdi), %eax; ret: one byte on the first page, the rest on the second. */
static bool mmio_across(void)
{
    static const uint8_t code[] = {0x8b, 0x07, 0xc3};
    uint8_t *linear = map(true);
    uint64_t value;
    linear[PAGE - 1] = code[0];
    pages[0] = code[1];
    pages[1] = code[2];
    cpu_write32(IOAPIC_PAGE, 1);
    __asm__ volatile("callq *%1"
                     : "=a"(value)
                     : "r"(linear + PAGE - 1), "D"(IOAPIC_PAGE + 0x10)
                     : "memory");
    return check_same("IOAPIC version", value, cpu_read32(IOAPIC_PAGE + 0x10)) &&
           check_same("pins", value >> 16 & 0xff, 23);
}

static const struct check table[] = {
    {"insb-across", insb_forwards}, {"insb-backwards", insb_backwards},
    {"outsb-across", outsb_across}, {"insb-fault", insb_faults},
    {"mmio-across", mmio_across},
};

const struct check_list checks_string = {table, sizeof(table) / sizeof(table[0])};
