/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of flaws and remedies; see the header. SDM volume 4, IA32_ARCH_CAPABILITIES, and what
 * Intel publishes about each flaw. A processor that does not say that it is not affected is taken
 * to be.
 */
#include "vmx/mitigations.h"

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "kernel/printf.h"

#define PSDP_AND_KIN (ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO)

/* Of several rows for a flaw the first whose needs are met counts. */
static const struct {
    uint8_t flaw;
    uint8_t remedy;
    uint32_t unaffected;   /* bits of IA32_ARCH_CAPABILITIES, all of them; 0: never */
    uint32_t cpuid_7_edx;  /* what the remedy needs, all of them */
    uint32_t capabilities; /* ... in IA32_ARCH_CAPABILITIES */
} rows[] = {
    {VMX_FLAW_L1TF, VMX_REMEDY_L1D_FLUSH, ARCH_CAP_RDCL_NO, CPUID_7_EDX_L1D_FLUSH, 0},
    {VMX_FLAW_MDS, VMX_REMEDY_VERW, ARCH_CAP_MDS_NO, CPUID_7_EDX_MD_CLEAR, 0},
    {VMX_FLAW_TAA, VMX_REMEDY_VERW, ARCH_CAP_TAA_NO, CPUID_7_EDX_MD_CLEAR, 0},
    {VMX_FLAW_MMIO_DATA, VMX_REMEDY_VERW, PSDP_AND_KIN, 0, ARCH_CAP_FB_CLEAR},
    {VMX_FLAW_RFDS, VMX_REMEDY_VERW, ARCH_CAP_RFDS_NO, 0, ARCH_CAP_RFDS_CLEAR},
    /* See docs/decisions/large-executable-ept-pages.md. */
    {VMX_FLAW_MULTIHIT, VMX_REMEDY_NONE, ARCH_CAP_PSCHANGE_MC_NO, 0, 0},
    {VMX_FLAW_BRANCHES, VMX_REMEDY_IBRS, 0, CPUID_7_EDX_IBRS_IBPB, ARCH_CAP_IBRS_ALL},
    {VMX_FLAW_BRANCHES, VMX_REMEDY_IBPB, 0, CPUID_7_EDX_IBRS_IBPB, 0},
};

/* The processor's own word, and what follows from it by Intel's rules. */
static uint32_t effective_capabilities(const struct vmx_caps *caps)
{
    uint32_t c = (uint32_t)caps->arch_capabilities;
    const uint32_t clears = CPUID_7_EDX_MD_CLEAR | CPUID_7_EDX_L1D_FLUSH;
    if (c & ARCH_CAP_SKIP_L1DFL_VMENTRY) {
        c |= ARCH_CAP_RDCL_NO; /* another hypervisor below flushes */
    }
    if (!(caps->cpuid_7_ebx & CPUID_7_EBX_RTM)) {
        c |= ARCH_CAP_TAA_NO; /* no transactions, so none that abort */
    }
    if (!(c & ARCH_CAP_MDS_NO) && (caps->cpuid_7_edx & clears) == clears) {
        c |= ARCH_CAP_FB_CLEAR; /* VERW clears fill buffers as well */
    }
    if (!(c & ARCH_CAP_RFDS_CLEAR)) {
        c |= ARCH_CAP_RFDS_NO; /* what is affected has microcode with this bit, or is an Atom */
    }
    return c;
}

struct vmx_mitigations vmx_mitigations_choose(const struct vmx_caps *caps, bool small_pages)
{
    struct vmx_mitigations m = {.flush_l1d = false};
    uint32_t capabilities = effective_capabilities(caps);
    for (size_t i = ARRAY_SIZE(rows); i-- > 0;) {
        uint8_t *remedy = &m.remedy[rows[i].flaw];
        if (rows[i].unaffected != 0 && (capabilities & rows[i].unaffected) == rows[i].unaffected) {
            *remedy = VMX_REMEDY_NOT_NEEDED;
        } else if ((caps->cpuid_7_edx & rows[i].cpuid_7_edx) == rows[i].cpuid_7_edx &&
                   (capabilities & rows[i].capabilities) == rows[i].capabilities) {
            *remedy = rows[i].remedy;
        } else if (*remedy == VMX_REMEDY_NOT_NEEDED) {
            *remedy = VMX_REMEDY_NONE;
        }
    }
    if (small_pages && m.remedy[VMX_FLAW_MULTIHIT] == VMX_REMEDY_NONE) {
        m.remedy[VMX_FLAW_MULTIHIT] = VMX_REMEDY_SMALL_PAGES;
    }
    for (size_t i = 0; i < VMX_FLAWS; i++) {
        m.flush_l1d |= m.remedy[i] == VMX_REMEDY_L1D_FLUSH;
        m.verw |= m.remedy[i] == VMX_REMEDY_VERW;
    }
    /* With MD_CLEAR the flush overwrites the buffers, too. */
    m.verw &= !m.flush_l1d || !(caps->cpuid_7_edx & CPUID_7_EDX_MD_CLEAR);
    return m;
}

void vmx_mitigations_print(const struct vmx_mitigations *mitigations, char *text, size_t size)
{
    static const char *const flaws[] = {
        [VMX_FLAW_L1TF] = "L1TF",         [VMX_FLAW_MDS] = "MDS",
        [VMX_FLAW_TAA] = "TAA",           [VMX_FLAW_MMIO_DATA] = "MMIO stale data",
        [VMX_FLAW_RFDS] = "RFDS",         [VMX_FLAW_MULTIHIT] = "iTLB multihit",
        [VMX_FLAW_BRANCHES] = "branches",
    };
    static const char *const remedies[] = {
        [VMX_REMEDY_NOT_NEEDED] = "not affected", [VMX_REMEDY_NONE] = "OPEN",
        [VMX_REMEDY_L1D_FLUSH] = "L1D flush",     [VMX_REMEDY_VERW] = "VERW",
        [VMX_REMEDY_IBRS] = "enhanced IBRS",      [VMX_REMEDY_IBPB] = "IBPB",
        [VMX_REMEDY_SMALL_PAGES] = "small pages",
    };
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < VMX_FLAWS && used < size; i++) {
        used += (size_t)ksnprintf(text + used, size - used, "%s%s: %s", i == 0 ? "" : ", ",
                                  flaws[i], remedies[mitigations->remedy[i]]);
    }
}
