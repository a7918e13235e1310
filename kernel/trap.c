/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and NMIs in root mode; see the header. Must not be called from anywhere but trap.S. */
#include "kernel/trap.h"

#include "kernel/console.h"
#include "kernel/cpu_regs.h"
#include "kernel/idle.h"
#include "kernel/machine_check.h"
#include "kernel/panic.h"
#include "kernel/percpu.h"

struct fixup {
    uint64_t fault; /* address of an instruction that may fault */
    uint64_t resume;
};

extern const struct fixup fixup_table_start[];
extern const struct fixup fixup_table_end[];

static const char *const names[32] = {
    [0] = "#DE divide error",
    [1] = "#DB debug exception",
    [2] = "NMI",
    [3] = "#BP breakpoint",
    [4] = "#OF overflow",
    [5] = "#BR BOUND range exceeded",
    [6] = "#UD invalid opcode",
    [7] = "#NM device not available",
    [8] = "#DF double fault",
    [10] = "#TS invalid TSS",
    [11] = "#NP segment not present",
    [12] = "#SS stack-segment fault",
    [13] = "#GP general protection",
    [14] = "#PF page fault",
    [16] = "#MF x87 FPU error",
    [17] = "#AC alignment check",
    [18] = "#MC machine check",
    [19] = "#XM SIMD floating-point exception",
    [20] = "#VE virtualization exception",
    [21] = "#CP control protection exception",
};

const char *trap_name(uint64_t vector)
{
    const char *name = vector < ARRAY_SIZE(names) ? names[vector] : NULL;
    return name != NULL ? name : "reserved exception";
}

static bool fix_up(struct trap_frame *frame)
{
    for (const struct fixup *f = fixup_table_start; f < fixup_table_end; f++) {
        if (f->fault == frame->rip) {
            frame->rip = f->resume;
            return true;
        }
    }
    return false;
}

/* A request of this CPU's vCPU is seen before it sleeps, or its guest runs. */
static void look_at_requests(struct trap_frame *frame)
{
    struct percpu *cpu = this_cpu();
    frame->rip = idle_fix_up(frame->rip);
    if (cpu->vcpu != NULL) {
        cpu->on_nmi(cpu->vcpu);
    }
}

/*
 * A kick that came while its CPU was in root mode, or panic()'s request to stop. The request itself
 * stands in the vCPU: what matters is that it is looked at before the guest runs again.
 */
static void handle_nmi(struct trap_frame *frame)
{
    this_cpu()->nmi_count++;
    panic_stop_if_asked();
    console_nmi();
    look_at_requests(frame);
}

void trap_handle(struct trap_frame *frame)
{
    if (frame->vector == VECTOR_NMI) {
        handle_nmi(frame);
        return;
    }
    if (frame->vector == VECTOR_MC) {
        machine_check_in_root(frame);
        look_at_requests(frame);
        return;
    }
    if (fix_up(frame)) {
        return;
    }
    panic_with_frame(frame, "%s in root mode", trap_name(frame->vector));
}
