/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPUID policy: a row a leaf, in the order of the manual's table "Information Returned by CPUID
 * Instruction". A bit that is in no mask is hidden, also when future processors define it; a leaf
 * without a row answers 0. Hidden on purpose, and why:
 *   VMX, SMX, SGX, PCONFIG, TME, key locker - Bulkhead's, or not given to guests
 *   MONITOR (leaf 5), WAITPKG - could keep a shared clock or package state busy; they exit or #UD
 *   PDCM, DS, leaf 0xA, PT, LBR, bus-lock detection - their MSRs are denied
 *   EIST, TM, ACPI, leaf 6 but ARAT, HFI - clock and heat belong to the machine
 *   RDT (0xF, 0x10) - shared caches belong to the machine
 *   CET, PKS, UINTR, LASS, FRED, LA57, LAM, ENQCMD, MPX - state that no VMCS here switches, or
 *   addresses that the emulation does not translate
 *   hybrid (7.EDX, 0x1A) - a VM has CPUs of one kind only
 * Speculation controls pass where the guest gets the MSR (kernel/msr_table.c).
 */
#include "guests/include/bulkhead_abi.h"
#include "kernel/cpu_regs.h"
#include "kernel/cpuid_rules.h"

#define ALL UINT32_MAX

#define LEAF1_ECX                                                                                  \
    (CPUID_1_ECX_SSE3 | CPUID_1_ECX_PCLMULQDQ | CPUID_1_ECX_SSSE3 | CPUID_1_ECX_FMA |              \
     CPUID_1_ECX_CX16 | CPUID_1_ECX_PCID | CPUID_1_ECX_SSE4_1 | CPUID_1_ECX_SSE4_2 |               \
     CPUID_1_ECX_X2APIC | CPUID_1_ECX_MOVBE | CPUID_1_ECX_POPCNT | CPUID_1_ECX_TSC_DEADLINE |      \
     CPUID_1_ECX_AESNI | CPUID_1_ECX_XSAVE | CPUID_1_ECX_AVX | CPUID_1_ECX_F16C |                  \
     CPUID_1_ECX_RDRAND)
#define LEAF1_EDX                                                                                  \
    (CPUID_1_EDX_FPU | CPUID_1_EDX_VME | CPUID_1_EDX_DE | CPUID_1_EDX_PSE | CPUID_1_EDX_TSC |      \
     CPUID_1_EDX_MSR | CPUID_1_EDX_PAE | CPUID_1_EDX_MCE | CPUID_1_EDX_CX8 | CPUID_1_EDX_SEP |     \
     CPUID_1_EDX_MTRR | CPUID_1_EDX_PGE | CPUID_1_EDX_MCA | CPUID_1_EDX_CMOV | CPUID_1_EDX_PAT |   \
     CPUID_1_EDX_PSE36 | CPUID_1_EDX_CLFSH | CPUID_1_EDX_MMX | CPUID_1_EDX_FXSR |                  \
     CPUID_1_EDX_SSE | CPUID_1_EDX_SSE2 | CPUID_1_EDX_SS)
#define LEAF7_EBX                                                                                  \
    (CPUID_7_EBX_FSGSBASE | CPUID_7_EBX_TSC_ADJUST | CPUID_7_EBX_BMI1 | CPUID_7_EBX_HLE |          \
     CPUID_7_EBX_AVX2 | CPUID_7_EBX_FDP_EXCPTN_ONLY | CPUID_7_EBX_SMEP | CPUID_7_EBX_BMI2 |        \
     CPUID_7_EBX_ERMS | CPUID_7_EBX_INVPCID | CPUID_7_EBX_RTM | CPUID_7_EBX_FCS_FDS_DEPRECATED |   \
     CPUID_7_EBX_AVX512F | CPUID_7_EBX_AVX512DQ | CPUID_7_EBX_RDSEED | CPUID_7_EBX_ADX |           \
     CPUID_7_EBX_SMAP | CPUID_7_EBX_AVX512_IFMA | CPUID_7_EBX_CLFLUSHOPT | CPUID_7_EBX_CLWB |      \
     CPUID_7_EBX_AVX512PF | CPUID_7_EBX_AVX512ER | CPUID_7_EBX_AVX512CD | CPUID_7_EBX_SHA |        \
     CPUID_7_EBX_AVX512BW | CPUID_7_EBX_AVX512VL)
