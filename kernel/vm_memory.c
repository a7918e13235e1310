/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's RAM as root mode reaches it: through the plan's pieces and this CPU's copy windows. */
#include "kernel/vm.h"
#include "kernel/window.h"

bool vm_translate(const struct vm *vm, gpa_t gpa, hpa_t *hpa, uint64_t *contiguous)
{
    const struct vm_memory *piece = vm_plan_piece(vm->plan, gpa.v);
    if (piece == NULL) {
        return false;
    }
    uint64_t offset = gpa.v - piece->gpa.v;
    *hpa = HPA(piece->hpa.v + offset);
    *contiguous = piece->size - offset;
    return true;
}

bool vm_is_ram(const struct vm *vm, gpa_t gpa, uint64_t size)
{
    hpa_t hpa;
    uint64_t contiguous;
    while (size > 0) {
        if (!vm_translate(vm, gpa, &hpa, &contiguous)) {
            return false;
        }
        uint64_t step = MIN(size, contiguous);
        gpa.v += step;
        size -= step;
    }
    return true;
}

bool vm_read_memory(const struct vm *vm, gpa_t gpa, void *to, uint64_t size)
{
    hpa_t hpa;
    uint64_t contiguous;
    if (vm_translate(vm, gpa, &hpa, &contiguous) && size <= contiguous) {
        window_read(to, hpa, size);
        return true;
    }
    if (!vm_is_ram(vm, gpa, size)) {
        return false;
    }
    uint8_t *out = to;
    while (size > 0 && vm_translate(vm, gpa, &hpa, &contiguous)) {
        uint64_t step = MIN(size, contiguous);
        window_read(out, hpa, step);
        out += step;
        gpa.v += step;
        size -= step;
    }
    return true;
}

bool vm_write_memory(const struct vm *vm, gpa_t gpa, const void *from, uint64_t size)
{
    hpa_t hpa;
    uint64_t contiguous;
    if (!vm_is_ram(vm, gpa, size)) {
        return false;
    }
    const uint8_t *in = from;
    while (size > 0 && vm_translate(vm, gpa, &hpa, &contiguous)) {
        uint64_t step = MIN(size, contiguous);
        window_write(hpa, in, step);
        in += step;
        gpa.v += step;
        size -= step;
    }
    return true;
}

volatile uint64_t *vm_map_word(const struct vm *vm, gpa_t gpa)
{
    hpa_t hpa;
    uint64_t contiguous;
    if (!is_aligned(gpa.v, sizeof(uint64_t)) || !vm_translate(vm, gpa, &hpa, &contiguous)) {
        return NULL;
    }
    return window_map(0, hpa);
}

uint64_t vm_memory_size(const struct vm *vm)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < vm->plan->memory_count; i++) {
        size += vm->plan->memory[i].size;
    }
    return size;
}
