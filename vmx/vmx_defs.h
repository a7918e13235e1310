/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMX as the manual defines it: control bits, exit reasons and qualifications, interruption
 * information, guest states, error numbers. SDM volume 3, part "VMX" and its appendices, whose
 * names are used. For vmx/ only (assembly may include vmcs_fields.h). What Bulkhead does with it
 * stands elsewhere (which controls are wanted: vmx/features.c).
 */
#ifndef VMX_VMX_DEFS_H
#define VMX_VMX_DEFS_H

#include "vmx/vmcs_fields.h"

/* ---- "VM-Execution Control Fields" ------------------------------------------------------- */

/* "Definitions of Pin-Based VM-Execution Controls" */
#define PIN_BASED_EXTERNAL_INTERRUPT_EXITING (1u << 0)
#define PIN_BASED_NMI_EXITING                (1u << 3)
#define PIN_BASED_VIRTUAL_NMIS               (1u << 5)
#define PIN_BASED_VMX_PREEMPTION_TIMER       (1u << 6)
#define PIN_BASED_POSTED_INTERRUPTS          (1u << 7)

/* "Definitions of Primary Processor-Based VM-Execution Controls" */
#define CPU_BASED_INTERRUPT_WINDOW_EXITING    (1u << 2)
#define CPU_BASED_USE_TSC_OFFSETTING          (1u << 3)
#define CPU_BASED_HLT_EXITING                 (1u << 7)
#define CPU_BASED_INVLPG_EXITING              (1u << 9)
#define CPU_BASED_MWAIT_EXITING               (1u << 10)
#define CPU_BASED_RDPMC_EXITING               (1u << 11)
#define CPU_BASED_RDTSC_EXITING               (1u << 12)
#define CPU_BASED_CR3_LOAD_EXITING            (1u << 15)
#define CPU_BASED_CR3_STORE_EXITING           (1u << 16)
#define CPU_BASED_ACTIVATE_TERTIARY_CONTROLS  (1u << 17)
#define CPU_BASED_CR8_LOAD_EXITING            (1u << 19)
#define CPU_BASED_CR8_STORE_EXITING           (1u << 20)
#define CPU_BASED_USE_TPR_SHADOW              (1u << 21)
#define CPU_BASED_NMI_WINDOW_EXITING          (1u << 22)
#define CPU_BASED_MOV_DR_EXITING              (1u << 23)
#define CPU_BASED_UNCONDITIONAL_IO_EXITING    (1u << 24)
#define CPU_BASED_USE_IO_BITMAPS              (1u << 25)
#define CPU_BASED_MONITOR_TRAP_FLAG           (1u << 27)
#define CPU_BASED_USE_MSR_BITMAPS             (1u << 28)
#define CPU_BASED_MONITOR_EXITING             (1u << 29)
#define CPU_BASED_PAUSE_EXITING               (1u << 30)
#define CPU_BASED_ACTIVATE_SECONDARY_CONTROLS (1u << 31)

