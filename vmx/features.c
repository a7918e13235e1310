/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of a CPU against the table (vmx/feature_table.c), and of one CPU against another.
 * Pure: called by the loader before anything starts, by the kernel and by tests. Every complaint
 * is one line that a person can act on; the check never stops at the first.
 */
#include "vmx/features.h"

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "kernel/printf.h"
#include "kernel/string.h"

#define TEXT_SIZE 240

/* Where complaints go, and how many were fatal. */
struct reporter {
    vmx_report_fn report;
    void *context;
    unsigned fatal;
};

/* Names by word: the plain MSR and the one that IA32_VMX_BASIC[55] promises. */
static const struct {
    const char *plain;
    const char *exact;
    size_t offset;
    bool wide;
} words[VMX_WORD_COUNT] = {
    [VMX_WORD_CPUID_1_ECX] = {"CPUID.1:ECX", NULL, offsetof(struct vmx_caps, cpuid_1_ecx), false},
    [VMX_WORD_CPUID_7_EBX] = {"CPUID.7.0:EBX", NULL, offsetof(struct vmx_caps, cpuid_7_ebx), false},
    [VMX_WORD_CPUID_7_ECX] = {"CPUID.7.0:ECX", NULL, offsetof(struct vmx_caps, cpuid_7_ecx), false},
    [VMX_WORD_CPUID_D_1_EAX] = {"CPUID.D.1:EAX", NULL, offsetof(struct vmx_caps, cpuid_d_1_eax),
                                false},
    [VMX_WORD_CPUID_80000001_EDX] = {"CPUID.80000001:EDX", NULL,
                                     offsetof(struct vmx_caps, cpuid_80000001_edx), false},
    [VMX_WORD_CPUID_80000007_EDX] = {"CPUID.80000007:EDX", NULL,
                                     offsetof(struct vmx_caps, cpuid_80000007_edx), false},
    [VMX_WORD_VMX_BASIC] = {"IA32_VMX_BASIC", NULL, offsetof(struct vmx_caps, vmx_basic), true},
    [VMX_WORD_VMX_MISC] = {"IA32_VMX_MISC", NULL, offsetof(struct vmx_caps, vmx_misc), true},
    [VMX_WORD_EPT_VPID_CAP] = {"IA32_VMX_EPT_VPID_CAP", NULL,
                               offsetof(struct vmx_caps, ept_vpid_cap), true},
    [VMX_WORD_PINBASED] = {"IA32_VMX_PINBASED_CTLS", "IA32_VMX_TRUE_PINBASED_CTLS",
                           offsetof(struct vmx_caps, pinbased), true},
    [VMX_WORD_PROCBASED] = {"IA32_VMX_PROCBASED_CTLS", "IA32_VMX_TRUE_PROCBASED_CTLS",
                            offsetof(struct vmx_caps, procbased), true},
    [VMX_WORD_PROCBASED2] = {"IA32_VMX_PROCBASED_CTLS2", NULL,
                             offsetof(struct vmx_caps, procbased2), true},
    [VMX_WORD_EXIT] = {"IA32_VMX_EXIT_CTLS", "IA32_VMX_TRUE_EXIT_CTLS",
                       offsetof(struct vmx_caps, exit), true},
    [VMX_WORD_ENTRY] = {"IA32_VMX_ENTRY_CTLS", "IA32_VMX_TRUE_ENTRY_CTLS",
                        offsetof(struct vmx_caps, entry), true},
};

const char *vmx_word_name(enum vmx_word word, bool true_controls)
{
    return true_controls && words[word].exact ? words[word].exact : words[word].plain;
}

uint64_t vmx_word_value(const struct vmx_caps *caps, enum vmx_word word)
{
    const uint8_t *field = (const uint8_t *)caps + words[word].offset;
    uint64_t value = 0;
    memcpy(&value, field, words[word].wide ? sizeof(uint64_t) : sizeof(uint32_t));
    return value;
}

bool vmx_control_allowed(const struct vmx_caps *caps, enum vmx_word word, uint32_t bits)
{
    return (vmx_word_value(caps, word) >> 32 & bits) == bits;
}

/* True when none of `bits` must be 1. */
static bool control_may_be_0(const struct vmx_caps *caps, enum vmx_word word, uint32_t bits)
{
    return ((uint32_t)vmx_word_value(caps, word) & bits) == 0;
}

bool vmx_feature_present(const struct vmx_caps *caps, const struct vmx_feature *feature)
{
    uint32_t control = (uint32_t)feature->bits;
    switch (feature->use) {
    case VMX_USE_TEST:
        return (vmx_word_value(caps, feature->word) & feature->bits) == feature->bits;
    case VMX_USE_ON:
        return vmx_control_allowed(caps, feature->word, control);
    case VMX_USE_LATER:
        return vmx_control_allowed(caps, feature->word, control) &&
               control_may_be_0(caps, feature->word, control);
    case VMX_USE_OFF:
        return control_may_be_0(caps, feature->word, control);
    }
    return false;
}

