/* SPDX-License-Identifier: Apache-2.0 */
/* The log's way to a person: finds and opens the serial port and the framebuffer. */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include "drivers/uart16550.h"
#include "kernel/boot_info.h"
#include "kernel/percpu.h"
#include "kernel/vcpu.h"

/*
 * Opens what the configuration asks for and the machine has, and adds it to the log's sinks: the
 * UART that ACPI's SPCR names, else port 0x3F8 when one answers there; the firmware's framebuffer.
 * When nothing that was asked for exists, whatever exists is opened. Boot processor, once.
 */
void console_init(const struct boot_info *info);

/*
 * Names the CPU that looks after output which a device did not take at once: one without a VM if
 * there is any, else one of a VM that is not real-time. After the VMs have been created.
 */
void console_choose_poller(const struct boot_info *info);

/* That CPU; NULL: none. */
const struct percpu *console_poller(void);

/* Passes on output; true while some is left: call again soon. The poller's CPU. */
bool console_poll(void);

/* The same for a vCPU's CPU that is in root mode: asks itself to come back when some is left. */
void console_poll_again(struct vcpu *vcpu);

/*
 * Polls, and goes on by the vCPU's timer while some is left: the timer's handler, and for the
 * request that starts it. The vCPU's own CPU, which is about to enter the guest.
 */
void console_timer(struct vcpu *vcpu);

/* The guest stops running on this CPU: what the timer did goes on by requests. */
void console_timer_stop(struct vcpu *vcpu);

/* For kernel/terminal.c: a byte that was typed, or -1; gives the UART what it takes at once. */
int console_read_byte(void);
uint32_t console_errors(enum uart16550_error which); /* since last asked */
size_t console_send(const void *bytes, size_t count);

/* Makes the poller look soon. Any CPU in root mode, with any lock but the log's. */
void console_wake(void);

/*
 * By every CPU at an NMI, in its handler or at the exit: the poller learns that something was
 * typed.
 */
void console_nmi(void);

/* What a CPU without a VM does: sleeps, and polls when it is the poller and has been told. */
void console_poll_for_ever(void) __attribute__((noreturn));

#endif
