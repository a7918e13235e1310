/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the kernel's own functions, for backtraces. The table is made by tools/mksymbols. */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include "kernel/types.h"

#define SYMBOL_NAME_SIZE 48 /* longer names are cut off */

/*
 * The function that holds a code address of the kernel: its name, and the address's distance from
 * its start in *offset. False, and nothing written, when the address lies outside the kernel's
 * code. Any CPU, any time.
 */
bool symbol_find(uint64_t address, char name[SYMBOL_NAME_SIZE], uint64_t *offset);

#endif
