/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a VM as a state machine without a machine: which command is possible in which state,
 * what happens when vCPUs leave or stand still, whether a VM that has ended starts again. Called by
 * kernel/vm.c alone, under the VM's life lock, and by unit tests. It tells the caller what to do
 * and touches no hardware.
 */
#ifndef KERNEL_VM_LIFE_H
#define KERNEL_VM_LIFE_H

#include "kernel/types.h"
#include "kernel/vm_plan.h"

enum vm_state {
    VM_STOPPED, /* never started, or ended */
    VM_RUNNING, /* at least one vCPU is in vcpu_run(), or is about to be */
    VM_ENDING,  /* its vCPUs are leaving */
    VM_CRASHED, /* ended by a fault, and not started again */
    VM_PAUSED,  /* all its vCPUs stand still in root mode */
    VM_PAUSING, /* some of them do not yet */
    VM_WAITING, /* ended; starts again when a delay has passed */
    VM_STATE_COUNT,
};

enum vm_command {
    VM_COMMAND_START,
    VM_COMMAND_STOP,
    VM_COMMAND_RESTART,
    VM_COMMAND_PAUSE,
    VM_COMMAND_RESUME,
    VM_COMMAND_COUNT,
    VM_COMMAND_NONE = VM_COMMAND_COUNT,
};

/* Why a VM ends. */
enum vm_end {
    VM_END_NONE,
    VM_END_POWER_OFF, /* by the guest */
    VM_END_RESTART,   /* by the guest, or by command */
    VM_END_CRASH,     /* triple fault, entry failure, ...: vm.end_text says what */
    VM_END_STOP,      /* by command */
};

struct vm_life {
    uint32_t state;          /* enum vm_state; may be read without the lock */
    uint32_t inside;         /* vCPUs that are in vcpu_run(), or are about to be */
    uint32_t paused;         /* of these, those that stand still */
    enum vm_end end;         /* why the last run ended, or the present one ends */
    enum vm_command after;   /* STOP or RESTART: asked for while it ended; goes before any policy */
    uint32_t crashes_in_row; /* see VM_GOOD_RUN_US */
    uint64_t restart_us;     /* VM_WAITING: when it starts again */
};

/* What the caller of a function here does next; bits. */
enum vm_deed {
    VM_DO_BEGIN = 1 << 0, /* ask the first vCPU to start */
    VM_DO_LOOK = 1 << 1,  /* ask all vCPUs to look at the state */
    VM_DO_ENDED = 1 << 2, /* the VM has ended and stays so */
    VM_DO_BUSY = 1 << 3,  /* nothing: the state does not allow the command */
};

/* What a vCPU is to do. */
enum vm_look { VM_LOOK_RUN, VM_LOOK_PAUSE, VM_LOOK_LEAVE };

#define VM_GOOD_RUN_US      60000000 /* after such a run a crash is the first one again */
#define VM_SHORT_RUN_US     1000000  /* ends sooner are followed by a delay */
#define VM_RESTART_DELAY_US 100000   /* after the first crash; doubles with each further one ... */
#define VM_RESTART_DOUBLES  6        /* ... up to 6.4 s */

/* Lower-case word for an enum vm_state. */
const char *vm_state_name(uint32_t state);

/* A command. Returns enum vm_deed bits. */
uint32_t vm_life_command(struct vm_life *life, enum vm_command command);

/* Whether the VM runs, pauses or is paused, and can end. */
bool vm_life_lives(const struct vm_life *life);

/* The guest, or a fault, ends the VM. False: it ends already, or does not run. */
bool vm_life_end(struct vm_life *life, enum vm_end reason);

/* For each vCPU before it enters. `stands`: it has called vm_life_stand() and goes on, if it may.
 */
enum vm_look vm_life_look(struct vm_life *life, bool stands);

/* A vCPU told to pause stands still now. True: it was the last one, the VM is paused. */
bool vm_life_stand(struct vm_life *life);

/* A vCPU is out of vcpu_run(). True: it was the last one, call vm_life_conclude(). */
bool vm_life_left(struct vm_life *life);

/*
 * What becomes of a VM that has run for run_us and has ended at now_us; extra_us: of delay before
 * it starts again. Returns enum vm_deed bits.
 */
uint32_t vm_life_conclude(struct vm_life *life, const struct vm_plan *plan, uint64_t run_us,
                          uint64_t now_us, uint64_t extra_us);

/* Starts a waiting VM whose time has come. Returns enum vm_deed bits. */
uint32_t vm_life_due(struct vm_life *life, uint64_t now_us);

#endif
