/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of the mailbox in the trampoline's page: shared by kernel/trampoline.S and smp.c. */
#ifndef KERNEL_TRAMPOLINE_H
#define KERNEL_TRAMPOLINE_H

#define TRAMPOLINE_CR3    0xfe0
#define TRAMPOLINE_STACK  0xfe8
#define TRAMPOLINE_PERCPU 0xff0
#define TRAMPOLINE_ENTRY  0xff8

#endif
