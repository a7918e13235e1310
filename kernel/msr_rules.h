/* SPDX-License-Identifier: Apache-2.0 */
/* The MSR table's rows: between kernel/msr_table.c and kernel/msr_policy.c, which alone include it.
 */
#ifndef KERNEL_MSR_RULES_H
#define KERNEL_MSR_RULES_H

#include "kernel/msr_policy.h"

/* Bits of msr_policy.features: what of the guest's CPU a row depends on. */
enum msr_feature {
    MSR_NEEDS_TSC_ADJUST = 1 << 0,
    MSR_NEEDS_SPEC_CTRL = 1 << 1,
    MSR_NEEDS_ENHANCED_IBRS = 1 << 2, /* IA32_ARCH_CAPABILITIES.IBRS_ALL */
    MSR_NEEDS_PRED_CMD = 1 << 3,
    MSR_NEEDS_FLUSH_CMD = 1 << 4,
    MSR_NEEDS_ARCH_CAPABILITIES = 1 << 5,
    MSR_NEEDS_TSC_DEADLINE = 1 << 6,
    MSR_NEEDS_TSC_AUX = 1 << 7,
    MSR_NEEDS_XSAVES = 1 << 8,
    MSR_NEEDS_XFD = 1 << 9,
    MSR_NEEDS_MTRR = 1 << 10,
    MSR_NEEDS_MCA = 1 << 11,
    MSR_NEEDS_MC_BANK = 1 << 12, /* the VM may suffer machine checks on purpose */
};

/* Where an emulated MSR's value comes from. */
enum msr_source {
    MSR_SOURCE_NONE,   /* reading passes or is denied */
    MSR_SOURCE_VALUE,  /* `value` */
    MSR_SOURCE_POLICY, /* the field of struct msr_policy at offset `value` */
    MSR_SOURCE_VCPU,   /* the field of struct msr_vcpu at offset `value` */
};

typedef enum msr_verdict (*msr_write_fn)(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                         uint64_t *value);

enum msr_pass {
    MSR_PASS_NONE = 0,
    MSR_PASS_READ = 1,
    MSR_PASS_WRITE = 2,
    MSR_PASS_BOTH = 3,
};

/*
 * One MSR or a range. What passes causes no exit; else `read` and `write` decide, and where these
 * are MSR_SOURCE_NONE and NULL the access is denied. Of several rows for an MSR the first whose
 * needs are met counts.
 */
struct msr_rule {
    uint32_t first;
    uint32_t last;
    const char *name;
    uint8_t pass;   /* enum msr_pass */
    uint8_t read;   /* enum msr_source */
    uint16_t needs; /* enum msr_feature, all of them */
    uint32_t value;
    msr_write_fn write;
};

extern const struct msr_rule msr_rules[];
extern const size_t msr_rule_count;

/* What no configuration may open. */
struct msr_forbidden {
    uint16_t first;
    uint16_t last;
    bool reading_too;
    const char *name;
};

extern const struct msr_forbidden msr_forbidden[];
extern const size_t msr_forbidden_count;

/* What an emulated MSR reads as; rule->read is not MSR_SOURCE_NONE. */
static inline uint64_t msr_rule_value(const struct msr_rule *rule, const struct msr_policy *policy,
                                      const struct msr_vcpu *vcpu)
{
    if (__builtin_expect(rule->read == MSR_SOURCE_VCPU, 1)) {
        return *(const uint64_t *)((const uint8_t *)vcpu + rule->value);
    }
    if (rule->read == MSR_SOURCE_POLICY) {
        return *(const uint64_t *)((const uint8_t *)policy + rule->value);
    }
    return rule->value;
}

/* The row that counts for an MSR, or NULL. */
const struct msr_rule *msr_rule_find(const struct msr_policy *policy, uint32_t msr);

#endif