/* "Definitions of Secondary Processor-Based VM-Execution Controls" */
#define SECONDARY_VIRTUALIZE_APIC_ACCESSES     (1u << 0)
#define SECONDARY_ENABLE_EPT                   (1u << 1)
#define SECONDARY_DESCRIPTOR_TABLE_EXITING     (1u << 2)
#define SECONDARY_ENABLE_RDTSCP                (1u << 3)
#define SECONDARY_VIRTUALIZE_X2APIC_MODE       (1u << 4)
#define SECONDARY_ENABLE_VPID                  (1u << 5)
#define SECONDARY_WBINVD_EXITING               (1u << 6)
#define SECONDARY_UNRESTRICTED_GUEST           (1u << 7)
#define SECONDARY_APIC_REGISTER_VIRTUALIZATION (1u << 8)
#define SECONDARY_VIRTUAL_INTERRUPT_DELIVERY   (1u << 9)
#define SECONDARY_PAUSE_LOOP_EXITING           (1u << 10)
#define SECONDARY_RDRAND_EXITING               (1u << 11)
#define SECONDARY_ENABLE_INVPCID               (1u << 12)
#define SECONDARY_ENABLE_VM_FUNCTIONS          (1u << 13)
#define SECONDARY_VMCS_SHADOWING               (1u << 14)
#define SECONDARY_ENABLE_ENCLS_EXITING         (1u << 15)
#define SECONDARY_RDSEED_EXITING               (1u << 16)
#define SECONDARY_ENABLE_PML                   (1u << 17)
#define SECONDARY_EPT_VIOLATION_VE             (1u << 18)
#define SECONDARY_CONCEAL_VMX_FROM_PT          (1u << 19)
#define SECONDARY_ENABLE_XSAVES_XRSTORS        (1u << 20)
#define SECONDARY_PASID_TRANSLATION            (1u << 21)
#define SECONDARY_MODE_BASED_EXECUTE_CONTROL   (1u << 22)
#define SECONDARY_SUB_PAGE_WRITE_PERMISSIONS   (1u << 23)
#define SECONDARY_PT_USES_GUEST_PHYSICAL       (1u << 24)
#define SECONDARY_USE_TSC_SCALING              (1u << 25)
#define SECONDARY_ENABLE_USER_WAIT_AND_PAUSE   (1u << 26)
#define SECONDARY_ENABLE_PCONFIG               (1u << 27)
#define SECONDARY_ENABLE_ENCLV_EXITING         (1u << 28)
#define SECONDARY_VMM_BUS_LOCK_DETECTION       (1u << 30)
#define SECONDARY_INSTRUCTION_TIMEOUT          (1u << 31)

/* ---- "VM-Exit Controls" and "VM-Entry Controls" ------------------------------------------ */

#define VM_EXIT_SAVE_DEBUG_CONTROLS         (1u << 2)
#define VM_EXIT_HOST_ADDRESS_SPACE_SIZE     (1u << 9)
#define VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL  (1u << 12)
#define VM_EXIT_ACKNOWLEDGE_INTERRUPT       (1u << 15)
#define VM_EXIT_SAVE_IA32_PAT               (1u << 18)
#define VM_EXIT_LOAD_IA32_PAT               (1u << 19)
#define VM_EXIT_SAVE_IA32_EFER              (1u << 20)
#define VM_EXIT_LOAD_IA32_EFER              (1u << 21)
#define VM_EXIT_SAVE_VMX_PREEMPTION_TIMER   (1u << 22)
#define VM_EXIT_CLEAR_IA32_BNDCFGS          (1u << 23)
#define VM_EXIT_CONCEAL_VMX_FROM_PT         (1u << 24)
#define VM_EXIT_CLEAR_IA32_RTIT_CTL         (1u << 25)
#define VM_EXIT_CLEAR_IA32_LBR_CTL          (1u << 26)
#define VM_EXIT_CLEAR_UINV                  (1u << 27)
#define VM_EXIT_LOAD_CET_STATE              (1u << 28)
#define VM_EXIT_LOAD_PKRS                   (1u << 29)
#define VM_EXIT_SAVE_IA32_PERF_GLOBAL_CTRL  (1u << 30)
#define VM_EXIT_ACTIVATE_SECONDARY_CONTROLS (1u << 31)

#define VM_ENTRY_LOAD_DEBUG_CONTROLS        (1u << 2)
#define VM_ENTRY_IA32E_MODE_GUEST           (1u << 9)
#define VM_ENTRY_TO_SMM                     (1u << 10)
#define VM_ENTRY_DEACTIVATE_DUAL_MONITOR    (1u << 11)
#define VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL (1u << 13)
#define VM_ENTRY_LOAD_IA32_PAT              (1u << 14)
#define VM_ENTRY_LOAD_IA32_EFER             (1u << 15)
#define VM_ENTRY_LOAD_IA32_BNDCFGS          (1u << 16)
#define VM_ENTRY_CONCEAL_VMX_FROM_PT        (1u << 17)
#define VM_ENTRY_LOAD_IA32_RTIT_CTL         (1u << 18)
#define VM_ENTRY_LOAD_UINV                  (1u << 19)
#define VM_ENTRY_LOAD_CET_STATE             (1u << 20)
#define VM_ENTRY_LOAD_GUEST_IA32_LBR_CTL    (1u << 21)
#define VM_ENTRY_LOAD_PKRS                  (1u << 22)

