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

void guest_read_paging(struct guest_paging *paging)
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
    paging->physical_bits = (uint8_t)cpu_cpuid(0x80000008, 0).eax;
    paging->page_1g = (cpu_cpuid(0x80000001, 0).edx & CPUID_80000001_EDX_PAGE1GB) != 0;
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

static bool read_qword(void *context, gpa_t gpa, uint64_t *value)
{
    hpa_t hpa;
    uint64_t contiguous;
    if (!vm_translate(context, gpa, &hpa, &contiguous)) {
        return false;
    }
    *value = *(const volatile uint64_t *)window_map(0, hpa);
    return true;
}

static bool update_qword(void *context, gpa_t gpa, uint64_t expected, uint64_t value, bool *changed)
{
    hpa_t hpa;
    uint64_t contiguous;
    if (!vm_translate(context, gpa, &hpa, &contiguous)) {
        return false;
    }
    uint64_t *entry = window_map(0, hpa);
    *changed = !__atomic_compare_exchange_n(entry, &expected, value, false, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST);
    return true;
}

struct guest_memory guest_memory_of(struct vm *vm)
{
    return (struct guest_memory){.read = read_qword, .update = update_qword, .context = vm};
}

unsigned guest_cpl(void)
{
    return (unsigned)FIELD_GET((uint64_t)ACCESS_RIGHTS_DPL, vmcs_read(VMCS_GUEST_SS_ACCESS_RIGHTS));
}

enum mmio_mode guest_code_mode(void)
{
    uint64_t rights = vmcs_read(VMCS_GUEST_CS_ACCESS_RIGHTS);
    if ((rights & ACCESS_RIGHTS_L) && (vmcs_read(VMCS_GUEST_IA32_EFER) & EFER_LMA)) {
        return MMIO_MODE_64;
    }
    return (rights & ACCESS_RIGHTS_DB) ? MMIO_MODE_32 : MMIO_MODE_16;
}

static void fault(enum guest_walk_status status, gva_t gva, uint32_t error_code)
{
    if (status == GUEST_WALK_PAGE_FAULT) {
        event_inject_page_fault(gva.v, error_code);
    } else {
        event_inject_exception_with_code(VECTOR_GP, 0);
    }
}

bool guest_copy(struct vcpu *vcpu, const struct guest_paging *paging, gva_t gva, void *data,
                uint64_t size, uint32_t access)
{
    struct guest_memory memory = guest_memory_of(vcpu->vm);
    struct guest_translation t;
    enum guest_walk_status status = guest_walk(paging, &memory, gva, access, &t);
    if (status != GUEST_WALK_OK) {
        fault(status, gva, t.error_code);
        return false;
    }
    bool done = (access & 3) == GUEST_ACCESS_WRITE ? vm_write_memory(vcpu->vm, t.gpa, data, size)
                                                   : vm_read_memory(vcpu->vm, t.gpa, data, size);
    if (!done) {
        event_inject_exception_with_code(VECTOR_GP, 0);
    }
    return done;
}

void guest_fetch(struct vcpu *vcpu, const struct guest_paging *paging, struct mmio_fetch *fetch)
{
    struct guest_memory memory = guest_memory_of(vcpu->vm);
    uint64_t rip = vmcs_read(VMCS_GUEST_RIP);
    bool flat =
        (paging->efer & EFER_LMA) && (vmcs_read(VMCS_GUEST_CS_ACCESS_RIGHTS) & ACCESS_RIGHTS_L);
    uint64_t linear = flat ? rip : (uint32_t)(vmcs_read(VMCS_GUEST_CS_BASE) + rip);
    uint32_t access = GUEST_ACCESS_FETCH | (guest_cpl() == 3 ? GUEST_ACCESS_USER : 0);

    fetch->count = 0;
    while (fetch->count < MMIO_INSN_MAX) {
        uint64_t at = linear + fetch->count;
        uint64_t step =
            MIN((uint64_t)MMIO_INSN_MAX - fetch->count, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
        struct guest_translation t;
        if (guest_walk(paging, &memory, GVA(at), access, &t) != GUEST_WALK_OK ||
            !vm_read_memory(vcpu->vm, t.gpa, fetch->bytes + fetch->count, step)) {
            return;
        }
        fetch->count = (uint8_t)(fetch->count + step);
    }
}
