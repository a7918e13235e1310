/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-up in the symbol table that the second link adds; its layout is described in
 * tools/mksymbols. Used when the kernel panics: no lock, no memory but the caller's, small rather
 * than fast.
 */
#include "kernel/symbols.h"

#define FIRST_CODE 128u
#define PAIRS_SIZE 256u
#define DEPTH_MAX  64u /* codes not yet spelt out; a name of n letters needs n at most */

/* Absent in the first link, whose symbols the table is made of. */
extern const uint8_t symbol_table[] __attribute__((weak));
extern const uint8_t kernel_start[];
extern const uint8_t fixup_table_start[]; /* read-only data: behind the code */

static uint32_t take_number(const uint8_t **at)
{
    uint32_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
}

static void spell(const uint8_t *code, char name[SYMBOL_NAME_SIZE])
{
    uint8_t stack[DEPTH_MAX];
    unsigned depth = 0;
    unsigned used = 0;
    while (used < SYMBOL_NAME_SIZE - 1 && (depth > 0 || *code != 0)) {
        uint8_t byte = depth > 0 ? stack[--depth] : *code++;
        if (byte < FIRST_CODE) {
            name[used++] = (char)byte;
        } else if (depth + 2 <= DEPTH_MAX) {
            const uint8_t *pair = &symbol_table[2 * (byte - FIRST_CODE)];
            stack[depth++] = pair[1];
            stack[depth++] = pair[0];
        }
    }
    name[used] = '\0';
}

bool symbol_find(uint64_t address, char name[SYMBOL_NAME_SIZE], uint64_t *offset)
{
    if (symbol_table == NULL || address < (uintptr_t)kernel_start ||
        address >= (uintptr_t)fixup_table_start) {
        return false;
    }
    uint32_t wanted = (uint32_t)(address - (uintptr_t)kernel_start) + 1;
    const uint8_t *at = symbol_table + PAIRS_SIZE;
    const uint8_t *found = NULL;
    uint32_t start = 0;
    for (;;) {
        uint32_t distance = take_number(&at);
        if (distance == 0 || start + distance > wanted) {
            break;
        }
        start += distance;
        found = at;
        while (*at++ != 0) {
        }
    }
    if (found == NULL) {
        return false;
    }
    spell(found, name);
    *offset = wanted - start;
    return true;
}
