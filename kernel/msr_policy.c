/* SPDX-License-Identifier: Apache-2.0 */
/* Applies the MSR table (kernel/msr_table.c) to exits and to the MSR bitmap; see the header. */
#include "kernel/msr_policy.h"

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "kernel/msr_rules.h"
#include "kernel/string.h"

/* Bits of IA32_ARCH_CAPABILITIES that ask nothing of an MSR which guests do not have. */
#define ARCH_CAPABILITIES_SHOWN                                                                    \
    (ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_RSBA | ARCH_CAP_SKIP_L1DFL_VMENTRY |          \
     ARCH_CAP_SSB_NO | ARCH_CAP_MDS_NO | ARCH_CAP_PSCHANGE_MC_NO | ARCH_CAP_TAA_NO |               \
     ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO | ARCH_CAP_FB_CLEAR |            \
     ARCH_CAP_RRSBA | ARCH_CAP_BHI_NO | ARCH_CAP_PBRSB_NO | ARCH_CAP_GDS_NO | ARCH_CAP_RFDS_NO |   \
     ARCH_CAP_RFDS_CLEAR)

#define XAPIC_BASE UINT64_C(0xfee00000)

/* The bitmap's four parts: "MSR-Bitmap Address". */
#define BITMAP_LOW_FIRST  0x00000000u
#define BITMAP_HIGH_FIRST 0xc0000000u
#define BITMAP_RANGE      0x2000u
#define BITMAP_READ_LOW   0u
#define BITMAP_READ_HIGH  1024u
#define BITMAP_WRITE      2048u /* the same two parts again from here */

/* Which of the guest's CPUID bits stand for which feature of the table: any of the bits. */
static const struct {
    uint32_t leaf;
    uint32_t subleaf;
    size_t word; /* in struct cpuid_result */
    uint32_t bits;
    enum msr_feature feature;
} feature_bits[] = {
    {7, 0, offsetof(struct cpuid_result, ebx), CPUID_7_EBX_TSC_ADJUST, MSR_NEEDS_TSC_ADJUST},
    {7, 0, offsetof(struct cpuid_result, edx),
     CPUID_7_EDX_IBRS_IBPB | CPUID_7_EDX_STIBP | CPUID_7_EDX_SSBD, MSR_NEEDS_SPEC_CTRL},
    {7, 0, offsetof(struct cpuid_result, edx), CPUID_7_EDX_IBRS_IBPB, MSR_NEEDS_PRED_CMD},
    {7, 0, offsetof(struct cpuid_result, edx), CPUID_7_EDX_L1D_FLUSH, MSR_NEEDS_FLUSH_CMD},
    {7, 0, offsetof(struct cpuid_result, edx), CPUID_7_EDX_ARCH_CAPABILITIES,
     MSR_NEEDS_ARCH_CAPABILITIES},
    {1, 0, offsetof(struct cpuid_result, ecx), CPUID_1_ECX_TSC_DEADLINE, MSR_NEEDS_TSC_DEADLINE},
    {0x80000001, 0, offsetof(struct cpuid_result, edx), CPUID_80000001_EDX_RDTSCP,
     MSR_NEEDS_TSC_AUX},
    {7, 0, offsetof(struct cpuid_result, ecx), CPUID_7_ECX_RDPID, MSR_NEEDS_TSC_AUX},
    {0xd, 1, offsetof(struct cpuid_result, eax), CPUID_D_1_EAX_XSAVES, MSR_NEEDS_XSAVES},
    {0xd, 1, offsetof(struct cpuid_result, eax), CPUID_D_1_EAX_XFD, MSR_NEEDS_XFD},
    {1, 0, offsetof(struct cpuid_result, edx), CPUID_1_EDX_MTRR, MSR_NEEDS_MTRR},
    {1, 0, offsetof(struct cpuid_result, edx), CPUID_1_EDX_MCA, MSR_NEEDS_MCA},
};

