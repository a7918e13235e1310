/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of exit reasons after the SDM, volume 3, appendix "VMX Basic Exit Reasons".
 */
#include "guests/net/reasons.h"

#include <stddef.h>

#include "guests/include/bulkhead_abi.h"

static const char *const reasons[] = {
    [0] = "exception_or_nmi",
    [1] = "external_interrupt",
    [2] = "triple_fault",
    [3] = "init",
    [4] = "sipi",
    [5] = "io_smi",
    [6] = "other_smi",
    [7] = "interrupt_window",
    [8] = "nmi_window",
    [9] = "task_switch",
    [10] = "cpuid",
    [11] = "getsec",
    [12] = "hlt",
    [13] = "invd",
    [14] = "invlpg",
    [15] = "rdpmc",
    [16] = "rdtsc",
    [17] = "rsm",
    [18] = "vmcall",
    [19] = "vmclear",
    [20] = "vmlaunch",
    [21] = "vmptrld",
    [22] = "vmptrst",
    [23] = "vmread",
    [24] = "vmresume",
    [25] = "vmwrite",
    [26] = "vmxoff",
    [27] = "vmxon",
    [28] = "cr_access",
    [29] = "mov_dr",
    [30] = "io_instruction",
    [31] = "rdmsr",
    [32] = "wrmsr",
    [33] = "entry_failed_guest_state",
    [34] = "entry_failed_msr_loading",
    [36] = "mwait",
    [37] = "monitor_trap_flag",
    [39] = "monitor",
    [40] = "pause",
    [41] = "entry_failed_machine_check",
    [43] = "tpr_below_threshold",
    [44] = "apic_access",
    [45] = "virtualized_eoi",
    [46] = "gdtr_idtr",
    [47] = "ldtr_tr",
    [48] = "ept_violation",
    [49] = "ept_misconfiguration",
    [50] = "invept",
    [51] = "rdtscp",
    [52] = "preemption_timer",
    [53] = "invvpid",
    [54] = "wbinvd",
    [55] = "xsetbv",
    [56] = "apic_write",
    [57] = "rdrand",
    [58] = "invpcid",
    [59] = "vmfunc",
    [60] = "encls",
    [61] = "rdseed",
    [62] = "page_modification_log_full",
    [63] = "xsaves",
    [64] = "xrstors",
    [67] = "umwait",
    [68] = "tpause",
    [74] = "bus_lock",
    [75] = "notify",
};

const char *reason_name(uint32_t reason)
{
    return reason < sizeof(reasons) / sizeof(reasons[0]) ? reasons[reason] : NULL;
}

const char *vm_state_word(uint32_t state)
{
    switch (state) {
    case BULKHEAD_VM_STOPPED:
        return "stopped";
    case BULKHEAD_VM_RUNNING:
        return "running";
    case BULKHEAD_VM_ENDING:
        return "ending";
    case BULKHEAD_VM_CRASHED:
        return "crashed";
    case BULKHEAD_VM_PAUSED:
        return "paused";
    case BULKHEAD_VM_PAUSING:
        return "pausing";
    case BULKHEAD_VM_WAITING:
        return "waiting";
    default:
        return "unknown";
    }
}

const char *vcpu_state_word(uint32_t state)
{
    switch (state) {
    case BULKHEAD_VCPU_OFF:
        return "off";
    case BULKHEAD_VCPU_WAIT_SIPI:
        return "wait-sipi";
    case BULKHEAD_VCPU_RUNNING:
        return "running";
    case BULKHEAD_VCPU_PAUSED:
        return "paused";
    default:
        return "unknown";
    }
}
