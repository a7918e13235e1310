/* SPDX-License-Identifier: Apache-2.0 */
/* One instruction on the real processor; see the header. */
#define _GNU_SOURCE
#include "tests/unit/kernel/mmio_native.h"

#include <asm/prctl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGES 7 /* unmapped, data, unmapped, stack, unmapped, code, unmapped */

struct native_state native_state;
uint64_t native_host_rsp;
const uint8_t *native_code;

void native_enter(void);
void native_exit(void);

/* Loads every register from native_state, jumps to native_code; saves them at native_exit. */
__asm__(".text\n"
        ".globl native_enter\n"
        "native_enter:\n"
        "    push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "    mov %rsp, native_host_rsp(%rip)\n"
        "    push native_state+128(%rip)\n"
        "    popfq\n"
        "    lea native_state(%rip), %r15\n"
        "    mov 0(%r15), %rax; mov 8(%r15), %rcx; mov 16(%r15), %rdx; mov 24(%r15), %rbx\n"
        "    mov 32(%r15), %rsp; mov 40(%r15), %rbp; mov 48(%r15), %rsi; mov 56(%r15), %rdi\n"
        "    mov 64(%r15), %r8; mov 72(%r15), %r9; mov 80(%r15), %r10; mov 88(%r15), %r11\n"
        "    mov 96(%r15), %r12; mov 104(%r15), %r13; mov 112(%r15), %r14\n"
        "    mov 120(%r15), %r15\n"
        "    jmp *native_code(%rip)\n"
        ".globl native_exit\n"
        "native_exit:\n"
        "    mov %r15, native_state+120(%rip)\n"
        "    lea native_state(%rip), %r15\n"
        "    mov %rax, 0(%r15); mov %rcx, 8(%r15); mov %rdx, 16(%r15); mov %rbx, 24(%r15)\n"
        "    mov %rsp, 32(%r15); mov %rbp, 40(%r15); mov %rsi, 48(%r15); mov %rdi, 56(%r15)\n"
        "    mov %r8, 64(%r15); mov %r9, 72(%r15); mov %r10, 80(%r15); mov %r11, 88(%r15)\n"
        "    mov %r12, 96(%r15); mov %r13, 104(%r15); mov %r14, 112(%r15)\n"
        "    mov native_host_rsp(%rip), %rsp\n"
        "    pushfq\n"
        "    pop 128(%r15)\n"
        "    cld\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "    ret\n");

static volatile sig_atomic_t caught;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)info;
    ucontext_t *ucontext = context;
    uint64_t rip = (uint64_t)ucontext->uc_mcontext.gregs[REG_RIP];
    if (rip - (uint64_t)native_code >= PAGE_SIZE) {
        signal(number, SIG_DFL); /* not ours: let it happen again */
        return;
    }
    caught = number;
    /* Not every machine returns to a stack pointer that is not canonical: some fault once more. */
    ucontext->uc_mcontext.gregs[REG_RSP] = (greg_t)native_host_rsp;
    ucontext->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)native_exit;
}

static bool catch_signals(void)
{
    static const int numbers[] = {SIGILL, SIGSEGV, SIGBUS, SIGTRAP};
    static uint8_t stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    if (sigaltstack(&alternate, NULL) != 0) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (sigaction(numbers[i], &action, NULL) != 0) {
            return false;
        }
    }
    return true;
}

bool native_init(struct native_memory *memory)
{
    uint8_t *base =
        mmap(NULL, PAGES * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (base == MAP_FAILED) {
        return false;
    }
    memory->data = base + PAGE_SIZE;
    memory->stack = base + 3 * PAGE_SIZE;
    memory->code = base + 5 * PAGE_SIZE;
    return mprotect(memory->data, PAGE_SIZE, PROT_READ | PROT_WRITE) == 0 &&
           mprotect(memory->stack, PAGE_SIZE, PROT_READ | PROT_WRITE) == 0 &&
           mprotect(memory->code, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0 &&
           syscall(SYS_arch_prctl, ARCH_SET_GS, 0x1234568) == 0 &&
           syscall(SYS_arch_prctl, ARCH_GET_GS, &memory->gs_base) == 0 &&
           syscall(SYS_arch_prctl, ARCH_GET_FS, &memory->fs_base) == 0 && catch_signals();
}

int native_run(const struct native_memory *memory, const uint8_t *insn, unsigned length,
               struct native_state *state)
{
    static const uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0}; /* jmp *0(%rip) */
    uint64_t exit_address = (uint64_t)(uintptr_t)native_exit;
    memcpy(memory->code, insn, length);
    memcpy(memory->code + length, jump, sizeof(jump));
    memcpy(memory->code + length + sizeof(jump), &exit_address, sizeof(exit_address));
    native_code = memory->code;
    native_state = *state;
    caught = 0;
    native_enter();
    *state = native_state;
    return caught;
}