#define LEAF7_ECX                                                                                  \
    (CPUID_7_ECX_PREFETCHWT1 | CPUID_7_ECX_AVX512_VBMI | CPUID_7_ECX_UMIP | CPUID_7_ECX_PKU |      \
     CPUID_7_ECX_AVX512_VBMI2 | CPUID_7_ECX_GFNI | CPUID_7_ECX_VAES | CPUID_7_ECX_VPCLMULQDQ |     \
     CPUID_7_ECX_AVX512_VNNI | CPUID_7_ECX_AVX512_BITALG | CPUID_7_ECX_AVX512_VPOPCNTDQ |          \
     CPUID_7_ECX_RDPID | CPUID_7_ECX_CLDEMOTE | CPUID_7_ECX_MOVDIRI | CPUID_7_ECX_MOVDIR64B)
#define LEAF7_EDX                                                                                  \
    (CPUID_7_EDX_AVX512_4VNNIW | CPUID_7_EDX_AVX512_4FMAPS | CPUID_7_EDX_FSRM |                    \
     CPUID_7_EDX_AVX512_VP2INTERSECT | CPUID_7_EDX_MD_CLEAR | CPUID_7_EDX_RTM_ALWAYS_ABORT |       \
     CPUID_7_EDX_SERIALIZE | CPUID_7_EDX_TSXLDTRK | CPUID_7_EDX_AMX_BF16 |                         \
     CPUID_7_EDX_AVX512_FP16 | CPUID_7_EDX_AMX_TILE | CPUID_7_EDX_AMX_INT8 |                       \
     CPUID_7_EDX_IBRS_IBPB | CPUID_7_EDX_STIBP | CPUID_7_EDX_L1D_FLUSH |                           \
     CPUID_7_EDX_ARCH_CAPABILITIES | CPUID_7_EDX_SSBD)
#define LEAF7_1_EAX                                                                                \
    (CPUID_7_1_EAX_SHA512 | CPUID_7_1_EAX_SM3 | CPUID_7_1_EAX_SM4 | CPUID_7_1_EAX_RAO_INT |        \
     CPUID_7_1_EAX_AVX_VNNI | CPUID_7_1_EAX_AVX512_BF16 | CPUID_7_1_EAX_CMPCCXADD |                \
     CPUID_7_1_EAX_FZLRM | CPUID_7_1_EAX_FSRS | CPUID_7_1_EAX_FSRC | CPUID_7_1_EAX_AMX_FP16 |      \
     CPUID_7_1_EAX_AVX_IFMA)
#define LEAF7_1_EDX                                                                                \
    (CPUID_7_1_EDX_AVX_VNNI_INT8 | CPUID_7_1_EDX_AVX_NE_CONVERT | CPUID_7_1_EDX_AMX_COMPLEX |      \
     CPUID_7_1_EDX_AVX_VNNI_INT16 | CPUID_7_1_EDX_PREFETCHI)
#define LEAF7_2_EDX                                                                                \
    (CPUID_7_2_EDX_PSFD | CPUID_7_2_EDX_IPRED_CTRL | CPUID_7_2_EDX_RRSBA_CTRL |                    \
     CPUID_7_2_EDX_DDPD_U | CPUID_7_2_EDX_BHI_CTRL | CPUID_7_2_EDX_MCDT_NO)
#define LEAFD_1_EAX                                                                                \
    (CPUID_D_1_EAX_XSAVEOPT | CPUID_D_1_EAX_XSAVEC | CPUID_D_1_EAX_XGETBV_1 |                      \
     CPUID_D_1_EAX_XSAVES | CPUID_D_1_EAX_XFD)
#define EXT1_ECX (CPUID_80000001_ECX_LAHF | CPUID_80000001_ECX_LZCNT | CPUID_80000001_ECX_PREFETCHW)
#define EXT1_EDX                                                                                   \
    (CPUID_80000001_EDX_SYSCALL | CPUID_80000001_EDX_NX | CPUID_80000001_EDX_PAGE1GB |             \
     CPUID_80000001_EDX_RDTSCP | CPUID_80000001_EDX_LM)

