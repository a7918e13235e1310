/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMX side of a vCPU: its VMCS and what is kept beside it. Only vmx/ looks inside.
 */
#ifndef VMX_VCPU_H
#define VMX_VCPU_H

#include "kernel/mmio_decode.h"
#include "kernel/vcpu.h"
#include "kernel/vm.h"
#include "vmx/features.h"

/* What a handler wants to happen; vcpu_run() alone does it. */
enum exit_action {
    EXIT_SKIP,         /* the instruction is done: go on behind it */
    EXIT_SKIP_DECODED, /* the same, but its length is in vmx->instruction_length, not in the VMCS */
    EXIT_RESUME,       /* go on at the same place (or where a handler put the guest) */
    EXIT_INJECT_UD,    /* the instruction faults */
    EXIT_INJECT_GP,    /* with error code 0 */
    EXIT_INJECT,       /* the event that vmx_inject() has recorded; RIP stays */
    EXIT_LEAVE,        /* do not enter again: the VM ends or restarts, vm_... has been told */
};

/* "Format of an MSR Entry" */
struct vmx_msr_entry {
    uint32_t index;
    uint32_t reserved;
    uint64_t value;
};

struct vcpu_vmx {
    _Alignas(16) struct vmx_msr_entry entry_msr; /* loaded at entries: vmx/vmcs_setup.c */
    void *vmcs;
    bool loaded;       /* its VMCS is current: an NMI handler may touch it */
    uint32_t pinbased; /* as last written, without what kicks change */
    uint32_t procbased;
    uint8_t physical_bits;       /* of guest-physical addresses in its page tables */
    bool page_1g;                /* its page tables may have 1 GiB pages */
    uint8_t timer_shift;         /* the preemption timer counts TSC ticks >> timer_shift */
    struct mmio_insn insn;       /* decoded last, when it is not in the cache */
    uint32_t instruction_length; /* of EXIT_SKIP_DECODED */
};

/*
 * Allocates VMX state for a vCPU. Boot processor, before memory_seal().
 */
void vcpu_vmx_create(struct vcpu *vcpu, const struct vmx_caps *caps);

/*
 * Runs the vCPU on its own CPU until its VM ends, pauses or restarts. The VM's memory is ready.
 */
void vcpu_run(struct vcpu *vcpu);

/* For the NMI handler in root mode: makes the next entry exit at once. Own CPU. */
void vcpu_force_exit(struct vcpu *vcpu);

#endif
