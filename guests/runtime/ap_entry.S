/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CPU executes after its start-up IPI. smp.c copies it to a page below 1 MiB and fills in
 * the three values at the page's end; one CPU at a time uses it.
 *
 * 1. Found: real mode, CS:IP = page:0000, everything else as after INIT.
 * 2. Goes straight to 64-bit mode on the boot processor's page tables.
 * 3. Calls the function in TRAMPOLINE_MAIN on the stack in TRAMPOLINE_STACK.
 */
#include "guests/runtime/layout.h"

    .section .rodata
    .code16
    .globl ap_trampoline_start, ap_trampoline_end
ap_trampoline_start:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    xorl %ebx, %ebx
    movw %ax, %bx
    shll $4, %ebx /* EBX: address of the page */
    leal (ap_gdt - ap_trampoline_start)(%ebx), %eax
    movl %eax, ap_gdt_pointer - ap_trampoline_start + 2
    leal (ap_entry64 - ap_trampoline_start)(%ebx), %eax
    movl %eax, ap_target - ap_trampoline_start

    movl $CR4_PAE, %eax
    movl %eax, %cr4
    movl TRAMPOLINE_CR3, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    lgdtl ap_gdt_pointer - ap_trampoline_start
    movl $(CR0_PG | CR0_WP | CR0_NE | CR0_PE), %eax
    movl %eax, %cr0
    ljmpl *(ap_target - ap_trampoline_start)

    .code64
ap_entry64:
    movl $SEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movq TRAMPOLINE_STACK(%rbx), %rsp
    xorl %ebp, %ebp
    call *TRAMPOLINE_MAIN(%rbx)
1:  cli
    hlt
    jmp 1b

    .balign 8
ap_target:
    .long 0
    .word SEL_CODE64
    .balign 8
ap_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00af9b000000ffff
ap_gdt_pointer:
    .word . - ap_gdt - 1
    .long 0
ap_trampoline_end:

    .section .note.GNU-stack, "", @progbits
