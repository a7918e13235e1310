/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/cpuid_policy.c kernel/cpuid_table.c kernel/cpuid_compute.c */
/* links: kernel/cpuid_xsave.c kernel/cpuid_rates.c kernel/string.c */
/* What guests see of CPUID, on Bochs' models and on processors made up to be difficult. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guests/include/bulkhead_abi.h"
#include "kernel/cpu_regs.h"
#include "kernel/cpuid_rules.h"
#include "tests/unit/kernel/cpuid_dumps.h"

static struct cpuid_view view;
static const uint32_t one_id[] = {0};

static struct cpuid_input usual_input(void)
{
    return (struct cpuid_input){
        .read = fake_cpuid,
        .tsc_hz = 100000000,
        .apic_timer_hz = 100000000,
        .vcpu_count = 1,
        .apic_ids = one_id,
        .rdtscp = true,
        .invpcid = true,
        .xsaves = true,
    };
}

static void build(const struct cpuid_input *input)
{
    cpuid_view_build(&view, input);
    assert_true(view.count < CPUID_VIEW_ENTRIES);
}

static void build_haswell(void)
{
    struct cpuid_input input = usual_input();
    fake_use(haswell_cpuid, ARRAY_SIZE(haswell_cpuid));
    build(&input);
}

static void build_skylake(void)
{
    struct cpuid_input input = usual_input();
    fake_use(skylake_cpuid, ARRAY_SIZE(skylake_cpuid));
    build(&input);
}

static void build_sapphire(void)
{
    struct cpuid_input input = usual_input();
    fake_use(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid));
    build(&input);
}

static struct cpuid_result all_ones(uint32_t leaf, uint32_t subleaf)
{
    (void)leaf;
    (void)subleaf;
    return (struct cpuid_result){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
}

static void build_all_ones(void)
{
    struct cpuid_input input = usual_input();
    input.read = all_ones;
    build(&input);
}

#define assert_result(r, a, b, c, d)                                                               \
    do {                                                                                           \
        struct cpuid_result got_ = (r);                                                            \
        assert_int_equal(got_.eax, (a));                                                           \
        assert_int_equal(got_.ebx, (b));                                                           \
        assert_int_equal(got_.ecx, (c));                                                           \
        assert_int_equal(got_.edx, (d));                                                           \
    } while (0)

static struct cpuid_result at(uint32_t leaf, uint32_t subleaf)
{
    return cpuid_view_get(&view, leaf, subleaf);
}

/* ---- what passes ---- */

static void haswell_answers_exactly_this(void **state)
{
    (void)state;
    build_haswell();
    assert_result(at(0, 0), 0x16, CPUID_INTEL_EBX, CPUID_INTEL_ECX, CPUID_INTEL_EDX);
    assert_result(at(1, 0), 0x000306c3, 0x00010800, 0xf7fa3203, 0x0f8bfbff);
    assert_result(at(2, 0), 0x76036301, 0x00f0b5ff, 0, 0x00c10000);
    assert_result(at(6, 0), 4, 0, 0, 0);
    assert_result(at(7, 0), 0, 0x000027ab, 0, 0);
    assert_result(at(0xd, 0), 7, 0, 0x340, 0);
    assert_result(at(0xd, 1), 1, 0, 0, 0);
    assert_result(at(0xd, 2), 0x100, 0x240, 0, 0);
    assert_result(at(0x15, 0), 1, 1, 100000000, 0);
    assert_result(at(0x16, 0), 100, 100, 0, 0);
    assert_result(at(0x80000000, 0), 0x80000008, 0, 0, 0);
    assert_result(at(0x80000001, 0), 0, 0, 0x121, 0x2c100800);
    assert_result(at(0x80000002, 0), 0x65746e49, 0x2952286c, 0x726f4320, 0x4d542865);
    assert_result(at(0x80000006, 0), 0, 0, 0x01006040, 0);
    assert_result(at(0x80000007, 0), 0, 0, 0, 0x100);
    assert_result(at(0x80000008, 0), 0x3028, 0, 0, 0);
}

static void skylake_shows_avx512_and_its_xsave(void **state)
{
    (void)state;
    build_skylake();
    assert_result(at(7, 0), 0, 0xd19f27eb, 0, 0);
    assert_result(at(0xd, 0), 0xe7, 0, 0xa80, 0);
    assert_int_equal(at(0xd, 1).eax, 0xf);
    assert_result(at(0xd, 7), 0x400, 0x680, 0, 0);
    assert_int_equal(view.xcr0, 0xe7);
}

static void leaves_without_a_rule_answer_0(void **state)
{
    (void)state;
    build_all_ones();
    static const uint32_t absent[] = {
        3,    5,    8,    9,    0xa,  0xc,  0xe,  0xf,        0x10,       0x11,       0x12,
        0x13, 0x14, 0x17, 0x19, 0x1a, 0x1b, 0x1c, 0x80000005, 0x40000002, 0x4000000f, 0x40000101};
    for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
        for (uint32_t subleaf = 0; subleaf < 4; subleaf++) {
            assert_result(at(absent[i], subleaf), 0, 0, 0, 0);
        }
    }
}

