/* SPDX-License-Identifier: Apache-2.0 */
/* What a vCPU's counters say, in the log; see the header. */
#include "kernel/vcpu_counters.h"

#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/vm.h"

#define REASONS_TEXT 160 /* of a line; more reasons go on the next one */

static uint64_t exits_of(const struct vcpu *vcpu)
{
    uint64_t exits = 0;
    for (uint32_t i = 0; i < BULKHEAD_REASON_MAX; i++) {
        exits += __atomic_load_n(&vcpu->counters.reason[i], __ATOMIC_RELAXED);
    }
    return exits;
}

/* Between an exit and the next entry the counter holds the time of the exit, negative. */
static uint64_t ticks_of(const struct vcpu *vcpu)
{
    uint64_t ticks = __atomic_load_n(&vcpu->counters.ticks, __ATOMIC_RELAXED);
    return (int64_t)ticks < 0 ? ticks + cpu_rdtsc() : ticks;
}

void vcpu_read_counters(const struct vcpu *vcpu, struct bulkhead_counters *to)
{
    to->size = sizeof(*to);
    to->vendor = BULKHEAD_VENDOR_INTEL;
    to->exits = 0;
    to->ticks = ticks_of(vcpu);
    to->denied = __atomic_load_n(&vcpu->counters.denied, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < BULKHEAD_REASON_MAX; i++) {
        to->reason[i] = __atomic_load_n(&vcpu->counters.reason[i], __ATOMIC_RELAXED);
        to->exits += to->reason[i];
    }
}

void vcpu_log_counters(const struct vcpu *vcpu)
{
    const char *name = vcpu->vm->plan->name;
    log_info("VM %s vCPU %u: %lu exits, %lu ticks in Bulkhead, %lu denied", name, vcpu->index,
             exits_of(vcpu), ticks_of(vcpu), vcpu->counters.denied);
    char text[REASONS_TEXT];
    size_t length = 0;
    for (uint32_t i = 0; i < BULKHEAD_REASON_MAX; i++) {
        if (vcpu->counters.reason[i] == 0) {
            continue;
        }
        char entry[32]; /* 3 digits and 20 */
        size_t more =
            (size_t)ksnprintf(entry, sizeof(entry), " %u:%lu", i, vcpu->counters.reason[i]);
        if (length + more >= sizeof(text)) {
            log_info("VM %s vCPU %u: exits by reason%s", name, vcpu->index, text);
            length = 0;
        }
        memcpy(text + length, entry, more + 1);
        length += more;
    }
    if (length > 0) {
        log_info("VM %s vCPU %u: exits by reason%s", name, vcpu->index, text);
    }
}
