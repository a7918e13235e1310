/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a vCPU's view of CPUID from the table and looks answers up in it; see the header. The
 * table is kernel/cpuid_table.c, what it computes kernel/cpuid_compute.c.
 */
#include "kernel/cpuid_policy.h"

#include "guests/include/bulkhead_abi.h"
#include "kernel/cpu_regs.h"
#include "kernel/cpuid_rules.h"
#include "kernel/string.h"

enum { RANGE_BASIC, RANGE_HYPERVISOR, RANGE_EXTENDED, RANGE_NONE };

/* ---- looking up ---------------------------------------------------------------------------- */

/*
 * "If a value entered for CPUID.EAX is higher than the maximum input value ... the data for the
 * highest basic information leaf is returned."
 */
const struct cpuid_entry *cpuid_policy_find_far(const struct cpuid_view *view, uint32_t leaf,
                                                uint32_t subleaf)
{
    if (leaf == BULKHEAD_CPUID_KVM || leaf == BULKHEAD_CPUID_KVM_FEATURES) {
        return &view->entries[view->kvm.first + (leaf - BULKHEAD_CPUID_KVM)];
    }
    return cpuid_slot_entry(view, view->highest, subleaf);
}

struct cpuid_result cpuid_view_get(const struct cpuid_view *view, uint32_t leaf, uint32_t subleaf)
{
    return cpuid_policy_find(view, leaf, subleaf)->result;
}

/* ---- topology ------------------------------------------------------------------------------ */

/* Shifts from the extended topology leaf; false when the processor has none. */
static bool shifts_from_leaf(struct cpuid_build *build, uint32_t leaf)
{
    if (build->max_basic < leaf || build->input->read(leaf, 0).ebx == 0) {
        return false;
    }
    for (uint32_t level = 0; level < 8; level++) {
        struct cpuid_result r = build->input->read(leaf, level);
        uint32_t type = r.ecx >> 8 & 0xff;
        if (type == CPUID_LEVEL_INVALID) {
            break;
        }
        build->package_shift = r.eax & 0x1f; /* of the last level */
        if (type == CPUID_LEVEL_SMT && (r.ebx & 0xffff) > 1) {
            build->smt_shift = r.eax & 0x1f; /* one thread a core needs no bits for it */
        }
    }
    return true;
}

static uint32_t bits_for(uint32_t count)
{
    return count <= 1 ? 0 : 32 - (uint32_t)__builtin_clz(count - 1);
}

/* "Hierarchical Mapping of CPUID Extended Topology Leaf" and, before it existed, leaves 1 and 4. */
static void find_shifts(struct cpuid_build *build)
{
    if (shifts_from_leaf(build, 0x1f) || shifts_from_leaf(build, 0xb)) {
        return;
    }
    struct cpuid_result one = build->input->read(1, 0);
    uint32_t logical =
        (one.edx & CPUID_1_EDX_HTT) ? (uint32_t)FIELD_GET(CPUID_1_EBX_APIC_IDS, one.ebx) : 1;
    uint32_t cores = 1;
    if (build->max_basic >= 4) {
        cores += (uint32_t)FIELD_GET(CPUID_4_EAX_CORES, build->input->read(4, 0).eax);
    }
    build->package_shift = bits_for(logical);
    build->smt_shift = build->package_shift - MIN(bits_for(cores), build->package_shift);
}

COLD void cpuid_find_topology(struct cpuid_build *build)
{
    const uint32_t *ids = build->input->apic_ids;
    uint32_t count = build->input->vcpu_count;
    find_shifts(build);
    build->smt_shift = MIN(build->smt_shift, build->package_shift);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t threads = 0;
        uint32_t cores = 0;
        for (uint32_t j = 0; j < count; j++) {
            threads += ids[j] >> build->smt_shift == ids[i] >> build->smt_shift;
            bool first_of_core = true;
            for (uint32_t k = 0; k < j; k++) {
                first_of_core &= ids[k] >> build->smt_shift != ids[j] >> build->smt_shift;
            }
            bool same_package = ids[j] >> build->package_shift == ids[i] >> build->package_shift;
            cores += same_package && first_of_core;
        }
        build->threads = MAX(build->threads, threads);
        build->cores = MAX(build->cores, cores);
    }
}

/* ---- building ------------------------------------------------------------------------------ */

static bool processor_has(const struct cpuid_build *build, uint32_t leaf)
{
    switch (leaf >> 30) {
    case RANGE_BASIC:
        return leaf <= build->max_basic;
    case RANGE_EXTENDED:
        return leaf <= build->max_extended;
    default:
        return false;
    }
}