/* ---- what is hidden, whatever the processor has ---- */

static void features_of_the_machine_are_hidden(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t leaf;
        uint32_t subleaf;
        struct cpuid_result bits;
    } hidden[] = {
        {"DTES64", 1, 0, {0, 0, CPUID_1_ECX_DTES64, 0}},
        {"MONITOR", 1, 0, {0, 0, CPUID_1_ECX_MONITOR, 0}},
        {"DS-CPL", 1, 0, {0, 0, CPUID_1_ECX_DS_CPL, 0}},
        {"VMX", 1, 0, {0, 0, CPUID_1_ECX_VMX, 0}},
        {"SMX", 1, 0, {0, 0, CPUID_1_ECX_SMX, 0}},
        {"EIST", 1, 0, {0, 0, CPUID_1_ECX_EIST, 0}},
        {"TM2", 1, 0, {0, 0, CPUID_1_ECX_TM2, 0}},
        {"SDBG", 1, 0, {0, 0, CPUID_1_ECX_SDBG, 0}},
        {"PDCM", 1, 0, {0, 0, CPUID_1_ECX_PDCM, 0}},
        {"DCA", 1, 0, {0, 0, CPUID_1_ECX_DCA, 0}},
        {"OSXSAVE at reset", 1, 0, {0, 0, CPUID_1_ECX_OSXSAVE, 0}},
        {"PSN", 1, 0, {0, 0, 0, CPUID_1_EDX_PSN}},
        {"DS", 1, 0, {0, 0, 0, CPUID_1_EDX_DS}},
        {"ACPI", 1, 0, {0, 0, 0, CPUID_1_EDX_ACPI}},
        {"TM", 1, 0, {0, 0, 0, CPUID_1_EDX_TM}},
        {"PBE", 1, 0, {0, 0, 0, CPUID_1_EDX_PBE}},
        {"thermal and HWP", 6, 0, {~CPUID_6_EAX_ARAT, UINT32_MAX, UINT32_MAX, UINT32_MAX}},
        {"SGX", 7, 0, {0, CPUID_7_EBX_SGX, 0, 0}},
        {"RDT-M", 7, 0, {0, CPUID_7_EBX_RDT_M, 0, 0}},
        {"MPX", 7, 0, {0, CPUID_7_EBX_MPX, 0, 0}},
        {"RDT-A", 7, 0, {0, CPUID_7_EBX_RDT_A, 0, 0}},
        {"PT", 7, 0, {0, CPUID_7_EBX_PT, 0, 0}},
        {"OSPKE at reset", 7, 0, {0, 0, CPUID_7_ECX_OSPKE, 0}},
        {"WAITPKG", 7, 0, {0, 0, CPUID_7_ECX_WAITPKG, 0}},
        {"CET shadow stacks", 7, 0, {0, 0, CPUID_7_ECX_CET_SS, 0}},
        {"TME", 7, 0, {0, 0, CPUID_7_ECX_TME, 0}},
        {"LA57", 7, 0, {0, 0, CPUID_7_ECX_LA57, 0}},
        {"key locker", 7, 0, {0, 0, CPUID_7_ECX_KL, 0}},
        {"bus-lock detection", 7, 0, {0, 0, CPUID_7_ECX_BUS_LOCK_DETECT, 0}},
        {"ENQCMD", 7, 0, {0, 0, CPUID_7_ECX_ENQCMD, 0}},
        {"SGX_LC", 7, 0, {0, 0, CPUID_7_ECX_SGX_LC, 0}},
        {"PKS", 7, 0, {0, 0, CPUID_7_ECX_PKS, 0}},
        {"SGX-KEYS", 7, 0, {0, 0, 0, CPUID_7_EDX_SGX_KEYS}},
        {"UINTR", 7, 0, {0, 0, 0, CPUID_7_EDX_UINTR}},
        {"SRBDS_CTRL", 7, 0, {0, 0, 0, CPUID_7_EDX_SRBDS_CTRL}},
        {"RTM_FORCE_ABORT", 7, 0, {0, 0, 0, CPUID_7_EDX_RTM_FORCE_ABORT}},
        {"hybrid", 7, 0, {0, 0, 0, CPUID_7_EDX_HYBRID}},
        {"PCONFIG", 7, 0, {0, 0, 0, CPUID_7_EDX_PCONFIG}},
        {"architectural LBRs", 7, 0, {0, 0, 0, CPUID_7_EDX_ARCH_LBR}},
        {"CET_IBT", 7, 0, {0, 0, 0, CPUID_7_EDX_CET_IBT}},
        {"IA32_CORE_CAPABILITIES", 7, 0, {0, 0, 0, CPUID_7_EDX_CORE_CAPABILITIES}},
        {"LASS", 7, 1, {CPUID_7_1_EAX_LASS, 0, 0, 0}},
        {"ArchPerfmonExt", 7, 1, {CPUID_7_1_EAX_ARCHPERFMONEXT, 0, 0, 0}},
        {"FRED, LKGS", 7, 1, {CPUID_7_1_EAX_FRED | CPUID_7_1_EAX_LKGS, 0, 0, 0}},
        {"WRMSRNS, MSRLIST", 7, 1, {CPUID_7_1_EAX_WRMSRNS | CPUID_7_1_EAX_MSRLIST, 0, 0, 0}},
        {"HRESET", 7, 1, {CPUID_7_1_EAX_HRESET, 0, 0, 0}},
        {"LAM", 7, 1, {CPUID_7_1_EAX_LAM, 0, 0, 0}},
        {"CET_SSS, AVX10", 7, 1, {0, 0, 0, CPUID_7_1_EDX_CET_SSS | CPUID_7_1_EDX_AVX10}},
        {"SVM", 0x80000001, 0, {0, 0, CPUID_80000001_ECX_SVM, 0}},
        {"supervisor state components", 0xd, 1, {0, 0, UINT32_MAX, UINT32_MAX}},
    };
    build_all_ones();
    for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
        struct cpuid_result r = at(hidden[i].leaf, hidden[i].subleaf);
        const struct cpuid_result *b = &hidden[i].bits;
        if ((r.eax & b->eax) | (r.ebx & b->ebx) | (r.ecx & b->ecx) | (r.edx & b->edx)) {
            fail_msg("%s is visible", hidden[i].name);
        }
    }
}

