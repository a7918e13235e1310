/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities as Bochs 3.0's models report them (read in the emulator by a small ROM), for tests
 * of the feature check and of what follows from it.
 */
#ifndef TESTS_UNIT_VMX_BOCHS_CAPS_H
#define TESTS_UNIT_VMX_BOCHS_CAPS_H

#include "vmx/features.h"

static const struct vmx_caps bochs_haswell_4770 = {
    .vendor = CPU_VENDOR_INTEL,
    .vendor_name = "GenuineIntel",
    .model_name = "Intel(R) Core(TM) i7-4770 CPU @ 3.40GHz",
    .signature = 0x000306c3,
    .physical_bits = 40,
    .linear_bits = 48,
    .cpuid_max = 0xd,
    .cpuid_1_ecx = 0x77faf3bf,
    .cpuid_1_edx = 0xbfebfbff,
    .cpuid_7_ebx = 0x000027ab,
    .cpuid_d_1_eax = 0x1,
    .cpuid_80000001_ecx = 0x121,
    .cpuid_80000001_edx = 0x2c100800,
    .cpuid_80000007_edx = 0x100,
    .feature_control = 0x5,
    .vmx_basic = 0x00d810000000002b,
    .vmx_misc = 0x200401e0,
    .cr0_fixed0 = 0x80000021,
    .cr0_fixed1 = 0xffffffff,
    .cr4_fixed0 = 0x2000,
    .cr4_fixed1 = 0x1727ff,
    .ept_vpid_cap = 0x00000f0106334141,
    .vmfunc = 0x1,
    .pinbased = 0x0000007f00000016,
    .procbased = 0xfff9fffe04006172,
    .procbased2 = 0x00047fff00000000,
    .exit = 0x407fffff00036dfb,
    .entry = 0x0000ffff000011fb,
};

static const struct vmx_caps bochs_skylake_x = {
    .vendor = CPU_VENDOR_INTEL,
    .vendor_name = "GenuineIntel",
    .model_name = "Intel(R) Core(TM) i7-7800X CPU @ 3.50GHz",
    .signature = 0x00050654,
    .physical_bits = 40,
    .linear_bits = 48,
    .cpuid_max = 0x16,
    .cpuid_1_ecx = 0x77faf3bf,
    .cpuid_1_edx = 0xbfebfbff,
    .cpuid_7_ebx = 0xd19f27eb,
    .cpuid_d_1_eax = 0xf,
    .cpuid_80000001_ecx = 0x121,
    .cpuid_80000001_edx = 0x2c100800,
    .cpuid_80000007_edx = 0x100,
    .feature_control = 0x5,
    .vmx_basic = 0x00d810000000002b,
    .vmx_misc = 0x600401e0,
    .cr0_fixed0 = 0x80000021,
    .cr0_fixed1 = 0xffffffff,
    .cr4_fixed0 = 0x2000,
    .cr4_fixed1 = 0x3727ff,
    .ept_vpid_cap = 0x00000f0106734141,
    .vmfunc = 0x1,
    .pinbased = 0x000000ff00000016,
    .procbased = 0xfff9fffe04006172,
    .procbased2 = 0x02577fff00000000,
    .exit = 0x407fffff00036dfb,
    .entry = 0x0000ffff000011fb,
};

#endif
