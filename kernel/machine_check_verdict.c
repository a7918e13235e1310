/* SPDX-License-Identifier: Apache-2.0 */
/* The meaning of machine checks; see the header. Pure: also run by a unit test on the host. */
#include "kernel/machine_check_verdict.h"

enum effect {
    EFFECT_NONE,    /* nothing has to be done, or not now: poison that is read is another error */
    EFFECT_OWNER,   /* whoever owns the address cannot go on */
    EFFECT_UNKNOWN, /* there is no telling whose data is lost, unless this CPU's context is hit */
    EFFECT_PANIC,
};

enum needs { ANY, SER, PLAIN }; /* PLAIN: without SER_P */

/*
 * The first row whose bits agree counts. SDM "UCR Error Classification": SRAR has S and AR, SRAO
 * has S, UCNA none of them. Nothing is done about the last two, even when another error was lost: a
 * CPU that has run into that one knows by its IA32_MCG_STATUS.
 */
static const struct rule {
    uint64_t mask;
    uint64_t value;
    enum needs needs;
    enum effect effect;
    const char *words;
} rules[] = {
    {MCI_STATUS_UC | MCI_STATUS_PCC, 0, ANY, EFFECT_NONE, "corrected"},
    {MCI_STATUS_EN, 0, ANY, EFFECT_NONE, "uncorrected, not signalled"},
    {MCI_STATUS_PCC, MCI_STATUS_PCC, ANY, EFFECT_PANIC, "the processor's context is corrupt"},
    {MCI_STATUS_S | MCI_STATUS_AR, 0, SER, EFFECT_NONE, "uncorrected, no action required"},
    {MCI_STATUS_AR, 0, SER, EFFECT_NONE, "uncorrected, action optional"},
    {MCI_STATUS_OVER, MCI_STATUS_OVER, ANY, EFFECT_PANIC, "uncorrected, and one more was lost"},
    {0, 0, SER, EFFECT_OWNER, "uncorrected, action required"},
    {0, 0, PLAIN, EFFECT_UNKNOWN, "uncorrected"},
};

static const struct rule *find_rule(uint64_t cap, uint64_t status)
{
    enum needs unlike = (cap & MCG_CAP_SER_P) ? PLAIN : SER;
    const struct rule *rule = rules;
    while (rule->needs == unlike || (status & rule->mask) != rule->value) {
        rule++;
    }
    return rule;
}

const char *mc_bank_words(uint64_t cap, uint64_t status)
{
    return find_rule(cap, status)->words;
}

static bool in_range(uint64_t address, uint64_t first, uint64_t size)
{
    return address >= first && address - first < size;
}

static bool vm_owns(const struct vm_plan *plan, uint64_t hpa, gpa_t *gpa)
{
    for (uint32_t i = 0; i < plan->memory_count; i++) {
        const struct vm_memory *m = &plan->memory[i];
        if (in_range(hpa, m->hpa.v, m->size)) {
            *gpa = GPA(m->gpa.v + (hpa - m->hpa.v));
            return true;
        }
    }
    for (uint32_t i = 0; i < plan->pci_count * VM_PCI_BARS; i++) {
        const struct vm_pci_bar *bar = &plan->pci[i / VM_PCI_BARS].bars[i % VM_PCI_BARS];
        if (!bar->io && bar->address != 0 && in_range(hpa, bar->address, bar->size)) {
            *gpa = GPA(hpa);
            return true;
        }
    }
    return false;
}

struct mc_owner mc_find_owner(const struct boot_info *info, uint64_t hpa)
{
    struct mc_owner owner = {.kind = MC_OWNER_NOBODY};
    if (info == NULL) {
        return owner;
    }
    for (uint32_t i = 0; i < info->plan.vm_count; i++) {
        if (vm_owns(&info->plan.vms[i], hpa, &owner.gpa)) {
            owner.kind = MC_OWNER_VM;
            owner.vm = i;
            return owner;
        }
    }
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct boot_memory *m = &info->memory[i];
        if (m->type == BOOT_MEMORY_BULKHEAD && in_range(hpa, m->hpa.v, m->size)) {
            owner.kind = MC_OWNER_BULKHEAD;
        }
    }
    return owner;
}

/* A physical address that is exact to a page, because everything is owned by pages. */
static bool has_address(uint64_t cap, const struct mc_bank *bank)
{
    const uint64_t valid = MCI_STATUS_ADDRV | MCI_STATUS_MISCV;
    return (cap & MCG_CAP_SER_P) && (bank->status & valid) == valid &&
           FIELD_GET(MCI_MISC_MODE, bank->misc) == MCI_MISC_MODE_PHYSICAL &&
           FIELD_GET(MCI_MISC_LSB, bank->misc) <= PAGE_SHIFT;
}

/*
 * Whether the error is of what this CPU was doing. CPUs that a broadcast merely interrupts have
 * RIPV and not EIPV: SDM table "IA32_MCG_STATUS Flag Indication for SRAR Errors".
 */
static bool is_hit(uint64_t mcg_status)
{
    return !(mcg_status & MCG_STATUS_RIPV) || (mcg_status & MCG_STATUS_EIPV);
}

static void must_panic(struct mc_verdict *verdict, const char *why)
{
    verdict->panic = verdict->panic != NULL ? verdict->panic : why;
}

static void end_context(struct mc_verdict *verdict, const struct mc_context *context,
                        const char *why)
{
    verdict->why = verdict->why != NULL ? verdict->why : why;
    if (context->guest) {
        verdict->end_ran = true;
    } else {
        must_panic(verdict, why);
    }
}

static void judge_owner(struct mc_verdict *verdict, const struct mc_context *context,
                        const struct mc_owner *owner, const char *words)
{
    if (owner->kind == MC_OWNER_VM) {
        verdict->owners |= 1U << owner->vm;
        verdict->why = verdict->why != NULL ? verdict->why : words;
    } else if (is_hit(context->status) || (context->status & MCG_STATUS_LMCE_S)) {
        end_context(verdict, context, words);
    } else if (owner->kind == MC_OWNER_BULKHEAD) {
        must_panic(verdict, "uncorrected error in Bulkhead's own memory");
    } /* else another CPU's, and that knows by its own IA32_MCG_STATUS */
}

bool mc_judge_bank(struct mc_verdict *verdict, const struct mc_context *context,
                   const struct mc_bank *bank, struct mc_owner *owner)
{
    const struct rule *rule = find_rule(context->cap, bank->status);
    *owner = (struct mc_owner){.kind = MC_OWNER_NOBODY};
    if (has_address(context->cap, bank)) {
        *owner = mc_find_owner(context->info, bank->address);
    }
    switch (rule->effect) {
    case EFFECT_NONE:
        break;
    case EFFECT_OWNER:
        judge_owner(verdict, context, owner, rule->words);
        break;
    case EFFECT_UNKNOWN:
        if (is_hit(context->status)) {
            end_context(verdict, context, rule->words);
            break;
        }
        must_panic(verdict, "uncorrected error that the processor cannot place");
        break;
    case EFFECT_PANIC:
        must_panic(verdict, rule->words);
        break;
    }
    return rule->effect != EFFECT_NONE;
}

void mc_judge_context(struct mc_verdict *verdict, const struct mc_context *context)
{
    if (!(context->status & MCG_STATUS_RIPV)) {
        end_context(verdict, context, "what was interrupted cannot go on");
    } else if (context->status & MCG_STATUS_EIPV) {
        /* The bank may be shared, and read by another CPU already. */
        end_context(verdict, context, "the error is of the interrupted instruction");
    }
}
