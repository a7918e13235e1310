/* SPDX-License-Identifier: Apache-2.0 */
/* Guest-linear memory at the last exit; see the header. */
#include "vmx/guest.h"

#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "kernel/window.h"
#include "vmx/event.h"
#include "vmx/vmcs.h"
#include "vmx/vmx_defs.h"

void guest_read_paging(struct vcpu *vcpu, struct guest_paging *paging)
{
    const uint64_t cr0_mask = vmcs_read(VMCS_CR0_GUEST_HOST_MASK);
    paging->cr0 =
        (vmcs_read(VMCS_GUEST_CR0) & ~cr0_mask) | (vmcs_read(VMCS_CR0_READ_SHADOW) & cr0_mask);
    paging->cr3 = vmcs_read(VMCS_GUEST_CR3);
    paging->cr4 = vmcs_read(VMCS_GUEST_CR4);
    paging->efer = vmcs_read(VMCS_GUEST_IA32_EFER);
    paging->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
    paging->pkru = 0;
    paging->pkrs = 0;
    paging->physical_bits = vcpu->vmx->physical_bits;
    paging->page_1g = vcpu->vmx->page_1g;
    if (guest_paging_mode(paging) == GUEST_PAGING_PAE) {
        for (uint32_t i = 0; i < 4; i++) {
            paging->pdpte[i] = vmcs_read(VMCS_GUEST_PDPTE0 + 2 * i);
        }
    }
    if (paging->cr4 & CR4_PKE) {
        uint32_t edx;
        __asm__ volatile("rdpkru" : "=a"(paging->pkru), "=d"(edx) : "c"(0));
    }
}

/* The VM's RAM for guest_walk(), noting what is read where a log is kept. */
struct memory_context {
    const struct vm *vm;
    struct insn_log *log; /* or NULL */
};

static bool read_qword(void *context, gpa_t gpa, uint64_t *value)
{
    const struct memory_context *memory = context;
    hpa_t hpa;
    uint64_t contiguous;
    if (!vm_translate(memory->vm, gpa, &hpa, &contiguous)) {
        return false;
    }
    *value = *(const volatile uint64_t *)window_map(0, hpa);
    if (memory->log != NULL) {
        insn_log_add(memory->log, hpa, *value);
    }
    return true;
}

static bool update_qword(void *context, gpa_t gpa, uint64_t expected, uint64_t value, bool *changed)
{
    const struct memory_context *memory = context;
    hpa_t hpa;
    uint64_t contiguous;
    if (!vm_translate(memory->vm, gpa, &hpa, &contiguous)) {
        return false;
    }
    uint64_t *entry = window_map(0, hpa);
    *changed = !__atomic_compare_exchange_n(entry, &expected, value, false, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST);
    return true;
}

unsigned guest_cpl(void)
{
    return (unsigned)FIELD_GET((uint64_t)ACCESS_RIGHTS_DPL, vmcs_read(VMCS_GUEST_SS_ACCESS_RIGHTS));
}

static void fault(enum guest_walk_status status, gva_t gva, uint32_t error_code)
{
    if (status == GUEST_WALK_PAGE_FAULT) {
        event_inject_page_fault(gva.v, error_code);
    } else {
        event_inject_exception_with_code(VECTOR_GP, 0);
    }
}

/* Translates [gva, gva+size), at most two pages; false with the fault recorded. */
static bool translate(struct vcpu *vcpu, const struct guest_paging *paging, gva_t gva,
                      uint64_t size, uint32_t access, gpa_t pages[2])
{
    struct memory_context context = {vcpu->vm, NULL};
    struct guest_memory memory = {read_qword, update_qword, &context};
    uint64_t first = PAGE_SIZE - (gva.v & (PAGE_SIZE - 1));
    for (unsigned i = 0; i < (size > first ? 2 : 1); i++) {
        gva_t at = i == 0 ? gva : GVA(gva.v + first);
        struct guest_translation t;
        enum guest_walk_status status = guest_walk(paging, &memory, at, access, &t);
        if (status != GUEST_WALK_OK) {
            fault(status, at, t.error_code);
            return false;
        }
        pages[i] = t.gpa;
    }
    return true;
}

bool guest_check(struct vcpu *vcpu, const struct guest_paging *paging, gva_t gva, uint64_t size,
                 uint32_t access)
{
    gpa_t pages[2];
    return translate(vcpu, paging, gva, size, access, pages);
}

bool guest_copy(struct vcpu *vcpu, const struct guest_paging *paging, gva_t gva, void *data,
                uint64_t size, uint32_t access)
{
    gpa_t pages[2];
    if (!translate(vcpu, paging, gva, size, access, pages)) {
        return false;
    }
    uint64_t first = MIN(size, PAGE_SIZE - (gva.v & (PAGE_SIZE - 1)));
    uint8_t *bytes = data;
    for (unsigned i = 0; i < (size > first ? 2 : 1); i++) {
        uint64_t step = i == 0 ? first : size - first;
        uint8_t *part = i == 0 ? bytes : bytes + first;
        bool done = (access & 3) == GUEST_ACCESS_WRITE
                        ? vm_write_memory(vcpu->vm, pages[i], part, step)
                        : vm_read_memory(vcpu->vm, pages[i], part, step);
        if (!done) {
            event_inject_exception_with_code(VECTOR_GP, 0);
            return false;
        }
    }
    return true;
}

/* ---- the instruction that caused an exit ---- */

enum mmio_status guest_fetch_and_decode(struct vcpu *vcpu, const struct insn_key *key,
                                        const struct mmio_insn **insn)
{
    static const struct guest_fetch_stop nowhere;
    struct insn_log log;
    struct memory_context context = {vcpu->vm, &log};
    struct guest_memory memory = {read_qword, update_qword, &context};
    struct guest_paging paging;
    struct guest_fetch_stop stop = nowhere;
    struct mmio_fetch fetch;

    insn_log_begin(&log);
    guest_read_paging(vcpu, &paging);
    guest_fetch_code(&paging, &memory, key, &fetch, &stop);
    struct mmio_insn *decoded = &vcpu->vmx->insn;
    enum mmio_status status = mmio_decode(&fetch, key->mode, decoded);
    *insn = decoded;
    if (status == MMIO_TRUNCATED) {
        fault(stop.status, stop.gva, stop.error_code);
        return status;
    }
    bool one_page = (key->linear & (PAGE_SIZE - 1)) + MMIO_INSN_MAX <= PAGE_SIZE;
    if (status == MMIO_OK && one_page && guest_paging_mode(&paging) != GUEST_PAGING_PAE) {
        insn_cache_keep(&vcpu->insns, key, &log, decoded);
    }
    return status;
}
