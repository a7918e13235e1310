/* SPDX-License-Identifier: Apache-2.0 */
/* links: vmx/features.c vmx/feature_table.c kernel/printf.c kernel/string.c */
/* The feature check: every row's bit taken away on its own, the firmware's lock, other vendors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "kernel/printf.h"
#include "tests/unit/vmx/bochs_caps.h"
#include "vmx/vmx_defs.h"

struct reports {
    unsigned count;
    unsigned fatal;
    char text[100][320];
};

static void collect(void *context, bool fatal, const char *text)
{
    struct reports *r = context;
    assert_true(r->count < 100);
    ksnprintf(r->text[r->count], sizeof(r->text[0]), "%s", text);
    r->count++;
    r->fatal += fatal;
}

static unsigned check(const struct vmx_caps *caps, struct reports *r)
{
    memset(r, 0, sizeof(*r));
    unsigned fatal = vmx_features_check(caps, collect, r);
    assert_int_equal(fatal, r->fatal);
    return fatal;
}

static unsigned compare(const struct vmx_caps *a, const struct vmx_caps *b, struct reports *r)
{
    memset(r, 0, sizeof(*r));
    unsigned fatal = vmx_features_compare(a, b, collect, r);
    assert_int_equal(fatal, r->fatal);
    return fatal;
}

/* A processor that has every feature of the table. */
static struct vmx_caps complete(void)
{
    struct vmx_caps caps = bochs_skylake_x;
    caps.procbased2 |= (uint64_t)(SECONDARY_ENABLE_ENCLS_EXITING | SECONDARY_ENABLE_ENCLV_EXITING |
                                  SECONDARY_VMM_BUS_LOCK_DETECTION)
                       << 32;
    return caps;
}

static void *word_at(struct vmx_caps *caps, enum vmx_word word)
{
    switch (word) {
    case VMX_WORD_CPUID_1_ECX:
        return &caps->cpuid_1_ecx;
    case VMX_WORD_CPUID_7_EBX:
        return &caps->cpuid_7_ebx;
    case VMX_WORD_CPUID_7_ECX:
        return &caps->cpuid_7_ecx;
    case VMX_WORD_CPUID_D_1_EAX:
        return &caps->cpuid_d_1_eax;
    case VMX_WORD_CPUID_80000001_EDX:
        return &caps->cpuid_80000001_edx;
    case VMX_WORD_CPUID_80000007_EDX:
        return &caps->cpuid_80000007_edx;
    case VMX_WORD_VMX_BASIC:
        return &caps->vmx_basic;
    case VMX_WORD_VMX_MISC:
        return &caps->vmx_misc;
    case VMX_WORD_EPT_VPID_CAP:
        return &caps->ept_vpid_cap;
    case VMX_WORD_PINBASED:
        return &caps->pinbased;
    case VMX_WORD_PROCBASED:
        return &caps->procbased;
    case VMX_WORD_PROCBASED2:
        return &caps->procbased2;
    case VMX_WORD_EXIT:
        return &caps->exit;
    case VMX_WORD_ENTRY:
        return &caps->entry;
    case VMX_WORD_COUNT:
        break;
    }
    fail_msg("no such word");
    return NULL;
}

/* Makes `caps` a processor that lacks this one feature in the way it is used. */
static void take_away(struct vmx_caps *caps, const struct vmx_feature *f)
{
    bool wide = f->word >= VMX_WORD_VMX_BASIC;
    void *word = word_at(caps, f->word);
    uint64_t value = 0;
    memcpy(&value, word, wide ? 8 : 4);
    if (f->use == VMX_USE_OFF) {
        value |= f->bits;
    } else {
        value &= ~(f->use == VMX_USE_TEST ? f->bits : f->bits << 32);
    }
    memcpy(word, &value, wide ? 8 : 4);
}

