/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of Bulkhead itself: for its own bugs and for hardware that failed under it, never for
 * what a guest does. Prints registers and a backtrace, stops every CPU, halts or resets the machine
 * as the configuration says.
 */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include "kernel/types.h"
#include "kernel/vm_plan.h"

struct trap_frame;

/* Any CPU, any context. Does not return. */
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void panic_with_frame(const struct trap_frame *frame, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* For NMI handlers: halts this CPU for good when another one has panicked. */
void panic_stop_if_asked(void);

/* What to do after the report. Boot processor, once, early. */
void panic_configure(enum machine_on_panic action);

/* An always-on assertion about our own code; the text names what was wrong. */
#define BUG_ON(condition)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(!!(condition), 0)) {                                                  \
            panic("bug: %s (%s:%d)", #condition, __FILE__, __LINE__);                              \
        }                                                                                          \
    } while (0)

#endif
