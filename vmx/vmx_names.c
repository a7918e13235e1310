/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of names; see the header. Nothing here decides anything. */
#include "vmx/vmx_names.h"

#include "vmx/vmx_defs.h"

/* A list of numbers with names is kept without a pointer a row: the numbers, and the texts behind
 * each other, each with its NUL. */
#define NUMBER(number, text) (number),
#define TEXT(number, text)   text "\0"

/* clang-format off */
#define EXIT_REASONS(ROW) \
    ROW(EXIT_REASON_EXCEPTION_OR_NMI, "exception or NMI") \
    ROW(EXIT_REASON_EXTERNAL_INTERRUPT, "external interrupt") \
    ROW(EXIT_REASON_TRIPLE_FAULT, "triple fault") \
    ROW(EXIT_REASON_INIT_SIGNAL, "INIT signal") \
    ROW(EXIT_REASON_SIPI, "start-up IPI") \
    ROW(EXIT_REASON_IO_SMI, "I/O SMI") \
    ROW(EXIT_REASON_OTHER_SMI, "other SMI") \
    ROW(EXIT_REASON_INTERRUPT_WINDOW, "interrupt window") \
    ROW(EXIT_REASON_NMI_WINDOW, "NMI window") \
    ROW(EXIT_REASON_TASK_SWITCH, "task switch") \
    ROW(EXIT_REASON_CPUID, "CPUID") \
    ROW(EXIT_REASON_GETSEC, "GETSEC") \
    ROW(EXIT_REASON_HLT, "HLT") \
    ROW(EXIT_REASON_INVD, "INVD") \
    ROW(EXIT_REASON_INVLPG, "INVLPG") \
    ROW(EXIT_REASON_RDPMC, "RDPMC") \
    ROW(EXIT_REASON_RDTSC, "RDTSC") \
    ROW(EXIT_REASON_RSM, "RSM") \
    ROW(EXIT_REASON_VMCALL, "VMCALL") \
    ROW(EXIT_REASON_VMCLEAR, "VMCLEAR") \
    ROW(EXIT_REASON_VMLAUNCH, "VMLAUNCH") \
    ROW(EXIT_REASON_VMPTRLD, "VMPTRLD") \
    ROW(EXIT_REASON_VMPTRST, "VMPTRST") \
    ROW(EXIT_REASON_VMREAD, "VMREAD") \
    ROW(EXIT_REASON_VMRESUME, "VMRESUME") \
    ROW(EXIT_REASON_VMWRITE, "VMWRITE") \
    ROW(EXIT_REASON_VMXOFF, "VMXOFF") \
    ROW(EXIT_REASON_VMXON, "VMXON") \
    ROW(EXIT_REASON_CR_ACCESS, "control-register access") \
    ROW(EXIT_REASON_MOV_DR, "MOV DR") \
    ROW(EXIT_REASON_IO_INSTRUCTION, "I/O instruction") \
    ROW(EXIT_REASON_RDMSR, "RDMSR") \
    ROW(EXIT_REASON_WRMSR, "WRMSR") \
    ROW(EXIT_REASON_ENTRY_FAILURE_GUEST_STATE, "VM-entry failure, invalid guest state") \
    ROW(EXIT_REASON_ENTRY_FAILURE_MSR_LOADING, "VM-entry failure, MSR loading") \
    ROW(EXIT_REASON_MWAIT, "MWAIT") \
    ROW(EXIT_REASON_MONITOR_TRAP_FLAG, "monitor trap flag") \
    ROW(EXIT_REASON_MONITOR, "MONITOR") \
    ROW(EXIT_REASON_PAUSE, "PAUSE") \
    ROW(EXIT_REASON_ENTRY_FAILURE_MACHINE_CHECK, "VM-entry failure, machine-check event") \
    ROW(EXIT_REASON_TPR_BELOW_THRESHOLD, "TPR below threshold") \
    ROW(EXIT_REASON_APIC_ACCESS, "APIC access") \
    ROW(EXIT_REASON_VIRTUALIZED_EOI, "virtualized EOI") \
    ROW(EXIT_REASON_GDTR_OR_IDTR_ACCESS, "access to GDTR or IDTR") \
    ROW(EXIT_REASON_LDTR_OR_TR_ACCESS, "access to LDTR or TR") \
    ROW(EXIT_REASON_EPT_VIOLATION, "EPT violation") \
    ROW(EXIT_REASON_EPT_MISCONFIGURATION, "EPT misconfiguration") \
    ROW(EXIT_REASON_INVEPT, "INVEPT") \
    ROW(EXIT_REASON_RDTSCP, "RDTSCP") \
    ROW(EXIT_REASON_VMX_PREEMPTION_TIMER, "VMX-preemption timer") \
    ROW(EXIT_REASON_INVVPID, "INVVPID") \
    ROW(EXIT_REASON_WBINVD, "WBINVD") \
    ROW(EXIT_REASON_XSETBV, "XSETBV") \
    ROW(EXIT_REASON_APIC_WRITE, "APIC write") \
    ROW(EXIT_REASON_RDRAND, "RDRAND") \
    ROW(EXIT_REASON_INVPCID, "INVPCID") \
    ROW(EXIT_REASON_VMFUNC, "VMFUNC") \
    ROW(EXIT_REASON_ENCLS, "ENCLS") \
    ROW(EXIT_REASON_RDSEED, "RDSEED") \
    ROW(EXIT_REASON_PML_FULL, "page-modification log full") \
    ROW(EXIT_REASON_XSAVES, "XSAVES") \
    ROW(EXIT_REASON_XRSTORS, "XRSTORS") \
    ROW(EXIT_REASON_PCONFIG, "PCONFIG") \
    ROW(EXIT_REASON_SPP_EVENT, "SPP-related event") \
    ROW(EXIT_REASON_UMWAIT, "UMWAIT") \
    ROW(EXIT_REASON_TPAUSE, "TPAUSE") \
    ROW(EXIT_REASON_LOADIWKEY, "LOADIWKEY") \
    ROW(EXIT_REASON_ENCLV, "ENCLV") \
    ROW(EXIT_REASON_ENQCMD_PASID_FAILURE, "ENQCMD PASID translation failure") \
    ROW(EXIT_REASON_ENQCMDS_PASID_FAILURE, "ENQCMDS PASID translation failure") \
    ROW(EXIT_REASON_BUS_LOCK, "bus lock") \
    ROW(EXIT_REASON_INSTRUCTION_TIMEOUT, "instruction timeout") \
    ROW(EXIT_REASON_SEAMCALL, "SEAMCALL") \
    ROW(EXIT_REASON_TDCALL, "TDCALL") \
    ROW(EXIT_REASON_RDMSRLIST, "RDMSRLIST") \
    ROW(EXIT_REASON_WRMSRLIST, "WRMSRLIST") \
    ROW(EXIT_REASON_URDMSR, "URDMSR") \
    ROW(EXIT_REASON_UWRMSR, "UWRMSR") \
    ROW(EXIT_REASON_RDMSR_IMM, "RDMSR, immediate form") \
    ROW(EXIT_REASON_WRMSR_IMM, "WRMSR, immediate form")
