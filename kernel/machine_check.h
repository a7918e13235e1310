/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machine checks (SDM "Machine-Check Architecture"): who ends because of one, and the log's lines.
 * The meaning is in kernel/machine_check_verdict.h. A machine check interrupts root mode anywhere,
 * with locks held: there it is judged and noted, and what is to be done is left to a vCPU that
 * looks at its VM's life (vm_look()).
 */
#ifndef KERNEL_MACHINE_CHECK_H
#define KERNEL_MACHINE_CHECK_H

#include "kernel/boot_info.h"
#include "kernel/trap.h"

struct vcpu;

/* Logs and clears what banks hold from before, and switches them on. Every CPU, once. */
void machine_check_init(const struct boot_info *info);

/*
 * A guest was interrupted by a machine check. Ends the VMs that cannot go on, or panics. The vCPU
 * looks at its requests before it enters again. Its own CPU.
 */
void machine_check_in_guest(struct vcpu *vcpu);

/*
 * Root mode was interrupted by a machine check: returns when it was a bystander and may go on, else
 * panics. The CPU's own vCPU may have a request then. The handler of #MC only.
 */
void machine_check_in_root(const struct trap_frame *frame);

/* Does what machine checks have left to be done. Any CPU in root mode that holds no lock. */
void machine_check_settle(void);

#endif
