/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of model-specific registers and their bits: SDM volume 4, table "IA-32 Architectural
 * MSRs" and the tables after it. Numbers only; which of them a guest may reach is said by
 * kernel/msr_policy.c.
 */
#ifndef KERNEL_MSR_H
#define KERNEL_MSR_H

#include "kernel/types.h"

#define MSR_IA32_P5_MC_ADDR              0x000u
#define MSR_IA32_P5_MC_TYPE              0x001u
#define MSR_IA32_MONITOR_FILTER_SIZE     0x006u
#define MSR_IA32_TIME_STAMP_COUNTER      0x010u
#define MSR_IA32_PLATFORM_ID             0x017u
#define MSR_IA32_APIC_BASE               0x01bu
#define MSR_EBL_CR_POWERON               0x02au
#define MSR_TEST_CTRL                    0x033u
#define MSR_SMI_COUNT                    0x034u
#define MSR_CORE_THREAD_COUNT            0x035u
#define MSR_IA32_FEATURE_CONTROL         0x03au
#define MSR_IA32_TSC_ADJUST              0x03bu
#define MSR_IA32_SPEC_CTRL               0x048u
#define MSR_IA32_PRED_CMD                0x049u
#define MSR_PPIN_CTL                     0x04eu
#define MSR_PPIN                         0x04fu
#define MSR_IA32_BIOS_UPDT_TRIG          0x079u
#define MSR_IA32_BIOS_SIGN_ID            0x08bu
#define MSR_IA32_SGXLEPUBKEYHASH0        0x08cu
#define MSR_IA32_SMM_MONITOR_CTL         0x09bu
#define MSR_IA32_SMBASE                  0x09eu
#define MSR_IA32_XAPIC_DISABLE_STATUS    0x0bdu
#define MSR_IA32_PMC0                    0x0c1u
#define MSR_FSB_FREQ                     0x0cdu
#define MSR_PLATFORM_INFO                0x0ceu
#define MSR_IA32_CORE_CAPABILITIES       0x0cfu
#define MSR_PKG_CST_CONFIG_CONTROL       0x0e2u
#define MSR_IA32_UMWAIT_CONTROL          0x0e1u
#define MSR_IA32_MPERF                   0x0e7u
#define MSR_IA32_APERF                   0x0e8u
#define MSR_IA32_MTRRCAP                 0x0feu
#define MSR_IA32_ARCH_CAPABILITIES       0x10au
#define MSR_IA32_FLUSH_CMD               0x10bu
#define MSR_IA32_TSX_CTRL                0x122u
#define MSR_IA32_MCU_OPT_CTRL            0x123u
#define MSR_MISC_FEATURES_ENABLES        0x140u
#define MSR_IA32_SYSENTER_CS             0x174u
#define MSR_IA32_SYSENTER_ESP            0x175u
#define MSR_IA32_SYSENTER_EIP            0x176u
#define MSR_IA32_MCG_CAP                 0x179u
#define MSR_IA32_MCG_STATUS              0x17au
#define MSR_IA32_MCG_CTL                 0x17bu
#define MSR_IA32_PERFEVTSEL0             0x186u
#define MSR_IA32_PERF_STATUS             0x198u
#define MSR_IA32_PERF_CTL                0x199u
#define MSR_IA32_CLOCK_MODULATION        0x19au
#define MSR_IA32_THERM_INTERRUPT         0x19bu
#define MSR_IA32_THERM_STATUS            0x19cu
#define MSR_IA32_MISC_ENABLE             0x1a0u
#define MSR_TEMPERATURE_TARGET           0x1a2u
#define MSR_OFFCORE_RSP_0                0x1a6u
#define MSR_OFFCORE_RSP_1                0x1a7u
#define MSR_TURBO_RATIO_LIMIT            0x1adu
#define MSR_IA32_ENERGY_PERF_BIAS        0x1b0u
#define MSR_IA32_PACKAGE_THERM_STATUS    0x1b1u
#define MSR_IA32_XFD                     0x1c4u
#define MSR_IA32_XFD_ERR                 0x1c5u
#define MSR_LBR_SELECT                   0x1c8u
#define MSR_LASTBRANCH_TOS               0x1c9u
#define MSR_IA32_DEBUGCTL                0x1d9u
#define MSR_LER_FROM_LIP                 0x1ddu
#define MSR_LER_TO_LIP                   0x1deu
#define MSR_IA32_SMRR_PHYSBASE           0x1f2u
#define MSR_IA32_SMRR_PHYSMASK           0x1f3u
#define MSR_IA32_PLATFORM_DCA_CAP        0x1f8u
#define MSR_POWER_CTL                    0x1fcu
#define MSR_IA32_MTRR_PHYSBASE0          0x200u
#define MSR_IA32_MTRR_PHYSMASK0          0x201u
#define MSR_IA32_MTRR_FIX64K_00000       0x250u
#define MSR_IA32_MTRR_FIX16K_80000       0x258u
#define MSR_IA32_MTRR_FIX16K_A0000       0x259u
#define MSR_IA32_MTRR_FIX4K_C0000        0x268u
#define MSR_IA32_MTRR_FIX4K_F8000        0x26fu
#define MSR_IA32_PAT                     0x277u
#define MSR_IA32_MC0_CTL2                0x280u
#define MSR_IA32_MTRR_DEF_TYPE           0x2ffu
#define MSR_IA32_FIXED_CTR0              0x309u
#define MSR_IA32_PERF_CAPABILITIES       0x345u
#define MSR_IA32_FIXED_CTR_CTRL          0x38du
#define MSR_IA32_PERF_GLOBAL_STATUS      0x38eu
#define MSR_IA32_PERF_GLOBAL_CTRL        0x38fu
#define MSR_IA32_PERF_GLOBAL_OVF_CTRL    0x390u
#define MSR_IA32_PEBS_ENABLE             0x3f1u
#define MSR_IA32_MC0_CTL                 0x400u
#define MSR_IA32_MC0_STATUS              0x401u
#define MSR_IA32_MC0_ADDR                0x402u
#define MSR_IA32_MC0_MISC                0x403u
#define MSR_IA32_VMX_BASIC               0x480u
#define MSR_IA32_VMX_PINBASED_CTLS       0x481u
#define MSR_IA32_VMX_PROCBASED_CTLS      0x482u
#define MSR_IA32_VMX_EXIT_CTLS           0x483u
#define MSR_IA32_VMX_ENTRY_CTLS          0x484u
#define MSR_IA32_VMX_MISC                0x485u
#define MSR_IA32_VMX_CR0_FIXED0          0x486u
#define MSR_IA32_VMX_CR0_FIXED1          0x487u
#define MSR_IA32_VMX_CR4_FIXED0          0x488u
#define MSR_IA32_VMX_CR4_FIXED1          0x489u
#define MSR_IA32_VMX_VMCS_ENUM           0x48au
#define MSR_IA32_VMX_PROCBASED_CTLS2     0x48bu
#define MSR_IA32_VMX_EPT_VPID_CAP        0x48cu
#define MSR_IA32_VMX_TRUE_PINBASED_CTLS  0x48du
#define MSR_IA32_VMX_TRUE_PROCBASED_CTLS 0x48eu
#define MSR_IA32_VMX_TRUE_EXIT_CTLS      0x48fu
#define MSR_IA32_VMX_TRUE_ENTRY_CTLS     0x490u
#define MSR_IA32_VMX_VMFUNC              0x491u
#define MSR_IA32_VMX_PROCBASED_CTLS3     0x492u
#define MSR_IA32_VMX_EXIT_CTLS2          0x493u
#define MSR_IA32_A_PMC0                  0x4c1u
#define MSR_IA32_MCG_EXT_CTL             0x4d0u
#define MSR_IA32_RTIT_CTL                0x570u
#define MSR_IA32_DS_AREA                 0x600u
#define MSR_RAPL_POWER_UNIT              0x606u
#define MSR_PKG_POWER_LIMIT              0x610u
#define MSR_PKG_ENERGY_STATUS            0x611u
#define MSR_IA32_U_CET                   0x6a0u
#define MSR_IA32_S_CET                   0x6a2u
#define MSR_IA32_PL0_SSP                 0x6a4u
#define MSR_IA32_PL3_SSP                 0x6a7u
#define MSR_IA32_INTERRUPT_SSP_TABLE     0x6a8u
#define MSR_IA32_TSC_DEADLINE            0x6e0u
#define MSR_IA32_PKRS                    0x6e1u
#define MSR_IA32_PM_ENABLE               0x770u
#define MSR_IA32_HWP_CAPABILITIES        0x771u
#define MSR_IA32_HWP_REQUEST             0x774u
#define MSR_IA32_HW_FEEDBACK_PTR         0x17d0u
#define MSR_IA32_HW_FEEDBACK_CONFIG      0x17d1u

