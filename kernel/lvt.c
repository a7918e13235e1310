/* SPDX-License-Identifier: Apache-2.0 */
/* Checks writes to the local vector table; see the header. Pure. */
#include "kernel/lvt.h"

#include "kernel/icr.h"
#include "kernel/msr.h"

#define LVT_STATUS  (1u << 12) /* read-only: writes do not matter */
#define BITS_COMMON (LVT_VECTOR | LVT_STATUS | LVT_MASKED)
#define BITS_TIMER  (BITS_COMMON | LVT_TIMER_MODE)
#define BITS_MODE   (BITS_COMMON | LVT_DELIVERY_MODE)
#define BITS_LINT   (BITS_MODE | 1u << 13 | 1u << 14 | 1u << 15)
#define DELIVERABLE (BIT(APIC_MODE_FIXED) | BIT(APIC_MODE_NMI))

/* By MSR: bits that are defined, and whether the guest's own APIC is the source. */
static const struct {
    uint32_t msr;
    uint32_t bits;
    bool machine; /* the source belongs to the machine: stays masked in hardware */
} entries[] = {
    {MSR_X2APIC_LVT_CMCI, BITS_MODE, true},     {MSR_X2APIC_LVT_TIMER, BITS_TIMER, false},
    {MSR_X2APIC_LVT_THERMAL, BITS_MODE, true},  {MSR_X2APIC_LVT_PMI, BITS_MODE, false},
    {MSR_X2APIC_LVT_LINT0, BITS_LINT, true},    {MSR_X2APIC_LVT_LINT1, BITS_LINT, true},
    {MSR_X2APIC_LVT_ERROR, BITS_COMMON, false},
};

static bool timer_mode_exists(uint32_t value, bool deadline)
{
    uint64_t mode = FIELD_GET(LVT_TIMER_MODE, value);
    return mode < LVT_TIMER_DEADLINE || (mode == LVT_TIMER_DEADLINE && deadline);
}

struct lvt_check lvt_check(uint32_t msr, uint64_t value, bool deadline)
{
    size_t i = 0;
    while (i < ARRAY_SIZE(entries) && entries[i].msr != msr) {
        i++;
    }
    if (i == ARRAY_SIZE(entries) || (value & ~(uint64_t)entries[i].bits)) {
        return (struct lvt_check){.verdict = LVT_FAULT};
    }
    uint32_t wanted = (uint32_t)value & ~LVT_STATUS;
    if (msr == MSR_X2APIC_LVT_TIMER && !timer_mode_exists(wanted, deadline)) {
        return (struct lvt_check){.verdict = LVT_FAULT};
    }
    bool mode_refused = (entries[i].bits & LVT_DELIVERY_MODE) &&
                        !(DELIVERABLE & BIT(FIELD_GET(LVT_DELIVERY_MODE, wanted)));
    if (mode_refused || entries[i].machine) {
        return (struct lvt_check){
            .verdict = LVT_WRITE,
            .value = LVT_MASKED | (wanted & LVT_VECTOR),
            .denied = mode_refused && !(wanted & LVT_MASKED) && !entries[i].machine,
        };
    }
    return (struct lvt_check){.verdict = LVT_WRITE, .value = wanted};
}
