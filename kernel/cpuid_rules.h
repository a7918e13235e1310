/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the parts of the CPUID policy: the table's rows (kernel/cpuid_table.c), the functions
 * they name (kernel/cpuid_compute.c) and the builder of views (kernel/cpuid_policy.c), which alone
 * include this.
 */
#ifndef KERNEL_CPUID_RULES_H
#define KERNEL_CPUID_RULES_H

#include "kernel/cpuid_policy.h"

/* State of building one view. */
struct cpuid_build {
    struct cpuid_view *view;
    const struct cpuid_input *input;
    uint32_t max_basic; /* of the processor */
    uint32_t max_extended;
    uint32_t apic_id;       /* of this vCPU */
    uint32_t smt_shift;     /* APIC id bits below the core's number */
    uint32_t package_shift; /* APIC id bits below the package's number */
    uint32_t threads;       /* the VM's CPUs in one core, the most of any */
    uint32_t cores;         /* the VM's cores in one package, the most of any */
};

/*
 * Changes `entry`, which holds what passes and what is forced, to what guests see. `hardware` is
 * the processor's whole answer, 0 where the processor does not have the leaf.
 */
typedef void (*cpuid_compute_fn)(struct cpuid_build *build, uint32_t subleaf,
                                 const struct cpuid_result *hardware, struct cpuid_entry *entry);

struct cpuid_rule {
    uint32_t leaf;
    uint8_t subleaves; /* 0: the subleaf does not matter; else the row is for 0 to subleaves-1 */
    uint8_t first;     /* ... except that rows of one leaf follow each other from here */
    bool answers_all;  /* subleaves beyond the leaf's rows answer as the last row does */
    struct cpuid_result pass;
    struct cpuid_result set;
    cpuid_compute_fn compute; /* or NULL */
};

/* Sorted by leaf, rows of one leaf by subleaf. Leaves without a row answer 0. */
extern const struct cpuid_rule cpuid_rules[];
extern const size_t cpuid_rule_count;

void cpuid_compute_max_basic(struct cpuid_build *build, uint32_t subleaf,
                             const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_features(struct cpuid_build *build, uint32_t subleaf,
                            const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_cache(struct cpuid_build *build, uint32_t subleaf,
                         const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_extended_features(struct cpuid_build *build, uint32_t subleaf,
                                     const struct cpuid_result *hardware,
                                     struct cpuid_entry *entry);
void cpuid_compute_topology(struct cpuid_build *build, uint32_t subleaf,
                            const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_xsave(struct cpuid_build *build, uint32_t subleaf,
                         const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_tsc(struct cpuid_build *build, uint32_t subleaf,
                       const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_frequency(struct cpuid_build *build, uint32_t subleaf,
                             const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_tlb(struct cpuid_build *build, uint32_t subleaf,
                       const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_amx(struct cpuid_build *build, uint32_t subleaf,
                       const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_version(struct cpuid_build *build, uint32_t subleaf,
                           const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_timing(struct cpuid_build *build, uint32_t subleaf,
                          const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_max_extended(struct cpuid_build *build, uint32_t subleaf,
                                const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_extended_1(struct cpuid_build *build, uint32_t subleaf,
                              const struct cpuid_result *hardware, struct cpuid_entry *entry);
void cpuid_compute_addresses(struct cpuid_build *build, uint32_t subleaf,
                             const struct cpuid_result *hardware, struct cpuid_entry *entry);

/* Fills smt_shift, package_shift, threads and cores. */
void cpuid_find_topology(struct cpuid_build *build);

#endif
