/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a VM's port and MMIO accesses go: two tables of the devices that every VM has. What is in
 * neither reads ones, drops writes, and is noted once with the configuration line that would allow
 * it. Ports that the configuration opened never come here: the I/O bitmap lets them pass.
 */
#include "kernel/log.h"
#include "kernel/vm.h"
#include "kernel/xapic.h"

struct port_row {
    uint16_t first;
    uint8_t count;
    uint8_t flag;    /* VM_FLAG_* that the VM must have; 0: every VM */
    uint32_t device; /* offset in struct vm */
    const struct device_ops *ops;
};

#define DEVICE(field) ((uint32_t)offsetof(struct vm, field))

/* The most frequent first. */
static const struct port_row ports[] = {
    {GUEST_UART_PORT, VUART_PORT_COUNT, 0, DEVICE(uart), &vuart_ops},
    {GUEST_RTC_PORT, VRTC_PORT_COUNT, 0, DEVICE(rtc), &vrtc_ops},
    {GUEST_PCI_CONFIG_PORT, VPCI_PORT_COUNT, 0, DEVICE(pci), &vpci_ops},
    {GUEST_SLEEP_CONTROL, VPOWER_ACPI_PORT_COUNT, 0, DEVICE(power), &vpower_acpi_ops},
    {GUEST_WATCHDOG_PORT, VWATCHDOG_PORT_COUNT, 0, 0, &vm_watchdog_ops},
    {GUEST_KBC_DATA, 1, 0, DEVICE(kbc), &vkbc_data_ops},
    {GUEST_KBC_COMMAND, 1, 0, DEVICE(kbc), &vkbc_command_ops},
    {GUEST_FAST_RESET_PORT, 1, 0, DEVICE(power), &vpower_port92_ops},
    {GUEST_POST_PORT, 1, 0, DEVICE(debug), &vdebug_post_ops},
    {GUEST_DEBUG_PORT, 1, 0, DEVICE(debug), &vdebug_console_ops},
    {GUEST_PIC_MASTER, VPIC_PORT_COUNT, VM_FLAG_LEGACY, DEVICE(legacy.pic), &vpic_master_ops},
    {GUEST_PIC_SLAVE, VPIC_PORT_COUNT, VM_FLAG_LEGACY, DEVICE(legacy.pic), &vpic_slave_ops},
    {GUEST_PIT_PORT, VPIT_PORT_COUNT, VM_FLAG_LEGACY, DEVICE(legacy.pit), &vpit_ops},
    {GUEST_PORT_B, 1, VM_FLAG_LEGACY, DEVICE(legacy.pit), &vpit_port_b_ops},
    {GUEST_PM_TIMER, VPMTIMER_PORT_COUNT, VM_FLAG_LEGACY, DEVICE(legacy.pm_timer), &vpmtimer_ops},
    {GUEST_PIC_ELCR, VPIC_PORT_COUNT, VM_FLAG_LEGACY, DEVICE(legacy.pic), &vpic_elcr_ops},
};

static const struct port_row *find_port(const struct vm *vm, uint16_t port, unsigned size)
{
    for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
        const struct port_row *row = &ports[i];
        if (port >= row->first && port + size <= (unsigned)row->first + row->count) {
            return row->flag == 0 || (vm->plan->flags & row->flag) ? row : NULL;
        }
    }
    return NULL;
}

static uint32_t read_nobody(struct vcpu *vcpu, uint16_t port, unsigned size)
{
    if (size == 1 || find_port(vcpu->vm, port, 1) == NULL) {
        vm_note_denied(vcpu, VM_DENIED_PORT, port);
        return (uint32_t)device_open_bus(size);
    }
    /* Begins in a device and leaves it: the bus makes single bytes of it. */
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= vm_port_read(vcpu, (uint16_t)(port + i), 1) << (8 * i);
    }
    return value;
}

/* By far the most frequent access: one byte of the UART. */
static inline bool is_uart_byte(uint16_t port, unsigned size)
{
    return (uint16_t)(port - GUEST_UART_PORT) < VUART_PORT_COUNT && size == 1;
}

static __attribute__((noinline)) uint32_t uart_read(struct vm *vm, uint64_t offset)
{
    spin_lock(&vm->device_lock);
    uint64_t byte = vuart_ops.read(&vm->uart, offset, 1);
    if (__builtin_expect(vm->faults.reads != 0, 0)) {
        byte = fault_read(vm, &vuart_ops, byte, 1);
    }
    spin_unlock(&vm->device_lock);
    return (uint32_t)byte;
}

static __attribute__((noinline)) void uart_write(struct vm *vm, uint64_t offset, uint32_t value)
{
    spin_lock(&vm->device_lock);
    vuart_ops.write(&vm->uart, offset, 1, value);
    spin_unlock(&vm->device_lock);
}

