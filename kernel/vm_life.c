/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of a VM's life; see the header. Pure: no hardware, no log, no locks. */
#include "kernel/vm_life.h"

const char *vm_state_name(uint32_t state)
{
    static const char names[VM_STATE_COUNT][8] = {
        [VM_STOPPED] = "stopped", [VM_RUNNING] = "running", [VM_ENDING] = "ending",
        [VM_CRASHED] = "crashed", [VM_PAUSED] = "paused",   [VM_PAUSING] = "pausing",
        [VM_WAITING] = "waiting",
    };
    return state < VM_STATE_COUNT ? names[state] : "?";
}

/* The next state of each command in each state; or: */
#define BUSY  0xff /* refused */
#define AFTER 0xfe /* noted: the VM ends already */

static const uint8_t next[VM_COMMAND_COUNT][VM_STATE_COUNT] = {
    [VM_COMMAND_START] =
        {
            [VM_STOPPED] = VM_RUNNING,
            [VM_RUNNING] = BUSY,
            [VM_ENDING] = BUSY,
            [VM_CRASHED] = VM_RUNNING,
            [VM_PAUSED] = BUSY,
            [VM_PAUSING] = BUSY,
            [VM_WAITING] = VM_RUNNING,
        },
    [VM_COMMAND_STOP] =
        {
            [VM_STOPPED] = BUSY,
            [VM_RUNNING] = VM_ENDING,
            [VM_ENDING] = AFTER,
            [VM_CRASHED] = BUSY,
            [VM_PAUSED] = VM_ENDING,
            [VM_PAUSING] = VM_ENDING,
            [VM_WAITING] = VM_STOPPED,
        },
    [VM_COMMAND_RESTART] =
        {
            [VM_STOPPED] = VM_RUNNING,
            [VM_RUNNING] = VM_ENDING,
            [VM_ENDING] = AFTER,
            [VM_CRASHED] = VM_RUNNING,
            [VM_PAUSED] = VM_ENDING,
            [VM_PAUSING] = VM_ENDING,
            [VM_WAITING] = VM_RUNNING,
        },
    [VM_COMMAND_PAUSE] =
        {
            [VM_STOPPED] = BUSY,
            [VM_RUNNING] = VM_PAUSING,
            [VM_ENDING] = BUSY,
            [VM_CRASHED] = BUSY,
            [VM_PAUSED] = BUSY,
            [VM_PAUSING] = BUSY,
            [VM_WAITING] = BUSY,
        },
    [VM_COMMAND_RESUME] =
        {
            [VM_STOPPED] = BUSY,
            [VM_RUNNING] = BUSY,
            [VM_ENDING] = BUSY,
            [VM_CRASHED] = BUSY,
            [VM_PAUSED] = VM_RUNNING,
            [VM_PAUSING] = VM_RUNNING,
            [VM_WAITING] = BUSY,
        },
};

static void set_state(struct vm_life *life, enum vm_state state)
{
    __atomic_store_n(&life->state, state, __ATOMIC_RELEASE);
}

/* A new run: the first vCPU is about to enter. */
static uint32_t begin(struct vm_life *life)
{
    life->inside = 1;
    life->paused = 0;
    life->end = VM_END_NONE;
    life->after = VM_COMMAND_NONE;
    set_state(life, VM_RUNNING);
    return VM_DO_BEGIN;
}

static bool all_stand(struct vm_life *life)
{
    if (life->state == VM_PAUSING && life->paused == life->inside) {
        set_state(life, VM_PAUSED);
        return true;
    }
    return false;
}

uint32_t vm_life_command(struct vm_life *life, enum vm_command command)
{
    uint8_t to = next[command][life->state];
    if (to == BUSY) {
        return VM_DO_BUSY;
    }
    if (command == VM_COMMAND_START || command == VM_COMMAND_STOP ||
        command == VM_COMMAND_RESTART) {
        life->crashes_in_row = 0;
    }
    if (to == AFTER || to == VM_ENDING) {
        life->after = command;
    }
    switch (to) {
    case AFTER:
        return 0;
    case VM_STOPPED:
        set_state(life, VM_STOPPED);
        return VM_DO_ENDED;
    case VM_ENDING:
        life->end = command == VM_COMMAND_STOP ? VM_END_STOP : VM_END_RESTART;
        break;
    case VM_RUNNING:
        if (command != VM_COMMAND_RESUME) {
            return begin(life);
        }
        break;
    default:
        break;
    }
    set_state(life, to);
    all_stand(life); /* resumed, and paused again before any vCPU went on */
    return VM_DO_LOOK;
}

bool vm_life_lives(const struct vm_life *life)
{
    return next[VM_COMMAND_STOP][life->state] == VM_ENDING;
}

bool vm_life_end(struct vm_life *life, enum vm_end reason)
{
    if (!vm_life_lives(life)) {
        return false;
    }
    life->end = reason;
    set_state(life, VM_ENDING);
    return true;
}

enum vm_look vm_life_look(struct vm_life *life, bool stands)
{
    if (life->state == VM_PAUSING || life->state == VM_PAUSED) {
        return VM_LOOK_PAUSE;
    }
    life->paused -= stands;
    return life->state == VM_RUNNING ? VM_LOOK_RUN : VM_LOOK_LEAVE;
}

bool vm_life_stand(struct vm_life *life)
{
    life->paused++;
    return all_stand(life);
}

bool vm_life_left(struct vm_life *life)
{
    return --life->inside == 0;
}

/* Whether a VM that has ended by itself starts again, by its configuration. */
static bool starts_again(const struct vm_life *life, const struct vm_plan *plan)
{
    switch (life->end) {
    case VM_END_RESTART:
        return true;
    case VM_END_POWER_OFF:
        return plan->on_halt == VM_ON_HALT_RESTART;
    case VM_END_CRASH:
        return plan->on_crash == VM_ON_CRASH_RESTART && life->crashes_in_row <= plan->restart_max;
    default:
        return false;
    }
}

/* A VM that ends again at once must not fill the log, nor its CPU's time, with restarts. */
static uint64_t delay_us(const struct vm_life *life, uint64_t run_us)
{
    if (life->after == VM_COMMAND_RESTART) {
        return 0;
    }
    if (life->end == VM_END_CRASH) {
        return (uint64_t)VM_RESTART_DELAY_US << MIN(life->crashes_in_row - 1, VM_RESTART_DOUBLES);
    }
    return run_us < VM_SHORT_RUN_US ? VM_RESTART_DELAY_US : 0;
}

uint32_t vm_life_conclude(struct vm_life *life, const struct vm_plan *plan, uint64_t run_us,
                          uint64_t now_us, uint64_t extra_us)
{
    if (run_us >= VM_GOOD_RUN_US) {
        life->crashes_in_row = 0;
    }
    life->crashes_in_row += life->end == VM_END_CRASH;
    bool again = life->after == VM_COMMAND_NONE ? starts_again(life, plan)
                                                : life->after == VM_COMMAND_RESTART;
    if (!again) {
        bool crashed = life->end == VM_END_CRASH && life->after == VM_COMMAND_NONE;
        set_state(life, crashed ? VM_CRASHED : VM_STOPPED);
        return VM_DO_ENDED;
    }
    uint64_t delay = delay_us(life, run_us) + extra_us;
    if (delay == 0) {
        return begin(life);
    }
    life->restart_us = now_us + delay;
    set_state(life, VM_WAITING);
    return VM_DO_LOOK;
}

uint32_t vm_life_due(struct vm_life *life, uint64_t now_us)
{
    return life->state == VM_WAITING && now_us >= life->restart_us ? begin(life) : 0;
}
