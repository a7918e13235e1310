/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a machine check means, and who has to end because of it (SDM "Machine-Check Architecture",
 * "Recoverable Machine Check (UCR) Errors", "Machine-Check Exceptions"). Pure: registers in,
 * verdict out. Most machine checks go to every CPU, and CPUs share banks: whoever reads a bank
 * first judges it, for the VM that owns the address. What happened to a CPU's own context stands in
 * its IA32_MCG_STATUS, whatever the banks still say.
 */
#ifndef KERNEL_MACHINE_CHECK_VERDICT_H
#define KERNEL_MACHINE_CHECK_VERDICT_H

#include "kernel/boot_info.h"
#include "kernel/msr.h"
#include "kernel/types.h"

/* IA32_MCi_MISC, with SER_P */
#define MCI_MISC_LSB           MASK(5, 0)
#define MCI_MISC_MODE          MASK(8, 6)
#define MCI_MISC_MODE_PHYSICAL 2

/* One bank's registers; a bank without VAL holds no error. */
struct mc_bank {
    uint32_t index;
    uint64_t status;
    uint64_t address; /* 0 without ADDRV */
    uint64_t misc;    /* 0 without MISCV */
};

struct mc_context {
    const struct boot_info *info; /* NULL: nothing is owned yet */
    uint64_t cap;                 /* IA32_MCG_CAP */
    uint64_t status;              /* IA32_MCG_STATUS */
    bool guest;                   /* a guest was interrupted, and root mode is whole */
};

enum mc_owner_kind { MC_OWNER_NOBODY, MC_OWNER_BULKHEAD, MC_OWNER_VM };

struct mc_owner {
    enum mc_owner_kind kind;
    uint32_t vm; /* in the plan */
    gpa_t gpa;   /* where that VM sees it */
};

/* Begins as zeroes. The guest is a bystander, and resumed, when nothing is set. */
struct mc_verdict {
    uint32_t owners;   /* bit n: VM n of the plan ends, because its memory is bad */
    bool end_ran;      /* the VM that was interrupted ends */
    const char *panic; /* why Bulkhead cannot go on, or NULL */
    const char *why;   /* of the first thing that was set */
};

/* Who owns a host-physical address: RAM of a VM, memory of its PCI functions, Bulkhead's memory. */
struct mc_owner mc_find_owner(const struct boot_info *info, uint64_t hpa);

/*
 * Adds what one bank means; true when that is more than a line in the log. *owner is whom its
 * address belongs to, NOBODY when it holds none that is a physical address of a page.
 */
bool mc_judge_bank(struct mc_verdict *verdict, const struct mc_context *context,
                   const struct mc_bank *bank, struct mc_owner *owner);

/* Adds what IA32_MCG_STATUS says of the interrupted context. After all banks. */
void mc_judge_context(struct mc_verdict *verdict, const struct mc_context *context);

/* What kind of error a bank holds, in words. */
const char *mc_bank_words(uint64_t cap, uint64_t status);

#endif
