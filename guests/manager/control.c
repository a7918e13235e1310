/* SPDX-License-Identifier: Apache-2.0 */
/* What the manager does to a neighbour, VM "count", and to itself. */
#include "guests/manager/manager.h"
#include "guests/runtime/console.h"
#include "guests/runtime/startup.h"
#include "kernel/string.h"

#define GROWTH_MS 5000

static uint64_t console_position(uint32_t vm)
{
    struct bulkhead_vm facts;
    return manage_vm(vm, &facts) > 0 ? facts.console_position : 0;
}

static bool wait_output(uint32_t vm)
{
    uint64_t before = console_position(vm);
    for (uint32_t ms = 0; ms < GROWTH_MS; ms += 5) {
        if (console_position(vm) != before) {
            return true;
        }
        rest_us(5000);
    }
    print("manager: FAILED: VM %u prints nothing\n", vm);
    return false;
}

static bool check_pause(void)
{
    uint32_t vm = find_vm("count");
    if (vm == NO_VM || !wait_output(vm) ||
        !expect("pause", manage_control(vm, BULKHEAD_ACTION_PAUSE, 0), 0) ||
        !wait_state(vm, BULKHEAD_VM_PAUSED)) {
        return false;
    }
    rest_us(10000); /* it may have been on its way into a pause */
    uint64_t position = console_position(vm);
    bool good =
        expect("pause again", manage_control(vm, BULKHEAD_ACTION_PAUSE, 0), -BULKHEAD_EBUSY) &
        expect("start while paused", manage_control(vm, BULKHEAD_ACTION_START, 0), -BULKHEAD_EBUSY);
    rest_us(200000);
    good &= expect("output while paused", (int64_t)(console_position(vm) - position), 0);
    good &= expect("resume", manage_control(vm, BULKHEAD_ACTION_RESUME, 0), 0);
    return good && wait_state(vm, BULKHEAD_VM_RUNNING) && wait_output(vm) &&
           expect("resume again", manage_control(vm, BULKHEAD_ACTION_RESUME, 0), -BULKHEAD_EBUSY);
}

static bool check_stop(void)
{
    struct bulkhead_vm facts;
    uint32_t vm = find_vm("count");
    bool good = vm != NO_VM && wait_state(vm, BULKHEAD_VM_RUNNING) &&
                expect("start while it runs", manage_control(vm, BULKHEAD_ACTION_START, 0),
                       -BULKHEAD_EBUSY) &&
                expect("stop", manage_control(vm, BULKHEAD_ACTION_STOP, 0), 0) &&
                wait_state(vm, BULKHEAD_VM_STOPPED);
    if (!good) {
        return false;
    }
    manage_vm(vm, &facts);
    print("manager: VM count: \"%s\"\n", facts.end_text);
    rest_us(100000);
    uint64_t position = console_position(vm);
    good &= expect("stop again", manage_control(vm, BULKHEAD_ACTION_STOP, 0), -BULKHEAD_EBUSY);
    good &= expect("pause while stopped", manage_control(vm, BULKHEAD_ACTION_PAUSE, 0),
                   -BULKHEAD_EBUSY);
    good &=
        expect("NMI while stopped", manage_control(vm, BULKHEAD_ACTION_NMI, 0), -BULKHEAD_EBUSY);
    good &= expect("input while stopped", manage_input(vm, "x", 1), 0);
    good &= expect("output while stopped", (int64_t)(console_position(vm) - position), 0);
    good &= expect("start", manage_control(vm, BULKHEAD_ACTION_START, 0), 0);
    return good && wait_state(vm, BULKHEAD_VM_RUNNING) && wait_output(vm);
}

static bool restart_once(uint32_t vm)
{
    struct bulkhead_vm before;
    struct bulkhead_vm after;
    if (manage_vm(vm, &before) <= 0 ||
        !expect("restart", manage_control(vm, BULKHEAD_ACTION_RESTART, 0), 0)) {
        return false;
    }
    for (uint32_t ms = 0; ms < GROWTH_MS; ms++) {
        if (manage_vm(vm, &after) > 0 && after.restarts == before.restarts + 1 &&
            after.state == BULKHEAD_VM_RUNNING && after.started_us != before.started_us) {
            return true;
        }
        rest_us(1000);
    }
    print("manager: FAILED: VM %s has not restarted\n", before.name);
    return false;
}

static bool check_restarts(void)
{
    uint32_t vm = find_vm("count");
    uint64_t wanted = startup_number("restarts", 10);
    for (uint64_t i = 0; i < wanted; i++) {
        if (vm == NO_VM || !restart_once(vm)) {
            return false;
        }
    }
    print("manager: %lu restarts\n", wanted);
    return wait_output(vm);
}

/* "count" says when it has got one. */
static bool check_nmi(void)
{
    static struct {
        struct bulkhead_chunk chunk;
        char data[1024];
    } answer;
    uint32_t vm = find_vm("count");
    if (vm == NO_VM || !wait_output(vm)) {
        return false;
    }
    uint64_t position = console_position(vm);
    bool good = expect("NMI to a vCPU that is not there",
                       manage_control(vm, BULKHEAD_ACTION_NMI, 99), -BULKHEAD_ENOENT) &
                expect("NMI", manage_control(vm, BULKHEAD_ACTION_NMI, 0), 0);
    for (uint32_t ms = 0; good && ms < GROWTH_MS; ms += 20) {
        rest_us(20000);
        memset(&answer, 0, sizeof(answer));
        manage_read(BULKHEAD_STREAM_CONSOLE, vm, position, &answer.chunk, sizeof(answer) - 1);
        for (uint32_t i = 0; i < answer.chunk.length; i++) {
            if (answer.data[i] == '!') {
                return true;
            }
        }
    }
    print("manager: FAILED: no NMI arrived\n");
    return false;
}

static bool check_pause_self(void)
{
    struct bulkhead_machine m;
    manage_machine(&m);
    return expect("pause of itself", manage_control(m.self, BULKHEAD_ACTION_PAUSE, 0),
                  -BULKHEAD_EINVAL);
}

static bool check_stop_self(void)
{
    struct bulkhead_machine m;
    manage_machine(&m);
    int64_t result = manage_control(m.self, BULKHEAD_ACTION_STOP, 0);
    return expect("the manager goes on after its own stop", result, INT64_MIN);
}

const struct check checks_control[] = {
    {"pause", check_pause},
    {"stop", check_stop},
    {"restarts", check_restarts},
    {"nmi", check_nmi},
    {"pause-self", check_pause_self},
    {"stop-self", check_stop_self},
    {NULL, NULL},
};
