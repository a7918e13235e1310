/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/vm_life.c */
/*
 * The life of a VM: every command in every state, what becomes of VMs that end, and a walk through
 * millions of orders in which vCPUs, commands and crashes can follow each other.
 */
#include "kernel/vm_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct vm_plan stop_plan = {.on_crash = VM_ON_CRASH_STOP};
static const struct vm_plan restart_plan = {
    .on_crash = VM_ON_CRASH_RESTART, .restart_max = 3, .on_halt = VM_ON_HALT_RESTART};

#define BUSY (-1)

static void every_command_in_every_state(void **state)
{
    (void)state;
    /* In the order of enum vm_state: stopped, running, ending, crashed, paused, pausing, waiting.
     */
    static const int expected[VM_COMMAND_COUNT][VM_STATE_COUNT] = {
        [VM_COMMAND_START] = {VM_RUNNING, BUSY, BUSY, VM_RUNNING, BUSY, BUSY, VM_RUNNING},
        [VM_COMMAND_STOP] = {BUSY, VM_ENDING, VM_ENDING, BUSY, VM_ENDING, VM_ENDING, VM_STOPPED},
        [VM_COMMAND_RESTART] = {VM_RUNNING, VM_ENDING, VM_ENDING, VM_RUNNING, VM_ENDING, VM_ENDING,
                                VM_RUNNING},
        [VM_COMMAND_PAUSE] = {BUSY, VM_PAUSING, BUSY, BUSY, BUSY, BUSY, BUSY},
        [VM_COMMAND_RESUME] = {BUSY, BUSY, BUSY, BUSY, VM_RUNNING, VM_RUNNING, BUSY},
    };
    for (unsigned command = 0; command < VM_COMMAND_COUNT; command++) {
        for (unsigned from = 0; from < VM_STATE_COUNT; from++) {
            struct vm_life life = {.state = from, .inside = 2, .paused = from == VM_PAUSED ? 2 : 0};
            struct vm_life before = life;
            uint32_t deeds = vm_life_command(&life, command);
            if (expected[command][from] == BUSY) {
                assert_int_equal(deeds, VM_DO_BUSY);
                assert_memory_equal(&life, &before, sizeof(life));
                continue;
            }
            assert_int_equal(life.state, expected[command][from]);
            if (from == VM_ENDING) {
                assert_int_equal(deeds, 0);
                assert_int_equal(life.after, command);
            } else if (life.state == VM_RUNNING && command != VM_COMMAND_RESUME) {
                assert_int_equal(deeds, VM_DO_BEGIN);
                assert_int_equal(life.inside, 1);
                assert_int_equal(life.paused, 0);
            } else {
                assert_int_equal(deeds, life.state == VM_STOPPED ? VM_DO_ENDED : VM_DO_LOOK);
            }
        }
    }
}

static void a_guest_ends_its_vm_only_while_it_runs(void **state)
{
    (void)state;
    for (unsigned from = 0; from < VM_STATE_COUNT; from++) {
        struct vm_life life = {.state = from, .end = VM_END_STOP};
        bool lives = from == VM_RUNNING || from == VM_PAUSED || from == VM_PAUSING;
        assert_int_equal(vm_life_end(&life, VM_END_CRASH), lives);
        assert_int_equal(life.state, lives ? VM_ENDING : from);
        assert_int_equal(life.end, lives ? VM_END_CRASH : VM_END_STOP);
    }
}

static void a_vcpu_does_what_the_state_says(void **state)
{
    (void)state;
    static const enum vm_look expected[VM_STATE_COUNT] = {
        [VM_RUNNING] = VM_LOOK_RUN,   [VM_ENDING] = VM_LOOK_LEAVE,  [VM_PAUSED] = VM_LOOK_PAUSE,
        [VM_PAUSING] = VM_LOOK_PAUSE, [VM_STOPPED] = VM_LOOK_LEAVE, [VM_CRASHED] = VM_LOOK_LEAVE,
        [VM_WAITING] = VM_LOOK_LEAVE,
    };
    for (unsigned from = 0; from < VM_STATE_COUNT; from++) {
        struct vm_life life = {.state = from, .inside = 2, .paused = 1};
        assert_int_equal(vm_life_look(&life, false), expected[from]);
        assert_int_equal(life.paused, 1);
        assert_int_equal(vm_life_look(&life, true), expected[from]);
        assert_int_equal(life.paused, expected[from] == VM_LOOK_PAUSE);
    }
}