/* "x2APIC Register Address Space": MSR = 0x800 + the xAPIC page's offset / 16 */
#define MSR_X2APIC_FIRST         0x800u
#define MSR_X2APIC_APICID        0x802u
#define MSR_X2APIC_VERSION       0x803u
#define MSR_X2APIC_TPR           0x808u
#define MSR_X2APIC_PPR           0x80au
#define MSR_X2APIC_EOI           0x80bu
#define MSR_X2APIC_LDR           0x80du
#define MSR_X2APIC_SIVR          0x80fu
#define MSR_X2APIC_ISR0          0x810u
#define MSR_X2APIC_TMR0          0x818u
#define MSR_X2APIC_IRR0          0x820u
#define MSR_X2APIC_ESR           0x828u
#define MSR_X2APIC_LVT_CMCI      0x82fu
#define MSR_X2APIC_ICR           0x830u
#define MSR_X2APIC_LVT_TIMER     0x832u
#define MSR_X2APIC_LVT_THERMAL   0x833u
#define MSR_X2APIC_LVT_PMI       0x834u
#define MSR_X2APIC_LVT_LINT0     0x835u
#define MSR_X2APIC_LVT_LINT1     0x836u
#define MSR_X2APIC_LVT_ERROR     0x837u
#define MSR_X2APIC_INITIAL_COUNT 0x838u
#define MSR_X2APIC_CURRENT_COUNT 0x839u
#define MSR_X2APIC_DIVIDE        0x83eu
#define MSR_X2APIC_SELF_IPI      0x83fu
#define MSR_X2APIC_LAST          0x8ffu

