/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left of a VM after a crash: one record a VM, kept until its next crash (over restarts),
 * and a snapshot of each vCPU in it. Snapshots of vCPUs that pause have the same form. One printer
 * serves the log, the monitor and the management calls; see docs/crashes.md.
 *
 * Readers take no lock: when a VM crashes while its former record is read, the text may mix both.
 */
#ifndef KERNEL_CRASH_H
#define KERNEL_CRASH_H

#include "kernel/types.h"
#include "kernel/vcpu.h"
#include "kernel/vm_plan.h"

#define SNAPSHOT_STATE_MAX 72
#define SNAPSHOT_EXITS     32
#define SNAPSHOT_FRAMES    16
#define SNAPSHOT_STACK     16
#define SNAPSHOT_CODE      16
#define CRASH_TEXT_SIZE    96

enum snapshot_kind {
    SNAPSHOT_NONE,    /* none was taken */
    SNAPSHOT_WAITING, /* the vCPU waited for its SIPI: it has no registers to show */
    SNAPSHOT_TAKEN,
};

struct snapshot_value {
    const char *name;
    uint64_t value;
};

/* Where a vCPU stood. The counts say how much of each array is valid. */
struct vcpu_snapshot {
    uint32_t kind;                      /* enum snapshot_kind */
    uint32_t word;                      /* bytes of a stack word: 8, 4, or 2 (16-bit code) */
    uint64_t regs[VCPU_REGISTER_COUNT]; /* RSP included */
    uint64_t rip;
    uint64_t cr3;
    uint32_t state_count; /* everything else the vendor's mechanism knows, by name */
    uint32_t exit_count;
    uint32_t frame_count;
    uint32_t stack_count;
    uint32_t code_count;
    struct snapshot_value state[SNAPSHOT_STATE_MAX];
    const char *(*exit_name)(uint32_t reason);
    uint32_t exits[SNAPSHOT_EXITS];   /* reasons of the last exits, oldest first */
    uint64_t frames[SNAPSHOT_FRAMES]; /* offsets in CS: RIP, then what the frame pointers lead to */
    uint64_t stack[SNAPSHOT_STACK];   /* words from SS:RSP upwards */
    uint8_t code[SNAPSHOT_CODE];      /* bytes from CS:RIP on */
};

/* Of a vCPU: at its VM's last crash, and when it paused last. */
struct vcpu_snapshots {
    struct vcpu_snapshot crash;
    struct vcpu_snapshot pause;
};

#define CRASH_FROM_OUTSIDE UINT32_MAX

struct crash_record {
    const char *vm; /* its name */
    uint32_t valid; /* 0: none yet, or it is being made */
    uint32_t number;
    uint32_t vcpu;    /* the one that ended the VM, or CRASH_FROM_OUTSIDE */
    uint64_t time_us; /* time_us() then */
    uint64_t seconds; /* since 1970, UTC */
    uint64_t ran_us;  /* since the VM's start */
    char why[CRASH_TEXT_SIZE];
    uint32_t vcpu_count;
    const struct vcpu_snapshot *vcpus[CPU_MAX];
};

struct vm;

/* The record of the VM's last crash, or NULL. Any CPU, any time. */
const struct crash_record *crash_last(const struct vm *vm);

/* What the vCPU's CPU noted when it paused last; kind SNAPSHOT_NONE: it never has. Any CPU. */
const struct vcpu_snapshot *crash_paused(const struct vcpu *vcpu);

/* Takes one line of at most CRASH_LINE_SIZE - 1 characters, without a line feed. */
typedef void (*crash_emit_fn)(void *context, const char *line);
#define CRASH_LINE_SIZE 128

/* The record as text: who, why and when, the vCPU that crashed in full, the others in short. */
void crash_print(const struct crash_record *record, crash_emit_fn emit, void *context);

/* Parts of a snapshot as text; parts: what to print. */
#define SNAPSHOT_PRINT_REGISTERS BIT(0)
#define SNAPSHOT_PRINT_BACKTRACE BIT(1) /* and stack words and code */
#define SNAPSHOT_PRINT_EXITS     BIT(2)
#define SNAPSHOT_PRINT_ALL       (MASK(2, 0))
void snapshot_print(const struct vcpu_snapshot *snapshot, uint64_t parts, crash_emit_fn emit,
                    void *context);

/* For crash_print() and snapshot_print(): into the log. */
void crash_emit_log(void *context, const char *line);

/* ---- for kernel/vm.c and the vendor's mechanism ---- */

/* Allocates what the VM's records need. Boot processor, before memory_seal(). */
void crash_create(struct vm *vm);

/* A crash begins: the VM's vCPUs are about to leave. Under the VM's life_lock. */
void crash_begin(struct vm *vm, const char *why);

/* All vCPUs have left: the record can be read from now on, and goes to the log. */
void crash_finish(struct vm *vm);

/* True while the VM's vCPUs are to leave a snapshot behind. */
bool crash_wanted(const struct vm *vm);

#endif
