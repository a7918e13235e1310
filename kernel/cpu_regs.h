/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of the control, flags and debug registers, of XCR0 and of CPUID's answers, and the
 * exception vectors: SDM volume 3, "System Architecture Overview", "Interrupt and Exception
 * Handling"; volume 2, "CPUID". For everyone; no code. Model-specific registers: kernel/msr.h.
 */
#ifndef KERNEL_CPU_REGS_H
#define KERNEL_CPU_REGS_H

#include "kernel/types.h"

/* "Control Registers" */
#define CR0_PE         BIT(0)
#define CR0_MP         BIT(1)
#define CR0_EM         BIT(2)
#define CR0_TS         BIT(3)
#define CR0_ET         BIT(4)
#define CR0_NE         BIT(5)
#define CR0_WP         BIT(16)
#define CR0_AM         BIT(18)
#define CR0_NW         BIT(29)
#define CR0_CD         BIT(30)
#define CR0_PG         BIT(31)

#define CR3_PWT        BIT(3)
#define CR3_PCD        BIT(4)
#define CR3_LAM_U57    BIT(61)
#define CR3_LAM_U48    BIT(62)
#define CR3_PCID       MASK(11, 0)
#define CR3_KEEP_TLB   BIT(63) /* of MOV to CR3 with CR4.PCIDE; never stored */

#define CR4_VME        BIT(0)
#define CR4_PVI        BIT(1)
#define CR4_TSD        BIT(2)
#define CR4_DE         BIT(3)
#define CR4_PSE        BIT(4)
#define CR4_PAE        BIT(5)
#define CR4_MCE        BIT(6)
#define CR4_PGE        BIT(7)
#define CR4_PCE        BIT(8)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP       BIT(11)
#define CR4_LA57       BIT(12)
#define CR4_VMXE       BIT(13)
#define CR4_SMXE       BIT(14)
#define CR4_FSGSBASE   BIT(16)
#define CR4_PCIDE      BIT(17)
#define CR4_OSXSAVE    BIT(18)
#define CR4_KL         BIT(19)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)
#define CR4_PKE        BIT(22)
#define CR4_CET        BIT(23)
#define CR4_PKS        BIT(24)
#define CR4_UINTR      BIT(25)
#define CR4_LASS       BIT(27)
#define CR4_LAM_SUP    BIT(28)
#define CR4_FRED       BIT(32)

/* "System Flags and Fields in the EFLAGS Register" */
#define RFLAGS_CF    BIT(0)
#define RFLAGS_FIXED BIT(1) /* always 1 */
#define RFLAGS_PF    BIT(2)
#define RFLAGS_AF    BIT(4)
#define RFLAGS_ZF    BIT(6)
#define RFLAGS_SF    BIT(7)
#define RFLAGS_TF    BIT(8)
#define RFLAGS_IF    BIT(9)
#define RFLAGS_DF    BIT(10)
#define RFLAGS_OF    BIT(11)
#define RFLAGS_IOPL  MASK(13, 12)
#define RFLAGS_NT    BIT(14)
#define RFLAGS_RF    BIT(16)
#define RFLAGS_VM    BIT(17)
#define RFLAGS_AC    BIT(18)
#define RFLAGS_VIF   BIT(19)
#define RFLAGS_VIP   BIT(20)
#define RFLAGS_ID    BIT(21)

/* "Debug Registers" */
#define DR6_AT_RESET UINT64_C(0xffff0ff0)
#define DR6_B0_B3    MASK(3, 0)
#define DR6_BD       BIT(13)
#define DR6_BS       BIT(14)
#define DR6_BT       BIT(15)
#define DR7_AT_RESET UINT64_C(0x400)
#define DR7_GD       BIT(13)

/* "Extended Control Registers (Including XCR0)": state components of XCR0 and IA32_XSS */
#define XCR0_X87       BIT(0)
#define XCR0_SSE       BIT(1)
#define XCR0_AVX       BIT(2)
#define XCR0_BNDREGS   BIT(3)
#define XCR0_BNDCSR    BIT(4)
#define XCR0_OPMASK    BIT(5)
#define XCR0_ZMM_HI256 BIT(6)
#define XCR0_HI16_ZMM  BIT(7)
#define XCR0_PKRU      BIT(9)
#define XCR0_TILECFG   BIT(17)
#define XCR0_TILEDATA  BIT(18)
#define XCR0_APX       BIT(19)
#define XSS_PT         BIT(8)
#define XSS_PASID      BIT(10)
#define XSS_CET_U      BIT(11)
#define XSS_CET_S      BIT(12)
#define XSS_HDC        BIT(13)
#define XSS_UINTR      BIT(14)
#define XSS_LBR        BIT(15)
#define XSS_HWP        BIT(16)

