/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/msr_policy.c kernel/guest_mca.c kernel/msr_table.c kernel/cpuid_policy.c */
/* links: kernel/cpuid_table.c */
/* links: kernel/cpuid_compute.c kernel/cpuid_xsave.c kernel/cpuid_rates.c kernel/string.c */
/* MSRs of guests: what passes, what is emulated, that everything else is denied and stays closed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "kernel/msr_rules.h"
#include "tests/unit/kernel/cpuid_dumps.h"

static struct cpuid_view view;
static struct msr_policy policy;
static struct msr_vcpu vcpu;
static uint8_t bitmap[MSR_BITMAP_SIZE];

static const uint32_t ids[] = {0};

/* A policy for a model, with all MSRs of `arch` capabilities in hardware. */
static void make_with_bank(const struct cpuid_record *records, size_t count, uint64_t arch,
                           bool bank)
{
    struct cpuid_input input = {
        .read = fake_cpuid,
        .tsc_hz = 3400000000,
        .apic_timer_hz = 100000000,
        .vcpu_count = 1,
        .apic_ids = ids,
        .rdtscp = true,
        .invpcid = true,
        .xsaves = true,
    };
    struct msr_hardware hardware = {
        .arch_capabilities = arch, .microcode = 0xb4, .physical_bits = 39};
    fake_use(records, count);
    cpuid_view_build(&view, &input);
    msr_policy_init(&policy, &view, &hardware, input.tsc_hz, bank);
    msr_vcpu_reset(&vcpu, true, true);
    msr_policy_build_bitmap(&policy, NULL, 0, bitmap);
}

static void make(const struct cpuid_record *records, size_t count, uint64_t arch)
{
    make_with_bank(records, count, arch, false);
}

static int haswell(void **state)
{
    (void)state;
    make(haswell_cpuid, ARRAY_SIZE(haswell_cpuid), 0);
    return 0;
}

static int sapphire(void **state)
{
    (void)state;
    make(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid), 0x1f);
    return 0;
}

/* "MSR-Bitmap Address", told independently of the code. */
static bool exits(uint32_t msr, bool write)
{
    if (msr <= 0x1fff) {
        return bitmap[(write ? 2048 : 0) + msr / 8] >> (msr % 8) & 1;
    }
    if (msr >= 0xc0000000 && msr <= 0xc0001fff) {
        msr -= 0xc0000000;
        return bitmap[(write ? 3072 : 1024) + msr / 8] >> (msr % 8) & 1;
    }
    return true;
}

static enum msr_verdict read(uint32_t msr, uint64_t *value)
{
    *value = 0xdead;
    return msr_policy_read(&policy, &vcpu, msr, value);
}

static enum msr_verdict write(uint32_t msr, uint64_t value)
{
    return msr_policy_write(&policy, &vcpu, msr, &value);
}

#define assert_reads(msr, expected)                                                                \
    do {                                                                                           \
        uint64_t value_;                                                                           \
        assert_true(exits(msr, false));                                                            \
        assert_int_equal(read(msr, &value_), MSR_DONE);                                            \
        assert_int_equal(value_, (expected));                                                      \
    } while (0)

/* ---- what passes: the whole list for haswell, nothing else ---- */

static const struct {
    uint32_t first;
    uint32_t last;
    bool read;
    bool write;
} haswell_passes[] = {
    {0x10, 0x10, true, false},
    {0x3b, 0x3b, true, false},
    {0x174, 0x176, true, true},
    {0x277, 0x277, true, true},
    {0x6e0, 0x6e0, true, true},
    {0x802, 0x803, true, false},
    {0x808, 0x808, true, true},
    {0x80a, 0x80a, true, false},
    {0x80b, 0x80b, false, true},
    {0x80d, 0x80d, true, false},
    {0x80f, 0x80f, true, true},
    {0x810, 0x827, true, false},
    {0x828, 0x828, true, true},
    {0x82f, 0x830, true, false},
    {0x832, 0x837, true, false},
    {0x838, 0x838, true, true},
    {0x839, 0x839, true, false},
    {0x83e, 0x83e, true, true},
    {0x83f, 0x83f, false, true},
    {0xc0000080, 0xc0000084, true, true},
    {0xc0000100, 0xc0000103, true, true},
};

