/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM: its plan, its second-level tables, its devices, its life. VMs are created once, on the boot
 * processor, before memory is sealed; they start, end and start again on their own CPUs.
 *
 * Who may touch what: `device_lock` guards the devices and the console ring (any vCPU of the VM);
 * `state`, `vcpus_inside`, `end` are guarded by `life_lock` (any CPU). The rest is constant after
 * creation.
 */
#ifndef KERNEL_VM_H
#define KERNEL_VM_H

#include "drivers/guest_platform.h"
#include "drivers/vdebug.h"
#include "drivers/vioapic.h"
#include "drivers/vkbc.h"
#include "drivers/vpci.h"
#include "drivers/vpower.h"
#include "drivers/vrtc.h"
#include "drivers/vuart.h"
#include "ept/ept.h"
#include "ept/ept_pool.h"
#include "kernel/apic_map.h"
#include "kernel/boot_info.h"
#include "kernel/cpuid_policy.h"
#include "kernel/cr_policy.h"
#include "kernel/crash.h"
#include "kernel/icr.h"
#include "kernel/msr_policy.h"
#include "kernel/spinlock.h"
#include "kernel/vcpu.h"
#include "kernel/vm_console.h"
#include "kernel/vm_pci.h"
#include "kernel/vm_plan.h"

enum vm_state {
    VM_STOPPED, /* never started, or ended */
    VM_RUNNING, /* at least one vCPU is in vcpu_run(), or is about to be */
    VM_ENDING,  /* its vCPUs are leaving */
    VM_CRASHED, /* ended by a fault, and not started again */
};

/* Why a VM ends. */
enum vm_end {
    VM_END_NONE,
    VM_END_POWER_OFF, /* by the guest */
    VM_END_RESTART,   /* by the guest */
    VM_END_CRASH,     /* triple fault, entry failure, ...: vm.end_text says what */
};

#define VM_NOTE_MAX 64 /* denied accesses that are remembered as logged */

struct vm {
    const struct vm_plan *plan;
    uint32_t index; /* in the plan */
    uint16_t vpid;  /* one for all vCPUs: each has a CPU, and a TLB, of its own */

    struct ept ept;
    struct ept_pool ept_pool;
    uint8_t *io_bitmap; /* 8 KiB: ports 0-0x7FFF, 0x8000-0xFFFF */
    struct apic_map apic_map;
    struct msr_policy msr_policy;
    struct cr_policy cr_policy;
    struct xapic_logical xapic_logical[CPU_MAX]; /* of vCPUs that use the xAPIC page */

    struct spinlock device_lock;
    struct vuart uart;
    struct vioapic ioapic;
    struct vioapic_line uart_line;
    struct vrtc rtc;
    struct vpci pci;
    struct vm_pci pci_functions[VM_PCI_MAX];
    struct vpower power;
    struct vkbc kbc;
    struct vdebug debug;
    struct vm_console console;

    struct spinlock life_lock;
    uint32_t state; /* enum vm_state; may be read without the lock */
    uint32_t vcpus_inside;
    enum vm_end end;
    char end_text[CRASH_TEXT_SIZE];
    uint64_t started_us; /* time_us() at its last start */
    uint32_t restarts;
    uint32_t crashes;
    struct crash_record crash; /* of the last one */

    uint32_t note_count;
    uint64_t notes[VM_NOTE_MAX];

    uint32_t vcpu_count;
    struct vcpu *vcpus[CPU_MAX];
};

/* ---- creation: boot processor, before memory_seal() ---- */

/*
 * Builds every VM of the plan: tables, bitmaps, devices, vCPUs. What is vendor's mechanism is added
 * to each vCPU by `create_vcpu`.
 */
struct vm_create {
    const struct boot_info *info;
    struct ept_format ept;
    struct msr_hardware msr_hardware;
    uint64_t cr4_fixed1;
    bool rdtscp; /* instructions that work in guests */
    bool invpcid;
    bool xsaves;
    void (*create_vcpu)(struct vcpu *vcpu);
};
void vm_create_all(const struct vm_create *create);

/* What follows from the vCPU's own CPUID, on its own CPU: before the VM's first start. */
void vcpu_prepare_policies(struct vcpu *vcpu);

/* Starts those that the plan starts at boot. After memory_seal(). */
void vm_start_all(void);

uint32_t vm_count(void);
struct vm *vm_get(uint32_t index);

/* ---- life ---- */

/* Makes the VM run; false when it runs already. Any CPU. */
bool vm_start(struct vm *vm);

/*
 * Ends the VM for the given reason (the first one counts). Any CPU; the VM's own vCPUs then return
 * EXIT_LEAVE. The text is kept for the log and cut to fit.
 */
void vm_end(struct vm *vm, enum vm_end reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Called when a VM has ended for good; provided by the composition root. */
void vm_ended(struct vm *vm);

/* Called by each vCPU's CPU when it has left vcpu_run(). The last one concludes. */
void vm_vcpu_left(struct vcpu *vcpu);

/* RAM zeroed, images copied, devices reset: by the first vCPU's CPU before it runs. */
void vm_prepare(struct vm *vm);

/* True when no VM runs and none is about to. */
bool vm_all_ended(void);

/* ---- memory ---- */

/* hpa of a guest-physical address, and how many bytes are contiguous from there; false: no RAM. */
bool vm_translate(const struct vm *vm, gpa_t gpa, hpa_t *hpa, uint64_t *contiguous);

/* Copies from and to the VM's RAM; false, with nothing copied, when a part is not RAM. */
bool vm_read_memory(const struct vm *vm, gpa_t gpa, void *to, uint64_t size);
bool vm_write_memory(const struct vm *vm, gpa_t gpa, const void *from, uint64_t size);

/* RAM in bytes. */
uint64_t vm_memory_size(const struct vm *vm);

/* ---- accesses ---- */

/* One access to an emulated port; size 1, 2 or 4. */
uint32_t vm_port_read(struct vcpu *vcpu, uint16_t port, unsigned size);
void vm_port_write(struct vcpu *vcpu, uint16_t port, unsigned size, uint32_t value);

/* An emulated device at a guest-physical address; NULL: nothing there. *offset: inside it. */
const struct device_ops *vm_mmio_find(struct vcpu *vcpu, gpa_t gpa, void **device,
                                      uint64_t *offset);

/* Kinds of what a VM asked for and does not have. */
enum vm_denied { VM_DENIED_PORT, VM_DENIED_MSR_READ, VM_DENIED_MSR_WRITE, VM_DENIED_MEMORY };

/*
 * Counts a denied access and logs it once for each VM, kind and number, with the configuration
 * line that would allow it.
 */
void vm_note_denied(struct vcpu *vcpu, enum vm_denied kind, uint64_t number);

/* ---- interrupts ---- */

/* Sends what an IOAPIC message or MSI asks for to the VM's own CPUs. Any of the VM's CPUs. */
void vm_deliver(struct vm *vm, const struct vioapic_message *message);

/* Carries out what a vCPU wrote to its ICR. False: the write faults (#GP). */
bool vm_send_ipi(struct vcpu *vcpu, const struct icr_request *request);

#endif
