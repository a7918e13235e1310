/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log's ring and its way to the sinks; see the header. In the ring each line begins with one
 * byte that holds its level, so that a sink added or slowed down later still knows it.
 */
#include "kernel/log.h"

#include "kernel/cpu.h"
#include "kernel/percpu.h"
#include "kernel/printf.h"
#include "kernel/spinlock.h"
#include "kernel/string.h"
#include "kernel/time.h"

#define LEVEL_MARK  0x01 /* ring byte LEVEL_MARK + level begins a line */
#define CACHE_LINE  64
#define FLUSH_TURNS 20000000

struct sink_state {
    struct log_sink sink;
    uint64_t next;        /* position in the stream of what it gets next */
    enum log_level level; /* of the line it is in */
    char notice[48];      /* what to say about bytes that the ring overwrote before it took them */
    size_t notice_length;
    size_t notice_sent;
    bool parked; /* held, and at the end of a line */
};

static struct spinlock lock;
static struct panic_record own; /* until log_keep(), and without a better place */
static struct panic_record *record = &own;
static char *ring = own.ring;
static uint64_t head; /* bytes ever written: the stream's end */
static struct sink_state sinks[LOG_SINK_MAX];
static unsigned sink_count;
static void (*pending_hook)(void);
static void (*growth_hook)(void);
static enum log_level console_level = LOG_INFO;
static bool held;
static uint64_t held_from; /* what is before is passed on all the same */

static const char *const level_prefix[] = {
    [LOG_ERROR] = "error: ", [LOG_WARNING] = "warning: ", [LOG_NOTICE] = "",
    [LOG_INFO] = "",         [LOG_DEBUG] = "debug: ",
};

static bool is_mark(char c)
{
    return (uint8_t)c >= LEVEL_MARK && (uint8_t)c <= LEVEL_MARK + LOG_DEBUG;
}

static void ring_put(char c)
{
    ring[head++ % LOG_RING_SIZE] = c;
}

static void ring_put_line(enum log_level level, const char *text, size_t length)
{
    ring_put((char)(LEVEL_MARK + (int)level));
    for (size_t i = 0; i < length; i++) {
        ring_put(is_mark(text[i]) ? '?' : text[i]);
    }
    ring_put('\n');
}

/* For the next boot: what was written since `from` to memory, and how far the ring is written. */
static void publish(uint64_t from)
{
    panic_record_update(record, head);
    for (uint64_t at = align_down(from, CACHE_LINE); at < head; at += CACHE_LINE) {
        cpu_flush_line(&ring[at % LOG_RING_SIZE]);
    }
    cpu_flush_line(record);
}

static uint64_t oldest(void)
{
    return head > LOG_RING_SIZE ? head - LOG_RING_SIZE : 0;
}

/* Where a reader goes on that wants `from`: there, or at a whole line when that was overwritten. */
static uint64_t present(uint64_t from)
{
    if (from >= oldest()) {
        return MIN(from, head);
    }
    from = oldest();
    while (from < head && !is_mark(ring[from % LOG_RING_SIZE])) {
        from++;
    }
    return from;
}

/* When the ring has overtaken the sink, it is told so. */
static void catch_up(struct sink_state *state)
{
    uint64_t from = state->next;
    state->next = present(from);
    if (state->next == from) {
        return;
    }
    state->notice_length =
        (size_t)ksnprintf(state->notice, sizeof(state->notice),
                          "\n[... %lu bytes of log lost ...]\n", state->next - from);
    state->notice_sent = 0;
}

/* True when nothing is left to be said about lost bytes. */
static bool send_notice(struct sink_state *state)
{
    size_t left = state->notice_length - state->notice_sent;
    if (left == 0) {
        return true;
    }
    state->notice_sent += state->sink.write(state->sink.context, LOG_WARNING,
                                            state->notice + state->notice_sent, left);
    return state->notice_sent == state->notice_length;
}

/* Longest piece of one line that lies unbroken in the ring. */
static size_t piece_length(const struct sink_state *state)
{
    size_t offset = state->next % LOG_RING_SIZE;
    size_t max = MIN(LOG_RING_SIZE - offset, head - state->next);
    size_t length = 0;
    while (length < max && !is_mark(ring[offset + length])) {
        length++;
    }
    return length;
}

static bool park_if_held(struct sink_state *state)
{
    bool hold = held && state->sink.shared && state->next >= held_from;
    bool between = state->notice_sent == state->notice_length &&
                   (state->next == head || is_mark(ring[state->next % LOG_RING_SIZE]));
    state->parked = hold && (state->parked || between);
    return state->parked;
}

static bool drain_sink(struct sink_state *state)
{
    if (park_if_held(state)) {
        return true;
    }
    catch_up(state);
    if (!send_notice(state)) {
        return false;
    }
    while (state->next < head) {
        char c = ring[state->next % LOG_RING_SIZE];
        if (is_mark(c)) {
            if (park_if_held(state)) {
                return true;
            }
            state->level = (enum log_level)((uint8_t)c - LEVEL_MARK);
            state->next++;
            continue;
        }
        size_t length = piece_length(state);
        if (state->level > console_level) {
            state->next += length;
            continue;
        }
        const char *text = &ring[state->next % LOG_RING_SIZE];
        size_t taken = state->sink.write(state->sink.context, state->level, text, length);
        state->next += taken;
        if (taken < length) {
            return false;
        }
    }
    return true;
}

