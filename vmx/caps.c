/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads one CPU's capabilities: the only part of the feature check that touches hardware. Called
 * on the boot processor and on every other one, by the loader and by the kernel. An MSR is read
 * only after CPUID, or an MSR read before, has said that it exists: a #GP here ends the machine.
 */
#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "kernel/string.h"
#include "vmx/features.h"
#include "vmx/vmx_defs.h"

static const struct {
    enum cpu_vendor vendor;
    uint32_t ebx;
    uint32_t edx;
    uint32_t ecx;
} vendors[] = {
    {CPU_VENDOR_INTEL, CPUID_INTEL_EBX, CPUID_INTEL_EDX, CPUID_INTEL_ECX},
    {CPU_VENDOR_AMD, CPUID_AMD_EBX, CPUID_AMD_EDX, CPUID_AMD_ECX},
    {CPU_VENDOR_HYGON, CPUID_HYGON_EBX, CPUID_HYGON_EDX, CPUID_HYGON_ECX},
};

static void read_vendor(struct vmx_caps *caps)
{
    struct cpuid_result r = cpu_cpuid(0, 0);
    caps->cpuid_max = r.eax;
    memcpy(caps->vendor_name, &r.ebx, 4);
    memcpy(caps->vendor_name + 4, &r.edx, 4);
    memcpy(caps->vendor_name + 8, &r.ecx, 4);
    for (size_t i = 0; i < ARRAY_SIZE(vendors); i++) {
        if (r.ebx == vendors[i].ebx && r.edx == vendors[i].edx && r.ecx == vendors[i].ecx) {
            caps->vendor = vendors[i].vendor;
        }
    }
}

/* "Processor Brand String"; some processors pad it with spaces in front. */
static void read_model_name(struct vmx_caps *caps)
{
    char text[sizeof(caps->model_name)] = {0};
    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid_result r = cpu_cpuid(0x80000002u + i, 0);
        memcpy(text + 16 * i, &r, 16);
    }
    size_t skip = 0;
    while (text[skip] == ' ') {
        skip++;
    }
    memcpy(caps->model_name, text + skip, sizeof(text) - skip);
}

static void read_extended_leaves(struct vmx_caps *caps)
{
    uint32_t max = cpu_cpuid(0x80000000u, 0).eax;
    caps->physical_bits = 36;
    caps->linear_bits = 48;
    if (max < 0x80000001u || max > 0x8000ffffu) {
        return;
    }
    struct cpuid_result r = cpu_cpuid(0x80000001u, 0);
    caps->cpuid_80000001_ecx = r.ecx;
    caps->cpuid_80000001_edx = r.edx;
    if (max >= 0x80000004u) {
        read_model_name(caps);
    }
    if (max >= 0x80000007u) {
        caps->cpuid_80000007_edx = cpu_cpuid(0x80000007u, 0).edx;
    }
    if (max >= 0x80000008u) {
        r = cpu_cpuid(0x80000008u, 0);
        caps->physical_bits = (uint8_t)FIELD_GET(CPUID_80000008_EAX_PHYSICAL, r.eax);
        caps->linear_bits = (uint8_t)FIELD_GET(CPUID_80000008_EAX_LINEAR, r.eax);
    }
}

static void read_basic_leaves(struct vmx_caps *caps)
{
    struct cpuid_result r = cpu_cpuid(1, 0);
    caps->signature = r.eax;
    caps->cpuid_1_ecx = r.ecx;
    caps->cpuid_1_edx = r.edx;
    if (caps->cpuid_max >= 7) {
        r = cpu_cpuid(7, 0);
        caps->cpuid_7_ebx = r.ebx;
        caps->cpuid_7_ecx = r.ecx;
        caps->cpuid_7_edx = r.edx;
    }
    if (caps->cpuid_max >= 0xd && (caps->cpuid_1_ecx & CPUID_1_ECX_XSAVE)) {
        caps->cpuid_d_1_eax = cpu_cpuid(0xd, 1).eax;
    }
    if (caps->cpuid_max >= 0x1a && (caps->cpuid_7_edx & CPUID_7_EDX_HYBRID)) {
        caps->core_type = (uint8_t)(cpu_cpuid(0x1a, 0).eax >> 24);
    }
}

