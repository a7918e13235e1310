/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/cr_policy.c kernel/cpuid_policy.c kernel/cpuid_table.c kernel/cpuid_compute.c */
/* links: kernel/cpuid_xsave.c kernel/cpuid_rates.c kernel/string.c */
/* Control registers and XCR0 of guests: masks, and every rule by which a write is #GP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/cpu_regs.h"
#include "kernel/cr_policy.h"
#include "kernel/msr.h"
#include "tests/unit/kernel/cpuid_dumps.h"

#define HASWELL_CR4_FIXED1  UINT64_C(0x1727ff)
#define SAPPHIRE_CR4_FIXED1 UINT64_C(0x1773fff)

static struct cpuid_view view;
static struct cr_policy policy;

static const uint32_t ids[] = {0};

static void make(const struct cpuid_record *records, size_t count, uint64_t cr4_fixed1,
                 const struct vm_cpuid_hide *hide)
{
    struct cpuid_input input = {
        .read = fake_cpuid,
        .tsc_hz = 100000000,
        .apic_timer_hz = 100000000,
        .vcpu_count = 1,
        .apic_ids = ids,
        .rdtscp = true,
        .invpcid = true,
        .xsaves = true,
        .hide = hide,
        .hide_count = hide != NULL,
    };
    fake_use(records, count);
    cpuid_view_build(&view, &input);
    cr_policy_init(&policy, &view, cr4_fixed1);
}

static int haswell(void **state)
{
    (void)state;
    make(haswell_cpuid, ARRAY_SIZE(haswell_cpuid), HASWELL_CR4_FIXED1, NULL);
    return 0;
}

static int sapphire(void **state)
{
    (void)state;
    make(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid), SAPPHIRE_CR4_FIXED1, NULL);
    return 0;
}

/* 64-bit kernel; protected mode without paging; real mode */
static const struct cr_state long_mode = {
    .cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG,
    .cr4 = CR4_PAE | CR4_PGE,
    .efer = EFER_LME | EFER_LMA,
    .code_64bit = true,
    .cr3 = 0x1000,
};
static const struct cr_state protected_mode = {.cr0 = CR0_PE | CR0_ET};
static const struct cr_state real_mode = {.cr0 = CR0_ET | CR0_CD | CR0_NW};

static bool cr0(const struct cr_state *cpu, uint64_t value)
{
    return cr_policy_cr0_allowed(&policy, cpu, value);
}

static bool cr4(const struct cr_state *cpu, uint64_t value)
{
    return cr_policy_cr4_allowed(&policy, cpu, value);
}

/* ---- masks ---- */

static void bits_of_cr0_that_hardware_fixes_or_shares_are_masked(void **state)
{
    (void)state;
    assert_int_equal(policy.cr0_mask, CR0_NE | CR0_CD | CR0_NW);
}

static void guests_own_exactly_the_cr4_bits_their_cpuid_offers(void **state)
{
    (void)state;
    assert_int_equal(~policy.cr4_mask, CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE |
                                           CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT |
                                           CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE | CR4_SMEP);
    make(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid), SAPPHIRE_CR4_FIXED1, NULL);
    assert_int_equal(~policy.cr4_mask, CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE |
                                           CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT |
                                           CR4_UMIP | CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE |
                                           CR4_SMEP | CR4_SMAP | CR4_PKE);
}

static void vmxe_smxe_and_mce_are_always_masked(void **state)
{
    (void)state;
    const uint64_t owned = CR4_VMXE | CR4_SMXE | CR4_MCE;
    assert_int_equal(policy.cr4_mask & owned, owned);
}

static void bits_that_fixed1_forbids_are_masked(void **state)
{
    (void)state;
    make(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid), SAPPHIRE_CR4_FIXED1 & ~CR4_UMIP, NULL);
    assert_true(policy.cr4_mask & CR4_UMIP);
    assert_false(cr4(&long_mode, CR4_PAE | CR4_UMIP));
}

static void hidden_features_take_their_cr4_bit_along(void **state)
{
    (void)state;
    static const struct vm_cpuid_hide smep = {.leaf = 7, .reg = 1, .mask = CPUID_7_EBX_SMEP};
    make(haswell_cpuid, ARRAY_SIZE(haswell_cpuid), HASWELL_CR4_FIXED1, &smep);
    assert_true(policy.cr4_mask & CR4_SMEP);
    assert_false(cr4(&long_mode, CR4_PAE | CR4_SMEP));
    static const struct vm_cpuid_hide xsave = {.leaf = 1, .reg = 2, .mask = CPUID_1_ECX_XSAVE};
    make(haswell_cpuid, ARRAY_SIZE(haswell_cpuid), HASWELL_CR4_FIXED1, &xsave);
    assert_false(cr4(&long_mode, CR4_PAE | CR4_OSXSAVE));
    assert_int_equal(policy.xcr0, 0);
}

