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
extern const uint8_t boot_stack[]; /* kernel/entry.S */
extern const uint8_t boot_stack_top[];

#define STOP_DELAY_US                                                                              \
    2000 /* for the other CPUs to take the NMI before the log's lock is broken                     \
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

/* The end of the stack that holds rsp, or 0 when it lies in none of ours. */
static uint64_t stack_end(uint64_t rsp)
{
    if (rsp >= STACK_BASE && rsp < WINDOW_BASE) {
        return align_up(rsp + 1, STACK_SLOT_SIZE);
    }
    if (rsp >= (uintptr_t)boot_stack && rsp < (uintptr_t)boot_stack_top) {
        return (uintptr_t)boot_stack_top;
    }
    return 0;
}

/* One line; false when the address is not in the kernel's code. */
static bool print_address(unsigned depth, uint64_t address, bool certain)
{
    uint64_t offset = 0;
    char name[SYMBOL_NAME_SIZE];
    if (!symbol_find(address, name, &offset) || (depth > 0 && offset == 0)) {
        return false;
    }
    log_error("  #%u %016lx %s%s+0x%lx", depth, address, certain ? "" : "? ", name, offset);
    return true;
}

/*
 * Every word on the stack that looks like a return address. Those that the chain of frame pointers
 * leads to are certain; the others, marked with '?', are of functions without a frame (the hot
 * path, leaves), or left over from earlier calls.
 */
static void print_backtrace(uint64_t rip, uint64_t rsp, uint64_t rbp)
{
    uint64_t end = stack_end(rsp);
    unsigned depth = 1;
    log_error("backtrace:");
    if (!print_address(0, rip, true)) {
        log_error("  #0 %016lx (not in the kernel's code)", rip);
    }
    for (uint64_t at = align_up(rsp, 8); at < end && depth < BACKTRACE_MAX; at += 8) {
        bool certain = at == rbp + 8;
        if (certain) {
            rbp = *(const uint64_t *)rbp;
        }
        depth += print_address(depth, *(const uint64_t *)at, certain);
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

struct place {
    uint64_t rip;
    uint64_t rsp;
    uint64_t rbp;
};

static void report(const struct trap_frame *frame, const struct place *place, const char *format,
                   va_list args)
{
    char text[160];
    kvsnprintf(text, sizeof(text), format, args);
    log_panic();
    log_error("PANIC: %s", text);
    if (frame != NULL) {
        print_registers(frame);
    }
    print_backtrace(place->rip, place->rsp, place->rbp);
}

void panic(const char *format, ...)
{
    begin();
    va_list args;
    va_start(args, format);
    uint64_t frame = (uintptr_t)__builtin_frame_address(0);
    struct place caller = {(uintptr_t)__builtin_return_address(0), frame + 16,
                           *(const uint64_t *)frame};
    report(NULL, &caller, format, args);
    va_end(args);
    finish();
    __builtin_unreachable();
}

void panic_with_frame(const struct trap_frame *frame, const char *format, ...)
{
    begin();
    va_list args;
    va_start(args, format);
    struct place place = {frame->rip, frame->rsp, frame->rbp};
    report(frame, &place, format, args);
    va_end(args);
    finish();
    __builtin_unreachable();
}