static uint32_t guest_features(const struct cpuid_view *view, const struct msr_hardware *hardware)
{
    uint32_t features = 0;
    for (size_t i = 0; i < ARRAY_SIZE(feature_bits); i++) {
        struct cpuid_result r = cpuid_view_get(view, feature_bits[i].leaf, feature_bits[i].subleaf);
        uint32_t word = *(const uint32_t *)((const uint8_t *)&r + feature_bits[i].word);
        if (word & feature_bits[i].bits) {
            features |= feature_bits[i].feature;
        }
    }
    if (hardware->arch_capabilities & ARCH_CAP_IBRS_ALL) {
        features |= MSR_NEEDS_ENHANCED_IBRS;
    }
    return features;
}

static bool applies(const struct msr_policy *policy, const struct msr_rule *rule)
{
    return (policy->features & rule->needs) == rule->needs;
}

/* The place in the direct indices where an MSR's row is kept, or NULL when it has none. */
static uint8_t *direct_index(struct msr_policy *policy, uint32_t msr)
{
    if (msr < MSR_POLICY_DIRECT) {
        return &policy->direct[msr];
    }
    uint32_t apic_register = msr - MSR_X2APIC_FIRST;
    return apic_register < MSR_POLICY_X2APIC ? &policy->x2apic[apic_register] : NULL;
}

static void fill_direct(struct msr_policy *policy)
{
    for (size_t i = 0; i < msr_rule_count; i++) {
        const struct msr_rule *rule = &msr_rules[i];
        for (uint32_t msr = rule->first; msr <= rule->last; msr++) {
            uint8_t *row = direct_index(policy, msr);
            if (row != NULL && *row == 0 && applies(policy, rule)) {
                *row = (uint8_t)(i + 1);
            }
        }
    }
}

COLD void msr_policy_init(struct msr_policy *policy, const struct cpuid_view *view,
                          const struct msr_hardware *hardware, uint64_t tsc_hz, bool mc_bank)
{
    memset(policy, 0, sizeof(*policy));
    policy->features = guest_features(view, hardware);
    policy->features |= mc_bank ? MSR_NEEDS_MC_BANK : 0;
    policy->deadline = policy->features & MSR_NEEDS_TSC_DEADLINE;
    policy->arch_capabilities = hardware->arch_capabilities & ARCH_CAPABILITIES_SHOWN;
    policy->bios_sign_id = (uint64_t)hardware->microcode << 32;
    policy->platform_info = FIELD_SET(PLATFORM_INFO_MAX_RATIO, tsc_hz / 100000000);
    policy->physical_mask = BIT(hardware->physical_bits) - 1;
    fill_direct(policy);
}

COLD void msr_vcpu_reset(struct msr_vcpu *vcpu, bool first, bool x2apic)
{
    vcpu->apic_base =
        XAPIC_BASE | APIC_BASE_EN | (first ? APIC_BASE_BSP : 0) | (x2apic ? APIC_BASE_EXTD : 0);
    vcpu->mtrr_def_type = MTRR_DEF_TYPE_E | MEMORY_TYPE_WB;
    guest_mca_reset(&vcpu->mca);
}

static const struct msr_rule *search(const struct msr_policy *policy, uint32_t msr)
{
    for (size_t i = 0; i < msr_rule_count; i++) {
        const struct msr_rule *rule = &msr_rules[i];
        if (msr >= rule->first && msr <= rule->last && applies(policy, rule)) {
            return rule;
        }
    }
    return NULL;
}

static inline const struct msr_rule *find(const struct msr_policy *policy, uint32_t msr)
{
    uint32_t row;
    if (__builtin_expect(msr < MSR_POLICY_DIRECT, 1)) {
        row = policy->direct[msr];
    } else if (msr - MSR_X2APIC_FIRST < MSR_POLICY_X2APIC) {
        row = policy->x2apic[msr - MSR_X2APIC_FIRST];
    } else {
        return search(policy, msr);
    }
    return row == 0 ? NULL : &msr_rules[row - 1];
}

const struct msr_rule *msr_rule_find(const struct msr_policy *policy, uint32_t msr)
{
    return find(policy, msr);
}

