/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first instructions of a guest, for two boot protocols with one entry point.
 *
 * 1. Found: 32-bit protected mode, paging off, flat segments, no stack, no usable GDT.
 *    Multiboot 1: EAX 0x2BADB002, EBX the information structure. PVH: EBX struct hvm_start_info.
 * 2. Builds tables that map the first 4 GiB one to one with 2 MiB pages.
 * 3. Enters 64-bit mode on the boot processor's block and calls runtime_start(eax, ebx).
 * Nothing is saved: nobody returns.
 */
#include "guests/runtime/layout.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00010003 /* addresses in the header, memory map, page alignment */

    .section .multiboot, "a"
    .balign 4
multiboot_header:
    .long MULTIBOOT_MAGIC
    .long MULTIBOOT_FLAGS
    .long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
    .long multiboot_header
    .long image_start
    .long image_data_end
    .long image_end
    .long entry32

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long entry32

    .section .entry, "ax"
    .code32
    .globl entry32
    .type entry32, @function
entry32:
    cli
    cld
    movl %eax, %esi /* kept in ESI and EBX until the call */
    movl $(boot_stack_block + CPU_BLOCK_SIZE), %esp

    movl $boot_pd, %edi
    movl $(PTE_PRESENT | PTE_WRITE | PTE_LARGE), %eax
    movl $2048, %ecx
1:  movl %eax, (%edi)
    movl $0, 4(%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b

    movl $(boot_pd + PTE_PRESENT + PTE_WRITE), %eax
    movl $boot_pdpt, %edi
    movl $4, %ecx
2:  movl %eax, (%edi)
    movl $0, 4(%edi)
    addl $0x1000, %eax
    addl $8, %edi
    decl %ecx
    jnz 2b
    movl $(boot_pdpt + PTE_PRESENT + PTE_WRITE), boot_pml4
    movl $0, boot_pml4 + 4

    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    movl $(CR0_PG | CR0_WP | CR0_NE | CR0_PE), %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $SEL_CODE64, $entry64

    .code64
entry64:
    movl $SEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    xorl %ebp, %ebp
    movl %esi, %edi
    movl %ebx, %esi
    call runtime_start
3:  cli
    hlt
    jmp 3b

    .section .rodata
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff /* SEL_CODE32 */
    .quad 0x00cf93000000ffff /* SEL_DATA */
    .quad 0x00af9b000000ffff /* SEL_CODE64 */
boot_gdt_pointer:
    .word . - boot_gdt - 1
    .quad boot_gdt

    .bss
    .balign 4096
    .globl boot_pml4, boot_pdpt
boot_pml4:
    .skip 4096
boot_pdpt:
    .skip 4096
boot_pd:
    .skip 4 * 4096

    .section .note.GNU-stack, "", @progbits
