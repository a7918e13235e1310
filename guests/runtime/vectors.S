/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry of every exception and interrupt, and guarded calls.
 *
 * 1. The CPU has pushed SS, RSP, RFLAGS, CS, RIP and, for some exceptions, an error code.
 * 2. We add a 0 where there is none, the vector and the general registers: struct trap_frame.
 * 3. trap_dispatch(frame) runs with interrupts off on the block's fault, NMI or own stack.
 * 4. Segment registers are neither saved nor used; FPU state is nobody's here.
 */
#include "guests/runtime/layout.h"

#define STUB_SIZE 16
/* 8, 10-14, 17, 21, 29, 30 bring an error code. */
#define HAS_ERROR_CODE 0x60227d00

    .text
    .balign STUB_SIZE
    .globl trap_stubs
trap_stubs:
    .set vector, 0
    .rept 256
    .balign STUB_SIZE
    .if vector >= 32
    pushq $0
    .elseif ((HAS_ERROR_CODE >> vector) & 1) == 0
    pushq $0
    .endif
    pushq $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

trap_common:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cld
    movq %rsp, %rdi
    call trap_dispatch
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rbp
    popq %rbx
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq

/*
 * int guard_call(void (*function)(void *), void *argument): see trap.h.
 * Stack from the top: return address, callee-saved registers, RFLAGS, the outer guard, padding.
 */
    .globl guard_call
    .type guard_call, @function
guard_call:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushfq
    movq %rsp, %rax
    andq $-CPU_BLOCK_SIZE, %rax
    pushq CPU_RECOVER_OFFSET(%rax)
    pushq %rax
    movq %rsp, CPU_RECOVER_OFFSET(%rax)
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    movl $-1, %eax
guard_return:
    popq %rdx
    popq CPU_RECOVER_OFFSET(%rdx)
    popfq
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    retq
    .size guard_call, . - guard_call

/* _Noreturn void guard_unwind(uint64_t rsp, int vector): ends the innermost guard_call. */
    .globl guard_unwind
    .type guard_unwind, @function
guard_unwind:
    movq %rdi, %rsp
    movl %esi, %eax
    jmp guard_return
    .size guard_unwind, . - guard_unwind

    .section .note.GNU-stack, "", @progbits
