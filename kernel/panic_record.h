/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log as it lies in memory that a warm reset leaves alone, so that the next boot's loader can
 * read what the former run said last. Written by kernel/log.c, read by boot/former_run.c, which
 * finds whatever the machine left there: nothing counts until its checksum has been compared.
 * Pure.
 */
#ifndef KERNEL_PANIC_RECORD_H
#define KERNEL_PANIC_RECORD_H

#include "kernel/types.h"

#define PANIC_RECORD_RING 0x8000 /* bytes; a power of two */
#define PANIC_RECORD_LINE 256    /* room for a line of the ring, with its NUL */

enum panic_record_state {
    PANIC_RECORD_RUNNING = 1, /* no end has been noted: a reset without a word, or a hang */
    PANIC_RECORD_PANIC,       /* Bulkhead panicked */
    PANIC_RECORD_ENDED,       /* an end on purpose: nothing to report */
};

/* In the ring each line begins with one byte below 0x20 (its level) and ends with a line feed. */
struct panic_record {
    uint64_t magic;
    uint32_t checksum; /* of the rest of the header */
    uint32_t size;     /* sizeof(struct panic_record) */
    uint32_t state;    /* enum panic_record_state */
    uint32_t content;  /* PANIC_RECORD_PANIC: checksum of the ring, else 0 */
    uint64_t head;     /* bytes ever written to the ring */
    uint64_t panic_at; /* where in that stream the panic begins */
    uint64_t seconds;  /* since 1970, at the run's start */
    uint8_t unused[16];
    char ring[PANIC_RECORD_RING] __attribute__((aligned(64)));
};

#define PANIC_RECORD_HEADER offsetof(struct panic_record, ring)
#define PANIC_RECORD_PAGES  ((sizeof(struct panic_record) + PAGE_SIZE - 1) / PAGE_SIZE)

/*
 * Where the loader tries to put the record, in this order; see docs/crashes.md. The highest first:
 * a VM with RAM at the machine's own addresses may have a kernel that is linked to low ones.
 */
#define PANIC_RECORD_PLACES 6
extern const uint64_t panic_record_places[PANIC_RECORD_PLACES];

/* An empty ring of a run that begins. */
void panic_record_init(struct panic_record *record, uint64_t seconds);

/* Notes how far the ring is written, and computes the checksums anew. */
void panic_record_update(struct panic_record *record, uint64_t head);

enum panic_record_verdict {
    PANIC_RECORD_NONE,   /* no record, or one that was reported, or of a run that ended */
    PANIC_RECORD_BROKEN, /* a record was here, but its checksum does not match */
    PANIC_RECORD_LOG,    /* of a run that noted no end. The text itself has no checksum */
    PANIC_RECORD_REPORT, /* of a panic; all checksums match */
};
enum panic_record_verdict panic_record_check(const struct panic_record *record);

/* Position in the stream of the oldest whole line that is left, and of where the panic begins. */
uint64_t panic_record_first(const struct panic_record *record);
uint64_t panic_record_panic(const struct panic_record *record);

/*
 * Copies the line at *position, cut to fit, without level and line feed, only printable ASCII, and
 * moves *position behind it. False at the end. Ends for every content of the ring.
 */
bool panic_record_line(const struct panic_record *record, uint64_t *position,
                       char line[PANIC_RECORD_LINE]);

/* ---- the files that keep reports: crash-001.txt to crash-999.txt ---- */

#define PANIC_FILES_MAX   8   /* that are kept */
#define PANIC_FILE_NUMBER 999 /* the last one */

/* The number in a name like crash-017.txt (capitals or not); 0: it has another form. */
uint32_t panic_file_number(const char *name);

/*
 * Which number a new file gets, when files with the given numbers (1 to PANIC_FILE_NUMBER, count of
 * them) exist; 0: none is left. *victim: the oldest, which has to go; 0: none.
 */
uint32_t panic_file_choose(const uint32_t *numbers, uint32_t count, uint32_t *victim);

#endif
