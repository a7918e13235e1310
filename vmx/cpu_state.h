/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processor state that no VMCS switches and that guests own while they run: brought to its reset
 * values before a guest starts on a CPU, so that it inherits nothing from firmware or another VM.
 */
#ifndef VMX_CPU_STATE_H
#define VMX_CPU_STATE_H

#include "kernel/vm.h"

/*
 * FPU, SSE, AVX and all other XSAVE components, XCR0, IA32_XSS, CR2, DR0-DR3, DR6, STAR, LSTAR,
 * CSTAR, FMASK, KERNEL_GS_BASE, TSC_AUX, speculation control; and an indirect-branch barrier.
 */
void cpu_state_reset(void);

/* Drops what this CPU's TLB may hold of the VM: INVEPT and INVVPID. */
void cpu_state_flush_translations(const struct vm *vm);

/* After a change of the guest's paging mode that root mode made: INVVPID of the VM. */
void cpu_state_flush_linear(const struct vm *vm);

#endif
