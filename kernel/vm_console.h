/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM prints: kept in a ring, and passed on to the log line by line under the VM's name. The
 * caller holds the VM's device lock.
 */
#ifndef KERNEL_VM_CONSOLE_H
#define KERNEL_VM_CONSOLE_H

#include "kernel/types.h"

#define VM_CONSOLE_RING 8192 /* a power of two */
#define VM_CONSOLE_LINE 160  /* a longer line is passed on in pieces */

struct vm_console {
    /* Where bytes go: vm_console_put(), or ahead of it one call of `watcher`. Any CPU, atomic. */
    void (*put)(struct vm_console *console, uint8_t byte);
    void (*watcher)(struct vm_console *console);
    const char *name;
    uint64_t written; /* bytes ever; the ring holds the newest VM_CONSOLE_RING of them */
    uint32_t line_length;
    uint8_t escape; /* inside a terminal's escape sequence, which the log leaves out */
    char line[VM_CONSOLE_LINE + 1];
    uint8_t ring[VM_CONSOLE_RING];
};

void vm_console_init(struct vm_console *console, const char *name);

/* One byte from the guest. */
static inline void vm_console_output(struct vm_console *console, uint8_t byte)
{
    __atomic_load_n(&console->put, __ATOMIC_RELAXED)(console, byte);
}

/* The same, telling nobody. */
void vm_console_put(struct vm_console *console, uint8_t byte);

/*
 * After the next byte, and only then, `watcher` is called, on the CPU that printed, with the VM's
 * device lock held. Costs nothing while nobody watches. Any CPU, without the lock; after an earlier
 * call of the watcher, or for the first time.
 */
void vm_console_watch(struct vm_console *console);

/* Passes on an unfinished line: before a VM's end is reported. */
void vm_console_flush(struct vm_console *console);

#endif
