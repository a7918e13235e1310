/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest may do with model-specific registers: one table (kernel/msr_table.c). What it does
 * not list is denied with #GP. Rows that pass are opened in the MSR bitmap and cause no exit; the
 * rest comes here from the exits of RDMSR and WRMSR. Pure: nothing here touches an MSR.
 */
#ifndef KERNEL_MSR_POLICY_H
#define KERNEL_MSR_POLICY_H

#include "kernel/cpuid_policy.h"
#include "kernel/guest_mca.h"
#include "kernel/vm_plan.h"

#define MSR_BITMAP_SIZE   4096
#define MSR_POLICY_DIRECT 0x400 /* MSRs below are looked up directly ... */
#define MSR_POLICY_X2APIC 64    /* ... and so many from MSR_X2APIC_FIRST */

/* Values that emulated MSRs hold, by vCPU. */
struct msr_vcpu {
    uint64_t apic_base;
    uint64_t mtrr_def_type;
    struct guest_mca mca;
};

/* What the processor says of itself; struct vmx_caps has all of it. */
struct msr_hardware {
    uint64_t arch_capabilities; /* 0 when the MSR does not exist */
    uint32_t microcode;
    uint8_t physical_bits;
};

/* By VM; made before it starts, constant afterwards. */
struct msr_policy {
    uint64_t arch_capabilities; /* as guests read them */
    uint64_t bios_sign_id;
    uint64_t platform_info;
    uint64_t physical_mask;            /* address bits that exist */
    bool deadline;                     /* the guest's CPUID offers TSC-Deadline */
    uint32_t features;                 /* enum msr_feature: which conditional rows apply */
    uint8_t direct[MSR_POLICY_DIRECT]; /* row by MSR, counted from 1; 0: none */
    uint8_t x2apic[MSR_POLICY_X2APIC];
};

/* view: of any of the VM's vCPUs. mc_bank: the guest has a machine-check bank (guest_mca.h). */
void msr_policy_init(struct msr_policy *policy, const struct cpuid_view *view,
                     const struct msr_hardware *hardware, uint64_t tsc_hz, bool mc_bank);

/* Values after reset. first: the VM's boot processor. x2apic: the guest starts in x2APIC mode. */
void msr_vcpu_reset(struct msr_vcpu *vcpu, bool first, bool x2apic);

/*
 * Fills the VMCS's MSR bitmap, 1 = exit; SDM volume 3, "MSR-Bitmap Address". ranges: what the
 * configuration opens beyond the table; MSRs of msr_policy_forbidden() stay closed all the same.
 */
void msr_policy_build_bitmap(const struct msr_policy *policy, const struct vm_msr_range *ranges,
                             uint32_t count, uint8_t bitmap[MSR_BITMAP_SIZE]);

/*
 * Name of the first MSR in [first, last] that no configuration may open (for writing, when `write`,
 * else for reading), or NULL.
 */
const char *msr_policy_forbidden(uint32_t first, uint32_t last, bool write);

/* The table's name for an MSR, or NULL: "IA32_APIC_BASE". For messages. */
const char *msr_policy_name(uint32_t msr);

enum msr_verdict {
    MSR_DONE,     /* read: *value is the answer. write: done, nothing to be done in hardware */
    MSR_HARDWARE, /* write: put *value into the physical MSR; #GP when the processor refuses */
    MSR_ICR,      /* write: it is the ICR; see kernel/icr.h */
    MSR_LVT,      /* write: an LVT entry; see kernel/lvt.h */
    MSR_IGNORED,  /* write: dropped; count and log as denied */
    MSR_FAULT,    /* #GP as the processor itself would give; not counted */
    MSR_DENIED,   /* #GP; count and log as denied */
};

/* RDMSR that caused an exit. */
enum msr_verdict msr_policy_read(const struct msr_policy *policy, const struct msr_vcpu *vcpu,
                                 uint32_t msr, uint64_t *value);

/* WRMSR that caused an exit. *value may be changed for MSR_HARDWARE. */
enum msr_verdict msr_policy_write(const struct msr_policy *policy, struct msr_vcpu *vcpu,
                                  uint32_t msr, uint64_t *value);

#endif
