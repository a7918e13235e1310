/* SPDX-License-Identifier: Apache-2.0 */
/* Machine checks (SDM "Machine-Check Architecture"): saying what the hardware reports. */
#ifndef KERNEL_MACHINE_CHECK_H
#define KERNEL_MACHINE_CHECK_H

/*
 * Logs every bank of this CPU that holds an error, and clears it. Panics when the processor's
 * context is corrupt (PCC): then nothing that runs on it can be trusted.
 */
void machine_check_report(void);

#endif
