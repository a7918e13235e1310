/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One inline function for each processor instruction that C cannot express. Root mode only.
 * rdmsr_safe/wrmsr_safe survive a #GP through the fix-up table (kernel/trap.c).
 */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include "kernel/types.h"

struct cpuid_result {
    uint32_t eax;
    uint32_t ebx;
    uint32_t ecx;
    uint32_t edx;
};

static inline struct cpuid_result cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

static inline uint64_t cpu_rdmsr(uint32_t msr)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void cpu_wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* Marks the instruction at label 1 as one that may fault: execution goes on at label 2, just
 * passed. */
#define FIXUP_ENTRY                                                                                \
    ".pushsection .fixup_table, \"a\"\n\t"                                                         \
    ".quad 1b, 2b\n\t"                                                                             \
    ".popsection\n\t"

/* Reads an MSR; false (and *value 0) when the processor answers with #GP. */
static inline bool cpu_rdmsr_safe(uint32_t msr, uint64_t *value)
{
    uint32_t low = 0;
    uint32_t high = 0;
    uint32_t failed = 1;
    __asm__ volatile("1: rdmsr\n\t"
                     "xorl %2, %2\n"
                     "2:\n\t" FIXUP_ENTRY
                     : "+a"(low), "+d"(high), "+r"(failed)
                     : "c"(msr));
    *value = failed ? 0 : (uint64_t)high << 32 | low;
    return !failed;
}

static inline bool cpu_wrmsr_safe(uint32_t msr, uint64_t value)
{
    uint32_t failed = 1;
    __asm__ volatile("1: wrmsr\n\t"
                     "xorl %0, %0\n"
                     "2:\n\t" FIXUP_ENTRY
                     : "+r"(failed)
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
    return !failed;
}

static inline uint64_t cpu_rdtsc(void)
{
    uint64_t low;
    uint64_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return high << 32 | low;
}

static inline uint64_t cpu_read_cr0(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr0(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_cr2(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr2(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr2" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_cr3(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr3(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_cr4(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr4(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

static inline uint64_t cpu_xgetbv(uint32_t index)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}

static inline void cpu_xsetbv(uint32_t index, uint64_t value)
{
    __asm__ volatile("xsetbv"
                     :
                     : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* False when the processor answers with #GP. */
static inline bool cpu_xsetbv_safe(uint32_t index, uint64_t value)
{
    uint32_t failed = 1;
    __asm__ volatile("1: xsetbv\n\t"
                     "xorl %0, %0\n"
                     "2:\n\t" FIXUP_ENTRY
                     : "+r"(failed)
                     : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
    return !failed;
}

static inline void cpu_invlpg(const void *address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void cpu_wbinvd(void)
{
    __asm__ volatile("wbinvd" : : : "memory");
}

/* Writes a line of the caches back to memory. */
static inline void cpu_flush_line(const volatile void *address)
{
    __asm__ volatile("clflush %0" : : "m"(*(const volatile char *)address) : "memory");
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause" : : : "memory");
}

/* Sleeps until an NMI (or INIT): interrupts are masked in root mode. */
static inline void cpu_halt(void)
{
    __asm__ volatile("hlt" : : : "memory");
}

/*
 * Lets NMIs through again after a VM exit that one of them caused: such an exit blocks them until
 * the next VM entry or IRET (SDM "Changes to Instruction Behavior in VMX Non-Root Operation",
 * "NMI Unblocking"). Needed before root mode sleeps. An NMI that waited is taken at once.
 */
static inline void cpu_unblock_nmis(void)
{
    uint64_t rsp, scratch;
    __asm__ volatile("movq %%rsp, %0\n\t"
                     "movl %%ss, %k1\n\t"
                     "pushq %1\n\t"
                     "pushq %0\n\t"
                     "pushfq\n\t"
                     "movl %%cs, %k1\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %1\n\t"
                     "pushq %1\n\t"
                     "iretq\n"
                     "1:"
                     : "=&r"(rsp), "=&r"(scratch)
                     :
                     : "memory");
}

static inline void cpu_disable_interrupts(void)
{
    __asm__ volatile("cli" : : : "memory");
}

#endif