static void reserved_bits_of_today_stay_hidden(void **state)
{
    (void)state;
    build_all_ones();
    assert_int_equal(at(1, 0).ecx & (BIT(16)), 0);
    assert_int_equal(at(1, 0).edx & (BIT(10) | BIT(20) | BIT(30)), 0);
    assert_int_equal(at(7, 0).edx & (BIT(0) | BIT(6) | BIT(7) | BIT(12) | BIT(17) | BIT(21)), 0);
    assert_int_equal(at(7, 1).ebx | at(7, 1).ecx, 0);
    assert_int_equal(at(7, 2).eax | at(7, 2).ebx | at(7, 2).ecx, 0);
    assert_result(at(7, 3), 0, 0, 0, 0);
    assert_int_equal(at(7, 0).eax, 2);
}

static void hypervisor_and_apic_bits_are_forced(void **state)
{
    (void)state;
    static const struct cpuid_record poor[] = {{0, 0, {1, 0, 0, 0}}};
    struct cpuid_input input = usual_input();
    fake_use(poor, ARRAY_SIZE(poor));
    build(&input);
    assert_result(at(1, 0), 0, 0x00010000, CPUID_1_ECX_HYPERVISOR, CPUID_1_EDX_APIC);
    assert_int_equal(at(6, 0).eax, CPUID_6_EAX_ARAT);
}

static void speculation_controls_pass(void **state)
{
    (void)state;
    const uint32_t controls = CPUID_7_EDX_IBRS_IBPB | CPUID_7_EDX_STIBP | CPUID_7_EDX_L1D_FLUSH |
                              CPUID_7_EDX_ARCH_CAPABILITIES | CPUID_7_EDX_SSBD |
                              CPUID_7_EDX_MD_CLEAR;
    build_all_ones();
    assert_int_equal(at(7, 0).edx & controls, controls);
    build_haswell();
    assert_int_equal(at(7, 0).edx & controls, 0);
}

static void instructions_that_do_not_work_in_guests_are_hidden(void **state)
{
    (void)state;
    struct cpuid_input input = usual_input();
    fake_use(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid));
    build(&input);
    assert_true(at(7, 0).ebx & CPUID_7_EBX_INVPCID);
    assert_true(at(7, 0).ecx & CPUID_7_ECX_RDPID);
    assert_true(at(0xd, 1).eax & CPUID_D_1_EAX_XSAVES);
    assert_true(at(0x80000001, 0).edx & CPUID_80000001_EDX_RDTSCP);
    input.invpcid = false;
    input.rdtscp = false;
    input.xsaves = false;
    build(&input);
    assert_false(at(7, 0).ebx & CPUID_7_EBX_INVPCID);
    assert_false(at(7, 0).ecx & CPUID_7_ECX_RDPID);
    assert_false(at(0xd, 1).eax & CPUID_D_1_EAX_XSAVES);
    assert_true(at(0xd, 1).eax & CPUID_D_1_EAX_XSAVEC);
    assert_false(at(0x80000001, 0).edx & CPUID_80000001_EDX_RDTSCP);
}

/* ---- leaves that do not exist ---- */

