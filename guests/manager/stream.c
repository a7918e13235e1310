/* SPDX-License-Identifier: Apache-2.0 */
/* Reading consoles, log and plan from positions; typing. */
#include "guests/manager/manager.h"
#include "guests/runtime/console.h"
#include "kernel/string.h"

#define CHUNK_SIZE (sizeof(struct bulkhead_chunk) + 4096)
#define WAIT_MS    10000

static struct {
    struct bulkhead_chunk chunk;
    char data[4096 + 1];
} answer;

static int64_t read_at(enum bulkhead_stream stream, uint64_t vm, uint64_t position)
{
    int64_t result = manage_read(stream, vm, position, &answer.chunk, CHUNK_SIZE);
    answer.data[result > 0 ? result : 0] = '\0';
    return result;
}

static bool contains(const char *text, const char *part)
{
    for (; *text != '\0'; text++) {
        size_t same = 0;
        while (part[same] != '\0' && text[same] == part[same]) {
            same++;
        }
        if (part[same] == '\0') {
            return true;
        }
    }
    return false;
}

static bool check_log(void)
{
    bool good = expect("end of log", read_at(BULKHEAD_STREAM_LOG, 0, UINT64_MAX), 0);
    uint64_t position = answer.chunk.next;
    good &= expect("position of the end", (int64_t)(answer.chunk.end - position), 0);
    print("manager: marker 4711\n");
    good &= expect("log", read_at(BULKHEAD_STREAM_LOG, 0, position) > 20, true);
    good &= expect("marker in the log", contains(answer.data, "marker 4711"), true);
    good &= expect("missed", (int64_t)answer.chunk.missed, 0);
    return good & expect("log of VM 1", read_at(BULKHEAD_STREAM_LOG, 1, 0), -BULKHEAD_ENOENT);
}

struct numbers {
    uint64_t last;
    uint64_t number; /* what has come of the next one */
    uint32_t lines;
};

/* One more byte of lines with a number each; false when a number is not one more than the one
 * before. */
static bool take_byte(struct numbers *n, char byte)
{
    bool good = true;
    if (byte >= '0' && byte <= '9') {
        n->number = n->number * 10 + (uint64_t)(byte - '0');
    } else if (byte == '\n') {
        good = n->lines++ <= 1 ||
               expect("next line of VM count", (int64_t)n->number, (int64_t)n->last + 1);
        n->last = n->number;
        n->number = 0;
    }
    return good;
}

/* The numbers that VM "count" prints: each one more than the one before. */
static bool check_console(void)
{
    uint32_t vm = find_vm("count");
    uint64_t position = UINT64_MAX;
    struct numbers numbers = {0};
    for (uint32_t ms = 0; vm != NO_VM && numbers.lines < 10 && ms < WAIT_MS; ms += 10) {
        read_at(BULKHEAD_STREAM_CONSOLE, vm, position);
        position = answer.chunk.next;
        for (const char *at = answer.data; *at != '\0'; at++) {
            if (!take_byte(&numbers, *at)) {
                return false;
            }
        }
        rest_us(10000);
    }
    return expect("lines of VM count", numbers.lines >= 10, true);
}