#define MSR_IA32_DEBUG_INTERFACE 0xc80u
#define MSR_IA32_L3_QOS_CFG      0xc81u
#define MSR_IA32_PQR_ASSOC       0xc8fu
#define MSR_IA32_L3_MASK_0       0xc90u
#define MSR_IA32_BNDCFGS         0xd90u
#define MSR_IA32_XSS             0xda0u

#define MSR_IA32_EFER            0xc0000080u
#define MSR_IA32_STAR            0xc0000081u
#define MSR_IA32_LSTAR           0xc0000082u
#define MSR_IA32_CSTAR           0xc0000083u
#define MSR_IA32_FMASK           0xc0000084u
#define MSR_IA32_FS_BASE         0xc0000100u
#define MSR_IA32_GS_BASE         0xc0000101u
#define MSR_IA32_KERNEL_GS_BASE  0xc0000102u
#define MSR_IA32_TSC_AUX         0xc0000103u

/* AMD's; guests try them when they look for erratum work-arounds */
#define MSR_AMD_HWCR   0xc0010015u
#define MSR_AMD_DE_CFG 0xc0011029u

/* IA32_APIC_BASE */
#define APIC_BASE_BSP     BIT(8)
#define APIC_BASE_EXTD    BIT(10)
#define APIC_BASE_EN      BIT(11)
#define APIC_BASE_ADDRESS MASK(51, 12)

/* IA32_FEATURE_CONTROL */
#define FEATURE_CONTROL_LOCK            BIT(0)
#define FEATURE_CONTROL_VMX_INSIDE_SMX  BIT(1)
#define FEATURE_CONTROL_VMX_OUTSIDE_SMX BIT(2)
#define FEATURE_CONTROL_LMCE_ON         BIT(20)

/* IA32_EFER */
#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