static bool passes_on_haswell(uint32_t msr, bool is_write)
{
    for (size_t i = 0; i < ARRAY_SIZE(haswell_passes); i++) {
        if (msr >= haswell_passes[i].first && msr <= haswell_passes[i].last) {
            return is_write ? haswell_passes[i].write : haswell_passes[i].read;
        }
    }
    return false;
}

static void exactly_the_listed_msrs_pass(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 0x4000; i++) {
        uint32_t msr = i < 0x2000 ? i : 0xc0000000 + (i - 0x2000);
        if (exits(msr, false) == passes_on_haswell(msr, false) ||
            exits(msr, true) == passes_on_haswell(msr, true)) {
            fail_msg("MSR 0x%x", msr);
        }
    }
}

static void unknown_msr_is_denied(void **state)
{
    (void)state;
    uint64_t value;
    for (uint32_t i = 0; i < 0x14000; i++) {
        uint32_t msr = i < 0x2000 ? i : 0xc0000000 + (i - 0x2000);
        bool listed = false;
        for (size_t r = 0; r < msr_rule_count; r++) {
            listed |= msr >= msr_rules[r].first && msr <= msr_rules[r].last;
        }
        if (!listed) {
            assert_int_equal(read(msr, &value), MSR_DENIED);
            assert_int_equal(value, 0xdead);
            assert_int_equal(write(msr, 0), MSR_DENIED);
        }
    }
    assert_int_equal(read(0x40000000, &value), MSR_DENIED);
    assert_int_equal(write(UINT32_MAX, 0), MSR_DENIED);
}

static void msrs_without_their_feature_are_denied(void **state)
{
    (void)state;
    uint64_t value;
    static const uint32_t absent[] = {MSR_IA32_SPEC_CTRL, MSR_IA32_PRED_CMD,
                                      MSR_IA32_FLUSH_CMD, MSR_IA32_ARCH_CAPABILITIES,
                                      MSR_IA32_XFD,       MSR_IA32_XSS};
    for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
        assert_true(exits(absent[i], false));
        assert_true(exits(absent[i], true));
        assert_int_equal(read(absent[i], &value), MSR_DENIED);
        assert_int_equal(write(absent[i], 0), MSR_DENIED);
    }
}

/* hardware.md's list and more: whatever the processor, these never pass for writing. */
static void dangerous_msrs_never_pass(void **state)
{
    (void)state;
    static const uint32_t never[] = {MSR_IA32_TIME_STAMP_COUNTER,
                                     MSR_IA32_APIC_BASE,
                                     MSR_IA32_FEATURE_CONTROL,
                                     MSR_IA32_TSC_ADJUST,
                                     MSR_IA32_BIOS_UPDT_TRIG,
                                     MSR_IA32_SMM_MONITOR_CTL,
                                     MSR_IA32_MTRRCAP,
                                     MSR_IA32_PERF_CTL,
                                     MSR_IA32_CLOCK_MODULATION,
                                     MSR_IA32_MISC_ENABLE,
                                     MSR_IA32_DEBUGCTL,
                                     MSR_IA32_SMRR_PHYSBASE,
                                     MSR_POWER_CTL,
                                     MSR_IA32_MTRR_PHYSBASE0,
                                     MSR_IA32_MTRR_FIX64K_00000,
                                     MSR_IA32_MTRR_DEF_TYPE,
                                     MSR_IA32_PERFEVTSEL0,
                                     MSR_IA32_PERF_GLOBAL_CTRL,
                                     MSR_IA32_MC0_CTL,
                                     MSR_IA32_RTIT_CTL,
                                     MSR_IA32_DS_AREA,
                                     MSR_PKG_POWER_LIMIT,
                                     MSR_IA32_PM_ENABLE,
                                     MSR_X2APIC_ICR,
                                     MSR_X2APIC_LVT_CMCI,
                                     MSR_X2APIC_LVT_TIMER,
                                     MSR_X2APIC_LVT_THERMAL,
                                     MSR_X2APIC_LVT_PMI,
                                     MSR_X2APIC_LVT_LINT0,
                                     MSR_X2APIC_LVT_LINT1,
                                     MSR_X2APIC_LVT_ERROR,
                                     MSR_IA32_DEBUG_INTERFACE,
                                     MSR_IA32_L3_MASK_0,
                                     MSR_IA32_XSS,
                                     MSR_IA32_HW_FEEDBACK_PTR,
                                     MSR_IA32_PKRS,
                                     MSR_IA32_S_CET,
                                     MSR_IA32_PL0_SSP};
    for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
        assert_true(exits(never[i], true));
    }
}

