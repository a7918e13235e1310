/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idle_wait_for(const uint32_t *word, uint32_t mask, bool interrupts): see kernel/idle.h. From
 * idle_begin up to idle_end an NMI makes the function return, so that it never halts after a word
 * that has just become non-zero. STI takes effect behind HLT.
 */
        .section .text.idle, "ax"
        .globl  idle_wait_for
        .globl  idle_fix_up
        .type   idle_wait_for, @function
idle_wait_for:
idle_begin:
        testl   %esi, (%rdi)
        jnz     idle_end
        testb   %dl, %dl
        jz      1f
        sti
1:      hlt
idle_end:
        cli
        ret
        .size   idle_wait_for, . - idle_wait_for

/* uint64_t idle_fix_up(uint64_t rip) */
        .type   idle_fix_up, @function
idle_fix_up:
        leaq    idle_end(%rip), %rax
        leaq    idle_begin(%rip), %rdx
        cmpq    %rdx, %rdi
        jb      1f
        cmpq    %rax, %rdi
        jb      2f
1:      movq    %rdi, %rax
2:      ret
        .size   idle_fix_up, . - idle_fix_up
        .section .note.GNU-stack, "", @progbits
