/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each CPU has for itself. Allocated by the boot processor before the CPU starts; the GS base
 * points to it for as long as the CPU is in root mode. Fields without a comment on sharing are
 * touched only by the CPU they belong to.
 */
#ifndef KERNEL_PERCPU_H
#define KERNEL_PERCPU_H

#include "kernel/descriptors.h"
#include "kernel/types.h"

struct vcpu;

enum cpu_state {
    CPU_ABSENT,  /* not started yet, or did not answer */
    CPU_STARTED, /* runs C code on its own stack */
    CPU_ONLINE,  /* is in VMX operation and waits for work */
    CPU_FAILED,  /* answered, but cannot be used; it has said why */
};

struct percpu {
    struct percpu *self; /* at %gs:0 */
    uint32_t index;      /* in boot_info.cpus */
    uint32_t apic_id;
    enum cpu_state state; /* written by its own CPU, read by the boot processor */

    struct vcpu *vcpu;                 /* the vCPU bound to this CPU, or NULL */
    void (*on_nmi)(struct vcpu *vcpu); /* makes the next entry exit at once; set before vcpu */
    uint64_t nmi_count;                /* NMIs taken in root mode */

    uint8_t *window; /* kernel/window.h */
    uint64_t *window_entries;

    void *vmxon_region;
    uint8_t *stack_top;
    struct descriptor_tables tables;
};

static inline struct percpu *this_cpu(void)
{
    struct percpu *cpu;
    __asm__("mov %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

#endif