COLD const char *msr_policy_name(uint32_t msr)
{
    for (size_t i = 0; i < msr_rule_count; i++) {
        if (msr >= msr_rules[i].first && msr <= msr_rules[i].last) {
            return msr_rules[i].name;
        }
    }
    return msr_policy_forbidden(msr, msr, true);
}

const char *msr_policy_forbidden(uint32_t first, uint32_t last, bool write)
{
    for (size_t i = 0; i < msr_forbidden_count; i++) {
        const struct msr_forbidden *f = &msr_forbidden[i];
        if (first <= f->last && last >= f->first && (write || f->reading_too)) {
            return f->name;
        }
    }
    return NULL;
}

/* ---- the bitmap ---------------------------------------------------------------------------- */

static void open_msr(uint8_t bitmap[MSR_BITMAP_SIZE], uint32_t msr, bool write)
{
    bool high = msr >= BITMAP_HIGH_FIRST;
    uint32_t bit = msr - (high ? BITMAP_HIGH_FIRST : BITMAP_LOW_FIRST);
    if (bit >= BITMAP_RANGE) {
        return; /* outside both ranges every access exits */
    }
    uint32_t part = (high ? BITMAP_READ_HIGH : BITMAP_READ_LOW) + (write ? BITMAP_WRITE : 0);
    bitmap[part + bit / 8] &= (uint8_t) ~(1u << (bit % 8));
}

static void open_rule(const struct msr_policy *policy, const struct msr_rule *rule,
                      uint8_t bitmap[MSR_BITMAP_SIZE])
{
    for (uint32_t msr = rule->first; msr <= rule->last; msr++) {
        if (msr_rule_find(policy, msr) != rule) {
            continue;
        }
        if (rule->pass & MSR_PASS_READ) {
            open_msr(bitmap, msr, false);
        }
        if (rule->pass & MSR_PASS_WRITE) {
            open_msr(bitmap, msr, true);
        }
    }
}

/* Opens [first, last] as far as it lies in [from, from + BITMAP_RANGE). */
static void open_range(const struct vm_msr_range *range, uint32_t from,
                       uint8_t bitmap[MSR_BITMAP_SIZE])
{
    uint32_t first = MAX(range->first, from);
    uint32_t last = MIN(range->last, from + BITMAP_RANGE - 1);
    for (uint32_t msr = first; msr <= last; msr++) {
        if (!msr_policy_forbidden(msr, msr, false)) {
            open_msr(bitmap, msr, false);
        }
        if (range->write && !msr_policy_forbidden(msr, msr, true)) {
            open_msr(bitmap, msr, true);
        }
    }
}

COLD void msr_policy_build_bitmap(const struct msr_policy *policy,
                                  const struct vm_msr_range *ranges, uint32_t count,
                                  uint8_t bitmap[MSR_BITMAP_SIZE])
{
    memset(bitmap, 0xff, MSR_BITMAP_SIZE);
    for (size_t i = 0; i < msr_rule_count; i++) {
        open_rule(policy, &msr_rules[i], bitmap);
    }
    for (uint32_t i = 0; i < count; i++) {
        open_range(&ranges[i], BITMAP_LOW_FIRST, bitmap);
        open_range(&ranges[i], BITMAP_HIGH_FIRST, bitmap);
    }
}

/* ---- exits --------------------------------------------------------------------------------- */

enum msr_verdict msr_policy_read(const struct msr_policy *policy, const struct msr_vcpu *vcpu,
                                 uint32_t msr, uint64_t *value)
{
    const struct msr_rule *rule = find(policy, msr);
    if (rule == NULL || rule->read == MSR_SOURCE_NONE) {
        return MSR_DENIED;
    }
    *value = msr_rule_value(rule, policy, vcpu);
    return MSR_DONE;
}

enum msr_verdict msr_policy_write(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                  uint32_t msr, uint64_t *value)
{
    const struct msr_rule *rule = find(policy, msr);
    if (rule == NULL || rule->write == NULL) {
        return MSR_DENIED;
    }
    return rule->write(policy, vcpu, value);
}
