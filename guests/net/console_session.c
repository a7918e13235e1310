/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console connections: token, output, and who types.
 */
#include "guests/net/console_session.h"

#include "guests/net/backend.h"
#include "guests/net/note.h"
#include "guests/net/text.h"
#include "kernel/string.h"

#define IAC    255
#define CR     0x0d
#define LF     0x0a
#define CTRL_C 0x03
#define CTRL_D 0x04

static struct console *writers[BACKEND_VM_MAX];

static void say(struct console *console, const char *words)
{
    struct text text;
    text_init(&text, (char *)console->out + console->out_length,
              CONSOLE_OUT_MAX - console->out_length);
    text_string(&text, words);
    console->out_length += text.length;
}

static void say_number(struct console *console, const char *before, uint64_t number,
                       const char *after)
{
    struct text text;
    text_init(&text, (char *)console->out + console->out_length,
              CONSOLE_OUT_MAX - console->out_length);
    text_add(&text, "%s%lu%s", before, number, after);
    console->out_length += text.length;
}

void console_open(struct console *console, uint32_t vm, const char *who, uint64_t now)
{
    memset(console, 0, sizeof(*console));
    console->vm = vm;
    console->began = now;
    telnet_init(&console->telnet);
    memcpy(console->who, who, strnlen(who, CONSOLE_WHO_MAX - 1));
    if (!auth_has_token()) {
        say(console, "This guest was given no token: consoles are closed.\r\n");
        console->state = CONSOLE_ENDED;
        return;
    }
    memcpy(console->out, telnet_greeting, telnet_greeting_size);
    console->out_length = telnet_greeting_size;
    say(console, "token: ");
}

static void welcome(struct console *console, uint64_t now)
{
    struct bulkhead_vm facts;
    console->state = CONSOLE_OPEN;
    console->typed_at = now;
    if (!backend_vm(console->vm, &facts)) {
        say(console, "\r\nthe hypervisor does not answer\r\n");
        console->state = CONSOLE_ENDED;
        return;
    }
    net_note("%s: console of VM %s", console->who, facts.name);
    say(console, "\r\n[console of VM ");
    say(console, facts.name);
    say(console, "; what it printed last:]\r\n");
}

static void judge_token(struct console *console, uint64_t now)
{
    if (auth_check(console->token, console->token_length, console->who, now)) {
        welcome(console, now);
    } else {
        console->state = CONSOLE_HELD;
        console->released = now + auth_delay(now);
        console->tries++;
    }
    memset(console->token, 0, sizeof(console->token));
    console->token_length = 0;
}

static void token_key(struct console *console, uint8_t key, uint64_t now)
{
    if (key == CR || key == LF) {
        if (console->token_length != 0) {
            judge_token(console, now);
        }
        return;
    }
    if (key == CTRL_C || key == CTRL_D) {
        console->state = CONSOLE_ENDED;
        return;
    }
    if (console->token_length < AUTH_TOKEN_MAX) {
        console->token[console->token_length] = (char)key;
    }
    console->token_length++;
}

/* May this connection type? Takes the right when nobody has it, or he who has it is silent. */
static bool may_type(struct console *console, uint64_t now)
{
    struct console *writer = writers[console->vm];
    if (writer != NULL && writer != console && now - writer->typed_at < CONSOLE_SILENT_MS) {
        if (!console->told) {
            say(console, "\r\n[somebody else types here; you may watch]\r\n");
            console->told = true;
        }
        return false;
    }
    writers[console->vm] = console;
    console->told = false;
    console->typed_at = now;
    return true;
}

static void offer_typed(struct console *console, uint64_t now)
{
    if (console->typed_length == 0) {
        return;
    }
    size_t taken = backend_input(console->vm, console->typed, console->typed_length);
    taken = taken < console->typed_length ? taken : console->typed_length;
    if (taken != 0) {
        console->typed_length -= taken;
        memmove(console->typed, console->typed + taken, console->typed_length);
        console->stuck_at = 0;
        return;
    }
    console->stuck_at = console->stuck_at != 0 ? console->stuck_at : now;
    if (now - console->stuck_at >= CONSOLE_DROP_MS) {
        console->typed_length = 0;
        console->stuck_at = 0;
    }
}

