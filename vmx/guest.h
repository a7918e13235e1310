/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's view of memory at the last exit: linear addresses, the instruction at RIP. Reads the
 * current VMCS; own CPU only.
 */
#ifndef VMX_GUEST_H
#define VMX_GUEST_H

#include "kernel/guest_walk.h"
#include "kernel/mmio_decode.h"
#include "vmx/vcpu.h"

/* Paging registers for guest_walk(). */
void guest_read_paging(struct guest_paging *paging);

/* The VM's RAM for guest_walk(). */
struct guest_memory guest_memory_of(struct vm *vm);

/* Current privilege level: SS.DPL (SDM "Guest Register State"). */
unsigned guest_cpl(void);

/* 16, 32 or 64-bit code. */
enum mmio_mode guest_code_mode(void);

/*
 * Fetches up to 15 bytes at CS:RIP as the processor would; fetch->count tells how many could be
 * had. *linear: where they are.
 */
void guest_fetch(struct vcpu *vcpu, const struct guest_paging *paging, struct mmio_fetch *fetch);

/*
 * Copies between root mode and guest-linear memory, at most to the end of a page; access as in
 * guest_walk.h. On failure the fault has been recorded for injection; returns false.
 */
bool guest_copy(struct vcpu *vcpu, const struct guest_paging *paging, gva_t gva, void *data,
                uint64_t size, uint32_t access);

#endif