/* "Exceptions and Interrupts" */
#define VECTOR_DE  0u
#define VECTOR_DB  1u
#define VECTOR_NMI 2u
#define VECTOR_BP  3u
#define VECTOR_OF  4u
#define VECTOR_BR  5u
#define VECTOR_UD  6u
#define VECTOR_NM  7u
#define VECTOR_DF  8u
#define VECTOR_TS  10u
#define VECTOR_NP  11u
#define VECTOR_SS  12u
#define VECTOR_GP  13u
#define VECTOR_PF  14u
#define VECTOR_MF  16u
#define VECTOR_AC  17u
#define VECTOR_MC  18u
#define VECTOR_XM  19u
#define VECTOR_VE  20u
#define VECTOR_CP  21u

/* "Page-Fault Error Code" */
#define PF_ERROR_P    BIT(0)
#define PF_ERROR_WR   BIT(1)
#define PF_ERROR_US   BIT(2)
#define PF_ERROR_RSVD BIT(3)
#define PF_ERROR_ID   BIT(4)

/* CPUID leaf 0: "GenuineIntel", "AuthenticAMD", "HygonGenuine" in EBX, EDX, ECX */
#define CPUID_INTEL_EBX 0x756e6547u
#define CPUID_INTEL_EDX 0x49656e69u
#define CPUID_INTEL_ECX 0x6c65746eu
#define CPUID_AMD_EBX   0x68747541u
#define CPUID_AMD_EDX   0x69746e65u
#define CPUID_AMD_ECX   0x444d4163u
#define CPUID_HYGON_EBX 0x6f677948u
#define CPUID_HYGON_EDX 0x6e65476eu
#define CPUID_HYGON_ECX 0x656e6975u

/* Bits of answers are written CPUID_<leaf>[_<subleaf>]_<register>_<name>. Leaf 1 */
#define CPUID_1_EBX_BRAND        0x000000ffu
#define CPUID_1_EBX_CLFLUSH      0x0000ff00u
#define CPUID_1_EBX_APIC_IDS     0x00ff0000u /* maximum number of addressable ids */
#define CPUID_1_EBX_APIC_ID      0xff000000u
#define CPUID_1_ECX_SSE3         (1u << 0)
#define CPUID_1_ECX_PCLMULQDQ    (1u << 1)
#define CPUID_1_ECX_DTES64       (1u << 2)
#define CPUID_1_ECX_MONITOR      (1u << 3)
#define CPUID_1_ECX_DS_CPL       (1u << 4)
#define CPUID_1_ECX_VMX          (1u << 5)
#define CPUID_1_ECX_SMX          (1u << 6)
#define CPUID_1_ECX_EIST         (1u << 7)
#define CPUID_1_ECX_TM2          (1u << 8)
#define CPUID_1_ECX_SSSE3        (1u << 9)
#define CPUID_1_ECX_CNXT_ID      (1u << 10)
#define CPUID_1_ECX_SDBG         (1u << 11)
#define CPUID_1_ECX_FMA          (1u << 12)
#define CPUID_1_ECX_CX16         (1u << 13)
#define CPUID_1_ECX_XTPR         (1u << 14)
#define CPUID_1_ECX_PDCM         (1u << 15)
#define CPUID_1_ECX_PCID         (1u << 17)
#define CPUID_1_ECX_DCA          (1u << 18)
#define CPUID_1_ECX_SSE4_1       (1u << 19)
#define CPUID_1_ECX_SSE4_2       (1u << 20)
#define CPUID_1_ECX_X2APIC       (1u << 21)
#define CPUID_1_ECX_MOVBE        (1u << 22)
#define CPUID_1_ECX_POPCNT       (1u << 23)
#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_1_ECX_AESNI        (1u << 25)
#define CPUID_1_ECX_XSAVE        (1u << 26)
#define CPUID_1_ECX_OSXSAVE      (1u << 27)
#define CPUID_1_ECX_AVX          (1u << 28)
#define CPUID_1_ECX_F16C         (1u << 29)
#define CPUID_1_ECX_RDRAND       (1u << 30)
#define CPUID_1_ECX_HYPERVISOR   (1u << 31)
#define CPUID_1_EDX_FPU          (1u << 0)
#define CPUID_1_EDX_VME          (1u << 1)
#define CPUID_1_EDX_DE           (1u << 2)
#define CPUID_1_EDX_PSE          (1u << 3)
#define CPUID_1_EDX_TSC          (1u << 4)
#define CPUID_1_EDX_MSR          (1u << 5)
#define CPUID_1_EDX_PAE          (1u << 6)
#define CPUID_1_EDX_MCE          (1u << 7)
#define CPUID_1_EDX_CX8          (1u << 8)
#define CPUID_1_EDX_APIC         (1u << 9)
#define CPUID_1_EDX_SEP          (1u << 11)
#define CPUID_1_EDX_MTRR         (1u << 12)
#define CPUID_1_EDX_PGE          (1u << 13)
#define CPUID_1_EDX_MCA          (1u << 14)
#define CPUID_1_EDX_CMOV         (1u << 15)
#define CPUID_1_EDX_PAT          (1u << 16)
#define CPUID_1_EDX_PSE36        (1u << 17)
#define CPUID_1_EDX_PSN          (1u << 18)
#define CPUID_1_EDX_CLFSH        (1u << 19)
#define CPUID_1_EDX_DS           (1u << 21)
#define CPUID_1_EDX_ACPI         (1u << 22)
#define CPUID_1_EDX_MMX          (1u << 23)
#define CPUID_1_EDX_FXSR         (1u << 24)
#define CPUID_1_EDX_SSE          (1u << 25)
#define CPUID_1_EDX_SSE2         (1u << 26)
#define CPUID_1_EDX_SS           (1u << 27)
#define CPUID_1_EDX_HTT          (1u << 28)
#define CPUID_1_EDX_TM           (1u << 29)
#define CPUID_1_EDX_PBE          (1u << 31)

