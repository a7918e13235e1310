/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptor tables of one CPU: filled in once, loaded at its start and again whenever an
 * experiment may have damaged them.
 */
#include "guests/runtime/percpu.h"

#include <stddef.h>

#include "guests/runtime/trap.h"
#include "kernel/string.h"

_Static_assert(offsetof(struct cpu, recover_rsp) == CPU_RECOVER_OFFSET, "vectors.S relies on it");
_Static_assert(sizeof(struct cpu) <= 0x800, "the fault stack follows");
_Static_assert(sizeof(struct cpu_tss) == 104, "SDM: Task Management in 64-bit Mode");

#define DESCRIPTOR_CODE32     UINT64_C(0x00cf9b000000ffff)
#define DESCRIPTOR_DATA       UINT64_C(0x00cf93000000ffff)
#define DESCRIPTOR_CODE64     UINT64_C(0x00af9b000000ffff)
#define DESCRIPTOR_USERCODE32 UINT64_C(0x00cffb000000ffff)
#define DESCRIPTOR_USERDATA   UINT64_C(0x00cff3000000ffff)
#define DESCRIPTOR_USERCODE64 UINT64_C(0x00affb000000ffff)
#define DESCRIPTOR_TSS        UINT64_C(0x0000890000000000)

static const uint64_t gdt_template[GDT_SLOTS] = {
    [SEL_CODE32 / 8] = DESCRIPTOR_CODE32,     [SEL_DATA / 8] = DESCRIPTOR_DATA,
    [SEL_CODE64 / 8] = DESCRIPTOR_CODE64,     [SEL_USER32 / 8] = DESCRIPTOR_USERCODE32,
    [SEL_USERDATA / 8] = DESCRIPTOR_USERDATA, [SEL_USER64 / 8] = DESCRIPTOR_USERCODE64,
};

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

/* An available TSS again: LTR marks it busy and refuses a busy one. */
static void reset_tss_descriptor(struct cpu *cpu)
{
    uint64_t base = (uint64_t)&cpu->tss;
    cpu->gdt[SEL_TSS / 8] = DESCRIPTOR_TSS | (sizeof(cpu->tss) - 1) | ((base & 0xffffff) << 16) |
                            ((base >> 24 & 0xff) << 56);
    cpu->gdt[SEL_TSS / 8 + 1] = base >> 32;
}

static void set_stack(uint32_t slot[2], uint64_t top)
{
    slot[0] = (uint32_t)top;
    slot[1] = (uint32_t)(top >> 32);
}

void percpu_init(struct cpu *cpu, uint32_t index, uint32_t apic_id)
{
    uint64_t block = (uint64_t)cpu;
    cpu->recover_rsp = 0;
    cpu->index = index;
    cpu->apic_id = apic_id;
    memcpy(cpu->gdt, gdt_template, sizeof(cpu->gdt));
    memset(&cpu->tss, 0, sizeof(cpu->tss));
    set_stack(&cpu->tss.rsp[0], block + CPU_FAULT_STACK);
    set_stack(&cpu->tss.ist[0], block + CPU_FAULT_STACK);
    set_stack(&cpu->tss.ist[2], block + CPU_NMI_STACK);
    set_stack(&cpu->tss.ist[4], block + CPU_DOUBLE_STACK);
    cpu->tss.io_map_base = sizeof(cpu->tss);
    reset_tss_descriptor(cpu);
}

void percpu_load(void)
{
    struct cpu *cpu = cpu_this();
    struct table_pointer gdt = {.limit = sizeof(cpu->gdt) - 1, .base = (uint64_t)cpu->gdt};
    reset_tss_descriptor(cpu);
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %2, %%eax\n\t"
                     "movl %%eax, %%ds\n\t"
                     "movl %%eax, %%es\n\t"
                     "movl %%eax, %%ss\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "movl %%eax, %%fs\n\t"
                     "movl %%eax, %%gs\n\t"
                     "lldt %%ax\n\t"
                     "movl %3, %%eax\n\t"
                     "ltr %%ax"
                     :
                     : "m"(gdt), "i"(SEL_CODE64), "i"(SEL_DATA), "i"(SEL_TSS)
                     : "rax", "memory");
    trap_load_idt();
}
