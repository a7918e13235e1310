/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attack_ac_loop(): leaves 64-bit mode and lets CPL 3 cause #AC whose delivery causes #AC. In
 * 64-bit mode the CPU aligns the stack first, so this needs 32-bit protected mode: interrupt gate
 * to a CPL 3 segment, so that the frame goes onto the user's own, unaligned stack.
 *
 * 1. Called in 64-bit mode below 4 GiB, one to one mapped. Does not return.
 * 2. Interrupts are off; the only exception expected is #AC, vector 17.
 */
#include "guests/runtime/layout.h"

#define CODE32   0x08
#define DATA     0x10
#define USER32   0x1b
#define USERDATA 0x23
#define TSS32    0x28
#define CR0_AM   0x40000
#define EFLAGS   0x40002 /* AC */
#define VECTOR   17

    .text
    .globl attack_ac_loop
    .type attack_ac_loop, @function
attack_ac_loop:
    cli
    lgdt ac_gdt_pointer(%rip)
    lidt ac_idt_pointer(%rip)
    pushq $CODE32
    leaq 1f(%rip), %rax
    pushq %rax
    lretq
    .code32
1:  movl $DATA, %eax
    movl %eax, %ss
    movl %eax, %ds
    movl %eax, %es
    movl $ac_stack_top, %esp
    movl %cr0, %eax
    andl $~CR0_PG, %eax
    movl %eax, %cr0
    movl $MSR_EFER, %ecx
    rdmsr
    andl $~EFER_LME, %eax
    wrmsr
    movl %cr0, %eax
    orl $CR0_AM, %eax
    movl %eax, %cr0

    /* The gate and the TSS descriptor, whose address parts the assembler cannot split. */
    movl $ac_handler, %eax
    movw %ax, ac_idt + 8 * VECTOR
    shrl $16, %eax
    movw %ax, ac_idt + 8 * VECTOR + 6
    movl $ac_tss, %eax
    movw %ax, ac_gdt + TSS32 + 2
    shrl $16, %eax
    movb %al, ac_gdt + TSS32 + 4
    movb %ah, ac_gdt + TSS32 + 7
    movl $TSS32, %eax
    ltr %ax

    pushl $USERDATA
    pushl $(ac_stack_top - 1025) /* unaligned */
    pushl $EFLAGS
    pushl $USER32
    pushl $ac_user
    iretl
ac_user:
    pushl %eax
    jmp ac_user
ac_handler:
    jmp ac_handler
    .code64
    .size attack_ac_loop, . - attack_ac_loop

    .data
    .balign 8
ac_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00cffb000000ffff
    .quad 0x00cff3000000ffff
    .quad 0x0000890000000067 /* TSS32; its base is filled in */
ac_gdt_pointer:
    .word . - ac_gdt - 1
    .quad ac_gdt
    .balign 8
ac_idt:
    .fill VECTOR, 8, 0
    .word 0, USER32, 0x8e00, 0
ac_idt_pointer:
    .word . - ac_idt - 1
    .quad ac_idt
    .balign 8
ac_tss:
    .long 0
    .long ac_stack_top
    .long DATA
    .fill 23, 4, 0

    .bss
    .balign 16
    .skip 4096
ac_stack_top:

    .section .note.GNU-stack, "", @progbits