static void leaves_beyond_the_highest_answer_as_the_highest_basic_one(void **state)
{
    (void)state;
    build_haswell();
    struct cpuid_result highest = at(0x16, 0);
    static const uint32_t beyond[] = {0x17,       0x1f,       0x20,       0x12345678, 0x3fffffff,
                                      0x40000011, 0x4000001f, 0x400000ff, 0x40000102, 0x40000200,
                                      0x7fffffff, 0x80000009, 0x8000001f, 0x80000020, 0x8fffffff,
                                      0xc0000000, 0xc0000001, 0xffffffff};
    for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
        struct cpuid_result r = at(beyond[i], 5);
        assert_memory_equal(&r, &highest, sizeof(r));
    }
}

static void subleaves_count_beyond_the_highest_leaf_too(void **state)
{
    (void)state;
    build_sapphire();
    assert_int_equal(at(0, 0).eax, 0x1f);
    for (uint32_t subleaf = 0; subleaf < 4; subleaf++) {
        struct cpuid_result r = at(0x20, subleaf);
        struct cpuid_result highest = at(0x1f, subleaf);
        assert_memory_equal(&r, &highest, sizeof(r));
    }
}

static void highest_leaf_is_kept_in_bounds(void **state)
{
    (void)state;
    build_all_ones();
    assert_int_equal(at(0, 0).eax, 0x1f);
    assert_int_equal(at(0x80000000, 0).eax, 0x80000008);
    build_skylake();
    assert_int_equal(at(0, 0).eax, 0x16);
}

/* Every lookup in reach stays inside the view. */
static void every_leaf_and_subleaf_finds_an_entry_of_the_view(void **state)
{
    (void)state;
    build_sapphire();
    for (uint32_t range = 0; range < 4; range++) {
        for (uint32_t leaf = 0; leaf < 0x120; leaf++) {
            for (uint32_t subleaf = 0; subleaf < 70; subleaf++) {
                const struct cpuid_entry *e =
                    cpuid_policy_find(&view, range << 30 | leaf, subleaf == 69 ? ~0u : subleaf);
                assert_true(e >= view.entries && e < view.entries + view.count);
            }
        }
    }
}

/* ---- the hypervisor's leaves ---- */

static void own_leaves_follow_the_abi(void **state)
{
    (void)state;
    static const uint32_t ids[] = {4, 6, 8};
    struct cpuid_input input = usual_input();
    fake_use(haswell_cpuid, ARRAY_SIZE(haswell_cpuid));
    input.apic_ids = ids;
    input.vcpu_count = 3;
    input.vcpu_index = 2;
    input.tsc_hz = 3400000000;
    input.apic_timer_hz = 24000000;
    build(&input);
    struct cpuid_result r = at(BULKHEAD_CPUID_SIGNATURE, 0);
    char text[13] = {0};
    memcpy(text, &r.ebx, 4);
    memcpy(text + 4, &r.ecx, 4);
    memcpy(text + 8, &r.edx, 4);
    assert_string_equal(text, "BulkheadBulk");
    assert_int_equal(r.eax, BULKHEAD_CPUID_LAST);
    assert_result(at(BULKHEAD_CPUID_VERSION, 0), BULKHEAD_ABI_VERSION, 2, 3, 0);
    assert_result(at(BULKHEAD_CPUID_TIMING, 0), 3400000, 24000, 0, 0);
}

static void kvm_signature_is_found_and_offers_nothing(void **state)
{
    (void)state;
    build_haswell();
    struct cpuid_result r = at(0x40000100, 0);
    char text[13] = {0};
    memcpy(text, &r.ebx, 4);
    memcpy(text + 4, &r.ecx, 4);
    memcpy(text + 8, &r.edx, 4);
    assert_memory_equal(text, "KVMKVMKVM\0\0\0", 12);
    assert_int_equal(r.eax, 0x40000101);
    assert_result(at(0x40000101, 0), 0, 0, 0, 0);
}

/* ---- topology ---- */

/* The default reader, but with another leaf 0xB: two threads a core, 8 ids a package. */
static struct cpuid_result eight_threads(uint32_t leaf, uint32_t subleaf)
{
    if (leaf == 0xb && subleaf == 0) {
        return (struct cpuid_result){1, 2, 0x100, 99};
    }
    if (leaf == 0xb && subleaf == 1) {
        return (struct cpuid_result){3, 8, 0x201, 99};
    }
    if (leaf == 0xb) {
        return (struct cpuid_result){0, 0, subleaf, 99};
    }
    return fake_cpuid(leaf, subleaf);
}

static void build_topology(const uint32_t *ids, uint32_t count, uint32_t index)
{
    struct cpuid_input input = usual_input();
    fake_use(haswell_cpuid, ARRAY_SIZE(haswell_cpuid));
    input.read = eight_threads;
    input.apic_ids = ids;
    input.vcpu_count = count;
    input.vcpu_index = index;
    build(&input);
}

static struct cpuid_result patched(uint32_t leaf, uint32_t subleaf,
                                   const struct cpuid_state *cpu_state)
{
    const struct cpuid_entry *e = cpuid_policy_find(&view, leaf, subleaf);
    struct cpuid_result r = e->result;
    cpuid_policy_patch(&view, e->dynamic, subleaf, cpu_state, &r);
    return r;
}

