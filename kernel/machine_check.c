/* SPDX-License-Identifier: Apache-2.0 */
/* Machine checks as they happen; see the header. */
#include "kernel/machine_check.h"

#include "kernel/log.h"
#include "kernel/machine_check_banks.h"
#include "kernel/panic.h"
#include "kernel/percpu.h"
#include "kernel/printf.h"
#include "kernel/vm.h"

#define NOTES 16

/* One bank with an error, on its way to the log. A handler of #MC fills it without a lock. */
enum note_state { NOTE_FREE, NOTE_BUSY, NOTE_FULL };
struct note {
    uint32_t state; /* enum note_state, atomic */
    uint32_t cpu;
    uint64_t cap;
    uint64_t mcg_status;
    struct mc_bank bank;
    struct mc_owner owner;
};

static const struct boot_info *info;
static struct spinlock banks_lock; /* of banks that CPUs share; taken only where #MC cannot nest */
static struct note notes[NOTES];
static uint32_t unsettled;    /* there are notes or VMs to end; atomic */
static uint32_t lost;         /* notes for which there was no room; atomic */
static uint32_t to_end;       /* bit n: VM n ends; atomic */
static gpa_t bad_gpa[VM_MAX]; /* where its memory is bad; set before the bit */

static bool change(struct note *note, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&note->state, &from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

static void put_note(const struct mc_context *context, const struct mc_bank *bank,
                     const struct mc_owner *owner)
{
    for (size_t i = 0; i < NOTES; i++) {
        struct note *note = &notes[i];
        if (change(note, NOTE_FREE, NOTE_BUSY)) {
            note->cpu = this_cpu()->index;
            note->cap = context->cap;
            note->mcg_status = context->status;
            note->bank = *bank;
            note->owner = *owner;
            __atomic_store_n(&note->state, NOTE_FULL, __ATOMIC_RELEASE);
            return;
        }
    }
    __atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
}

/*
 * Each bank is read, noted and cleared by one CPU. IA32_MCG_STATUS is cleared last. *decisive
 * becomes the bank that decided. True when something is to be settled.
 */
static bool judge(struct mc_verdict *verdict, struct mc_context *context, struct mc_bank *decisive)
{
    bool noted = false;
    mc_read_global(context);
    spin_lock(&banks_lock);
    for (uint32_t i = 0; i < FIELD_GET(MCG_CAP_COUNT, context->cap); i++) {
        struct mc_bank bank;
        struct mc_owner owner;
        if (!mc_take_bank(i, &bank)) {
            continue;
        }
        noted = true;
        if (mc_judge_bank(verdict, context, &bank, &owner)) {
            *decisive = bank;
        }
        put_note(context, &bank, &owner);
        if (owner.kind == MC_OWNER_VM && (verdict->owners & 1U << owner.vm)) {
            bad_gpa[owner.vm] = owner.gpa;
            __atomic_fetch_or(&to_end, 1U << owner.vm, __ATOMIC_RELEASE);
        }
    }
    spin_unlock(&banks_lock);
    mc_judge_context(verdict, context);
    if (noted) {
        __atomic_store_n(&unsettled, 1, __ATOMIC_RELEASE);
    }
    mc_clear_in_progress();
    return noted;
}

static void log_bank(const char *when, const struct note *note)
{
    char where[64] = "";
    const struct mc_bank *bank = &note->bank;
    if (note->owner.kind == MC_OWNER_VM) {
        ksnprintf(where, sizeof(where), ", gpa %lx of VM %s", note->owner.gpa.v,
                  info->plan.vms[note->owner.vm].name);
    } else if (note->owner.kind == MC_OWNER_BULKHEAD) {
        ksnprintf(where, sizeof(where), ", Bulkhead's own memory");
    }
    log_warning("machine check%s: CPU %u, bank %u: %s%s (STATUS %016lx, ADDR %lx, MISC %lx, "
                "MCG_STATUS %lx)",
                when, note->cpu, bank->index, mc_bank_words(note->cap, bank->status), where,
                bank->status, bank->address, bank->misc, note->mcg_status);
}

void machine_check_settle(void)
{
    if (__atomic_load_n(&unsettled, __ATOMIC_ACQUIRE) == 0) {
        return;
    }
    __atomic_store_n(&unsettled, 0, __ATOMIC_SEQ_CST);
    for (size_t i = 0; i < NOTES; i++) {
        if (change(&notes[i], NOTE_FULL, NOTE_BUSY)) {
            log_bank("", &notes[i]);
            __atomic_store_n(&notes[i].state, NOTE_FREE, __ATOMIC_RELEASE);
        }
    }
    uint32_t missed = __atomic_exchange_n(&lost, 0, __ATOMIC_RELAXED);
    if (missed != 0) {
        log_warning("machine check: %u more banks held errors", missed);
    }
    uint32_t ending = __atomic_exchange_n(&to_end, 0, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < vm_count(); i++) {
        if (ending & 1U << i) {
            vm_end(vm_get(i), VM_END_CRASH, "machine check: uncorrected error at gpa %lx",
                   bad_gpa[i].v);
        }
    }
}

void machine_check_in_guest(struct vcpu *vcpu)
{
    struct mc_context context = {.info = info, .guest = true};
    struct mc_verdict verdict = {0};
    struct mc_bank bank = {0};
    judge(&verdict, &context, &bank);
    machine_check_settle();
    if (verdict.panic != NULL) {
        panic("machine check: %s", verdict.panic);
    }
    if (verdict.end_ran) {
        vm_end(vcpu->vm, VM_END_CRASH, "machine check while vCPU %u ran: %s", vcpu->index,
               verdict.why);
    }
}

void machine_check_in_root(const struct trap_frame *frame)
{
    struct mc_context context = {.info = info};
    struct mc_verdict verdict = {0};
    struct mc_bank bank = {0};
    bool noted = judge(&verdict, &context, &bank);
    if (verdict.panic != NULL) {
        panic_with_frame(frame,
                         "machine check in root mode: %s (bank %u, STATUS %016lx, ADDR %lx, "
                         "MCG_STATUS %lx)",
                         verdict.panic, bank.index, bank.status, bank.address, context.status);
    }
    if (noted && vm_count() != 0) {
        struct vcpu *vcpu = this_cpu()->vcpu;
        if (verdict.owners != 0) {
            vcpu = vm_get((uint32_t)__builtin_ctz(verdict.owners))->vcpus[0];
        }
        vcpu_request(vcpu != NULL ? vcpu : vm_get(0)->vcpus[0], VCPU_REQUEST_LOOK);
    }
}

void machine_check_init(const struct boot_info *boot)
{
    struct mc_context context = {0};
    mc_read_global(&context);
    for (uint32_t i = 0; i < FIELD_GET(MCG_CAP_COUNT, context.cap); i++) {
        struct note note = {.cpu = this_cpu()->index, .cap = context.cap};
        if (mc_take_bank(i, &note.bank)) {
            log_bank(" before this boot", &note);
        }
    }
    mc_enable_banks(context.cap);
    __atomic_store_n(&info, boot, __ATOMIC_RELEASE);
}
