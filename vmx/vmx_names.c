/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of names; see the header. Nothing here decides anything. */
#include "vmx/vmx_names.h"

#include "vmx/vmx_defs.h"

static const char *const exit_reasons[EXIT_REASON_COUNT] = {
    [EXIT_REASON_EXCEPTION_OR_NMI] = "exception or NMI",
    [EXIT_REASON_EXTERNAL_INTERRUPT] = "external interrupt",
    [EXIT_REASON_TRIPLE_FAULT] = "triple fault",
    [EXIT_REASON_INIT_SIGNAL] = "INIT signal",
    [EXIT_REASON_SIPI] = "start-up IPI",
    [EXIT_REASON_IO_SMI] = "I/O SMI",
    [EXIT_REASON_OTHER_SMI] = "other SMI",
    [EXIT_REASON_INTERRUPT_WINDOW] = "interrupt window",
    [EXIT_REASON_NMI_WINDOW] = "NMI window",
    [EXIT_REASON_TASK_SWITCH] = "task switch",
    [EXIT_REASON_CPUID] = "CPUID",
    [EXIT_REASON_GETSEC] = "GETSEC",
    [EXIT_REASON_HLT] = "HLT",
    [EXIT_REASON_INVD] = "INVD",
    [EXIT_REASON_INVLPG] = "INVLPG",
    [EXIT_REASON_RDPMC] = "RDPMC",
    [EXIT_REASON_RDTSC] = "RDTSC",
    [EXIT_REASON_RSM] = "RSM",
    [EXIT_REASON_VMCALL] = "VMCALL",
    [EXIT_REASON_VMCLEAR] = "VMCLEAR",
    [EXIT_REASON_VMLAUNCH] = "VMLAUNCH",
    [EXIT_REASON_VMPTRLD] = "VMPTRLD",
    [EXIT_REASON_VMPTRST] = "VMPTRST",
    [EXIT_REASON_VMREAD] = "VMREAD",
    [EXIT_REASON_VMRESUME] = "VMRESUME",
    [EXIT_REASON_VMWRITE] = "VMWRITE",
    [EXIT_REASON_VMXOFF] = "VMXOFF",
    [EXIT_REASON_VMXON] = "VMXON",
    [EXIT_REASON_CR_ACCESS] = "control-register access",
    [EXIT_REASON_MOV_DR] = "MOV DR",
    [EXIT_REASON_IO_INSTRUCTION] = "I/O instruction",
    [EXIT_REASON_RDMSR] = "RDMSR",
    [EXIT_REASON_WRMSR] = "WRMSR",
    [EXIT_REASON_ENTRY_FAILURE_GUEST_STATE] = "VM-entry failure, invalid guest state",
    [EXIT_REASON_ENTRY_FAILURE_MSR_LOADING] = "VM-entry failure, MSR loading",
    [EXIT_REASON_MWAIT] = "MWAIT",
    [EXIT_REASON_MONITOR_TRAP_FLAG] = "monitor trap flag",
    [EXIT_REASON_MONITOR] = "MONITOR",
    [EXIT_REASON_PAUSE] = "PAUSE",
    [EXIT_REASON_ENTRY_FAILURE_MACHINE_CHECK] = "VM-entry failure, machine-check event",
    [EXIT_REASON_TPR_BELOW_THRESHOLD] = "TPR below threshold",
    [EXIT_REASON_APIC_ACCESS] = "APIC access",
    [EXIT_REASON_VIRTUALIZED_EOI] = "virtualized EOI",
    [EXIT_REASON_GDTR_OR_IDTR_ACCESS] = "access to GDTR or IDTR",
    [EXIT_REASON_LDTR_OR_TR_ACCESS] = "access to LDTR or TR",
    [EXIT_REASON_EPT_VIOLATION] = "EPT violation",
    [EXIT_REASON_EPT_MISCONFIGURATION] = "EPT misconfiguration",
    [EXIT_REASON_INVEPT] = "INVEPT",
    [EXIT_REASON_RDTSCP] = "RDTSCP",
    [EXIT_REASON_VMX_PREEMPTION_TIMER] = "VMX-preemption timer",
    [EXIT_REASON_INVVPID] = "INVVPID",
    [EXIT_REASON_WBINVD] = "WBINVD",
    [EXIT_REASON_XSETBV] = "XSETBV",
    [EXIT_REASON_APIC_WRITE] = "APIC write",
    [EXIT_REASON_RDRAND] = "RDRAND",
    [EXIT_REASON_INVPCID] = "INVPCID",
    [EXIT_REASON_VMFUNC] = "VMFUNC",
    [EXIT_REASON_ENCLS] = "ENCLS",
    [EXIT_REASON_RDSEED] = "RDSEED",
    [EXIT_REASON_PML_FULL] = "page-modification log full",
    [EXIT_REASON_XSAVES] = "XSAVES",
    [EXIT_REASON_XRSTORS] = "XRSTORS",
    [EXIT_REASON_PCONFIG] = "PCONFIG",
    [EXIT_REASON_SPP_EVENT] = "SPP-related event",
    [EXIT_REASON_UMWAIT] = "UMWAIT",
    [EXIT_REASON_TPAUSE] = "TPAUSE",
    [EXIT_REASON_LOADIWKEY] = "LOADIWKEY",
    [EXIT_REASON_ENCLV] = "ENCLV",
    [EXIT_REASON_ENQCMD_PASID_FAILURE] = "ENQCMD PASID translation failure",
    [EXIT_REASON_ENQCMDS_PASID_FAILURE] = "ENQCMDS PASID translation failure",
    [EXIT_REASON_BUS_LOCK] = "bus lock",
    [EXIT_REASON_INSTRUCTION_TIMEOUT] = "instruction timeout",
    [EXIT_REASON_SEAMCALL] = "SEAMCALL",
    [EXIT_REASON_TDCALL] = "TDCALL",
    [EXIT_REASON_RDMSRLIST] = "RDMSRLIST",
    [EXIT_REASON_WRMSRLIST] = "WRMSRLIST",
    [EXIT_REASON_URDMSR] = "URDMSR",
    [EXIT_REASON_UWRMSR] = "UWRMSR",
    [EXIT_REASON_RDMSR_IMM] = "RDMSR, immediate form",
    [EXIT_REASON_WRMSR_IMM] = "WRMSR, immediate form",
};