static void speculation_msrs_pass_where_cpuid_has_them(void **state)
{
    (void)state;
    make(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid), ARCH_CAP_RDCL_NO);
    assert_false(exits(MSR_IA32_SPEC_CTRL, false));
    assert_false(exits(MSR_IA32_SPEC_CTRL, true));
    assert_false(exits(MSR_IA32_PRED_CMD, true));
    assert_true(exits(MSR_IA32_PRED_CMD, false));
    assert_false(exits(MSR_IA32_FLUSH_CMD, true));
    assert_true(exits(MSR_IA32_FLUSH_CMD, false));
}

static void enhanced_ibrs_cannot_be_cleared(void **state)
{
    (void)state;
    make(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid), ARCH_CAP_IBRS_ALL);
    assert_false(exits(MSR_IA32_SPEC_CTRL, false));
    assert_true(exits(MSR_IA32_SPEC_CTRL, true));
    uint64_t value = SPEC_CTRL_SSBD;
    assert_int_equal(msr_policy_write(&policy, &vcpu, MSR_IA32_SPEC_CTRL, &value), MSR_HARDWARE);
    assert_int_equal(value, SPEC_CTRL_SSBD | SPEC_CTRL_IBRS);
}

static void arch_capabilities_show_no_msr_that_guests_lack(void **state)
{
    (void)state;
    make(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid), UINT64_MAX);
    uint64_t value;
    assert_int_equal(read(MSR_IA32_ARCH_CAPABILITIES, &value), MSR_DONE);
    assert_int_equal(
        value & (ARCH_CAP_TSX_CTRL | ARCH_CAP_MCU_CONTROL | ARCH_CAP_MISC_PACKAGE_CTLS |
                 ARCH_CAP_ENERGY_FILTERING_CTL | ARCH_CAP_DOITM | ARCH_CAP_FB_CLEAR_CTRL |
                 ARCH_CAP_XAPIC_DISABLE_STATUS | ARCH_CAP_OVERCLOCKING_STATUS | ARCH_CAP_GDS_CTRL),
        0);
    assert_true(value & ARCH_CAP_RDCL_NO);
    assert_true(value & ARCH_CAP_MDS_NO);
    make(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid), ARCH_CAP_RDCL_NO);
    assert_reads(MSR_IA32_ARCH_CAPABILITIES, ARCH_CAP_RDCL_NO);
    assert_int_equal(write(MSR_IA32_ARCH_CAPABILITIES, 0), MSR_DENIED);
}

/* ---- what is emulated ---- */

