/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSRs by the names of the SDM's volume 4, and those that no VM may be given: each of them reaches
 * other CPUs, the firmware, voltage and clock, or what Bulkhead itself relies on. MSRs that are not
 * here may be opened by number, with a warning. VM state that the VMCS switches needs no opening.
 */
#include "boot/config/policy.h"

#define NEVER          CONFIG_RULE_NEVER
#define DOUBT          CONFIG_RULE_DOUBT
#define READ           CONFIG_RULE_READ
#define OPEN           CONFIG_RULE_OPEN

#define REASON_TSC     "it would move the time that all VMs share; reading works without it"
#define REASON_CLOCK   "it sets clock, voltage or power for other CPUs too"
#define REASON_MTRR    "memory types are set by Bulkhead"
#define REASON_MCHECK  "machine checks are handled by Bulkhead"
#define REASON_SMM     "it belongs to the firmware's system management mode"
#define REASON_APIC    "the local APIC is opened and filtered by Bulkhead"
#define REASON_TRACE   "tracing writes to physical memory"
#define REASON_CACHE   "it divides the cache for other CPUs too"
#define REASON_OWN     "every VM has it already"
#define REASON_SHARED  "all CPUs share it"
#define REASON_THREADS "the threads of a core share it"

static const struct config_policy rows[] = {
    {0x10, 0x10, NEVER, "IA32_TIME_STAMP_COUNTER", REASON_TSC},
    {0x1b, 0x1b, NEVER, "IA32_APIC_BASE", REASON_APIC},
    {0x33, 0x33, NEVER, "MSR_TEST_CTRL", "it decides about split locks for all VMs"},
    {0x34, 0x34, READ, "MSR_SMI_COUNT", "it only counts"},
    {0x3a, 0x3a, NEVER, "IA32_FEATURE_CONTROL", "VMX belongs to Bulkhead"},
    {0x3b, 0x3b, NEVER, "IA32_TSC_ADJUST", REASON_TSC},
    {0x48, 0x49, DOUBT, "IA32_SPEC_CTRL", REASON_OWN},
    {0x79, 0x79, NEVER, "IA32_BIOS_UPDT_TRIG", "it loads microcode for the whole core"},
    {0x7a, 0x7a, NEVER, "IA32_FEATURE_ACTIVATION", "it changes the processor's features"},
    {0x8b, 0x8b, READ, "IA32_BIOS_SIGN_ID", "microcode belongs to Bulkhead"},
    {0x9b, 0x9b, NEVER, "IA32_SMM_MONITOR_CTL", REASON_SMM},
    {0x9e, 0x9e, NEVER, "IA32_SMBASE", REASON_SMM},
    {0xc1, 0xc1, OPEN, "IA32_PMC0", NULL},
    {0xc2, 0xc2, OPEN, "IA32_PMC1", NULL},
    {0xc3, 0xc3, OPEN, "IA32_PMC2", NULL},
    {0xc4, 0xc4, OPEN, "IA32_PMC3", NULL},
    {0xce, 0xce, READ, "MSR_PLATFORM_INFO", REASON_SHARED},
    {0xcf, 0xcf, READ, "IA32_CORE_CAPABILITIES", "it only describes"},
    {0xe1, 0xe1, OPEN, "IA32_UMWAIT_CONTROL", NULL},
    {0xe2, 0xe2, NEVER, "MSR_PKG_CST_CONFIG_CONTROL", REASON_CLOCK},
    {0xe7, 0xe7, OPEN, "IA32_MPERF", NULL},
    {0xe8, 0xe8, OPEN, "IA32_APERF", NULL},
    {0xfe, 0xfe, NEVER, "IA32_MTRRCAP", REASON_MTRR},
    {0x10a, 0x10a, READ, "IA32_ARCH_CAPABILITIES", "it only describes"},
    {0x10b, 0x10b, DOUBT, "IA32_FLUSH_CMD", REASON_OWN},
    {0x122, 0x122, DOUBT, "IA32_TSX_CTRL", "CPUID then shows what Bulkhead saw at its start"},
    {0x123, 0x123, DOUBT, "IA32_MCU_OPT_CTRL", REASON_THREADS},
    {0x150, 0x150, NEVER, "MSR_OC_MAILBOX", REASON_CLOCK},
    {0x174, 0x176, DOUBT, "IA32_SYSENTER", REASON_OWN},
    {0x179, 0x17b, NEVER, "IA32_MCG", REASON_MCHECK},
    {0x186, 0x186, OPEN, "IA32_PERFEVTSEL0", NULL},
    {0x187, 0x187, OPEN, "IA32_PERFEVTSEL1", NULL},
    {0x188, 0x188, OPEN, "IA32_PERFEVTSEL2", NULL},
    {0x189, 0x189, OPEN, "IA32_PERFEVTSEL3", NULL},
    {0x198, 0x198, READ, "IA32_PERF_STATUS", REASON_SHARED},
    {0x199, 0x199, NEVER, "IA32_PERF_CTL", REASON_CLOCK},
    {0x19a, 0x19a, NEVER, "IA32_CLOCK_MODULATION", REASON_CLOCK},
    {0x19b, 0x19b, NEVER, "IA32_THERM_INTERRUPT", "it raises interrupts that Bulkhead handles"},
    {0x19c, 0x19c, READ, "IA32_THERM_STATUS", "it clears a log that other VMs read"},
    {0x1a0, 0x1a0, NEVER, "IA32_MISC_ENABLE", "it changes the processor's features"},
    {0x1a2, 0x1a2, READ, "MSR_TEMPERATURE_TARGET", REASON_SHARED},
    {0x1a4, 0x1a4, DOUBT, "MSR_MISC_FEATURE_CONTROL", REASON_THREADS},
    {0x1ad, 0x1ae, NEVER, "MSR_TURBO_RATIO_LIMIT", REASON_CLOCK},
    {0x1b0, 0x1b0, NEVER, "IA32_ENERGY_PERF_BIAS", REASON_CLOCK},
    {0x1b1, 0x1b1, READ, "IA32_PACKAGE_THERM_STATUS", "it clears a log that other VMs read"},
    {0x1b2, 0x1b2, NEVER, "IA32_PACKAGE_THERM_INTERRUPT",
     "it raises interrupts that Bulkhead handles"},
    {0x1d9, 0x1d9, NEVER, "IA32_DEBUGCTL", REASON_TRACE},
    {0x1f2, 0x1f3, NEVER, "IA32_SMRR", REASON_SMM},
    {0x1fc, 0x1fc, NEVER, "MSR_POWER_CTL", REASON_CLOCK},
    {0x200, 0x21f, NEVER, "IA32_MTRR_PHYS", REASON_MTRR},
    {0x250, 0x250, NEVER, "IA32_MTRR_FIX64K", REASON_MTRR},
    {0x258, 0x259, NEVER, "IA32_MTRR_FIX16K", REASON_MTRR},
    {0x268, 0x26f, NEVER, "IA32_MTRR_FIX4K", REASON_MTRR},
    {0x277, 0x277, DOUBT, "IA32_PAT", REASON_OWN},
    {0x280, 0x29f, NEVER, "IA32_MC_CTL2", REASON_MCHECK},
    {0x2ff, 0x2ff, NEVER, "IA32_MTRR_DEF_TYPE", REASON_MTRR},
    {0x309, 0x309, OPEN, "IA32_FIXED_CTR0", NULL},
    {0x30a, 0x30a, OPEN, "IA32_FIXED_CTR1", NULL},
    {0x30b, 0x30b, OPEN, "IA32_FIXED_CTR2", NULL},
    {0x38d, 0x38d, OPEN, "IA32_FIXED_CTR_CTRL", NULL},
    {0x38e, 0x38e, OPEN, "IA32_PERF_GLOBAL_STATUS", NULL},
    {0x38f, 0x38f, OPEN, "IA32_PERF_GLOBAL_CTRL", NULL},
    {0x390, 0x390, OPEN, "IA32_PERF_GLOBAL_STATUS_RESET", NULL},
    {0x391, 0x39f, NEVER, "MSR_UNCORE", "the uncore is shared by all CPUs"},
    {0x3f1, 0x3f1, NEVER, "IA32_PEBS_ENABLE", REASON_TRACE},
    {0x400, 0x47f, NEVER, "IA32_MC", REASON_MCHECK},
    {0x480, 0x493, NEVER, "IA32_VMX", "VMX belongs to Bulkhead"},
    {0x4d0, 0x4d0, NEVER, "IA32_MCG_EXT_CTL", REASON_MCHECK},
    {0x4e0, 0x4e0, NEVER, "MSR_SMM_FEATURE_CONTROL", REASON_SMM},
    {0x560, 0x561, NEVER, "IA32_RTIT_OUTPUT", REASON_TRACE},
    {0x570, 0x58f, NEVER, "IA32_RTIT", REASON_TRACE},
    {0x600, 0x600, NEVER, "IA32_DS_AREA", REASON_TRACE},
    {0x601, 0x602, NEVER, "MSR_VR_CONFIG", REASON_CLOCK},
    {0x606, 0x606, READ, "MSR_RAPL_POWER_UNIT", REASON_SHARED},
    {0x60a, 0x60d, NEVER, "MSR_PKGC", REASON_CLOCK},
    {0x610, 0x610, NEVER, "MSR_PKG_POWER_LIMIT", REASON_CLOCK},
    {0x611, 0x611, READ, "MSR_PKG_ENERGY_STATUS", REASON_SHARED},
    {0x612, 0x618, NEVER, "MSR_PKG_POWER_INFO", REASON_CLOCK},
    {0x619, 0x619, READ, "MSR_DRAM_ENERGY_STATUS", REASON_SHARED},
    {0x61a, 0x638, NEVER, "MSR_UNCORE_RATIO_LIMIT", REASON_CLOCK},
    {0x639, 0x639, READ, "MSR_PP0_ENERGY_STATUS", REASON_SHARED},
    {0x63a, 0x665, NEVER, "MSR_PP_POWER_LIMIT", REASON_CLOCK},
    {0x6e0, 0x6e0, DOUBT, "IA32_TSC_DEADLINE", REASON_OWN},
    {0x770, 0x770, NEVER, "IA32_PM_ENABLE", REASON_CLOCK},
    {0x771, 0x771, READ, "IA32_HWP_CAPABILITIES", REASON_SHARED},
    {0x772, 0x777, NEVER, "IA32_HWP", REASON_CLOCK},
    {0x7d0, 0x7d1, NEVER, "IA32_HW_FEEDBACK", "it makes the processor write to physical memory"},
    {0x800, 0x8ff, NEVER, "IA32_X2APIC", REASON_APIC},
    {0xc80, 0xc80, NEVER, "IA32_DEBUG_INTERFACE", "it opens the processor to a probe"},
    {0xc81, 0xc8f, NEVER, "IA32_QOS", REASON_CACHE},
    {0xc90, 0xd8f, NEVER, "IA32_RESOURCE_MASK", REASON_CACHE},
    {0xda0, 0xda0, DOUBT, "IA32_XSS", REASON_OWN},
    {0xc0000080, 0xc0000084, DOUBT, "IA32_EFER", REASON_OWN},
    {0xc0000100, 0xc0000103, DOUBT, "IA32_FS_BASE", REASON_OWN},
    {0xc0010000, 0xc001ffff, NEVER, "AMD_NB",
     "AMD's model-specific registers reach SMM and memory"},
};

const struct config_policy_table config_msr_policy = {rows, ARRAY_SIZE(rows)};