static void topology_counts_the_vms_cpus_by_physical_ids(void **state)
{
    (void)state;
    static const struct cpuid_state none;
    static const uint32_t two_threads[] = {2, 3};
    build_topology(two_threads, 2, 1);
    assert_result(patched(0xb, 0, &none), 1, 2, 0x100, 3);
    assert_result(patched(0xb, 1, &none), 3, 2, 0x201, 3);
    assert_result(patched(0xb, 2, &none), 0, 0, 2, 3);
    assert_result(patched(0xb, 0x1234, &none), 0, 0, 0x34, 3);
    static const uint32_t two_cores[] = {2, 4};
    build_topology(two_cores, 2, 0);
    assert_result(patched(0xb, 0, &none), 1, 1, 0x100, 2);
    assert_result(patched(0xb, 1, &none), 3, 2, 0x201, 2);
    static const uint32_t uneven[] = {2, 3, 4};
    build_topology(uneven, 3, 2);
    assert_result(patched(0xb, 0, &none), 1, 2, 0x100, 4);
    assert_result(patched(0xb, 1, &none), 3, 4, 0x201, 4);
    static const uint32_t two_packages[] = {6, 7, 8, 9, 10, 11};
    build_topology(two_packages, 6, 5);
    assert_result(patched(0xb, 0, &none), 1, 2, 0x100, 11);
    assert_result(patched(0xb, 1, &none), 3, 4, 0x201, 11);
}

static void the_fullest_core_and_package_count(void **state)
{
    (void)state;
    static const struct cpuid_state none;
    static const uint32_t fullest_first[] = {2, 3, 4, 6, 8};
    build_topology(fullest_first, 5, 0);
    assert_int_equal(patched(0xb, 0, &none).ebx, 2);
    assert_int_equal(patched(0xb, 1, &none).ebx, 6);
    static const uint32_t fullest_last[] = {0, 8, 10, 12, 13};
    build_topology(fullest_last, 5, 0);
    assert_int_equal(patched(0xb, 0, &none).ebx, 2);
    assert_int_equal(patched(0xb, 1, &none).ebx, 6);
}

static void leaf_1_and_4_agree_with_the_topology(void **state)
{
    (void)state;
    static const uint32_t ids[] = {10, 11, 12};
    build_topology(ids, 3, 1);
    assert_int_equal(at(1, 0).ebx, 0x0b080800);
    assert_true(at(1, 0).edx & CPUID_1_EDX_HTT);
    /* L1 shared by 2 ids, L3 by at most the package's 8; 4 core ids */
    assert_int_equal(at(4, 0).eax, 0x0c004121);
    assert_int_equal(at(4, 3).eax, 0x0c01c163);
    assert_result(at(4, 4), 0, 0, 0, 0);
    assert_result(at(4, 100), 0, 0, 0, 0);
    static const uint32_t alone[] = {7};
    build_topology(alone, 1, 0);
    assert_int_equal(at(1, 0).ebx, 0x07010800);
    assert_false(at(1, 0).edx & CPUID_1_EDX_HTT);
}

static void every_vcpu_of_a_vm_sees_the_same_but_its_ids(void **state)
{
    (void)state;
    static const uint32_t ids[] = {2, 3, 4, 0x103};
    static struct cpuid_view first;
    build_topology(ids, 4, 0);
    first = view;
    for (uint32_t i = 1; i < 4; i++) {
        build_topology(ids, 4, i);
        assert_int_equal(at(1, 0).ebx >> 24, ids[i] & 0xff);
        assert_int_equal(at(1, 0).ebx & 0xffffff, cpuid_view_get(&first, 1, 0).ebx & 0xffffff);
        assert_int_equal(at(0xb, 0).edx, ids[i]);
        assert_int_equal(at(0xb, 1).ebx, cpuid_view_get(&first, 0xb, 1).ebx);
        assert_int_equal(at(BULKHEAD_CPUID_VERSION, 0).ebx, i);
    }
}

static void one_thread_a_core_makes_every_cpu_a_core(void **state)
{
    (void)state;
    /* Bochs: a shift for threads, but one thread; the package above a third level. */
    static const uint32_t ids[] = {0, 1, 2, 3};
    static const struct cpuid_state none;
    struct cpuid_input input = usual_input();
    fake_use(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid));
    input.apic_ids = ids;
    input.vcpu_count = 4;
    build(&input);
    assert_result(patched(0xb, 0, &none), 0, 1, 0x100, 0);
    assert_result(patched(0xb, 1, &none), 2, 4, 0x201, 0);
    assert_result(patched(0x1f, 1, &none), 2, 4, 0x201, 0);
    assert_result(patched(0x1f, 2, &none), 0, 0, 0x002, 0);
}