/* Leaf 4 */
#define CPUID_4_EAX_TYPE    0x0000001fu /* 0: no more caches */
#define CPUID_4_EAX_SHARING 0x03ffc000u /* ids that share the cache, less one */
#define CPUID_4_EAX_CORES   0xfc000000u /* core ids in the package, less one */

/* Leaf 6 */
#define CPUID_6_EAX_ARAT (1u << 2)

/* Leaf 7 */
#define CPUID_7_EBX_FSGSBASE            (1u << 0)
#define CPUID_7_EBX_TSC_ADJUST          (1u << 1)
#define CPUID_7_EBX_SGX                 (1u << 2)
#define CPUID_7_EBX_BMI1                (1u << 3)
#define CPUID_7_EBX_HLE                 (1u << 4)
#define CPUID_7_EBX_AVX2                (1u << 5)
#define CPUID_7_EBX_FDP_EXCPTN_ONLY     (1u << 6)
#define CPUID_7_EBX_SMEP                (1u << 7)
#define CPUID_7_EBX_BMI2                (1u << 8)
#define CPUID_7_EBX_ERMS                (1u << 9)
#define CPUID_7_EBX_INVPCID             (1u << 10)
#define CPUID_7_EBX_RTM                 (1u << 11)
#define CPUID_7_EBX_RDT_M               (1u << 12)
#define CPUID_7_EBX_FCS_FDS_DEPRECATED  (1u << 13)
#define CPUID_7_EBX_MPX                 (1u << 14)
#define CPUID_7_EBX_RDT_A               (1u << 15)
#define CPUID_7_EBX_AVX512F             (1u << 16)
#define CPUID_7_EBX_AVX512DQ            (1u << 17)
#define CPUID_7_EBX_RDSEED              (1u << 18)
#define CPUID_7_EBX_ADX                 (1u << 19)
#define CPUID_7_EBX_SMAP                (1u << 20)
#define CPUID_7_EBX_AVX512_IFMA         (1u << 21)
#define CPUID_7_EBX_CLFLUSHOPT          (1u << 23)
#define CPUID_7_EBX_CLWB                (1u << 24)
#define CPUID_7_EBX_PT                  (1u << 25)
#define CPUID_7_EBX_AVX512PF            (1u << 26)
#define CPUID_7_EBX_AVX512ER            (1u << 27)
#define CPUID_7_EBX_AVX512CD            (1u << 28)
#define CPUID_7_EBX_SHA                 (1u << 29)
#define CPUID_7_EBX_AVX512BW            (1u << 30)
#define CPUID_7_EBX_AVX512VL            (1u << 31)
#define CPUID_7_ECX_PREFETCHWT1         (1u << 0)
#define CPUID_7_ECX_AVX512_VBMI         (1u << 1)
#define CPUID_7_ECX_UMIP                (1u << 2)
#define CPUID_7_ECX_PKU                 (1u << 3)
#define CPUID_7_ECX_OSPKE               (1u << 4)
#define CPUID_7_ECX_WAITPKG             (1u << 5)
#define CPUID_7_ECX_AVX512_VBMI2        (1u << 6)
#define CPUID_7_ECX_CET_SS              (1u << 7)
#define CPUID_7_ECX_GFNI                (1u << 8)
#define CPUID_7_ECX_VAES                (1u << 9)
#define CPUID_7_ECX_VPCLMULQDQ          (1u << 10)
#define CPUID_7_ECX_AVX512_VNNI         (1u << 11)
#define CPUID_7_ECX_AVX512_BITALG       (1u << 12)
#define CPUID_7_ECX_TME                 (1u << 13)
#define CPUID_7_ECX_AVX512_VPOPCNTDQ    (1u << 14)
#define CPUID_7_ECX_LA57                (1u << 16)
#define CPUID_7_ECX_RDPID               (1u << 22)
#define CPUID_7_ECX_KL                  (1u << 23)
#define CPUID_7_ECX_BUS_LOCK_DETECT     (1u << 24)
#define CPUID_7_ECX_CLDEMOTE            (1u << 25)
#define CPUID_7_ECX_MOVDIRI             (1u << 27)
#define CPUID_7_ECX_MOVDIR64B           (1u << 28)
#define CPUID_7_ECX_ENQCMD              (1u << 29)
#define CPUID_7_ECX_SGX_LC              (1u << 30)
#define CPUID_7_ECX_PKS                 (1u << 31)
#define CPUID_7_EDX_SGX_KEYS            (1u << 1)
#define CPUID_7_EDX_AVX512_4VNNIW       (1u << 2)
#define CPUID_7_EDX_AVX512_4FMAPS       (1u << 3)
#define CPUID_7_EDX_FSRM                (1u << 4)
#define CPUID_7_EDX_UINTR               (1u << 5)
#define CPUID_7_EDX_AVX512_VP2INTERSECT (1u << 8)
#define CPUID_7_EDX_SRBDS_CTRL          (1u << 9)
#define CPUID_7_EDX_MD_CLEAR            (1u << 10)
#define CPUID_7_EDX_RTM_ALWAYS_ABORT    (1u << 11)
#define CPUID_7_EDX_RTM_FORCE_ABORT     (1u << 13)
#define CPUID_7_EDX_SERIALIZE           (1u << 14)
#define CPUID_7_EDX_HYBRID              (1u << 15)
#define CPUID_7_EDX_TSXLDTRK            (1u << 16)
#define CPUID_7_EDX_PCONFIG             (1u << 18)
#define CPUID_7_EDX_ARCH_LBR            (1u << 19)
#define CPUID_7_EDX_CET_IBT             (1u << 20)
#define CPUID_7_EDX_AMX_BF16            (1u << 22)
#define CPUID_7_EDX_AVX512_FP16         (1u << 23)
#define CPUID_7_EDX_AMX_TILE            (1u << 24)
#define CPUID_7_EDX_AMX_INT8            (1u << 25)
#define CPUID_7_EDX_IBRS_IBPB           (1u << 26)
#define CPUID_7_EDX_STIBP               (1u << 27)
#define CPUID_7_EDX_L1D_FLUSH           (1u << 28)
#define CPUID_7_EDX_ARCH_CAPABILITIES   (1u << 29)
#define CPUID_7_EDX_CORE_CAPABILITIES   (1u << 30)
#define CPUID_7_EDX_SSBD                (1u << 31)
#define CPUID_7_1_EAX_SHA512            (1u << 0)
#define CPUID_7_1_EAX_SM3               (1u << 1)
#define CPUID_7_1_EAX_SM4               (1u << 2)
#define CPUID_7_1_EAX_RAO_INT           (1u << 3)
#define CPUID_7_1_EAX_AVX_VNNI          (1u << 4)
#define CPUID_7_1_EAX_AVX512_BF16       (1u << 5)
#define CPUID_7_1_EAX_LASS              (1u << 6)
#define CPUID_7_1_EAX_CMPCCXADD         (1u << 7)
#define CPUID_7_1_EAX_ARCHPERFMONEXT    (1u << 8)
#define CPUID_7_1_EAX_FZLRM             (1u << 10)
#define CPUID_7_1_EAX_FSRS              (1u << 11)
#define CPUID_7_1_EAX_FSRC              (1u << 12)
#define CPUID_7_1_EAX_FRED              (1u << 17)
#define CPUID_7_1_EAX_LKGS              (1u << 18)
#define CPUID_7_1_EAX_WRMSRNS           (1u << 19)
#define CPUID_7_1_EAX_AMX_FP16          (1u << 21)
#define CPUID_7_1_EAX_HRESET            (1u << 22)
#define CPUID_7_1_EAX_AVX_IFMA          (1u << 23)
#define CPUID_7_1_EAX_LAM               (1u << 26)
#define CPUID_7_1_EAX_MSRLIST           (1u << 27)
#define CPUID_7_1_EDX_AVX_VNNI_INT8     (1u << 4)
#define CPUID_7_1_EDX_AVX_NE_CONVERT    (1u << 5)
#define CPUID_7_1_EDX_AMX_COMPLEX       (1u << 8)
#define CPUID_7_1_EDX_AVX_VNNI_INT16    (1u << 10)
#define CPUID_7_1_EDX_PREFETCHI         (1u << 14)
#define CPUID_7_1_EDX_CET_SSS           (1u << 18)
#define CPUID_7_1_EDX_AVX10             (1u << 19)
#define CPUID_7_2_EDX_PSFD              (1u << 0)
#define CPUID_7_2_EDX_IPRED_CTRL        (1u << 1)
#define CPUID_7_2_EDX_RRSBA_CTRL        (1u << 2)
#define CPUID_7_2_EDX_DDPD_U            (1u << 3)
#define CPUID_7_2_EDX_BHI_CTRL          (1u << 4)
#define CPUID_7_2_EDX_MCDT_NO           (1u << 5)

