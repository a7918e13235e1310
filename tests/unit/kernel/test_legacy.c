/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/legacy.c drivers/vpi%.c drivers/vpmtimer.c drivers/vioapic.c */
/* PIC, PIT and PM timer as a VM with `legacy` has them: ticks, their rate, where interrupts go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu.h"
#include "kernel/legacy.h"
#include "kernel/lvt.h"
#include "kernel/msr.h"
#include "kernel/time.h"
#include "kernel/vm.h"

#define TSC_HZ UINT64_C(2000000000)
#define MS     (TSC_HZ / 1000)

static struct vm vm;
static struct vm_plan plan;
static struct vcpu first, second;
static uint32_t requested; /* of the first vCPU */
static uint64_t armed;
static unsigned delivered;

uint64_t time_tsc_hz(void)
{
    return TSC_HZ;
}

uint64_t time_us_to_tsc(uint64_t us)
{
    return us * (TSC_HZ / 1000000);
}

void vcpu_request(struct vcpu *vcpu, uint32_t requests)
{
    assert_ptr_equal(vcpu, &first);
    requested |= requests;
}

void vcpu_timer_set(struct vcpu *vcpu, enum vcpu_timer which, uint64_t deadline)
{
    assert_ptr_equal(vcpu, &first);
    assert_int_equal(which, VCPU_TIMER_PIT);
    armed = deadline;
}

static void deliver(void *context, const struct vioapic_message *message)
{
    (void)context;
    (void)message;
    delivered++;
}

static int set_up(void **state)
{
    (void)state;
    memset(&vm, 0, sizeof(vm));
    memset(&first, 0, sizeof(first));
    memset(&second, 0, sizeof(second));
    plan.flags = VM_FLAG_LEGACY;
    vm.plan = &plan;
    vm.vcpus[0] = &first;
    vm.vcpus[1] = &second;
    vm.vcpu_count = 2;
    first.vm = second.vm = &vm;
    second.index = 1;
    first.msr.apic_base = second.msr.apic_base = APIC_BASE_EN;
    first.lint0 = legacy_lint0_reset(&first);
    second.lint0 = legacy_lint0_reset(&second);
    vioapic_init(&vm.ioapic, &(struct vioapic_host){.deliver = deliver});
    legacy_init(&vm);
    legacy_reset(&vm);
    requested = 0;
    delivered = 0;
    armed = 0;
    return 0;
}

static void out(const struct device_ops *ops, void *device, unsigned offset, uint8_t value)
{
    ops->write(device, offset, 1, value);
    legacy_accessed(&vm);
}

/* Vectors from 0x20 and 0x28, inputs in `open` unmasked. */
static void set_up_pic(uint16_t open)
{
    struct vpic *pic = &vm.legacy.pic;
    const struct device_ops *chips[] = {&vpic_master_ops, &vpic_slave_ops};
    for (unsigned i = 0; i < 2; i++) {
        out(chips[i], pic, 0, 0x11);
        out(chips[i], pic, 1, i == 0 ? 0x20 : 0x28);
        out(chips[i], pic, 1, i == 0 ? 4 : 2);
        out(chips[i], pic, 1, 1);
        out(chips[i], pic, 1, (uint8_t) ~(open >> (8 * i)));
    }
}

static void set_up_pit(uint8_t mode, uint16_t count)
{
    out(&vpit_ops, &vm.legacy.pit, 3, (uint8_t)(0x30 | mode << 1));
    out(&vpit_ops, &vm.legacy.pit, 0, (uint8_t)count);
    out(&vpit_ops, &vm.legacy.pit, 0, (uint8_t)(count >> 8));
}

static void wait_until(uint64_t tsc)
{
    while (cpu_rdtsc() < tsc) {
    }
}

static void programming_the_pit_asks_for_the_timer(void **state)
{
    (void)state;
    legacy_rearm(&first);
    assert_int_equal(armed, VCPU_TIMER_OFF);
    uint64_t before = cpu_rdtsc();
    set_up_pit(2, 11932); /* 10 ms */
    assert_int_equal(requested, VCPU_REQUEST_LEGACY);
    legacy_rearm(&first);
    uint64_t after = cpu_rdtsc();
    /* One count is loaded a tick late, and a tick may have begun. */
    assert_in_range(armed, before + 10 * MS - MS / 100, after + 10 * MS + MS / 100);
    requested = 0;
    (void)vpit_ops.read(&vm.legacy.pit, 1, 1); /* nothing moves by looking */
    (void)vpit_port_b_ops.read(&vm.legacy.pit, 0, 1);
    legacy_accessed(&vm);
    assert_int_equal(requested, 0);
}

