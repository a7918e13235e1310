/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of exits, and the handlers that need but a line or two: instructions that a guest does
 * not have, or that need nothing done. SDM "Basic VM-Exit Information", appendix "VMX Basic Exit
 * Reasons". A reason without a row of its own cannot happen with the controls that are set; if it
 * does, the VM ends with a dump.
 */
#include "vmx/exit.h"

#include "vmx/event.h"

/* The processor that the guest sees lacks the feature this instruction belongs to. */
static enum exit_action exit_undefined(struct vcpu *vcpu)
{
    (void)vcpu;
    return EXIT_INJECT_UD;
}

/* CPUID shows no performance counters, so no index of RDPMC is valid. */
static enum exit_action exit_rdpmc(struct vcpu *vcpu)
{
    (void)vcpu;
    return EXIT_INJECT_GP;
}

/*
 * WBINVD and INVD: caches of the machine are shared with other VMs, guest memory is coherent, and a
 * guest's devices snoop. Nothing is executed; INVD would lose other VMs' data.
 */
static enum exit_action exit_cache_invalidation(struct vcpu *vcpu)
{
    (void)vcpu;
    return EXIT_SKIP;
}

/* INIT from outside of Bulkhead, which sends none to a running CPU. Nothing is done. */
static enum exit_action exit_init_signal(struct vcpu *vcpu)
{
    (void)vcpu;
    return EXIT_RESUME;
}

/* The instruction has been completed or will be; the guest goes on where it was. */
static enum exit_action exit_nothing(struct vcpu *vcpu)
{
    (void)vcpu;
    return EXIT_RESUME;
}

_Static_assert(EXIT_REASON_COUNT <= EXIT_TABLE_SIZE, "the table has a row for every reason");

/* Every row is set to exit_unknown first; most are then overridden. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
enum exit_action (*const exit_table[EXIT_TABLE_SIZE])(struct vcpu *vcpu) = {
    [0 ... EXIT_TABLE_SIZE - 1] = exit_unknown,
    [EXIT_REASON_EXCEPTION_OR_NMI] = exit_exception_or_nmi,
    [EXIT_REASON_TRIPLE_FAULT] = exit_triple_fault,
    [EXIT_REASON_INIT_SIGNAL] = exit_init_signal,
    [EXIT_REASON_INTERRUPT_WINDOW] = exit_interrupt_window,
    [EXIT_REASON_NMI_WINDOW] = exit_nmi_window,
    [EXIT_REASON_TASK_SWITCH] = exit_task_switch,
    [EXIT_REASON_CPUID] = exit_cpuid,
    [EXIT_REASON_GETSEC] = exit_undefined,
    [EXIT_REASON_INVD] = exit_cache_invalidation,
    [EXIT_REASON_RDPMC] = exit_rdpmc,
    [EXIT_REASON_RSM] = exit_undefined,
    [EXIT_REASON_VMCALL] = exit_vmcall,
    [EXIT_REASON_VMCLEAR] = exit_undefined,
    [EXIT_REASON_VMLAUNCH] = exit_undefined,
    [EXIT_REASON_VMPTRLD] = exit_undefined,
    [EXIT_REASON_VMPTRST] = exit_undefined,
    [EXIT_REASON_VMREAD] = exit_undefined,
    [EXIT_REASON_VMRESUME] = exit_undefined,
    [EXIT_REASON_VMWRITE] = exit_undefined,
    [EXIT_REASON_VMXOFF] = exit_undefined,
    [EXIT_REASON_VMXON] = exit_undefined,
    [EXIT_REASON_CR_ACCESS] = exit_cr_access,
    [EXIT_REASON_IO_INSTRUCTION] = exit_io_instruction,
    [EXIT_REASON_RDMSR] = exit_rdmsr,
    [EXIT_REASON_WRMSR] = exit_wrmsr,
    [EXIT_REASON_ENTRY_FAILURE_GUEST_STATE] = exit_entry_failure,
    [EXIT_REASON_ENTRY_FAILURE_MSR_LOADING] = exit_entry_failure,
    [EXIT_REASON_MWAIT] = exit_undefined,
    [EXIT_REASON_MONITOR] = exit_undefined,
    [EXIT_REASON_ENTRY_FAILURE_MACHINE_CHECK] = exit_entry_failure,
    [EXIT_REASON_EPT_VIOLATION] = exit_ept_violation,
    [EXIT_REASON_EPT_MISCONFIGURATION] = exit_ept_misconfiguration,
    [EXIT_REASON_INVEPT] = exit_undefined,
    [EXIT_REASON_VMX_PREEMPTION_TIMER] = exit_preemption_timer,
    [EXIT_REASON_INVVPID] = exit_undefined,
    [EXIT_REASON_WBINVD] = exit_cache_invalidation,
    [EXIT_REASON_XSETBV] = exit_xsetbv,
    [EXIT_REASON_VMFUNC] = exit_undefined,
    [EXIT_REASON_ENCLS] = exit_undefined,
    [EXIT_REASON_ENCLV] = exit_undefined,
    [EXIT_REASON_PCONFIG] = exit_undefined,
    [EXIT_REASON_SEAMCALL] = exit_undefined,
    [EXIT_REASON_TDCALL] = exit_undefined,
    [EXIT_REASON_BUS_LOCK] = exit_nothing,
};
#pragma GCC diagnostic pop