static void topology_without_leaf_b_comes_from_leaves_1_and_4(void **state)
{
    (void)state;
    static const struct cpuid_record old[] = {
        {0, 0, {0xa, CPUID_INTEL_EBX, CPUID_INTEL_ECX, CPUID_INTEL_EDX}},
        {1, 0, {0x106a5, 0x00100800, 0, CPUID_1_EDX_HTT}},
        {4, 0, {0x1c004121, 0, 0, 0}},
    };
    static const uint32_t ids[] = {0, 1, 2};
    static const struct cpuid_state none;
    struct cpuid_input input = usual_input();
    fake_use(old, ARRAY_SIZE(old));
    input.apic_ids = ids;
    input.vcpu_count = 3;
    build(&input);
    assert_result(patched(0xb, 0, &none), 1, 2, 0x100, 0);
    assert_result(patched(0xb, 1, &none), 4, 4, 0x201, 0);
}

/* ---- what follows registers ---- */

static void osxsave_follows_cr4(void **state)
{
    (void)state;
    build_haswell();
    struct cpuid_state on = {.cr4 = CR4_OSXSAVE};
    struct cpuid_state off = {.cr4 = ~CR4_OSXSAVE};
    assert_true(patched(1, 0, &on).ecx & CPUID_1_ECX_OSXSAVE);
    assert_false(patched(1, 0, &off).ecx & CPUID_1_ECX_OSXSAVE);
}

static void ospke_follows_cr4(void **state)
{
    (void)state;
    build_sapphire();
    struct cpuid_state on = {.cr4 = CR4_PKE};
    struct cpuid_state off = {.cr4 = ~CR4_PKE};
    assert_true(patched(7, 0, &on).ecx & CPUID_7_ECX_OSPKE);
    assert_false(patched(7, 0, &off).ecx & CPUID_7_ECX_OSPKE);
    build_haswell(); /* no PKU */
    assert_false(patched(7, 0, &on).ecx & CPUID_7_ECX_OSPKE);
}

static void xsave_sizes_follow_xcr0(void **state)
{
    (void)state;
    build_skylake();
    static const struct {
        uint64_t xcr0;
        uint32_t standard;
        uint32_t compacted;
    } sizes[] = {
        {0x1, 0x240, 0x240},
        {0x3, 0x240, 0x240},
        {0x7, 0x340, 0x340},
        {0xe7, 0xa80, 0x240 + 0x100 + 0x40 + 0x200 + 0x400},
    };
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct cpuid_state cpu_state = {.xcr0 = sizes[i].xcr0};
        assert_int_equal(patched(0xd, 0, &cpu_state).ebx, sizes[i].standard);
        assert_int_equal(patched(0xd, 1, &cpu_state).ebx, sizes[i].compacted);
    }
}

static struct cpuid_result aligned_tiles(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r = fake_cpuid(leaf, subleaf);
    if (leaf == 7 && subleaf == 0) {
        r.edx |= CPUID_7_EDX_AMX_TILE;
    } else if (leaf == 0xd && subleaf == 0) {
        r.eax |= (uint32_t)(XCR0_TILECFG | XCR0_TILEDATA);
    } else if (leaf == 0xd && subleaf == 1) {
        r.eax |= CPUID_D_1_EAX_XFD;
    } else if (leaf == 0xd && subleaf == 17) {
        r = (struct cpuid_result){64, 2752, CPUID_D_ECX_ALIGN64, 0};
    } else if (leaf == 0xd && subleaf == 18) {
        r = (struct cpuid_result){8192, 2816, CPUID_D_ECX_ALIGN64 | 4, 0};
    } else if (leaf == 0x1d || leaf == 0x1e) {
        r = (struct cpuid_result){1, 0x04002000, 0x00080040, 0x10};
    }
    return r;
}

static void compacted_components_are_aligned_where_told(void **state)
{
    (void)state;
    struct cpuid_input input = usual_input();
    fake_use(sapphire_cpuid, ARRAY_SIZE(sapphire_cpuid));
    input.read = aligned_tiles;
    build(&input);
    assert_int_equal(view.xcr0, 0x602e7);
    assert_int_equal(at(0xd, 0).ecx, 2816 + 8192);
    assert_true(at(0xd, 1).eax & CPUID_D_1_EAX_XFD);
    struct cpuid_state cpu_state = {.xcr0 = 0x602e7};
    /* 576 + 256 + 64 + 512 + 1024 + 8 = 2440, aligned 2496, + 64 + 8192 */
    assert_int_equal(patched(0xd, 1, &cpu_state).ebx, 2496 + 64 + 8192);
    assert_int_equal(at(0x1d, 0).eax, 1);
    assert_result(at(0x1e, 0), 0, 0x04002000, 0, 0);
    assert_result(at(0x1d, 2), 0, 0, 0, 0);
}

static void tiles_and_xfd_go_with_their_state_component(void **state)
{
    (void)state;
    build_sapphire(); /* Bochs: AMX bits without state components */
    assert_int_equal(view.xcr0, 0x2e7);
    assert_false(at(0xd, 1).eax & CPUID_D_1_EAX_XFD);
    assert_result(at(0x1d, 0), 0, 0, 0, 0);
}