static void real_values_satisfy_vmx_operation(void **state)
{
    (void)state;
    assert_int_equal(cr_policy_real_cr0(CR0_ET | CR0_CD | CR0_NW), CR0_ET | CR0_NE);
    assert_int_equal(cr_policy_real_cr0(CR0_PE | CR0_PG), CR0_PE | CR0_PG | CR0_ET | CR0_NE);
    assert_int_equal(cr_policy_real_cr4(0), CR4_VMXE | CR4_MCE);
    assert_int_equal(cr_policy_real_cr4(CR4_PAE), CR4_PAE | CR4_VMXE | CR4_MCE);
}

static void guests_see_shadow_where_masked(void **state)
{
    (void)state;
    uint64_t field = cr_policy_real_cr4(CR4_PAE);
    assert_int_equal(cr_policy_seen(field, CR4_PAE, policy.cr4_mask), CR4_PAE);
    assert_int_equal(cr_policy_seen(field | CR4_PGE, CR4_PAE | CR4_MCE, policy.cr4_mask),
                     CR4_PAE | CR4_PGE | CR4_MCE);
    field = cr_policy_real_cr0(CR0_ET | CR0_CD | CR0_NW);
    assert_int_equal(cr_policy_seen(field, CR0_ET | CR0_CD | CR0_NW, policy.cr0_mask),
                     CR0_ET | CR0_CD | CR0_NW);
}

/* ---- CR0 ---- */

static void usual_cr0_writes_are_allowed(void **state)
{
    (void)state;
    assert_true(cr0(&real_mode, CR0_ET));
    assert_true(cr0(&real_mode, CR0_PE | CR0_ET));
    assert_true(cr0(&protected_mode, 0x80000001));
    assert_true(cr0(&protected_mode, CR0_PE | CR0_NE | CR0_ET));
    assert_true(cr0(&long_mode, long_mode.cr0 | CR0_TS));
    assert_true(cr0(&long_mode, long_mode.cr0 & ~CR0_NE));
    assert_true(cr0(&long_mode, long_mode.cr0 | CR0_CD));
    assert_true(cr0(&long_mode, long_mode.cr0 | CR0_CD | CR0_NW));
    assert_true(cr0(&long_mode, long_mode.cr0 | BIT(6) | BIT(17) | BIT(28)));
}

static void cr0_upper_half_faults(void **state)
{
    (void)state;
    for (unsigned bit = 32; bit < 64; bit++) {
        assert_false(cr0(&long_mode, long_mode.cr0 | BIT(bit)));
    }
}

static void paging_without_protection_faults(void **state)
{
    (void)state;
    assert_false(cr0(&real_mode, CR0_PG));
    assert_false(cr0(&long_mode, long_mode.cr0 & ~CR0_PE));
}

static void not_write_through_without_cache_disable_faults(void **state)
{
    (void)state;
    assert_false(cr0(&long_mode, long_mode.cr0 | CR0_NW));
}

static void paging_cannot_be_left_in_64_bit_code_or_with_pcids(void **state)
{
    (void)state;
    assert_false(cr0(&long_mode, long_mode.cr0 & ~CR0_PG));
    struct cr_state compat = long_mode;
    compat.code_64bit = false;
    assert_true(cr0(&compat, compat.cr0 & ~CR0_PG));
    compat.cr4 |= CR4_PCIDE;
    assert_false(cr0(&compat, compat.cr0 & ~CR0_PG));
}

static void long_mode_needs_pae_and_32_bit_code_to_begin(void **state)
{
    (void)state;
    struct cr_state cpu = {.cr0 = CR0_PE | CR0_ET, .efer = EFER_LME, .cr4 = CR4_PAE};
    assert_true(cr0(&cpu, cpu.cr0 | CR0_PG));
    cpu.cr4 = 0;
    assert_false(cr0(&cpu, cpu.cr0 | CR0_PG));
    cpu.cr4 = CR4_PAE;
    cpu.code_64bit = true; /* CS.L left over */
    assert_false(cr0(&cpu, cpu.cr0 | CR0_PG));
}

/* ---- CR4 ---- */

static void every_cr4_bit_outside_cpuid_faults(void **state)
{
    (void)state;
    const uint64_t allowed = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE |
                             CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE |
                             CR4_OSXSAVE | CR4_SMEP;
    for (unsigned bit = 0; bit < 64; bit++) {
        bool expected = (allowed | CR4_PCIDE) & BIT(bit);
        struct cr_state cpu = long_mode;
        cpu.cr3 &= ~CR3_PCID;
        assert_int_equal(cr4(&cpu, CR4_PAE | BIT(bit)), expected);
    }
}

static void new_cr4_features_stay_closed(void **state)
{
    (void)state;
    static const uint64_t closed[] = {CR4_VMXE, CR4_SMXE,  CR4_LA57, CR4_CET,     CR4_PKS,
                                      CR4_KL,   CR4_UINTR, CR4_LASS, CR4_LAM_SUP, CR4_FRED};
    for (size_t i = 0; i < ARRAY_SIZE(closed); i++) {
        assert_false(cr4(&long_mode, CR4_PAE | closed[i]));
        assert_true(policy.cr4_mask & closed[i]);
    }
    assert_true(cr4(&long_mode, CR4_PAE | CR4_SMAP | CR4_PKE | CR4_UMIP));
}

