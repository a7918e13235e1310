/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest's machine-check registers say (SDM "Machine-Check Architecture"): one bank a vCPU,
 * in VMs that may suffer faults on purpose; other VMs have none. Pure. Only the vCPU's own CPU
 * calls these.
 */
#ifndef KERNEL_GUEST_MCA_H
#define KERNEL_GUEST_MCA_H

#include "kernel/msr.h"
#include "kernel/types.h"

/* IA32_MCG_CAP: one bank, software error recovery (SER_P). */
#define GUEST_MCG_CAP (1u | 1u << 24)

struct guest_mca {
    uint64_t mcg_status;
    uint64_t next; /* IA32_MCG_STATUS of the next machine check, without MCIP */
    uint64_t ctl;  /* bank 0 */
    uint64_t status;
    uint64_t addr;
    uint64_t misc;
};

enum guest_mc {
    GUEST_MC_INTERNAL, /* internal parity error: nothing can be relied upon (PCC) */
    GUEST_MC_DATA,     /* a load of poisoned data: action required (SRAR), the guest may go on */
    GUEST_MC_FETCH,    /* the same for an instruction fetch */
};

/* As after power-on. */
void guest_mca_reset(struct guest_mca *mca);

/*
 * Puts an error into the bank for the machine check that is about to begin. gpa: of the poisoned
 * data. restartable: the instruction can be executed again without loss. A valid error that the
 * guest has not cleared stays, with OVER set.
 */
void guest_mca_report(struct guest_mca *mca, enum guest_mc kind, uint64_t gpa, bool restartable);

/*
 * A machine check begins. One without a report is another vCPU's: the guest can go on. False: one
 * is in progress already, and the processor would shut down.
 */
bool guest_mca_begin(struct guest_mca *mca);

#endif