/* The table's rows in their order, and what is said when only this one is missing. */
static const struct {
    const char *name;
    bool fatal;
    const char *text; /* NULL: nothing */
} expected[] = {
    {"x2APIC", true,
     "no \"x2APIC\" (CPUID.1:ECX bit 21): needed for local APICs that guests use without exits; "
     "xAPIC-only processors are not supported"},
    {"XSAVE", false, "no \"XSAVE\" (CPUID.1:ECX bit 26): without it guests have no AVX"},
    {"TSC-Deadline", false,
     "no \"TSC-Deadline\" (CPUID.1:ECX bit 24): without it guests use the counting APIC timer"},
    {"SMEP", false,
     "no \"SMEP\" (CPUID.7.0:EBX bit 7): without it root mode lacks a second guard against running "
     "user pages"},
    {"SMAP", false,
     "no \"SMAP\" (CPUID.7.0:EBX bit 20): without it root mode lacks a second guard against "
     "reading user pages"},
    {"Execute Disable Bit", true,
     "no \"Execute Disable Bit\" (CPUID.80000001:EDX bit 20): needed for page tables in which "
     "nothing is writable and executable"},
    {"Intel 64", true, "no \"Intel 64\" (CPUID.80000001:EDX bit 29): needed for root mode"},
    {"invariant TSC", false,
     "no \"invariant TSC\" (CPUID.80000007:EDX bit 8): without it the time that guests see may run "
     "unevenly"},
    {"VM-exit information for INS and OUTS", true,
     "no \"VM-exit information for INS and OUTS\" (IA32_VMX_BASIC bit 54): needed for string I/O "
     "of guests"},
    {"TRUE capability MSRs", true,
     "no \"TRUE capability MSRs\" (IA32_VMX_BASIC bit 55): needed for controls that are not always "
     "1"},
    {"storing of IA32_EFER.LMA on VM exits", true,
     "no \"storing of IA32_EFER.LMA on VM exits\" (IA32_VMX_MISC bit 5): needed for guests that "
     "change to 64-bit mode without an exit"},
    {"activity state HLT", true,
     "no \"activity state HLT\" (IA32_VMX_MISC bit 6): needed for guests that halt"},
    {"EPT page-walk length 4", true,
     "no \"EPT page-walk length 4\" (IA32_VMX_EPT_VPID_CAP bit 6): needed for the guests' memory"},
    {"EPT memory type write-back", true,
     "no \"EPT memory type write-back\" (IA32_VMX_EPT_VPID_CAP bit 14): needed for the guests' "
     "memory"},
    {"2-MByte EPT pages", true,
     "no \"2-MByte EPT pages\" (IA32_VMX_EPT_VPID_CAP bit 16): needed for the guests' memory"},
    {"1-GByte EPT pages", false,
     "no \"1-GByte EPT pages\" (IA32_VMX_EPT_VPID_CAP bit 17): without it EPT uses 2-MByte pages"},
    {"INVEPT", true,
     "no \"INVEPT\" (IA32_VMX_EPT_VPID_CAP bit 20): needed for taking memory away from a VM"},
    {"INVEPT single-context", false, NULL},
    {"INVEPT all-context", true,
     "no \"INVEPT all-context\" (IA32_VMX_EPT_VPID_CAP bit 26): needed for taking memory away from "
     "a VM"},
    {"INVVPID", true,
     "no \"INVVPID\" (IA32_VMX_EPT_VPID_CAP bit 32): needed for starting a VM on a CPU that ran "
     "another"},
    {"INVVPID single-context", false, NULL},
    {"INVVPID all-context", true,
     "no \"INVVPID all-context\" (IA32_VMX_EPT_VPID_CAP bit 42): needed for starting a VM on a CPU "
     "that ran another"},
    {"external-interrupt exiting", true,
     "\"external-interrupt exiting\" cannot be switched off (IA32_VMX_TRUE_PINBASED_CTLS bit 0): "
     "needed for interrupts that reach guests without exits"},
    {"NMI exiting", true,
     "no \"NMI exiting\" (IA32_VMX_TRUE_PINBASED_CTLS bit 3): needed for reaching a CPU that runs "
     "a guest"},
    {"virtual NMIs", true,
     "no \"virtual NMIs\" (IA32_VMX_TRUE_PINBASED_CTLS bit 5): needed for NMIs of guests beside "
     "Bulkhead's own"},
    {"activate VMX-preemption timer", true,
     "no \"activate VMX-preemption timer\" (IA32_VMX_TRUE_PINBASED_CTLS bit 6): needed for "
     "requests that arrive just before an entry, console polling"},
    {"interrupt-window exiting", true,
     "no \"interrupt-window exiting\" (IA32_VMX_TRUE_PROCBASED_CTLS bit 2): needed for interrupts "
     "of a VM with legacy devices"},
    {"use TSC offsetting", true,
     "\"use TSC offsetting\" cannot be switched off (IA32_VMX_TRUE_PROCBASED_CTLS bit 3): needed "
     "for one time for all VMs"},
    {"HLT exiting", true,
     "\"HLT exiting\" cannot be switched off (IA32_VMX_TRUE_PROCBASED_CTLS bit 7): needed for "
     "guests that halt without an exit"},
    {"INVLPG exiting", true,
     "\"INVLPG exiting\" cannot be switched off (IA32_VMX_TRUE_PROCBASED_CTLS bit 9): needed for "
     "guests that own their page tables"},
    {"MWAIT exiting", true,
     "no \"MWAIT exiting\" (IA32_VMX_TRUE_PROCBASED_CTLS bit 10): needed for refusing MWAIT, which "
     "can stop a shared clock"},
    {"RDPMC exiting", true,
     "no \"RDPMC exiting\" (IA32_VMX_TRUE_PROCBASED_CTLS bit 11): needed for refusing performance "
     "counters"},
    {"RDTSC exiting", true,
     "\"RDTSC exiting\" cannot be switched off (IA32_VMX_TRUE_PROCBASED_CTLS bit 12): needed for "
     "guests that read the time without an exit"},
    {"CR3-load exiting", true,
     "\"CR3-load exiting\" cannot be switched off (IA32_VMX_TRUE_PROCBASED_CTLS bit 15): needed "
     "for guests that own their page tables"},
    {"CR3-store exiting", true,
     "\"CR3-store exiting\" cannot be switched off (IA32_VMX_TRUE_PROCBASED_CTLS bit 16): needed "
     "for guests that own their page tables"},
    {"CR8-load exiting", true,
     "\"CR8-load exiting\" cannot be switched off (IA32_VMX_TRUE_PROCBASED_CTLS bit 19): needed "
     "for guests that own their task priority"},
    {"CR8-store exiting", true,
     "\"CR8-store exiting\" cannot be switched off (IA32_VMX_TRUE_PROCBASED_CTLS bit 20): needed "
     "for guests that own their task priority"},
    {"NMI-window exiting", true,
     "no \"NMI-window exiting\" (IA32_VMX_TRUE_PROCBASED_CTLS bit 22): needed for NMIs sent from "
     "one vCPU to another"},
    {"MOV-DR exiting", true,
     "\"MOV-DR exiting\" cannot be switched off (IA32_VMX_TRUE_PROCBASED_CTLS bit 23): needed for "
     "guests that own the debug registers"},
    {"unconditional I/O exiting", true,
     "\"unconditional I/O exiting\" cannot be switched off (IA32_VMX_TRUE_PROCBASED_CTLS bit 24): "
     "needed for ports of devices that were given to a VM"},
    {"use I/O bitmaps", true,
     "no \"use I/O bitmaps\" (IA32_VMX_TRUE_PROCBASED_CTLS bit 25): needed for keeping guests from "
     "ports"},
    {"monitor trap flag", false, NULL},
    {"use MSR bitmaps", true,
     "no \"use MSR bitmaps\" (IA32_VMX_TRUE_PROCBASED_CTLS bit 28): needed for MSRs that guests "
     "use without exits"},
    {"MONITOR exiting", true,
     "no \"MONITOR exiting\" (IA32_VMX_TRUE_PROCBASED_CTLS bit 29): needed for refusing MONITOR"},
    {"PAUSE exiting", true,
     "\"PAUSE exiting\" cannot be switched off (IA32_VMX_TRUE_PROCBASED_CTLS bit 30): needed for "
     "guests that spin without exits"},
    {"activate secondary controls", true,
     "no \"activate secondary controls\" (IA32_VMX_TRUE_PROCBASED_CTLS bit 31): needed for EPT, "
     "VPID and unrestricted guests"},
    {"enable EPT", true,
     "no \"enable EPT\" (IA32_VMX_PROCBASED_CTLS2 bit 1): needed for the walls between VMs"},
    {"descriptor-table exiting", true,
     "\"descriptor-table exiting\" cannot be switched off (IA32_VMX_PROCBASED_CTLS2 bit 2): needed "
     "for guests that own their descriptor tables"},
    {"enable RDTSCP", false,
     "no \"enable RDTSCP\" (IA32_VMX_PROCBASED_CTLS2 bit 3): without it guests have neither RDTSCP "
     "nor RDPID"},
    {"enable VPID", true,
     "no \"enable VPID\" (IA32_VMX_PROCBASED_CTLS2 bit 5): needed for exits that keep the guest's "
     "TLB"},
    {"WBINVD exiting", true,
     "no \"WBINVD exiting\" (IA32_VMX_PROCBASED_CTLS2 bit 6): needed for keeping a guest from "
     "emptying the caches of others"},
    {"unrestricted guest", true,
     "no \"unrestricted guest\" (IA32_VMX_PROCBASED_CTLS2 bit 7): needed for guests in real mode "
     "and without paging"},
    {"PAUSE-loop exiting", true,
     "\"PAUSE-loop exiting\" cannot be switched off (IA32_VMX_PROCBASED_CTLS2 bit 10): needed for "
     "guests that spin without exits"},
    {"enable INVPCID", false,
     "no \"enable INVPCID\" (IA32_VMX_PROCBASED_CTLS2 bit 12): without it guests have no INVPCID"},
    {"enable ENCLS exiting", false, NULL},
    {"enable XSAVES/XRSTORS", false, NULL},
    {"enable ENCLV exiting", false, NULL},
    {"VMM bus-lock detection", false, NULL},
    {"save debug controls", true,
     "no \"save debug controls\" (IA32_VMX_TRUE_EXIT_CTLS bit 2): needed for guests that own the "
     "debug registers"},
    {"host address-space size", true,
     "no \"host address-space size\" (IA32_VMX_TRUE_EXIT_CTLS bit 9): needed for a 64-bit root "
     "mode"},
    {"save IA32_PAT", true,
     "no \"save IA32_PAT\" (IA32_VMX_TRUE_EXIT_CTLS bit 18): needed for guests that own IA32_PAT"},
    {"load IA32_PAT on VM exit", true,
     "no \"load IA32_PAT on VM exit\" (IA32_VMX_TRUE_EXIT_CTLS bit 19): needed for guests that own "
     "IA32_PAT"},
    {"save IA32_EFER", true,
     "no \"save IA32_EFER\" (IA32_VMX_TRUE_EXIT_CTLS bit 20): needed for guests that own "
     "IA32_EFER"},
    {"load IA32_EFER on VM exit", true,
     "no \"load IA32_EFER on VM exit\" (IA32_VMX_TRUE_EXIT_CTLS bit 21): needed for guests that "
     "own IA32_EFER"},
    {"save VMX-preemption timer value", true,
     "no \"save VMX-preemption timer value\" (IA32_VMX_TRUE_EXIT_CTLS bit 22): needed for console "
     "polling at an even pace"},
    {"load debug controls", true,
     "no \"load debug controls\" (IA32_VMX_TRUE_ENTRY_CTLS bit 2): needed for guests that own the "
     "debug registers"},
    {"IA-32e mode guest", true,
     "no \"IA-32e mode guest\" (IA32_VMX_TRUE_ENTRY_CTLS bit 9): needed for 64-bit guests"},
    {"load IA32_PAT on VM entry", true,
     "no \"load IA32_PAT on VM entry\" (IA32_VMX_TRUE_ENTRY_CTLS bit 14): needed for guests that "
     "own IA32_PAT"},
    {"load IA32_EFER on VM entry", true,
     "no \"load IA32_EFER on VM entry\" (IA32_VMX_TRUE_ENTRY_CTLS bit 15): needed for guests that "
     "own IA32_EFER"},
};