static void paused_when_the_last_vcpu_stands(void **state)
{
    (void)state;
    struct vm_life life = {.state = VM_RUNNING, .inside = 3};
    assert_int_equal(vm_life_command(&life, VM_COMMAND_PAUSE), VM_DO_LOOK);
    assert_false(vm_life_stand(&life));
    assert_false(vm_life_stand(&life));
    assert_int_equal(life.state, VM_PAUSING);
    assert_true(vm_life_stand(&life));
    assert_int_equal(life.state, VM_PAUSED);
    /* Resumed and paused again while nobody looked: all stand still. */
    vm_life_command(&life, VM_COMMAND_RESUME);
    vm_life_command(&life, VM_COMMAND_PAUSE);
    assert_int_equal(life.state, VM_PAUSED);
    /* One has gone on in between. */
    vm_life_command(&life, VM_COMMAND_RESUME);
    assert_int_equal(vm_life_look(&life, true), VM_LOOK_RUN);
    vm_life_command(&life, VM_COMMAND_PAUSE);
    assert_int_equal(life.state, VM_PAUSING);
    assert_true(vm_life_stand(&life));
}

/* Lets a running VM end; returns what vm_life_conclude(, 0) says. */
static uint32_t end(struct vm_life *life, const struct vm_plan *plan, enum vm_end reason,
                    uint64_t run_us)
{
    assert_true(vm_life_end(life, reason));
    life->inside = 1;
    assert_true(vm_life_left(life));
    return vm_life_conclude(life, plan, run_us, 1000, 0);
}

static struct vm_life running(void)
{
    struct vm_life life = {.state = VM_STOPPED};
    assert_int_equal(vm_life_command(&life, VM_COMMAND_START), VM_DO_BEGIN);
    return life;
}

static void crashes_in_a_row_are_bounded_and_delayed(void **state)
{
    (void)state;
    struct vm_life life = running();
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(end(&life, &restart_plan, VM_END_CRASH, 5), VM_DO_LOOK);
        assert_int_equal(life.state, VM_WAITING);
        uint64_t due = 1000 + ((uint64_t)VM_RESTART_DELAY_US << i);
        assert_int_equal(life.restart_us, due);
        assert_int_equal(vm_life_due(&life, due - 1), 0);
        assert_int_equal(vm_life_due(&life, due), VM_DO_BEGIN);
        assert_int_equal(vm_life_due(&life, due), 0);
    }
    assert_int_equal(end(&life, &restart_plan, VM_END_CRASH, 5), VM_DO_ENDED);
    assert_int_equal(life.state, VM_CRASHED);
}

static void the_delay_has_a_bound(void **state)
{
    (void)state;
    struct vm_plan plan = restart_plan;
    plan.restart_max = 1000;
    struct vm_life life = running();
    for (unsigned i = 0; i < 100; i++) {
        end(&life, &plan, VM_END_CRASH, 5);
        assert_true(life.restart_us - 1000 <= VM_RESTART_DELAY_US << VM_RESTART_DOUBLES);
        vm_life_due(&life, life.restart_us);
    }
    assert_int_equal(life.restart_us - 1000, VM_RESTART_DELAY_US << VM_RESTART_DOUBLES);
}

static void a_good_run_or_a_command_forgives_crashes(void **state)
{
    (void)state;
    struct vm_life life = running();
    for (unsigned i = 0; i < 10; i++) {
        end(&life, &restart_plan, VM_END_CRASH, VM_GOOD_RUN_US);
        assert_int_equal(life.crashes_in_row, 1);
        vm_life_due(&life, life.restart_us);
    }
    end(&life, &restart_plan, VM_END_CRASH, VM_GOOD_RUN_US - 1);
    assert_int_equal(life.crashes_in_row, 2);
    assert_int_equal(vm_life_command(&life, VM_COMMAND_START), VM_DO_BEGIN);
    assert_int_equal(life.crashes_in_row, 0);
}