/* SDM volume 3, "Update Signature and Verification": write 0, execute CPUID leaf 1, read. */
static uint32_t read_microcode(void)
{
    cpu_wrmsr(MSR_IA32_BIOS_SIGN_ID, 0);
    cpu_cpuid(1, 0);
    return (uint32_t)(cpu_rdmsr(MSR_IA32_BIOS_SIGN_ID) >> 32);
}

static void read_arch_capabilities(struct vmx_caps *caps)
{
    if (!(caps->cpuid_7_edx & CPUID_7_EDX_ARCH_CAPABILITIES)) {
        return;
    }
    caps->arch_capabilities = cpu_rdmsr(MSR_IA32_ARCH_CAPABILITIES);
    if (caps->arch_capabilities & ARCH_CAP_XAPIC_DISABLE_STATUS) {
        caps->xapic_disable_status = cpu_rdmsr(MSR_IA32_XAPIC_DISABLE_STATUS);
    }
}

/* Appendix "VMX Capability Reporting Facility": what each MSR's existence depends on. */
static void read_vmx_msrs(struct vmx_caps *caps)
{
    caps->vmx_basic = cpu_rdmsr(MSR_IA32_VMX_BASIC);
    bool exact = caps->vmx_basic & VMX_BASIC_TRUE_CONTROLS;
    caps->pinbased =
        cpu_rdmsr(exact ? MSR_IA32_VMX_TRUE_PINBASED_CTLS : MSR_IA32_VMX_PINBASED_CTLS);
    caps->procbased =
        cpu_rdmsr(exact ? MSR_IA32_VMX_TRUE_PROCBASED_CTLS : MSR_IA32_VMX_PROCBASED_CTLS);
    caps->exit = cpu_rdmsr(exact ? MSR_IA32_VMX_TRUE_EXIT_CTLS : MSR_IA32_VMX_EXIT_CTLS);
    caps->entry = cpu_rdmsr(exact ? MSR_IA32_VMX_TRUE_ENTRY_CTLS : MSR_IA32_VMX_ENTRY_CTLS);
    caps->vmx_misc = cpu_rdmsr(MSR_IA32_VMX_MISC);
    caps->cr0_fixed0 = cpu_rdmsr(MSR_IA32_VMX_CR0_FIXED0);
    caps->cr0_fixed1 = cpu_rdmsr(MSR_IA32_VMX_CR0_FIXED1);
    caps->cr4_fixed0 = cpu_rdmsr(MSR_IA32_VMX_CR4_FIXED0);
    caps->cr4_fixed1 = cpu_rdmsr(MSR_IA32_VMX_CR4_FIXED1);
    if (vmx_control_allowed(caps, VMX_WORD_PROCBASED, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)) {
        caps->procbased2 = cpu_rdmsr(MSR_IA32_VMX_PROCBASED_CTLS2);
    }
    if (vmx_control_allowed(caps, VMX_WORD_PROCBASED, CPU_BASED_ACTIVATE_TERTIARY_CONTROLS)) {
        caps->procbased3 = cpu_rdmsr(MSR_IA32_VMX_PROCBASED_CTLS3);
    }
    if (vmx_control_allowed(caps, VMX_WORD_PROCBASED2, SECONDARY_ENABLE_EPT) ||
        vmx_control_allowed(caps, VMX_WORD_PROCBASED2, SECONDARY_ENABLE_VPID)) {
        caps->ept_vpid_cap = cpu_rdmsr(MSR_IA32_VMX_EPT_VPID_CAP);
    }
    if (vmx_control_allowed(caps, VMX_WORD_PROCBASED2, SECONDARY_ENABLE_VM_FUNCTIONS)) {
        caps->vmfunc = cpu_rdmsr(MSR_IA32_VMX_VMFUNC);
    }
}

void vmx_caps_read(struct vmx_caps *caps)
{
    memset(caps, 0, sizeof(*caps));
    read_vendor(caps);
    read_basic_leaves(caps);
    read_extended_leaves(caps);
    if (caps->vendor == CPU_VENDOR_INTEL) {
        caps->microcode = read_microcode();
        read_arch_capabilities(caps);
    }
    if (caps->cpuid_1_ecx & CPUID_1_ECX_VMX) {
        caps->feature_control = cpu_rdmsr(MSR_IA32_FEATURE_CONTROL);
        read_vmx_msrs(caps);
    }
}