static void each_missing_feature_is_named_alone(void **state)
{
    (void)state;
    static struct reports r;
    assert_int_equal(vmx_feature_count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < vmx_feature_count; i++) {
        struct vmx_caps caps = complete();
        assert_true(vmx_feature_present(&caps, &vmx_features[i]));
        take_away(&caps, &vmx_features[i]);
        assert_false(vmx_feature_present(&caps, &vmx_features[i]));
        check(&caps, &r);
        assert_string_equal(vmx_features[i].name, expected[i].name);
        if (!expected[i].text) {
            assert_int_equal(r.count, 0);
            continue;
        }
        assert_int_equal(r.count, 1);
        assert_string_equal(r.text[0], expected[i].text);
        assert_int_equal(r.fatal, expected[i].fatal);
    }
}

static void a_control_that_must_be_1_cannot_be_used_later(void **state)
{
    (void)state;
    static struct reports r;
    struct vmx_caps caps = complete();
    caps.procbased |= CPU_BASED_NMI_WINDOW_EXITING;
    assert_int_equal(check(&caps, &r), 1);
    assert_string_equal(r.text[0], "\"NMI-window exiting\" cannot be switched off "
                                   "(IA32_VMX_TRUE_PROCBASED_CTLS bit 22): needed for NMIs sent "
                                   "from one vCPU to another");
}

