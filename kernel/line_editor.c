/* SPDX-License-Identifier: Apache-2.0 */
/* Editing a line; see the header. */
#include "kernel/line_editor.h"

#include "kernel/printf.h"
#include "kernel/string.h"

#define CONTROL(letter) ((letter)&0x1f)
#define KEY_ESCAPE      0x1b
#define KEY_DELETE      0x7f

enum escape_state { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_CSI };

static void emit(struct line_editor *editor, const char *text)
{
    editor->emit(text, strlen(text));
}

/* Shows the line anew, the cursor where it belongs. */
static void redraw(struct line_editor *editor)
{
    emit(editor, "\r");
    emit(editor, editor->prompt);
    editor->emit(editor->line, editor->length);
    emit(editor, "\x1b[K");
    if (editor->cursor < editor->length) {
        char back[16];
        ksnprintf(back, sizeof(back), "\x1b[%uD", (unsigned)(editor->length - editor->cursor));
        emit(editor, back);
    }
}

void line_editor_begin(struct line_editor *editor)
{
    editor->length = 0;
    editor->cursor = 0;
    editor->browsed = 0;
    editor->escape = ESCAPE_NONE;
    editor->line[0] = '\0';
    redraw(editor);
}

static void insert(struct line_editor *editor, char c)
{
    if (editor->length == LINE_EDITOR_MAX) {
        emit(editor, "\a");
        return;
    }
    memmove(editor->line + editor->cursor + 1, editor->line + editor->cursor,
            editor->length - editor->cursor + 1);
    editor->line[editor->cursor++] = c;
    editor->length++;
    if (editor->cursor == editor->length) {
        editor->emit(&c, 1);
    } else {
        redraw(editor);
    }
}

/* Takes out what lies between two places; the cursor is then at the first one. */
static void cut(struct line_editor *editor, size_t from, size_t to)
{
    memmove(editor->line + from, editor->line + to, editor->length - to + 1);
    editor->length -= to - from;
    editor->cursor = from;
    redraw(editor);
}

static void move(struct line_editor *editor, size_t to)
{
    if (to <= editor->length) { /* one less than 0 is more than any length */
        editor->cursor = to;
        redraw(editor);
    }
}

