/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/panic_record.c kernel/string.c */
/*
 * Reads arbitrary memory as the record of a former run: every loop ends, lines fit and are plain
 * text, and only a record whose checksums match is believed.
 *
 * Input: flags (1 byte: bit 0 checksums are made right, bit 1 the magic number is), state (1), head
 * (8), panic_at (8); the rest is the ring's content, repeated.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "kernel/panic_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct panic_record record;

static void read_lines(uint64_t position)
{
    char line[PANIC_RECORD_LINE];
    for (size_t lines = 0; panic_record_line(&record, &position, line); lines++) {
        assert(lines <= PANIC_RECORD_RING);
        assert(memchr(line, '\0', sizeof(line)) != NULL);
        for (const char *c = line; *c != '\0'; c++) {
            assert(*c >= 0x20 && *c < 0x7f);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t header = 18;
    if (size < header) {
        return 0;
    }
    panic_record_init(&record, 1);
    record.state = data[1];
    memcpy(&record.head, data + 2, 8);
    memcpy(&record.panic_at, data + 10, 8);
    for (size_t i = 0; size > header && i < sizeof(record.ring); i++) {
        record.ring[i] = (char)data[header + i % (size - header)];
    }
    if (data[0] & 1) {
        panic_record_update(&record, record.head);
    }
    if (!(data[0] & 2)) {
        record.magic ^= data[0] | 1;
    }
    enum panic_record_verdict verdict = panic_record_check(&record);
    if ((data[0] & 3) == 0 || (data[0] & 2) == 0) {
        assert(verdict == PANIC_RECORD_NONE);
    }
    assert(verdict != PANIC_RECORD_REPORT || record.state == PANIC_RECORD_PANIC);
    /* The reader must be safe for what was not checked, too. */
    uint64_t first = panic_record_first(&record);
    uint64_t panic = panic_record_panic(&record);
    assert(first <= panic || panic == record.panic_at);
    read_lines(0);
    read_lines(first);
    read_lines(panic);
    return 0;
}
