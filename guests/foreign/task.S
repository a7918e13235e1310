/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 32-bit program for GNU Mach to load as its bootstrap task: loads EAX with a mark and makes a
 * system call through the gate of old, LCALL 7:0. GNU Mach's 64-bit build does not carry that call
 * out but stops there and shows the registers, and so what the task had in EAX.
 */
#define MARK 0x600dcafe

    .globl _start
    .text
_start:
    movl $MARK, %eax
    lcall $7, $0
1:  jmp 1b

    .section .note.GNU-stack, "", @progbits
