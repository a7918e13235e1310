/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the attacks share. An attack is one row of a table: it is called again and again with its
 * own running number, does something no well-behaved guest does, and puts its own machine in order
 * again. It relies on the architecture only: whatever may fault runs in attack_try().
 * One CPU; interrupts are on between attacks.
 */
#ifndef GUESTS_HOSTILE_ATTACK_H
#define GUESTS_HOSTILE_ATTACK_H

#include <stdbool.h>
#include <stdint.h>

struct attack {
    const char *name;
    const char *proves;           /* what it shows when nothing else happens */
    void (*run)(uint64_t number); /* number: 0, 1, 2, ... of this attack */
    uint32_t weight;              /* share among all attacks */
};

/* An attack that ends the VM by design, asked for by name. Returning from run() is survival. */
struct attack_ending {
    const char *name;
    const char *proves;
    void (*run)(void);
};

struct attack_list {
    const struct attack *attacks;
    uint32_t count;
};

/* One table a file; hostile.c has them all. */
extern const struct attack_list attacks_msr;
extern const struct attack_list attacks_port;
extern const struct attack_list attacks_memory;
extern const struct attack_list attacks_mmio;
extern const struct attack_list attacks_apic;
extern const struct attack_list attacks_control;
extern const struct attack_list attacks_instruction;
extern const struct attack_list attacks_hypercall;
extern const struct attack_list attacks_manage;
extern const struct attack_list attacks_table;
extern const struct attack_list attacks_user;

extern const struct attack_ending attack_endings[];
extern const uint32_t attack_ending_count;

/* Before the first attack: seed, scratch pages, what happens after an exception. */
void attack_init(uint64_t seed);

/* Exceptions survived, and suspects counted, so far. */
extern uint64_t attack_faults;
extern uint64_t attack_suspects;

/* The next number of the seeded sequence, and one below `bound` (> 0). */
uint64_t attack_random(void);
uint64_t attack_below(uint64_t bound);

/* A 64-bit value of the kinds that find mistakes: few bits, many bits, edges, anything. */
uint64_t attack_value(void);

/*
 * function(argument), surviving any exception. Returns its vector, or -1; counts it as a fault,
 * except #BP, with which the code of an attack ends by design.
 */
int attack_try(void (*function)(void *), void *argument);

bool attack_read_msr(uint32_t msr, uint64_t *value);
bool attack_write_msr(uint32_t msr, uint64_t value);

/*
 * Runs the machine code at `code` (it may lie anywhere that is mapped) with interrupts off and
 * RAX = rax, RBX = 0, RCX = rcx, RDX = rdx, RSI = RDI = pointer, RSP and RBP in a stack of its own
 * that is full of INT3, other registers 0. The code ends by returning or with any exception.
 * Returns the vector, -1 after a return.
 */
struct attack_registers {
    const void *code;
    uint64_t rax;
    uint64_t rcx;
    uint64_t rdx;
    uint64_t pointer;
};
int attack_run_code(const struct attack_registers *registers);

/* Something that a tight compartment does not do: counted, the first ones are printed. */
void attack_suspect(const char *what, uint64_t where, uint64_t value);

/* Set while the local APIC may be switched off: nobody touches it then. */
extern bool attack_apic_gone;

#define ATTACK_SCRATCH_PAGES 8

/* Pages of RAM that attacks may use as they like, also as targets of hypercalls. */
extern uint8_t *attack_scratch;

/* IOAPIC, HPET, local APIC of a machine without Bulkhead: what we write there would happen. */
bool attack_is_real_device(uint64_t address);

/* A physical address outside the VM's RAM, of the kinds that are worth a try; no real device. */
uint64_t attack_foreign_address(void);

#endif
