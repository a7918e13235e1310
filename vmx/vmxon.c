/* SPDX-License-Identifier: Apache-2.0 */
/* Turns VMX operation on; see the header. */
#include "vmx/vmxon.h"

#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/memory.h"
#include "kernel/msr.h"

static bool enable_in_feature_control(void)
{
    const uint64_t wanted = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX_OUTSIDE_SMX;
    uint64_t control = cpu_rdmsr(MSR_IA32_FEATURE_CONTROL);
    if (!(control & FEATURE_CONTROL_LOCK)) {
        cpu_wrmsr(MSR_IA32_FEATURE_CONTROL, control | wanted);
        control = cpu_rdmsr(MSR_IA32_FEATURE_CONTROL);
    }
    return (control & wanted) == wanted;
}

static void set_fixed_bits(void)
{
    uint64_t cr0 = cpu_read_cr0() | cpu_rdmsr(MSR_IA32_VMX_CR0_FIXED0);
    cpu_write_cr0(cr0 & cpu_rdmsr(MSR_IA32_VMX_CR0_FIXED1));
    uint64_t cr4 = cpu_read_cr4() | CR4_VMXE | cpu_rdmsr(MSR_IA32_VMX_CR4_FIXED0);
    cpu_write_cr4(cr4 & cpu_rdmsr(MSR_IA32_VMX_CR4_FIXED1));
}

/* VMXON succeeded when CF and ZF are clear (SDM "Conventions" of the VMX instruction reference). */
static bool execute_vmxon(hpa_t region)
{
    bool failed;
    __asm__ volatile("vmxon %1" : "=@ccbe"(failed) : "m"(region.v) : "memory");
    return !failed;
}

const char *vmx_on(struct percpu *cpu)
{
    if (!enable_in_feature_control()) {
        return "VT-x is disabled and locked by the firmware (IA32_FEATURE_CONTROL)";
    }
    set_fixed_bits();
    *(uint32_t *)cpu->vmxon_region =
        (uint32_t)FIELD_GET(VMX_BASIC_REVISION, cpu_rdmsr(MSR_IA32_VMX_BASIC));
    if (!execute_vmxon(memory_hpa(cpu->vmxon_region))) {
        return "VMXON failed";
    }
    return NULL;
}
