/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a vCPU on its CPU: enter, exit, hand the exit to its handler, do what the handler
 * says. This file alone moves RIP. See vmx/entry.S for the way in and out, vmx/exit.c for the
 * table.
 */
#include "vmx/vcpu.h"

#include "drivers/lapic.h"
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/idle.h"
#include "kernel/legacy.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/msr.h"
#include "kernel/panic.h"
#include "kernel/percpu.h"
#include "vmx/cpu_state.h"
#include "vmx/entry.h"
#include "vmx/event.h"
#include "vmx/exit.h"
#include "vmx/snapshot.h"
#include "vmx/vmcs.h"
#include "vmx/vmcs_setup.h"
#include "vmx/vmx_names.h"

_Static_assert(offsetof(struct vcpu, regs) == 0, "vmx/entry.S");

/* vmx/entry.S; see there. */
uint32_t vmx_run_guest(struct vcpu *vcpu);
uint32_t vcpu_handle_exit(struct vcpu *vcpu);

void vmcs_access_failed(const char *what, uint32_t field)
{
    panic("%s of VMCS field %04x failed", what, field);
}

COLD void vcpu_vmx_create(struct vcpu *vcpu, const struct vmx_caps *caps)
{
    _Static_assert(sizeof(struct vcpu_vmx) <= PAGE_SIZE, "one page is allocated");
    vcpu->vmx = memory_alloc_pages(1);
    vcpu->vmx->vmcs = memory_alloc_pages(1);
    *(uint32_t *)vcpu->vmx->vmcs = (uint32_t)FIELD_GET(VMX_BASIC_REVISION, caps->vmx_basic);
    vcpu->vmx->physical_bits = caps->physical_bits;
    vcpu->vmx->page_1g = (caps->cpuid_80000001_edx & CPUID_80000001_EDX_PAGE1GB) != 0;
    vcpu->vmx->timer_shift = (uint8_t)FIELD_GET(VMX_MISC_TIMER_RATE, caps->vmx_misc);
}

/* ---- after an exit ---- */

/* RIP beyond 64 KiB or 4 GiB exists in larger modes only (SDM "Instruction Pointer"). */
static uint64_t wrap_rip(uint64_t next)
{
    uint64_t rights = vmcs_read(VMCS_GUEST_CS_ACCESS_RIGHTS);
    bool ia32e = (vmcs_read(VMCS_GUEST_IA32_EFER) & EFER_LMA) != 0;
    if (ia32e && (rights & ACCESS_RIGHTS_L)) {
        return next;
    }
    return (rights & ACCESS_RIGHTS_DB) ? (uint32_t)next : (uint16_t)next;
}

/* What else the completion of an instruction does, when something is unusual. */
static __attribute__((noinline)) void finish_skip(void)
{
    const uint64_t blocking = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS;
    uint64_t interruptibility = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY);
    if (interruptibility & blocking) {
        vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, interruptibility & ~blocking);
    }
    if (vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_TF) {
        vmcs_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
                   vmcs_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) | DEBUG_EXCEPTION_BS);
    }
}

/* The instruction at RIP, `length` bytes long, has been carried out: go on behind it. */
static inline __attribute__((always_inline)) void skip_instruction(uint64_t length)
{
    uint64_t next = vmcs_read_hot(VMCS_GUEST_RIP) + length;
    if (__builtin_expect((uint16_t)next < length, 0)) {
        next = wrap_rip(next);
    }
    vmcs_write_hot(VMCS_GUEST_RIP, next);

    const uint64_t blocking = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS;
    if (__builtin_expect((vmcs_read_hot(VMCS_GUEST_INTERRUPTIBILITY) & blocking) != 0, 0) ||
        __builtin_expect((vmcs_read_hot(VMCS_GUEST_RFLAGS) & RFLAGS_TF) != 0, 0)) {
        finish_skip();
    }
}

/* True when the guest may be entered again. */
static bool do_other_action(struct vcpu *vcpu, enum exit_action action)
{
    switch (action) {
    case EXIT_SKIP:
        break; /* done by the caller */
    case EXIT_SKIP_DECODED:
        skip_instruction(vcpu->vmx->instruction_length);
        break;
    case EXIT_INJECT_UD:
        event_inject_exception(VECTOR_UD);
        break;
    case EXIT_INJECT_GP:
        event_inject_exception_with_code(VECTOR_GP, 0);
        break;
    case EXIT_RESUME:
    case EXIT_INJECT:
        break;
    case EXIT_LEAVE:
        return false;
    }
    return true;
}

static inline void record(struct vcpu *vcpu, uint32_t reason)
{
    vcpu->history[vcpu->history_next++] = reason;
    vcpu->counters.reason[reason % BULKHEAD_REASON_MAX]++;
}

