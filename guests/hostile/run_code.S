/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attack_enter_code(const struct attack_registers *, stack): loads registers and jumps. The code
 * runs on a stack whose return address leads back here; any other end is an exception, which the
 * guarded call around this catches. Callee-saved registers are restored by whoever ends it.
 */
    .text
    .globl attack_enter_code
    .type attack_enter_code, @function
attack_enter_code:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, attack_saved_rsp(%rip)
    leaq 1f(%rip), %rax
    movq %rax, (%rsi)
    movq %rsi, %rsp
    movq %rsi, %rbp
    movq (%rdi), %r15
    movq %r15, attack_target(%rip)
    movq 8(%rdi), %rax
    movq 16(%rdi), %rcx
    movq 24(%rdi), %rdx
    movq 32(%rdi), %rsi
    movq %rsi, %rdi
    xorl %ebx, %ebx
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    cli
    jmp *attack_target(%rip)
1:  movq attack_saved_rsp(%rip), %rsp
    cld
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    retq
    .size attack_enter_code, . - attack_enter_code

    .bss
    .balign 8
attack_saved_rsp:
    .skip 8
attack_target:
    .skip 8

    .section .note.GNU-stack, "", @progbits
