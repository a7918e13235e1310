/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID features by the names that Linux's /proc/cpuinfo made common, and the text form of any
 * other bit. Used by the reader of cpuid-hide; what CPUID shows otherwise is the kernel's policy.
 */
#include "boot/config/policy.h"
#include "boot/config/value.h"
#include "kernel/string.h"

enum { EAX, EBX, ECX, EDX };

const struct config_cpuid_feature config_cpuid_features[] = {
    {"fpu", 0x1, 0, EDX, 0, true},
    {"vme", 0x1, 0, EDX, 1, false},
    {"pse", 0x1, 0, EDX, 3, false},
    {"tsc", 0x1, 0, EDX, 4, true},
    {"msr", 0x1, 0, EDX, 5, true},
    {"pae", 0x1, 0, EDX, 6, true},
    {"mce", 0x1, 0, EDX, 7, false},
    {"cx8", 0x1, 0, EDX, 8, true},
    {"apic", 0x1, 0, EDX, 9, true},
    {"sep", 0x1, 0, EDX, 11, false},
    {"mtrr", 0x1, 0, EDX, 12, false},
    {"pge", 0x1, 0, EDX, 13, false},
    {"mca", 0x1, 0, EDX, 14, false},
    {"cmov", 0x1, 0, EDX, 15, true},
    {"pat", 0x1, 0, EDX, 16, false},
    {"pse36", 0x1, 0, EDX, 17, false},
    {"clflush", 0x1, 0, EDX, 19, false},
    {"mmx", 0x1, 0, EDX, 23, false},
    {"fxsr", 0x1, 0, EDX, 24, true},
    {"sse", 0x1, 0, EDX, 25, true},
    {"sse2", 0x1, 0, EDX, 26, true},
    {"ht", 0x1, 0, EDX, 28, false},
    {"sse3", 0x1, 0, ECX, 0, false},
    {"pclmulqdq", 0x1, 0, ECX, 1, false},
    {"ssse3", 0x1, 0, ECX, 9, false},
    {"fma", 0x1, 0, ECX, 12, false},
    {"cx16", 0x1, 0, ECX, 13, false},
    {"pcid", 0x1, 0, ECX, 17, false},
    {"sse4_1", 0x1, 0, ECX, 19, false},
    {"sse4_2", 0x1, 0, ECX, 20, false},
    {"x2apic", 0x1, 0, ECX, 21, true},
    {"movbe", 0x1, 0, ECX, 22, false},
    {"popcnt", 0x1, 0, ECX, 23, false},
    {"tsc_deadline_timer", 0x1, 0, ECX, 24, true},
    {"aes", 0x1, 0, ECX, 25, false},
    {"xsave", 0x1, 0, ECX, 26, false},
    {"avx", 0x1, 0, ECX, 28, false},
    {"f16c", 0x1, 0, ECX, 29, false},
    {"rdrand", 0x1, 0, ECX, 30, false},
    {"hypervisor", 0x1, 0, ECX, 31, true},
    {"arat", 0x6, 0, EAX, 2, false},
    {"fsgsbase", 0x7, 0, EBX, 0, false},
    {"bmi1", 0x7, 0, EBX, 3, false},
    {"hle", 0x7, 0, EBX, 4, false},
    {"avx2", 0x7, 0, EBX, 5, false},
    {"smep", 0x7, 0, EBX, 7, false},
    {"bmi2", 0x7, 0, EBX, 8, false},
    {"erms", 0x7, 0, EBX, 9, false},
    {"invpcid", 0x7, 0, EBX, 10, false},
    {"rtm", 0x7, 0, EBX, 11, false},
    {"avx512f", 0x7, 0, EBX, 16, false},
    {"avx512dq", 0x7, 0, EBX, 17, false},
    {"rdseed", 0x7, 0, EBX, 18, false},
    {"adx", 0x7, 0, EBX, 19, false},
    {"smap", 0x7, 0, EBX, 20, false},
    {"clflushopt", 0x7, 0, EBX, 23, false},
    {"clwb", 0x7, 0, EBX, 24, false},
    {"avx512cd", 0x7, 0, EBX, 28, false},
    {"sha_ni", 0x7, 0, EBX, 29, false},
    {"avx512bw", 0x7, 0, EBX, 30, false},
    {"avx512vl", 0x7, 0, EBX, 31, false},
    {"umip", 0x7, 0, ECX, 2, false},
    {"pku", 0x7, 0, ECX, 3, false},
    {"waitpkg", 0x7, 0, ECX, 5, false},
    {"shstk", 0x7, 0, ECX, 7, false},
    {"gfni", 0x7, 0, ECX, 8, false},
    {"vaes", 0x7, 0, ECX, 9, false},
    {"vpclmulqdq", 0x7, 0, ECX, 10, false},
    {"la57", 0x7, 0, ECX, 16, false},
    {"rdpid", 0x7, 0, ECX, 22, false},
    {"fsrm", 0x7, 0, EDX, 4, false},
    {"serialize", 0x7, 0, EDX, 14, false},
    {"ibt", 0x7, 0, EDX, 20, false},
    {"amx_bf16", 0x7, 0, EDX, 22, false},
    {"amx_tile", 0x7, 0, EDX, 24, false},
    {"amx_int8", 0x7, 0, EDX, 25, false},
    {"spec_ctrl", 0x7, 0, EDX, 26, false},
    {"avx_vnni", 0x7, 1, EAX, 4, false},
    {"xsaveopt", 0xd, 1, EAX, 0, false},
    {"xsavec", 0xd, 1, EAX, 1, false},
    {"xsaves", 0xd, 1, EAX, 3, false},
    {"lahf_lm", 0x80000001, 0, ECX, 0, false},
    {"abm", 0x80000001, 0, ECX, 5, false},
    {"syscall", 0x80000001, 0, EDX, 11, true},
    {"nx", 0x80000001, 0, EDX, 20, false},
    {"pdpe1gb", 0x80000001, 0, EDX, 26, false},
    {"rdtscp", 0x80000001, 0, EDX, 27, false},
    {"lm", 0x80000001, 0, EDX, 29, true},
    {"invariant_tsc", 0x80000007, 0, EDX, 8, false},
};