/* clang-format on */
static const uint8_t reason_numbers[] = {EXIT_REASONS(NUMBER)};
static const char reason_texts[] = EXIT_REASONS(TEXT);

/* clang-format off */
#define INSTRUCTION_ERRORS(ROW) \
    ROW(VM_ERROR_VMCALL_IN_ROOT, "VMCALL executed in VMX root operation") \
    ROW(VM_ERROR_VMCLEAR_INVALID_ADDRESS, "VMCLEAR with invalid physical address") \
    ROW(VM_ERROR_VMCLEAR_VMXON_POINTER, "VMCLEAR with VMXON pointer") \
    ROW(VM_ERROR_VMLAUNCH_NOT_CLEAR, "VMLAUNCH with non-clear VMCS") \
    ROW(VM_ERROR_VMRESUME_NOT_LAUNCHED, "VMRESUME with non-launched VMCS") \
    ROW(VM_ERROR_VMRESUME_AFTER_VMXOFF, "VMRESUME after VMXOFF") \
    ROW(VM_ERROR_ENTRY_INVALID_CONTROLS, "VM entry with invalid control field(s)") \
    ROW(VM_ERROR_ENTRY_INVALID_HOST_STATE, "VM entry with invalid host-state field(s)") \
    ROW(VM_ERROR_VMPTRLD_INVALID_ADDRESS, "VMPTRLD with invalid physical address") \
    ROW(VM_ERROR_VMPTRLD_VMXON_POINTER, "VMPTRLD with VMXON pointer") \
    ROW(VM_ERROR_VMPTRLD_WRONG_REVISION, "VMPTRLD with incorrect VMCS revision identifier") \
    ROW(VM_ERROR_UNSUPPORTED_COMPONENT, "VMREAD/VMWRITE of an unsupported VMCS component") \
    ROW(VM_ERROR_VMWRITE_READ_ONLY, "VMWRITE to a read-only VMCS component") \
    ROW(VM_ERROR_VMXON_IN_ROOT, "VMXON executed in VMX root operation") \
    ROW(VM_ERROR_ENTRY_INVALID_EXECUTIVE, "VM entry with invalid executive-VMCS pointer") \
    ROW(VM_ERROR_ENTRY_NONLAUNCHED_EXECUTIVE, "VM entry with non-launched executive VMCS") \
    ROW(VM_ERROR_ENTRY_EXECUTIVE_NOT_VMXON, "VM entry with executive-VMCS pointer that is not the VMXON pointer") \
    ROW(VM_ERROR_VMCALL_NOT_CLEAR, "VMCALL with non-clear VMCS") \
    ROW(VM_ERROR_VMCALL_INVALID_EXIT_CONTROLS, "VMCALL with invalid VM-exit control fields") \
    ROW(VM_ERROR_VMCALL_WRONG_MSEG_REVISION, "VMCALL with incorrect MSEG revision identifier") \
    ROW(VM_ERROR_VMXOFF_DUAL_MONITOR, "VMXOFF under dual-monitor treatment") \
    ROW(VM_ERROR_VMCALL_INVALID_SMM_FEATURES, "VMCALL with invalid SMM-monitor features") \
    ROW(VM_ERROR_ENTRY_INVALID_SMM_CONTROLS, "VM entry with invalid VM-execution control fields in executive VMCS") \
    ROW(VM_ERROR_ENTRY_BLOCKED_BY_MOV_SS, "VM entry with events blocked by MOV SS") \
    ROW(VM_ERROR_INVALID_INVALIDATION_OPERAND, "invalid operand to INVEPT/INVVPID")
