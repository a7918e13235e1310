/* SPDX-License-Identifier: Apache-2.0 */
/* PIC, PIT and PM timer of VMs with `legacy`; see the header. */
#include "kernel/legacy.h"

#include "kernel/cpu.h"
#include "kernel/icr.h"
#include "kernel/lvt.h"
#include "kernel/msr.h"
#include "kernel/time.h"
#include "kernel/vm.h"

/* However short a period the guest asks for, ticks are at least this far apart. */
#define TICK_MIN_US    50
#define LINT0_EXTINT   (APIC_MODE_EXTINT << 8)
#define LINT0_DELIVERY (LVT_MASKED | LVT_DELIVERY_MODE)

static bool is_legacy(const struct vm *vm)
{
    return (vm->plan->flags & VM_FLAG_LEGACY) != 0;
}

/* ---- time and lines ---- */

/* Ticks of a clock that began with the TSC. */
static uint64_t ticks_of(uint64_t hz, uint64_t tsc)
{
    return (uint64_t)(((unsigned __int128)tsc * ((hz << 32) / time_tsc_hz())) >> 32);
}

static uint64_t pit_now(void *context)
{
    (void)context;
    return ticks_of(VPIT_HZ, cpu_rdtsc());
}

static uint64_t pm_now(void *context)
{
    (void)context;
    return ticks_of(VPMTIMER_HZ, cpu_rdtsc());
}

static void line_set(void *context, bool asserted)
{
    const struct legacy_line *line = context;
    vioapic_set_pin(&line->vm->ioapic, line->gsi, asserted);
    vpic_set_input(&line->vm->legacy.pic, line->irq, asserted);
}

static void ask_first_vcpu(const struct vm *vm)
{
    vcpu_request(vm->vcpus[0], VCPU_REQUEST_LEGACY);
}

/* The PIC's INTR. When it falls before it was taken, the vCPU finds nothing. */
static void intr_set(void *context, bool asserted)
{
    if (asserted) {
        ask_first_vcpu(context);
    }
}

struct irq_line legacy_uart_line(struct vm *vm)
{
    return (struct irq_line){line_set, &vm->legacy.uart_line};
}

void legacy_init(struct vm *vm)
{
    struct vm_legacy *legacy = &vm->legacy;
    legacy->pit_line = (struct legacy_line){vm, GUEST_PIT_GSI, GUEST_PIT_IRQ};
    legacy->uart_line = (struct legacy_line){vm, GUEST_UART_IRQ, GUEST_UART_IRQ};
    vpic_init(&legacy->pic, (struct irq_line){intr_set, vm});
    vpit_init(&legacy->pit, pit_now, NULL, (struct irq_line){line_set, &legacy->pit_line});
    vpmtimer_init(&legacy->pm_timer, false, pm_now, NULL);
    legacy->edge = VPIT_NEVER;
}

void legacy_reset(struct vm *vm)
{
    if (is_legacy(vm)) {
        vpic_reset(&vm->legacy.pic);
        vpit_reset(&vm->legacy.pit);
        vm->legacy.edge = VPIT_NEVER;
    }
}

/* ---- ticks ---- */

/* With device_lock. The TSC at which channel 0's output rises next. */
static uint64_t next_tick(struct vm_legacy *legacy)
{
    legacy->edge = vpit_next_edge(&legacy->pit);
    if (legacy->edge == VPIT_NEVER) {
        return VCPU_TIMER_OFF;
    }
    uint64_t now = cpu_rdtsc();
    uint64_t ticks = ticks_of(VPIT_HZ, now);
    uint64_t left = legacy->edge > ticks ? legacy->edge - ticks : 0;
    return MAX(now + left * time_tsc_hz() / VPIT_HZ,
               legacy->ticked_at + time_us_to_tsc(TICK_MIN_US));
}

void legacy_rearm(struct vcpu *vcpu)
{
    spin_lock(&vcpu->vm->device_lock);
    uint64_t deadline = next_tick(&vcpu->vm->legacy);
    spin_unlock(&vcpu->vm->device_lock);
    vcpu_timer_set(vcpu, VCPU_TIMER_PIT, deadline);
}

void legacy_timer(struct vcpu *vcpu)
{
    struct vm_legacy *legacy = &vcpu->vm->legacy;
    spin_lock(&vcpu->vm->device_lock);
    vpit_update(&legacy->pit);
    legacy->ticked_at = cpu_rdtsc();
    spin_unlock(&vcpu->vm->device_lock);
    legacy_rearm(vcpu);
}

void legacy_accessed(struct vm *vm)
{
    if (vpit_next_edge(&vm->legacy.pit) != vm->legacy.edge) {
        ask_first_vcpu(vm);
    }
}

/* ---- the PIC's interrupts ---- */

uint32_t legacy_lint0_reset(const struct vcpu *vcpu)
{
    return vcpu->index == 0 ? LINT0_EXTINT : LVT_MASKED;
}

bool legacy_has_lint0(const struct vcpu *vcpu)
{
    return is_legacy(vcpu->vm);
}

void legacy_lint0_changed(struct vcpu *vcpu)
{
    if (is_legacy(vcpu->vm) && vcpu->index == 0) {
        ask_first_vcpu(vcpu->vm);
    }
}

/* SDM "Local APIC State": the pin is INTR while the APIC is off. */
bool legacy_interrupt_pending(const struct vcpu *vcpu)
{
    bool connected =
        !(vcpu->msr.apic_base & APIC_BASE_EN) || (vcpu->lint0 & LINT0_DELIVERY) == LINT0_EXTINT;
    return connected && vpic_pending(&vcpu->vm->legacy.pic);
}

uint8_t legacy_acknowledge(struct vcpu *vcpu)
{
    spin_lock(&vcpu->vm->device_lock);
    uint8_t vector = vpic_acknowledge(&vcpu->vm->legacy.pic);
    spin_unlock(&vcpu->vm->device_lock);
    return vector;
}
