/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's log: lines with time, CPU and level in a ring in memory, passed on to sinks
 * (serial port, framebuffer) as fast as these accept them. Printing never waits for a device: what
 * a slow serial port has not taken yet stays in the ring and goes out with the next log_drain().
 */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include "kernel/panic_record.h"
#include "kernel/types.h"
#include "kernel/vm_plan.h"

#define LOG_RING_SIZE PANIC_RECORD_RING
#define LOG_LINE_SIZE 256 /* longest line, with prefix and line feed; longer ones are cut */
#define LOG_SINK_MAX  2

/*
 * Takes up to length characters of one line of the given level; returns how many it took (0 when
 * busy). Called with the log's lock held: must not log and must not wait.
 */
struct log_sink {
    size_t (*write)(void *context, enum log_level level, const char *text, size_t length);
    void (*finish)(void *context); /* waits, bounded, until the device has sent it all; or NULL */
    void *context;
    bool shared; /* its device has other users: log_hold() */
};

/*
 * Puts the ring where a warm reset leaves it. seconds: now, since 1970. Boot processor, before the
 * first line; without it the log ends with the machine.
 */
void log_keep(struct panic_record *place, uint64_t seconds);

/* What follows is the report of a panic. For panic(), after log_break_lock(). */
void log_panic(void);

/* The run ends on purpose: the next boot has nothing to report, unless log_panic() was called. */
void log_end(void);

/* Adds a sink; it gets everything from the ring's start. Boot processor, before others start. */
void log_add_sink(const struct log_sink *sink);

/* Lines above this level stay in the ring only. Any CPU. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* One line, without a line feed at its end. Any CPU in root mode, not from an NMI handler. */
void log_print(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line of a VM's console, under the VM's name. Any CPU in root mode. */
void log_guest_line(const char *name, const char *text);

/* Text that has been printed by the loader, with line feeds: into the ring as it is. */
void log_import(const char *text, size_t length);

/* Called after printing when a sink has not taken everything: somebody is to drain soon. */
void log_set_pending_hook(void (*hook)(void));

/* Passes on what the sinks take without waiting. True when nothing is left. */
bool log_drain(void);

/*
 * While held, sinks that are `shared` get no new line: all stays in the ring, and what the ring
 * overwrites is told when they go on. True when none of them is inside a line. Any CPU.
 */
bool log_hold(bool hold);

/* Holds them from here on: what has been printed is passed on first. log_hold(true) then keeps to
 * it, and is true when it has been. */
void log_hold_from_here(void);

/* Passes on everything, held or not, waiting at most about a second for a stuck device. */
void log_flush(void);

/* For panic(): frees the lock whoever held it. */
void log_break_lock(void);

/*
 * Reads the log as a stream: up to size bytes of text from *position on, which moves behind them.
 * What has been overwritten is skipped up to a line's start and added to *missed. Positions count
 * more than the text. Any CPU in root mode.
 */
size_t log_read(uint64_t *position, uint64_t *missed, char *to, size_t size);

/* The stream's end now. */
uint64_t log_position(void);

/* Called after each line that was added, with whatever locks its printer holds; once panic() has
 * begun never again. It must not log. */
void log_set_growth_hook(void (*hook)(void));

/* Copies the newest length bytes of the ring (without level marks) to buf; returns how many. */
size_t log_copy_tail(char *buf, size_t length);

#define log_error(...)   log_print(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_print(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_print(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_print(LOG_DEBUG, __VA_ARGS__)

#endif
