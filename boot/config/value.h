/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of device-tree properties and the small grammars inside their strings: sizes, numbers,
 * ranges, PCI addresses. Called by the readers in boot/config. Everything is untrusted; nothing
 * is read outside the value, and nothing here reports: callers know what the value was for.
 */
#ifndef BOOT_CONFIG_VALUE_H
#define BOOT_CONFIG_VALUE_H

#include "kernel/types.h"
#include "kernel/vm_plan.h"

struct config_value {
    const uint8_t *data;
    uint32_t size; /* bytes */
};

/* True when the value is one or more NUL-terminated strings of printable ASCII, none of them empty
 * (an empty string alone is allowed: ""). */
bool config_value_is_strings(const struct config_value *value);

/* Number of strings; 0 when the value is not strings. */
uint32_t config_value_string_count(const struct config_value *value);

/* String number `index` < count. */
const char *config_value_string(const struct config_value *value, uint32_t index);

/* Number of 32-bit cells; 0 when the size is no multiple of four. */
uint32_t config_value_cell_count(const struct config_value *value);
uint32_t config_value_cell(const struct config_value *value, uint32_t index);

/* Writes the value as it may have stood in the source, cut with "..." when it is long. */
void config_value_format(const struct config_value *value, char *buf, size_t size);

/* A whole text that is a decimal or 0x-number within 64 bits. */
bool config_parse_number(const char *text, uint64_t *number);

/* "N", or "N-M" with N <= M (inclusive), both within 32 bits. */
bool config_parse_range(const char *text, uint32_t *first, uint32_t *last);

/* "0x60", "0xcf8-0xcff". Returns buf. */
const char *config_format_range(uint32_t first, uint32_t last, char *buf, size_t size);
#define CONFIG_RANGE_TEXT 24

/* "512K", "64M", "2G", "1T", also with "iB": bytes. Fails on overflow and without a unit. */
bool config_parse_size(const char *text, uint64_t *bytes);

/* "00:1f.2" or "0000:00:1f.2", hexadecimal, as lspci prints it. */
bool config_parse_pci(const char *text, struct vm_pci_function *function);

/* A number of edits (insert, delete, change, swap of neighbours) between two short names; large
 * for names longer than CONFIG_NAME_MAX. */
#define CONFIG_NAME_MAX 31
uint32_t config_edit_distance(const char *a, const char *b);

/*
 * Keeps the nearest of many names: start with a zeroed struct and the wrong name, offer each known
 * one; `best` is NULL when none is near enough to be meant.
 */
struct config_nearest {
    const char *wrong;
    const char *best;
    uint32_t distance;
};
void config_nearest_offer(struct config_nearest *nearest, const char *known);

#endif