static bool drain_all(void)
{
    bool done = true;
    for (unsigned i = 0; i < sink_count; i++) {
        done &= drain_sink(&sinks[i]);
    }
    return done;
}

void log_keep(struct panic_record *place, uint64_t seconds)
{
    _Static_assert(PANIC_RECORD_HEADER == CACHE_LINE, "publish() writes one line of it");
    panic_record_init(place, seconds);
    record = place;
    ring = place->ring;
}

void log_panic(void)
{
    record->state = PANIC_RECORD_PANIC;
    record->panic_at = head;
}

void log_end(void)
{
    spin_lock(&lock);
    if (record->state == PANIC_RECORD_RUNNING) {
        record->state = PANIC_RECORD_ENDED;
        publish(head);
    }
    spin_unlock(&lock);
}

void log_add_sink(const struct log_sink *sink)
{
    spin_lock(&lock);
    if (sink_count < LOG_SINK_MAX) {
        sinks[sink_count++] = (struct sink_state){.sink = *sink, .level = LOG_INFO};
    }
    drain_all();
    spin_unlock(&lock);
}

void log_set_level(enum log_level level)
{
    console_level = level;
}

enum log_level log_get_level(void)
{
    return console_level;
}

void log_set_growth_hook(void (*hook)(void))
{
    growth_hook = hook;
}

void log_set_pending_hook(void (*hook)(void))
{
    pending_hook = hook;
}

/* Puts a line into the ring and passes on what can be. */
static void add_line(enum log_level level, const char *text, size_t length)
{
    spin_lock(&lock);
    uint64_t from = head;
    ring_put_line(level, text, length);
    publish(from);
    bool done = drain_all();
    spin_unlock(&lock);
    if (!done && pending_hook != NULL) {
        pending_hook();
    }
    void (*hook)(void) = __atomic_load_n(&growth_hook, __ATOMIC_RELAXED);
    if (hook != NULL) {
        hook();
    }
}

void log_print(enum log_level level, const char *format, ...)
{
    char line[LOG_LINE_SIZE];
    uint64_t us = time_us();
    int used = ksnprintf(line, sizeof(line), "[%5lu.%06lu] %2u %s", us / 1000000, us % 1000000,
                         this_cpu()->index, level_prefix[level]);
    va_list args;
    va_start(args, format);
    used += kvsnprintf(line + used, sizeof(line) - (size_t)used, format, args);
    va_end(args);

    add_line(level, line, MIN((size_t)used, sizeof(line) - 1));
}

void log_guest_line(const char *name, const char *text)
{
    char line[LOG_LINE_SIZE];
    int length = ksnprintf(line, sizeof(line), "%s: %s", name, text);
    add_line(LOG_NOTICE, line, MIN((size_t)length, sizeof(line) - 1));
}

void log_import(const char *text, size_t length)
{
    spin_lock(&lock);
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            ring_put_line(LOG_INFO, text + start, i - start);
            start = i + 1;
        }
    }
    publish(0);
    spin_unlock(&lock);
}

bool log_drain(void)
{
    spin_lock(&lock);
    bool done = drain_all();
    spin_unlock(&lock);
    return done;
}

bool log_hold(bool hold)
{
    bool parked = true;
    spin_lock(&lock);
    held_from = held && hold ? held_from : 0;
    held = hold;
    drain_all();
    for (unsigned i = 0; i < sink_count; i++) {
        parked &= sinks[i].parked || !sinks[i].sink.shared;
    }
    spin_unlock(&lock);
    return parked;
}

void log_hold_from_here(void)
{
    spin_lock(&lock);
    held_from = head;
    held = true;
    spin_unlock(&lock);
}

void log_flush(void)
{
    held = false;
    for (unsigned turns = 0; turns < FLUSH_TURNS && !log_drain(); turns++) {
        cpu_pause();
    }
    for (unsigned i = 0; i < sink_count; i++) {
        if (sinks[i].sink.finish != NULL) {
            sinks[i].sink.finish(sinks[i].sink.context);
        }
    }
}

void log_break_lock(void)
{
    growth_hook = NULL; /* it takes locks, too */
    spin_break(&lock);
}

size_t log_copy_tail(char *buf, size_t length)
{
    spin_lock(&lock);
    uint64_t from = MAX(oldest(), head - MIN(head, length));
    size_t used = 0;
    for (; from < head; from++) {
        char c = ring[from % LOG_RING_SIZE];
        if (!is_mark(c)) {
            buf[used++] = c;
        }
    }
    spin_unlock(&lock);
    return used;
}

size_t log_read(uint64_t *position, uint64_t *missed, char *to, size_t size)
{
    size_t used = 0;
    spin_lock(&lock);
    uint64_t at = present(*position);
    *missed += at > *position ? at - *position : 0;
    while (at < head && used < size) {
        char c = ring[at++ % LOG_RING_SIZE];
        if (!is_mark(c)) {
            to[used++] = c;
        }
    }
    spin_unlock(&lock);
    *position = at;
    return used;
}

uint64_t log_position(void)
{
    return __atomic_load_n(&head, __ATOMIC_ACQUIRE);
}
