/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC's page for vCPUs that have not switched to x2APIC mode: each register access
 * becomes one of the physical local APIC, which is always in x2APIC mode (SDM "Local APIC Register
 * Address Map"). A vCPU in x2APIC mode has no such page and no exits either.
 */
#ifndef KERNEL_XAPIC_H
#define KERNEL_XAPIC_H

#include "drivers/device.h"
#include "kernel/vcpu.h"

/* True while the vCPU's APIC_BASE says xAPIC mode. */
bool xapic_in_use(const struct vcpu *vcpu);

/* For the page at GUEST_LAPIC_BASE; the device is the vCPU, on its own CPU. */
extern const struct device_ops xapic_ops;

/*
 * What a vCPU writes to an entry of its local vector table (by the x2APIC's MSR number), on its own
 * CPU: checked by kernel/lvt.h. False: the value faults in x2APIC mode.
 */
bool xapic_write_lvt(struct vcpu *vcpu, uint32_t msr, uint64_t value);

/* The MSR bitmap after a change of APIC_BASE: x2APIC registers are there in x2APIC mode only. */
void xapic_update_bitmap(struct vcpu *vcpu);

#endif