static void pae_cannot_be_left_in_long_mode(void **state)
{
    (void)state;
    assert_false(cr4(&long_mode, 0));
    assert_true(cr4(&protected_mode, 0));
}

static void pcids_begin_in_long_mode_with_pcid_0(void **state)
{
    (void)state;
    assert_true(cr4(&long_mode, CR4_PAE | CR4_PCIDE));
    struct cr_state cpu = long_mode;
    cpu.cr3 |= 1;
    assert_false(cr4(&cpu, CR4_PAE | CR4_PCIDE));
    cpu.cr4 |= CR4_PCIDE; /* on already: CR3 may say anything */
    assert_true(cr4(&cpu, CR4_PAE | CR4_PCIDE | CR4_MCE));
    assert_false(cr4(&protected_mode, CR4_PAE | CR4_PCIDE));
}

/* ---- XCR0 ---- */

static bool xcr0(uint64_t value)
{
    return cr_policy_xsetbv_allowed(&policy, 0, value);
}

static void only_xcr0_exists(void **state)
{
    (void)state;
    assert_true(cr_policy_xsetbv_allowed(&policy, 0, 1));
    for (uint32_t index = 1; index < 100; index++) {
        assert_false(cr_policy_xsetbv_allowed(&policy, index, 1));
    }
    assert_false(cr_policy_xsetbv_allowed(&policy, UINT32_MAX, 1));
}

/* All 2^10 combinations of the low components, against the manual's rules told another way. */
static void combinations_of_components_are_as_the_manual_says(void **state)
{
    (void)state;
    for (uint64_t value = 0; value < 1024; value++) {
        bool x87 = value & 1;
        bool sse = value & 2;
        bool avx = value & 4;
        unsigned avx512 = (unsigned)(value >> 5 & 7);
        bool other = value & (8 | 16 | 0x100);
        bool good = x87 && !other && (!avx || sse) && (avx512 == 0 || (avx512 == 7 && avx));
        assert_int_equal(xcr0(value), good);
    }
}

static void components_the_guest_lacks_fault(void **state)
{
    (void)state;
    assert_true(xcr0(7));
    for (unsigned bit = 3; bit < 64; bit++) {
        assert_false(xcr0(7 | BIT(bit)));
    }
    assert_false(xcr0(0xe7));
}

static void tiles_and_bounds_come_in_pairs(void **state)
{
    (void)state;
    policy.xcr0 |= XCR0_TILECFG | XCR0_TILEDATA | XCR0_BNDREGS | XCR0_BNDCSR;
    assert_true(xcr0(7 | XCR0_BNDREGS | XCR0_BNDCSR));
    assert_false(xcr0(7 | XCR0_BNDREGS));
    assert_false(xcr0(7 | XCR0_BNDCSR));
    assert_true(xcr0(7 | XCR0_TILECFG | XCR0_TILEDATA));
    assert_false(xcr0(7 | XCR0_TILECFG));
    assert_false(xcr0(7 | XCR0_TILEDATA));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(bits_of_cr0_that_hardware_fixes_or_shares_are_masked, haswell),
        cmocka_unit_test_setup(guests_own_exactly_the_cr4_bits_their_cpuid_offers, haswell),
        cmocka_unit_test_setup(vmxe_smxe_and_mce_are_always_masked, haswell),
        cmocka_unit_test_setup(bits_that_fixed1_forbids_are_masked, haswell),
        cmocka_unit_test_setup(hidden_features_take_their_cr4_bit_along, haswell),
        cmocka_unit_test_setup(real_values_satisfy_vmx_operation, haswell),
        cmocka_unit_test_setup(guests_see_shadow_where_masked, haswell),
        cmocka_unit_test_setup(usual_cr0_writes_are_allowed, haswell),
        cmocka_unit_test_setup(cr0_upper_half_faults, haswell),
        cmocka_unit_test_setup(paging_without_protection_faults, haswell),
        cmocka_unit_test_setup(not_write_through_without_cache_disable_faults, haswell),
        cmocka_unit_test_setup(paging_cannot_be_left_in_64_bit_code_or_with_pcids, haswell),
        cmocka_unit_test_setup(long_mode_needs_pae_and_32_bit_code_to_begin, haswell),
        cmocka_unit_test_setup(every_cr4_bit_outside_cpuid_faults, haswell),
        cmocka_unit_test_setup(new_cr4_features_stay_closed, sapphire),
        cmocka_unit_test_setup(pae_cannot_be_left_in_long_mode, haswell),
        cmocka_unit_test_setup(pcids_begin_in_long_mode_with_pcid_0, haswell),
        cmocka_unit_test_setup(only_xcr0_exists, sapphire),
        cmocka_unit_test_setup(combinations_of_components_are_as_the_manual_says, sapphire),
        cmocka_unit_test_setup(components_the_guest_lacks_fault, haswell),
        cmocka_unit_test_setup(tiles_and_bounds_come_in_pairs, sapphire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
