/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manager: a guest that makes every management call, rightly and wrongly, and says what came of
 * it. Its VM needs `manage`, and beside it the VMs that docs/guests.md names.
 * Command line: check=NAME once for each check (none: all but "stop-self"), done=off to stay at
 * the end; role=denied, echo or count: be a neighbour of a manager instead.
 */
#include "guests/manager/manager.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/startup.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"
#include "kernel/string.h"

#define VECTOR_TIMER 0x60
#define WAIT_MS      20000
#define CHECKS_MAX   64
#define DRAIN_US     300000

static volatile bool timer_rang;

bool expect(const char *what, int64_t got, int64_t wanted)
{
    if (got != wanted) {
        print("manager: FAILED: %s: %ld, not %ld\n", what, got, wanted);
    }
    return got == wanted;
}

uint32_t find_vm(const char *name)
{
    struct bulkhead_vm vm;
    for (uint32_t i = 0; manage_vm(i, &vm) > 0; i++) {
        if (strcmp(vm.name, name) == 0) {
            return i;
        }
    }
    print("manager: FAILED: there is no VM %s\n", name);
    return NO_VM;
}

static void on_timer(struct trap_frame *frame)
{
    (void)frame;
    timer_rang = true;
    apic_eoi();
}

void rest_us(uint64_t us)
{
    cpu_interrupts_off();
    timer_rang = false;
    timer_arm(cpu_rdtsc() + timing_ns_to_ticks(us * 1000));
    while (!timer_rang) {
        cpu_wait(); /* STI, HLT, CLI */
    }
    cpu_interrupts_on();
}

bool wait_state(uint32_t vm, enum bulkhead_vm_state state)
{
    struct bulkhead_vm facts;
    for (uint32_t ms = 0; ms < WAIT_MS; ms += 2) {
        if (manage_vm(vm, &facts) > 0 && facts.state == state) {
            return true;
        }
        rest_us(2000);
    }
    print("manager: FAILED: VM %s stays in state %u, not %u\n", facts.name, facts.state, state);
    return false;
}

static const struct check *const lists[] = {checks_ring, checks_facts, checks_errors, checks_stream,
                                            checks_control};

/* Results come last, after what the checks themselves print in floods has left the machine. */
static void run_checks(void)
{
    static const char *names[CHECKS_MAX];
    static bool results[CHECKS_MAX];
    uint32_t good = 0;
    uint32_t all = 0;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (const struct check *check = lists[i]; check->name != NULL; check++) {
            bool chosen = startup_has("check") ? startup_option("check", check->name)
                                               : strcmp(check->name, "stop-self") != 0;
            if (chosen && all < CHECKS_MAX) {
                names[all] = check->name;
                results[all] = check->run();
                good += results[all++];
            }
        }
    }
    rest_us(DRAIN_US);
    for (uint32_t i = 0; i < all; i++) {
        print("manager: %s %s\n", names[i], results[i] ? "ok" : "FAILED");
    }
    print("manager: %u of %u checks\n", good, all);
}

void guest_main(void)
{
    trap_set_handler(VECTOR_TIMER, on_timer);
    timer_init(VECTOR_TIMER);
    cpu_interrupts_on();
    if (startup_option("role", "denied")) {
        role_denied();
    } else if (startup_option("role", "echo")) {
        role_echo();
    } else if (startup_option("role", "count")) {
        role_count();
    } else {
        run_checks();
    }
    while (startup_option("done", "off")) {
        rest_us(1000000);
    }
}