/* ---- Exit reasons: "Basic VM-Exit Information", "VMX Basic Exit Reasons" ------------------ */

#define EXIT_REASON_BASIC                       0x0000ffffu
#define EXIT_REASON_FLAG_BUS_LOCK               (1u << 26) /* with "VMM bus-lock detection" */
#define EXIT_REASON_FLAG_ENCLAVE                (1u << 27)
#define EXIT_REASON_FLAG_PENDING_MTF            (1u << 28)
#define EXIT_REASON_FLAG_FROM_ROOT              (1u << 29)
#define EXIT_REASON_FLAG_ENTRY_FAILURE          (1u << 31)

#define EXIT_REASON_EXCEPTION_OR_NMI            0u
#define EXIT_REASON_EXTERNAL_INTERRUPT          1u
#define EXIT_REASON_TRIPLE_FAULT                2u
#define EXIT_REASON_INIT_SIGNAL                 3u
#define EXIT_REASON_SIPI                        4u
#define EXIT_REASON_IO_SMI                      5u
#define EXIT_REASON_OTHER_SMI                   6u
#define EXIT_REASON_INTERRUPT_WINDOW            7u
#define EXIT_REASON_NMI_WINDOW                  8u
#define EXIT_REASON_TASK_SWITCH                 9u
#define EXIT_REASON_CPUID                       10u
#define EXIT_REASON_GETSEC                      11u
#define EXIT_REASON_HLT                         12u
#define EXIT_REASON_INVD                        13u
#define EXIT_REASON_INVLPG                      14u
#define EXIT_REASON_RDPMC                       15u
#define EXIT_REASON_RDTSC                       16u
#define EXIT_REASON_RSM                         17u
#define EXIT_REASON_VMCALL                      18u
#define EXIT_REASON_VMCLEAR                     19u
#define EXIT_REASON_VMLAUNCH                    20u
#define EXIT_REASON_VMPTRLD                     21u
#define EXIT_REASON_VMPTRST                     22u
#define EXIT_REASON_VMREAD                      23u
#define EXIT_REASON_VMRESUME                    24u
#define EXIT_REASON_VMWRITE                     25u
#define EXIT_REASON_VMXOFF                      26u
#define EXIT_REASON_VMXON                       27u
#define EXIT_REASON_CR_ACCESS                   28u
#define EXIT_REASON_MOV_DR                      29u
#define EXIT_REASON_IO_INSTRUCTION              30u
#define EXIT_REASON_RDMSR                       31u
#define EXIT_REASON_WRMSR                       32u
#define EXIT_REASON_ENTRY_FAILURE_GUEST_STATE   33u
#define EXIT_REASON_ENTRY_FAILURE_MSR_LOADING   34u
#define EXIT_REASON_MWAIT                       36u
#define EXIT_REASON_MONITOR_TRAP_FLAG           37u
#define EXIT_REASON_MONITOR                     39u
#define EXIT_REASON_PAUSE                       40u
#define EXIT_REASON_ENTRY_FAILURE_MACHINE_CHECK 41u
#define EXIT_REASON_TPR_BELOW_THRESHOLD         43u
#define EXIT_REASON_APIC_ACCESS                 44u
#define EXIT_REASON_VIRTUALIZED_EOI             45u
#define EXIT_REASON_GDTR_OR_IDTR_ACCESS         46u
#define EXIT_REASON_LDTR_OR_TR_ACCESS           47u
#define EXIT_REASON_EPT_VIOLATION               48u
#define EXIT_REASON_EPT_MISCONFIGURATION        49u
#define EXIT_REASON_INVEPT                      50u
#define EXIT_REASON_RDTSCP                      51u
#define EXIT_REASON_VMX_PREEMPTION_TIMER        52u
#define EXIT_REASON_INVVPID                     53u
#define EXIT_REASON_WBINVD                      54u /* and WBNOINVD */
#define EXIT_REASON_XSETBV                      55u
#define EXIT_REASON_APIC_WRITE                  56u
#define EXIT_REASON_RDRAND                      57u
#define EXIT_REASON_INVPCID                     58u
#define EXIT_REASON_VMFUNC                      59u
#define EXIT_REASON_ENCLS                       60u
#define EXIT_REASON_RDSEED                      61u
#define EXIT_REASON_PML_FULL                    62u
#define EXIT_REASON_XSAVES                      63u
#define EXIT_REASON_XRSTORS                     64u
#define EXIT_REASON_PCONFIG                     65u
#define EXIT_REASON_SPP_EVENT                   66u
#define EXIT_REASON_UMWAIT                      67u
#define EXIT_REASON_TPAUSE                      68u
#define EXIT_REASON_LOADIWKEY                   69u
#define EXIT_REASON_ENCLV                       70u
#define EXIT_REASON_ENQCMD_PASID_FAILURE        72u
#define EXIT_REASON_ENQCMDS_PASID_FAILURE       73u
#define EXIT_REASON_BUS_LOCK                    74u
#define EXIT_REASON_INSTRUCTION_TIMEOUT         75u
#define EXIT_REASON_SEAMCALL                    76u
#define EXIT_REASON_TDCALL                      77u
#define EXIT_REASON_RDMSRLIST                   78u
#define EXIT_REASON_WRMSRLIST                   79u
#define EXIT_REASON_URDMSR                      80u
#define EXIT_REASON_UWRMSR                      81u
#define EXIT_REASON_RDMSR_IMM                   84u
#define EXIT_REASON_WRMSR_IMM                   85u
#define EXIT_REASON_COUNT                       86u /* tables by reason have this size */