static size_t word_start(const struct line_editor *editor)
{
    size_t at = editor->cursor;
    while (at > 0 && editor->line[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && editor->line[at - 1] != ' ') {
        at--;
    }
    return at;
}

/* ---- history ---- */

static void remember(struct line_editor *editor)
{
    char *newest = editor->history[(editor->lines + LINE_EDITOR_HISTORY - 1) % LINE_EDITOR_HISTORY];
    if (editor->length > 0 && strcmp(newest, editor->line) != 0) {
        memcpy(editor->history[editor->lines++ % LINE_EDITOR_HISTORY], editor->line,
               editor->length + 1);
    }
}

static void browse(struct line_editor *editor, unsigned to)
{
    if (to > MIN(editor->lines, LINE_EDITOR_HISTORY)) {
        emit(editor, "\a");
        return;
    }
    if (editor->browsed == 0) {
        memcpy(editor->typed, editor->line, sizeof(editor->typed));
    }
    const char *text =
        to == 0 ? editor->typed : editor->history[(editor->lines - to) % LINE_EDITOR_HISTORY];
    editor->browsed = to;
    editor->length = strlen(text);
    editor->cursor = editor->length;
    memcpy(editor->line, text, editor->length + 1);
    redraw(editor);
}

/* ---- completion ---- */

struct matches {
    char before[LINE_EDITOR_MAX + 1]; /* the line up to the word */
    const char *word;
    size_t length; /* of what is typed of it */
    const char *first;
    size_t common; /* characters that all candidates share */
    unsigned count;
};

static const char *next_match(struct line_editor *editor, const struct matches *m, unsigned *index)
{
    for (;;) {
        const char *text = editor->candidate(m->before, (*index)++);
        if (text == NULL || strncmp(text, m->word, m->length) == 0) {
            return text;
        }
    }
}

static void find_matches(struct line_editor *editor, struct matches *m)
{
    unsigned index = 0;
    for (const char *text; (text = next_match(editor, m, &index)) != NULL; m->count++) {
        if (m->count == 0) {
            m->first = text;
            m->common = strlen(text);
        }
        while (strncmp(text, m->first, m->common) != 0) {
            m->common--;
        }
    }
}

static void list_matches(struct line_editor *editor, const struct matches *m)
{
    unsigned index = 0;
    emit(editor, "\r\n");
    for (const char *text; (text = next_match(editor, m, &index)) != NULL;) {
        emit(editor, text);
        emit(editor, "  ");
    }
    emit(editor, "\r\n");
    redraw(editor);
}

static void complete(struct line_editor *editor)
{
    size_t start = editor->cursor;
    while (start > 0 && editor->line[start - 1] != ' ') {
        start--;
    }
    struct matches m = {.word = editor->line + start, .length = editor->cursor - start};
    memcpy(m.before, editor->line, start);
    find_matches(editor, &m);
    if (m.count > 1 && m.common == m.length) {
        list_matches(editor, &m);
    } else if (m.count == 0) {
        emit(editor, "\a");
    }
    for (size_t i = m.length; i < m.common; i++) {
        insert(editor, m.first[i]);
    }
    if (m.count == 1) {
        insert(editor, ' ');
    }
}

/* ---- keys ---- */

/* ECMA-48 control sequences, as terminals send them for keys. */
static void escape_end(struct line_editor *editor, uint8_t byte)
{
    switch (byte) {
    case 'A':
        browse(editor, editor->browsed + 1);
        break;
    case 'B':
        browse(editor, editor->browsed - 1);
        break;
    case 'C':
        move(editor, editor->cursor + 1);
        break;
    case 'D':
        move(editor, editor->cursor - 1);
        break;
    case 'H':
        move(editor, 0);
        break;
    case 'F':
        move(editor, editor->length);
        break;
    case '~':
        if (editor->parameter == '3' && editor->cursor < editor->length) {
            cut(editor, editor->cursor, editor->cursor + 1);
        } else if (editor->parameter == '1' || editor->parameter == '7') {
            move(editor, 0);
        } else if (editor->parameter == '4' || editor->parameter == '8') {
            move(editor, editor->length);
        }
        break;
    default:
        break;
    }
}

/* True: the byte was part of a sequence. */
static bool in_escape(struct line_editor *editor, uint8_t byte)
{
    if (editor->escape == ESCAPE_BEGUN) {
        editor->escape = byte == '[' || byte == 'O' ? ESCAPE_CSI : ESCAPE_NONE;
        editor->parameter = 0;
        return true;
    }
    if (editor->escape == ESCAPE_CSI) {
        if (byte >= 0x40 && byte <= 0x7e) {
            editor->escape = ESCAPE_NONE;
            escape_end(editor, byte);
        } else {
            editor->parameter = byte;
        }
        return true;
    }
    if (byte == KEY_ESCAPE) {
        editor->escape = ESCAPE_BEGUN;
    }
    return byte == KEY_ESCAPE;
}

static void control_key(struct line_editor *editor, uint8_t byte)
{
    switch (byte) {
    case CONTROL('A'):
        move(editor, 0);
        break;
    case CONTROL('E'):
        move(editor, editor->length);
        break;
    case CONTROL('B'):
        move(editor, editor->cursor - 1);
        break;
    case CONTROL('F'):
        move(editor, editor->cursor + 1);
        break;
    case CONTROL('P'):
        browse(editor, editor->browsed + 1);
        break;
    case CONTROL('N'):
        browse(editor, editor->browsed - 1);
        break;
    case CONTROL('H'):
    case KEY_DELETE:
        if (editor->cursor > 0) {
            cut(editor, editor->cursor - 1, editor->cursor);
        }
        break;
    case CONTROL('D'):
        if (editor->cursor < editor->length) {
            cut(editor, editor->cursor, editor->cursor + 1);
        }
        break;
    case CONTROL('K'):
        cut(editor, editor->cursor, editor->length);
        break;
    case CONTROL('U'):
        cut(editor, 0, editor->cursor);
        break;
    case CONTROL('W'):
        cut(editor, word_start(editor), editor->cursor);
        break;
    case CONTROL('C'):
        emit(editor, "^C\r\n");
        line_editor_begin(editor);
        break;
    case CONTROL('L'):
        emit(editor, "\x1b[H\x1b[2J");
        redraw(editor);
        break;
    case '\t':
        complete(editor);
        break;
    default:
        break; /* a key without a meaning here */
    }
}

bool line_editor_key(struct line_editor *editor, uint8_t byte)
{
    bool second = byte == '\n' && editor->after_return;
    editor->after_return = byte == '\r';
    if (second || in_escape(editor, byte)) {
        return false;
    }
    if (byte == '\r' || byte == '\n') {
        remember(editor);
        emit(editor, "\r\n");
        return true;
    }
    if (byte >= 0x20 && byte < KEY_DELETE) {
        insert(editor, (char)byte);
    } else {
        control_key(editor, byte);
    }
    return false;
}