/* ---- hiding on top ---- */

static void configured_bits_are_hidden_on_top(void **state)
{
    (void)state;
    static const struct vm_cpuid_hide bits[] = {
        {.leaf = 7, .subleaf = 0, .reg = 1, .mask = CPUID_7_EBX_ERMS},
        {.leaf = 1, .subleaf = 77, .reg = 2, .mask = CPUID_1_ECX_RDRAND},
        {.leaf = 0x40000000, .subleaf = 0, .reg = 0, .mask = UINT32_MAX},
        {.leaf = 0xd, .subleaf = 1, .reg = 0, .mask = CPUID_D_1_EAX_XSAVEOPT},
    };
    struct cpuid_input input = usual_input();
    fake_use(skylake_cpuid, ARRAY_SIZE(skylake_cpuid));
    input.hide = bits;
    input.hide_count = ARRAY_SIZE(bits);
    build(&input);
    assert_int_equal(at(7, 0).ebx, 0xd19f27eb & ~CPUID_7_EBX_ERMS);
    assert_false(at(1, 0).ecx & CPUID_1_ECX_RDRAND);
    assert_int_equal(at(0x40000000, 0).eax, 0);
    assert_int_equal(at(0xd, 1).eax, 0xe);
    assert_int_equal(at(0xd, 0).eax, 0xe7);
}

static void hiding_a_feature_hides_what_depends_on_it(void **state)
{
    (void)state;
    static const struct vm_cpuid_hide avx = {.leaf = 1, .reg = 2, .mask = CPUID_1_ECX_AVX};
    static const struct vm_cpuid_hide xsave = {.leaf = 1, .reg = 2, .mask = CPUID_1_ECX_XSAVE};
    static const struct vm_cpuid_hide avx512 = {.leaf = 7, .reg = 1, .mask = CPUID_7_EBX_AVX512F};
    static const struct vm_cpuid_hide forced = {
        .leaf = 1, .reg = 2, .mask = CPUID_1_ECX_HYPERVISOR};
    struct cpuid_state on = {.cr4 = CR4_OSXSAVE};
    struct cpuid_input input = usual_input();
    fake_use(skylake_cpuid, ARRAY_SIZE(skylake_cpuid));
    input.hide_count = 1;
    input.hide = &avx;
    build(&input);
    assert_int_equal(view.xcr0, XCR0_X87 | XCR0_SSE);
    input.hide = &avx512;
    build(&input);
    assert_int_equal(view.xcr0, 7);
    assert_int_equal(at(0xd, 0).ecx, 0x340);
    assert_result(at(0xd, 7), 0, 0, 0, 0);
    input.hide = &xsave;
    build(&input);
    assert_int_equal(view.xcr0, 0);
    assert_result(patched(0xd, 0, &on), 0, 0, 0, 0);
    assert_result(patched(0xd, 1, &on), 0, 0, 0, 0);
    assert_false(patched(1, 0, &on).ecx & CPUID_1_ECX_OSXSAVE);
    input.hide = &forced;
    build(&input);
    assert_false(at(1, 0).ecx & CPUID_1_ECX_HYPERVISOR);
}

/* ---- rates ---- */