static void hide(const struct cpuid_input *input, const struct cpuid_rule *rule, uint32_t subleaf,
                 struct cpuid_result *result)
{
    uint32_t *const regs[4] = {&result->eax, &result->ebx, &result->ecx, &result->edx};
    for (uint32_t i = 0; i < input->hide_count; i++) {
        const struct vm_cpuid_hide *h = &input->hide[i];
        bool same_subleaf = rule->subleaves == 0 || h->subleaf == subleaf;
        if (h->leaf == rule->leaf && same_subleaf) {
            *regs[h->reg & 3] &= ~h->mask;
        }
    }
}

/* Hides before computing too: what is hidden must not count when others depend on it. */
static struct cpuid_entry make_entry(struct cpuid_build *build, const struct cpuid_rule *rule,
                                     uint32_t subleaf)
{
    struct cpuid_result hardware = {0};
    if (processor_has(build, rule->leaf)) {
        hardware = build->input->read(rule->leaf, subleaf);
    }
    struct cpuid_entry entry = {
        .result = {.eax = (hardware.eax & rule->pass.eax) | rule->set.eax,
                   .ebx = (hardware.ebx & rule->pass.ebx) | rule->set.ebx,
                   .ecx = (hardware.ecx & rule->pass.ecx) | rule->set.ecx,
                   .edx = (hardware.edx & rule->pass.edx) | rule->set.edx},
    };
    hide(build->input, rule, subleaf, &entry.result);
    if (rule->compute) {
        rule->compute(build, subleaf, &hardware, &entry);
        hide(build->input, rule, subleaf, &entry.result);
    }
    return entry;
}

static struct cpuid_slot *slot_of(struct cpuid_view *view, uint32_t leaf)
{
    uint32_t offset = leaf & 0x3fffffffu;
    return offset < CPUID_VIEW_LEAVES ? &view->slots[leaf >> 30][offset] : &view->kvm;
}

static void add_rule(struct cpuid_build *build, const struct cpuid_rule *rule)
{
    struct cpuid_view *view = build->view;
    struct cpuid_slot *slot = slot_of(view, rule->leaf);
    bool begins = rule->first == 0 && rule->leaf != BULKHEAD_CPUID_KVM_FEATURES;
    if (begins) {
        slot->first = (uint8_t)view->count;
    }
    slot->subleaves = (uint8_t)(rule->subleaves == 0 ? 0 : rule->first + rule->subleaves);
    uint32_t entries = MAX(rule->subleaves, 1u);
    for (uint32_t i = 0; i < entries && view->count < CPUID_VIEW_ENTRIES; i++) {
        view->entries[view->count] = make_entry(build, rule, rule->first + i);
        view->count++;
    }
    slot->other = (uint8_t)(rule->answers_all ? view->count - 1 : 0);
}

/* Leaves above each range's highest answer as the highest basic leaf does. */
static void fill_absent_leaves(struct cpuid_view *view)
{
    uint32_t basic = cpuid_view_get(view, 0, 0).eax;
    uint32_t extended = cpuid_view_get(view, 0x80000000u, 0).eax & 0x3fffffffu;
    const uint32_t last[4] = {
        [RANGE_BASIC] = basic,
        [RANGE_HYPERVISOR] = BULKHEAD_CPUID_LAST & 0x3fffffffu,
        [RANGE_EXTENDED] = extended,
        [RANGE_NONE] = 0,
    };
    view->highest = view->slots[RANGE_BASIC][MIN(basic, CPUID_VIEW_LEAVES - 1u)];
    for (uint32_t range = 0; range < 4; range++) {
        uint32_t from = range == RANGE_NONE ? 0 : last[range] + 1;
        for (uint32_t leaf = from; leaf < CPUID_VIEW_LEAVES; leaf++) {
            view->slots[range][leaf] = view->highest;
        }
    }
}

COLD void cpuid_view_build(struct cpuid_view *view, const struct cpuid_input *input)
{
    struct cpuid_build build = {
        .view = view,
        .input = input,
        .max_basic = input->read(0, 0).eax,
        .max_extended = input->read(0x80000000u, 0).eax,
        .apic_id = input->apic_ids[input->vcpu_index],
    };
    memset(view, 0, sizeof(*view));
    view->count = 1; /* entry 0 answers 0 */
    cpuid_find_topology(&build);
    for (size_t i = 0; i < cpuid_rule_count; i++) {
        add_rule(&build, &cpuid_rules[i]);
    }
    fill_absent_leaves(view);
}