const size_t config_cpuid_feature_count = ARRAY_SIZE(config_cpuid_features);

const struct config_cpuid_feature *config_cpuid_find_bit(uint32_t leaf, uint32_t subleaf,
                                                         uint8_t reg, uint8_t bit)
{
    for (size_t i = 0; i < config_cpuid_feature_count; i++) {
        const struct config_cpuid_feature *f = &config_cpuid_features[i];
        if (f->leaf == leaf && f->subleaf == subleaf && f->reg == reg && f->bit == bit) {
            return f;
        }
    }
    return NULL;
}

/* Copies text up to one of `ends` into a small buffer; returns what follows, NULL if too long. */
static const char *take_part(const char *text, const char *ends, char part[16])
{
    size_t length = 0;
    while (text[length] != '\0' && strchr(ends, text[length]) == NULL) {
        if (length == 15) {
            return NULL;
        }
        part[length] = text[length];
        length++;
    }
    part[length] = '\0';
    return text + length;
}

static bool take_u32(const char **text, const char *ends, uint32_t max, uint32_t *number)
{
    char part[16];
    uint64_t value;
    const char *end = take_part(*text, ends, part);
    if (end == NULL || !config_parse_number(part, &value) || value > max) {
        return false;
    }
    *number = (uint32_t)value;
    *text = end;
    return true;
}

static bool take_register(const char **text, uint8_t *reg)
{
    static const char *const names[] = {"eax", "ebx", "ecx", "edx"};
    for (uint8_t i = 0; i < 4; i++) {
        if (strncmp(*text, names[i], 3) == 0) {
            *reg = i;
            *text += 3;
            return true;
        }
    }
    return false;
}

/* "[HIGH]" or "[HIGH:LOW]" up to the text's end. */
static bool parse_bits(const char *text, uint32_t *mask)
{
    uint32_t high;
    text++;
    if (!take_u32(&text, ":]", 31, &high)) {
        return false;
    }
    uint32_t low = high;
    if (*text == ':') {
        text++;
        if (!take_u32(&text, "]", high, &low)) {
            return false;
        }
    }
    *mask = (uint32_t)MASK(high, low);
    return text[0] == ']' && text[1] == '\0';
}

bool config_parse_cpuid(const char *text, struct vm_cpuid_hide *hide)
{
    *hide = (struct vm_cpuid_hide){.mask = UINT32_MAX};
    if (!take_u32(&text, ".:", UINT32_MAX, &hide->leaf)) {
        return false;
    }
    if (*text == '.') {
        text++;
        if (!take_u32(&text, ":", UINT32_MAX, &hide->subleaf)) {
            return false;
        }
    }
    if (*text != ':') {
        return false;
    }
    text++;
    if (!take_register(&text, &hide->reg)) {
        return false;
    }
    return *text == '\0' || (*text == '[' && parse_bits(text, &hide->mask));
}