/* IA32_MISC_ENABLE */
#define MISC_ENABLE_FAST_STRINGS     BIT(0)
#define MISC_ENABLE_PERFMON          BIT(7)
#define MISC_ENABLE_BTS_UNAVAILABLE  BIT(11)
#define MISC_ENABLE_PEBS_UNAVAILABLE BIT(12)
#define MISC_ENABLE_SPEEDSTEP        BIT(16)
#define MISC_ENABLE_MONITOR          BIT(18)
#define MISC_ENABLE_LIMIT_CPUID      BIT(22)
#define MISC_ENABLE_XD_DISABLE       BIT(34)

/* IA32_DEBUGCTL */
#define DEBUGCTL_LBR BIT(0)
#define DEBUGCTL_BTF BIT(1)

/* MSR_PLATFORM_INFO: in units of 100 MHz */
#define PLATFORM_INFO_MAX_RATIO MASK(15, 8)

/* IA32_SPEC_CTRL, IA32_PRED_CMD, IA32_FLUSH_CMD */
#define SPEC_CTRL_IBRS  BIT(0)
#define SPEC_CTRL_STIBP BIT(1)
#define SPEC_CTRL_SSBD  BIT(2)
#define PRED_CMD_IBPB   BIT(0)
#define FLUSH_CMD_L1D   BIT(0)

/* IA32_ARCH_CAPABILITIES */
#define ARCH_CAP_RDCL_NO              BIT(0)
#define ARCH_CAP_IBRS_ALL             BIT(1)
#define ARCH_CAP_RSBA                 BIT(2)
#define ARCH_CAP_SKIP_L1DFL_VMENTRY   BIT(3)
#define ARCH_CAP_SSB_NO               BIT(4)
#define ARCH_CAP_MDS_NO               BIT(5)
#define ARCH_CAP_PSCHANGE_MC_NO       BIT(6)
#define ARCH_CAP_TSX_CTRL             BIT(7)
#define ARCH_CAP_TAA_NO               BIT(8)
#define ARCH_CAP_MCU_CONTROL          BIT(9)
#define ARCH_CAP_MISC_PACKAGE_CTLS    BIT(10)
#define ARCH_CAP_ENERGY_FILTERING_CTL BIT(11)
#define ARCH_CAP_DOITM                BIT(12)
#define ARCH_CAP_SBDR_SSDP_NO         BIT(13)
#define ARCH_CAP_FBSDP_NO             BIT(14)
#define ARCH_CAP_PSDP_NO              BIT(15)
#define ARCH_CAP_FB_CLEAR             BIT(17)
#define ARCH_CAP_FB_CLEAR_CTRL        BIT(18)
#define ARCH_CAP_RRSBA                BIT(19)
#define ARCH_CAP_BHI_NO               BIT(20)
#define ARCH_CAP_XAPIC_DISABLE_STATUS BIT(21)
#define ARCH_CAP_OVERCLOCKING_STATUS  BIT(23)
#define ARCH_CAP_PBRSB_NO             BIT(24)
#define ARCH_CAP_GDS_CTRL             BIT(25)
#define ARCH_CAP_GDS_NO               BIT(26)
#define ARCH_CAP_RFDS_NO              BIT(27)
#define ARCH_CAP_RFDS_CLEAR           BIT(28)
#define ARCH_CAP_IGN_UMONITOR         BIT(29)
#define ARCH_CAP_MON_UMON_MITIG       BIT(30)

/* IA32_XAPIC_DISABLE_STATUS */
#define XAPIC_DISABLE_STATUS_LOCKED BIT(0) /* the legacy mode cannot be chosen */

/* IA32_MTRRCAP, IA32_MTRR_DEF_TYPE, IA32_MTRR_PHYSMASKn */
#define MTRRCAP_VCNT        MASK(7, 0)
#define MTRRCAP_FIX         BIT(8)
#define MTRRCAP_WC          BIT(10)
#define MTRRCAP_SMRR        BIT(11)
#define MTRR_DEF_TYPE_TYPE  MASK(7, 0)
#define MTRR_DEF_TYPE_FE    BIT(10)
#define MTRR_DEF_TYPE_E     BIT(11)
#define MTRR_PHYSMASK_VALID BIT(11)

