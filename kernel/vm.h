/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM: its plan, its second-level tables, its devices, its life. VMs are created once, on the boot
 * processor, before memory is sealed; they start, end and start again on their own CPUs.
 *
 * Who may touch what: `device_lock` guards the devices and the console ring (any vCPU of the VM);
 * `life` and `end_text` are guarded by `life_lock` (any CPU). The rest is constant after creation.
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
#include "kernel/doorbell.h"
#include "kernel/fault.h"
#include "kernel/icr.h"
#include "kernel/legacy.h"
#include "kernel/manage_stream.h"
#include "kernel/msr_policy.h"
#include "kernel/spinlock.h"
#include "kernel/vcpu.h"
#include "kernel/vm_console.h"
#include "kernel/vm_life.h"
#include "kernel/vm_pci.h"
#include "kernel/vm_plan.h"
#include "kernel/vm_watchdog.h"

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
    struct vm_legacy legacy; /* unused without VM_FLAG_LEGACY */
    struct vm_watchdog watchdog;
    struct vm_faults faults; /* VMs with VM_FLAG_FAULTS */
    struct vm_console console;

    struct spinlock life_lock;
    struct vm_life life;
    uint32_t told_state;            /* of which managing VMs have been told */
    char end_text[CRASH_TEXT_SIZE]; /* why it ended last, or ends */
    uint64_t started_us;            /* time_us() at its last start; 0: never */
    uint32_t restarts;              /* starts but the first, for whatever reason */
    uint32_t crashes;               /* since the machine's boot */
    struct crash_record crash;      /* of the last one */

    struct doorbell doorbell; /* of a VM with VM_FLAG_MANAGE; each field says who may touch it */
    struct manage_rings rings;

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

/* enum vm_state, as it was a moment ago. Any CPU. */
static inline uint32_t vm_state(const struct vm *vm)
{
    return __atomic_load_n(&vm->life.state, __ATOMIC_ACQUIRE);
}

/*
 * Commands: any CPU in root mode, also one of the VM itself, which then obeys at the end of its
 * exit. They ask for it and return at once: 0, or -BULKHEAD_EBUSY when the VM's state does not
 * allow the command (the table in kernel/vm_life.c), or -BULKHEAD_ENOENT when one of the VM's CPUs
 * does not work. `by` ends up in the reason, "stopped by ...".
 */
int vm_start(struct vm *vm);                   /* a stopped, crashed or waiting VM */
int vm_stop(struct vm *vm, const char *by);    /* at once; cancels a restart that waits */
int vm_restart(struct vm *vm, const char *by); /* from its pristine images; starts a stopped VM */
int vm_pause(struct vm *vm);                   /* VM_PAUSING, then VM_PAUSED */
int vm_resume(struct vm *vm);                  /* goes on where it was paused */

/*
 * Ends the VM for the given reason (the first one counts). Any CPU; the VM's own vCPUs then return
 * EXIT_LEAVE. The text is kept for the log and cut to fit.
 */
void vm_end(struct vm *vm, enum vm_end reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Called when a VM has ended and does not start again by itself; provided by the composition root.
 */
void vm_ended(struct vm *vm);

/* Called by each vCPU's CPU when it has left vcpu_run(). The last one concludes. */
void vm_vcpu_left(struct vcpu *vcpu);

/* RAM zeroed, images copied, devices reset: by the first vCPU's CPU before it runs. */
void vm_prepare(struct vm *vm);

/* What a vCPU is to do now, before it enters; see vm_life_look(). Its own CPU. */
enum vm_look vm_look(struct vcpu *vcpu, bool stands);

/* The vCPU stands still because its VM pauses. Its own CPU. */
void vm_stand(struct vcpu *vcpu);

/*
 * Starts the VM again when the delay after its last end is over; returns the microseconds until
 * then, UINT64_MAX when there is none. The CPU of its first vCPU, while that is in no guest.
 */
uint64_t vm_start_if_due(struct vm *vm);

/* True when no VM runs or is paused, and none is about to run. */
bool vm_all_ended(void);

/* ---- memory ---- */

/* hpa of a guest-physical address, and how many bytes are contiguous from there; false: no RAM. */
bool vm_translate(const struct vm *vm, gpa_t gpa, hpa_t *hpa, uint64_t *contiguous);

/* True when all of [gpa, gpa + size) is RAM, which may consist of several pieces. */
bool vm_is_ram(const struct vm *vm, gpa_t gpa, uint64_t size);

/* Copies from and to the VM's RAM; false, with nothing copied, when a part is not RAM. */
bool vm_read_memory(const struct vm *vm, gpa_t gpa, void *to, uint64_t size);
bool vm_write_memory(const struct vm *vm, gpa_t gpa, const void *from, uint64_t size);

/*
 * Maps 8 bytes at a multiple of 8, to be read or written by one access, until the next copy on this
 * CPU; NULL: misaligned or no RAM.
 */
volatile uint64_t *vm_map_word(const struct vm *vm, gpa_t gpa);

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
