/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that goes bad on purpose: a poisoned page has no second-level translation, so that each
 * access to it exits and becomes a machine check as processors with recovery report it (SDM
 * "Software Error Recovery", SRAR). The page itself keeps what was in it. VMs that may have such
 * pages are mapped by 4 KiB (VM_FLAG_SMALL_PAGES), so that nothing is split or joined.
 */
#include "kernel/fault.h"
#include "kernel/log.h"
#include "kernel/msr.h"
#include "kernel/vm.h"

/* Under the lock; `gpa` is a page. */
static bool is_poisoned(const struct vm_faults *faults, gpa_t gpa, uint32_t *index)
{
    for (uint32_t i = 0; i < faults->poisoned; i++) {
        if (faults->pages[i].v == gpa.v) {
            *index = i;
            return true;
        }
    }
    return false;
}

bool fault_memory_full(const struct vm_faults *faults)
{
    return faults->poisoned == FAULT_POISON_MAX;
}

bool fault_memory_poison(struct vm *vm, gpa_t page)
{
    struct vm_faults *faults = &vm->faults;
    bool flush = false;
    uint32_t index;
    if (fault_memory_full(faults) || !vm_is_ram(vm, page, PAGE_SIZE) ||
        is_poisoned(faults, page, &index) ||
        ept_unmap(&vm->ept, page, PAGE_SIZE, &flush) != EPT_OK) {
        return false;
    }
    faults->pages[faults->poisoned] = page;
    faults->told &= ~(1u << faults->poisoned);
    faults->poisoned++;
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vcpu_request(vm->vcpus[i], VCPU_REQUEST_FLUSH);
    }
    return true;
}

gpa_t fault_memory_choose(struct vm *vm)
{
    const struct vm_plan *plan = vm->plan;
    uint64_t page = fault_random(&vm->faults.random) % (vm_memory_size(vm) / PAGE_SIZE);
    uint64_t offset = page * PAGE_SIZE;
    uint32_t i = 0;
    for (; offset >= plan->memory[i].size; i++) {
        offset -= plan->memory[i].size;
    }
    return GPA(plan->memory[i].gpa.v + offset);
}

void fault_memory_heal(struct vm *vm)
{
    struct vm_faults *faults = &vm->faults;
    for (; faults->poisoned > 0; faults->poisoned--) {
        uint64_t contiguous;
        struct ept_range range = {.gpa = faults->pages[faults->poisoned - 1],
                                  .size = PAGE_SIZE,
                                  .rights = EPT_READ | EPT_WRITE | EPT_EXECUTE,
                                  .type = MEMORY_TYPE_WB};
        vm_translate(vm, range.gpa, &range.hpa, &contiguous);
        if (ept_map(&vm->ept, &range) != EPT_OK) {
            return; /* its table was given up: a piece of RAM as small as this */
        }
    }
}

COLD enum fault_access fault_memory_access(struct vcpu *vcpu, gpa_t gpa, bool fetch,
                                           bool restartable)
{
    struct vm *vm = vcpu->vm;
    struct vm_faults *faults = &vm->faults;
    uint32_t index = 0;
    spin_lock(&faults->lock);
    bool poisoned = is_poisoned(faults, GPA(align_down(gpa.v, PAGE_SIZE)), &index);
    if (poisoned && !(faults->told & 1u << index)) {
        faults->told |= 1u << index;
        FAULT_NOTE(vm, "%s poisoned page, gpa %lx", fetch ? "fetch from" : "access to", gpa.v);
    }
    spin_unlock(&faults->lock);
    if (!poisoned) {
        return vm_is_ram(vm, gpa, 1) ? FAULT_ACCESS_AGAIN : FAULT_ACCESS_NONE;
    }
    guest_mca_report(&vcpu->msr.mca, fetch ? GUEST_MC_FETCH : GUEST_MC_DATA, gpa.v, restartable);
    fault_broadcast_mc(vm, vcpu);
    return FAULT_ACCESS_POISON;
}