static void all_missing_features_are_reported_at_once(void **state)
{
    (void)state;
    static struct reports r;
    struct vmx_caps caps = complete();
    unsigned reported = 0;
    for (size_t i = 0; i < vmx_feature_count; i++) {
        take_away(&caps, &vmx_features[i]);
        reported += vmx_features[i].need != VMX_OPTIONAL;
    }
    check(&caps, &r);
    assert_int_equal(r.count, reported);
    assert_true(r.fatal > 40);
}

static void bochs_models_are_fit(void **state)
{
    (void)state;
    static struct reports r;
    assert_int_equal(check(&bochs_haswell_4770, &r), 0);
    assert_int_equal(r.count, 1);
    assert_string_equal(r.text[0], "no \"SMAP\" (CPUID.7.0:EBX bit 20): without it root mode lacks "
                                   "a second guard against reading user pages");
    assert_int_equal(check(&bochs_skylake_x, &r), 0);
    assert_int_equal(r.count, 0);
}

static void plain_msrs_are_named_where_no_true_ones_exist(void **state)
{
    (void)state;
    assert_string_equal(vmx_word_name(VMX_WORD_EXIT, false), "IA32_VMX_EXIT_CTLS");
    assert_string_equal(vmx_word_name(VMX_WORD_EXIT, true), "IA32_VMX_TRUE_EXIT_CTLS");
    assert_string_equal(vmx_word_name(VMX_WORD_PROCBASED2, true), "IA32_VMX_PROCBASED_CTLS2");
    for (enum vmx_word word = 0; word < VMX_WORD_COUNT; word++) {
        assert_non_null(vmx_word_name(word, true));
    }
}