static void what_linux_reads_unchecked_is_answered(void **state)
{
    (void)state;
    assert_reads(MSR_IA32_PLATFORM_ID, 0);
    assert_reads(MSR_IA32_APIC_BASE, 0xfee00d00);
    assert_reads(MSR_IA32_BIOS_SIGN_ID, UINT64_C(0xb4) << 32);
    assert_reads(MSR_PLATFORM_INFO, 34 << 8);
    assert_reads(MSR_IA32_MTRRCAP, MTRRCAP_WC);
    assert_reads(MSR_IA32_MTRR_DEF_TYPE, MTRR_DEF_TYPE_E | MEMORY_TYPE_WB);
    assert_reads(MSR_IA32_MCG_CAP, 0);
    assert_reads(MSR_IA32_MCG_STATUS, 0);
    assert_reads(MSR_IA32_MISC_ENABLE, 0x1801);
    assert_reads(MSR_IA32_DEBUGCTL, 0);
    assert_reads(MSR_IA32_P5_MC_ADDR, 0);
    assert_reads(MSR_IA32_P5_MC_TYPE, 0);
    static const uint32_t passing[] = {MSR_IA32_TIME_STAMP_COUNTER, MSR_IA32_TSC_ADJUST,
                                       MSR_IA32_PAT, MSR_IA32_EFER, MSR_IA32_TSC_AUX};
    for (size_t i = 0; i < ARRAY_SIZE(passing); i++) {
        assert_false(exits(passing[i], false));
    }
}

static void xss_is_0_and_stays_0(void **state)
{
    (void)state;
    assert_reads(MSR_IA32_XSS, 0);
    assert_int_equal(write(MSR_IA32_XSS, 0), MSR_DONE);
    assert_int_equal(write(MSR_IA32_XSS, XSS_CET_U), MSR_FAULT);
    assert_int_equal(write(MSR_IA32_XSS, XSS_PT), MSR_FAULT);
}

static void time_cannot_be_moved(void **state)
{
    (void)state;
    assert_int_equal(write(MSR_IA32_TIME_STAMP_COUNTER, 0), MSR_IGNORED);
    assert_int_equal(write(MSR_IA32_TSC_ADJUST, 0), MSR_IGNORED);
}

static void microcode_signature_can_be_read_as_the_manual_says(void **state)
{
    (void)state;
    assert_int_equal(write(MSR_IA32_BIOS_SIGN_ID, 0), MSR_DONE);
    assert_reads(MSR_IA32_BIOS_SIGN_ID, UINT64_C(0xb4) << 32);
}

static void misc_enable_takes_its_own_value_back(void **state)
{
    (void)state;
    assert_int_equal(write(MSR_IA32_MISC_ENABLE, 0x1801), MSR_DONE);
    assert_int_equal(write(MSR_IA32_MISC_ENABLE, 0x1801 | MISC_ENABLE_MONITOR), MSR_IGNORED);
    assert_int_equal(write(MSR_IA32_MISC_ENABLE, 0x1801 | MISC_ENABLE_LIMIT_CPUID), MSR_IGNORED);
    assert_reads(MSR_IA32_MISC_ENABLE, 0x1801);
}

static void debugctl_refuses_tracing(void **state)
{
    (void)state;
    assert_int_equal(write(MSR_IA32_DEBUGCTL, 0), MSR_DONE);
    assert_int_equal(write(MSR_IA32_DEBUGCTL, DEBUGCTL_LBR), MSR_IGNORED);
    assert_int_equal(write(MSR_IA32_DEBUGCTL, DEBUGCTL_BTF), MSR_IGNORED);
    for (unsigned bit = 2; bit < 64; bit++) {
        assert_int_equal(write(MSR_IA32_DEBUGCTL, BIT(bit)), MSR_DENIED);
    }
}

static void machine_check_status_takes_only_0(void **state)
{
    (void)state;
    assert_int_equal(write(MSR_IA32_MCG_STATUS, 0), MSR_DONE);
    assert_int_equal(write(MSR_IA32_MCG_STATUS, 4), MSR_FAULT);
    assert_int_equal(write(MSR_IA32_MCG_CAP, 0), MSR_DENIED);
}