/* More than the ring of our own console holds: what is gone is counted. */
static bool check_missed(void)
{
    static char line[64];
    struct bulkhead_machine m;
    manage_machine(&m);
    memset(line, '.', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    read_at(BULKHEAD_STREAM_CONSOLE, m.self, UINT64_MAX);
    uint64_t begin = answer.chunk.end;
    for (uint32_t i = 0; i < 10240 / sizeof(line); i++) {
        hypercall(BULKHEAD_CALL_CONSOLE_WRITE, (uint64_t)line, sizeof(line), 0, 0, 0);
    }
    int64_t got = read_at(BULKHEAD_STREAM_CONSOLE, m.self, begin);
    return expect("bytes in one call", got, BULKHEAD_TRANSFER_MAX) &
           expect("end", (int64_t)(answer.chunk.end - begin), 10240) &
           expect("missed", answer.chunk.missed >= 2048 && answer.chunk.missed < 2100, true) &
           expect("next", (int64_t)(answer.chunk.next - begin), (int64_t)answer.chunk.missed + got);
}

/* What goes in comes out, once for each byte; the UART's queue may fill up. */
static bool echo(uint32_t vm, const char *text, size_t length)
{
    read_at(BULKHEAD_STREAM_CONSOLE, vm, UINT64_MAX);
    uint64_t position = answer.chunk.next;
    size_t typed = 0;
    size_t seen = 0;
    for (uint32_t ms = 0; seen < length && ms < WAIT_MS; ms += 2) {
        int64_t taken = typed < length ? manage_input(vm, text + typed, length - typed) : 0;
        if (taken < 0) {
            return expect("input", taken, 0);
        }
        typed += (size_t)taken;
        read_at(BULKHEAD_STREAM_CONSOLE, vm, position);
        position = answer.chunk.next;
        for (uint32_t i = 0; i < answer.chunk.length; i++) {
            if (!expect("byte of the echo", answer.data[i], text[seen++ % length])) {
                return false;
            }
        }
        rest_us(2000);
    }
    return expect("bytes of the echo", (int64_t)seen, (int64_t)length);
}

static bool check_echo(void)
{
    uint32_t vm = find_vm("echo");
    return vm != NO_VM && wait_state(vm, BULKHEAD_VM_RUNNING) && echo(vm, "Bulkhead?\n", 10);
}

static bool check_paste(void)
{
    static char text[6000];
    uint32_t vm = find_vm("echo");
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = i % 64 == 63 ? '\n' : (char)('a' + i % 26);
    }
    return vm != NO_VM && echo(vm, text, sizeof(text));
}

/* A text in one piece equals the same text in small ones. */
static bool check_plan(void)
{
    static char whole[4096];
    struct {
        struct bulkhead_chunk chunk;
        char data[37];
    } small = {0};
    int64_t length = read_at(BULKHEAD_STREAM_PLAN, 0, 0);
    bool good = expect("length of the plan", length > 40 && length < 4096, true) &
                expect("plan names the VM", contains(answer.data, "name = "), true) &
                expect("end of the plan", (int64_t)answer.chunk.end, length);
    memcpy(whole, answer.data, (size_t)length);
    print("manager: plan: %s", answer.data);
    uint64_t at = 0;
    while (manage_read(BULKHEAD_STREAM_PLAN, 0, at, &small.chunk, sizeof(small)) > 0) {
        good &= expect("piece of the plan", memcmp(whole + at, small.data, small.chunk.length), 0);
        at = small.chunk.next;
    }
    return good & expect("pieces of the plan", (int64_t)at, length);
}

/* VM "crasher" ends by a triple fault; its record is longer than one call gives. */
static bool check_crash(void)
{
    static char whole[16384];
    uint64_t at = 0;
    uint32_t vm = find_vm("crasher");
    if (vm == NO_VM || !wait_state(vm, BULKHEAD_VM_CRASHED)) {
        return false;
    }
    while (at + BULKHEAD_TRANSFER_MAX < sizeof(whole) &&
           read_at(BULKHEAD_STREAM_CRASH, vm, at) > 0) {
        memcpy(whole + at, answer.data, answer.chunk.length);
        at = answer.chunk.next;
    }
    print("manager: crash record of %lu bytes\n", at);
    return expect("end of the record", (int64_t)answer.chunk.end, (int64_t)at) &
           expect("length of the record", at > 500, true) &
           expect("why it crashed", contains(whole, "triple fault"), true) &
           expect("registers", contains(whole, "rip") || contains(whole, "RIP"), true);
}

static bool check_no_crash(void)
{
    return expect("crash record of who has not crashed", read_at(BULKHEAD_STREAM_CRASH, 0, 0), 0);
}

const struct check checks_stream[] = {
    {"log", check_log},           {"console", check_console}, {"missed", check_missed},
    {"echo", check_echo},         {"paste", check_paste},     {"plan", check_plan},
    {"no-crash", check_no_crash}, {"crash", check_crash},     {NULL, NULL},
};
