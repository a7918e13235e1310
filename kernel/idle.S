/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idle_wait(const uint32_t *word): see kernel/idle.h. From idle_begin up to idle_end an NMI makes
 * the function return, so that it never halts after a word that has just become non-zero.
 */
        .section .text.idle, "ax"
        .globl  idle_wait
        .globl  idle_fix_up
        .type   idle_wait, @function
idle_wait:
idle_begin:
        cmpl    $0, (%rdi)
        jne     idle_end
        hlt
idle_end:
        ret
        .size   idle_wait, . - idle_wait

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