/* "Memory Types": in MTRRs, PAT and EPT */
#define MEMORY_TYPE_UC       0u
#define MEMORY_TYPE_WC       1u
#define MEMORY_TYPE_WT       4u
#define MEMORY_TYPE_WP       5u
#define MEMORY_TYPE_WB       6u
#define MEMORY_TYPE_UC_MINUS 7u /* PAT only */

#define PAT_AT_RESET         UINT64_C(0x0007040600070406)

/* IA32_VMX_BASIC */
#define VMX_BASIC_REVISION      MASK(30, 0)
#define VMX_BASIC_REGION_SIZE   MASK(44, 32)
#define VMX_BASIC_32BIT_ADDRESS BIT(48)
#define VMX_BASIC_DUAL_MONITOR  BIT(49)
#define VMX_BASIC_MEMORY_TYPE   MASK(53, 50)
#define VMX_BASIC_INS_OUTS      BIT(54)
#define VMX_BASIC_TRUE_CONTROLS BIT(55)

/* IA32_MCG_CAP */
#define MCG_CAP_COUNT MASK(7, 0)
#define MCG_CAP_CTL_P BIT(8)
#define MCG_CAP_SER_P BIT(24) /* the processor tells recoverable errors apart: S, AR, MISC */
#define MCG_CAP_LMCE  BIT(27)

/* IA32_MCG_STATUS */
#define MCG_STATUS_RIPV   BIT(0)
#define MCG_STATUS_EIPV   BIT(1)
#define MCG_STATUS_MCIP   BIT(2)
#define MCG_STATUS_LMCE_S BIT(3)

/* IA32_MCi_STATUS */
#define MCI_STATUS_VAL   BIT(63)
#define MCI_STATUS_OVER  BIT(62)
#define MCI_STATUS_UC    BIT(61)
#define MCI_STATUS_EN    BIT(60)
#define MCI_STATUS_MISCV BIT(59)
#define MCI_STATUS_ADDRV BIT(58)
#define MCI_STATUS_PCC   BIT(57)
#define MCI_STATUS_S     BIT(56)
#define MCI_STATUS_AR    BIT(55)

/* IA32_VMX_MISC */
#define VMX_MISC_TIMER_RATE            MASK(4, 0) /* the timer counts at TSC bit [rate] */
#define VMX_MISC_STORES_LMA            BIT(5)
#define VMX_MISC_ACTIVITY_HLT          BIT(6)
#define VMX_MISC_ACTIVITY_SHUTDOWN     BIT(7)
#define VMX_MISC_ACTIVITY_SIPI         BIT(8)
#define VMX_MISC_CR3_TARGETS           MASK(24, 16)
#define VMX_MISC_MSR_LIST              MASK(27, 25)
#define VMX_MISC_VMWRITE_ANY           BIT(29)
#define VMX_MISC_ZERO_LENGTH_INJECTION BIT(30)

/* IA32_VMX_EPT_VPID_CAP */
#define EPT_VPID_CAP_EXECUTE_ONLY       BIT(0)
#define EPT_VPID_CAP_WALK_4             BIT(6)
#define EPT_VPID_CAP_WALK_5             BIT(7)
#define EPT_VPID_CAP_UC                 BIT(8)
#define EPT_VPID_CAP_WB                 BIT(14)
#define EPT_VPID_CAP_2M                 BIT(16)
#define EPT_VPID_CAP_1G                 BIT(17)
#define EPT_VPID_CAP_INVEPT             BIT(20)
#define EPT_VPID_CAP_ACCESSED_DIRTY     BIT(21)
#define EPT_VPID_CAP_ADVANCED_EXIT_INFO BIT(22)
#define EPT_VPID_CAP_SHADOW_STACK       BIT(23)
#define EPT_VPID_CAP_INVEPT_SINGLE      BIT(25)
#define EPT_VPID_CAP_INVEPT_ALL         BIT(26)
#define EPT_VPID_CAP_INVVPID            BIT(32)
#define EPT_VPID_CAP_INVVPID_ADDRESS    BIT(40)
#define EPT_VPID_CAP_INVVPID_SINGLE     BIT(41)
#define EPT_VPID_CAP_INVVPID_ALL        BIT(42)
#define EPT_VPID_CAP_INVVPID_RETAIN     BIT(43)

#endif
