/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor: commands of the person at the serial line. Runs on the poller's CPU alone
 * (kernel/console.h), a bounded piece of work each time; what it prints waits in a ring until the
 * line takes it. kernel/monitor.c has the table of commands; docs/operating.md shows a session.
 */
#ifndef KERNEL_MONITOR_H
#define KERNEL_MONITOR_H

#include "kernel/boot_info.h"

/* exit_name: what an exit reason is called. Boot processor, before VMs start. */
void monitor_init(const struct boot_info *info, const char *(*exit_name)(uint32_t reason));

/* The line shows the monitor from now on: a prompt. The poller's CPU, as all that follows. */
void monitor_open(void);

/* A byte that was typed. */
void monitor_key(uint8_t byte);

/* Takes up to size bytes for the line; 0: nothing waits. */
size_t monitor_output(uint8_t *to, size_t size);

/* Goes on with what takes longer (the log). True: call again soon, for there is more to do. */
bool monitor_poll(void);

#endif