/* clang-format on */
static const uint8_t error_numbers[] = {INSTRUCTION_ERRORS(NUMBER)};
static const char error_texts[] = INSTRUCTION_ERRORS(TEXT);

/* clang-format off */
#define ENTRY_FAILURES(ROW) \
    ROW(ENTRY_FAILURE_QUALIFICATION_OTHER, "a guest-state field") \
    ROW(ENTRY_FAILURE_QUALIFICATION_PDPTE, "loading the PDPTEs") \
    ROW(ENTRY_FAILURE_QUALIFICATION_NMI_STI, "NMI injection while STI blocks events") \
    ROW(ENTRY_FAILURE_QUALIFICATION_LINK_POINTER, "the VMCS link pointer")
/* clang-format on */
static const uint8_t failure_numbers[] = {ENTRY_FAILURES(NUMBER)};
static const char failure_texts[] = ENTRY_FAILURES(TEXT);

static const char *look_up(const uint8_t *numbers, size_t count, const char *texts, uint64_t wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] == wanted) {
            return texts;
        }
        while (*texts++ != '\0') {
        }
    }
    return "unknown";
}

const char *vmx_exit_reason_name(uint32_t reason)
{
    return look_up(reason_numbers, ARRAY_SIZE(reason_numbers), reason_texts,
                   reason & EXIT_REASON_BASIC);
}

const char *vmx_instruction_error_name(uint32_t error)
{
    return look_up(error_numbers, ARRAY_SIZE(error_numbers), error_texts, error);
}

const char *vmx_entry_failure_name(uint64_t qualification)
{
    return look_up(failure_numbers, ARRAY_SIZE(failure_numbers), failure_texts, qualification);
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