static void mtrr_default_type_reads_back(void **state)
{
    (void)state;
    /* What an operating system does around setting the PAT: off, and on again. */
    assert_int_equal(write(MSR_IA32_MTRR_DEF_TYPE, MEMORY_TYPE_WB), MSR_DONE);
    assert_reads(MSR_IA32_MTRR_DEF_TYPE, MEMORY_TYPE_WB);
    assert_int_equal(write(MSR_IA32_MTRR_DEF_TYPE, MTRR_DEF_TYPE_E | MTRR_DEF_TYPE_FE), MSR_DONE);
    assert_reads(MSR_IA32_MTRR_DEF_TYPE, MTRR_DEF_TYPE_E | MTRR_DEF_TYPE_FE);
}

static void mtrr_default_type_refuses_what_hardware_refuses(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        bool valid = type == 0 || type == 1 || type == 4 || type == 5 || type == 6;
        assert_int_equal(write(MSR_IA32_MTRR_DEF_TYPE, type), valid ? MSR_DONE : MSR_FAULT);
    }
    for (unsigned bit = 8; bit < 64; bit++) {
        bool valid = bit == 10 || bit == 11;
        assert_int_equal(write(MSR_IA32_MTRR_DEF_TYPE, BIT(bit) | MEMORY_TYPE_WB),
                         valid ? MSR_DONE : MSR_FAULT);
    }
}

static void mtrr_ranges_do_not_exist(void **state)
{
    (void)state;
    uint64_t value;
    for (uint32_t msr = 0x200; msr < 0x270; msr++) {
        assert_int_equal(read(msr, &value), MSR_DENIED);
        assert_int_equal(write(msr, 0), MSR_DENIED);
    }
}

static void icr_and_lvt_writes_go_to_their_checks(void **state)
{
    (void)state;
    assert_int_equal(write(MSR_X2APIC_ICR, 0x40), MSR_ICR);
    assert_int_equal(write(MSR_X2APIC_LVT_CMCI, 0), MSR_LVT);
    for (uint32_t msr = MSR_X2APIC_LVT_TIMER; msr <= MSR_X2APIC_LVT_ERROR; msr++) {
        assert_int_equal(write(msr, 0), MSR_LVT);
    }
    assert_int_equal(write(0x831, 0), MSR_DENIED);
    assert_int_equal(write(MSR_X2APIC_APICID, 0), MSR_DENIED);
}

/* ---- IA32_APIC_BASE ---- */

#define PAGE    UINT64_C(0xfee00000)
#define OFF     PAGE
#define XAPIC   (PAGE | APIC_BASE_EN)
#define X2APIC  (PAGE | APIC_BASE_EN | APIC_BASE_EXTD)
#define INVALID (PAGE | APIC_BASE_EXTD)

/* "x2APIC State Transitions": rows from, columns to. */
static void apic_modes_change_as_the_manual_says(void **state)
{
    (void)state;
    static const uint64_t modes[] = {OFF, XAPIC, X2APIC, INVALID};
    static const bool allowed[3][4] = {
        {true, true, false, false},
        {true, true, true, false},
        {true, false, true, false},
    };
    for (unsigned from = 0; from < 3; from++) {
        for (unsigned to = 0; to < 4; to++) {
            vcpu.apic_base = modes[from] | APIC_BASE_BSP;
            enum msr_verdict verdict = write(MSR_IA32_APIC_BASE, modes[to] | APIC_BASE_BSP);
            assert_int_equal(verdict, allowed[from][to] ? MSR_DONE : MSR_FAULT);
            uint64_t expected = (allowed[from][to] ? modes[to] : modes[from]) | APIC_BASE_BSP;
            assert_reads(MSR_IA32_APIC_BASE, expected);
        }
    }
}

static void apic_page_cannot_be_moved(void **state)
{
    (void)state;
    msr_vcpu_reset(&vcpu, true, false);
    assert_int_equal(write(MSR_IA32_APIC_BASE, 0xfed00000 | APIC_BASE_EN), MSR_DENIED);
    assert_reads(MSR_IA32_APIC_BASE, XAPIC | APIC_BASE_BSP);
}

