/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID leaf 0xD for guests: the state components they may enable and the sizes of XSAVE areas,
 * which follow XCR0 and IA32_XSS at the time of the exit. Pure. SDM volume 1, "Managing State Using
 * the XSAVE Feature Set".
 */
#include "kernel/cpu_regs.h"
#include "kernel/cpuid_rules.h"

#define XSAVE_LEGACY 576u /* legacy region and header */

/* Components that guests may enable, with the feature each depends on. */
static const struct {
    uint64_t components;
    uint32_t leaf;
    size_t word; /* in struct cpuid_result */
    uint32_t bit;
} xsave_needs[] = {
    {XCR0_X87 | XCR0_SSE, 1, offsetof(struct cpuid_result, ecx), CPUID_1_ECX_XSAVE},
    {XCR0_AVX, 1, offsetof(struct cpuid_result, ecx), CPUID_1_ECX_AVX},
    {XCR0_OPMASK | XCR0_ZMM_HI256 | XCR0_HI16_ZMM, 7, offsetof(struct cpuid_result, ebx),
     CPUID_7_EBX_AVX512F},
    {XCR0_PKRU, 7, offsetof(struct cpuid_result, ecx), CPUID_7_ECX_PKU},
    {XCR0_TILECFG | XCR0_TILEDATA, 7, offsetof(struct cpuid_result, edx), CPUID_7_EDX_AMX_TILE},
};

static uint64_t guest_xcr0(const struct cpuid_view *view, const struct cpuid_result *hardware)
{
    uint64_t available = (uint64_t)hardware->edx << 32 | hardware->eax;
    uint64_t xcr0 = 0;
    for (size_t i = 0; i < ARRAY_SIZE(xsave_needs); i++) {
        struct cpuid_result r = cpuid_view_get(view, xsave_needs[i].leaf, 0);
        uint32_t word = *(const uint32_t *)((const uint8_t *)&r + xsave_needs[i].word);
        uint64_t components = xsave_needs[i].components;
        if ((word & xsave_needs[i].bit) && (available & components) == components) {
            xcr0 |= components;
        }
    }
    if (!(xcr0 & XCR0_SSE)) {
        return 0;
    }
    return (xcr0 & XCR0_AVX) ? xcr0 : xcr0 & ~(XCR0_OPMASK | XCR0_ZMM_HI256 | XCR0_HI16_ZMM);
}

/* Size of an XSAVE area in the standard format. */
static uint32_t standard_size(const struct cpuid_view *view, uint64_t components)
{
    uint32_t size = XSAVE_LEGACY;
    for (uint32_t i = 2; i < CPUID_XSAVE_COMPONENTS; i++) {
        if (components & BIT(i)) {
            size = MAX(size, view->xsave[i].offset + view->xsave[i].size);
        }
    }
    return size;
}

/* SDM volume 1, "Compacted Format of the Extended Region of an XSAVE Area". */
static uint32_t compacted_size(const struct cpuid_view *view, uint64_t components)
{
    uint32_t size = XSAVE_LEGACY;
    for (uint32_t i = 2; i < CPUID_XSAVE_COMPONENTS; i++) {
        if (components & BIT(i)) {
            size = view->xsave[i].align64 ? (uint32_t)align_up(size, 64) : size;
            size += view->xsave[i].size;
        }
    }
    return size;
}

/* Subleaf 0 asks the others for sizes, so that the whole area's can be told. */
static void learn_components(struct cpuid_build *build)
{
    for (uint32_t i = 2; i < CPUID_XSAVE_COMPONENTS; i++) {
        if (build->view->xcr0 & BIT(i)) {
            struct cpuid_result r = build->input->read(0xd, i);
            build->view->xsave[i] = (struct cpuid_xsave_component){
                .size = r.eax, .offset = r.ebx, .align64 = r.ecx & CPUID_D_ECX_ALIGN64};
        }
    }
}

static void compute_xsave_features(struct cpuid_build *build, struct cpuid_entry *entry)
{
    struct cpuid_result *r = &entry->result;
    if (!build->input->xsaves) {
        r->eax &= ~CPUID_D_1_EAX_XSAVES;
    }
    if (!(build->view->xcr0 & XCR0_TILEDATA)) {
        r->eax &= ~CPUID_D_1_EAX_XFD;
    }
    if (r->eax & (CPUID_D_1_EAX_XSAVEC | CPUID_D_1_EAX_XSAVES)) {
        entry->dynamic |= CPUID_DYNAMIC_XSAVES_SIZE;
    }
}

void cpuid_compute_xsave(struct cpuid_build *build, uint32_t subleaf,
                         const struct cpuid_result *hardware, struct cpuid_entry *entry)
{
    struct cpuid_view *view = build->view;
    struct cpuid_result *r = &entry->result;
    if (subleaf == 0) {
        view->xcr0 = guest_xcr0(view, hardware);
        learn_components(build);
        if (view->xcr0 != 0) {
            r->eax = (uint32_t)view->xcr0;
            r->edx = (uint32_t)(view->xcr0 >> 32);
            r->ecx = standard_size(view, view->xcr0);
            entry->dynamic |= CPUID_DYNAMIC_XSAVE_SIZE;
        }
    } else if (view->xcr0 == 0 || (subleaf > 1 && !(view->xcr0 & BIT(subleaf)))) {
        *r = (struct cpuid_result){0};
    } else if (subleaf == 1) {
        compute_xsave_features(build, entry);
    }
}

void cpuid_policy_patch(const struct cpuid_view *view, uint32_t dynamic, uint32_t subleaf,
                        const struct cpuid_state *state, struct cpuid_result *result)
{
    if ((dynamic & CPUID_DYNAMIC_OSXSAVE) && (state->cr4 & CR4_OSXSAVE)) {
        result->ecx |= CPUID_1_ECX_OSXSAVE;
    }
    if ((dynamic & CPUID_DYNAMIC_OSPKE) && (state->cr4 & CR4_PKE)) {
        result->ecx |= CPUID_7_ECX_OSPKE;
    }
    if (dynamic & CPUID_DYNAMIC_XSAVE_SIZE) {
        result->ebx = standard_size(view, state->xcr0);
    }
    if (dynamic & CPUID_DYNAMIC_XSAVES_SIZE) {
        result->ebx = compacted_size(view, state->xcr0 | state->xss);
    }
    if (dynamic & CPUID_DYNAMIC_SUBLEAF) {
        result->ecx |= subleaf & 0xff;
    }
}
