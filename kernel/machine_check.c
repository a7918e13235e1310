/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the machine-check banks; see the header. */
#include "kernel/machine_check.h"

#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/msr.h"
#include "kernel/panic.h"

#define MCG_CAP_COUNT        MASK(7, 0)
#define MCI_STATUS_VAL       BIT(63)
#define MCI_STATUS_UC        BIT(61)
#define MCI_STATUS_ADDRV     BIT(58)
#define MCI_STATUS_PCC       BIT(57)
#define MSR_MCI_STATUS(bank) (0x401u + 4 * (bank))
#define MSR_MCI_ADDR(bank)   (0x402u + 4 * (bank))

void machine_check_report(void)
{
    uint64_t banks = FIELD_GET(MCG_CAP_COUNT, cpu_rdmsr(0x179));
    bool corrupt = false;
    for (uint32_t i = 0; i < banks; i++) {
        uint64_t status = 0;
        uint64_t address = 0;
        if (!cpu_rdmsr_safe(MSR_MCI_STATUS(i), &status) || !(status & MCI_STATUS_VAL)) {
            continue;
        }
        if (status & MCI_STATUS_ADDRV) {
            cpu_rdmsr_safe(MSR_MCI_ADDR(i), &address);
        }
        log_error("machine check: bank %u, status %016lx (%s), address %lx", i, status,
                  (status & MCI_STATUS_UC) ? "uncorrected" : "corrected", address);
        corrupt |= (status & MCI_STATUS_PCC) != 0;
        cpu_wrmsr_safe(MSR_MCI_STATUS(i), 0);
    }
    cpu_wrmsr_safe(0x17a, 0); /* IA32_MCG_STATUS: a further machine check no longer shuts down */
    if (corrupt) {
        panic("machine check: the processor's context is corrupt");
    }
}
