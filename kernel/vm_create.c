/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building VMs from the plan: second-level tables, I/O bitmaps, devices, vCPUs. Boot processor,
 * before memory is sealed; nothing is allocated for a VM later.
 */
#include "kernel/console.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/msr.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "kernel/vm.h"
#include "kernel/wall_clock.h"

#define IO_BITMAP_PAGES 2
#define VPID_FIRST      1 /* 0 is root mode's */

static struct vm *vms[VM_MAX];
static uint32_t count;
static const struct vm_create *creating;

uint32_t vm_count(void)
{
    return count;
}

struct vm *vm_get(uint32_t index)
{
    return vms[index];
}

static uint64_t pages_for(uint64_t bytes)
{
    return align_up(bytes, PAGE_SIZE) / PAGE_SIZE;
}

/* ---- second-level tables ---- */

static void build_ept(struct vm *vm)
{
    struct ept_range ranges[VM_MEMORY_MAX + VM_PCI_RANGES];
    for (uint32_t i = 0; i < vm->plan->memory_count; i++) {
        const struct vm_memory *m = &vm->plan->memory[i];
        ranges[i] = (struct ept_range){
            .gpa = m->gpa,
            .hpa = m->hpa,
            .size = m->size,
            .rights = EPT_READ | EPT_WRITE | EPT_EXECUTE,
            .type = MEMORY_TYPE_WB,
        };
    }
    uint32_t range_count = vm->plan->memory_count;
    range_count += vm_pci_ranges(vm->plan, ranges + range_count);
    struct ept_format format = creating->ept;
    format.large_execute &= !(vm->plan->flags & VM_FLAG_SMALL_PAGES);
    uint64_t needed = ept_pages_needed(&format, ranges, range_count);
    void *pages = memory_alloc_pages(needed);
    ept_pool_init(&vm->ept_pool, memory_hpa(pages), pages, needed);
    struct ept_pages supply = ept_pool_pages(&vm->ept_pool);
    BUG_ON(ept_create(&vm->ept, &format, &supply) != EPT_OK);
    for (uint32_t i = 0; i < range_count; i++) {
        enum ept_result result = ept_map(&vm->ept, &ranges[i]);
        if (result != EPT_OK) {
            panic("EPT of VM %s: mapping gpa %lx failed (%d)", vm->plan->name, ranges[i].gpa.v,
                  (int)result);
        }
    }
}

/* ---- ports ---- */

static void build_io_bitmap(struct vm *vm)
{
    vm->io_bitmap = memory_alloc_pages(IO_BITMAP_PAGES);
    memset(vm->io_bitmap, 0xff, IO_BITMAP_PAGES * PAGE_SIZE);
    for (uint32_t i = 0; i < vm->plan->port_count; i++) {
        const struct vm_port_range *range = &vm->plan->ports[i];
        for (uint32_t port = range->first; port <= range->last; port++) {
            vm->io_bitmap[port / 8] &= (uint8_t) ~(1U << (port % 8));
        }
    }
    vm_pci_open_ports(vm->plan, vm->io_bitmap);
}

/* ---- devices ---- */

static void console_output(void *context, uint8_t byte)
{
    vm_console_output(context, byte);
}

static void console_watched(struct vm_console *console)
{
    const struct vm *vm =
        (const struct vm *)((const uint8_t *)console - offsetof(struct vm, console));
    doorbell_post(BULKHEAD_EVENT_CONSOLE, vm->index);
    console_wake();
}

static void input_has_room(void *context)
{
    const struct vm *vm = context;
    doorbell_post(BULKHEAD_EVENT_ROOM, vm->index);
}

static void power_request(void *context, enum vpower_request request, const char *by)
{
    struct vm *vm = context;
    if (request == VPOWER_OFF) {
        vm_end(vm, VM_END_POWER_OFF, "power-off by %s", by);
    } else {
        vm_end(vm, VM_END_RESTART, "reset by %s", by);
    }
}

static void deliver_message(void *context, const struct vioapic_message *message)
{
    vm_deliver(context, message);
}

static uint64_t wall_clock_now(void *context)
{
    (void)context;
    return wall_clock_seconds();
}

static struct vrtc_machine rtc_machine(const struct vm *vm)
{
    struct vrtc_machine machine = {.cpu_count = vm->plan->cpu_count};
    for (uint32_t i = 0; i < vm->plan->memory_count; i++) {
        const struct vm_memory *m = &vm->plan->memory[i];
        if (m->gpa.v < GUEST_HOLE) {
            machine.low_memory = MAX(machine.low_memory, m->gpa.v + m->size);
        } else if (m->gpa.v >= GUEST_HOLE_END) {
            machine.high_memory += m->size;
        }
    }
    return machine;
}

