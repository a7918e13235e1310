/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The computed parts of the CPUID policy: functions named in kernel/cpuid_table.c, in its order.
 * Each gets what passes and changes it; all run once per vCPU start. Pure.
 */
#include "guests/include/bulkhead_abi.h"
#include "kernel/cpu_regs.h"
#include "kernel/cpuid_rules.h"

#define MAX_BASIC_LEAST 0x16u /* leaves 0x15 and 0x16 are always there */
#define MAX_BASIC_MOST  0x1fu
#define MAX_EXTENDED    0x80000008u
#define LINEAR_BITS     48u /* LA57 is hidden */
#define PHYSICAL_BITS   48u /* what an EPT walk of 4 levels reaches */

void cpuid_compute_max_basic(struct cpuid_build *build, uint32_t subleaf,
                             const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)build;
    (void)subleaf;
    entry->result.eax = MIN(MAX(hardware->eax, MAX_BASIC_LEAST), MAX_BASIC_MOST);
}

void cpuid_compute_features(struct cpuid_build *build, uint32_t subleaf,
                            const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)subleaf;
    (void)hardware;
    struct cpuid_result *r = &entry->result;
    uint32_t addressable = 1;
    if (build->threads * build->cores > 1) {
        r->edx |= CPUID_1_EDX_HTT;
        addressable = MIN(1u << MIN(build->package_shift, 8u), 255u);
    }
    r->ebx |= (uint32_t)FIELD_SET(CPUID_1_EBX_APIC_IDS, addressable);
    r->ebx |= (uint32_t)FIELD_SET(CPUID_1_EBX_APIC_ID, build->apic_id);
    if (r->ecx & CPUID_1_ECX_XSAVE) {
        entry->dynamic |= CPUID_DYNAMIC_OSXSAVE;
    }
}

void cpuid_compute_cache(struct cpuid_build *build, uint32_t subleaf,
                         const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)subleaf;
    (void)hardware;
    struct cpuid_result *r = &entry->result;
    if ((r->eax & CPUID_4_EAX_TYPE) == 0) {
        *r = (struct cpuid_result){0};
        return;
    }
    uint32_t in_package = (1u << build->package_shift) - 1;
    uint32_t cores = (1u << (build->package_shift - build->smt_shift)) - 1;
    uint32_t sharing = MIN((uint32_t)FIELD_GET(CPUID_4_EAX_SHARING, r->eax), in_package);
    r->eax &= ~(CPUID_4_EAX_SHARING | CPUID_4_EAX_CORES);
    r->eax |= (uint32_t)FIELD_SET(CPUID_4_EAX_SHARING, sharing);
    r->eax |= (uint32_t)FIELD_SET(CPUID_4_EAX_CORES, MIN(cores, 63u));
}

void cpuid_compute_extended_features(struct cpuid_build *build, uint32_t subleaf,
                                     const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)subleaf;
    struct cpuid_result *r = &entry->result;
    r->eax = MIN(hardware->eax, 2u);
    if (!build->input->invpcid) {
        r->ebx &= ~CPUID_7_EBX_INVPCID;
    }
    if (!build->input->rdtscp) {
        r->ecx &= ~CPUID_7_ECX_RDPID; /* "enable RDTSCP" governs both */
    }
    if (r->ecx & CPUID_7_ECX_PKU) {
        entry->dynamic |= CPUID_DYNAMIC_OSPKE;
    }
}

/*
 * Levels: threads of a core, cores of a package. Shifts are the processor's, because guests see
 * physical APIC ids; the numbers of CPUs are the VM's, the same for all its vCPUs.
 */
void cpuid_compute_topology(struct cpuid_build *build, uint32_t subleaf,
                            const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)hardware;
    struct cpuid_result *r = &entry->result;
    *r = (struct cpuid_result){.edx = build->apic_id};
    entry->dynamic = CPUID_DYNAMIC_SUBLEAF;
    if (subleaf == 0) {
        r->eax = build->smt_shift;
        r->ebx = build->threads;
        r->ecx = CPUID_LEVEL_SMT << 8;
    } else if (subleaf == 1) {
        r->eax = build->package_shift;
        r->ebx = build->threads * build->cores;
        r->ecx = CPUID_LEVEL_CORE << 8;
    }
}

void cpuid_compute_tlb(struct cpuid_build *build, uint32_t subleaf,
                       const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)build;
    (void)hardware;
    if (subleaf == 0) {
        entry->result.eax = MIN(entry->result.eax, 9u);
    }
}

void cpuid_compute_amx(struct cpuid_build *build, uint32_t subleaf,
                       const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)hardware;
    if (!(build->view->xcr0 & XCR0_TILEDATA)) {
        entry->result = (struct cpuid_result){0};
    } else if (subleaf == 0) {
        entry->result.eax = MIN(entry->result.eax, 1u);
    }
}

void cpuid_compute_version(struct cpuid_build *build, uint32_t subleaf,
                           const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)subleaf;
    (void)hardware;
    entry->result.ebx = build->input->vcpu_index;
    entry->result.ecx = build->input->vcpu_count;
}

void cpuid_compute_timing(struct cpuid_build *build, uint32_t subleaf,
                          const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)subleaf;
    (void)hardware;
    entry->result.eax = (uint32_t)(build->input->tsc_hz / 1000);
    entry->result.ebx = (uint32_t)(build->input->apic_timer_hz / 1000);
}

void cpuid_compute_max_extended(struct cpuid_build *build, uint32_t subleaf,
                                const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)build;
    (void)subleaf;
    entry->result.eax = MIN(hardware->eax, MAX_EXTENDED);
}

void cpuid_compute_extended_1(struct cpuid_build *build, uint32_t subleaf,
                              const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)subleaf;
    (void)hardware;
    if (!build->input->rdtscp) {
        entry->result.edx &= ~CPUID_80000001_EDX_RDTSCP;
    }
}

void cpuid_compute_addresses(struct cpuid_build *build, uint32_t subleaf,
                             const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    (void)build;
    (void)subleaf;
    (void)hardware;
    uint32_t eax = entry->result.eax;
    uint32_t physical = MIN((uint32_t)FIELD_GET(CPUID_80000008_EAX_PHYSICAL, eax), PHYSICAL_BITS);
    uint32_t linear = MIN((uint32_t)FIELD_GET(CPUID_80000008_EAX_LINEAR, eax), LINEAR_BITS);
    entry->result.eax = physical | linear << 8;
}
