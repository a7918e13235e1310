/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the boot protocol told: command line, memory map, ACPI's root pointer. Copied out of the
 * loader's structures at the very start, so that their memory is free afterwards.
 */
#ifndef GUESTS_RUNTIME_STARTUP_H
#define GUESTS_RUNTIME_STARTUP_H

#include <stdbool.h>
#include <stdint.h>

#define STARTUP_RANGE_MAX   64
#define STARTUP_CMDLINE_MAX 512

struct startup_range {
    uint64_t start;
    uint64_t end; /* exclusive */
};

struct startup {
    const char *protocol; /* "PVH" or "Multiboot" */
    char cmdline[STARTUP_CMDLINE_MAX];
    uint64_t rsdp; /* 0: not told */
    uint32_t range_count;
    struct startup_range ranges[STARTUP_RANGE_MAX]; /* usable RAM, whole pages, as found */
};

extern struct startup startup;

/* eax, ebx: as at the entry point. False: neither of the two protocols. */
bool startup_parse(uint32_t eax, uint32_t ebx);

/*
 * Value of `name=` on the command line, words being separated by blanks; `fallback` when it is
 * absent or no number. Decimal, or hexadecimal with 0x.
 */
uint64_t startup_number(const char *name, uint64_t fallback);

/* True when some word of the command line begins with `name=`. */
bool startup_has(const char *name);

/* True when the command line has the word `name=value`; value NULL: the bare word `name`. */
bool startup_option(const char *name, const char *value);

#endif