/* ---- complaints ---------------------------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4)))
complain(struct reporter *to, bool fatal, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list args;
    va_start(args, format);
    kvsnprintf(text, sizeof(text), format, args);
    va_end(args);
    to->report(to->context, fatal, text);
    to->fatal += fatal;
}

static void complain_of_feature(struct reporter *to, const struct vmx_caps *caps,
                                const struct vmx_feature *feature)
{
    bool required = feature->need == VMX_REQUIRED;
    bool stuck = feature->word >= VMX_WORD_PINBASED &&
                 !control_may_be_0(caps, feature->word, (uint32_t)feature->bits);
    complain(to, required, "%s\"%s\"%s (%s bit %d): %s %s", stuck ? "" : "no ", feature->name,
             stuck ? " cannot be switched off" : "",
             vmx_word_name(feature->word, caps->vmx_basic & VMX_BASIC_TRUE_CONTROLS),
             __builtin_ctzll(feature->bits), required ? "needed for" : "without it", feature->why);
}

/* IA32_FEATURE_CONTROL: unlocked is fine, Bulkhead sets bit and lock itself. */
static void check_firmware_lock(struct reporter *to, const struct vmx_caps *caps)
{
    if ((caps->feature_control & FEATURE_CONTROL_LOCK) &&
        !(caps->feature_control & FEATURE_CONTROL_VMX_OUTSIDE_SMX)) {
        complain(to, true,
                 "VT-x is disabled and locked by the firmware (IA32_FEATURE_CONTROL = 0x%llx): "
                 "enable \"Intel Virtualization Technology\" in the firmware's set-up",
                 (unsigned long long)caps->feature_control);
    }
}

/* What is a field and not a bit, so that the table cannot say it. */
static void check_fields(struct reporter *to, const struct vmx_caps *caps)
{
    const uint64_t cr0_guests_change = ~(uint64_t)(CR0_PE | CR0_PG | CR0_NE);
    uint64_t type = FIELD_GET(VMX_BASIC_MEMORY_TYPE, caps->vmx_basic);
    uint64_t size = FIELD_GET(VMX_BASIC_REGION_SIZE, caps->vmx_basic);
    if (type != MEMORY_TYPE_WB) {
        complain(to, true, "VMCS memory type is %llu (IA32_VMX_BASIC[53:50]), not write-back",
                 (unsigned long long)type);
    }
    if (size > PAGE_SIZE) {
        complain(to, true, "the VMCS needs %llu bytes (IA32_VMX_BASIC[44:32]), more than a page",
                 (unsigned long long)size);
    }
    if (caps->cr0_fixed0 & cr0_guests_change) {
        complain(to, true, "guests cannot clear CR0 bits 0x%llx (IA32_VMX_CR0_FIXED0)",
                 (unsigned long long)(caps->cr0_fixed0 & cr0_guests_change));
    }
    if (caps->cr4_fixed0 & ~CR4_VMXE) {
        complain(to, true, "guests cannot clear CR4 bits 0x%llx (IA32_VMX_CR4_FIXED0)",
                 (unsigned long long)(caps->cr4_fixed0 & ~CR4_VMXE));
    }
    if (caps->physical_bits > 48) {
        complain(to, false,
                 "%u bits of physical address: guests and Bulkhead use 48 (EPT walks 4 levels)",
                 caps->physical_bits);
    }
}

/* A processor that has no VMX at all; false when it has. */
static bool complain_of_no_vmx(struct reporter *to, const struct vmx_caps *caps)
{
    if (caps->vendor == CPU_VENDOR_AMD || caps->vendor == CPU_VENDOR_HYGON) {
        complain(to, true, "AMD-V is not supported yet: this is a processor by %s%s%s",
                 caps->vendor_name, caps->model_name[0] ? ", " : "", caps->model_name);
        return true;
    }
    if (caps->cpuid_1_ecx & CPUID_1_ECX_VMX) {
        return false;
    }
    complain(to, true, "no VT-x: the processor does not offer VMX (CPUID.1:ECX bit 5)%s",
             (caps->cpuid_1_ecx & CPUID_1_ECX_HYPERVISOR)
                 ? "; this machine is a virtual one, whose hypervisor must offer nested VT-x"
                 : "");
    return true;
}

unsigned vmx_features_check(const struct vmx_caps *caps, vmx_report_fn report, void *context)
{
    struct reporter to = {.report = report, .context = context};
    if (complain_of_no_vmx(&to, caps)) {
        return to.fatal;
    }
    check_firmware_lock(&to, caps);
    check_fields(&to, caps);
    for (size_t i = 0; i < vmx_feature_count; i++) {
        if (vmx_features[i].need != VMX_OPTIONAL && !vmx_feature_present(caps, &vmx_features[i])) {
            complain_of_feature(&to, caps, &vmx_features[i]);
        }
    }
    return to.fatal;
}

/* ---- unlike CPUs --------------------------------------------------------------------------- */

/*
 * What two CPUs of one VM must have alike. CPUID bits that only mirror a register (OSXSAVE, OSPKE,
 * APIC enabled) are left out: firmware sets these on the boot processor alone.
 */