static void create_devices(struct vm *vm)
{
    vm_console_init(&vm->console, vm->plan->name);
    vm->console.watcher = console_watched;
    vioapic_init(&vm->ioapic, &(struct vioapic_host){.deliver = vm->plan->flags & VM_FLAG_FAULTS
                                                                    ? fault_deliver
                                                                    : deliver_message,
                                                     .entry_changed = vm_pci_entry_changed,
                                                     .passed_eoi = vm_pci_passed_eoi,
                                                     .context = vm});
    vm->uart_line = (struct vioapic_line){&vm->ioapic, GUEST_UART_IRQ};
    struct irq_line uart_line = {vioapic_line_set, &vm->uart_line};
    if (vm->plan->flags & VM_FLAG_LEGACY) {
        legacy_init(vm);
        uart_line = legacy_uart_line(vm);
    }
    vuart_init(&vm->uart, console_output, &vm->console, uart_line);
    vuart_set_room_hook(&vm->uart, input_has_room, vm);
    struct vrtc_machine machine = rtc_machine(vm);
    vrtc_init(&vm->rtc, &machine, wall_clock_now, NULL);
    vpower_init(&vm->power, power_request, vm);
    vkbc_init(&vm->kbc, power_request, vm);
    vdebug_init(&vm->debug, console_output, &vm->console);
    vm_watchdog_create(vm);
    fault_create(vm);
    vpci_init(&vm->pci);
    vpci_set_cf9(&vm->pci, &vpower_cf9_ops, &vm->power);
    vm_pci_create(vm);
}

/* ---- vCPUs ---- */

static void create_vcpu(struct vm *vm, uint32_t index)
{
    _Static_assert(sizeof(struct cpuid_view) <= PAGE_SIZE, "one page is allocated");
    struct vcpu *vcpu = memory_alloc_pages(pages_for(sizeof(*vcpu)));
    uint32_t cpu_index = vm->plan->cpus[index];
    vcpu->vm = vm;
    vcpu->index = index;
    vcpu->cpu = smp_cpu(cpu_index);
    vcpu->apic_id = vcpu->cpu->apic_id;
    vcpu->cpuid = memory_alloc_pages(1);
    vcpu->msr_bitmap = memory_alloc_pages(1);
    vm->vcpus[index] = vcpu;
    creating->create_vcpu(vcpu);
    /* Last: an NMI handler looks at it. */
    __atomic_store_n(&vcpu->cpu->vcpu, vcpu, __ATOMIC_RELEASE);
}

static void create_vm(uint32_t index)
{
    struct vm *vm = memory_alloc_pages(pages_for(sizeof(*vm)));
    uint32_t ids[CPU_MAX];
    vm->plan = &creating->info->plan.vms[index];
    vm->index = index;
    vm->vpid = (uint16_t)(VPID_FIRST + index);
    vms[index] = vm;
    build_ept(vm);
    build_io_bitmap(vm);
    create_devices(vm);
    for (uint32_t i = 0; i < vm->plan->cpu_count; i++) {
        create_vcpu(vm, i);
        ids[i] = vm->vcpus[i]->apic_id;
    }
    vm->vcpu_count = vm->plan->cpu_count;
    crash_create(vm);
    apic_map_init(&vm->apic_map, ids, vm->vcpu_count);
}

void vm_create_all(const struct vm_create *create)
{
    static struct vm_create kept;
    kept = *create;
    creating = &kept;
    vm_pci_init(create->info);
    for (uint32_t i = 0; i < create->info->plan.vm_count; i++) {
        create_vm(i);
        count = i + 1;
    }
}

/* Leaves whose answer depends on neither subleaf nor state: looked up in one step. */
static void fill_cpuid_fast(struct vcpu *vcpu)
{
    for (uint32_t index = 0; index < CPUID_FAST_COUNT; index++) {
        uint32_t range = index & 3;
        const struct cpuid_slot *slot = &vcpu->cpuid->slots[range][index >> 2];
        const struct cpuid_entry *entry = &vcpu->cpuid->entries[slot->first];
        bool simple = slot->subleaves == 0 && entry->dynamic == 0;
        vcpu->cpuid_fast[index] = simple ? &entry->result : NULL;
    }
}

void vcpu_prepare_policies(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    struct cpuid_input input = {
        .read = cpu_cpuid,
        .tsc_hz = time_tsc_hz(),
        .apic_timer_hz = time_apic_timer_hz(),
        .vcpu_index = vcpu->index,
        .vcpu_count = vm->vcpu_count,
        .apic_ids = vm->apic_map.id,
        .rdtscp = creating->rdtscp,
        .invpcid = creating->invpcid,
        .xsaves = creating->xsaves,
        .hide = vm->plan->cpuid_hide,
        .hide_count = vm->plan->cpuid_hide_count,
    };
    cpuid_view_build(vcpu->cpuid, &input);
    fill_cpuid_fast(vcpu);
    if (vcpu->index == 0) {
        msr_policy_init(&vm->msr_policy, vcpu->cpuid, &creating->msr_hardware, time_tsc_hz(),
                        (vm->plan->flags & VM_FLAG_FAULTS) != 0);
        cr_policy_init(&vm->cr_policy, vcpu->cpuid, creating->cr4_fixed1);
    }
}