static void firmware_lock_without_vmx_is_refused_in_words(void **state)
{
    (void)state;
    static struct reports r;
    struct vmx_caps caps = complete();
    caps.feature_control = FEATURE_CONTROL_LOCK;
    assert_int_equal(check(&caps, &r), 1);
    assert_string_equal(r.text[0], "VT-x is disabled and locked by the firmware "
                                   "(IA32_FEATURE_CONTROL = 0x1): enable \"Intel Virtualization "
                                   "Technology\" in the firmware's set-up");
    caps.feature_control = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX_INSIDE_SMX;
    assert_int_equal(check(&caps, &r), 1);
}

static void unlocked_feature_control_is_fit(void **state)
{
    (void)state;
    static struct reports r;
    struct vmx_caps caps = complete();
    caps.feature_control = 0;
    assert_int_equal(check(&caps, &r), 0);
    assert_int_equal(r.count, 0);
}

static void processor_without_vmx_gets_one_complaint(void **state)
{
    (void)state;
    static struct reports r;
    struct vmx_caps caps = {.vendor = CPU_VENDOR_INTEL, .vendor_name = "GenuineIntel"};
    assert_int_equal(check(&caps, &r), 1);
    assert_int_equal(r.count, 1);
    assert_string_equal(r.text[0], "no VT-x: the processor does not offer VMX (CPUID.1:ECX bit 5)");
    caps.cpuid_1_ecx = CPUID_1_ECX_HYPERVISOR;
    assert_int_equal(check(&caps, &r), 1);
    assert_string_equal(r.text[0],
                        "no VT-x: the processor does not offer VMX (CPUID.1:ECX bit 5); this "
                        "machine is a virtual one, whose hypervisor must offer nested VT-x");
}

