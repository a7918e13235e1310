/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The views of the serial line; see the header. While one VM is shown, the log is
 * held (log_hold()) and this file alone writes to the UART.
 */
#include "kernel/terminal.h"

#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/monitor.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "kernel/vm.h"
#include "kernel/vm_input.h"

#define PREFIX     0x1d /* Ctrl-] */
#define OUT_SIZE   1024 /* a power of two */
#define TYPED_SIZE 8192
#define CHUNK      16   /* a FIFO's worth */
#define READ_MAX   64   /* bytes taken from the UART at once */
#define LINGER_US  3000 /* polling goes on that long after a key: the next one may come */

/* enum console_view, or the VM's index. */
static int view = CONSOLE_VIEW_ALL;
static int first_view = CONSOLE_VIEW_ALL; /* follows as soon as the boot log has been shown */
static bool prefixed;                     /* the last key was Ctrl-] */
static bool refused;                      /* it has been said that keys go nowhere */
static uint64_t key_at;

/* Own words: what is said about views. */
static char out[OUT_SIZE];
static uint32_t out_read;
static uint32_t out_written;
static uint64_t out_lost;

/* Keys that a VM's UART had no room for yet. */
static uint8_t typed[TYPED_SIZE];
static uint32_t typed_count;
static uint32_t typed_for;
static uint64_t typed_lost;

static uint64_t shown[VM_MAX]; /* how far each VM's output has been shown raw */
static uint8_t chunk[CHUNK];   /* of the VM that is shown, or of the monitor */
static size_t chunk_used;
static size_t chunk_sent;

static void put(char c)
{
    if (out_written - out_read > OUT_SIZE - 64) { /* kept for the word about it */
        out_lost++;
        return;
    }
    out[out_written++ % OUT_SIZE] = c;
}

static __attribute__((format(printf, 1, 2))) void print(const char *format, ...)
{
    char line[LOG_LINE_SIZE];
    va_list args;
    va_start(args, format);
    kvsnprintf(line, sizeof(line), format, args);
    va_end(args);
    for (const char *c = line; *c != '\0'; c++) {
        if (*c == '\n') {
            put('\r');
        }
        put(*c);
    }
}

/* A word about the console itself, in whatever is shown. */
static __attribute__((format(printf, 1, 2))) void say(const char *format, ...)
{
    char line[LOG_LINE_SIZE];
    va_list args;
    va_start(args, format);
    kvsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (view == CONSOLE_VIEW_ALL) {
        log_guest_line("console", line);
    } else {
        print("\n[%s]\n", line);
    }
}

/* ---- views ---- */

static void show(int wanted)
{
    refused = false;
    if (view >= 0) {
        shown[view] -= chunk_used - chunk_sent; /* comes again when it is shown again */
    }
    view = wanted;
    first_view = CONSOLE_VIEW_ALL;
    chunk_used = chunk_sent = 0;
    if (view == CONSOLE_VIEW_ALL) {
        out_read = out_written;
        log_hold(false);
        say("all VMs and the log; " TERMINAL_BANNER);
    } else if (view == CONSOLE_VIEW_MONITOR) {
        say("monitor; \"help\" lists its commands; Ctrl-] ? for help");
        monitor_open();
    } else {
        say("VM %s, %s; Ctrl-] ? for help", vm_get((uint32_t)view)->plan->name,
            vm_state_name(vm_state(vm_get((uint32_t)view))));
    }
}

void terminal_attach(const struct vm *vm)
{
    show((int)vm->index);
}

void terminal_start(int wanted)
{
    first_view = wanted;
    if (wanted != CONSOLE_VIEW_ALL) {
        log_hold_from_here();
    }
}

/* The keys of VMs, in their order: 1 to 9, then A, B and so on. */
static char key_of(uint32_t index)
{
    return (char)(index < 9 ? '1' + (int)index : 'A' + (int)index - 9);
}

static bool show_by_key(uint8_t byte)
{
    uint32_t count = vm_count();
    uint32_t now = view >= 0 ? (uint32_t)view : count;
    if (count != 0 &&
        (byte == 'n' || byte == 'p')) { /* from no VM to the first or the last one, and round */
        uint32_t next = now + 1 < count ? now + 1 : 0;
        uint32_t previous = now > 0 ? now - 1 : count - 1;
        show((int)(byte == 'n' ? next : previous));
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (key_of(i) == byte) {
            show((int)i);
            return true;
        }
    }
    return false;
}

static void help(void)
{
    say(TERMINAL_BANNER);
    for (uint32_t i = 0; i < vm_count(); i++) {
        say("%c: VM %s, %s", key_of(i), vm_get(i)->plan->name, vm_state_name(vm_state(vm_get(i))));
    }
}

/* ---- keys ---- */

static void type(uint32_t index, uint8_t byte)
{
    if (typed_for != index) {
        typed_lost += typed_count;
        typed_count = 0;
        typed_for = index;
    }
    if (typed_count == TYPED_SIZE) {
        typed_lost++;
        return;
    }
    typed[typed_count++] = byte;
}

