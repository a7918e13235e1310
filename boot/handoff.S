/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader's last instructions: handoff(cr3, entry, boot_info). This code lies at one address in
 * both address spaces, in a page of its own kind: it does not cross a page.
 */
        .section .text, "ax"
        .balign 64
        .globl  handoff
        .hidden handoff
        .type   handoff, @function
handoff:
        cli
        cld
        movq    %cr4, %rax
        andb    $0x7f, %al              /* CR4.PGE off: the firmware's global pages go away */
        movq    %rax, %cr4
        movq    %rdi, %cr3
        movq    %rdx, %rdi
        jmp     *%rsi
        .size   handoff, . - handoff
        .section .note.GNU-stack, "", @progbits