static void apic_base_reserved_bits_fault(void **state)
{
    (void)state;
    msr_vcpu_reset(&vcpu, true, false);
    static const unsigned reserved[] = {0, 1, 7, 9, 39, 40, 51, 52, 63};
    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
        assert_int_equal(write(MSR_IA32_APIC_BASE, XAPIC | BIT(reserved[i])), MSR_FAULT);
    }
}

static void boot_processor_flag_cannot_be_changed(void **state)
{
    (void)state;
    msr_vcpu_reset(&vcpu, false, true);
    assert_int_equal(write(MSR_IA32_APIC_BASE, X2APIC | APIC_BASE_BSP), MSR_DONE);
    assert_reads(MSR_IA32_APIC_BASE, X2APIC);
}

static void reset_modes_are_as_asked(void **state)
{
    (void)state;
    msr_vcpu_reset(&vcpu, true, true);
    assert_reads(MSR_IA32_APIC_BASE, X2APIC | APIC_BASE_BSP);
    msr_vcpu_reset(&vcpu, false, false);
    assert_reads(MSR_IA32_APIC_BASE, XAPIC);
}

/* ---- a VM that may suffer machine checks on purpose ---- */

static void a_bank_is_there_only_when_faults_are(void **state)
{
    (void)state;
    static const uint32_t bank[] = {MSR_IA32_MC0_CTL, MSR_IA32_MC0_STATUS, MSR_IA32_MC0_ADDR,
                                    MSR_IA32_MC0_MISC};
    for (size_t i = 0; i < ARRAY_SIZE(bank); i++) {
        uint64_t value = 0;
        assert_int_equal(msr_policy_read(&policy, &vcpu, bank[i], &value), MSR_DENIED);
        assert_int_equal(write(bank[i], 0), MSR_DENIED);
    }
    make_with_bank(haswell_cpuid, ARRAY_SIZE(haswell_cpuid), 0, true);
    assert_reads(MSR_IA32_MCG_CAP, 1 | BIT(24));
    assert_int_equal(write(MSR_IA32_MCG_CAP, 0), MSR_DENIED);
    for (size_t i = 0; i < ARRAY_SIZE(bank); i++) {
        assert_true(exits(bank[i], false));
        assert_true(exits(bank[i], true));
        assert_reads(bank[i], 0);
        assert_int_equal(write(bank[i], 0), MSR_DONE);
    }
    assert_int_equal(write(MSR_IA32_MCG_CTL, 0), MSR_DENIED);
    assert_int_equal(write(0x404, 0), MSR_DENIED);
}

static void a_report_is_read_and_cleared(void **state)
{
    (void)state;
    make_with_bank(haswell_cpuid, ARRAY_SIZE(haswell_cpuid), 0, true);
    assert_int_equal(write(MSR_IA32_MC0_CTL, UINT64_MAX), MSR_DONE);
    assert_reads(MSR_IA32_MC0_CTL, UINT64_MAX);
    guest_mca_report(&vcpu.mca, GUEST_MC_DATA, 0x123456, true);
    assert_true(guest_mca_begin(&vcpu.mca));
    assert_reads(MSR_IA32_MCG_STATUS, 7);
    assert_reads(MSR_IA32_MC0_STATUS, UINT64_C(0xbd80000000000134));
    assert_reads(MSR_IA32_MC0_ADDR, 0x123456);
    assert_reads(MSR_IA32_MC0_MISC, 0x8c);
    assert_int_equal(write(MSR_IA32_MC0_STATUS, 1), MSR_FAULT);
    assert_int_equal(write(MSR_IA32_MC0_ADDR, 1), MSR_FAULT);
    assert_int_equal(write(MSR_IA32_MC0_MISC, 1), MSR_FAULT);
    assert_int_equal(write(MSR_IA32_MCG_STATUS, 8), MSR_FAULT);
    assert_reads(MSR_IA32_MC0_ADDR, 0x123456);
    assert_int_equal(write(MSR_IA32_MC0_STATUS, 0), MSR_DONE);
    assert_int_equal(write(MSR_IA32_MC0_ADDR, 0), MSR_DONE);
    assert_int_equal(write(MSR_IA32_MCG_STATUS, 0), MSR_DONE);
    assert_reads(MSR_IA32_MC0_STATUS, 0);
    assert_reads(MSR_IA32_MC0_ADDR, 0);
    assert_reads(MSR_IA32_MCG_STATUS, 0);
}

