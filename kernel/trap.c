/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and NMIs in root mode; see the header. Must not be called from anywhere but trap.S. */
#include "kernel/trap.h"

#include "kernel/panic.h"
#include "kernel/percpu.h"

#define VECTOR_NMI 2

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

static void handle_nmi(void)
{
    /* A kick that missed the guest, or panic()'s request to stop; both leave a mark to look at. */
    struct percpu *cpu = this_cpu();
    cpu->nmi_count++;
    cpu->kicked = true;
    panic_stop_if_asked();
}

void trap_handle(struct trap_frame *frame)
{
    if (frame->vector == VECTOR_NMI) {
        handle_nmi();
        return;
    }
    if (fix_up(frame)) {
        return;
    }
    panic_with_frame(frame, "%s in root mode", trap_name(frame->vector));
}
