/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First instructions of the kernel, on the boot processor, jumped to by the loader.
 * RDI: struct boot_info, mapped in the pool. Interrupts are off, page tables are the loader's (the
 * upper half is as kernel/layout.h says). The stack is a static one until kernel_main() is done.
 */
        .section .text.entry, "ax"
        .globl  kernel_entry
        .type   kernel_entry, @function
kernel_entry:
        leaq    boot_stack_top(%rip), %rsp
        xorl    %ebp, %ebp
        pushq   $0              /* ends backtraces */
        call    kernel_main
1:      hlt
        jmp     1b
        .size   kernel_entry, . - kernel_entry

        .section .bss.boot_stack, "aw", @nobits
        .globl  boot_stack
        .globl  boot_stack_top
        .balign 4096
boot_stack:
        .skip   16384
boot_stack_top:
        .section .note.GNU-stack, "", @progbits
