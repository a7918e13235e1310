/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU as everything but the vendor's mechanism sees it: registers, requests from other CPUs,
 * counters. It is bound to one physical CPU for good; only that CPU touches it, except where a
 * field says otherwise. What belongs to VMX hangs off `vmx` (vmx/vcpu.h).
 */
#ifndef KERNEL_VCPU_H
#define KERNEL_VCPU_H

#include "guests/include/bulkhead_abi.h"
#include "kernel/cpuid_policy.h"
#include "kernel/guest_fetch.h"
#include "kernel/msr_policy.h"
#include "kernel/types.h"
#include "kernel/vcpu_timer.h"

struct percpu;
struct vm;
struct vcpu_vmx;
struct vcpu_snapshots;

/* General registers by their number in instruction encodings. RSP is elsewhere (in the VMCS). */
enum vcpu_register {
    VCPU_RAX,
    VCPU_RCX,
    VCPU_RDX,
    VCPU_RBX,
    VCPU_RSP,
    VCPU_RBP,
    VCPU_RSI,
    VCPU_RDI,
    VCPU_R8,
    VCPU_R9,
    VCPU_R10,
    VCPU_R11,
    VCPU_R12,
    VCPU_R13,
    VCPU_R14,
    VCPU_R15,
    VCPU_REGISTER_COUNT,
};

/* What another CPU asks of a vCPU: bits of vcpu.requests, set before the kick. */
enum vcpu_request {
    VCPU_REQUEST_LOOK = 1 << 0,   /* the VM's state has changed: vm_look() says what to do */
    VCPU_REQUEST_INIT = 1 << 1,   /* INIT from another vCPU of the VM */
    VCPU_REQUEST_SIPI = 1 << 2,   /* SIPI; vector in sipi_vector */
    VCPU_REQUEST_NMI = 1 << 3,    /* an NMI for the guest */
    VCPU_REQUEST_START = 1 << 4,  /* begin to run (first vCPU: prepare the VM before) */
    VCPU_REQUEST_POLL = 1 << 5,   /* console output waits: poll by timer until it is gone */
    VCPU_REQUEST_LEGACY = 1 << 6, /* the PIC has an interrupt, or the PIT's next tick moved */
    VCPU_REQUEST_MC = 1 << 7,     /* a machine check on purpose, with what vcpu.msr.mca says */
    VCPU_REQUEST_FLUSH = 1 << 8,  /* second-level rights were taken away */
};

enum vcpu_state {
    VCPU_OFF,       /* not in vcpu_run() */
    VCPU_WAIT_SIPI, /* in root mode until SIPI */
    VCPU_RUNNING,
};

#define VCPU_HISTORY      256        /* exits remembered: what an 8-bit index wraps at */
#define VCPU_HISTORY_NONE UINT32_MAX /* an entry that is not yet used */

#define CPUID_FAST_COUNT  128

/* Range (bits 31:30) and leaf of a CPUID leaf number as an index below CPUID_FAST_COUNT, or more.
 */
static inline uint32_t cpuid_fast_index(uint32_t leaf)
{
    return leaf << 2 | leaf >> 30;
}

struct vcpu {
    uint64_t regs[VCPU_REGISTER_COUNT]; /* first: vmx/entry.S relies on it */

    struct vm *vm;
    struct percpu *cpu;
    uint32_t index;   /* in its VM */
    uint32_t apic_id; /* physical x2APIC id: the guest sees the same */

    uint32_t requests;    /* enum vcpu_request; any CPU, atomic */
    uint32_t sipi_vector; /* written before VCPU_REQUEST_SIPI */
    uint32_t state;       /* enum vcpu_state; read by any CPU, atomic */
    struct vcpu_timers timers;

    /* CPUID answers that depend on the leaf alone, by cpuid_fast_index(); NULL: see `cpuid`. */
    const struct cpuid_result *cpuid_fast[CPUID_FAST_COUNT];
    struct cpuid_view *cpuid;
    uint8_t *msr_bitmap; /* 4 KiB */
    struct msr_vcpu msr;
    uint64_t xapic_icr; /* the xAPIC page's ICR; kernel/xapic.c */
    uint32_t lint0;     /* as the guest sees it, in VMs with `legacy` */
    struct vcpu_vmx *vmx;
    struct vcpu_snapshots *snapshots;

    struct insn_cache insns; /* instructions that accessed devices */

    struct bulkhead_counters counters;
    uint8_t history_next;
    uint32_t history[VCPU_HISTORY]; /* reasons of the last exits; the newest before history_next */
};

/* As after the VM's power-on: registers of emulated devices of its own, counters, requests. */
void vcpu_reset(struct vcpu *vcpu);

/* Sets request bits of a vCPU and makes its CPU look at them soon. Any CPU. */
void vcpu_request(struct vcpu *vcpu, uint32_t requests);

/* Clears the given bits and returns which of them were set. The vCPU's own CPU. */
uint32_t vcpu_take_requests(struct vcpu *vcpu, uint32_t mask);

#endif
