/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EPT violations: accesses to guest-physical addresses without RAM. Emulated devices are served by
 * decoding the instruction; everything else reads ones and drops writes, as on a bus where nobody
 * answers. SDM "EPT Violations", "Exit Qualification for EPT Violations".
 */
#include "kernel/cpu_regs.h"
#include "kernel/fault.h"
#include "kernel/log.h"
#include "kernel/mmio_execute.h"
#include "vmx/event.h"
#include "vmx/exit.h"
#include "vmx/guest.h"
#include "vmx/vmcs.h"

#define PF_PRESENT  BIT(0)
#define PF_WRITE    BIT(1)
#define PF_USER     BIT(2)
#define PF_RESERVED BIT(3)
#define PF_FETCH    BIT(4)

struct access {
    struct vcpu *vcpu;
    const struct mmio_insn *insn;
    struct mmio_cpu cpu;
    gpa_t gpa;                       /* that caused the exit */
    const struct device_ops *device; /* NULL: nobody answers */
    void *device_state;
    uint64_t offset;
};

static void note(const struct access *a)
{
    vm_note_denied(a->vcpu, VM_DENIED_MEMORY, a->gpa.v);
}

static uint64_t device_read(const struct access *a)
{
    if (a->device == NULL || a->offset + a->insn->size > PAGE_SIZE) {
        note(a);
        return device_open_bus(a->insn->size);
    }
    spin_lock(&a->vcpu->vm->device_lock);
    uint64_t value = a->device->read(a->device_state, a->offset, a->insn->size);
    spin_unlock(&a->vcpu->vm->device_lock);
    return value;
}

static void device_write(const struct access *a, uint64_t value)
{
    if (a->device == NULL || a->offset + a->insn->size > PAGE_SIZE) {
        note(a);
        return;
    }
    spin_lock(&a->vcpu->vm->device_lock);
    a->device->write(a->device_state, a->offset, a->insn->size, value);
    spin_unlock(&a->vcpu->vm->device_lock);
}

/*
 * One side of the instruction is the device, the other (MOVS, PUSH, POP) may be RAM. The exit's
 * linear address is inside the side that it tells of: the second page of one that crosses pages.
 */
static bool is_device_side(const struct access *a, gva_t side)
{
    return vmcs_read(VMCS_GUEST_LINEAR_ADDRESS) - side.v < a->insn->size;
}

static uint32_t access_kind(uint32_t kind)
{
    return kind | GUEST_ACCESS_SET_AD | (guest_cpl() == 3 ? GUEST_ACCESS_USER : 0);
}

static void read_segments(struct access *a)
{
    if (a->insn->mode == MMIO_MODE_64) {
        if (a->insn->segment == MMIO_FS) {
            a->cpu.segment_base[MMIO_FS] = vmcs_read(VMCS_GUEST_FS_BASE);
        } else if (a->insn->segment == MMIO_GS) {
            a->cpu.segment_base[MMIO_GS] = vmcs_read(VMCS_GUEST_GS_BASE);
        }
        return;
    }
    for (uint32_t i = 0; i < MMIO_SEGMENTS; i++) {
        a->cpu.segment_base[i] = vmcs_read(VMCS_GUEST_ES_BASE + 2 * i);
    }
}

static void read_registers(struct access *a)
{
    a->cpu.gpr = a->vcpu->regs;
    a->cpu.rip = vmcs_read(VMCS_GUEST_RIP);
    read_segments(a);
    if (a->insn->flags & (MMIO_FLAGS_IN | MMIO_FLAGS_OUT)) {
        a->cpu.rflags = vmcs_read(VMCS_GUEST_RFLAGS);
    }
    if (a->insn->flags & MMIO_USES_RSP) {
        a->vcpu->regs[VCPU_RSP] = vmcs_read(VMCS_GUEST_RSP);
        uint64_t rights = vmcs_read(VMCS_GUEST_SS_ACCESS_RIGHTS);
        a->cpu.stack_size = a->insn->mode == MMIO_MODE_64 ? 8 : (rights & ACCESS_RIGHTS_DB) ? 4 : 2;
    }
}