static const char *const instruction_errors[VM_ERROR_COUNT] = {
    [VM_ERROR_VMCALL_IN_ROOT] = "VMCALL executed in VMX root operation",
    [VM_ERROR_VMCLEAR_INVALID_ADDRESS] = "VMCLEAR with invalid physical address",
    [VM_ERROR_VMCLEAR_VMXON_POINTER] = "VMCLEAR with VMXON pointer",
    [VM_ERROR_VMLAUNCH_NOT_CLEAR] = "VMLAUNCH with non-clear VMCS",
    [VM_ERROR_VMRESUME_NOT_LAUNCHED] = "VMRESUME with non-launched VMCS",
    [VM_ERROR_VMRESUME_AFTER_VMXOFF] = "VMRESUME after VMXOFF",
    [VM_ERROR_ENTRY_INVALID_CONTROLS] = "VM entry with invalid control field(s)",
    [VM_ERROR_ENTRY_INVALID_HOST_STATE] = "VM entry with invalid host-state field(s)",
    [VM_ERROR_VMPTRLD_INVALID_ADDRESS] = "VMPTRLD with invalid physical address",
    [VM_ERROR_VMPTRLD_VMXON_POINTER] = "VMPTRLD with VMXON pointer",
    [VM_ERROR_VMPTRLD_WRONG_REVISION] = "VMPTRLD with incorrect VMCS revision identifier",
    [VM_ERROR_UNSUPPORTED_COMPONENT] = "VMREAD/VMWRITE of an unsupported VMCS component",
    [VM_ERROR_VMWRITE_READ_ONLY] = "VMWRITE to a read-only VMCS component",
    [VM_ERROR_VMXON_IN_ROOT] = "VMXON executed in VMX root operation",
    [VM_ERROR_ENTRY_INVALID_EXECUTIVE] = "VM entry with invalid executive-VMCS pointer",
    [VM_ERROR_ENTRY_NONLAUNCHED_EXECUTIVE] = "VM entry with non-launched executive VMCS",
    [VM_ERROR_ENTRY_EXECUTIVE_NOT_VMXON] =
        "VM entry with executive-VMCS pointer that is not the VMXON pointer",
    [VM_ERROR_VMCALL_NOT_CLEAR] = "VMCALL with non-clear VMCS",
    [VM_ERROR_VMCALL_INVALID_EXIT_CONTROLS] = "VMCALL with invalid VM-exit control fields",
    [VM_ERROR_VMCALL_WRONG_MSEG_REVISION] = "VMCALL with incorrect MSEG revision identifier",
    [VM_ERROR_VMXOFF_DUAL_MONITOR] = "VMXOFF under dual-monitor treatment",
    [VM_ERROR_VMCALL_INVALID_SMM_FEATURES] = "VMCALL with invalid SMM-monitor features",
    [VM_ERROR_ENTRY_INVALID_SMM_CONTROLS] =
        "VM entry with invalid VM-execution control fields in executive VMCS",
    [VM_ERROR_ENTRY_BLOCKED_BY_MOV_SS] = "VM entry with events blocked by MOV SS",
    [VM_ERROR_INVALID_INVALIDATION_OPERAND] = "invalid operand to INVEPT/INVVPID",
};

