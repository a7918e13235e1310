/* SPDX-License-Identifier: Apache-2.0 */
/* links: vmx/mitigations.c kernel/printf.c */
/*
 * Remedies by processor. CPUID and IA32_ARCH_CAPABILITIES are what such processors report, with
 * microcode before and after a flaw was found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "tests/unit/vmx/bochs_caps.h"
#include "vmx/mitigations.h"

#define EDX_OLD 0u
#define EDX_2018                                                                                   \
    (CPUID_7_EDX_IBRS_IBPB | CPUID_7_EDX_STIBP | CPUID_7_EDX_L1D_FLUSH | CPUID_7_EDX_SSBD)
#define EDX_2019 (EDX_2018 | CPUID_7_EDX_MD_CLEAR)
#define EDX_CAPS (EDX_2019 | CPUID_7_EDX_ARCH_CAPABILITIES)

#define NO       VMX_REMEDY_NOT_NEEDED
#define OPEN     VMX_REMEDY_NONE
#define FLUSH    VMX_REMEDY_L1D_FLUSH
#define VERW     VMX_REMEDY_VERW
#define IBRS     VMX_REMEDY_IBRS
#define IBPB     VMX_REMEDY_IBPB

static const struct {
    const char *processor;
    uint32_t ebx;
    uint32_t edx;
    uint64_t capabilities;
    uint8_t remedy[VMX_FLAWS]; /* L1TF, MDS, TAA, MMIO data, RFDS, multihit, branches */
    bool flush_l1d;
    bool verw;
} processors[] = {
    {"Haswell, microcode of 2017",
     0x27ab,
     EDX_OLD,
     0,
     {OPEN, OPEN, NO, OPEN, NO, OPEN, OPEN},
     false,
     false},
    {"Haswell, microcode of 2018",
     0x27ab,
     EDX_2018,
     0,
     {FLUSH, OPEN, NO, OPEN, NO, OPEN, IBPB},
     true,
     false},
    {"Haswell, microcode of 2019",
     0x27ab,
     EDX_2019,
     0,
     {FLUSH, VERW, NO, VERW, NO, OPEN, IBPB},
     true,
     false},
    {"Skylake-X with RTM",
     0xd39ffffb,
     EDX_2019,
     0,
     {FLUSH, VERW, VERW, VERW, NO, OPEN, IBPB},
     true,
     false},
    /* RDCL_NO, IBRS_ALL, SKIP_L1DFL, MDS_NO, TSX_CTRL; later FB_CLEAR */
    {"Cascade Lake, microcode of 2020",
     0xd39ffffb,
     EDX_CAPS,
     0xab,
     {NO, NO, VERW, OPEN, NO, OPEN, IBRS},
     false,
     true},
    {"Cascade Lake, microcode of 2022",
     0xd39ffffb,
     EDX_CAPS,
     0x200ab,
     {NO, NO, VERW, VERW, NO, OPEN, IBRS},
     false,
     true},
    {"Cascade Lake, RTM hidden",
     0xd39fe7fb,
     EDX_CAPS,
     0x200ab,
     {NO, NO, NO, VERW, NO, OPEN, IBRS},
     false,
     true},
    /* RDCL_NO, IBRS_ALL, MDS_NO, PSCHANGE_MC_NO, TAA_NO, FB_CLEAR */
    {"Ice Lake server",
     0xf3bfbfeb,
     EDX_CAPS,
     0x2016b,
     {NO, NO, NO, VERW, NO, NO, IBRS},
     false,
     true},
    /* ... and not affected by MMIO stale data either */
    {"Sapphire Rapids", 0xf3bfbfeb, EDX_CAPS, 0xe16b, {NO, NO, NO, NO, NO, NO, IBRS}, false, false},
    {"Alder Lake-N, RFDS_CLEAR",
     0x239c27eb,
     EDX_CAPS,
     0x1000e16b,
     {NO, NO, NO, NO, VERW, NO, IBRS},
     false,
     true},
    {"a later one, RFDS_NO",
     0x239c27eb,
     EDX_CAPS,
     0x800e16b,
     {NO, NO, NO, NO, NO, NO, IBRS},
     false,
     false},
    {"below a hypervisor that flushes",
     0x27ab,
     EDX_CAPS,
     0x8,
     {NO, VERW, NO, VERW, NO, OPEN, IBPB},
     false,
     true},
};

