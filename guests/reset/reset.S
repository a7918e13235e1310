/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flat image of 64 KiB that ends at 4 GiB, entered at the reset vector: real mode, then 32-bit
 * protected mode, then 64-bit mode, a line on the UART from each, power-off. It expects RAM below
 * 640 KiB, writes nothing to its own image, and relies on nothing but the state after RESET.
 *
 * 1. F000:FFF0 with CS.base FFFF0000: jumps to the image's first byte.
 * 2. Stack at 0x7000, page tables from 0x10000.
 * 3. Ends with hypercall BULKHEAD_CALL_POWER_OFF, or below Bochs with its shutdown port.
 */
#define IMAGE_BASE  0xffff0000
#define STACK_TOP   0x7000
#define TABLES      0x10000
#define UART        0x3f8
#define UART_LSR    0x3fd
#define LSR_THRE    0x20
#define CR0_RESET   0x60000010
#define CR0_PE      0x1
#define CR0_LONG    0x80000031
#define CR4_PAE     0x20
#define MSR_EFER    0xc0000080
#define EFER_LME    0x100
#define CPUID_HV    0x40000000
#define SIGNATURE   0x6b6c7542 /* EBX and EDX: "Bulk" */
#define CALL_OFF    3
#define BOCHS_PORT  0x8900

    .section .text
    .code16
image:
    cli
    cld
    movl %cr0, %ebp /* before anything is changed */
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $STACK_TOP, %esp

    movw $(uart_setup - image), %si
    movw $(uart_setup_end - uart_setup) / 2, %cx
1:  xorw %dx, %dx
    movb %cs:(%si), %dl
    addw $UART, %dx
    movb %cs:1(%si), %al
    outb %al, %dx
    addw $2, %si
    decw %cx
    jnz 1b

    movw $(text_real - image), %si
    cmpl $CR0_RESET, %ebp
    je 2f
    movw $(text_cr0 - image), %si
2:  call print16

    lgdtl %cs:gdt_pointer - image
    movl %cr0, %eax
    orl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $0x08, $protected

/* SI: text in the image */
print16:
1:  movb %cs:(%si), %bl
    testb %bl, %bl
    jz 3f
    movw $UART_LSR, %dx
2:  inb %dx, %al
    testb $LSR_THRE, %al
    jz 2b
    movb %bl, %al
    movw $UART, %dx
    outb %al, %dx
    incw %si
    jmp 1b
3:  retw

    .code32
protected:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $text_protected, %esi
    call print32

    /* One PML4, one PDPT, four page directories of 2 MiB pages. */
    movl $TABLES, %edi
    movl $(6 * 4096 / 4), %ecx
    xorl %eax, %eax
    rep stosl
    movl $(TABLES + 0x1003), TABLES
    movl $(TABLES + 0x2003), %eax
    movl $(TABLES + 0x1000), %edi
    movl $4, %ecx
1:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b
    movl $0x83, %eax
    movl $(TABLES + 0x2000), %edi
    movl $2048, %ecx
2:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 2b

    movl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $TABLES, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    movl $CR0_LONG, %eax
    movl %eax, %cr0
    ljmp $0x18, $long_mode

/* ESI: text. The same bytes are right in 64-bit mode. */
print32:
1:  movb (%esi), %bl
    testb %bl, %bl
    jz 3f
    movl $UART_LSR, %edx
2:  inb %dx, %al
    testb $LSR_THRE, %al
    jz 2b
    movb %bl, %al
    movl $UART, %edx
    outb %al, %dx
    addl $1, %esi
    jmp 1b
3:  ret

    .code64
long_mode:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $STACK_TOP, %esp
    movl $text_long, %esi
    call print32
    movl $text_ready, %esi
    call print32

    movl $1, %eax
    cpuid
    btl $31, %ecx
    jnc 1f
    movl $CPUID_HV, %eax
    cpuid
    cmpl $SIGNATURE, %ebx
    jne 1f
    movl $CALL_OFF, %eax
    vmcall
1:  movl $text_shutdown, %esi
    movl $BOCHS_PORT, %edx
    movl $8, %ecx
    rep outsb
2:  cli
    hlt
    jmp 2b

uart_setup: /* offset, value: 115200 baud, 8N1, FIFO */
    .byte 1, 0x00, 3, 0x80, 0, 0x01, 1, 0x00, 3, 0x03, 2, 0x07, 4, 0x03
uart_setup_end:
text_real:
    .asciz "reset: real mode\r\n"
text_cr0:
    .asciz "reset: real mode, but CR0 is not as after RESET\r\n"
text_protected:
    .asciz "reset: protected mode\r\n"
text_long:
    .asciz "reset: 64-bit mode\r\n"
text_ready:
    .asciz "reset: ready\r\n"
text_shutdown:
    .ascii "Shutdown"

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff /* 08: code, 32 bit */
    .quad 0x00cf93000000ffff /* 10: data */
    .quad 0x00af9b000000ffff /* 18: code, 64 bit */
gdt_pointer:
    .word . - gdt - 1
    .long gdt

    .org 0xfff0
    .byte 0xe9 /* JMP to the image's first byte: IP wraps from 0xfff3 + 13 to 0 */
    .word 13
    .org 0x10000, 0xff

    .section .note.GNU-stack, "", @progbits
