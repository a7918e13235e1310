/* SPDX-License-Identifier: Apache-2.0 */
/* Control registers and MSRs of root mode; see the header. Runs on every CPU. */
#include "kernel/cpu_init.h"

#include "drivers/lapic.h"
#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/layout.h"
#include "kernel/memory.h"
#include "kernel/msr.h"
#include "kernel/printf.h"
#include "kernel/window.h"

/* CR4 bits that are set when CPUID leaf 7 has the feature. */
static const struct {
    uint64_t cr4;
    bool in_ecx; /* bit is in ECX of leaf 7, else EBX */
    uint32_t bit;
    const char *name;
} protections[] = {
    {CR4_SMEP, false, BIT(7), "SMEP"},
    {CR4_SMAP, false, BIT(20), "SMAP"},
    {CR4_UMIP, true, BIT(2), "UMIP"},
    /* Guards nothing here, where no user page exists: for RDPKRU on behalf of guests. */
    {CR4_PKE, true, BIT(3), "PKE"},
};

struct percpu *percpu_create(uint32_t index, uint32_t apic_id)
{
    _Static_assert(sizeof(struct percpu) <= PAGE_SIZE, "one page is allocated");
    struct percpu *cpu = memory_alloc_pages(1);
    uint64_t ist[IST_COUNT];
    for (unsigned i = 0; i < IST_COUNT; i++) {
        ist[i] = (uintptr_t)memory_alloc_stack(IST_STACK_SIZE);
    }
    descriptors_init(&cpu->tables, ist);
    cpu->self = cpu;
    cpu->index = index;
    cpu->apic_id = apic_id;
    cpu->stack_top = memory_alloc_stack(CPU_STACK_SIZE);
    cpu->vmxon_region = memory_alloc_pages(1);
    window_init(cpu);
    return cpu;
}

static uint64_t protection_bits(void)
{
    uint64_t cr4 = 0;
    if (cpu_cpuid(0, 0).eax < 7) {
        return 0;
    }
    struct cpuid_result leaf = cpu_cpuid(7, 0);
    for (size_t i = 0; i < ARRAY_SIZE(protections); i++) {
        uint32_t reg = protections[i].in_ecx ? leaf.ecx : leaf.ebx;
        if (reg & protections[i].bit) {
            cr4 |= protections[i].cr4;
        }
    }
    return cr4;
}

/* XSETBV is executed here on behalf of guests. */
static uint64_t xsave_bit(void)
{
    return (cpu_cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE) ? CR4_OSXSAVE : 0;
}

void cpu_init(struct percpu *cpu)
{
    cpu_wrmsr(MSR_IA32_EFER, cpu_rdmsr(MSR_IA32_EFER) | EFER_NXE);
    cpu_write_cr0((cpu_read_cr0() | CR0_WP | CR0_NE | CR0_MP) & ~(CR0_AM | CR0_TS | CR0_EM));
    cpu_write_cr4(CR4_PAE | CR4_MCE | CR4_PGE | xsave_bit() | protection_bits());
    cpu_wrmsr(MSR_IA32_PAT, HOST_PAT);
    cpu_write_cr3(cpu_read_cr3());
    descriptors_load(&cpu->tables);
    cpu_wrmsr(MSR_IA32_FS_BASE, 0);
    cpu_wrmsr(MSR_IA32_GS_BASE, (uintptr_t)cpu);
    lapic_enable();
}

void cpu_protection_names(char *buf, size_t size)
{
    uint64_t cr4 = cpu_read_cr4();
    int used = ksnprintf(buf, size, "NX WP");
    for (size_t i = 0; i < ARRAY_SIZE(protections) && (size_t)used < size; i++) {
        if (cr4 & protections[i].cr4) {
            used += ksnprintf(buf + used, size - (size_t)used, " %s", protections[i].name);
        }
    }
}
