/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding Bulkhead, and the calls that fill in structures.
 */
#include "guests/runtime/hypercall.h"

#include "guests/runtime/cpu.h"
#include "kernel/string.h"

#define CPUID_1_ECX_HYPERVISOR (1u << 31)

static bool find(void)
{
    if ((cpu_cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) == 0) {
        return false;
    }
    struct cpuid_result r = cpu_cpuid(BULKHEAD_CPUID_SIGNATURE, 0);
    return r.ebx == BULKHEAD_SIGNATURE_EBX && r.ecx == BULKHEAD_SIGNATURE_ECX &&
           r.edx == BULKHEAD_SIGNATURE_EDX;
}

bool hypercall_available(void)
{
    static enum { UNKNOWN, ABSENT, PRESENT } state;
    if (state == UNKNOWN) {
        state = find() ? PRESENT : ABSENT;
    }
    return state == PRESENT;
}

bool hypercall_facts(struct bulkhead_facts *facts)
{
    memset(facts, 0, sizeof(*facts));
    return hypercall(BULKHEAD_CALL_FACTS, (uint64_t)facts, sizeof(*facts), 0, 0, 0) > 0;
}

bool hypercall_counters(struct bulkhead_counters *counters)
{
    memset(counters, 0, sizeof(*counters));
    return hypercall(BULKHEAD_CALL_COUNTERS, (uint64_t)counters, sizeof(*counters), 0, 0, 0) > 0;
}