enum exit_action exit_unknown(struct vcpu *vcpu)
{
    uint32_t reason = (uint32_t)vmcs_read(VMCS_EXIT_REASON);
    vm_end(vcpu->vm, VM_END_CRASH, "unexpected exit: %s (%u)", vmx_exit_reason_name(reason),
           reason & EXIT_REASON_BASIC);
    return EXIT_LEAVE;
}

static bool handle_requests(struct vcpu *vcpu);

/* The less frequent ends of an exit. */
static __attribute__((noinline)) uint32_t finish_exit(struct vcpu *vcpu, enum exit_action action)
{
    bool again = do_other_action(vcpu, action);
    if (vcpu->timers.next != VCPU_TIMER_OFF && cpu_rdtsc() >= vcpu->timers.next) {
        exit_preemption_timer(vcpu); /* exits may come faster than the timer ever expires */
    }
    if (again && __atomic_load_n(&vcpu->requests, __ATOMIC_RELAXED) != 0) {
        again = handle_requests(vcpu);
    }
    vcpu->counters.ticks += cpu_rdtsc();
    return again ? VCPU_ENTER_ANEW : VCPU_LEAVE;
}

/*
 * Called by vmx/entry.S after every exit; returns what is next. Handlers that end with EXIT_SKIP
 * have changed none of RBP and R12-R15 of the guest, which VCPU_ENTER relies on. This is the hot
 * path: each instruction here is in the price of a CPUID.
 */