/* Leaf 0xD, subleaf 1 */
#define CPUID_D_1_EAX_XSAVEOPT (1u << 0)
#define CPUID_D_1_EAX_XSAVEC   (1u << 1)
#define CPUID_D_1_EAX_XGETBV_1 (1u << 2)
#define CPUID_D_1_EAX_XSAVES   (1u << 3)
#define CPUID_D_1_EAX_XFD      (1u << 4)

#define CPUID_D_ECX_SUPERVISOR (1u << 0) /* of subleaves from 2 */
#define CPUID_D_ECX_ALIGN64    (1u << 1)

/* Leaves 0xB and 0x1F: level types in ECX[15:8] */
#define CPUID_LEVEL_INVALID 0u
#define CPUID_LEVEL_SMT     1u
#define CPUID_LEVEL_CORE    2u

/* Leaf 0x1A: EAX[31:24] */
#define CPUID_CORE_TYPE_ATOM 0x20u
#define CPUID_CORE_TYPE_CORE 0x40u

/* Leaves 0x80000001, 0x80000007, 0x80000008 */
#define CPUID_80000001_ECX_LAHF          (1u << 0)
#define CPUID_80000001_ECX_SVM           (1u << 2)
#define CPUID_80000001_ECX_LZCNT         (1u << 5)
#define CPUID_80000001_ECX_PREFETCHW     (1u << 8)
#define CPUID_80000001_EDX_SYSCALL       (1u << 11)
#define CPUID_80000001_EDX_NX            (1u << 20)
#define CPUID_80000001_EDX_PAGE1GB       (1u << 26)
#define CPUID_80000001_EDX_RDTSCP        (1u << 27)
#define CPUID_80000001_EDX_LM            (1u << 29)
#define CPUID_80000007_EDX_INVARIANT_TSC (1u << 8)
#define CPUID_80000008_EAX_PHYSICAL      0x000000ffu
#define CPUID_80000008_EAX_LINEAR        0x0000ff00u

#endif
