/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor's files share: handlers of commands, and how these read words and print. */
#ifndef KERNEL_MONITOR_INTERNAL_H
#define KERNEL_MONITOR_INTERNAL_H

#include "kernel/vm.h"

#define MONITOR_WORDS 24 /* of one command */

/* A command's words; [0] is its name. */
struct monitor_call {
    unsigned count;
    char *words[MONITOR_WORDS];
};

/* One line, or a part of one when the text ends without a line feed. */
void monitor_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For crash_print(): a line. */
void monitor_emit(void *context, const char *line);

/* Reading words. Each prints a sentence and fails when the word is not what it should be. */
struct vm *monitor_vm(const char *word);                               /* a name or a number */
struct vcpu *monitor_vcpu(char *word);                                 /* VM or VM:VCPU */
bool monitor_number(const char *word, uint64_t max, uint64_t *number); /* decimal or 0x... */

const struct boot_info *monitor_info(void);
const char *monitor_exit_name(uint32_t reason);

/* The log, shown from `from` on until `to`, or on and on when `to` is UINT64_MAX. */
void monitor_show_log(uint64_t from, uint64_t to);

void monitor_help(const struct monitor_call *call);

/* monitor_vm.c */
void monitor_vm_list(const struct monitor_call *call);
void monitor_vcpu_list(const struct monitor_call *call);
void monitor_vm_console(const struct monitor_call *call);
void monitor_start(const struct monitor_call *call);
void monitor_stop(const struct monitor_call *call);
void monitor_restart(const struct monitor_call *call);
void monitor_pause(const struct monitor_call *call);
void monitor_resume(const struct monitor_call *call);
void monitor_stats(const struct monitor_call *call);
void monitor_registers(const struct monitor_call *call);
void monitor_backtrace(const struct monitor_call *call);
void monitor_inject(const struct monitor_call *call);
void monitor_fault(const struct monitor_call *call);
void monitor_crash(const struct monitor_call *call);

/* monitor_machine.c */
void monitor_log(const struct monitor_call *call);
void monitor_memory(const struct monitor_call *call);
void monitor_plan(const struct monitor_call *call);
void monitor_cpuid(const struct monitor_call *call);
void monitor_rdmsr(const struct monitor_call *call);
void monitor_reboot(const struct monitor_call *call);
void monitor_poweroff(const struct monitor_call *call);

#endif