/* ---- what a configuration opens ---- */

static void configured_ranges_are_opened(void **state)
{
    (void)state;
    static const struct vm_msr_range ranges[] = {
        {0xc1, 0xc4, true},
        {0x19c, 0x19c, false},
        {0xc0000200, 0xc0000201, true},
    };
    msr_policy_build_bitmap(&policy, ranges, ARRAY_SIZE(ranges), bitmap);
    assert_true(exits(0xc0, false));
    for (uint32_t msr = 0xc1; msr <= 0xc4; msr++) {
        assert_false(exits(msr, false));
        assert_false(exits(msr, true));
    }
    assert_true(exits(0xc5, true));
    assert_false(exits(0x19c, false));
    assert_true(exits(0x19c, true));
    assert_false(exits(0xc0000201, true));
    assert_true(exits(0xc0000202, true));
}

static void forbidden_msrs_stay_closed_when_everything_is_opened(void **state)
{
    (void)state;
    static const struct vm_msr_range all = {0, UINT32_MAX, true};
    msr_policy_build_bitmap(&policy, &all, 1, bitmap);
    for (size_t i = 0; i < msr_forbidden_count; i++) {
        for (uint32_t msr = msr_forbidden[i].first; msr <= msr_forbidden[i].last; msr++) {
            if (!passes_on_haswell(msr, true)) {
                assert_true(exits(msr, true));
            }
        }
    }
    assert_true(exits(MSR_IA32_APIC_BASE, false));
    assert_true(exits(MSR_X2APIC_ICR, true));
    assert_false(exits(MSR_X2APIC_ICR, false));
    assert_true(exits(0x831, false));
    assert_false(exits(0xc5, true));
    assert_false(exits(0x1fff, true));
    assert_false(exits(0xc0001fff, true));
}

static void ranges_outside_the_bitmap_change_nothing(void **state)
{
    (void)state;
    static uint8_t before[MSR_BITMAP_SIZE];
    memcpy(before, bitmap, sizeof(before));
    static const struct vm_msr_range outside[] = {{0x2000, 0xbfffffff, true},
                                                  {0xc0002000, UINT32_MAX, true}};
    msr_policy_build_bitmap(&policy, outside, ARRAY_SIZE(outside), bitmap);
    assert_memory_equal(before, bitmap, sizeof(before));
}

static void forbidden_msrs_are_named(void **state)
{
    (void)state;
    assert_string_equal(msr_policy_forbidden(0x10, 0x10, true), "IA32_TIME_STAMP_COUNTER");
    assert_null(msr_policy_forbidden(0x10, 0x10, false));
    assert_string_equal(msr_policy_forbidden(0x1a, 0x1c, false), "IA32_APIC_BASE");
    assert_string_equal(msr_policy_forbidden(0, UINT32_MAX, true), "IA32_TIME_STAMP_COUNTER");
    assert_null(msr_policy_forbidden(0xc1, 0xc8, true));
    assert_string_equal(msr_policy_name(0x1b), "IA32_APIC_BASE");
    assert_string_equal(msr_policy_name(0x79), "IA32_BIOS_UPDT_TRIG");
    assert_null(msr_policy_name(0xc5));
}

/* ---- the table itself ---- */