static void what_becomes_of_a_vm_that_ends(void **state)
{
    (void)state;
    static const struct {
        enum vm_end reason;
        const struct vm_plan *plan;
        uint64_t run_us;
        uint32_t becomes;
    } cases[] = {
        {VM_END_CRASH, &stop_plan, 0, VM_CRASHED},
        {VM_END_CRASH, &restart_plan, 0, VM_WAITING},
        {VM_END_POWER_OFF, &stop_plan, 0, VM_STOPPED},
        {VM_END_POWER_OFF, &restart_plan, VM_SHORT_RUN_US, VM_RUNNING},
        {VM_END_POWER_OFF, &restart_plan, VM_SHORT_RUN_US - 1, VM_WAITING},
        {VM_END_RESTART, &stop_plan, VM_SHORT_RUN_US, VM_RUNNING},
        {VM_END_RESTART, &stop_plan, VM_SHORT_RUN_US - 1, VM_WAITING},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct vm_life life = running();
        uint32_t deeds = end(&life, cases[i].plan, cases[i].reason, cases[i].run_us);
        assert_int_equal(life.state, cases[i].becomes);
        assert_int_equal(deeds, life.state == VM_WAITING   ? VM_DO_LOOK
                                : life.state == VM_RUNNING ? VM_DO_BEGIN
                                                           : VM_DO_ENDED);
    }
}

static void commands_go_before_policy(void **state)
{
    (void)state;
    struct vm_life life = running();
    vm_life_command(&life, VM_COMMAND_STOP);
    assert_int_equal(vm_life_conclude(&life, &restart_plan, 0, 0, 0), VM_DO_ENDED);
    assert_int_equal(life.state, VM_STOPPED);

    life = running(); /* a restart by command waits for nothing */
    vm_life_command(&life, VM_COMMAND_RESTART);
    assert_int_equal(vm_life_conclude(&life, &stop_plan, 0, 0, 0), VM_DO_BEGIN);
    assert_int_equal(life.state, VM_RUNNING);

    life = running(); /* stopped while it crashes: no restart, and not "crashed" */
    vm_life_end(&life, VM_END_CRASH);
    vm_life_command(&life, VM_COMMAND_STOP);
    assert_int_equal(vm_life_conclude(&life, &restart_plan, 0, 0, 0), VM_DO_ENDED);
    assert_int_equal(life.state, VM_STOPPED);

    life = running(); /* the last of two commands counts */
    vm_life_command(&life, VM_COMMAND_STOP);
    vm_life_command(&life, VM_COMMAND_RESTART);
    assert_int_equal(vm_life_conclude(&life, &stop_plan, 0, 0, 0), VM_DO_BEGIN);

    life = running(); /* a stop cancels a restart that waits */
    end(&life, &restart_plan, VM_END_CRASH, 0);
    assert_int_equal(vm_life_command(&life, VM_COMMAND_STOP), VM_DO_ENDED);
    assert_int_equal(vm_life_due(&life, UINT64_MAX), 0);
    assert_int_equal(life.state, VM_STOPPED);
}

static void states_have_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VM_STATE_COUNT; i++) {
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(vm_state_name(i), vm_state_name(j));
        }
    }
    assert_string_equal(vm_state_name(VM_WAITING), "waiting");
    assert_string_equal(vm_state_name(VM_STATE_COUNT), "?");
}

/* ---- any order ---- */

#define VCPUS 3

/* As vmx/vcpu.c, kernel/main.c and vm_prepare() use the machine, one step of one vCPU at a time. */
enum place { OUT, PREPARING, ABOUT_TO_ENTER, INSIDE, STANDING };

struct model {
    struct vm_life life;
    enum place place[VCPUS];
    bool start[VCPUS]; /* VCPU_REQUEST_START */
    bool look[VCPUS];  /* VCPU_REQUEST_LOOK */
    uint64_t now;
    unsigned ended;
};

static void check(const struct model *m)
{
    unsigned inside = 0;
    unsigned standing = 0;
    for (unsigned i = 0; i < VCPUS; i++) {
        inside += m->place[i] != OUT || m->start[i];
        standing += m->place[i] == STANDING;
    }
    assert_int_equal(m->life.inside, inside);
    assert_int_equal(m->life.paused, standing);
    bool lives = m->life.state == VM_RUNNING || m->life.state == VM_ENDING ||
                 m->life.state == VM_PAUSED || m->life.state == VM_PAUSING;
    assert_int_equal(inside != 0, lives);
    if (m->life.state == VM_PAUSED) {
        assert_int_equal(standing, inside);
    }
}