static void each_processor_gets_what_it_needs_and_no_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(processors); i++) {
        struct vmx_caps caps = {.cpuid_7_ebx = processors[i].ebx,
                                .cpuid_7_edx = processors[i].edx,
                                .arch_capabilities = processors[i].capabilities};
        struct vmx_mitigations m = vmx_mitigations_choose(&caps, false);
        for (size_t flaw = 0; flaw < VMX_FLAWS; flaw++) {
            if (m.remedy[flaw] != processors[i].remedy[flaw]) {
                fail_msg("%s, flaw %zu: %u instead of %u", processors[i].processor, flaw,
                         m.remedy[flaw], processors[i].remedy[flaw]);
            }
        }
        assert_int_equal(m.flush_l1d, processors[i].flush_l1d);
        assert_int_equal(m.verw, processors[i].verw);
    }
}

/* The emulator's models have none of the remedies: all that is not told is open. */
static void emulated_processors_cost_nothing(void **state)
{
    (void)state;
    struct vmx_mitigations m = vmx_mitigations_choose(&bochs_haswell_4770, false);
    assert_false(m.flush_l1d || m.verw);
    m = vmx_mitigations_choose(&bochs_skylake_x, false);
    assert_false(m.flush_l1d || m.verw);
}

/* Also when a flaw is not known to be absent; a processor without it has no use for them. */
static void small_pages_are_the_remedy_for_multihit(void **state)
{
    (void)state;
    struct vmx_caps caps = {.cpuid_7_ebx = 0xd39ffffb, .cpuid_7_edx = EDX_2019};
    assert_int_equal(vmx_mitigations_choose(&caps, false).remedy[VMX_FLAW_MULTIHIT],
                     VMX_REMEDY_NONE);
    struct vmx_mitigations m = vmx_mitigations_choose(&caps, true);
    assert_int_equal(m.remedy[VMX_FLAW_MULTIHIT], VMX_REMEDY_SMALL_PAGES);
    char text[200];
    vmx_mitigations_print(&m, text, sizeof(text));
    assert_non_null(strstr(text, "iTLB multihit: small pages"));
    caps.arch_capabilities = ARCH_CAP_PSCHANGE_MC_NO;
    assert_int_equal(vmx_mitigations_choose(&caps, true).remedy[VMX_FLAW_MULTIHIT],
                     VMX_REMEDY_NOT_NEEDED);
}

static void the_report_names_every_flaw(void **state)
{
    (void)state;
    struct vmx_caps caps = {.cpuid_7_ebx = 0xd39ffffb, .cpuid_7_edx = EDX_2019};
    struct vmx_mitigations m = vmx_mitigations_choose(&caps, false);
    char text[200];
    vmx_mitigations_print(&m, text, sizeof(text));
    assert_string_equal(text, "L1TF: L1D flush, MDS: VERW, TAA: VERW, MMIO stale data: VERW, "
                              "RFDS: not affected, iTLB multihit: OPEN, branches: IBPB");
    char cut[12];
    vmx_mitigations_print(&m, cut, sizeof(cut));
    assert_string_equal(cut, "L1TF: L1D f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_processor_gets_what_it_needs_and_no_more),
        cmocka_unit_test(emulated_processors_cost_nothing),
        cmocka_unit_test(small_pages_are_the_remedy_for_multihit),
        cmocka_unit_test(the_report_names_every_flaw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
