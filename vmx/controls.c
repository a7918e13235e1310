/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the VM-execution, VM-exit and VM-entry control fields from the feature table and the
 * capability MSRs. Pure; called once when VMX is set up. Bits that change while a vCPU runs are
 * not its business (VMX_USE_LATER rows).
 */
#include "vmx/features.h"

/*
 * Appendix "VMX Capability Reporting Facility": bits 31:0 of a capability MSR are the allowed
 * 0-settings (1: the control must be 1), bits 63:32 the allowed 1-settings.
 */
static uint32_t choose(const struct vmx_caps *caps, enum vmx_word word)
{
    uint32_t on = 0;
    for (size_t i = 0; i < vmx_feature_count; i++) {
        const struct vmx_feature *f = &vmx_features[i];
        if (f->word == word && f->use == VMX_USE_ON) {
            on |= (uint32_t)f->bits;
        }
    }
    uint64_t capability = vmx_word_value(caps, word);
    return (on & (uint32_t)(capability >> 32)) | (uint32_t)capability;
}

struct vmx_controls vmx_controls_choose(const struct vmx_caps *caps)
{
    return (struct vmx_controls){
        .pinbased = choose(caps, VMX_WORD_PINBASED),
        .procbased = choose(caps, VMX_WORD_PROCBASED),
        .procbased2 = choose(caps, VMX_WORD_PROCBASED2),
        .exit = choose(caps, VMX_WORD_EXIT),
        .entry = choose(caps, VMX_WORD_ENTRY),
    };
}