static const char *const entry_failures[] = {
    [ENTRY_FAILURE_QUALIFICATION_OTHER] = "a guest-state field",
    [ENTRY_FAILURE_QUALIFICATION_PDPTE] = "loading the PDPTEs",
    [ENTRY_FAILURE_QUALIFICATION_NMI_STI] = "NMI injection while STI blocks events",
    [ENTRY_FAILURE_QUALIFICATION_LINK_POINTER] = "the VMCS link pointer",
};

static const char *look_up(const char *const *names, size_t count, uint64_t index)
{
    return index < count && names[index] ? names[index] : "unknown";
}

const char *vmx_exit_reason_name(uint32_t reason)
{
    return look_up(exit_reasons, ARRAY_SIZE(exit_reasons), reason & EXIT_REASON_BASIC);
}

const char *vmx_instruction_error_name(uint32_t error)
{
    return look_up(instruction_errors, ARRAY_SIZE(instruction_errors), error);
}

const char *vmx_entry_failure_name(uint64_t qualification)
{
    return look_up(entry_failures, ARRAY_SIZE(entry_failures), qualification);
}

const struct vmx_field_name vmx_guest_fields[] = {
    {VMCS_GUEST_RIP, "RIP"},
    {VMCS_GUEST_RSP, "RSP"},
    {VMCS_GUEST_RFLAGS, "RFLAGS"},
    {VMCS_GUEST_CR0, "CR0"},
    {VMCS_GUEST_CR3, "CR3"},
    {VMCS_GUEST_CR4, "CR4"},
    {VMCS_GUEST_DR7, "DR7"},
    {VMCS_GUEST_IA32_EFER, "IA32_EFER"},
    {VMCS_GUEST_IA32_PAT, "IA32_PAT"},
    {VMCS_GUEST_IA32_DEBUGCTL, "IA32_DEBUGCTL"},
    {VMCS_GUEST_ACTIVITY_STATE, "activity state"},
    {VMCS_GUEST_INTERRUPTIBILITY, "interruptibility state"},
    {VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, "pending debug exceptions"},
    {VMCS_GUEST_CS_SELECTOR, "CS selector"},
    {VMCS_GUEST_CS_BASE, "CS base"},
    {VMCS_GUEST_CS_LIMIT, "CS limit"},
    {VMCS_GUEST_CS_ACCESS_RIGHTS, "CS access rights"},
    {VMCS_GUEST_SS_SELECTOR, "SS selector"},
    {VMCS_GUEST_SS_BASE, "SS base"},
    {VMCS_GUEST_SS_LIMIT, "SS limit"},
    {VMCS_GUEST_SS_ACCESS_RIGHTS, "SS access rights"},
    {VMCS_GUEST_DS_SELECTOR, "DS selector"},
    {VMCS_GUEST_DS_BASE, "DS base"},
    {VMCS_GUEST_DS_LIMIT, "DS limit"},
    {VMCS_GUEST_DS_ACCESS_RIGHTS, "DS access rights"},
    {VMCS_GUEST_ES_SELECTOR, "ES selector"},
    {VMCS_GUEST_ES_BASE, "ES base"},
    {VMCS_GUEST_ES_LIMIT, "ES limit"},
    {VMCS_GUEST_ES_ACCESS_RIGHTS, "ES access rights"},
    {VMCS_GUEST_FS_SELECTOR, "FS selector"},
    {VMCS_GUEST_FS_BASE, "FS base"},
    {VMCS_GUEST_FS_LIMIT, "FS limit"},
    {VMCS_GUEST_FS_ACCESS_RIGHTS, "FS access rights"},
    {VMCS_GUEST_GS_SELECTOR, "GS selector"},
    {VMCS_GUEST_GS_BASE, "GS base"},
    {VMCS_GUEST_GS_LIMIT, "GS limit"},
    {VMCS_GUEST_GS_ACCESS_RIGHTS, "GS access rights"},
    {VMCS_GUEST_LDTR_SELECTOR, "LDTR selector"},
    {VMCS_GUEST_LDTR_BASE, "LDTR base"},
    {VMCS_GUEST_LDTR_LIMIT, "LDTR limit"},
    {VMCS_GUEST_LDTR_ACCESS_RIGHTS, "LDTR access rights"},
    {VMCS_GUEST_TR_SELECTOR, "TR selector"},
    {VMCS_GUEST_TR_BASE, "TR base"},
    {VMCS_GUEST_TR_LIMIT, "TR limit"},
    {VMCS_GUEST_TR_ACCESS_RIGHTS, "TR access rights"},
    {VMCS_GUEST_GDTR_BASE, "GDTR base"},
    {VMCS_GUEST_GDTR_LIMIT, "GDTR limit"},
    {VMCS_GUEST_IDTR_BASE, "IDTR base"},
    {VMCS_GUEST_IDTR_LIMIT, "IDTR limit"},
    {VMCS_GUEST_IA32_SYSENTER_CS, "IA32_SYSENTER_CS"},
    {VMCS_GUEST_IA32_SYSENTER_ESP, "IA32_SYSENTER_ESP"},
    {VMCS_GUEST_IA32_SYSENTER_EIP, "IA32_SYSENTER_EIP"},
    {VMCS_GUEST_PDPTE0, "PDPTE0"},
    {VMCS_GUEST_PDPTE1, "PDPTE1"},
    {VMCS_GUEST_PDPTE2, "PDPTE2"},
    {VMCS_GUEST_PDPTE3, "PDPTE3"},
    {VMCS_GUEST_VMCS_LINK_POINTER, "VMCS link pointer"},
};
const size_t vmx_guest_field_count = ARRAY_SIZE(vmx_guest_fields);

