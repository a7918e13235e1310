/* SPDX-License-Identifier: Apache-2.0 */
/* Texts about a VM, for BULKHEAD_CALL_READ; see the header. */
#include "kernel/manage_text.h"

#include "kernel/plan_print.h"
#include "kernel/string.h"
#include "kernel/vm.h"

void manage_text_add(struct manage_text *text, const char *bytes, size_t length)
{
    uint64_t at = text->length;
    uint64_t skip = at < text->from ? MIN(text->from - at, length) : 0;
    uint64_t take = MIN(length - skip, text->room - text->written);
    vm_write_memory(text->reader, GPA(text->to.v + text->written), bytes + skip, take);
    text->written += take;
    text->length += length;
}

static void add_line(void *context, const char *line)
{
    manage_text_add(context, line, strlen(line));
    manage_text_add(context, "\n", 1);
}

void manage_text_crash(struct manage_text *text, const struct vm *vm)
{
    const struct crash_record *record = crash_last(vm);
    if (record != NULL) {
        crash_print(record, add_line, text);
    }
}

void manage_text_plan(struct manage_text *text, const struct vm *vm)
{
    plan_print(vm->plan, add_line, text);
}
