/* SPDX-License-Identifier: Apache-2.0 */
/* The log in memory that survives a warm reset; see the header. */
#include "kernel/panic_record.h"

#include "kernel/string.h"

#define MAGIC    UINT64_C(0x31676f4c6b6c7542) /* "BulkLog1" */
#define MARK_END 0x20 /* bytes below, but the line feed, are marks of lines */

/*
 * In the middle of low memory: firmware works at its top and in its first megabytes. One that a
 * machine uses for something else is passed over.
 */
const uint64_t panic_record_places[PANIC_RECORD_PLACES] = {
    0x41000000, 0x21000000, 0x11000000, 0x9000000, 0x5000000, 0x3000000,
};

/* CRC-32 (polynomial 0xEDB88320, reflected) by halves of bytes. */
static uint32_t crc32(const void *data, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *bytes = data;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static uint32_t header_checksum(const struct panic_record *record)
{
    const size_t from = offsetof(struct panic_record, size);
    return crc32((const uint8_t *)record + from, PANIC_RECORD_HEADER - from);
}

static uint32_t content_checksum(const struct panic_record *record)
{
    return record->state == PANIC_RECORD_PANIC ? crc32(record->ring, sizeof(record->ring)) : 0;
}

void panic_record_init(struct panic_record *record, uint64_t seconds)
{
    memset(record, 0, sizeof(*record));
    record->magic = MAGIC;
    record->size = sizeof(*record);
    record->state = PANIC_RECORD_RUNNING;
    record->seconds = seconds;
    panic_record_update(record, 0);
}

void panic_record_update(struct panic_record *record, uint64_t head)
{
    record->head = head;
    record->content = content_checksum(record);
    record->checksum = header_checksum(record);
}

enum panic_record_verdict panic_record_check(const struct panic_record *record)
{
    if (record->magic != MAGIC) {
        return PANIC_RECORD_NONE;
    }
    if (record->size != sizeof(*record) || record->checksum != header_checksum(record) ||
        record->content != content_checksum(record) || record->panic_at > record->head) {
        return PANIC_RECORD_BROKEN;
    }
    switch (record->state) {
    case PANIC_RECORD_RUNNING:
        return record->head != 0 ? PANIC_RECORD_LOG : PANIC_RECORD_NONE;
    case PANIC_RECORD_PANIC:
        return PANIC_RECORD_REPORT;
    case PANIC_RECORD_ENDED:
        return PANIC_RECORD_NONE;
    default:
        return PANIC_RECORD_BROKEN;
    }
}

static uint8_t at(const struct panic_record *record, uint64_t position)
{
    return (uint8_t)record->ring[position % PANIC_RECORD_RING];
}

static uint64_t oldest(const struct panic_record *record)
{
    return record->head > PANIC_RECORD_RING ? record->head - PANIC_RECORD_RING : 0;
}

uint64_t panic_record_first(const struct panic_record *record)
{
    uint64_t position = oldest(record);
    if (position == 0) {
        return 0;
    }
    while (position < record->head && at(record, position++) != '\n') {
    }
    return position;
}

uint64_t panic_record_panic(const struct panic_record *record)
{
    return MAX(record->panic_at, panic_record_first(record));
}

bool panic_record_line(const struct panic_record *record, uint64_t *position,
                       char line[PANIC_RECORD_LINE])
{
    size_t used = 0;
    uint64_t from = MAX(*position, oldest(record));
    if (from >= record->head) {
        return false;
    }
    for (; from < record->head && at(record, from) != '\n'; from++) {
        uint8_t c = at(record, from);
        if (c >= MARK_END && used < PANIC_RECORD_LINE - 1) {
            line[used++] = c < 0x7f ? (char)c : '?';
        }
    }
    line[used] = '\0';
    *position = from < record->head ? from + 1 : from;
    return true;
}

uint32_t panic_file_number(const char *name)
{
    static const char form[] = "crash-000.txt";
    uint32_t number = 0;
    for (size_t i = 0; i < sizeof(form); i++) {
        char c = name[i];
        if (form[i] == '0') {
            if (c < '0' || c > '9') {
                return 0;
            }
            number = number * 10 + (uint32_t)(c - '0');
        } else if (c != form[i] && !(form[i] >= 'a' && c == form[i] - 'a' + 'A')) {
            return 0;
        }
    }
    return number;
}

uint32_t panic_file_choose(const uint32_t *numbers, uint32_t count, uint32_t *victim)
{
    uint32_t lowest = PANIC_FILE_NUMBER + 1;
    uint32_t highest = 0;
    for (uint32_t i = 0; i < count; i++) {
        lowest = MIN(lowest, numbers[i]);
        highest = MAX(highest, numbers[i]);
    }
    *victim = count >= PANIC_FILES_MAX ? lowest : 0;
    return highest < PANIC_FILE_NUMBER ? highest + 1 : 0;
}
