/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the firmware's world into a guest's. Position-independent; runs below 4 GiB, where the
 * firmware loads applications, because native_enter_prot32() turns paging off under itself.
 *
 * 1. native_leave_firmware: new page tables, stack in .bss, no way back.
 * 2. native_enter_*: the start states of Multiboot 1 and PVH, and of Linux's 64-bit protocol. What
 *    the protocols leave open is zero, except that 32-bit guests find EBP and ESP used.
 */
#define REG_RIP 0
#define REG_RSP 8
#define REG_RAX 16
#define REG_RBX 24
#define REG_RSI 32
#define REG_CR3 40
#define REG_GDT 54
#define REG_CS  64
#define REG_DS  72

#define STACK_SIZE 16384
#define CR0_START  0x31 /* ET, NE, PE */
#define CR0_LONG   0x80000031
#define CR4_PAE    0x20
#define MSR_EFER   0xc0000080
#define EFER_LONG  0x500 /* LMA, LME */
#define EFLAGS     0x2

    .text
    .globl native_leave_firmware
    .hidden native_leave_firmware
    .type native_leave_firmware, @function
native_leave_firmware:
    cli
    cld
    movq %cr4, %rax
    andb $0x7f, %al /* CR4.PGE: the firmware's global pages go away */
    movq %rax, %cr4
    movq %rdi, %cr3
    leaq native_stack_top(%rip), %rsp
    xorl %ebp, %ebp
    call *%rsi
    ud2
    .size native_leave_firmware, . - native_leave_firmware

    .globl native_enter_prot32
    .hidden native_enter_prot32
    .type native_enter_prot32, @function
native_enter_prot32:
    leaq native_gdt(%rip), %rax
    movq %rax, native_gdt_pointer + 2(%rip)
    lgdt native_gdt_pointer(%rip)
    leaq native_stack_top(%rip), %rsp
    movq %rdi, %rbp
    leaq 1f(%rip), %rax
    pushq $0x08
    pushq %rax
    lretq
    .code32
1:  movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movl $CR0_START, %eax
    movl %eax, %cr0
    movl $MSR_EFER, %ecx
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
    movl %eax, %cr4
    movl %eax, %cr3
    xorl %ecx, %ecx
    xorl %edi, %edi
    movl REG_RAX(%ebp), %eax
    movl REG_RBX(%ebp), %ebx
    movl REG_RSI(%ebp), %esi
    jmp *REG_RIP(%ebp)
    .code64
    .size native_enter_prot32, . - native_enter_prot32

    .globl native_enter_long64
    .hidden native_enter_long64
    .type native_enter_long64, @function
native_enter_long64:
    movq REG_CR3(%rdi), %rax
    movq %rax, %cr3
    movl $CR0_LONG, %eax
    movq %rax, %cr0
    movl $CR4_PAE, %eax
    movq %rax, %cr4
    movl $MSR_EFER, %ecx
    movl $EFER_LONG, %eax
    xorl %edx, %edx
    wrmsr
    lgdt REG_GDT(%rdi)
    movl REG_DS(%rdi), %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    leaq native_stack_top(%rip), %rsp
    pushq REG_DS(%rdi)
    pushq REG_RSP(%rdi)
    pushq $EFLAGS
    pushq REG_CS(%rdi)
    pushq REG_RIP(%rdi)
    movq REG_RAX(%rdi), %rax
    movq REG_RBX(%rdi), %rbx
    movq REG_RSI(%rdi), %rsi
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %ebp, %ebp
    xorl %edi, %edi
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    iretq
    .size native_enter_long64, . - native_enter_long64

    .data
    .balign 8
native_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff
    .quad 0x00cf93000000ffff
native_gdt_pointer:
    .word . - native_gdt - 1
    .quad 0

    .bss
    .balign 16
    .skip STACK_SIZE
native_stack_top:

    .section .note.GNU-stack, "", @progbits
