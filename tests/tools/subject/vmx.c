/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least VMX that makes exits of a known number, so that a test can compare
 * what Bochs's hooks count. The guest shares everything with its host: address
 * space, segments, stack. Part of the test subject; teaches nothing about how
 * Bulkhead does it.
 */
#include <efi.h>
#include <efilib.h>
#include <stdbool.h>

#include "subject.h"

#define MSR_IA32_FEATURE_CONTROL     0x3a
#define FEATURE_CONTROL_LOCKED_VMXON 5
#define MSR_IA32_VMX_BASIC           0x480
#define MSR_IA32_VMX_PINBASED_CTLS   0x481
#define MSR_IA32_VMX_PROCBASED_CTLS  0x482
#define MSR_IA32_VMX_EXIT_CTLS       0x483
#define MSR_IA32_VMX_ENTRY_CTLS      0x484
#define MSR_IA32_FS_BASE             0xc0000100
#define MSR_IA32_GS_BASE             0xc0000101
#define CR4_VMXE                     (1ULL << 13)
#define CR0_NE                       (1ULL << 5)
#define EXIT_HOST_64                 (1U << 9)
#define ENTRY_GUEST_64               (1U << 9)
#define EXIT_REASON_CPUID            10

#define VMCS_GUEST_RIP               0x681e
#define VMCS_EXIT_REASON             0x4402
#define VMCS_EXIT_INSTRUCTION_LENGTH 0x440c

#define AR_CODE64                    0xa09b
#define AR_DATA                      0xc093
#define AR_TSS_BUSY                  0x8b
#define AR_UNUSABLE                  0x10000
#define LIMIT_ALL                    0xffffffff
#define HOST_TR_ANY                  8

struct table_register {
    UINT16 limit;
    UINT64 base;
} __attribute__((packed));

struct field {
    UINT64 encoding;
    UINT64 value;
};

extern char subject_guest[];
extern UINT32 subject_guest_count;
UINT64 subject_vmx_enter(UINT64 launched);

/*
 * subject_vmx_enter: saves what the ABI asks for, points the VMCS's host RSP
 * (0x6c14) and RIP (0x6c16) here, enters; returns 0 after an exit, 1 when the
 * entry failed. The guest counts in memory, as registers belong to both.
 */
__asm__(".text\n"
        "subject_vmx_enter:\n"
        "	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "	mov $0x6c14, %eax; vmwrite %rsp, %rax\n"
        "	lea 2f(%rip), %rcx; mov $0x6c16, %eax; vmwrite %rcx, %rax\n"
        "	test %rdi, %rdi; jnz 1f\n"
        "	vmlaunch; jmp 3f\n"
        "1:	vmresume\n"
        "3:	mov $1, %eax; jmp 4f\n"
        "2:	xor %eax, %eax\n"
        "4:	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"
        "subject_guest:\n"
        "	cpuid\n"
        "	decl subject_guest_count(%rip); jnz subject_guest\n"
        "	vmcall\n"
        ".data\n"
        "subject_guest_count: .long 0\n"
        ".text\n");

static UINT64 msr_read(UINT32 index)
{
    UINT32 low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return (UINT64)high << 32 | low;
}

static void msr_write(UINT32 index, UINT64 value)
{
    __asm__ volatile("wrmsr" : : "c"(index), "a"((UINT32)value), "d"((UINT32)(value >> 32)));
}

/* What the processor insists on, and `wanted`. */
static UINT64 controls(UINT32 msr, UINT32 wanted)
{
    const UINT64 allowed = msr_read(msr);

    return ((UINT32)allowed | wanted) & (allowed >> 32);
}

static UINT64 vmread(UINT64 field)
{
    UINT64 value;

    __asm__ volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
    return value;
}

static void vmwrite(UINT64 field, UINT64 value)
{
    __asm__ volatile("vmwrite %1, %0" : : "r"(field), "r"(value) : "cc");
}

/* One zeroed page with the VMCS revision at its start. */
static UINT64 region_make(void)
{
    EFI_PHYSICAL_ADDRESS page = 0xffffffff;

    BS->AllocatePages(AllocateMaxAddress, EfiLoaderData, 1, &page);
    ZeroMem((void *)page, 4096);
    *(UINT32 *)page = (UINT32)msr_read(MSR_IA32_VMX_BASIC) & 0x7fffffff;
    return page;
}

