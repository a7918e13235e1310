/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake that compares TSCs; see the header. Both sides give up by their own TSC, whatever
 * the other does; each CPU has a mailbox, so that one which is late disturbs no other.
 */
#include "kernel/tsc_sync.h"

#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/log.h"
#include "kernel/msr.h"
#include "kernel/time.h"
#include "kernel/tsc_bounds.h"

#define ROUNDS 32
#define TRIES                                                                                      \
    2 /* to correct a TSC: by the boot processor's IA32_TSC_ADJUST, by what was measured */
#define ASK_US    1000
#define ANSWER_US 100000 /* with the time that the boot processor takes for its log */

enum request { REQUEST_READ, REQUEST_GET_ADJUST, REQUEST_ADJUST, REQUEST_END };

static struct mailbox {
    uint32_t asked;    /* number of the request, atomic */
    uint32_t answered; /* number of the answer, atomic */
    enum request request;
    bool has_adjust;
    uint64_t tsc;
    int64_t adjust; /* IA32_TSC_ADJUST: the CPU's, or what it is to become */
} mailboxes[CPU_MAX];

/* Of all CPUs that were compared. */
static uint32_t compared;
static uint64_t largest;
static uint64_t least_certain;

/* Between what stands before and behind it: SDM "RDTSC", for processors that execute out of order.
 */
static uint64_t read_tsc(void)
{
    __asm__ volatile("lfence" : : : "memory");
    uint64_t tsc = cpu_rdtsc();
    __asm__ volatile("lfence" : : : "memory");
    return tsc;
}

static bool has_tsc_adjust(void)
{
    return cpu_cpuid(0, 0).eax >= 7 && (cpu_cpuid(7, 0).ebx & CPUID_7_EBX_TSC_ADJUST);
}

/* False: not within that time. */
static bool await(const uint32_t *word, uint32_t value, uint64_t us)
{
    uint64_t start = cpu_rdtsc();
    uint64_t ticks = time_us_to_tsc(us);
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) {
        if (cpu_rdtsc() - start > ticks) {
            return false;
        }
        cpu_pause();
    }
    return true;
}

/* ---- the CPU that came up ---- */

void tsc_sync_answer(void)
{
    struct mailbox *mailbox = &mailboxes[this_cpu()->index];
    uint32_t number = 0;
    bool has_adjust = has_tsc_adjust();
    while (await(&mailbox->asked, ++number, ANSWER_US) && mailbox->request != REQUEST_END) {
        if (mailbox->request == REQUEST_READ) {
            mailbox->tsc = read_tsc();
        } else {
            if (mailbox->request == REQUEST_ADJUST) {
                cpu_wrmsr(MSR_IA32_TSC_ADJUST, (uint64_t)mailbox->adjust);
            }
            mailbox->has_adjust = has_adjust;
            mailbox->adjust = has_adjust ? (int64_t)cpu_rdmsr(MSR_IA32_TSC_ADJUST) : 0;
        }
        __atomic_store_n(&mailbox->answered, number, __ATOMIC_RELEASE);
    }
}

/* ---- the boot processor ---- */

static bool ask(struct mailbox *mailbox, enum request request)
{
    mailbox->request = request;
    uint32_t number = mailbox->asked + 1;
    __atomic_store_n(&mailbox->asked, number, __ATOMIC_RELEASE);
    return request == REQUEST_END || await(&mailbox->answered, number, ASK_US);
}

static bool measure(struct mailbox *mailbox, struct tsc_bounds *bounds)
{
    tsc_bounds_init(bounds);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t before = read_tsc();
        if (!ask(mailbox, REQUEST_READ)) {
            return false;
        }
        tsc_bounds_add(bounds, before, mailbox->tsc, read_tsc());
    }
    return true;
}

static bool compare(const struct percpu *cpu, struct mailbox *mailbox, struct tsc_bounds *bounds)
{
    bool answers = measure(mailbox, bounds);
    for (unsigned i = 0; i < TRIES && answers && !tsc_bounds_agree(bounds); i++) {
        if (!ask(mailbox, REQUEST_GET_ADJUST) || !mailbox->has_adjust) {
            break;
        }
        int64_t own = mailbox->adjust;
        int64_t boot = (int64_t)cpu_rdmsr(MSR_IA32_TSC_ADJUST);
        mailbox->adjust = tsc_bounds_correction(bounds, own, boot);
        log_warning("CPU %u: TSC differs from CPU 0's by %ld ticks: IA32_TSC_ADJUST %lx becomes "
                    "%lx",
                    cpu->index, tsc_bounds_middle(bounds), own, mailbox->adjust);
        answers = ask(mailbox, REQUEST_ADJUST) && measure(mailbox, bounds);
    }
    ask(mailbox, REQUEST_END);
    return answers;
}

static void name_vms(const struct boot_info *info, uint32_t cpu)
{
    for (uint32_t i = 0; i < info->plan.vm_count; i++) {
        const struct vm_plan *vm = &info->plan.vms[i];
        for (uint32_t k = 0; vm->cpu_count > 1 && k < vm->cpu_count; k++) {
            if (vm->cpus[k] == cpu) {
                log_warning("VM %s has CPU %u and others: its time may go back", vm->name, cpu);
            }
        }
    }
}

void tsc_sync_compare(const struct boot_info *info, const struct percpu *cpu)
{
    struct tsc_bounds bounds;
    if (!compare(cpu, &mailboxes[cpu->index], &bounds)) {
        log_warning("CPU %u: no answer when its TSC was to be compared", cpu->index);
        return;
    }
    int64_t middle = tsc_bounds_middle(&bounds);
    uint64_t error = tsc_bounds_error(&bounds);
    if (!tsc_bounds_agree(&bounds)) {
        log_warning("CPU %u: TSC differs from CPU 0's by %ld ticks, give or take %lu", cpu->index,
                    middle, error);
        name_vms(info, cpu->index);
    }
    largest = MAX(largest, (uint64_t)(middle < 0 ? -middle : middle));
    least_certain = MAX(least_certain, error);
    compared++;
}

void tsc_sync_report(void)
{
    if (compared != 0) {
        log_info("TSCs of %u CPUs differ from CPU 0's by at most %lu ticks, give or take %lu",
                 compared, largest, least_certain);
    }
}
