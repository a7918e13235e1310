/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks that end the VM by design, or stop it for good: one is done after all others, when the
 * command line asks for it. Bulkhead's part is that this VM alone ends and that its end is told
 * in words.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/acpi.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/layout.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/timing.h"

#define HOLE              UINT64_C(0xd0000000) /* no RAM and no device */
#define POWER_PORTS_MAX   8
#define RESET_WAIT_US     100000
#define DR7_WRITE_8_BYTES UINT64_C(0xa0401) /* DR0 on, 8 bytes, data writes; reserved bit 10 */

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

/* In 32-bit protected mode, CPL 3, with an #AC handler whose frame is unaligned as well. */
void attack_ac_loop(void);

static void end_triple_fault(void)
{
    struct table_pointer none = {0, 0};
    __asm__ volatile("lidt %0\n\tint3" : : "m"(none));
}

static void end_reset_port(void)
{
    cpu_out8(0xcf9, 0x02);
    cpu_out8(0xcf9, 0x06);
    timing_delay_us(RESET_WAIT_US);
}

static void end_keyboard(void)
{
    cpu_out8(0x64, 0xfe);
    timing_delay_us(RESET_WAIT_US);
}

static void end_port92(void)
{
    cpu_out8(0x92, 0x01);
    timing_delay_us(RESET_WAIT_US);
}

static void end_acpi(void)
{
    uint16_t ports[POWER_PORTS_MAX];
    uint32_t count = acpi_power_ports(ports, POWER_PORTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t type = 0; type < 8; type++) {
            cpu_out8(ports[i], (uint8_t)(0x20 | type << 2));
            cpu_out16(ports[i], (uint16_t)(0x2000 | type << 10));
        }
    }
    timing_delay_us(RESET_WAIT_US);
}

static void end_power_off(void)
{
    if (hypercall_available()) {
        hypercall(BULKHEAD_CALL_POWER_OFF, 0, 0, 0, 0, 0);
    }
}

static void end_restart(void)
{
    if (hypercall_available()) {
        hypercall(BULKHEAD_CALL_RESTART, 0, 0, 0, 0, 0);
    }
}

static void end_init(void)
{
    apic_send(cpu_this()->apic_id, APIC_ICR_INIT | APIC_ICR_ASSERT);
    timing_delay_us(RESET_WAIT_US);
}

static void end_halt(void)
{
    cpu_stop();
}

static void end_spin(void)
{
    cpu_interrupts_off();
    for (;;) {
    }
}

/* Each delivery of #DB writes its frame, which is watched: #DB again. */
static void end_db_loop(void)
{
    uint64_t watched = (uint64_t)cpu_this() + CPU_FAULT_STACK - 16;
    __asm__ volatile("movq %0, %%dr0" : : "r"(watched));
    __asm__ volatile("movq %0, %%dr7" : : "r"(DR7_WRITE_8_BYTES));
    __asm__ volatile("int3");
}

static void end_code_hole(void)
{
    ((void (*)(void))(uint64_t)memory_window_at(HOLE))();
}

static void end_idt_hole(void)
{
    struct table_pointer pointer = {0xfff, (uint64_t)memory_window_at(HOLE)};
    __asm__ volatile("lidt %0\n\tint3" : : "m"(pointer));
}

static void end_gdt_hole(void)
{
    struct table_pointer pointer = {0xfff, (uint64_t)memory_window_at(HOLE)};
    __asm__ volatile("lgdt %0\n\tmovl %1, %%eax\n\tmovl %%eax, %%ds"
                     :
                     : "m"(pointer), "i"(SEL_DATA)
                     : "rax");
}

static void end_stack_hole(void)
{
    uint64_t stack = (uint64_t)memory_window_at(HOLE) + 2048;
    __asm__ volatile("movq %0, %%rsp\n\tint $0x80" : : "r"(stack));
}

static void end_cr3_hole(void)
{
    cpu_write_cr3(HOLE);
}

/* A page table that is not in RAM, below good tables. */
static void end_walk_hole(void)
{
    uint64_t *entry = (uint64_t *)(cpu_read_cr3() & ~UINT64_C(0xfff)) + 2;
    *entry = HOLE | PTE_PRESENT | PTE_WRITE;
    (void)*(volatile uint64_t *)UINT64_C(0x0000010000000000);
}

/* Segments and mode as no operating system has them, then whatever comes. */
static void end_garbage_tr(void)
{
    struct cpu *cpu = cpu_this();
    cpu->gdt[SEL_SPARE / 8] = UINT64_C(0x00008900d0000067);
    cpu->gdt[SEL_SPARE / 8 + 1] = 0;
    __asm__ volatile("ltr %%ax\n\tint3" : : "a"(SEL_SPARE));
}

const struct attack_ending attack_endings[] = {
    {"triple-fault", "a triple fault is this VM's crash", end_triple_fault},
    {"reset-port", "port 0xCF9 restarts this VM alone", end_reset_port},
    {"keyboard", "the keyboard controller's reset line restarts this VM alone", end_keyboard},
    {"port-92", "fast reset restarts this VM alone", end_port92},
    {"acpi", "ACPI's reset and sleep registers end this VM alone", end_acpi},
    {"power-off", "the power-off hypercall ends this VM alone", end_power_off},
    {"restart", "the restart hypercall restarts this VM alone", end_restart},
    {"init-self", "INIT to itself is this VM's affair", end_init},
    {"halt", "HLT for ever harms nobody", end_halt},
    {"spin", "an endless loop harms nobody and can be stopped", end_spin},
    {"db-loop", "endless #DB delivery does not capture the CPU", end_db_loop},
    {"ac-loop", "endless #AC delivery does not capture the CPU", attack_ac_loop},
    {"code-hole", "code where nothing is", end_code_hole},
    {"idt-hole", "an IDT where nothing is", end_idt_hole},
    {"gdt-hole", "a GDT where nothing is", end_gdt_hole},
    {"stack-hole", "an event delivered to a stack where nothing is", end_stack_hole},
    {"cr3-hole", "page tables where nothing is", end_cr3_hole},
    {"walk-hole", "one page table where nothing is", end_walk_hole},
    {"tr-hole", "a task state segment where nothing is", end_garbage_tr},
};

const uint32_t attack_ending_count = sizeof(attack_endings) / sizeof(attack_endings[0]);
