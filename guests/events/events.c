/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events guest: interrupt shadows, single steps, NMIs, faults and string instructions across
 * exits, against the manual. Prints `events: NAME ok` or `events: NAME FAILED` for each check.
 * Needs two CPUs for NMIs. Command line: apic=x for the xAPIC page.
 */
#include "guests/events/events.h"

#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/runtime.h"
#include "guests/runtime/smp.h"

bool check_same(const char *what, uint64_t found, uint64_t wanted)
{
    if (found != wanted) {
        print("events: %s is 0x%lx, not 0x%lx\n", what, found, wanted);
    }
    return found == wanted;
}

static uint32_t run_list(const struct check_list *list)
{
    uint32_t failed = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        bool good = list->checks[i].run();
        print("events: %s %s\n", list->checks[i].name, good ? "ok" : "FAILED");
        failed += !good;
    }
    return failed;
}

void guest_main(void)
{
    print("events: %s\n", apic_is_x2apic() ? "x2APIC" : "xAPIC");
    uint32_t cpus = smp_start(events_send_nmis);
    uint32_t failed = cpus < 2;
    failed += run_list(&checks_flow);
    failed += run_list(&checks_fault);
    failed += run_list(&checks_string);
    print("events: %u failed\n", failed);
}
