/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's machine-check bank; see the header. */
#include "kernel/guest_mca.h"

#include "kernel/string.h"

/* "Simple Error Codes"; "Architecturally Defined SRAR Errors" */
#define MCACOD_INTERNAL_PARITY 0x005
#define MCACOD_DATA_LOAD       0x134
#define MCACOD_FETCH           0x150

/* "IA32_MCi_MISC MSRs": a physical address, good down to bit 12 */
#define MISC_PHYSICAL (UINT64_C(2) << 6)
#define MISC_LSB      PAGE_SHIFT

void guest_mca_reset(struct guest_mca *mca)
{
    memset(mca, 0, sizeof(*mca));
    mca->next = MCG_STATUS_RIPV;
}

void guest_mca_report(struct guest_mca *mca, enum guest_mc kind, uint64_t gpa, bool restartable)
{
    bool poison = kind != GUEST_MC_INTERNAL;
    mca->next = (poison ? MCG_STATUS_EIPV : 0) | (poison && restartable ? MCG_STATUS_RIPV : 0);
    if (mca->status & MCI_STATUS_VAL) {
        mca->status |= MCI_STATUS_OVER;
        return;
    }
    mca->status = MCI_STATUS_VAL | MCI_STATUS_UC | ((mca->ctl & 1) ? MCI_STATUS_EN : 0);
    if (poison) {
        mca->status |= MCI_STATUS_MISCV | MCI_STATUS_ADDRV | MCI_STATUS_S | MCI_STATUS_AR |
                       (kind == GUEST_MC_FETCH ? MCACOD_FETCH : MCACOD_DATA_LOAD);
        mca->addr = gpa;
        mca->misc = MISC_PHYSICAL | MISC_LSB;
    } else {
        mca->status |= MCI_STATUS_PCC | MCACOD_INTERNAL_PARITY;
    }
}

bool guest_mca_begin(struct guest_mca *mca)
{
    if (mca->mcg_status & MCG_STATUS_MCIP) {
        return false;
    }
    mca->mcg_status = MCG_STATUS_MCIP | mca->next;
    mca->next = MCG_STATUS_RIPV;
    return true;
}
