/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the kernel's own functions, for backtraces. The table is made by tools/mksymbols. */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include "kernel/types.h"

/*
 * Name of the function that holds a code address of the kernel, with the address's distance from
 * its start in *offset; NULL when the address lies outside the kernel's code. Any CPU, any time.
 */
const char *symbol_find(uint64_t address, uint64_t *offset);

#endif