static void exact_ratios_are_told_exactly(void **state)
{
    (void)state;
    static const struct {
        uint64_t tsc;
        uint64_t apic;
        struct cpuid_result leaf;
    } rates[] = {
        {100000000, 100000000, {1, 1, 100000000, 0}},
        {3000000000, 24000000, {1, 125, 24000000, 0}},
        {3400000000, 24000000, {3, 425, 24000000, 0}},
        {2200000000, 25000000, {1, 88, 25000000, 0}},
        {1497600000, 38400000, {1, 39, 38400000, 0}},
        {50000000, 100000000, {2, 1, 100000000, 0}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        struct cpuid_result r = cpuid_tsc_leaf(rates[i].tsc, rates[i].apic);
        assert_memory_equal(&r, &rates[i].leaf, sizeof(r));
    }
}

static void measured_ratios_are_near_and_do_not_overflow_linux(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (unsigned i = 0; i < 100000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t tsc = 800000000 + (seed >> 20) % 5000000000;
        uint64_t apic = 19200000 + (seed >> 33) % 300000000;
        struct cpuid_result r = cpuid_tsc_leaf(tsc, apic);
        assert_true(r.eax != 0 && r.ebx != 0);
        assert_true((uint64_t)(r.ecx / 1000) * r.ebx <= UINT32_MAX);
        assert_true(r.ecx % 1000 == 0);
        int64_t apic_off = (int64_t)r.ecx - (int64_t)apic;
        assert_true(apic_off <= 500 && apic_off >= -500);
        uint64_t told = (uint64_t)((unsigned __int128)r.ecx * r.ebx / r.eax);
        uint64_t off = told > tsc ? told - tsc : tsc - told;
        assert_true(off * 20000 <= tsc); /* 50 ppm */
    }
}

/* Times a common factor, the distance of crystal * n / d from the TSC's rate. */
static long double distance(uint64_t n, uint64_t d, uint64_t crystal, uint64_t tsc)
{
    long double off = (long double)crystal * (long double)n / (long double)d - (long double)tsc;
    return off < 0 ? -off : off;
}

static void no_nearer_ratio_exists_within_the_bounds(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (unsigned i = 0; i < 100; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t tsc = 800000000 + (seed >> 20) % 5000000000;
        uint64_t apic = 19200000 + (seed >> 33) % 300000000;
        struct cpuid_result r = cpuid_tsc_leaf(tsc, apic);
        long double told = distance(r.ebx, r.eax, r.ecx, tsc);
        for (uint64_t n = 1; n <= UINT32_MAX / (r.ecx / 1000); n++) {
            uint64_t below = n * r.ecx / tsc;
            assert_true(below == 0 || distance(n, below, r.ecx, tsc) > told - 1e-3L);
            assert_true(distance(n, below + 1, r.ecx, tsc) > told - 1e-3L);
        }
    }
}

static void unknown_rates_are_not_enumerated(void **state)
{
    (void)state;
    assert_result(cpuid_tsc_leaf(0, 100000000), 0, 0, 0, 0);
    assert_result(cpuid_tsc_leaf(100000000, 0), 0, 0, 0, 0);
}

/* ---- the table itself ---- */

static void rules_are_sorted_and_follow_each_other(void **state)
{
    (void)state;
    for (size_t i = 1; i < cpuid_rule_count; i++) {
        const struct cpuid_rule *a = &cpuid_rules[i - 1];
        const struct cpuid_rule *b = &cpuid_rules[i];
        assert_true(b->leaf > a->leaf ||
                    (b->leaf == a->leaf && b->first == a->first + a->subleaves));
        assert_true(b->leaf == a->leaf || b->first == 0);
        /* What is forced need not pass. */
        assert_int_equal(b->pass.ecx & b->set.ecx, 0);
        assert_int_equal(b->pass.edx & b->set.edx, 0);
    }
}

static void a_view_fits_its_page(void **state)
{
    (void)state;
    assert_true(sizeof(struct cpuid_view) <= PAGE_SIZE);
    build_all_ones();
    build_sapphire();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(haswell_answers_exactly_this),
        cmocka_unit_test(skylake_shows_avx512_and_its_xsave),
        cmocka_unit_test(leaves_without_a_rule_answer_0),
        cmocka_unit_test(features_of_the_machine_are_hidden),
        cmocka_unit_test(reserved_bits_of_today_stay_hidden),
        cmocka_unit_test(hypervisor_and_apic_bits_are_forced),
        cmocka_unit_test(speculation_controls_pass),
        cmocka_unit_test(instructions_that_do_not_work_in_guests_are_hidden),
        cmocka_unit_test(leaves_beyond_the_highest_answer_as_the_highest_basic_one),
        cmocka_unit_test(subleaves_count_beyond_the_highest_leaf_too),
        cmocka_unit_test(highest_leaf_is_kept_in_bounds),
        cmocka_unit_test(every_leaf_and_subleaf_finds_an_entry_of_the_view),
        cmocka_unit_test(own_leaves_follow_the_abi),
        cmocka_unit_test(kvm_signature_is_found_and_offers_nothing),
        cmocka_unit_test(topology_counts_the_vms_cpus_by_physical_ids),
        cmocka_unit_test(the_fullest_core_and_package_count),
        cmocka_unit_test(leaf_1_and_4_agree_with_the_topology),
        cmocka_unit_test(every_vcpu_of_a_vm_sees_the_same_but_its_ids),
        cmocka_unit_test(one_thread_a_core_makes_every_cpu_a_core),
        cmocka_unit_test(topology_without_leaf_b_comes_from_leaves_1_and_4),
        cmocka_unit_test(osxsave_follows_cr4),
        cmocka_unit_test(ospke_follows_cr4),
        cmocka_unit_test(xsave_sizes_follow_xcr0),
        cmocka_unit_test(compacted_components_are_aligned_where_told),
        cmocka_unit_test(tiles_and_xfd_go_with_their_state_component),
        cmocka_unit_test(configured_bits_are_hidden_on_top),
        cmocka_unit_test(hiding_a_feature_hides_what_depends_on_it),
        cmocka_unit_test(exact_ratios_are_told_exactly),
        cmocka_unit_test(measured_ratios_are_near_and_do_not_overflow_linux),
        cmocka_unit_test(no_nearer_ratio_exists_within_the_bounds),
        cmocka_unit_test(unknown_rates_are_not_enumerated),
        cmocka_unit_test(rules_are_sorted_and_follow_each_other),
        cmocka_unit_test(a_view_fits_its_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