/* The length in the VMCS is not valid for EPT violations: the decoder's takes its place. */
static inline enum exit_action skip_decoded(const struct access *a)
{
    a->vcpu->vmx->instruction_length = a->insn->length;
    return EXIT_SKIP_DECODED;
}

static enum exit_action finish(struct access *a, bool complete)
{
    if (a->insn->flags & MMIO_FLAGS_OUT) {
        vmcs_write(VMCS_GUEST_RFLAGS, a->cpu.rflags);
    }
    if (a->insn->flags & MMIO_USES_RSP) {
        vmcs_write(VMCS_GUEST_RSP, a->vcpu->regs[VCPU_RSP]);
    }
    if (!complete) {
        return EXIT_RESUME;
    }
    return skip_decoded(a);
}

/* One operand, and it is the device: nearly all instructions. */
static enum exit_action emulate_one(struct access *a)
{
    uint64_t value = 0;
    uint64_t out = 0;
    if (a->insn->flags & MMIO_READS) {
        value = device_read(a);
    }
    bool complete = mmio_execute(a->insn, &a->cpu, value, &out);
    if (a->insn->flags & MMIO_WRITES) {
        device_write(a, out);
    }
    return finish(a, complete);
}

/* MOVS, PUSH and POP: one side is RAM, and is checked before anything happens. */
static __attribute__((noinline)) enum exit_action emulate_two(struct access *a)
{
    gva_t source = mmio_address(a->insn, &a->cpu, MMIO_SOURCE);
    gva_t destination = mmio_address(a->insn, &a->cpu, MMIO_DESTINATION);
    struct guest_paging paging;
    uint64_t value = 0;
    uint64_t out = 0;
    guest_read_paging(a->vcpu, &paging);
    bool to_device = is_device_side(a, destination);
    if (to_device) {
        if (!guest_copy(a->vcpu, &paging, source, &value, a->insn->size,
                        access_kind(GUEST_ACCESS_READ))) {
            return EXIT_INJECT;
        }
    } else {
        if (!guest_check(a->vcpu, &paging, destination, a->insn->size,
                         access_kind(GUEST_ACCESS_WRITE))) {
            return EXIT_INJECT;
        }
        value = device_read(a);
    }
    bool complete = mmio_execute(a->insn, &a->cpu, value, &out);
    if (to_device) {
        device_write(a, out);
    } else if (!guest_copy(a->vcpu, &paging, destination, &out, a->insn->size,
                           access_kind(GUEST_ACCESS_WRITE))) {
        return EXIT_INJECT; /* another vCPU took the page away meanwhile */
    }
    return finish(a, complete);
}

/* MOV and its kin, to or from a general register: what drivers do nearly always. */
static inline enum exit_action emulate_move(struct access *a)
{
    uint64_t value = 0;
    uint64_t out = 0;
    a->cpu.gpr = a->vcpu->regs;
    if (a->insn->op != MMIO_OP_STORE) {
        value = device_read(a);
    }
    mmio_execute(a->insn, &a->cpu, value, &out);
    if (a->insn->op == MMIO_OP_STORE) {
        device_write(a, out);
    }
    return skip_decoded(a);
}

static enum exit_action emulate(struct access *a)
{
    if (a->insn->op <= MMIO_OP_STORE && !(a->insn->flags & MMIO_USES_RSP)) {
        return emulate_move(a);
    }
    read_registers(a);
    if (a->insn->flags & (MMIO_REP | MMIO_REPNE)) {
        if (mmio_rep_finished(a->insn, &a->cpu)) {
            return finish(a, true);
        }
    }
    bool two =
        a->insn->op == MMIO_OP_MOVS || a->insn->op == MMIO_OP_PUSH || a->insn->op == MMIO_OP_POP;
    return two ? emulate_two(a) : emulate_one(a);
}

static enum exit_action undecodable(struct access *a, enum mmio_status status)
{
    if (status == MMIO_INVALID) {
        return EXIT_INJECT_UD;
    }
    if (status == MMIO_TRUNCATED) {
        return EXIT_INJECT; /* the fault that fetching the rest met */
    }
    note(a);
    log_debug("VM %s: instruction at %lx on gpa %lx: %s; the guest gets #GP",
              a->vcpu->vm->plan->name, vmcs_read(VMCS_GUEST_RIP), a->gpa.v,
              mmio_status_name(status));
    return EXIT_INJECT_GP;
}

