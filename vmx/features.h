/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can this processor run guests? The capabilities of one CPU as raw values, one table of what
 * Bulkhead requires and wants of them, and the control values that follow. Used by the loader on
 * every CPU before anything starts, by the kernel again, and by tests; everything except
 * vmx_caps_read() is pure. Missing features are all reported, by the manual's names, at once.
 */
#ifndef VMX_FEATURES_H
#define VMX_FEATURES_H

#include "kernel/types.h"

enum cpu_vendor { CPU_VENDOR_OTHER, CPU_VENDOR_INTEL, CPU_VENDOR_AMD, CPU_VENDOR_HYGON };

/*
 * CPUID and MSRs of one CPU, bit for bit. An MSR that CPUID or another MSR says does not exist was
 * not read and is 0. Plain data: may be copied between CPUs and compared.
 */
struct vmx_caps {
    enum cpu_vendor vendor;
    char vendor_name[13];  /* as CPUID leaf 0 spells it */
    char model_name[49];   /* leaves 0x80000002-4 without leading spaces; may be empty */
    uint32_t signature;    /* CPUID.1:EAX: family, model, stepping */
    uint32_t microcode;    /* IA32_BIOS_SIGN_ID[63:32]; Intel only */
    uint8_t core_type;     /* CPUID.1A:EAX[31:24]: CPUID_CORE_TYPE_*, 0 when not hybrid */
    uint8_t physical_bits; /* CPUID.80000008:EAX[7:0]; 36 when the leaf does not exist */
    uint8_t linear_bits;

    uint32_t cpuid_max;
    uint32_t cpuid_1_ecx;
    uint32_t cpuid_1_edx;
    uint32_t cpuid_7_ebx;
    uint32_t cpuid_7_ecx;
    uint32_t cpuid_7_edx;
    uint32_t cpuid_d_1_eax;
    uint32_t cpuid_80000001_ecx;
    uint32_t cpuid_80000001_edx;
    uint32_t cpuid_80000007_edx;

    uint64_t feature_control;
    uint64_t arch_capabilities;
    uint64_t xapic_disable_status;
    uint64_t vmx_basic;
    uint64_t vmx_misc;
    uint64_t cr0_fixed0;
    uint64_t cr0_fixed1;
    uint64_t cr4_fixed0;
    uint64_t cr4_fixed1;
    uint64_t ept_vpid_cap;
    uint64_t vmfunc;
    /* The TRUE_ MSR's value where IA32_VMX_BASIC says that it exists, else the plain one's. */
    uint64_t pinbased;
    uint64_t procbased;
    uint64_t procbased2;
    uint64_t procbased3; /* allowed 1-settings of all 64 bits */
    uint64_t exit;
    uint64_t entry;
};

/* Reads the calling CPU's. CPL 0; loader and kernel. Touches no MSR that might not exist. */
void vmx_caps_read(struct vmx_caps *caps);

/* ---- the table --------------------------------------------------------------------------- */

/* Which word of struct vmx_caps a feature's bits are in. */
enum vmx_word {
    VMX_WORD_CPUID_1_ECX,
    VMX_WORD_CPUID_7_EBX,
    VMX_WORD_CPUID_7_ECX,
    VMX_WORD_CPUID_D_1_EAX,
    VMX_WORD_CPUID_80000001_EDX,
    VMX_WORD_CPUID_80000007_EDX,
    VMX_WORD_VMX_BASIC,
    VMX_WORD_VMX_MISC,
    VMX_WORD_EPT_VPID_CAP,
    VMX_WORD_PINBASED, /* from here on: allowed 0-settings low, allowed 1-settings high */
    VMX_WORD_PROCBASED,
    VMX_WORD_PROCBASED2,
    VMX_WORD_EXIT,
    VMX_WORD_ENTRY,
    VMX_WORD_COUNT,
};

enum vmx_need {
    VMX_REQUIRED, /* without it no guest starts */
    VMX_WANTED,   /* without it something is lost; `why` says what */
    VMX_OPTIONAL, /* used where it exists; its lack is not worth a line */
};

/* What is done with a control. The other words of struct vmx_caps: VMX_USE_TEST. */
enum vmx_use {
    VMX_USE_TEST,  /* the bit must be 1; nothing is set */
    VMX_USE_ON,    /* set in every VMCS where it may be 1 */
    VMX_USE_LATER, /* must be changeable; 0 at first, the code that needs it sets it */
    VMX_USE_OFF,   /* must be able to be 0 */
};

struct vmx_feature {
    const char *name; /* as the manual writes it */
    uint64_t bits;    /* all of them */
    uint8_t word;     /* enum vmx_word */
    uint8_t need;     /* enum vmx_need */
    uint8_t use;      /* enum vmx_use */
    const char *why;  /* what it is for; continues "needed for ..." / "without it ..." */
};

extern const struct vmx_feature vmx_features[];
extern const size_t vmx_feature_count;

/* SDM name of the word, e.g. "IA32_VMX_PROCBASED_CTLS2" or "CPUID.1:ECX". */
const char *vmx_word_name(enum vmx_word word, bool true_controls);

/* The word's value in `caps`, 32-bit ones zero-extended. */
uint64_t vmx_word_value(const struct vmx_caps *caps, enum vmx_word word);

/* True when the CPU offers the feature in the way it is used. */
bool vmx_feature_present(const struct vmx_caps *caps, const struct vmx_feature *feature);

/* ---- checks ------------------------------------------------------------------------------ */

/* text: one complaint, no newline, valid during the call. fatal: no guest can start. */
typedef void (*vmx_report_fn)(void *context, bool fatal, const char *text);

/*
 * Checks one CPU and reports everything it lacks. Returns the number of fatal complaints, 0 when
 * guests can run. A processor without VMX gets one complaint that says so, not fifty.
 */
unsigned vmx_features_check(const struct vmx_caps *caps, vmx_report_fn report, void *context);

/*
 * Reports in which way two CPUs differ that matters to a VM which runs on both: vendor, model,
 * core type, CPUID features, every capability. Returns the number of fatal differences (a VM must
 * not span these CPUs); a differing microcode revision is reported, not fatal.
 */
unsigned vmx_features_compare(const struct vmx_caps *a, const struct vmx_caps *b,
                              vmx_report_fn report, void *context);

/* ---- controls ---------------------------------------------------------------------------- */

/* First values of the VMCS fields; bits of VMX_USE_LATER features are 0. */
struct vmx_controls {
    uint32_t pinbased;
    uint32_t procbased;
    uint32_t procbased2;
    uint32_t exit;
    uint32_t entry;
};

/*
 * Values by the table: what must be 1, plus what the table sets and the CPU allows. For caps that
 * vmx_features_check() found fit. SDM volume 3, appendix "VMX Capability Reporting Facility".
 */
struct vmx_controls vmx_controls_choose(const struct vmx_caps *caps);

/* True when all of `bits` (PIN_BASED_..., CPU_BASED_...) may be 1 in the control field `word`. */
bool vmx_control_allowed(const struct vmx_caps *caps, enum vmx_word word, uint32_t bits);

#endif