static void key(uint8_t byte)
{
    if (view >= 0) {
        type((uint32_t)view, byte);
    } else if (view == CONSOLE_VIEW_MONITOR) {
        monitor_key(byte);
    } else if (!refused) {
        refused = true;
        say("keys go to no VM here; " TERMINAL_BANNER);
    }
}

static void command_key(uint8_t byte)
{
    if (byte == ']' || byte == PREFIX) {
        key(PREFIX);
    } else if (byte == 'a') {
        show(CONSOLE_VIEW_ALL);
    } else if (byte == 'm') {
        show(CONSOLE_VIEW_MONITOR);
    } else if (!show_by_key(byte)) {
        help();
    }
}

static void say_errors(void)
{
    static const char *const what[UART16550_ERRORS] = {
        [UART16550_OVERRUN] = "or more typed bytes lost by the UART",
        [UART16550_DAMAGED] = "typed bytes damaged on the line",
        [UART16550_BREAK] = "breaks, which go to no VM",
    };
    for (unsigned i = 0; i < UART16550_ERRORS; i++) {
        uint32_t count = console_errors((enum uart16550_error)i);
        if (count != 0) {
            say("%u %s", count, what[i]);
        }
    }
}

static bool take_keys(void)
{
    for (unsigned i = 0; i < READ_MAX; i++) {
        int byte = console_read_byte();
        if (byte < 0) {
            break;
        }
        key_at = cpu_rdtsc();
        if (prefixed) {
            prefixed = false;
            command_key((uint8_t)byte);
        } else if (byte == PREFIX) {
            prefixed = true;
        } else {
            key((uint8_t)byte);
        }
    }
    say_errors();
    return key_at != 0 && cpu_rdtsc() - key_at < time_us_to_tsc(LINGER_US);
}

/* True while the VM's UART has not taken all keys. */
static bool give_keys(void)
{
    if (typed_lost != 0) {
        say("%lu typed bytes lost", typed_lost);
        typed_lost = 0;
    }
    if (typed_count == 0) {
        return false;
    }
    struct vm *vm = vm_get(typed_for);
    uint32_t taken = (uint32_t)vm_console_input(vm, typed, typed_count);
    typed_count -= taken;
    memmove(typed, typed + taken, typed_count);
    uint32_t state = vm_state(vm);
    if (state == VM_RUNNING) {
        refused = false;
    } else {
        if (!refused) {
            say("VM %s is %s: keys do not reach it", vm->plan->name, vm_state_name(state));
        }
        refused = true;
        typed_count = 0;
    }
    return typed_count != 0;
}

/* ---- output ---- */

/* The next bytes of what is shown; false when there are none. */
static bool next_chunk(void)
{
    if (view == CONSOLE_VIEW_MONITOR) {
        chunk_sent = 0;
        chunk_used = monitor_output(chunk, CHUNK);
        return chunk_used != 0;
    }
    const struct vm *vm = vm_get((uint32_t)view);
    uint64_t before = shown[view];
    chunk_sent = 0;
    chunk_used = vm_console_read(vm, &shown[view], chunk, CHUNK);
    uint64_t lost = shown[view] - before - chunk_used;
    if (lost != 0) {
        say("%lu bytes of VM %s lost", lost, vm->plan->name);
    }
    return chunk_used != 0 || lost != 0;
}

/* Sends a piece; false when the UART takes nothing or nothing is left (*left says which). */
static bool send_piece(bool *left)
{
    *left = true;
    if (out_read != out_written) {
        size_t offset = out_read % OUT_SIZE;
        size_t length = MIN(out_written - out_read, OUT_SIZE - offset);
        size_t sent = console_send(out + offset, MIN(length, CHUNK));
        out_read += (uint32_t)sent;
        return sent != 0;
    }
    if (out_lost != 0) {
        uint64_t lost = out_lost;
        out_lost = 0;
        print("\n[%lu characters lost]\n", lost);
        return true;
    }
    if (chunk_sent < chunk_used) {
        size_t sent = console_send(chunk + chunk_sent, chunk_used - chunk_sent);
        chunk_sent += sent;
        return sent != 0;
    }
    *left = next_chunk();
    return *left;
}

static bool send(void)
{
    bool left = true;
    if (!log_hold(true)) {
        return true; /* a line of the log is on its way */
    }
    while (send_piece(&left)) {
    }
    if (!left && view >= 0) {
        struct vm *vm = vm_get((uint32_t)view);
        vm_console_watch(&vm->console);
        left = __atomic_load_n(&vm->console.written, __ATOMIC_SEQ_CST) != shown[view];
    }
    return left;
}

bool terminal_poll(void)
{
    bool more = take_keys();
    if (first_view != CONSOLE_VIEW_ALL) {
        if (!log_hold(true)) {
            return true;
        }
        show(first_view);
    }
    more |= give_keys();
    more |= view == CONSOLE_VIEW_MONITOR && monitor_poll();
    if (view != CONSOLE_VIEW_ALL) {
        more |= send();
    }
    return more;
}
