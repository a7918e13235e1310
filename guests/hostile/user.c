/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks from CPL 3: privileged instructions, hypercalls, ports and unaligned accesses by code
 * that the guest's own kernel does not trust. An exit must not help it past the kernel's checks.
 */
#include <stddef.h>

#include "guests/hostile/attack.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/hypercall.h"
#include "guests/runtime/layout.h"
#include "guests/runtime/memory.h"
#include "guests/runtime/percpu.h"
#include "guests/runtime/trap.h"
#include "kernel/string.h"

#define CODE_SIZE 16
#define FILLER    0xcc
#define ANY       (-2)
#define TRAP_AC   17
#define EFLAGS_AC (1 << 18)
#define CR0_AM    (1 << 18)

struct row {
    const char *name;
    uint8_t length;
    uint8_t code[CODE_SIZE];
    int vector; /* that must end it, or ANY */
};

static const struct row rows[] = {
    {"hlt", 1, {0xf4}, TRAP_GP},
    {"cli", 1, {0xfa}, TRAP_GP},
    {"out", 2, {0xe6, 0xed}, TRAP_GP},
    {"in", 2, {0xe4, 0xed}, TRAP_GP},
    {"rdmsr", 2, {0x0f, 0x32}, TRAP_GP},
    {"wrmsr", 2, {0x0f, 0x30}, TRAP_GP},
    {"mov cr0", 3, {0x0f, 0x20, 0xc0}, TRAP_GP},
    {"mov cr3", 3, {0x0f, 0x22, 0xd8}, TRAP_GP},
    {"mov dr7", 3, {0x0f, 0x23, 0xf8}, TRAP_GP},
    {"wbinvd", 2, {0x0f, 0x09}, TRAP_GP},
    {"invd", 2, {0x0f, 0x08}, TRAP_GP},
    {"invlpg", 3, {0x0f, 0x01, 0x3f}, TRAP_GP},
    {"xsetbv", 3, {0x0f, 0x01, 0xd1}, ANY},
    {"lgdt", 3, {0x0f, 0x01, 0x17}, TRAP_GP},
    {"ltr", 3, {0x0f, 0x00, 0xd8}, TRAP_GP},
    {"cpuid", 3, {0x0f, 0xa2, 0xf1}, TRAP_DB},
    {"rdtsc", 3, {0x0f, 0x31, 0xcc}, ANY},
    {"rdpmc", 2, {0x0f, 0x33}, ANY},
    {"monitor", 3, {0x0f, 0x01, 0xc8}, ANY},
    {"vmxon", 4, {0xf3, 0x0f, 0xc7, 0x37}, ANY},
    {"vmread", 3, {0x0f, 0x78, 0xc1}, ANY},
    {"vmcall version", 6, {0x31, 0xc0, 0x0f, 0x01, 0xc1, 0xcc}, ANY},
    {"vmcall power-off", 9, {0xb8, 3, 0, 0, 0, 0x0f, 0x01, 0xc1, 0xcc}, ANY},
    {"vmcall restart", 9, {0xb8, 4, 0, 0, 0, 0x0f, 0x01, 0xc1, 0xcc}, ANY},
    {"unaligned read", 3, {0x8b, 0x47, 0x01}, TRAP_AC},
    {"unaligned write", 3, {0x89, 0x47, 0x01}, TRAP_AC},
    {"unaligned push", 5, {0x48, 0x83, 0xec, 0x03, 0x50}, TRAP_AC},
    {"int 0x20", 2, {0xcd, 0x20}, TRAP_GP},
    {"int3", 1, {0xcc}, TRAP_GP}, /* its gate is the kernel's */
    {"icebp", 1, {0xf1}, TRAP_DB},
    {"syscall", 2, {0x0f, 0x05}, ANY},
    {"sysenter", 2, {0x0f, 0x34}, ANY},
};

static void enter_user(void *argument)
{
    uint64_t entry = (uint64_t)argument;
    uint64_t stack = entry + 4096 - 256;
    __asm__ volatile("xorl %%eax, %%eax\n\t"
                     "xorl %%ecx, %%ecx\n\t"
                     "xorl %%edx, %%edx\n\t"
                     "pushq %[ss]\n\t"
                     "pushq %[stack]\n\t"
                     "pushq %[flags]\n\t"
                     "pushq %[cs]\n\t"
                     "pushq %[entry]\n\t"
                     "iretq"
                     :
                     : [ss] "i"(SEL_USERDATA | 3), [stack] "r"(stack), [flags] "i"(EFLAGS_AC | 2),
                       [cs] "i"(SEL_USER64 | 3), [entry] "r"(entry), "D"(stack), "S"(stack)
                     : "rax", "rcx", "rdx", "memory");
}

static void run_user(uint64_t number)
{
    const struct row *row = &rows[number % (sizeof(rows) / sizeof(rows[0]))];
    uint64_t page = (uint64_t)attack_scratch;
    memset(attack_scratch, FILLER, 4096);
    memcpy(attack_scratch, row->code, row->length);
    void *entry = memory_window(0, page | PTE_PRESENT | PTE_WRITE | PTE_USER);
    uint64_t cr0 = cpu_read_cr0();
    cpu_write_cr0(cr0 | CR0_AM);
    int vector = attack_try(enter_user, entry);
    cpu_write_cr0(cr0);
    memory_window(0, 0);
    if (row->vector != ANY && vector != row->vector) {
        attack_suspect(row->name, cpu_this()->fault_rip, (uint64_t)vector);
    }
}

static const struct attack table[] = {
    {"user-privileged", "an exit does not help CPL 3 past its kernel's checks", run_user, 4},
};

const struct attack_list attacks_user = {table, sizeof(table) / sizeof(table[0])};
