/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry stubs of the 32 exception vectors in root mode.
 * 1. The processor pushed SS, RSP, RFLAGS, CS, RIP and, for some vectors, an error code.
 * 2. The stub pushes 0 where there is no error code, then the vector, then all 15 registers: this
 *    is struct trap_frame (kernel/trap.h).
 * 3. Not switched: FPU state (the kernel does not use it), GS (root mode has its own at all times).
 * 4. trap_handle() returns only for NMIs, machine checks of others, and instructions with a fix-up.
 */
        .section .text.trap, "ax"
        .globl  trap_stubs
        .balign 16
trap_stubs:
        vector = 0
        .rept   32
        .balign 16
        .if     vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
        .else
        pushq   $0
        .endif
        pushq   $vector
        jmp     trap_common
        vector = vector + 1
        .endr

        .balign 16
        .type   trap_common, @function
trap_common:
        cld
        pushq   %rax
        pushq   %rbx
        pushq   %rcx
        pushq   %rdx
        pushq   %rbp
        pushq   %rsi
        pushq   %rdi
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, %rdi
        movq    %rsp, %rbx
        andq    $-16, %rsp
        call    trap_handle
        movq    %rbx, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %r11
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rdi
        popq    %rsi
        popq    %rbp
        popq    %rdx
        popq    %rcx
        popq    %rbx
        popq    %rax
        addq    $16, %rsp
        iretq
        .size   trap_common, . - trap_common
/* An interrupt that nobody wants any more: ends it. Only lapic_reset() lets any in. */
        .globl  interrupt_drop_stub
        .type   interrupt_drop_stub, @function
interrupt_drop_stub:
        pushq   %rax
        pushq   %rcx
        pushq   %rdx
        movl    $0x80b, %ecx            /* IA32_X2APIC_EOI */
        xorl    %eax, %eax
        xorl    %edx, %edx
        wrmsr
        popq    %rdx
        popq    %rcx
        popq    %rax
        iretq
        .size   interrupt_drop_stub, . - interrupt_drop_stub
        .section .note.GNU-stack, "", @progbits
