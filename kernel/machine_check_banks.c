/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of machine checks; see the header. Safe in the handler of #MC: no log, no locks. */
#include "kernel/machine_check_banks.h"

#include "kernel/cpu.h"
#include "kernel/msr.h"

#define MSR_MCI_CTL(bank)    (0x400u + 4 * (bank))
#define MSR_MCI_STATUS(bank) (0x401u + 4 * (bank))
#define MSR_MCI_ADDR(bank)   (0x402u + 4 * (bank))
#define MSR_MCI_MISC(bank)   (0x403u + 4 * (bank))
#define MCG_EXT_CTL_LMCE_EN  BIT(0)

void mc_read_global(struct mc_context *context)
{
    cpu_rdmsr_safe(MSR_IA32_MCG_CAP, &context->cap);
    cpu_rdmsr_safe(MSR_IA32_MCG_STATUS, &context->status);
}

bool mc_take_bank(uint32_t index, struct mc_bank *bank)
{
    *bank = (struct mc_bank){.index = index};
    if (!cpu_rdmsr_safe(MSR_MCI_STATUS(index), &bank->status) || !(bank->status & MCI_STATUS_VAL)) {
        return false;
    }
    if (bank->status & MCI_STATUS_ADDRV) {
        cpu_rdmsr_safe(MSR_MCI_ADDR(index), &bank->address);
    }
    if (bank->status & MCI_STATUS_MISCV) {
        cpu_rdmsr_safe(MSR_MCI_MISC(index), &bank->misc);
    }
    cpu_wrmsr_safe(MSR_MCI_STATUS(index), 0);
    return true;
}

void mc_clear_in_progress(void)
{
    cpu_wrmsr_safe(MSR_IA32_MCG_STATUS, 0);
}

void mc_enable_banks(uint64_t cap)
{
    const uint64_t lmce = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_LMCE_ON;
    if (cap & MCG_CAP_CTL_P) {
        cpu_wrmsr_safe(MSR_IA32_MCG_CTL, UINT64_MAX);
    }
    for (uint32_t i = 0; i < FIELD_GET(MCG_CAP_COUNT, cap); i++) {
        cpu_wrmsr_safe(MSR_MCI_CTL(i), UINT64_MAX);
    }
    if ((cap & MCG_CAP_LMCE) && (cpu_rdmsr(MSR_IA32_FEATURE_CONTROL) & lmce) == lmce) {
        cpu_wrmsr_safe(MSR_IA32_MCG_EXT_CTL, MCG_EXT_CTL_LMCE_EN);
    }
}
