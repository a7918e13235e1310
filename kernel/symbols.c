/* SPDX-License-Identifier: Apache-2.0 */
/* Look-up in the symbol table that the second link adds; see the header. */
#include "kernel/symbols.h"

/* Absent in the first link, whose symbols the table is made of. */
extern const uint32_t symbol_table[] __attribute__((weak));
extern const uint8_t kernel_start[];
extern const uint8_t fixup_table_start[]; /* read-only data: behind the code */

const char *symbol_find(uint64_t address, uint64_t *offset)
{
    if (symbol_table == NULL || address < (uintptr_t)kernel_start ||
        address >= (uintptr_t)fixup_table_start) {
        return NULL;
    }
    uint32_t count = symbol_table[0];
    const uint32_t *starts = &symbol_table[1];
    const uint32_t *names = starts + count;
    const char *text = (const char *)(names + count);
    uint32_t wanted = (uint32_t)(address - (uintptr_t)kernel_start);

    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (starts[middle] <= wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    *offset = wanted - starts[low - 1];
    return text + names[low - 1];
}
