/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of text as a person types it on a terminal: editing, history, completion. Pure: bytes in
 * one at a time, what the terminal is to show out through a callback. Used by the monitor.
 *
 * Keys: arrows, Home, End, Delete, Backspace, Tab; Ctrl-A, -E, -B, -F (move), -P, -N (history),
 * -H, -D (delete), -K, -U, -W (to the end, to the start, the word before), -C (a new line), -L.
 */
#ifndef KERNEL_LINE_EDITOR_H
#define KERNEL_LINE_EDITOR_H

#include "kernel/types.h"

#define LINE_EDITOR_MAX     120 /* characters; further ones are not taken, with a bell */
#define LINE_EDITOR_HISTORY 16  /* lines */

struct line_editor {
    const char *prompt;
    void (*emit)(const char *text, size_t length);
    /*
     * Candidates for completion, by index until NULL; `before`: the line up to the word that is
     * completed.
     */
    const char *(*candidate)(const char *before, unsigned index);

    size_t length;
    size_t cursor;
    uint8_t escape; /* inside a terminal's escape sequence */
    uint8_t parameter;
    bool after_return; /* CR was the last byte: LF behind it is the same key */
    unsigned lines;    /* ever put into the history */
    unsigned browsed;  /* how far up the history; 0: the line that is typed */
    char line[LINE_EDITOR_MAX + 1];
    char typed[LINE_EDITOR_MAX + 1]; /* kept while the history is browsed */
    char history[LINE_EDITOR_HISTORY][LINE_EDITOR_MAX + 1];
};

/* An empty line: shows the prompt. The history stays. */
void line_editor_begin(struct line_editor *editor);

/* One byte from the terminal. True: the line is complete, in editor->line; then begin again. */
bool line_editor_key(struct line_editor *editor, uint8_t byte);

#endif
