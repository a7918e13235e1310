/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks with descriptor tables: random descriptors and selectors in every instruction that takes
 * one, tables at addresses where nothing is, task registers that make no sense. Interrupts stay
 * off from the damage to its repair, because the next exception would need the tables.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/layout.h"
#include "guests/runtime/percpu.h"
#include "kernel/string.h"

#define FILLER     0xcc
#define RPL_OR_LDT 8 /* low bits of a selector: RPL and the table */

struct selector_use {
    const char *name;
    uint8_t code[8];
};

/* AX: the selector; ended by RET. What they load is put right by attack_run_code(). */
static const struct selector_use uses[] = {
    {"mov ds", {0x8e, 0xd8, 0xc3}},
    {"mov es", {0x8e, 0xc0, 0xc3}},
    {"mov fs", {0x8e, 0xe0, 0xc3}},
    {"mov gs", {0x8e, 0xe8, 0xc3}},
    {"mov ss", {0x8e, 0xd0, 0xc3}},
    {"lldt", {0x0f, 0x00, 0xd0, 0xc3}},
    {"lar", {0x0f, 0x02, 0xc8, 0xc3}},
    {"lsl", {0x0f, 0x03, 0xc8, 0xc3}},
    {"verr", {0x0f, 0x00, 0xe0, 0xc3}},
    {"verw", {0x0f, 0x00, 0xe8, 0xc3}},
    {"str, sldt", {0x0f, 0x00, 0xc8, 0x0f, 0x00, 0xc0, 0xc3}},
};

/* Any descriptor: plain garbage, or a plausible type with garbage around it. */
static uint64_t random_descriptor(void)
{
    uint64_t descriptor = attack_random();
    if (attack_below(2) != 0) {
        descriptor |= UINT64_C(0x0000800000000000); /* present */
        descriptor &= ~UINT64_C(0x000f000000000000) | attack_random();
    }
    return descriptor;
}

static uint64_t random_selector(void)
{
    uint64_t spare = SEL_SPARE + 8 * attack_below(SPARE_SLOTS);
    uint64_t selector = attack_below(3) == 0 ? attack_random() & 0xffff : spare;
    return (selector & ~UINT64_C(7)) | attack_below(RPL_OR_LDT);
}

static void fill_spare_slots(void)
{
    struct cpu *cpu = cpu_this();
    for (uint32_t i = 0; i < SPARE_SLOTS; i++) {
        cpu->gdt[SEL_SPARE / 8 + i] = random_descriptor();
    }
}

static void run_selector(uint64_t number)
{
    static uint8_t code[8];
    const struct selector_use *use = &uses[number % (sizeof(uses) / sizeof(uses[0]))];
    memcpy(code, use->code, sizeof(code));
    fill_spare_slots();
    struct attack_registers registers = {.code = code, .rax = random_selector()};
    attack_run_code(&registers);
}

/*
 * Far transfers through random descriptors. The target is a page of INT3, whatever mode and
 * privilege the descriptor brings about.
 */
static void run_far(uint64_t number)
{
    static const uint8_t ends[][4] = {
        {0xff, 0x2f},       /* ljmp *(%rdi) */
        {0xff, 0x1f},       /* lcall *(%rdi) */
        {0x48, 0xff, 0x2f}, /* 64-bit offset */
        {0x48, 0xff, 0x1f},
    };
    static uint8_t code[8];
    static struct {
        uint32_t offset;
        uint16_t selector;
        uint8_t filler[10];
    } target;
    memset(code, FILLER, sizeof(code));
    memcpy(code, ends[number % 4], number % 4 < 2 ? 2 : 3);
    memset(attack_scratch, FILLER, 4096);
    fill_spare_slots();
    memset(&target, FILLER, sizeof(target));
    target.offset = (uint32_t)(uint64_t)attack_scratch;
    target.selector = (uint16_t)random_selector();
    struct attack_registers registers = {.code = code, .pointer = (uint64_t)&target};
    attack_run_code(&registers);
}

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static void load_gdt(void *argument)
{
    struct table_pointer old;
    __asm__ volatile("sgdt %0" : "=m"(old));
    __asm__ volatile("lgdt %1\n\tlgdt %0" : : "m"(old), "m"(*(struct table_pointer *)argument));
}

static void load_idt(void *argument)
{
    struct table_pointer old;
    __asm__ volatile("sidt %0" : "=m"(old));
    __asm__ volatile("lidt %1\n\tlidt %0" : : "m"(old), "m"(*(struct table_pointer *)argument));
}

/* LTR with a garbage descriptor, and the right task register again before anything needs it. */
static void load_tr(void *argument)
{
    uint64_t selector = *(uint64_t *)argument;
    __asm__ volatile("ltr %%ax" : : "a"(selector));
    percpu_load();
}

static void run_pointer(uint64_t number)
{
    struct table_pointer pointer = {(uint16_t)attack_value(), attack_value()};
    uint64_t selector = SEL_SPARE + 8 * attack_below(SPARE_SLOTS - 1);
    cpu_interrupts_off();
    switch (number % 3) {
    case 0:
        attack_try(load_gdt, &pointer);
        break;
    case 1:
        attack_try(load_idt, &pointer);
        break;
    default:
        fill_spare_slots();
        attack_try(load_tr, &selector);
    }
    percpu_load();
    cpu_interrupts_on();
}

static const struct attack table[] = {
    {"table-selector", "segment loads check descriptors as hardware does", run_selector, 4},
    {"table-far", "far jumps and calls through garbage end as on hardware", run_far, 3},
    {"table-pointer", "GDTR, IDTR and TR with garbage, and back", run_pointer, 2},
};

const struct attack_list attacks_table = {table, sizeof(table) / sizeof(table[0])};
