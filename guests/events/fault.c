/* SPDX-License-Identifier: Apache-2.0 */
/* What faults and what does not, what CPUID says, what hypercalls refuse, what the APIC shows. */
#include <stddef.h>

#include "guests/events/events.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"

#define CR0_NE_BIT   (UINT64_C(1) << 5)
#define CR0_CD_BIT   (UINT64_C(1) << 30)
#define CR4_RESERVED (UINT64_C(1) << 31)
#define CR4_VMXE     (UINT64_C(1) << 13)
#define NONE         (-1)

struct code {
    const char *name;
    uint8_t bytes[8];
    int vector;
};

static const struct code codes[] = {
    {"rdpmc", {0x0f, 0x33, 0xc3}, TRAP_GP},
    {"monitor", {0x0f, 0x01, 0xc8, 0xc3}, TRAP_UD},
    {"mwait", {0x0f, 0x01, 0xc9, 0xc3}, TRAP_UD},
    {"vmxoff", {0x0f, 0x01, 0xc4, 0xc3}, TRAP_UD},
    {"vmlaunch", {0x0f, 0x01, 0xc2, 0xc3}, TRAP_UD},
    {"vmread", {0x0f, 0x78, 0xc1, 0xc3}, TRAP_UD},
    {"invept", {0x66, 0x0f, 0x38, 0x80, 0x07, 0xc3}, TRAP_UD},
    {"getsec", {0x0f, 0x37, 0xc3}, TRAP_UD},
    {"invd", {0x0f, 0x08, 0xc3}, NONE},
    {"wbinvd", {0x0f, 0x09, 0xc3}, NONE},
    {"pause", {0xf3, 0x90, 0xc3}, NONE},
};

static void call_code(void *argument)
{
    uint64_t rdi = (uint64_t)argument;
    __asm__ volatile("callq *%%rax" : "+D"(rdi) : "a"(argument), "c"(0), "d"(0) : "memory", "cc");
}

static bool instructions(void)
{
    bool good = true;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        int vector = guard_call(call_code, (void *)(uint64_t)codes[i].bytes);
        good &= check_same(codes[i].name, (uint64_t)(int64_t)vector,
                           (uint64_t)(int64_t)codes[i].vector);
    }
    return good;
}

static void set_cr0(void *value)
{
    cpu_write_cr0(*(uint64_t *)value);
}

static void set_cr4(void *value)
{
    cpu_write_cr4(*(uint64_t *)value);
}

static bool cr0_bits(void)
{
    bool good = true;
    uint64_t old = cpu_read_cr0();
    const uint64_t bits[] = {CR0_NE_BIT, CR0_CD_BIT};
    for (size_t i = 0; i < 2; i++) {
        uint64_t value = old ^ bits[i];
        good &= guard_call(set_cr0, &value) == NONE && check_same("CR0", cpu_read_cr0(), value);
        cpu_write_cr0(old);
        good &= check_same("CR0", cpu_read_cr0(), old);
    }
    uint64_t high = old | UINT64_C(1) << 32;
    return good && check_same("CR0[32]", (uint64_t)guard_call(set_cr0, &high), TRAP_GP);
}

static bool cr4_bits(void)
{
    uint64_t old = cpu_read_cr4();
    uint64_t reserved = old | CR4_RESERVED;
    uint64_t vmxe = old | CR4_VMXE;
    return check_same("CR4[31]", (uint64_t)guard_call(set_cr4, &reserved), TRAP_GP) &&
           check_same("CR4.VMXE", (uint64_t)guard_call(set_cr4, &vmxe), TRAP_GP) &&
           check_same("CR4", cpu_read_cr4(), old);
}

