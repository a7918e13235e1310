/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the last call of the firmware to the guest's first instruction. main.c has planned
 * everything; nothing can fail here any more, and nothing may be allocated.
 */
#include "boot/loader.h"
#include "kernel/io.h"
#include "kernel/msr.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "tests/bench/native/native.h"

#define PIC_MASTER_DATA 0x21
#define PIC_SLAVE_DATA  0xa1
#define APIC_ICR_LOW    0xfee00300u
#define ICR_INIT_OTHERS 0x000c4500u /* INIT, assert, all excluding self */
#define UART_THR        0x3f8
#define UART_LSR        0x3fd
#define UART_LSR_THRE   0x20
#define ANNOUNCE_TICKS  2000000 /* enough for the line at 115200 baud */
#define PTE_TABLE       0x3
#define PTE_LARGE_PAGE  0x83
#define TABLE_ENTRIES   512
#define MAPPED_MAX      GIB(512)

static const struct vm_plan *plan;
static struct native_registers registers;

uint64_t native_make_tables(uint64_t top)
{
    top = align_up(MIN(MAX(top, GIB(4)), MAPPED_MAX), GIB(1));
    uint64_t directories = top / GIB(1);
    uint64_t *tables = loader_alloc_pages(2 + directories, UINT32_MAX);
    if (tables == NULL) {
        return 0;
    }
    uint64_t *pdpt = tables + TABLE_ENTRIES;
    uint64_t *pd = pdpt + TABLE_ENTRIES;
    memset(tables, 0, 2 * PAGE_SIZE);
    tables[0] = (uintptr_t)pdpt | PTE_TABLE;
    for (uint64_t i = 0; i < directories; i++) {
        pdpt[i] = (uintptr_t)(pd + i * TABLE_ENTRIES) | PTE_TABLE;
    }
    for (uint64_t i = 0; i < directories * TABLE_ENTRIES; i++) {
        pd[i] = i * MIB(2) | PTE_LARGE_PAGE;
    }
    return (uintptr_t)tables;
}

static void set_registers(const struct vm_start *start)
{
    registers = (struct native_registers){
        .rip = start->rip,
        .rsp = start->rsp,
        .rax = start->rax,
        .rbx = start->rbx,
        .rsi = start->rsi,
        .cr3 = start->cr3,
        .gdt_limit = (uint16_t)start->gdt_limit,
        .gdt_base = start->gdt_base,
        .cs = start->cs,
        .ds = start->ds,
    };
}

/* The other CPUs leave the firmware's idle loop and wait for their SIPI, as after RESET. */
static void stop_other_cpus(void)
{
    if ((cpu_rdmsr(MSR_IA32_APIC_BASE) & APIC_BASE_EXTD) != 0) {
        cpu_wrmsr(MSR_X2APIC_ICR, ICR_INIT_OTHERS);
        return;
    }
    mmio_write32((void *)(uintptr_t)APIC_ICR_LOW, ICR_INIT_OTHERS);
}

static void serial_write(const char *text)
{
    for (; *text != '\0'; text++) {
        while ((inb(UART_LSR) & UART_LSR_THRE) == 0) {
        }
        outb(UART_THR, (uint8_t)*text);
    }
}

/* Says when the guest will start and waits for it: what it counts from there is its own. */
static void announce(void)
{
    char line[80];
    uint64_t start = cpu_rdtsc() + ANNOUNCE_TICKS;
    ksnprintf(line, sizeof(line), "native: the guest starts at TSC %lu\r\n", start);
    serial_write(line);
    while (cpu_rdtsc() < start) {
    }
}

/* Runs after the firmware: scrub, copy, enter. */
static void start_guest(void)
{
    outb(PIC_MASTER_DATA, 0xff);
    outb(PIC_SLAVE_DATA, 0xff);
    stop_other_cpus();
    for (uint32_t i = 0; i < plan->memory_count; i++) {
        memset((void *)plan->memory[i].hpa.v, 0, plan->memory[i].size);
    }
    for (uint32_t i = 0; i < plan->load_count; i++) {
        memcpy((void *)plan->loads[i].gpa.v, (const void *)plan->loads[i].hpa.v,
               plan->loads[i].size);
    }
    announce();
    if (plan->start.mode == VM_START_LONG64) {
        native_enter_long64(&registers);
    }
    native_enter_prot32(&registers);
}

_Noreturn void native_start(const struct vm_plan *vm_plan, uint64_t cr3)
{
    plan = vm_plan;
    set_registers(&plan->start);
    native_leave_firmware(cr3, start_guest);
}
