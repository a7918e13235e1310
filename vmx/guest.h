/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's view of memory at the last exit: linear addresses, the instruction at RIP. Reads the
 * current VMCS; own CPU only.
 */
#ifndef VMX_GUEST_H
#define VMX_GUEST_H

#include "kernel/guest_fetch.h"
#include "kernel/guest_walk.h"
#include "kernel/mmio_decode.h"
#include "kernel/msr.h"
#include "kernel/window.h"
#include "vmx/vcpu.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_defs.h"

/* Paging registers for guest_walk(). */
void guest_read_paging(struct vcpu *vcpu, struct guest_paging *paging);

/* Current privilege level: SS.DPL (SDM "Guest Register State"). */
unsigned guest_cpl(void);

/* What the instruction at CS:RIP depends on; the slow part of guest_decode(). */
static inline void guest_read_insn_key(struct insn_key *key)
{
    uint64_t rip = vmcs_read_hot(VMCS_GUEST_RIP);
    uint64_t rights = vmcs_read_hot(VMCS_GUEST_CS_ACCESS_RIGHTS);
    key->cr0 = vmcs_read_hot(VMCS_GUEST_CR0);
    key->cr3 = vmcs_read_hot(VMCS_GUEST_CR3);
    key->cr4 = vmcs_read_hot(VMCS_GUEST_CR4);
    key->efer = vmcs_read_hot(VMCS_GUEST_IA32_EFER);
    key->user = (vmcs_read_hot(VMCS_GUEST_SS_ACCESS_RIGHTS) & ACCESS_RIGHTS_DPL) != 0;
    if ((rights & ACCESS_RIGHTS_L) && (key->efer & EFER_LMA)) {
        key->mode = MMIO_MODE_64;
        key->linear = rip;
    } else {
        key->mode = (rights & ACCESS_RIGHTS_DB) ? MMIO_MODE_32 : MMIO_MODE_16;
        key->linear = (uint32_t)(vmcs_read(VMCS_GUEST_CS_BASE) + rip);
    }
}

/* A word that a fetch had read, from the slot of the window that is kept for it. */
static inline uint64_t guest_peek(void *context, unsigned slot, hpa_t where)
{
    return *(const volatile uint64_t *)window_map_on(context, WINDOW_PEEK_FIRST + slot, where);
}

enum mmio_status guest_fetch_and_decode(struct vcpu *vcpu, const struct insn_key *key,
                                        const struct mmio_insn **insn);

/*
 * Decodes the instruction at CS:RIP. MMIO_OK: *insn is it, valid until the vCPU's next decode.
 * MMIO_TRUNCATED: the rest of it cannot be fetched; the fault has been recorded for injection.
 * Inline: it is the better part of an access to an emulated device.
 */
static inline enum mmio_status guest_decode(struct vcpu *vcpu, const struct mmio_insn **insn)
{
    struct insn_key key;
    guest_read_insn_key(&key);
    *insn = insn_cache_find(&vcpu->insns, &key, guest_peek, vcpu->cpu);
    return *insn != NULL ? MMIO_OK : guest_fetch_and_decode(vcpu, &key, insn);
}

/*
 * Copies between root mode and guest-linear memory, across pages where needed; access as in
 * guest_walk.h. Everything is translated before a byte is copied. On failure the fault has been
 * recorded for injection; returns false.
 */
bool guest_copy(struct vcpu *vcpu, const struct guest_paging *paging, gva_t gva, void *data,
                uint64_t size, uint32_t access);

/* Only the check: false, with the fault recorded, when guest_copy() would fail. */
bool guest_check(struct vcpu *vcpu, const struct guest_paging *paging, gva_t gva, uint64_t size,
                 uint32_t access);

#endif
