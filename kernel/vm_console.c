/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's output on its way to the log; see the header. */
#include "kernel/vm_console.h"

#include "kernel/log.h"

enum escape_state { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_CSI };

void vm_console_init(struct vm_console *console, const char *name)
{
    console->put = vm_console_put;
    console->name = name;
    console->written = 0;
    console->line_length = 0;
    console->escape = ESCAPE_NONE;
}

void vm_console_flush(struct vm_console *console)
{
    if (console->line_length == 0) {
        return;
    }
    console->line[console->line_length] = '\0';
    log_guest_line(console->name, console->line);
    console->line_length = 0;
}

static void add(struct vm_console *console, uint8_t byte)
{
    console->line[console->line_length++] = (char)byte;
    if (console->line_length == VM_CONSOLE_LINE) {
        vm_console_flush(console);
    }
}

/* Within a sequence. ECMA-48: ESC [ ... final byte 0x40-0x7E; others are taken for two bytes. */
static void escape(struct vm_console *console, uint8_t byte)
{
    if (console->escape == ESCAPE_BEGUN) {
        console->escape = byte == '[' ? ESCAPE_CSI : ESCAPE_NONE;
    } else if (byte >= 0x40 && byte <= 0x7e) {
        console->escape = ESCAPE_NONE;
    }
}

static void control(struct vm_console *console, uint8_t byte)
{
    switch (byte) {
    case 0x1b:
        console->escape = ESCAPE_BEGUN;
        break;
    case '\r':
        break;
    case '\n':
        if (console->line_length == 0) {
            console->line[console->line_length++] = ' ';
        }
        vm_console_flush(console);
        break;
    default:
        add(console, byte == '\t' ? byte : '?');
    }
}

void vm_console_put(struct vm_console *console, uint8_t byte)
{
    uint64_t at = console->written;
    console->ring[at % VM_CONSOLE_RING] = byte;
    __atomic_store_n(&console->written, at + 1, __ATOMIC_RELEASE); /* readers have no lock */
    if (console->escape != ESCAPE_NONE) {
        escape(console, byte);
    } else if (byte < ' ') {
        control(console, byte);
    } else {
        add(console, byte < 0x7f ? byte : '?');
    }
}

/* Back to plain output first: who is told may watch again at once. */
static void put_and_tell(struct vm_console *console, uint8_t byte)
{
    __atomic_store_n(&console->put, vm_console_put, __ATOMIC_RELAXED);
    vm_console_put(console, byte);
    console->watcher(console);
}

void vm_console_watch(struct vm_console *console)
{
    __atomic_store_n(&console->put, put_and_tell, __ATOMIC_RELAXED);
}