static void a_tick_reaches_the_pic_and_the_ioapic(void **state)
{
    (void)state;
    set_up_pit(2, 1193); /* the mode itself makes the output rise: before the PIC is there */
    set_up_pic(1);
    vioapic_ops.write(&vm.ioapic, IOAPIC_IOREGSEL, 4, IOAPIC_REDIRECTION + 2 * GUEST_PIT_GSI);
    vioapic_ops.write(&vm.ioapic, IOAPIC_IOWIN, 4, 0x30);
    legacy_rearm(&first);
    wait_until(armed);
    requested = 0;
    assert_false(legacy_interrupt_pending(&first));
    uint64_t before = armed;
    legacy_timer(&first);
    assert_int_equal(delivered, 1);
    assert_int_equal(requested, VCPU_REQUEST_LEGACY);
    assert_true(legacy_interrupt_pending(&first));
    assert_true(armed > before);
    assert_int_equal(legacy_acknowledge(&first), 0x20);
    assert_false(legacy_interrupt_pending(&first));
}

static void ticks_are_bounded_in_rate(void **state)
{
    (void)state;
    set_up_pic(1);
    set_up_pit(2, 2); /* 596 kHz */
    legacy_rearm(&first);
    wait_until(armed);
    uint64_t before = cpu_rdtsc();
    legacy_timer(&first);
    assert_true(armed >= before + time_us_to_tsc(50));
}

static void lint0_decides_what_the_pic_can_do(void **state)
{
    (void)state;
    set_up_pic(BIT(GUEST_UART_IRQ));
    struct irq_line uart = legacy_uart_line(&vm);
    uart.set(uart.context, true);
    assert_int_equal(requested, VCPU_REQUEST_LEGACY);
    assert_true(legacy_interrupt_pending(&first)); /* as firmware leaves it */
    assert_false(legacy_interrupt_pending(&second));
    first.lint0 = 0x700 | LVT_MASKED;
    assert_false(legacy_interrupt_pending(&first));
    first.lint0 = 0x31; /* fixed */
    assert_false(legacy_interrupt_pending(&first));
    first.msr.apic_base = 0; /* no APIC: the pin is INTR */
    assert_true(legacy_interrupt_pending(&first));
    requested = 0;
    legacy_lint0_changed(&first);
    assert_int_equal(requested, VCPU_REQUEST_LEGACY);
    requested = 0;
    legacy_lint0_changed(&second);
    assert_int_equal(requested, 0);
    assert_int_equal(legacy_acknowledge(&first), 0x24);
}

static void an_interrupt_that_went_is_spurious(void **state)
{
    (void)state;
    set_up_pic(BIT(GUEST_UART_IRQ));
    struct irq_line uart = legacy_uart_line(&vm);
    uart.set(uart.context, true);
    out(&vpic_master_ops, &vm.legacy.pic, 1, 0xff);
    assert_false(legacy_interrupt_pending(&first));
    assert_int_equal(legacy_acknowledge(&first), 0x27);
}

static void a_restart_forgets_ticks_and_masks(void **state)
{
    (void)state;
    set_up_pic(0xffff);
    set_up_pit(2, 1193);
    legacy_reset(&vm);
    legacy_rearm(&first);
    assert_int_equal(armed, VCPU_TIMER_OFF);
    assert_int_equal(vpic_master_ops.read(&vm.legacy.pic, 1, 1), 0xff);
}

static void other_vms_have_none_of_it(void **state)
{
    (void)state;
    plan.flags = 0;
    assert_false(legacy_has_lint0(&first));
    legacy_lint0_changed(&first);
    assert_int_equal(requested, 0);
}

static void the_pm_timer_runs_at_its_rate(void **state)
{
    (void)state;
    uint64_t start = vpmtimer_ops.read(&vm.legacy.pm_timer, 0, 4);
    uint64_t tsc = cpu_rdtsc();
    wait_until(tsc + 20 * MS);
    uint64_t passed = (vpmtimer_ops.read(&vm.legacy.pm_timer, 0, 4) - start) & 0xffffff;
    uint64_t real = cpu_rdtsc() - tsc;
    assert_true(passed >= 20 * VPMTIMER_HZ / 1000);
    assert_true(passed <= real / 1000 * VPMTIMER_HZ / (TSC_HZ / 1000) + 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(programming_the_pit_asks_for_the_timer, set_up),
        cmocka_unit_test_setup(a_tick_reaches_the_pic_and_the_ioapic, set_up),
        cmocka_unit_test_setup(ticks_are_bounded_in_rate, set_up),
        cmocka_unit_test_setup(lint0_decides_what_the_pic_can_do, set_up),
        cmocka_unit_test_setup(an_interrupt_that_went_is_spurious, set_up),
        cmocka_unit_test_setup(a_restart_forgets_ticks_and_masks, set_up),
        cmocka_unit_test_setup(other_vms_have_none_of_it, set_up),
        cmocka_unit_test_setup(the_pm_timer_runs_at_its_rate, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
