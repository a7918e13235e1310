/* SPDX-License-Identifier: Apache-2.0 */
/* The xAPIC page on top of the physical x2APIC; see the header. */
#include "kernel/xapic.h"

#include "kernel/cpu.h"
#include "kernel/lvt.h"
#include "kernel/msr.h"
#include "kernel/string.h"
#include "kernel/vm.h"

#define XAPIC_ID     0x020
#define XAPIC_LDR    0x0d0
#define XAPIC_DFR    0x0e0
#define XAPIC_ICR0   0x300
#define XAPIC_ICR1   0x310

#define X2APIC_FIRST 0x800u
#define X2APIC_COUNT 0x100u
#define DFR_ONES     0x0fffffffu
#define BITMAP_READ  0 /* low MSRs in the MSR bitmap */
#define BITMAP_WRITE 2048

static uint32_t msr_of(uint64_t offset)
{
    return X2APIC_FIRST + (uint32_t)(offset >> 4);
}

bool xapic_in_use(const struct vcpu *vcpu)
{
    return !(vcpu->msr.apic_base & APIC_BASE_EXTD) && (vcpu->msr.apic_base & APIC_BASE_EN);
}

static uint64_t xapic_read(void *device, uint64_t offset, unsigned size)
{
    const struct vcpu *vcpu = device;
    const struct xapic_logical *logical = &vcpu->vm->xapic_logical[vcpu->index];
    uint64_t value = 0;
    /* Registers are 32 bits wide at multiples of 16; other accesses are undefined. */
    if (size != 4 || (offset & 0xf) != 0) {
        return 0;
    }
    switch (offset) {
    case XAPIC_ID:
        return (uint64_t)(vcpu->apic_id & 0xff) << 24;
    case XAPIC_LDR:
        return (uint64_t)logical->id << 24;
    case XAPIC_DFR:
        return (uint64_t)logical->model << 28 | DFR_ONES;
    case XAPIC_ICR0:
        return vcpu->xapic_icr & UINT32_MAX;
    case XAPIC_ICR1:
        return vcpu->xapic_icr >> 32;
    default:
        if (msr_of(offset) == MSR_X2APIC_LVT_LINT0 && legacy_has_lint0(vcpu)) {
            return vcpu->lint0;
        }
        cpu_rdmsr_safe(msr_of(offset), &value);
        return (uint32_t)value;
    }
}

static void write_icr(struct vcpu *vcpu, uint32_t low)
{
    vcpu->xapic_icr = (vcpu->xapic_icr & ~(uint64_t)UINT32_MAX) | (low & ~ICR_DELIVERY_STATUS);
    struct icr_request request = icr_decode_xapic(&vcpu->vm->apic_map, vcpu->index, vcpu->xapic_icr,
                                                  vcpu->vm->xapic_logical);
    vm_send_ipi(vcpu, &request);
}

COLD bool xapic_write_lvt(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
    struct lvt_check check = lvt_check(msr, value, vcpu->vm->msr_policy.deadline);
    vcpu->counters.denied += check.denied;
    if (check.verdict == LVT_FAULT || !cpu_wrmsr_safe(msr, check.value)) {
        return false;
    }
    if (msr == MSR_X2APIC_LVT_LINT0) {
        vcpu->lint0 = (uint32_t)value;
        legacy_lint0_changed(vcpu);
    }
    return true;
}

static void write_register(struct vcpu *vcpu, uint64_t offset, uint32_t value)
{
    uint32_t msr = msr_of(offset);
    if (msr == MSR_X2APIC_LVT_CMCI ||
        (msr >= MSR_X2APIC_LVT_TIMER && msr <= MSR_X2APIC_LVT_ERROR)) {
        xapic_write_lvt(vcpu, msr, value);
        return;
    }
    /* EOI and ESR take only 0 in x2APIC mode; in the page any value will do. */
    bool any_value = msr == MSR_X2APIC_EOI || msr == MSR_X2APIC_ESR;
    cpu_wrmsr_safe(msr, any_value ? 0 : value);
}

static void xapic_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vcpu *vcpu = device;
    struct xapic_logical *logical = &vcpu->vm->xapic_logical[vcpu->index];
    if (size != 4 || (offset & 0xf) != 0) {
        return;
    }
    switch (offset) {
    case XAPIC_ID:
        return; /* the id is the processor's */
    case XAPIC_LDR:
        logical->id = (uint8_t)(value >> 24);
        return;
    case XAPIC_DFR:
        logical->model = (uint8_t)(value >> 28) & 0xf;
        return;
    case XAPIC_ICR0:
        write_icr(vcpu, (uint32_t)value);
        return;
    case XAPIC_ICR1:
        vcpu->xapic_icr = (vcpu->xapic_icr & UINT32_MAX) | value << 32;
        return;
    default:
        write_register(vcpu, offset, (uint32_t)value);
    }
}

const struct device_ops xapic_ops = {xapic_read, xapic_write};

COLD void xapic_update_bitmap(struct vcpu *vcpu)
{
    const struct vm_plan *plan = vcpu->vm->plan;
    msr_policy_build_bitmap(&vcpu->vm->msr_policy, plan->msrs, plan->msr_count, vcpu->msr_bitmap);
    if (!(vcpu->msr.apic_base & APIC_BASE_EXTD)) {
        memset(vcpu->msr_bitmap + BITMAP_READ + X2APIC_FIRST / 8, 0xff, X2APIC_COUNT / 8);
        memset(vcpu->msr_bitmap + BITMAP_WRITE + X2APIC_FIRST / 8, 0xff, X2APIC_COUNT / 8);
    }
    if (legacy_has_lint0(vcpu)) {
        vcpu->msr_bitmap[BITMAP_READ + MSR_X2APIC_LVT_LINT0 / 8] |= 1U << MSR_X2APIC_LVT_LINT0 % 8;
        legacy_lint0_changed(vcpu); /* the APIC may have been switched off */
    }
}