static void rules_are_sorted_and_fit_the_index(void **state)
{
    (void)state;
    assert_true(msr_rule_count < 255);
    for (size_t i = 0; i < msr_rule_count; i++) {
        const struct msr_rule *r = &msr_rules[i];
        assert_true(r->first <= r->last);
        assert_non_null(r->name);
        assert_true(r->pass != MSR_PASS_NONE || r->read != MSR_SOURCE_NONE || r->write != NULL);
        assert_false((r->pass & MSR_PASS_READ) && r->read != MSR_SOURCE_NONE);
        assert_false((r->pass & MSR_PASS_WRITE) && r->write != NULL);
        if (i > 0) {
            const struct msr_rule *before = &msr_rules[i - 1];
            bool same = r->first == before->first && r->last == before->last;
            assert_true(r->first > before->last || (same && before->needs != 0));
        }
    }
}

static void nothing_forbidden_passes_for_writing(void **state)
{
    (void)state;
    for (size_t i = 0; i < msr_rule_count; i++) {
        const struct msr_rule *r = &msr_rules[i];
        const char *name = msr_policy_forbidden(r->first, r->last, true);
        if (name && strcmp(name, "IA32_X2APIC") != 0) {
            assert_int_equal(r->pass & MSR_PASS_WRITE, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(exactly_the_listed_msrs_pass, haswell),
        cmocka_unit_test_setup(unknown_msr_is_denied, haswell),
        cmocka_unit_test_setup(msrs_without_their_feature_are_denied, haswell),
        cmocka_unit_test_setup(dangerous_msrs_never_pass, haswell),
        cmocka_unit_test_setup(speculation_msrs_pass_where_cpuid_has_them, haswell),
        cmocka_unit_test_setup(enhanced_ibrs_cannot_be_cleared, haswell),
        cmocka_unit_test_setup(arch_capabilities_show_no_msr_that_guests_lack, haswell),
        cmocka_unit_test_setup(what_linux_reads_unchecked_is_answered, haswell),
        cmocka_unit_test_setup(xss_is_0_and_stays_0, sapphire),
        cmocka_unit_test_setup(time_cannot_be_moved, haswell),
        cmocka_unit_test_setup(microcode_signature_can_be_read_as_the_manual_says, haswell),
        cmocka_unit_test_setup(misc_enable_takes_its_own_value_back, haswell),
        cmocka_unit_test_setup(debugctl_refuses_tracing, haswell),
        cmocka_unit_test_setup(machine_check_status_takes_only_0, haswell),
        cmocka_unit_test_setup(mtrr_default_type_reads_back, haswell),
        cmocka_unit_test_setup(mtrr_default_type_refuses_what_hardware_refuses, haswell),
        cmocka_unit_test_setup(mtrr_ranges_do_not_exist, haswell),
        cmocka_unit_test_setup(icr_and_lvt_writes_go_to_their_checks, haswell),
        cmocka_unit_test_setup(apic_modes_change_as_the_manual_says, haswell),
        cmocka_unit_test_setup(apic_page_cannot_be_moved, haswell),
        cmocka_unit_test_setup(apic_base_reserved_bits_fault, haswell),
        cmocka_unit_test_setup(boot_processor_flag_cannot_be_changed, haswell),
        cmocka_unit_test_setup(reset_modes_are_as_asked, haswell),
        cmocka_unit_test_setup(a_bank_is_there_only_when_faults_are, haswell),
        cmocka_unit_test_setup(a_report_is_read_and_cleared, haswell),
        cmocka_unit_test_setup(configured_ranges_are_opened, haswell),
        cmocka_unit_test_setup(forbidden_msrs_stay_closed_when_everything_is_opened, haswell),
        cmocka_unit_test_setup(ranges_outside_the_bitmap_change_nothing, haswell),
        cmocka_unit_test_setup(forbidden_msrs_are_named, haswell),
        cmocka_unit_test_setup(rules_are_sorted_and_fit_the_index, haswell),
        cmocka_unit_test_setup(nothing_forbidden_passes_for_writing, haswell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