const struct cpuid_rule cpuid_rules[] = {
    /* Highest leaf, vendor */
    {.leaf = 0, .pass = {0, ALL, ALL, ALL}, .compute = cpuid_compute_max_basic},
    /* Version, features; APIC id and OSXSAVE are the vCPU's */
    {.leaf = 1,
     .pass = {ALL, CPUID_1_EBX_BRAND | CPUID_1_EBX_CLFLUSH, LEAF1_ECX, LEAF1_EDX},
     .set = {0, 0, CPUID_1_ECX_HYPERVISOR, CPUID_1_EDX_APIC},
     .compute = cpuid_compute_features},
    /* Cache and TLB descriptors */
    {.leaf = 2, .pass = {ALL, ALL, ALL, ALL}},
    /* Caches; ids that share one are counted within the VM's package */
    {.leaf = 4, .subleaves = 8, .pass = {ALL, ALL, ALL, ALL}, .compute = cpuid_compute_cache},
    /* Power: the APIC timer never stops, because no guest can reach a state in which it would */
    {.leaf = 6, .set = {CPUID_6_EAX_ARAT, 0, 0, 0}},
    /* Structured extended features */
    {.leaf = 7,
     .subleaves = 1,
     .pass = {0, LEAF7_EBX, LEAF7_ECX, LEAF7_EDX},
     .compute = cpuid_compute_extended_features},
    {.leaf = 7, .first = 1, .subleaves = 1, .pass = {LEAF7_1_EAX, 0, 0, LEAF7_1_EDX}},
    {.leaf = 7, .first = 2, .subleaves = 1, .pass = {0, 0, 0, LEAF7_2_EDX}},
    /* Topology: threads, cores, and the answer to every other level */
    {.leaf = 0xb, .subleaves = 3, .compute = cpuid_compute_topology, .answers_all = true},
    /* XSAVE: by the components that guests may enable */
    {.leaf = 0xd, .subleaves = 1, .compute = cpuid_compute_xsave},
    {.leaf = 0xd,
     .first = 1,
     .subleaves = 1,
     .pass = {LEAFD_1_EAX, 0, 0, 0},
     .compute = cpuid_compute_xsave},
    {.leaf = 0xd,
     .first = 2,
     .subleaves = CPUID_XSAVE_COMPONENTS - 2,
     .pass = {ALL, ALL, ALL, 0},
     .compute = cpuid_compute_xsave},
    /* Rates of TSC and APIC timer; nominal frequencies */
    {.leaf = 0x15, .compute = cpuid_compute_tsc},
    {.leaf = 0x16, .pass = {0, ALL, ALL, 0}, .compute = cpuid_compute_frequency},
    /* Address translation caches */
    {.leaf = 0x18, .subleaves = 10, .pass = {ALL, ALL, ALL, ALL}, .compute = cpuid_compute_tlb},
    /* Tiles */
    {.leaf = 0x1d, .subleaves = 2, .pass = {ALL, ALL, ALL, ALL}, .compute = cpuid_compute_amx},
    {.leaf = 0x1e, .subleaves = 1, .pass = {0, ALL, 0, 0}, .compute = cpuid_compute_amx},
    /* Topology, version 2: the same two levels */
    {.leaf = 0x1f, .subleaves = 3, .compute = cpuid_compute_topology, .answers_all = true},

    /* Bulkhead's own leaves: guests/include/bulkhead_abi.h */
    {.leaf = BULKHEAD_CPUID_SIGNATURE,
     .set = {BULKHEAD_CPUID_LAST, BULKHEAD_SIGNATURE_EBX, BULKHEAD_SIGNATURE_ECX,
             BULKHEAD_SIGNATURE_EDX}},
    {.leaf = BULKHEAD_CPUID_VERSION,
     .set = {BULKHEAD_ABI_VERSION, 0, 0, 0},
     .compute = cpuid_compute_version},
    {.leaf = BULKHEAD_CPUID_TIMING, .compute = cpuid_compute_timing},
    {.leaf = BULKHEAD_CPUID_KVM,
     .set = {BULKHEAD_CPUID_KVM_FEATURES, BULKHEAD_KVM_SIGNATURE_EBX, BULKHEAD_KVM_SIGNATURE_ECX,
             BULKHEAD_KVM_SIGNATURE_EDX}},
    {.leaf = BULKHEAD_CPUID_KVM_FEATURES},

    /* Extended leaves */
    {.leaf = 0x80000000, .compute = cpuid_compute_max_extended},
    {.leaf = 0x80000001, .pass = {0, 0, EXT1_ECX, EXT1_EDX}, .compute = cpuid_compute_extended_1},
    {.leaf = 0x80000002, .pass = {ALL, ALL, ALL, ALL}}, /* brand string */
    {.leaf = 0x80000003, .pass = {ALL, ALL, ALL, ALL}},
    {.leaf = 0x80000004, .pass = {ALL, ALL, ALL, ALL}},
    {.leaf = 0x80000006, .pass = {0, 0, ALL, 0}}, /* second-level cache */
    {.leaf = 0x80000007, .pass = {0, 0, 0, CPUID_80000007_EDX_INVARIANT_TSC}},
    {.leaf = 0x80000008,
     .pass = {CPUID_80000008_EAX_PHYSICAL | CPUID_80000008_EAX_LINEAR, 0, 0, 0},
     .compute = cpuid_compute_addresses},
};

const size_t cpuid_rule_count = ARRAY_SIZE(cpuid_rules);
