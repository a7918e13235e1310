/* SPDX-License-Identifier: Apache-2.0 */
/* Guest-owned processor state at its reset values; see the header. */
#include "vmx/cpu_state.h"

#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "kernel/panic.h"
#include "vmx/features.h"
#include "vmx/vmx_defs.h"

struct invalidation {
    uint64_t low; /* EPTP, or VPID */
    uint64_t high;
};

static bool invept(uint64_t type, uint64_t eptp)
{
    struct invalidation what = {eptp, 0};
    bool failed;
    __asm__ volatile("invept %1, %2" : "=@ccbe"(failed) : "m"(what), "r"(type) : "memory");
    return !failed;
}

static bool invvpid(uint64_t type, uint64_t vpid)
{
    struct invalidation what = {vpid, 0};
    bool failed;
    __asm__ volatile("invvpid %1, %2" : "=@ccbe"(failed) : "m"(what), "r"(type) : "memory");
    return !failed;
}

void cpu_state_flush_linear(const struct vm *vm)
{
    if (!invvpid(INVVPID_SINGLE_CONTEXT, vm->vpid)) {
        BUG_ON(!invvpid(INVVPID_ALL_CONTEXTS, 0));
    }
}

void cpu_state_flush_translations(const struct vm *vm)
{
    if (!invept(INVEPT_SINGLE_CONTEXT, ept_pointer(&vm->ept))) {
        BUG_ON(!invept(INVEPT_ALL_CONTEXTS, 0));
    }
    cpu_state_flush_linear(vm);
}

/* SDM "XRSTOR": components whose XSTATE_BV bit is 0 get their initial configuration. */
static void reset_extended_state(void)
{
    static const _Alignas(64) uint8_t no_state[576] = {[24] = 0x80, [25] = 0x1f}; /* MXCSR 0x1F80 */
    uint64_t cr4 = cpu_read_cr4();
    cpu_write_cr0(cpu_read_cr0() & ~(CR0_TS | CR0_EM));
    cpu_write_cr4(cr4 | CR4_OSFXSR);
    __asm__ volatile("fninit");
    if (cr4 & CR4_OSXSAVE) {
        struct cpuid_result all = cpu_cpuid(0xd, 0);
        uint64_t components = (uint64_t)all.edx << 32 | all.eax;
        cpu_xsetbv(0, components);
        __asm__ volatile("xrstor64 %0"
                         :
                         : "m"(no_state), "a"((uint32_t)components),
                           "d"((uint32_t)(components >> 32)));
        cpu_xsetbv(0, 1);
    } else {
        __asm__ volatile("fxrstor64 %0" : : "m"(no_state));
    }
    cpu_write_cr4(cr4);
}

static void reset_debug_registers(void)
{
    uint64_t zero = 0;
    uint64_t dr6 = 0xffff0ff0;
    __asm__ volatile("mov %0, %%dr0\n\t"
                     "mov %0, %%dr1\n\t"
                     "mov %0, %%dr2\n\t"
                     "mov %0, %%dr3\n\t"
                     "mov %1, %%dr6"
                     :
                     : "r"(zero), "r"(dr6));
}

void cpu_state_reset(void)
{
    static const uint32_t zero_msrs[] = {
        MSR_IA32_STAR,    MSR_IA32_LSTAR, MSR_IA32_CSTAR, MSR_IA32_FMASK,   MSR_IA32_KERNEL_GS_BASE,
        MSR_IA32_TSC_AUX, MSR_IA32_XSS,   MSR_IA32_XFD,   MSR_IA32_XFD_ERR,
    };
    for (size_t i = 0; i < ARRAY_SIZE(zero_msrs); i++) {
        cpu_wrmsr_safe(zero_msrs[i], 0);
    }
    if (cpu_cpuid(0, 0).eax >= 7 && (cpu_cpuid(7, 0).edx & CPUID_7_EDX_IBRS_IBPB)) {
        uint64_t capabilities = 0;
        if (cpu_cpuid(7, 0).edx & CPUID_7_EDX_ARCH_CAPABILITIES) {
            cpu_rdmsr_safe(MSR_IA32_ARCH_CAPABILITIES, &capabilities);
        }
        /* Enhanced IBRS is set once and stays. */
        cpu_wrmsr_safe(MSR_IA32_SPEC_CTRL, (capabilities & ARCH_CAP_IBRS_ALL) ? SPEC_CTRL_IBRS : 0);
        cpu_wrmsr_safe(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
    }
    reset_extended_state();
    reset_debug_registers();
    cpu_write_cr2(0);
}
