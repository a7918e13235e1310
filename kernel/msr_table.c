/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MSR policy: a row an MSR, sorted by number; SDM volume 4. Everything else is denied: #GP,
 * counted, logged once. Deliberately absent, so denied: microcode loading, MTRR ranges, feature
 * control, clock, power and heat, performance counters, tracing, SMM, VMX, SGX, cache allocation.
 *
 * Linux 6.1 reads without catching #GP (and warns when it gets one): IA32_PLATFORM_ID,
 * IA32_APIC_BASE, IA32_BIOS_SIGN_ID, IA32_MTRRCAP, IA32_MTRR_DEF_TYPE, IA32_MISC_ENABLE,
 * IA32_MCG_CAP, IA32_MCG_STATUS (where #GP is a panic), IA32_PAT, IA32_EFER, and where CPUID offers
 * them IA32_TSC_ADJUST (every second, when idle: so its reading passes), IA32_SPEC_CTRL,
 * IA32_ARCH_CAPABILITIES, IA32_XSS, IA32_XFD.
 *
 * Writes of the TSC are dropped, not refused: all VMs share one time, and guests try it in good
 * faith without a handler for #GP.
 */
#include "kernel/cpu_regs.h"
#include "kernel/icr.h"
#include "kernel/msr.h"
#include "kernel/msr_rules.h"

/* ---- writing ------------------------------------------------------------------------------- */

static enum msr_verdict write_nothing(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                      uint64_t *value)
{
    (void)policy;
    (void)vcpu;
    (void)value;
    return MSR_DONE;
}

static enum msr_verdict write_dropped(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                      uint64_t *value)
{
    (void)policy;
    (void)vcpu;
    (void)value;
    return MSR_IGNORED;
}

static enum msr_verdict write_zero(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                   uint64_t *value)
{
    (void)policy;
    (void)vcpu;
    return *value == 0 ? MSR_DONE : MSR_FAULT;
}

/*
 * "x2APIC State Transitions". The value is held here only: the processor's own APIC stays in x2APIC
 * mode for good. The page cannot be moved.
 */
static enum msr_verdict write_apic_base(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                        uint64_t *value)
{
    const uint64_t modes = APIC_BASE_EN | APIC_BASE_EXTD;
    uint64_t defined = APIC_BASE_BSP | modes | (APIC_BASE_ADDRESS & policy->physical_mask);
    uint64_t from = vcpu->apic_base & modes;
    uint64_t to = *value & modes;
    bool from_disabled_to_x2apic = from == 0 && to == modes;
    bool from_x2apic_to_xapic = from == modes && to == APIC_BASE_EN;
    if ((*value & ~defined) || to == APIC_BASE_EXTD || from_disabled_to_x2apic ||
        from_x2apic_to_xapic) {
        return MSR_FAULT;
    }
    if ((*value ^ vcpu->apic_base) & APIC_BASE_ADDRESS) {
        return MSR_DENIED;
    }
    vcpu->apic_base = (vcpu->apic_base & ~modes) | to;
    return MSR_DONE;
}

/* With enhanced IBRS root mode relies on the bit as well: guests cannot clear it. */
static enum msr_verdict write_spec_ctrl(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                        uint64_t *value)
{
    (void)policy;
    (void)vcpu;
    *value |= SPEC_CTRL_IBRS;
    return MSR_HARDWARE;
}

#define MISC_ENABLE_VALUE                                                                          \
    (MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_BTS_UNAVAILABLE | MISC_ENABLE_PEBS_UNAVAILABLE)

static enum msr_verdict write_misc_enable(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                          uint64_t *value)
{
    (void)policy;
    (void)vcpu;
    return *value == MISC_ENABLE_VALUE ? MSR_DONE : MSR_IGNORED;
}

/* Last-branch recording and branch stepping are not given; tracing must not be. */
static enum msr_verdict write_debugctl(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                       uint64_t *value)
{
    (void)policy;
    (void)vcpu;
    if (*value & ~(DEBUGCTL_LBR | DEBUGCTL_BTF)) {
        return MSR_DENIED;
    }
    return *value == 0 ? MSR_DONE : MSR_IGNORED;
}

/* No ranges, so only the default counts, and that only as a number that reads back. */
static enum msr_verdict write_mtrr_def_type(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                            uint64_t *value)
{
    const uint64_t types = BIT(MEMORY_TYPE_UC) | BIT(MEMORY_TYPE_WC) | BIT(MEMORY_TYPE_WT) |
                           BIT(MEMORY_TYPE_WP) | BIT(MEMORY_TYPE_WB);
    uint64_t type = FIELD_GET(MTRR_DEF_TYPE_TYPE, *value);
    (void)policy;
    if ((*value & ~(MTRR_DEF_TYPE_TYPE | MTRR_DEF_TYPE_FE | MTRR_DEF_TYPE_E)) || type > 63 ||
        !(types & BIT(type))) {
        return MSR_FAULT;
    }
    vcpu->mtrr_def_type = *value;
    return MSR_DONE;
}

static enum msr_verdict write_icr(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                  uint64_t *value)
{
    (void)policy;
    (void)vcpu;
    (void)value;
    return MSR_ICR;
}

static enum msr_verdict write_lvt(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                  uint64_t *value)
{
    (void)policy;
    (void)vcpu;
    (void)value;
    return MSR_LVT;
}

/* "IA32_MCG_STATUS MSR": software may clear bits, and set MCIP. */
static enum msr_verdict write_mcg_status(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                         uint64_t *value)
{
    (void)policy;
    if (*value & ~(MCG_STATUS_RIPV | MCG_STATUS_EIPV | MCG_STATUS_MCIP)) {
        return MSR_FAULT;
    }
    vcpu->mca.mcg_status = *value;
    return MSR_DONE;
}

static enum msr_verdict write_mc_ctl(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                     uint64_t *value)
{
    (void)policy;
    vcpu->mca.ctl = *value;
    return MSR_DONE;
}

/* "IA32_MCi_STATUS MSRs", "IA32_MCi_ADDR MSRs": only 0 can be written. */
static enum msr_verdict clear(uint64_t *field, uint64_t value)
{
    if (value != 0) {
        return MSR_FAULT;
    }
    *field = 0;
    return MSR_DONE;
}

static enum msr_verdict write_mc_status(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                        uint64_t *value)
{
    (void)policy;
    return clear(&vcpu->mca.status, *value);
}

static enum msr_verdict write_mc_addr(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                      uint64_t *value)
{
    (void)policy;
    return clear(&vcpu->mca.addr, *value);
}

static enum msr_verdict write_mc_misc(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                      uint64_t *value)
{
    (void)policy;
    return clear(&vcpu->mca.misc, *value);
}

/* ---- the table ----------------------------------------------------------------------------- */

#define READ      MSR_PASS_READ
#define WRITE     MSR_PASS_WRITE
#define BOTH      MSR_PASS_BOTH
#define NONE      MSR_PASS_NONE

#define NO_SOURCE MSR_SOURCE_NONE
#define VALUE     MSR_SOURCE_VALUE
#define POLICY    MSR_SOURCE_POLICY
#define VCPU      MSR_SOURCE_VCPU

/* Name, what passes, needs, source of the value read, function of writing, value. */
#define RANGE(from, till, its_name, passes, need, source, function, number)                        \
    {                                                                                              \
        .first = (from), .last = (till), .name = (its_name), .pass = (passes), .needs = (need),    \
        .read = (source), .write = (function), .value = (number),                                  \
    }
#define ROW(msr, ...) RANGE((msr), (msr), __VA_ARGS__)

const struct msr_rule msr_rules[] = {
    RANGE(MSR_IA32_P5_MC_ADDR, MSR_IA32_P5_MC_TYPE, "IA32_P5_MC_ADDR", NONE, 0, VALUE, write_zero,
          0),
    ROW(MSR_IA32_TIME_STAMP_COUNTER, "IA32_TIME_STAMP_COUNTER", READ, 0, NO_SOURCE, write_dropped,
        0),
    ROW(MSR_IA32_PLATFORM_ID, "IA32_PLATFORM_ID", NONE, 0, VALUE, NULL, 0),
    ROW(MSR_IA32_APIC_BASE, "IA32_APIC_BASE", NONE, 0, VCPU, write_apic_base,
        offsetof(struct msr_vcpu, apic_base)),
    ROW(MSR_IA32_TSC_ADJUST, "IA32_TSC_ADJUST", READ, MSR_NEEDS_TSC_ADJUST, NO_SOURCE,
        write_dropped, 0),
    ROW(MSR_IA32_SPEC_CTRL, "IA32_SPEC_CTRL", READ, MSR_NEEDS_SPEC_CTRL | MSR_NEEDS_ENHANCED_IBRS,
        NO_SOURCE, write_spec_ctrl, 0),
    ROW(MSR_IA32_SPEC_CTRL, "IA32_SPEC_CTRL", BOTH, MSR_NEEDS_SPEC_CTRL, NO_SOURCE, NULL, 0),
    ROW(MSR_IA32_PRED_CMD, "IA32_PRED_CMD", WRITE, MSR_NEEDS_PRED_CMD, NO_SOURCE, NULL, 0),
    /* The update signature is read after writing 0. */
    ROW(MSR_IA32_BIOS_SIGN_ID, "IA32_BIOS_SIGN_ID", NONE, 0, POLICY, write_nothing,
        offsetof(struct msr_policy, bios_sign_id)),
    ROW(MSR_PLATFORM_INFO, "MSR_PLATFORM_INFO", NONE, 0, POLICY, NULL,
        offsetof(struct msr_policy, platform_info)),
    ROW(MSR_IA32_MTRRCAP, "IA32_MTRRCAP", NONE, MSR_NEEDS_MTRR, VALUE, NULL, MTRRCAP_WC),
    ROW(MSR_IA32_ARCH_CAPABILITIES, "IA32_ARCH_CAPABILITIES", NONE, MSR_NEEDS_ARCH_CAPABILITIES,
        POLICY, NULL, offsetof(struct msr_policy, arch_capabilities)),
    ROW(MSR_IA32_FLUSH_CMD, "IA32_FLUSH_CMD", WRITE, MSR_NEEDS_FLUSH_CMD, NO_SOURCE, NULL, 0),
    RANGE(MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_EIP, "IA32_SYSENTER", BOTH, 0, NO_SOURCE, NULL,
          0),
    ROW(MSR_IA32_MCG_CAP, "IA32_MCG_CAP", NONE, MSR_NEEDS_MCA | MSR_NEEDS_MC_BANK, VALUE, NULL,
        GUEST_MCG_CAP),
    ROW(MSR_IA32_MCG_CAP, "IA32_MCG_CAP", NONE, MSR_NEEDS_MCA, VALUE, NULL, 0),
    ROW(MSR_IA32_MCG_STATUS, "IA32_MCG_STATUS", NONE, MSR_NEEDS_MCA | MSR_NEEDS_MC_BANK, VCPU,
        write_mcg_status, offsetof(struct msr_vcpu, mca.mcg_status)),
    ROW(MSR_IA32_MCG_STATUS, "IA32_MCG_STATUS", NONE, MSR_NEEDS_MCA, VALUE, write_zero, 0),
    ROW(MSR_IA32_MISC_ENABLE, "IA32_MISC_ENABLE", NONE, 0, VALUE, write_misc_enable,
        MISC_ENABLE_VALUE),
    RANGE(MSR_IA32_XFD, MSR_IA32_XFD_ERR, "IA32_XFD", BOTH, MSR_NEEDS_XFD, NO_SOURCE, NULL, 0),
    ROW(MSR_IA32_DEBUGCTL, "IA32_DEBUGCTL", NONE, 0, VALUE, write_debugctl, 0),
    ROW(MSR_IA32_PAT, "IA32_PAT", BOTH, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_IA32_MTRR_DEF_TYPE, "IA32_MTRR_DEF_TYPE", NONE, MSR_NEEDS_MTRR, VCPU,
        write_mtrr_def_type, offsetof(struct msr_vcpu, mtrr_def_type)),
    ROW(MSR_IA32_MC0_CTL, "IA32_MC0_CTL", NONE, MSR_NEEDS_MCA | MSR_NEEDS_MC_BANK, VCPU,
        write_mc_ctl, offsetof(struct msr_vcpu, mca.ctl)),
    ROW(MSR_IA32_MC0_STATUS, "IA32_MC0_STATUS", NONE, MSR_NEEDS_MCA | MSR_NEEDS_MC_BANK, VCPU,
        write_mc_status, offsetof(struct msr_vcpu, mca.status)),
    ROW(MSR_IA32_MC0_ADDR, "IA32_MC0_ADDR", NONE, MSR_NEEDS_MCA | MSR_NEEDS_MC_BANK, VCPU,
        write_mc_addr, offsetof(struct msr_vcpu, mca.addr)),
    ROW(MSR_IA32_MC0_MISC, "IA32_MC0_MISC", NONE, MSR_NEEDS_MCA | MSR_NEEDS_MC_BANK, VCPU,
        write_mc_misc, offsetof(struct msr_vcpu, mca.misc)),
    ROW(MSR_IA32_TSC_DEADLINE, "IA32_TSC_DEADLINE", BOTH, MSR_NEEDS_TSC_DEADLINE, NO_SOURCE, NULL,
        0),

    /* "x2APIC Register Address Space" */
    RANGE(MSR_X2APIC_APICID, MSR_X2APIC_VERSION, "IA32_X2APIC_APICID", READ, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_X2APIC_TPR, "IA32_X2APIC_TPR", BOTH, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_X2APIC_PPR, "IA32_X2APIC_PPR", READ, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_X2APIC_EOI, "IA32_X2APIC_EOI", WRITE, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_X2APIC_LDR, "IA32_X2APIC_LDR", READ, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_X2APIC_SIVR, "IA32_X2APIC_SIVR", BOTH, 0, NO_SOURCE, NULL, 0),
    RANGE(MSR_X2APIC_ISR0, MSR_X2APIC_ISR0 + 7, "IA32_X2APIC_ISR", READ, 0, NO_SOURCE, NULL, 0),
    RANGE(MSR_X2APIC_TMR0, MSR_X2APIC_TMR0 + 7, "IA32_X2APIC_TMR", READ, 0, NO_SOURCE, NULL, 0),
    RANGE(MSR_X2APIC_IRR0, MSR_X2APIC_IRR0 + 7, "IA32_X2APIC_IRR", READ, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_X2APIC_ESR, "IA32_X2APIC_ESR", BOTH, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_X2APIC_LVT_CMCI, "IA32_X2APIC_LVT_CMCI", READ, 0, NO_SOURCE, write_lvt, 0),
    ROW(MSR_X2APIC_ICR, "IA32_X2APIC_ICR", READ, 0, NO_SOURCE, write_icr, 0),
    RANGE(MSR_X2APIC_LVT_TIMER, MSR_X2APIC_LVT_ERROR, "IA32_X2APIC_LVT", READ, 0, NO_SOURCE,
          write_lvt, 0),
    ROW(MSR_X2APIC_INITIAL_COUNT, "IA32_X2APIC_INIT_COUNT", BOTH, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_X2APIC_CURRENT_COUNT, "IA32_X2APIC_CUR_COUNT", READ, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_X2APIC_DIVIDE, "IA32_X2APIC_DIV_CONF", BOTH, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_X2APIC_SELF_IPI, "IA32_X2APIC_SELF_IPI", WRITE, 0, NO_SOURCE, NULL, 0),

    /* No supervisor state component is offered. */
    ROW(MSR_IA32_XSS, "IA32_XSS", NONE, MSR_NEEDS_XSAVES, VALUE, write_zero, 0),

    /* State of the guest: switched by the VMCS, or not used in root mode. */
    RANGE(MSR_IA32_EFER, MSR_IA32_FMASK, "IA32_EFER", BOTH, 0, NO_SOURCE, NULL, 0),
    RANGE(MSR_IA32_FS_BASE, MSR_IA32_KERNEL_GS_BASE, "IA32_FS_BASE", BOTH, 0, NO_SOURCE, NULL, 0),
    ROW(MSR_IA32_TSC_AUX, "IA32_TSC_AUX", BOTH, MSR_NEEDS_TSC_AUX, NO_SOURCE, NULL, 0),
};

const size_t msr_rule_count = ARRAY_SIZE(msr_rules);

/* ---- what stays closed --------------------------------------------------------------------- */

const struct msr_forbidden msr_forbidden[] = {
    {MSR_IA32_TIME_STAMP_COUNTER, MSR_IA32_TIME_STAMP_COUNTER, false, "IA32_TIME_STAMP_COUNTER"},
    {MSR_IA32_APIC_BASE, MSR_IA32_APIC_BASE, true, "IA32_APIC_BASE"},
    {MSR_TEST_CTRL, MSR_TEST_CTRL, false, "MSR_TEST_CTRL"},
    {MSR_IA32_FEATURE_CONTROL, MSR_IA32_FEATURE_CONTROL, false, "IA32_FEATURE_CONTROL"},
    {MSR_IA32_TSC_ADJUST, MSR_IA32_TSC_ADJUST, false, "IA32_TSC_ADJUST"},
    {MSR_IA32_BIOS_UPDT_TRIG, 0x07a, false, "IA32_BIOS_UPDT_TRIG"},
    {MSR_IA32_BIOS_SIGN_ID, 0x08f, false, "IA32_BIOS_SIGN_ID"},
    {MSR_IA32_SMM_MONITOR_CTL, MSR_IA32_SMM_MONITOR_CTL, false, "IA32_SMM_MONITOR_CTL"},
    {MSR_IA32_SMBASE, MSR_IA32_SMBASE, false, "IA32_SMBASE"},
    {MSR_PKG_CST_CONFIG_CONTROL, MSR_PKG_CST_CONFIG_CONTROL, false, "MSR_PKG_CST_CONFIG_CONTROL"},
    {MSR_IA32_MTRRCAP, MSR_IA32_MTRRCAP, false, "IA32_MTRRCAP"},
    {0x150, 0x150, false, "MSR_OC_MAILBOX"},
    {MSR_IA32_MCG_CAP, MSR_IA32_MCG_CTL, false, "IA32_MCG_CAP"},
    {MSR_IA32_PERF_CTL, MSR_IA32_THERM_STATUS, false, "IA32_PERF_CTL"},
    {MSR_IA32_MISC_ENABLE, MSR_IA32_MISC_ENABLE, false, "IA32_MISC_ENABLE"},
    {MSR_TURBO_RATIO_LIMIT, 0x1ae, false, "MSR_TURBO_RATIO_LIMIT"},
    {MSR_IA32_ENERGY_PERF_BIAS, 0x1b2, false, "IA32_ENERGY_PERF_BIAS"},
    {MSR_IA32_DEBUGCTL, MSR_IA32_DEBUGCTL, false, "IA32_DEBUGCTL"},
    {MSR_IA32_SMRR_PHYSBASE, MSR_IA32_SMRR_PHYSMASK, false, "IA32_SMRR_PHYSBASE"},
    {MSR_POWER_CTL, MSR_POWER_CTL, false, "MSR_POWER_CTL"},
    {MSR_IA32_MTRR_PHYSBASE0, 0x21f, false, "IA32_MTRR_PHYSBASE0"},
    {MSR_IA32_MTRR_FIX64K_00000, MSR_IA32_MTRR_FIX64K_00000, false, "IA32_MTRR_FIX64K_00000"},
    {MSR_IA32_MTRR_FIX16K_80000, MSR_IA32_MTRR_FIX16K_A0000, false, "IA32_MTRR_FIX16K_80000"},
    {MSR_IA32_MTRR_FIX4K_C0000, MSR_IA32_MTRR_FIX4K_F8000, false, "IA32_MTRR_FIX4K_C0000"},
    {MSR_IA32_MC0_CTL2, 0x29f, false, "IA32_MC0_CTL2"},
    {MSR_IA32_MTRR_DEF_TYPE, MSR_IA32_MTRR_DEF_TYPE, false, "IA32_MTRR_DEF_TYPE"},
    {0x391, 0x39f, false, "MSR_UNCORE"},
    {MSR_IA32_PEBS_ENABLE, MSR_IA32_PEBS_ENABLE, false, "IA32_PEBS_ENABLE"},
    {MSR_IA32_MC0_CTL, 0x47f, false, "IA32_MC0_CTL"},
    {MSR_IA32_VMX_BASIC, MSR_IA32_VMX_EXIT_CTLS2, false, "IA32_VMX_BASIC"},
    {0x4d0, 0x4d0, false, "IA32_MCG_EXT_CTL"},
    {0x4e0, 0x4e0, false, "MSR_SMM_FEATURE_CONTROL"},
    {0x560, 0x561, false, "IA32_RTIT_OUTPUT"},
    {MSR_IA32_RTIT_CTL, 0x58f, false, "IA32_RTIT"},
    {MSR_IA32_DS_AREA, 0x602, false, "IA32_DS_AREA"},
    {MSR_RAPL_POWER_UNIT, MSR_RAPL_POWER_UNIT, false, "MSR_RAPL_POWER_UNIT"},
    {0x60a, 0x60d, false, "MSR_PKGC_IRTL"},
    {MSR_PKG_POWER_LIMIT, 0x665, false, "MSR_PKG_POWER_LIMIT"},
    {MSR_IA32_PM_ENABLE, 0x777, false, "IA32_PM_ENABLE"},
    {MSR_X2APIC_FIRST, MSR_X2APIC_LAST, true, "IA32_X2APIC"},
    {MSR_IA32_DEBUG_INTERFACE, 0xd8f, false, "IA32_DEBUG_INTERFACE and cache allocation"},
    {MSR_IA32_XSS, MSR_IA32_XSS, false, "IA32_XSS"},
    {MSR_IA32_HW_FEEDBACK_PTR, 0x17d2, false, "IA32_HW_FEEDBACK_PTR"},
};

const size_t msr_forbidden_count = ARRAY_SIZE(msr_forbidden);