static __attribute__((noinline)) uint32_t any_read(struct vcpu *vcpu, uint16_t port, unsigned size)
{
    struct vm *vm = vcpu->vm;
    const struct port_row *row = find_port(vm, port, size);
    if (row == NULL) {
        return read_nobody(vcpu, port, size);
    }
    spin_lock(&vm->device_lock);
    uint64_t value = row->ops->read((uint8_t *)vm + row->device, port - row->first, size);
    if (row->flag != 0) {
        legacy_accessed(vm);
    }
    if (vm->faults.reads != 0) {
        value = fault_read(vm, row->ops, value, size);
    }
    spin_unlock(&vm->device_lock);
    return (uint32_t)value;
}

uint32_t vm_port_read(struct vcpu *vcpu, uint16_t port, unsigned size)
{
    if (is_uart_byte(port, size)) {
        return uart_read(vcpu->vm, (uint16_t)(port - GUEST_UART_PORT));
    }
    return any_read(vcpu, port, size);
}

static void write_nobody(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
    if (size == 1 || find_port(vcpu->vm, port, 1) == NULL) {
        vm_note_denied(vcpu, VM_DENIED_PORT, port);
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        vm_port_write(vcpu, (uint16_t)(port + i), 1, (uint8_t)(value >> (8 * i)));
    }
}

static __attribute__((noinline)) void any_write(struct vcpu *vcpu, uint16_t port, unsigned size,
                                                uint32_t value)
{
    struct vm *vm = vcpu->vm;
    const struct port_row *row = find_port(vm, port, size);
    if (row == NULL) {
        write_nobody(vcpu, port, size, value);
        return;
    }
    spin_lock(&vm->device_lock);
    row->ops->write((uint8_t *)vm + row->device, port - row->first, size, value);
    if (row->flag != 0) {
        legacy_accessed(vm);
    }
    spin_unlock(&vm->device_lock);
}

void vm_port_write(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value)
{
    if (is_uart_byte(port, size)) {
        uart_write(vcpu->vm, (uint16_t)(port - GUEST_UART_PORT), value);
        return;
    }
    any_write(vcpu, port, size, value);
}

const struct device_ops *vm_mmio_find(struct vcpu *vcpu, gpa_t gpa, void **device, uint64_t *offset)
{
    uint64_t page = align_down(gpa.v, PAGE_SIZE);
    *offset = gpa.v - page;
    if (page == GUEST_IOAPIC_BASE) {
        *device = &vcpu->vm->ioapic;
        return &vioapic_ops;
    }
    if (page == GUEST_LAPIC_BASE && xapic_in_use(vcpu)) {
        *device = vcpu;
        return &xapic_ops;
    }
    return NULL;
}

/* ---- what is denied ---- */

static bool noted_before(struct vm *vm, uint64_t key)
{
    for (uint32_t i = 0; i < vm->note_count; i++) {
        if (vm->notes[i] == key) {
            return true;
        }
    }
    if (vm->note_count < VM_NOTE_MAX) {
        vm->notes[vm->note_count++] = key;
        return false;
    }
    return true; /* the list is full: the first VM_NOTE_MAX are enough to act on */
}

COLD void vm_note_denied(struct vcpu *vcpu, enum vm_denied kind, uint64_t number)
{
    struct vm *vm = vcpu->vm;
    vcpu->counters.denied++;
    if (vm->note_count == VM_NOTE_MAX) {
        return;
    }
    uint64_t what = kind == VM_DENIED_MEMORY ? align_down(number, PAGE_SIZE) : number;
    spin_lock(&vm->device_lock);
    bool known = noted_before(vm, (uint64_t)kind << 60 | what);
    bool last = vm->note_count == VM_NOTE_MAX;
    spin_unlock(&vm->device_lock);
    if (known) {
        return;
    }
    switch (kind) {
    case VM_DENIED_PORT:
        log_info("VM %s: port 0x%lx denied (to allow: ports = \"0x%lx\")", vm->plan->name, number,
                 number);
        break;
    case VM_DENIED_MSR_READ:
        log_info("VM %s: reading MSR 0x%lx denied (to allow: msrs = \"0x%lx\")", vm->plan->name,
                 number, number);
        break;
    case VM_DENIED_MSR_WRITE:
        log_info("VM %s: writing MSR 0x%lx denied (to allow: msrs-write = \"0x%lx\")",
                 vm->plan->name, number, number);
        break;
    case VM_DENIED_MEMORY:
        log_info("VM %s: nothing at guest-physical address 0x%lx", vm->plan->name, number);
        break;
    }
    if (last) {
        log_info("VM %s: further denied accesses are counted, not logged", vm->plan->name);
    }
}