static void vmcs_fill(void)
{
    struct table_register gdt, idt;
    UINT64 cr0, cr3, cr4, cs, ss, fs = msr_read(MSR_IA32_FS_BASE), gs = msr_read(MSR_IA32_GS_BASE);

    __asm__ volatile("sgdt %0; sidt %1" : "=m"(gdt), "=m"(idt));
    __asm__ volatile("mov %%cr0, %0; mov %%cr3, %1; mov %%cr4, %2"
                     : "=r"(cr0), "=r"(cr3), "=r"(cr4));
    __asm__ volatile("mov %%cs, %0; mov %%ss, %1" : "=r"(cs), "=r"(ss));
    const struct field fields[] = {
        {0x4000, controls(MSR_IA32_VMX_PINBASED_CTLS, 0)},
        {0x4002, controls(MSR_IA32_VMX_PROCBASED_CTLS, 0)},
        {0x400c, controls(MSR_IA32_VMX_EXIT_CTLS, EXIT_HOST_64)},
        {0x4012, controls(MSR_IA32_VMX_ENTRY_CTLS, ENTRY_GUEST_64)},
        {0x2800, ~0ULL}, /* link pointer */
        {0x0800, ss},
        {0x0802, cs},
        {0x0804, ss},
        {0x0806, ss},
        {0x0808, ss},
        {0x080a, ss},
        {0x080c, 0},
        {0x080e, HOST_TR_ANY},
        {0x4800, LIMIT_ALL},
        {0x4802, LIMIT_ALL},
        {0x4804, LIMIT_ALL},
        {0x4806, LIMIT_ALL},
        {0x4808, LIMIT_ALL},
        {0x480a, LIMIT_ALL},
        {0x480c, 0},
        {0x480e, 0x67},
        {0x4810, gdt.limit},
        {0x4812, idt.limit},
        {0x4814, AR_DATA},
        {0x4816, AR_CODE64},
        {0x4818, AR_DATA},
        {0x481a, AR_DATA},
        {0x481c, AR_DATA},
        {0x481e, AR_DATA},
        {0x4820, AR_UNUSABLE},
        {0x4822, AR_TSS_BUSY},
        {0x6800, cr0},
        {0x6802, cr3},
        {0x6804, cr4},
        {0x680e, fs},
        {0x6810, gs},
        {0x6816, gdt.base},
        {0x6818, idt.base},
        {0x681a, 0x400},
        {0x6820, 2},
        {VMCS_GUEST_RIP, (UINT64)subject_guest},
        {0x0c00, ss},
        {0x0c02, cs},
        {0x0c04, ss},
        {0x0c06, ss},
        {0x0c08, ss},
        {0x0c0a, ss},
        {0x0c0c, HOST_TR_ANY},
        {0x6c00, cr0},
        {0x6c02, cr3},
        {0x6c04, cr4},
        {0x6c06, fs},
        {0x6c08, gs},
        {0x6c0c, gdt.base},
        {0x6c0e, idt.base},
    };

    for (UINTN i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        vmwrite(fields[i].encoding, fields[i].value);
}

bool vmx_exits_provoke(unsigned count)
{
    const UINT64 on = region_make(), vmcs = region_make();
    UINT64 cr0, cr4;

    __asm__ volatile("cli; mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_VMXE));
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %0, %%cr0" : : "r"(cr0 | CR0_NE));
    if (!(msr_read(MSR_IA32_FEATURE_CONTROL) & 1))
        msr_write(MSR_IA32_FEATURE_CONTROL, FEATURE_CONTROL_LOCKED_VMXON);
    __asm__ volatile("vmxon %0; vmclear %1; vmptrld %1" : : "m"(on), "m"(vmcs) : "cc", "memory");
    vmcs_fill();
    subject_guest_count = count;
    for (UINT64 launched = 0; !subject_vmx_enter(launched); launched = 1) {
        if ((UINT16)vmread(VMCS_EXIT_REASON) != EXIT_REASON_CPUID)
            return !(vmread(VMCS_EXIT_REASON) >> 31);
        vmwrite(VMCS_GUEST_RIP, vmread(VMCS_GUEST_RIP) + vmread(VMCS_EXIT_INSTRUCTION_LENGTH));
    }
    return false;
}
