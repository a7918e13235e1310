/* SPDX-License-Identifier: Apache-2.0 */
/* GDT, TSS and IDT of root mode; see the header. Segment descriptors: SDM "Segment Descriptors". */
#include "kernel/descriptors.h"

#include "kernel/string.h"

#define SEGMENT_CODE64 UINT64_C(0x00af9b000000ffff) /* P, DPL 0, L, execute/read, accessed */
#define SEGMENT_DATA   UINT64_C(0x00cf93000000ffff) /* P, DPL 0, read/write, accessed */
#define TSS_BUSY       UINT64_C(0x8b)               /* P, 64-bit TSS; LTR wants it available */
#define TSS_AVAILABLE  UINT64_C(0x89)
#define GATE_INTERRUPT UINT64_C(0x8e) /* P, DPL 0, 64-bit interrupt gate */

struct table_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct idt_gate {
    uint64_t low;
    uint64_t high;
};

extern const uint8_t trap_stubs[IDT_EXCEPTIONS][16]; /* kernel/trap.S */
extern const uint8_t interrupt_drop_stub[];
static struct idt_gate idt[IDT_VECTORS];

void descriptors_init(struct descriptor_tables *tables, const uint64_t ist_top[IST_COUNT])
{
    memset(tables, 0, sizeof(*tables));
    for (unsigned i = 0; i < IST_COUNT; i++) {
        tables->tss.ist[i] = ist_top[i];
    }
    tables->tss.io_map_base = sizeof(struct tss);

    uint64_t base = (uintptr_t)&tables->tss;
    uint64_t limit = sizeof(struct tss) - 1;
    tables->gdt[1] = SEGMENT_CODE64;
    tables->gdt[2] = SEGMENT_DATA;
    tables->gdt[3] =
        limit | (base & 0xffffff) << 16 | TSS_AVAILABLE << 40 | ((base >> 24) & 0xff) << 56;
    tables->gdt[4] = base >> 32;
}

void descriptors_load(struct descriptor_tables *tables)
{
    struct table_register gdtr = {sizeof(tables->gdt) - 1, (uintptr_t)tables->gdt};
    struct table_register idtr = {sizeof(idt) - 1, (uintptr_t)idt};
    tables->gdt[3] = (tables->gdt[3] & ~(UINT64_C(0xff) << 40)) | TSS_AVAILABLE << 40;

    /* FS and GS get null selectors here: their bases are MSRs, written by the caller. */
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %2\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %3, %%eax\n\t"
                     "movl %%eax, %%ds\n\t"
                     "movl %%eax, %%es\n\t"
                     "movl %%eax, %%ss\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "movl %%eax, %%fs\n\t"
                     "movl %%eax, %%gs\n\t"
                     "lldt %%ax\n\t"
                     "movl %4, %%eax\n\t"
                     "ltr %%ax\n\t"
                     "lidt %1"
                     :
                     : "m"(gdtr), "m"(idtr), "i"(SELECTOR_CODE), "i"(SELECTOR_DATA),
                       "i"(SELECTOR_TSS)
                     : "rax", "memory");
}

static uint64_t ist_of(unsigned vector)
{
    switch (vector) {
    case 2:
        return IST_NMI;
    case 8:
        return IST_DF;
    case 18:
        return IST_MC;
    default:
        return 0;
    }
}

void idt_init(void)
{
    for (unsigned i = 0; i < IDT_VECTORS; i++) {
        uint64_t entry = (uintptr_t)(i < IDT_EXCEPTIONS ? trap_stubs[i] : interrupt_drop_stub);
        idt[i].low = (entry & 0xffff) | SELECTOR_CODE << 16 | ist_of(i) << 32 |
                     GATE_INTERRUPT << 40 | ((entry >> 16) & 0xffff) << 48;
        idt[i].high = entry >> 32;
    }
}

uint64_t idt_base(void)
{
    return (uintptr_t)idt;
}