static void carry_out(struct model *m, uint32_t deeds)
{
    if (deeds & VM_DO_BEGIN) {
        m->start[0] = true;
    }
    for (unsigned i = 0; (deeds & VM_DO_LOOK) && i < VCPUS; i++) {
        m->look[i] = true;
    }
    m->ended += (deeds & VM_DO_ENDED) != 0;
}

static void leave(struct model *m, unsigned i)
{
    m->place[i] = OUT;
    if (vm_life_left(&m->life)) {
        carry_out(m, vm_life_conclude(&m->life, &restart_plan, 0, m->now, 0));
    }
}

static void look(struct model *m, unsigned i)
{
    bool stands = m->place[i] == STANDING;
    m->look[i] = false;
    switch (vm_life_look(&m->life, stands)) {
    case VM_LOOK_RUN:
        m->place[i] = INSIDE;
        break;
    case VM_LOOK_PAUSE:
        if (!stands) {
            m->place[i] = STANDING;
            vm_life_stand(&m->life);
        }
        break;
    case VM_LOOK_LEAVE:
        leave(m, i);
        break;
    }
}

static bool step(struct model *m, unsigned i)
{
    switch (m->place[i]) {
    case OUT:
        if (m->start[i]) {
            m->start[i] = false;
            m->place[i] = i == 0 ? PREPARING : ABOUT_TO_ENTER;
            return true;
        }
        m->look[i] = false;
        return false;
    case PREPARING:
        m->life.inside = VCPUS;
        for (unsigned other = 1; other < VCPUS; other++) {
            m->look[other] = false; /* vcpu_reset() */
            m->start[other] = true;
        }
        m->place[i] = ABOUT_TO_ENTER;
        return true;
    case ABOUT_TO_ENTER:
        look(m, i);
        return true;
    default:
        if (!m->look[i]) {
            return false;
        }
        look(m, i);
        return true;
    }
}

/* Everybody does what he is asked until nothing is left to do: no state may be a dead end. */
static void settle(struct model *m)
{
    for (unsigned turn = 0; turn < 100; turn++) {
        bool any = false;
        for (unsigned i = 0; i < VCPUS; i++) {
            any |= step(m, i);
        }
        check(m);
        if (!any) {
            assert_true(m->life.state != VM_ENDING && m->life.state != VM_PAUSING);
            return;
        }
    }
    fail_msg("does not come to rest");
}

static void any_order_of_events_keeps_the_rules(void **state)
{
    (void)state;
    struct model m = {.life = {.state = VM_STOPPED}};
    srand(1);
    for (unsigned n = 0; n < 2000000; n++) {
        unsigned i = (unsigned)rand() % VCPUS;
        switch (rand() % 16) {
        case 0:
        case 1:
        case 2: {
            unsigned ended = m.ended;
            bool lived = m.life.state != VM_STOPPED && m.life.state != VM_CRASHED;
            carry_out(&m, vm_life_command(&m.life, (unsigned)rand() % VM_COMMAND_COUNT));
            assert_true(m.ended == ended || lived);
            break;
        }
        case 3:
            if (m.place[i] == INSIDE) { /* its exit ends the VM, and it leaves at once */
                if (vm_life_end(&m.life, VM_END_CRASH)) {
                    carry_out(&m, VM_DO_LOOK);
                }
                leave(&m, i);
            }
            break;
        case 4:
            m.now += VM_RESTART_DELAY_US;
            carry_out(&m, vm_life_due(&m.life, m.now));
            break;
        case 5:
            m.look[i] = true; /* a late doorbell */
            break;
        case 6:
            if (rand() % 64 == 0) {
                settle(&m);
            }
            break;
        default:
            step(&m, i);
            break;
        }
        check(&m);
    }
    assert_true(m.ended > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_in_every_state),
        cmocka_unit_test(a_guest_ends_its_vm_only_while_it_runs),
        cmocka_unit_test(a_vcpu_does_what_the_state_says),
        cmocka_unit_test(paused_when_the_last_vcpu_stands),
        cmocka_unit_test(crashes_in_a_row_are_bounded_and_delayed),
        cmocka_unit_test(the_delay_has_a_bound),
        cmocka_unit_test(a_good_run_or_a_command_forgives_crashes),
        cmocka_unit_test(what_becomes_of_a_vm_that_ends),
        cmocka_unit_test(commands_go_before_policy),
        cmocka_unit_test(states_have_names),
        cmocka_unit_test(any_order_of_events_keeps_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
