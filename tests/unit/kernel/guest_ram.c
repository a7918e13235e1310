/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's RAM for tests; see the header. */
#include "tests/unit/kernel/guest_ram.h"

#include <stdlib.h>

uint64_t *guest_ram_word(struct guest_ram *ram, uint64_t gpa)
{
    return &ram->words[(gpa - RAM_BASE) / 8];
}

static bool is_ram(gpa_t gpa)
{
    if (!is_aligned(gpa.v, 8)) {
        abort();
    }
    return gpa.v >= RAM_BASE && gpa.v < RAM_BASE + RAM_SIZE;
}

static bool ram_read(void *context, gpa_t gpa, uint64_t *value)
{
    struct guest_ram *ram = context;
    ram->reads++;
    if (!is_ram(gpa)) {
        return false;
    }
    if (ram->reads == ram->change_read) {
        *guest_ram_word(ram, gpa.v) ^= ram->change;
    }
    *value = *guest_ram_word(ram, gpa.v);
    return true;
}

static bool ram_update(void *context, gpa_t gpa, uint64_t expected, uint64_t value, bool *changed)
{
    struct guest_ram *ram = context;
    if (!is_ram(gpa)) {
        return false;
    }
    uint64_t *word = guest_ram_word(ram, gpa.v);
    if (ram->change_updates > 0) {
        ram->change_updates--;
        *word ^= ram->change;
    }
    *changed = *word != expected;
    if (!*changed) {
        *word = value;
        ram->updates++;
    }
    return true;
}

struct guest_memory guest_ram_memory(struct guest_ram *ram)
{
    return (struct guest_memory){.read = ram_read, .update = ram_update, .context = ram};
}