const struct vmx_field_name vmx_exit_fields[] = {
    {VMCS_EXIT_REASON, "exit reason"},
    {VMCS_EXIT_QUALIFICATION, "exit qualification"},
    {VMCS_GUEST_LINEAR_ADDRESS, "guest-linear address"},
    {VMCS_GUEST_PHYSICAL_ADDRESS, "guest-physical address"},
    {VMCS_VM_EXIT_INTERRUPTION_INFO, "VM-exit interruption information"},
    {VMCS_VM_EXIT_INTERRUPTION_ERROR_CODE, "VM-exit interruption error code"},
    {VMCS_IDT_VECTORING_INFO, "IDT-vectoring information"},
    {VMCS_IDT_VECTORING_ERROR_CODE, "IDT-vectoring error code"},
    {VMCS_VM_EXIT_INSTRUCTION_LENGTH, "VM-exit instruction length"},
    {VMCS_VM_EXIT_INSTRUCTION_INFO, "VM-exit instruction information"},
    {VMCS_VM_INSTRUCTION_ERROR, "VM-instruction error"},
};
const size_t vmx_exit_field_count = ARRAY_SIZE(vmx_exit_fields);

const struct vmx_field_name vmx_control_fields[] = {
    {VMCS_PINBASED_CONTROLS, "pin-based controls"},
    {VMCS_PROCBASED_CONTROLS, "processor-based controls"},
    {VMCS_SECONDARY_PROCBASED_CONTROLS, "secondary controls"},
    {VMCS_VM_EXIT_CONTROLS, "VM-exit controls"},
    {VMCS_VM_ENTRY_CONTROLS, "VM-entry controls"},
    {VMCS_EXCEPTION_BITMAP, "exception bitmap"},
    {VMCS_VM_ENTRY_INTERRUPTION_INFO, "VM-entry interruption information"},
    {VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, "VM-entry exception error code"},
    {VMCS_VM_ENTRY_INSTRUCTION_LENGTH, "VM-entry instruction length"},
    {VMCS_CR0_GUEST_HOST_MASK, "CR0 guest/host mask"},
    {VMCS_CR0_READ_SHADOW, "CR0 read shadow"},
    {VMCS_CR4_GUEST_HOST_MASK, "CR4 guest/host mask"},
    {VMCS_CR4_READ_SHADOW, "CR4 read shadow"},
    {VMCS_EPT_POINTER, "EPT pointer"},
    {VMCS_VPID, "VPID"},
    {VMCS_PREEMPTION_TIMER_VALUE, "VMX-preemption timer value"},
};
const size_t vmx_control_field_count = ARRAY_SIZE(vmx_control_fields);