uint32_t vcpu_handle_exit(struct vcpu *vcpu)
{
    vcpu->counters.ticks -= cpu_rdtsc();
    uint32_t reason = (uint32_t)vmcs_read_hot(VMCS_EXIT_REASON);
    record(vcpu, reason);
    enum exit_action action = exit_table[reason % EXIT_TABLE_SIZE](vcpu);
    if (__builtin_expect(action != EXIT_SKIP, 0)) {
        if (action != EXIT_SKIP_DECODED ||
            __atomic_load_n(&vcpu->requests, __ATOMIC_RELAXED) != 0) {
            return finish_exit(vcpu, action);
        }
        skip_instruction(vcpu->vmx->instruction_length);
        vcpu->counters.ticks += cpu_rdtsc();
        return VCPU_ENTER_ANEW;
    }
    skip_instruction(vmcs_read_hot(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
    if (__builtin_expect(__atomic_load_n(&vcpu->requests, __ATOMIC_RELAXED) != 0, 0)) {
        return finish_exit(vcpu, EXIT_RESUME);
    }
    vcpu->counters.ticks += cpu_rdtsc();
    return VCPU_ENTER;
}

/* ---- requests from other CPUs ---- */

/* Requests made while this CPU was about to enter forced no exit: see to it that one comes. */
static void force_exit_if_asked(struct vcpu *vcpu)
{
    if (__atomic_load_n(&vcpu->requests, __ATOMIC_SEQ_CST) != 0) {
        vcpu_force_exit(vcpu);
    }
}

/*
 * Stands still while the VM is paused: its VMCS stays current, its local APIC as the guest left it,
 * and whatever arrives waits. False: it is to leave.
 */
static COLD bool look_at_life(struct vcpu *vcpu)
{
    enum vm_look look = vm_look(vcpu, false);
    if (look != VM_LOOK_PAUSE) {
        return look == VM_LOOK_RUN;
    }
    console_timer_stop(vcpu);
    vcpu_snapshot_pause(vcpu);
    cpu_unblock_nmis(); /* which wake it */
    vm_stand(vcpu);
    for (;;) {
        uint32_t mask = VCPU_REQUEST_LOOK | VCPU_REQUEST_POLL;
        if (vcpu_take_requests(vcpu, mask) & VCPU_REQUEST_POLL) {
            console_poll_again(vcpu);
        }
        look = vm_look(vcpu, true);
        if (look != VM_LOOK_PAUSE) {
            vcpu_timer_program(vcpu);
            return look == VM_LOOK_RUN;
        }
        idle_wait_for(&vcpu->requests, mask, false);
    }
}

/* A vCPU in wait-for-SIPI stays in root mode: true when it may run, false when it is to leave. */
static bool wait_for_sipi(struct vcpu *vcpu)
{
    __atomic_store_n(&vcpu->state, VCPU_WAIT_SIPI, __ATOMIC_SEQ_CST);
    console_timer_stop(vcpu);
    cpu_unblock_nmis(); /* which wake it */
    for (;;) {
        vcpu_take_requests(vcpu, VCPU_REQUEST_LOOK);
        if (!look_at_life(vcpu)) {
            return false;
        }
        uint32_t requests =
            vcpu_take_requests(vcpu, ~(uint32_t)(VCPU_REQUEST_POLL | VCPU_REQUEST_LOOK));
        if (requests & VCPU_REQUEST_FLUSH) {
            cpu_state_flush_translations(vcpu->vm);
        }
        if (requests & VCPU_REQUEST_SIPI) {
            uint32_t vector = __atomic_load_n(&vcpu->sipi_vector, __ATOMIC_ACQUIRE);
            cpu_state_reset();
            lapic_reset();
            vmcs_setup_guest(vcpu, NULL, vector);
            vcpu_timer_program(vcpu);
            cpu_state_flush_linear(vcpu->vm);
            __atomic_store_n(&vcpu->state, VCPU_RUNNING, __ATOMIC_SEQ_CST);
            force_exit_if_asked(vcpu);
            return true;
        }
        if (vcpu_take_requests(vcpu, VCPU_REQUEST_POLL)) {
            console_poll_again(vcpu);
        } else {
            idle_wait(&vcpu->requests);
        }
    }
}

/*
 * INIT to the boot processor makes a machine begin at the reset vector (SDM "MP Initialization
 * Protocol Algorithm"): the VM starts anew. The others wait for SIPI.
 */
static bool take_init(struct vcpu *vcpu)
{
    if (vcpu->index != 0) {
        return wait_for_sipi(vcpu);
    }
    vm_end(vcpu->vm, VM_END_RESTART, "INIT to its boot processor");
    return false;
}

/* False: leave. */
static __attribute__((noinline)) bool handle_requests(struct vcpu *vcpu)
{
    if (vcpu_take_requests(vcpu, VCPU_REQUEST_LOOK) && !look_at_life(vcpu)) {
        return false;
    }
    uint32_t requests =
        vcpu_take_requests(vcpu, VCPU_REQUEST_INIT | VCPU_REQUEST_NMI | VCPU_REQUEST_POLL |
                                     VCPU_REQUEST_LEGACY | VCPU_REQUEST_MC | VCPU_REQUEST_FLUSH);
    if (requests & VCPU_REQUEST_FLUSH) {
        cpu_state_flush_translations(vcpu->vm);
    }
    if (requests & VCPU_REQUEST_INIT) {
        return take_init(vcpu);
    }
    vcpu_take_requests(vcpu, VCPU_REQUEST_SIPI); /* nothing to a vCPU that runs */
    if (requests & VCPU_REQUEST_POLL) {
        console_timer(vcpu);
    }
    if (requests & VCPU_REQUEST_MC) {
        event_request_machine_check(vcpu);
    }
    if (requests & VCPU_REQUEST_NMI) {
        event_request_nmi(vcpu);
    }
    if (requests & VCPU_REQUEST_LEGACY) {
        legacy_rearm(vcpu);
        event_request_interrupt(vcpu);
    }
    force_exit_if_asked(vcpu); /* programming the timer may have undone a kick */
    return true;
}

/* ---- the loop ---- */

static void entry_failed(struct vcpu *vcpu, uint32_t result)
{
    uint32_t error = result == 2 ? (uint32_t)vmcs_read(VMCS_VM_INSTRUCTION_ERROR) : 0;
    vm_end(vcpu->vm, VM_END_CRASH, "VM entry of vCPU %u failed: %s", vcpu->index,
           result == 2 ? vmx_instruction_error_name(error) : "no current VMCS");
}

static void load(struct vcpu *vcpu)
{
    hpa_t region = memory_hpa(vcpu->vmx->vmcs);
    BUG_ON(!vmcs_clear(region) || !vmcs_load(region));
    vcpu->vmx->loaded = true;
    vmcs_setup_controls(vcpu);
    vcpu_timer_program(vcpu);
    cpu_state_flush_translations(vcpu->vm);
}

static void unload(struct vcpu *vcpu)
{
    if (crash_wanted(vcpu->vm)) {
        vcpu_snapshot_crash(vcpu);
    }
    console_timer_stop(vcpu);
    vcpu->vmx->loaded = false;
    vmcs_clear(memory_hpa(vcpu->vmx->vmcs));
    lapic_reset();
    cpu_unblock_nmis(); /* the guest was left by one, as a rule */
    __atomic_store_n(&vcpu->state, VCPU_OFF, __ATOMIC_SEQ_CST);
}

void vcpu_run(struct vcpu *vcpu)
{
    load(vcpu);
    bool runs = true;
    if (vcpu->index == 0) {
        cpu_state_reset();
        lapic_reset();
        vmcs_setup_guest(vcpu, &vcpu->vm->plan->start, 0);
        __atomic_store_n(&vcpu->state, VCPU_RUNNING, __ATOMIC_SEQ_CST);
        runs = look_at_life(vcpu); /* a command may have come while the VM was prepared */
        force_exit_if_asked(vcpu);
    } else {
        runs = wait_for_sipi(vcpu);
    }
    uint32_t failed = runs ? vmx_run_guest(vcpu) : 0;
    if (failed != 0) {
        entry_failed(vcpu, failed);
    }
    unload(vcpu);
}