static void amd_processors_are_named_unsupported(void **state)
{
    (void)state;
    static struct reports r;
    struct vmx_caps caps = {.vendor = CPU_VENDOR_AMD,
                            .vendor_name = "AuthenticAMD",
                            .model_name = "AMD EPYC Processor",
                            .cpuid_80000001_ecx = CPUID_80000001_ECX_SVM};
    assert_int_equal(check(&caps, &r), 1);
    assert_int_equal(r.count, 1);
    assert_string_equal(r.text[0], "AMD-V is not supported yet: this is a processor by "
                                   "AuthenticAMD, AMD EPYC Processor");
    struct vmx_caps hygon = {.vendor = CPU_VENDOR_HYGON, .vendor_name = "HygonGenuine"};
    assert_int_equal(check(&hygon, &r), 1);
    assert_string_equal(r.text[0],
                        "AMD-V is not supported yet: this is a processor by HygonGenuine");
}

static void fields_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static struct reports r;
    struct vmx_caps caps = complete();
    caps.vmx_basic &= ~VMX_BASIC_MEMORY_TYPE;
    assert_int_equal(check(&caps, &r), 1);
    assert_string_equal(r.text[0], "VMCS memory type is 0 (IA32_VMX_BASIC[53:50]), not write-back");
    caps = complete();
    caps.vmx_basic |= VMX_BASIC_REGION_SIZE;
    assert_int_equal(check(&caps, &r), 1);
    assert_string_equal(r.text[0],
                        "the VMCS needs 8191 bytes (IA32_VMX_BASIC[44:32]), more than a page");
    caps = complete();
    caps.cr0_fixed0 |= CR0_WP;
    assert_int_equal(check(&caps, &r), 1);
    assert_string_equal(r.text[0], "guests cannot clear CR0 bits 0x10000 (IA32_VMX_CR0_FIXED0)");
    caps = complete();
    caps.cr4_fixed0 |= CR4_PAE;
    assert_int_equal(check(&caps, &r), 1);
    assert_string_equal(r.text[0], "guests cannot clear CR4 bits 0x20 (IA32_VMX_CR4_FIXED0)");
    caps = complete();
    caps.physical_bits = 52;
    assert_int_equal(check(&caps, &r), 0);
    assert_string_equal(r.text[0], "52 bits of physical address: guests and Bulkhead use 48 (EPT "
                                   "walks 4 levels)");
}

