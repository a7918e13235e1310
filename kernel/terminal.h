/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine's one serial line shows and where keys go: all VMs' lines and the log, each with
 * a name in front; one VM, raw in both directions; or the monitor. Ctrl-] and a key switches. Runs
 * on the poller's CPU alone (kernel/console.h), a bounded piece of work each time.
 */
#ifndef KERNEL_TERMINAL_H
#define KERNEL_TERMINAL_H

#include "kernel/types.h"

#define TERMINAL_BANNER                                                                            \
    "Ctrl-] then m: monitor, 1-9: that VM's console, n, p: the next, the previous one, a: all, "   \
    "]: itself, ?: help"

struct vm;

/*
 * Takes what was typed, gives it to whom it is for, and sends what the view shows. True: something
 * is left to do, call again in about a millisecond.
 */
bool terminal_poll(void);

/* The view to begin with (enum console_view or a VM's index), after what the log holds now. Once,
 * before the poller has begun. */
void terminal_start(int wanted);

/* The line shows this VM from now on, first what it printed since it was last shown. */
void terminal_attach(const struct vm *vm);

#endif
