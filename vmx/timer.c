/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's next deadline on the VMX-preemption timer (SDM "VMX-Preemption Timer"), which counts
 * down in the guest only, and whose value exits save while it is armed. Root mode's time is made up
 * for whenever the value is written. A kick from another CPU is the same timer with value 0.
 */
#include "kernel/cpu.h"
#include "vmx/exit.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_defs.h"

#define SAVE ((uint64_t)VM_EXIT_SAVE_VMX_PREEMPTION_TIMER)

void vcpu_force_exit(struct vcpu *vcpu)
{
    if (vcpu->vmx == NULL || !vcpu->vmx->loaded) {
        return;
    }
    vmcs_write(VMCS_PREEMPTION_TIMER_VALUE, 0);
    vmcs_write(VMCS_PINBASED_CONTROLS, vcpu->vmx->pinbased | PIN_BASED_VMX_PREEMPTION_TIMER);
}

/*
 * A kick that comes meanwhile may be overwritten: callers look at vcpu->requests afterwards. A
 * deadline too far for 32 bits is approached in steps.
 */
void vcpu_timer_program(struct vcpu *vcpu)
{
    struct vcpu_vmx *vmx = vcpu->vmx;
    const uint32_t timer = PIN_BASED_VMX_PREEMPTION_TIMER;
    uint64_t next = vcpu->timers.next;
    bool on = next != VCPU_TIMER_OFF;
    if (!vmx->loaded) {
        return;
    }
    if (on != ((vmx->pinbased & timer) != 0)) {
        uint64_t controls = vmcs_read(VMCS_VM_EXIT_CONTROLS);
        vmcs_write(VMCS_VM_EXIT_CONTROLS, on ? controls | SAVE : controls & ~SAVE);
        vmx->pinbased ^= timer;
    }
    if (on) {
        uint64_t now = cpu_rdtsc();
        uint64_t ticks = next > now ? ((next - now - 1) >> vmx->timer_shift) + 1 : 0;
        vmcs_write(VMCS_PREEMPTION_TIMER_VALUE, MIN(ticks, UINT32_MAX));
    }
    vmcs_write(VMCS_PINBASED_CONTROLS, vmx->pinbased);
}

/* A deadline has come, or will when the timer has run once more; or a kick before the entry. */
enum exit_action exit_preemption_timer(struct vcpu *vcpu)
{
    vcpu_timers_expire(vcpu, cpu_rdtsc());
    return EXIT_RESUME;
}