static void key_pressed(struct console *console, uint8_t key, uint64_t now)
{
    if (console->state == CONSOLE_TOKEN) {
        token_key(console, key, now);
        return;
    }
    if (console->state == CONSOLE_OPEN && may_type(console, now)) {
        console->typed[console->typed_length++] = key;
    }
}

static bool can_take(const struct console *console)
{
    return (console->state == CONSOLE_TOKEN || console->state == CONSOLE_OPEN) &&
           console->typed_length < CONSOLE_TYPED_MAX &&
           console->out_length + CONSOLE_OUT_MAX / 4 < CONSOLE_OUT_MAX;
}

size_t console_input(struct console *console, const uint8_t *bytes, size_t count, uint64_t now)
{
    size_t used = 0;
    if (console->state == CONSOLE_ENDED) {
        return count;
    }
    while (used < count && can_take(console)) {
        uint8_t key;
        uint8_t answer[TELNET_ANSWER_MAX];
        size_t answer_size;
        if (telnet_byte(&console->telnet, bytes[used++], &key, answer, &answer_size)) {
            key_pressed(console, key, now);
        }
        memcpy(console->out + console->out_length, answer, answer_size);
        console->out_length += answer_size;
    }
    offer_typed(console, now);
    return used;
}

/* Appends what the VM printed; telnet's own byte is doubled for those who speak it. */
static void append_output(struct console *console, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        console->out[console->out_length++] = bytes[i];
        if (bytes[i] == IAC && console->telnet.speaks) {
            console->out[console->out_length++] = IAC;
        }
    }
}

static void read_output(struct console *console)
{
    static char printed[CONSOLE_OUT_MAX / 2];
    while (console->out_length <= CONSOLE_OUT_MAX / 2) {
        uint64_t next;
        uint64_t missed;
        size_t room = (CONSOLE_OUT_MAX - console->out_length) / 2 - 64;
        size_t count = backend_read(BULKHEAD_STREAM_CONSOLE, console->vm, console->position,
                                    printed, room, &next, &missed);
        if (missed != 0 && console->position != 0) {
            say_number(console, "\r\n[", missed, " bytes lost]\r\n");
        }
        console->position = next;
        if (count == 0) {
            return;
        }
        append_output(console, (const uint8_t *)printed, count);
    }
}

size_t console_output(struct console *console, const uint8_t **bytes)
{
    if (console->state == CONSOLE_OPEN) {
        read_output(console);
    }
    *bytes = console->out;
    return console->out_length;
}

void console_given(struct console *console, size_t count)
{
    console->out_length -= count;
    memmove(console->out, console->out + count, console->out_length);
}

void console_tick(struct console *console, uint64_t now)
{
    switch (console->state) {
    case CONSOLE_TOKEN:
        if (now - console->began >= CONSOLE_TOKEN_MS) {
            say(console, "\r\ntoo late\r\n");
            console->state = CONSOLE_ENDED;
        }
        return;
    case CONSOLE_HELD:
        if (now < console->released) {
            return;
        }
        console->state = console->tries < CONSOLE_TRIES ? CONSOLE_TOKEN : CONSOLE_ENDED;
        say(console, console->tries < CONSOLE_TRIES ? "\r\nwrong\r\ntoken: " : "\r\nwrong\r\n");
        return;
    case CONSOLE_OPEN:
        offer_typed(console, now);
        return;
    case CONSOLE_ENDED:
        return;
    }
}

uint32_t console_patience(const struct console *console, uint64_t now)
{
    uint64_t when = UINT64_MAX;
    switch (console->state) {
    case CONSOLE_TOKEN:
        when = console->began + CONSOLE_TOKEN_MS;
        break;
    case CONSOLE_HELD:
        when = console->released;
        break;
    case CONSOLE_OPEN:
        when = console->typed_length != 0 ? now + CONSOLE_RETRY_MS : UINT64_MAX;
        break;
    case CONSOLE_ENDED:
        when = console->out_length == 0 ? now : UINT64_MAX;
        break;
    }
    if (when == UINT64_MAX) {
        return UINT32_MAX;
    }
    return when > now ? (uint32_t)(when - now) : 0;
}

void console_closed(struct console *console)
{
    if (console->vm < BACKEND_VM_MAX && writers[console->vm] == console) {
        writers[console->vm] = NULL;
    }
}