static void like_cpus_have_no_difference(void **state)
{
    (void)state;
    static struct reports r;
    struct vmx_caps a = complete();
    struct vmx_caps b = complete();
    /* What mirrors a register of each CPU, or is set up by Bulkhead, does not count. */
    b.cpuid_1_ecx ^= CPUID_1_ECX_OSXSAVE;
    b.cpuid_7_ecx ^= CPUID_7_ECX_OSPKE;
    b.cpuid_1_edx ^= CPUID_1_EDX_APIC;
    b.feature_control = 0;
    assert_int_equal(compare(&a, &b, &r), 0);
    assert_int_equal(r.count, 0);
}

static void unlike_cpus_are_told_apart_by_name(void **state)
{
    (void)state;
    static struct reports r;
    struct vmx_caps a = complete();
    struct vmx_caps b = complete();
    a.core_type = CPUID_CORE_TYPE_CORE;
    b.core_type = CPUID_CORE_TYPE_ATOM;
    assert_int_equal(compare(&a, &b, &r), 1);
    assert_string_equal(r.text[0],
                        "core type: 0x40 and 0x20 (0x40 performance, 0x20 efficient core)");
    b = complete();
    b.core_type = a.core_type;
    b.cpuid_7_ebx &= ~CPUID_7_EBX_ERMS;
    b.procbased2 &= ~((uint64_t)SECONDARY_ENABLE_PML << 32);
    assert_int_equal(compare(&a, &b, &r), 2);
    assert_string_equal(r.text[0], "CPUID.7.0:EBX: 0xd19f27eb and 0xd19f25eb");
    assert_string_equal(
        r.text[1], "secondary VM-execution controls: 0x5257ffff00000000 and 0x5255ffff00000000");
}

static void bochs_models_are_unlike_each_other(void **state)
{
    (void)state;
    static struct reports r;
    assert_true(compare(&bochs_haswell_4770, &bochs_skylake_x, &r) >= 8);
    assert_string_equal(r.text[0], "model: \"Intel(R) Core(TM) i7-4770 CPU @ 3.40GHz\" and "
                                   "\"Intel(R) Core(TM) i7-7800X CPU @ 3.50GHz\"");
}

static void differing_microcode_is_reported_and_not_fatal(void **state)
{
    (void)state;
    static struct reports r;
    struct vmx_caps a = complete();
    struct vmx_caps b = complete();
    a.microcode = 0x28;
    b.microcode = 0x27;
    assert_int_equal(compare(&a, &b, &r), 0);
    assert_int_equal(r.count, 1);
    assert_string_equal(r.text[0], "microcode revision: 0x28 and 0x27");
}

static void other_vendor_or_address_width_is_fatal(void **state)
{
    (void)state;
    static struct reports r;
    struct vmx_caps a = complete();
    struct vmx_caps b = complete();
    strcpy(b.vendor_name, "CentaurHauls");
    b.physical_bits = 39;
    assert_int_equal(compare(&a, &b, &r), 2);
    assert_string_equal(r.text[0], "vendor: GenuineIntel and CentaurHauls");
    assert_string_equal(r.text[1], "address bits: 40/48 and 39/48");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_missing_feature_is_named_alone),
        cmocka_unit_test(a_control_that_must_be_1_cannot_be_used_later),
        cmocka_unit_test(all_missing_features_are_reported_at_once),
        cmocka_unit_test(bochs_models_are_fit),
        cmocka_unit_test(plain_msrs_are_named_where_no_true_ones_exist),
        cmocka_unit_test(firmware_lock_without_vmx_is_refused_in_words),
        cmocka_unit_test(unlocked_feature_control_is_fit),
        cmocka_unit_test(processor_without_vmx_gets_one_complaint),
        cmocka_unit_test(amd_processors_are_named_unsupported),
        cmocka_unit_test(fields_that_do_not_fit_are_refused),
        cmocka_unit_test(like_cpus_have_no_difference),
        cmocka_unit_test(unlike_cpus_are_told_apart_by_name),
        cmocka_unit_test(bochs_models_are_unlike_each_other),
        cmocka_unit_test(differing_microcode_is_reported_and_not_fatal),
        cmocka_unit_test(other_vendor_or_address_width_is_fatal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
