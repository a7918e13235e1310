/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into the guest and back: vmx_run_guest(struct vcpu *), called by vcpu_run() in vmx/vcpu.c.
 * 1. Enters the guest (VMLAUNCH at first, then VMRESUME); after each exit it calls
 *    vcpu_handle_exit(vcpu) and does what that returns (vmx/entry.h). Returns 0 for VCPU_LEAVE; when
 *    an entry fails before it begins, 1 for VMfailInvalid, 2 for VMfailValid.
 * 2. The guest's general registers other than RSP are saved in and loaded from the first 128 bytes
 *    of struct vcpu, by their number in instruction encodings.
 * 3. The processor saves and loads RSP, RIP, RFLAGS, CR0, CR3, CR4, segments, SYSENTER, PAT, EFER,
 *    DEBUGCTL, DR7 by the VMCS.
 * 4. Deliberately not switched, the guest owns them and root mode never uses them: x87, SSE, AVX
 *    and what else XCR0 and IA32_XSS cover, CR2, CR8, DR0-DR3, DR6, KERNEL_GS_BASE, STAR, LSTAR,
 *    CSTAR, FMASK, TSC_AUX.
 * 5. The stack from HOST_RSP upwards, as an exit finds it (a multiple of 16):
 *        0  struct vcpu *
 *        8  R15, R14, R13, R12, RBX of the caller
 *       48  RBP of the caller: here RBP points, for backtraces
 *       56  return address
 * 6. There are two places to come back to, the same but for a VERW before each entry: HOST_RIP says
 *    which (vmx/mitigations.h), so that processors without need for it pay nothing.
 */
#include "vmx/entry.h"
#include "vmx/vmcs_fields.h"

#define REG(n) (8 * (n))

        .macro  load_changed_registers          /* from RDI; RDI last */
        movq    REG(0)(%rdi), %rax
        movq    REG(1)(%rdi), %rcx
        movq    REG(2)(%rdi), %rdx
        movq    REG(3)(%rdi), %rbx
        movq    REG(5)(%rdi), %rbp
        movq    REG(6)(%rdi), %rsi
        movq    REG(8)(%rdi), %r8
        movq    REG(9)(%rdi), %r9
        movq    REG(10)(%rdi), %r10
        movq    REG(11)(%rdi), %r11
        movq    REG(7)(%rdi), %rdi
        .endm

        .macro  load_all_registers
        movq    REG(12)(%rdi), %r12
        movq    REG(13)(%rdi), %r13
        movq    REG(14)(%rdi), %r14
        movq    REG(15)(%rdi), %r15
        load_changed_registers
        .endm

        /* VERW with a memory operand overwrites buffers of the processor that guests could read. */
        .macro  clear_buffers clears
        .if     \clears
        verw    vmx_verw_selector(%rip)
        .endif
        .endm

        .macro  exit_point name, clears
        .globl  \name
        .balign 16
\name:
        pushq   %rdi
        movq    8(%rsp), %rdi
        movq    %rax, REG(0)(%rdi)
        movq    %rcx, REG(1)(%rdi)
        movq    %rdx, REG(2)(%rdi)
        movq    %rbx, REG(3)(%rdi)
        movq    %rbp, REG(5)(%rdi)
        movq    %rsi, REG(6)(%rdi)
        popq    REG(7)(%rdi)
        movq    %r8, REG(8)(%rdi)
        movq    %r9, REG(9)(%rdi)
        movq    %r10, REG(10)(%rdi)
        movq    %r11, REG(11)(%rdi)
        movq    %r12, REG(12)(%rdi)
        movq    %r13, REG(13)(%rdi)
        movq    %r14, REG(14)(%rdi)
        movq    %r15, REG(15)(%rdi)
        leaq    48(%rsp), %rbp
        call    vcpu_handle_exit
        movq    (%rsp), %rdi
        cmpl    $VCPU_ENTER, %eax
        jne     1f
        load_changed_registers                  /* C code has preserved R12-R15 */
        clear_buffers \clears
        vmresume
        jmp     .Lentry_failed

1:      jb      .Lleave_guest
        load_all_registers
        clear_buffers \clears
        vmresume
        jmp     .Lentry_failed
        .endm

        .section .text.vmx_entry, "ax"
        .globl  vmx_run_guest
        .type   vmx_run_guest, @function
        .balign 16
vmx_run_guest:
        pushq   %rbp
        movq    %rsp, %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushq   %rdi
        movl    $VMCS_HOST_RSP, %eax
        vmwrite %rsp, %rax
        load_all_registers
        clear_buffers 1                         /* harmless where it is not needed */
        vmlaunch
        jmp     .Lentry_failed

        exit_point vmx_exit_point, 0
        exit_point vmx_exit_point_verw, 1

.Lentry_failed:
        movl    $1, %eax
        movl    $2, %ecx
        cmovnc  %ecx, %eax                      /* CF: VMfailInvalid; ZF: VMfailValid */
        jmp     .Lreturn
.Lleave_guest:
        xorl    %eax, %eax
.Lreturn:
        popq    %rdi
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .size   vmx_run_guest, . - vmx_run_guest
        .section .note.GNU-stack, "", @progbits
