/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structures of PVH ("x86/HVM direct boot ABI") and of Multiboot 1 as a kernel finds them,
 * and the command line. Runs once, on the boot processor, before anything else.
 */
#include "guests/runtime/startup.h"

#include <stddef.h>

#include "kernel/string.h"
#include "kernel/types.h"

#define PVH_MAGIC             0x336ec578u
#define MULTIBOOT_MAGIC       0x2badb002u

#define MULTIBOOT_HAS_MEMORY  (1u << 0)
#define MULTIBOOT_HAS_CMDLINE (1u << 2)
#define MULTIBOOT_HAS_MAP     (1u << 6)

#define MEMORY_TYPE_RAM       1

struct pvh_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t cmdline;
    uint64_t rsdp;
    uint64_t memory_map; /* from version 1 */
    uint32_t memory_map_entries;
    uint32_t reserved;
};

struct pvh_memory {
    uint64_t address;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
};

struct multiboot_info {
    uint32_t flags;
    uint32_t lower_kib;
    uint32_t upper_kib;
    uint32_t boot_device;
    uint32_t cmdline;
    uint32_t module_count;
    uint32_t modules;
    uint32_t symbols[4];
    uint32_t map_length;
    uint32_t map;
};

struct multiboot_memory {
    uint32_t size; /* of what follows */
    uint64_t address;
    uint64_t length;
    uint32_t type;
} __attribute__((packed));

struct startup startup;

static void add_range(uint64_t address, uint64_t size, uint32_t type)
{
    uint64_t start = align_up(address, PAGE_SIZE);
    uint64_t end = align_down(address + size, PAGE_SIZE);
    if (type != MEMORY_TYPE_RAM || end <= start || startup.range_count == STARTUP_RANGE_MAX) {
        return;
    }
    startup.ranges[startup.range_count++] = (struct startup_range){start, end};
}

static void copy_cmdline(uint64_t address)
{
    if (address == 0) {
        return;
    }
    const char *text = (const char *)address;
    memcpy(startup.cmdline, text, strnlen(text, STARTUP_CMDLINE_MAX - 1));
}

static void parse_pvh(const struct pvh_start_info *info)
{
    startup.protocol = "PVH";
    startup.rsdp = info->rsdp;
    copy_cmdline(info->cmdline);
    if (info->version < 1) {
        return;
    }
    const struct pvh_memory *map = (const struct pvh_memory *)info->memory_map;
    for (uint32_t i = 0; i < info->memory_map_entries; i++) {
        add_range(map[i].address, map[i].size, map[i].type);
    }
}

static void parse_multiboot(const struct multiboot_info *info)
{
    startup.protocol = "Multiboot";
    if ((info->flags & MULTIBOOT_HAS_CMDLINE) != 0) {
        copy_cmdline(info->cmdline);
    }
    if ((info->flags & MULTIBOOT_HAS_MAP) == 0) {
        if ((info->flags & MULTIBOOT_HAS_MEMORY) != 0) {
            add_range(0, (uint64_t)info->lower_kib << 10, MEMORY_TYPE_RAM);
            add_range(MIB(1), (uint64_t)info->upper_kib << 10, MEMORY_TYPE_RAM);
        }
        return;
    }
    uint64_t at = info->map;
    while (at < (uint64_t)info->map + info->map_length) {
        const struct multiboot_memory *entry = (const struct multiboot_memory *)at;
        add_range(entry->address, entry->length, entry->type);
        at += entry->size + sizeof(entry->size);
    }
}

bool startup_parse(uint32_t eax, uint32_t ebx)
{
    if (eax == MULTIBOOT_MAGIC) {
        parse_multiboot((const struct multiboot_info *)(uint64_t)ebx);
        return true;
    }
    const struct pvh_start_info *info = (const struct pvh_start_info *)(uint64_t)ebx;
    if (info->magic != PVH_MAGIC) {
        return false;
    }
    parse_pvh(info);
    return true;
}

/* The word after this one; NULL: this was the last. */
static const char *next_word(const char *word)
{
    const char *blank = strchr(word, ' ');
    return blank != NULL ? blank + 1 : NULL;
}

/* What follows "name=" in the first word that begins so; NULL: there is none. */
static const char *find_value(const char *name)
{
    size_t length = strlen(name);
    for (const char *word = startup.cmdline; word != NULL; word = next_word(word)) {
        if (strncmp(word, name, length) == 0 && word[length] == '=') {
            return word + length + 1;
        }
    }
    return NULL;
}

static bool word_ends(char c)
{
    return c == ' ' || c == '\0';
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    return 16;
}

uint64_t startup_number(const char *name, uint64_t fallback)
{
    const char *text = find_value(name);
    if (text == NULL) {
        return fallback;
    }
    unsigned base = 10;
    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    if (digit_of(*text) >= base) {
        return fallback;
    }
    uint64_t value = 0;
    for (; digit_of(*text) < base; text++) {
        value = value * base + digit_of(*text);
    }
    return value;
}

bool startup_has(const char *name)
{
    return find_value(name) != NULL;
}

bool startup_option(const char *name, const char *value)
{
    size_t length = strlen(name);
    for (const char *word = startup.cmdline; word != NULL; word = next_word(word)) {
        if (strncmp(word, name, length) != 0) {
            continue;
        }
        const char *rest = word + length;
        if (value == NULL && word_ends(*rest)) {
            return true;
        }
        size_t size = value != NULL ? strlen(value) : 0;
        if (value != NULL && *rest == '=' && strncmp(rest + 1, value, size) == 0 &&
            word_ends(rest[1 + size])) {
            return true;
        }
    }
    return false;
}
