/* SPDX-License-Identifier: Apache-2.0 */
/* What a vCPU's counters say, in the log; see the header. */
#include "kernel/vcpu_counters.h"

#include "kernel/log.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/vm.h"

#define REASONS_TEXT 160 /* of a line; more reasons go on the next one */

static uint64_t exits_of(const struct vcpu *vcpu)
{
    uint64_t exits = 0;
    for (uint32_t i = 0; i < BULKHEAD_REASON_MAX; i++) {
        exits += vcpu->counters.reason[i];
    }
    return exits;
}

void vcpu_log_counters(const struct vcpu *vcpu)
{
    const char *name = vcpu->vm->plan->name;
    log_info("VM %s vCPU %u: %lu exits, %lu ticks in Bulkhead, %lu denied", name, vcpu->index,
             exits_of(vcpu), vcpu->counters.ticks, vcpu->counters.denied);
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