static const struct {
    const char *name;
    size_t offset;
    bool wide;
    uint64_t ignore;
} compared[] = {
    {"family, model or stepping (CPUID.1:EAX)", offsetof(struct vmx_caps, signature), false, 0},
    {"CPUID.1:ECX", offsetof(struct vmx_caps, cpuid_1_ecx), false, CPUID_1_ECX_OSXSAVE},
    {"CPUID.1:EDX", offsetof(struct vmx_caps, cpuid_1_edx), false, CPUID_1_EDX_APIC},
    {"CPUID.7.0:EBX", offsetof(struct vmx_caps, cpuid_7_ebx), false, 0},
    {"CPUID.7.0:ECX", offsetof(struct vmx_caps, cpuid_7_ecx), false, CPUID_7_ECX_OSPKE},
    {"CPUID.7.0:EDX", offsetof(struct vmx_caps, cpuid_7_edx), false, 0},
    {"CPUID.D.1:EAX", offsetof(struct vmx_caps, cpuid_d_1_eax), false, 0},
    {"CPUID.80000001:ECX", offsetof(struct vmx_caps, cpuid_80000001_ecx), false, 0},
    {"CPUID.80000001:EDX", offsetof(struct vmx_caps, cpuid_80000001_edx), false, 0},
    {"CPUID.80000007:EDX", offsetof(struct vmx_caps, cpuid_80000007_edx), false, 0},
    {"IA32_ARCH_CAPABILITIES", offsetof(struct vmx_caps, arch_capabilities), true, 0},
    {"IA32_VMX_BASIC", offsetof(struct vmx_caps, vmx_basic), true, 0},
    {"IA32_VMX_MISC", offsetof(struct vmx_caps, vmx_misc), true, 0},
    {"IA32_VMX_CR0_FIXED0", offsetof(struct vmx_caps, cr0_fixed0), true, 0},
    {"IA32_VMX_CR0_FIXED1", offsetof(struct vmx_caps, cr0_fixed1), true, 0},
    {"IA32_VMX_CR4_FIXED0", offsetof(struct vmx_caps, cr4_fixed0), true, 0},
    {"IA32_VMX_CR4_FIXED1", offsetof(struct vmx_caps, cr4_fixed1), true, 0},
    {"IA32_VMX_EPT_VPID_CAP", offsetof(struct vmx_caps, ept_vpid_cap), true, 0},
    {"IA32_VMX_VMFUNC", offsetof(struct vmx_caps, vmfunc), true, 0},
    {"pin-based VM-execution controls", offsetof(struct vmx_caps, pinbased), true, 0},
    {"processor-based VM-execution controls", offsetof(struct vmx_caps, procbased), true, 0},
    {"secondary VM-execution controls", offsetof(struct vmx_caps, procbased2), true, 0},
    {"tertiary VM-execution controls", offsetof(struct vmx_caps, procbased3), true, 0},
    {"VM-exit controls", offsetof(struct vmx_caps, exit), true, 0},
    {"VM-entry controls", offsetof(struct vmx_caps, entry), true, 0},
};

static uint64_t field_at(const struct vmx_caps *caps, size_t offset, bool wide)
{
    uint64_t value = 0;
    memcpy(&value, (const uint8_t *)caps + offset, wide ? sizeof(uint64_t) : sizeof(uint32_t));
    return value;
}

static void compare_words(struct reporter *to, const struct vmx_caps *a, const struct vmx_caps *b)
{
    for (size_t i = 0; i < ARRAY_SIZE(compared); i++) {
        uint64_t x = field_at(a, compared[i].offset, compared[i].wide) & ~compared[i].ignore;
        uint64_t y = field_at(b, compared[i].offset, compared[i].wide) & ~compared[i].ignore;
        if (x != y) {
            complain(to, true, "%s: 0x%llx and 0x%llx", compared[i].name, (unsigned long long)x,
                     (unsigned long long)y);
        }
    }
}

unsigned vmx_features_compare(const struct vmx_caps *a, const struct vmx_caps *b,
                              vmx_report_fn report, void *context)
{
    struct reporter to = {.report = report, .context = context};
    if (strcmp(a->vendor_name, b->vendor_name) != 0) {
        complain(&to, true, "vendor: %s and %s", a->vendor_name, b->vendor_name);
    }
    if (strcmp(a->model_name, b->model_name) != 0) {
        complain(&to, true, "model: \"%s\" and \"%s\"", a->model_name, b->model_name);
    }
    if (a->core_type != b->core_type) {
        complain(&to, true, "core type: 0x%x and 0x%x (0x40 performance, 0x20 efficient core)",
                 a->core_type, b->core_type);
    }
    if (a->physical_bits != b->physical_bits || a->linear_bits != b->linear_bits) {
        complain(&to, true, "address bits: %u/%u and %u/%u", a->physical_bits, a->linear_bits,
                 b->physical_bits, b->linear_bits);
    }
    compare_words(&to, a, b);
    if (a->microcode != b->microcode) {
        complain(&to, false, "microcode revision: 0x%x and 0x%x", a->microcode, b->microcode);
    }
    return to.fatal;
}
