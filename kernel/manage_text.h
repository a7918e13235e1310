/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts for a managing VM that are made when they are read: the part from one position on goes
 * straight into the reader's memory, the rest is only counted.
 */
#ifndef KERNEL_MANAGE_TEXT_H
#define KERNEL_MANAGE_TEXT_H

#include "kernel/types.h"

struct vm;

struct manage_text {
    const struct vm *reader;
    gpa_t to; /* `room` bytes of the reader's RAM */
    uint64_t from;
    uint64_t room;
    uint64_t length;  /* of the text so far */
    uint64_t written; /* bytes at `to` */
};

void manage_text_add(struct manage_text *text, const char *bytes, size_t length);

/* The VM's last crash record; nothing when there is none. */
void manage_text_crash(struct manage_text *text, const struct vm *vm);

/* What the plan gives the VM, a line a property, in the words of docs/configuration.md. */
void manage_text_plan(struct manage_text *text, const struct vm *vm);

#endif