/* ---- Exit qualifications: "Exit Qualification" and the tables below it -------------------- */

/* "Exit Qualification for Control-Register Accesses" */
#define CR_ACCESS_REGISTER    0x0000000fu
#define CR_ACCESS_TYPE        0x00000030u
#define CR_ACCESS_LMSW_MEMORY 0x00000040u /* LMSW's operand: 0 register, 1 memory */
#define CR_ACCESS_GPR         0x00000f00u /* 0 RAX ... 15 R15 */
#define CR_ACCESS_LMSW_SOURCE 0xffff0000u
#define CR_ACCESS_MOV_TO_CR   0u
#define CR_ACCESS_MOV_FROM_CR 1u
#define CR_ACCESS_CLTS        2u
#define CR_ACCESS_LMSW        3u

/* "Exit Qualification for MOV DR" */
#define DR_ACCESS_REGISTER 0x00000007u
#define DR_ACCESS_FROM_DR  0x00000010u
#define DR_ACCESS_GPR      0x00000f00u

/* "Exit Qualification for I/O Instructions" */
#define IO_ACCESS_SIZE      0x00000007u /* bytes less one: 0, 1, 3 */
#define IO_ACCESS_IN        0x00000008u
#define IO_ACCESS_STRING    0x00000010u
#define IO_ACCESS_REP       0x00000020u
#define IO_ACCESS_IMMEDIATE 0x00000040u
#define IO_ACCESS_PORT      0xffff0000u

/* "Format of the VM-Exit Instruction-Information Field as Used for INS and OUTS" */
#define IO_INFO_ADDRESS_SIZE    0x00000380u
#define IO_INFO_ADDRESS_SIZE_16 0u
#define IO_INFO_ADDRESS_SIZE_32 1u
#define IO_INFO_ADDRESS_SIZE_64 2u
#define IO_INFO_SEGMENT         0x00038000u /* OUTS only: 0 ES, 1 CS, 2 SS, 3 DS, 4 FS, 5 GS */

