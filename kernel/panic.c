/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of Bulkhead: stop the other CPUs, say what happened, halt or reset. See the header. Uses
 * as little as possible of what may be broken; a second panic on the way only halts.
 */
#include "kernel/panic.h"

#include "drivers/lapic.h"
#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/log.h"
#include "kernel/machine.h"
#include "kernel/percpu.h"
#include "kernel/printf.h"
#include "kernel/symbols.h"
#include "kernel/time.h"
#include "kernel/trap.h"

#define BACKTRACE_MAX 24
#define STOP_DELAY_US 2000 /* for the other CPUs to take the NMI before the log's lock is broken   \
                            */

static uint32_t panicking; /* 1 + index of the CPU that panicked first */
static enum machine_on_panic on_panic = ON_PANIC_HALT;

void panic_configure(enum machine_on_panic action)
{
    on_panic = action;
}

static void stop_this_cpu(void)
{
    for (;;) {
        cpu_disable_interrupts();
        cpu_halt();
    }
}

void panic_stop_if_asked(void)
{
    uint32_t who = __atomic_load_n(&panicking, __ATOMIC_ACQUIRE);
    if (who != 0 && who != this_cpu()->index + 1) {
        stop_this_cpu();
    }
}

static void print_registers(const struct trap_frame *f)
{
    log_error("RIP %016lx  RSP %016lx  RFLAGS %08lx  CS %04lx SS %04lx  error code %lx", f->rip,
              f->rsp, f->rflags, f->cs, f->ss, f->error_code);
    log_error("RAX %016lx  RBX %016lx  RCX %016lx  RDX %016lx", f->rax, f->rbx, f->rcx, f->rdx);
    log_error("RSI %016lx  RDI %016lx  RBP %016lx  R8  %016lx", f->rsi, f->rdi, f->rbp, f->r8);
    log_error("R9  %016lx  R10 %016lx  R11 %016lx  R12 %016lx", f->r9, f->r10, f->r11, f->r12);
    log_error("R13 %016lx  R14 %016lx  R15 %016lx", f->r13, f->r14, f->r15);
    log_error("CR0 %016lx  CR2 %016lx  CR3 %016lx  CR4 %016lx", cpu_read_cr0(), cpu_read_cr2(),
              cpu_read_cr3(), cpu_read_cr4());
}

static void print_address(unsigned depth, uint64_t address)
{
    uint64_t offset = 0;
    const char *name = symbol_find(address, &offset);
    if (name != NULL) {
        log_error("  #%u %016lx %s+0x%lx", depth, address, name, offset);
    } else {
        log_error("  #%u %016lx (not in the kernel's code)", depth, address);
    }
}

/* A frame pointer is followed only while it stays inside the hypervisor's stacks and goes up. */
static bool plausible_frame(uint64_t rbp, uint64_t last)
{
    bool in_stacks = rbp >= STACK_BASE && rbp < WINDOW_BASE - 16;
    bool in_image = rbp >= KERNEL_BASE && rbp < UINT64_MAX - 16;
    return (in_stacks || in_image) && is_aligned(rbp, 8) && rbp > last;
}

static void print_backtrace(uint64_t rip, uint64_t rbp)
{
    log_error("backtrace:");
    print_address(0, rip);
    uint64_t last = 0;
    for (unsigned depth = 1; depth < BACKTRACE_MAX && plausible_frame(rbp, last); depth++) {
        const uint64_t *frame = (const uint64_t *)rbp;
        if (frame[1] == 0) {
            break;
        }
        print_address(depth, frame[1]);
        last = rbp;
        rbp = frame[0];
    }
}

static void begin(void)
{
    cpu_disable_interrupts();
    uint32_t expected = 0;
    uint32_t own = this_cpu()->index + 1;
    if (!__atomic_compare_exchange_n(&panicking, &expected, own, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        if (expected == own) {
            log_break_lock();
            log_error("a second panic while reporting the first");
            log_flush();
        }
        stop_this_cpu();
    }
    lapic_send_nmi_to_others();
    uint64_t end = cpu_rdtsc() + time_us_to_tsc(STOP_DELAY_US);
    while (cpu_rdtsc() < end) {
        cpu_pause();
    }
    log_break_lock();
}

static void finish(void)
{
    log_error("%s", on_panic == ON_PANIC_RESET ? "the machine is reset (on-panic = \"reset\")"
                                               : "the machine is halted (on-panic = \"halt\")");
    log_flush();
    if (on_panic == ON_PANIC_RESET) {
        machine_reset();
    }
    stop_this_cpu();
}

static void report(const struct trap_frame *frame, uint64_t rip, uint64_t rbp, const char *format,
                   va_list args)
{
    char text[160];
    kvsnprintf(text, sizeof(text), format, args);
    log_error("PANIC: %s", text);
    if (frame != NULL) {
        print_registers(frame);
    }
    print_backtrace(rip, rbp);
}

void panic(const char *format, ...)
{
    begin();
    va_list args;
    va_start(args, format);
    report(NULL, (uintptr_t)__builtin_return_address(0), (uintptr_t)__builtin_frame_address(0),
           format, args);
    va_end(args);
    finish();
    __builtin_unreachable();
}

void panic_with_frame(const struct trap_frame *frame, const char *format, ...)
{
    begin();
    va_list args;
    va_start(args, format);
    report(frame, frame->rip, frame->rbp, format, args);
    va_end(args);
    finish();
    __builtin_unreachable();
}
