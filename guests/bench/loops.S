/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops that bench measures, in assembly so that every run of every build executes the same
 * instructions. Each is uint64_t loop_NAME(uint64_t count, uint64_t argument): TSC ticks of
 * `count` times the body plus DEC and JNZ. bench.h declares them.
 *
 * begin NAME: RDI count, RSI argument; the TSC is read here. again: the body begins. end: returns.
 * Bodies may use RAX, RBX, RCX, RDX, R8, R9.
 */
    .macro begin name
    .globl loop_\name
    .type loop_\name, @function
    .balign 64
loop_\name:
    pushq %rbx
    movq %rdi, %r10
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, %r11
    .endm
    .macro again
1:
    .endm
    .macro end
    decq %r10
    jnz 1b
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    subq %r11, %rax
    popq %rbx
    retq
    .endm

    .text
    begin empty
    again
    end

    begin rdtsc
    again
    rdtsc
    end

    begin cpuid
    again
    xorl %eax, %eax
    xorl %ecx, %ecx
    cpuid
    end

    begin rdmsr /* RSI: MSR */
    movl %esi, %ecx
    again
    rdmsr
    end

    begin icr /* RSI: value of the x2APIC's ICR */
    movl $0x830, %ecx
    movl %esi, %eax
    movq %rsi, %rdx
    shrq $32, %rdx
    again
    wrmsr
    end

    begin vmcall_version
    again
    xorl %eax, %eax
    vmcall
    end

    begin out8 /* RSI: port; writes '.' */
    movl %esi, %edx
    movl $'.', %eax
    again
    outb %al, %dx
    end

    begin in8 /* RSI: port */
    movl %esi, %edx
    again
    inb %dx, %al
    end

    begin read32 /* RSI: address */
    again
    movl (%rsi), %eax
    end

    begin touch /* RSI: address; one byte a page */
    again
    movb $1, (%rsi)
    addq $4096, %rsi
    end

    begin wbinvd
    again
    wbinvd
    end

    begin xsetbv /* RSI: value of XCR0 */
    xorl %ecx, %ecx
    movl %esi, %eax
    movq %rsi, %rdx
    shrq $32, %rdx
    again
    xsetbv
    end

/* One interrupt a round: the WRMSR raises it, the handler is stub_count below. */
    begin self_ipi /* RSI: vector */
    movl $0x83f, %ecx
    movl %esi, %eax
    xorl %edx, %edx
    sti
    again
    wrmsr
    end

/* Handler: counts and acknowledges through the x2APIC. */
    .globl stub_count
    .balign 64
stub_count:
    pushq %rax
    pushq %rcx
    pushq %rdx
    incq bench_interrupts(%rip)
    movl $0x80b, %ecx
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
    popq %rdx
    popq %rcx
    popq %rax
    iretq

/* Handler: the same, and sets the next deadline bench_period after the last. */
    .globl stub_tick
    .balign 64
stub_tick:
    pushq %rax
    pushq %rcx
    pushq %rdx
    incq bench_interrupts(%rip)
    movq bench_deadline(%rip), %rax
    addq bench_period(%rip), %rax
    movq %rax, bench_deadline(%rip)
    movq %rax, %rdx
    shrq $32, %rdx
    movl $0x6e0, %ecx
    wrmsr
    movl $0x80b, %ecx
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
    popq %rdx
    popq %rcx
    popq %rax
    iretq

    .section .note.GNU-stack, "", @progbits
