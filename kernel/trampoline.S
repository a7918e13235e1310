/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a processor begins after SIPI: copied to a page below 1 MiB by kernel/smp.c, which fills in
 * the mailbox at its end. Position-independent: CS = page >> 4, IP = 0.
 * 1. Real mode -> long mode in one step (SDM "Initializing IA-32e Mode"), with the tables of
 *    memory_trampoline_tables(): this page at its own address, the kernel in the upper half.
 * 2. Takes its stack and its struct percpu from the mailbox: one processor at a time, because the
 *    next SIPI is sent only when this one has set its state.
 * 3. Calls smp_cpu_main(struct percpu *), which never returns.
 */
#include "kernel/trampoline.h"

        .section .rodata.trampoline, "a"
        .globl  trampoline_start
        .globl  trampoline_end
        .code16
trampoline_start:
        cli
        cld
        movw    %cs, %ax
        movw    %ax, %ds
        movzwl  %ax, %ebx
        shll    $4, %ebx                        /* EBX: address of this page */

        leal    (gdt - trampoline_start)(%ebx), %eax
        movl    %eax, (gdtr - trampoline_start + 2)
        leal    (long_mode - trampoline_start)(%ebx), %eax
        movl    %eax, (far_pointer - trampoline_start)
        lgdtl   (gdtr - trampoline_start)

        movl    %cr4, %eax
        orl     $0x20, %eax                     /* CR4.PAE */
        movl    %eax, %cr4
        movl    (TRAMPOLINE_CR3), %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx               /* IA32_EFER: LME, NXE */
        rdmsr
        orl     $0x900, %eax
        wrmsr
        movl    $0x80010033, %eax               /* CR0: PG WP NE ET MP PE; caches on */
        movl    %eax, %cr0
        ljmpl   *(far_pointer - trampoline_start)

        .code64
long_mode:
        xorl    %eax, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %ebx, %ebx
        movq    TRAMPOLINE_STACK(%rbx), %rsp
        movq    TRAMPOLINE_PERCPU(%rbx), %rdi
        movq    TRAMPOLINE_ENTRY(%rbx), %rax
        xorl    %ebp, %ebp
        pushq   $0                              /* ends backtraces */
        jmp     *%rax

        .balign 8
gdt:
        .quad   0
        .quad   0x00af9b000000ffff              /* 64-bit code */
gdtr:
        .word   15
        .long   0                               /* address of gdt */
        .balign 4
far_pointer:
        .long   0                               /* address of long_mode */
        .word   8
trampoline_end:
        .section .note.GNU-stack, "", @progbits
