/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which ports and MSRs a configuration may open to a guest, under which names, and why not; and
 * CPUID's feature names. Tables and searches only; used inside boot/config. What a guest has
 * without being given anything is the kernel's policy, not this.
 */
#ifndef BOOT_CONFIG_POLICY_H
#define BOOT_CONFIG_POLICY_H

#include "kernel/types.h"
#include "kernel/vm_plan.h"

enum config_rule {
    CONFIG_RULE_OPEN,  /* may be opened */
    CONFIG_RULE_READ,  /* may be read, never written (MSRs) */
    CONFIG_RULE_DOUBT, /* may be opened, but is likely a mistake */
    CONFIG_RULE_NEVER,
};

struct config_policy {
    uint32_t first;
    uint32_t last; /* inclusive */
    enum config_rule rule;
    const char *name;
    const char *reason; /* of anything but OPEN: completes "PORT is not opened: ..." */
};

struct config_policy_table {
    const struct config_policy *rows; /* sorted by first; no overlaps */
    size_t count;
};

extern const struct config_policy_table config_port_policy;
extern const struct config_policy_table config_msr_policy;

/* The row called `name`, or NULL. */
const struct config_policy *config_policy_find(const struct config_policy_table *table,
                                               const char *name);

/* The strictest row that overlaps [first, last], the first of equals; NULL when none does. */
const struct config_policy *config_policy_overlap(const struct config_policy_table *table,
                                                  uint32_t first, uint32_t last);

/* A row of docs/configuration.md's tables. Returns buf. */
const char *config_policy_text(const struct config_policy *row, char *buf, size_t size);

struct config_cpuid_feature {
    const char *name; /* as Linux's /proc/cpuinfo writes it */
    uint32_t leaf;
    uint32_t subleaf;
    uint8_t reg; /* 0 EAX to 3 EDX */
    uint8_t bit;
    bool needed; /* a guest without it is unlikely to run */
};

extern const struct config_cpuid_feature config_cpuid_features[];
extern const size_t config_cpuid_feature_count;

/* The feature at a bit, or NULL. */
const struct config_cpuid_feature *config_cpuid_find_bit(uint32_t leaf, uint32_t subleaf,
                                                         uint8_t reg, uint8_t bit);

/* "LEAF[.SUBLEAF]:REGISTER[[HIGH[:LOW]]]", for example "0x7.0:ebx[31:16]". */
bool config_parse_cpuid(const char *text, struct vm_cpuid_hide *hide);

#endif