/* "Exit Qualification for Task Switches" */
#define TASK_SWITCH_SELECTOR 0x0000ffffu
#define TASK_SWITCH_SOURCE   0xc0000000u
#define TASK_SWITCH_CALL     0u
#define TASK_SWITCH_IRET     1u
#define TASK_SWITCH_JMP      2u
#define TASK_SWITCH_GATE     3u

/* "Exit Qualification for EPT Violations" */
#define EPT_VIOLATION_READ              (1u << 0)
#define EPT_VIOLATION_WRITE             (1u << 1)
#define EPT_VIOLATION_FETCH             (1u << 2)
#define EPT_VIOLATION_ENTRY_READ        (1u << 3) /* what the EPT entries allowed */
#define EPT_VIOLATION_ENTRY_WRITE       (1u << 4)
#define EPT_VIOLATION_ENTRY_EXECUTE     (1u << 5)
#define EPT_VIOLATION_ENTRY_EXECUTE_XU  (1u << 6)
#define EPT_VIOLATION_LINEAR_VALID      (1u << 7)
#define EPT_VIOLATION_FINAL_TRANSLATION (1u << 8) /* 0: on the guest's own page walk */
#define EPT_VIOLATION_USER_LINEAR       (1u << 9) /* 9-11: advanced exit information only */
#define EPT_VIOLATION_LINEAR_WRITABLE   (1u << 10)
#define EPT_VIOLATION_LINEAR_XD         (1u << 11)
#define EPT_VIOLATION_NMI_UNBLOCKING    (1u << 12)
#define EPT_VIOLATION_SHADOW_STACK      (1u << 13)
#define EPT_VIOLATION_SUPERVISOR_SHADOW (1u << 14)
#define EPT_VIOLATION_GUEST_PAGING      (1u << 15)
#define EPT_VIOLATION_ASYNCHRONOUS      (1u << 16)

/* "Exit Qualification for Debug Exceptions"; the pending debug exceptions field alike */
#define DEBUG_EXCEPTION_B0_B3            0x0000000fu
#define DEBUG_EXCEPTION_BLD              (1u << 11)
#define PENDING_DEBUG_ENABLED_BREAKPOINT (1u << 12) /* of the pending field only */
#define DEBUG_EXCEPTION_BD               (1u << 13) /* of the qualification only */
#define DEBUG_EXCEPTION_BS               (1u << 14)
#define DEBUG_EXCEPTION_RTM              (1u << 16)

/* "VM-Entry Failures During or After Loading Guest State": the qualification with reason 33 */
#define ENTRY_FAILURE_QUALIFICATION_OTHER        0u
#define ENTRY_FAILURE_QUALIFICATION_PDPTE        2u
#define ENTRY_FAILURE_QUALIFICATION_NMI_STI      3u
#define ENTRY_FAILURE_QUALIFICATION_LINK_POINTER 4u

/* ---- Interruption information: entry, exit and IDT-vectoring alike ------------------------ */

#define INTR_INFO_VECTOR                        0x000000ffu
#define INTR_INFO_TYPE                          0x00000700u
#define INTR_INFO_ERROR_CODE                    (1u << 11) /* an error code goes with it */
#define INTR_INFO_NMI_UNBLOCKING                (1u << 12) /* exit only: "due to IRET" */
#define INTR_INFO_VALID                         (1u << 31)

#define INTR_TYPE_EXTERNAL_INTERRUPT            0u
#define INTR_TYPE_NMI                           2u
#define INTR_TYPE_HARDWARE_EXCEPTION            3u
#define INTR_TYPE_SOFTWARE_INTERRUPT            4u
#define INTR_TYPE_PRIVILEGED_SOFTWARE_EXCEPTION 5u /* INT1 */
#define INTR_TYPE_SOFTWARE_EXCEPTION            6u /* INT3, INTO */
#define INTR_TYPE_OTHER_EVENT                   7u