static void set_xcr0(void *value)
{
    uint64_t v = *(uint64_t *)value;
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

static bool xsetbv(void)
{
    const uint64_t bad[] = {0, 2, 5, UINT64_C(1) << 63};
    uint64_t good = 3;
    uint64_t off = cpu_read_cr4();
    bool right =
        check_same("XSETBV without OSXSAVE", (uint64_t)guard_call(set_xcr0, &good), TRAP_UD);
    cpu_write_cr4(off | 1 << 18);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t value = bad[i];
        right &= check_same("XSETBV", (uint64_t)guard_call(set_xcr0, &value), TRAP_GP);
    }
    right &= guard_call(set_xcr0, &good) == NONE;
    cpu_write_cr4(off);
    return right;
}

/* Leaf 15H is a ratio of 32-bit numbers: as near as 50 parts in a million, and rounding. */
static bool check_near(const char *what, uint64_t found, uint64_t wanted)
{
    uint64_t difference = found > wanted ? found - wanted : wanted - found;
    return difference <= wanted / 20000 + 1 || check_same(what, found, wanted);
}

static bool cpuid_leaves(void)
{
    struct cpuid_result one = cpu_cpuid(1, 0);
    struct cpuid_result own = cpu_cpuid(BULKHEAD_CPUID_SIGNATURE, 0);
    struct cpuid_result rates = cpu_cpuid(0x15, 0);
    struct cpuid_result topology = cpu_cpuid(0xb, 1);
    bool good = check_same("hypervisor bit", one.ecx >> 31, 1) &&
                check_same("VMX bit", one.ecx & 1 << 5, 0) &&
                check_same("signature", own.ebx, BULKHEAD_SIGNATURE_EBX) &&
                check_same("last leaf", own.eax, BULKHEAD_CPUID_LAST) &&
                check_same("x2APIC id", topology.edx, cpu_this()->apic_id) &&
                check_same("initial APIC id", one.ebx >> 24, cpu_this()->apic_id) &&
                check_same("subleaf", topology.ecx & 0xff, 1);
    uint64_t hz = rates.eax == 0 ? 0 : (uint64_t)rates.ecx * rates.ebx / rates.eax;
    return good && check_near("TSC kHz of leaf 15H", hz / 1000, timing_tsc_hz() / 1000);
}

static bool hypercalls(void)
{
    static uint8_t room[4096];
    uint64_t end = memory_ram_end();
    return check_same("version", (uint64_t)hypercall(0, 0, 0, 0, 0, 0), BULKHEAD_ABI_VERSION) &&
           check_same("unknown", (uint64_t)-hypercall(99, 0, 0, 0, 0, 0), BULKHEAD_ENOSYS) &&
           check_same("manage", (uint64_t)-hypercall(0x100, 0, 0, 0, 0, 0), BULKHEAD_EPERM) &&
           check_same("high bits", (uint64_t)-hypercall(UINT64_C(1) << 32, 0, 0, 0, 0, 0),
                      BULKHEAD_EPERM) &&
           check_same("small", (uint64_t)-hypercall(1, (uint64_t)room, 7, 0, 0, 0),
                      BULKHEAD_EINVAL) &&
           check_same("beyond RAM", (uint64_t)-hypercall(1, end - 8, 16, 0, 0, 0),
                      BULKHEAD_EFAULT) &&
           check_same("nothing to print", (uint64_t)hypercall(2, end, 0, 0, 0, 0), 0);
}

static bool apic_registers(void)
{
    uint32_t id = apic_read(APIC_ID);
    bool good = check_same("APIC id", apic_is_x2apic() ? id : id >> 24, cpu_this()->apic_id);
    uint32_t version = apic_read(0x030);
    good &= (version & 0xff) >= 0x10 && (version >> 16 & 0xff) >= 5;
    apic_write(APIC_TPR, 0x20);
    good &= check_same("TPR", apic_read(APIC_TPR), 0x20);
    apic_write(APIC_TPR, 0);
    return good;
}

static const struct check table[] = {
    {"instructions", instructions},
    {"cr0", cr0_bits},
    {"cr4", cr4_bits},
    {"xsetbv", xsetbv},
    {"cpuid", cpuid_leaves},
    {"hypercalls", hypercalls},
    {"apic", apic_registers},
};

const struct check_list checks_fault = {table, sizeof(table) / sizeof(table[0])};