/* The guest's own page tables lie where no RAM is: they read as all ones, so reserved bits are set.
 */
static enum exit_action page_walk_without_ram(struct access *a, uint64_t qualification)
{
    uint32_t code = PF_PRESENT | PF_RESERVED;
    code |= (qualification & EPT_VIOLATION_WRITE) ? PF_WRITE : 0;
    code |= guest_cpl() == 3 ? PF_USER : 0;
    note(a);
    event_inject_page_fault(vmcs_read(VMCS_GUEST_LINEAR_ADDRESS), code);
    return EXIT_INJECT;
}

/* Violations that are no access to a device by an instruction; EXIT_SKIP: it is one. */
static enum exit_action unusual(struct access *a, uint64_t qualification)
{
    if (event_delivery_interrupted()) {
        vm_end(a->vcpu->vm, VM_END_CRASH,
               "event delivery of vCPU %u through gpa %lx, which is no RAM", a->vcpu->index,
               a->gpa.v);
        return EXIT_LEAVE;
    }
    if (qualification & EPT_VIOLATION_FETCH) {
        note(a);
        return EXIT_INJECT_UD; /* all ones is no instruction */
    }
    if (!(qualification & EPT_VIOLATION_LINEAR_VALID)) {
        note(a);
        return EXIT_INJECT_GP;
    }
    if (!(qualification & EPT_VIOLATION_FINAL_TRANSLATION)) {
        return page_walk_without_ram(a, qualification);
    }
    return EXIT_SKIP;
}

/* An access that meets neither RAM nor a device, in a VM that has `faults`. EXIT_SKIP: go on. */
static COLD enum exit_action look_for_poison(struct access *a, uint64_t qualification)
{
    uint32_t vectoring = (uint32_t)vmcs_read(VMCS_IDT_VECTORING_INFO);
    bool lost = (vectoring & INTR_INFO_VALID) &&
                FIELD_GET((uint64_t)INTR_INFO_TYPE, vectoring) != INTR_TYPE_HARDWARE_EXCEPTION;
    bool fetch = (qualification & EPT_VIOLATION_FETCH) != 0;
    switch (fault_memory_access(a->vcpu, a->gpa, fetch, !lost)) {
    case FAULT_ACCESS_POISON:
        return event_inject_machine_check(a->vcpu);
    case FAULT_ACCESS_AGAIN:
        return EXIT_RESUME;
    case FAULT_ACCESS_NONE:
        break;
    }
    return EXIT_SKIP;
}

enum exit_action exit_ept_violation(struct vcpu *vcpu)
{
    struct access a;
    uint64_t qualification = vmcs_read_hot(VMCS_EXIT_QUALIFICATION);
    a.vcpu = vcpu;
    a.gpa = GPA(vmcs_read_hot(VMCS_GUEST_PHYSICAL_ADDRESS));
    a.device = vm_mmio_find(vcpu, a.gpa, &a.device_state, &a.offset);

    if (__builtin_expect(a.device == NULL, 0) && (vcpu->vm->plan->flags & VM_FLAG_FAULTS)) {
        enum exit_action action = look_for_poison(&a, qualification);
        if (action != EXIT_SKIP) {
            return event_redeliver(vcpu, action);
        }
    }

    const uint64_t usual = EPT_VIOLATION_LINEAR_VALID | EPT_VIOLATION_FINAL_TRANSLATION;
    const uint64_t odd = EPT_VIOLATION_FETCH | EPT_VIOLATION_NMI_UNBLOCKING;
    if (__builtin_expect((qualification & (usual | odd)) != usual, 0) ||
        __builtin_expect((vmcs_read_hot(VMCS_IDT_VECTORING_INFO) & INTR_INFO_VALID) != 0, 0)) {
        enum exit_action action = unusual(&a, qualification);
        if (action != EXIT_SKIP) {
            return event_redeliver(vcpu, action);
        }
    }
    enum mmio_status status = guest_decode(vcpu, &a.insn);
    return status == MMIO_OK ? emulate(&a) : undecodable(&a, status);
}