/* ---- "Guest Non-Register State" and "Guest Register State" -------------------------------- */

#define INTERRUPTIBILITY_STI     (1u << 0)
#define INTERRUPTIBILITY_MOV_SS  (1u << 1)
#define INTERRUPTIBILITY_SMI     (1u << 2)
#define INTERRUPTIBILITY_NMI     (1u << 3) /* with virtual NMIs: virtual-NMI blocking */
#define INTERRUPTIBILITY_ENCLAVE (1u << 4)

#define ACTIVITY_ACTIVE          0u
#define ACTIVITY_HLT             1u
#define ACTIVITY_SHUTDOWN        2u
#define ACTIVITY_WAIT_FOR_SIPI   3u

/* "Format of Access Rights" */
#define ACCESS_RIGHTS_TYPE     0x0000000fu
#define ACCESS_RIGHTS_S        (1u << 4)
#define ACCESS_RIGHTS_DPL      0x00000060u
#define ACCESS_RIGHTS_P        (1u << 7)
#define ACCESS_RIGHTS_AVL      (1u << 12)
#define ACCESS_RIGHTS_L        (1u << 13)
#define ACCESS_RIGHTS_DB       (1u << 14)
#define ACCESS_RIGHTS_G        (1u << 15)
#define ACCESS_RIGHTS_UNUSABLE (1u << 16)

/* ---- Instructions ------------------------------------------------------------------------- */

#define INVEPT_SINGLE_CONTEXT                    1u
#define INVEPT_ALL_CONTEXTS                      2u
#define INVVPID_INDIVIDUAL_ADDRESS               0u
#define INVVPID_SINGLE_CONTEXT                   1u
#define INVVPID_ALL_CONTEXTS                     2u
#define INVVPID_SINGLE_CONTEXT_RETAINING_GLOBALS 3u

/* "VM-Instruction Error Numbers" */
#define VM_ERROR_VMCALL_IN_ROOT               1u
#define VM_ERROR_VMCLEAR_INVALID_ADDRESS      2u
#define VM_ERROR_VMCLEAR_VMXON_POINTER        3u
#define VM_ERROR_VMLAUNCH_NOT_CLEAR           4u
#define VM_ERROR_VMRESUME_NOT_LAUNCHED        5u
#define VM_ERROR_VMRESUME_AFTER_VMXOFF        6u
#define VM_ERROR_ENTRY_INVALID_CONTROLS       7u
#define VM_ERROR_ENTRY_INVALID_HOST_STATE     8u
#define VM_ERROR_VMPTRLD_INVALID_ADDRESS      9u
#define VM_ERROR_VMPTRLD_VMXON_POINTER        10u
#define VM_ERROR_VMPTRLD_WRONG_REVISION       11u
#define VM_ERROR_UNSUPPORTED_COMPONENT        12u
#define VM_ERROR_VMWRITE_READ_ONLY            13u
#define VM_ERROR_VMXON_IN_ROOT                15u
#define VM_ERROR_ENTRY_INVALID_EXECUTIVE      16u
#define VM_ERROR_ENTRY_NONLAUNCHED_EXECUTIVE  17u
#define VM_ERROR_ENTRY_EXECUTIVE_NOT_VMXON    18u
#define VM_ERROR_VMCALL_NOT_CLEAR             19u
#define VM_ERROR_VMCALL_INVALID_EXIT_CONTROLS 20u
#define VM_ERROR_VMCALL_WRONG_MSEG_REVISION   22u
#define VM_ERROR_VMXOFF_DUAL_MONITOR          23u
#define VM_ERROR_VMCALL_INVALID_SMM_FEATURES  24u
#define VM_ERROR_ENTRY_INVALID_SMM_CONTROLS   25u
#define VM_ERROR_ENTRY_BLOCKED_BY_MOV_SS      26u
#define VM_ERROR_INVALID_INVALIDATION_OPERAND 28u
#define VM_ERROR_COUNT                        29u

#endif
