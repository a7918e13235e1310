/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches a guest's code as its processor does, for the MMIO decoder, and remembers decoded
 * instructions. Called by the handler of EPT violations. Pure: guest memory is reached by
 * callbacks.
 *
 * A guest talks to a device from a handful of places, and walking its page tables to read the same
 * instruction again costs more than everything else. The cache keeps, with each decoded
 * instruction, every word that fetching it read (page-table entries and code). It is valid as long
 * as they all still hold the same values: nothing has to be invalidated when the guest changes its
 * tables or its code, which it does without telling us.
 */
#ifndef KERNEL_GUEST_FETCH_H
#define KERNEL_GUEST_FETCH_H

#include "kernel/guest_walk.h"
#include "kernel/mmio_decode.h"

/* Where a fetch ended early: the walk of the page that holds the next byte. */
struct guest_fetch_stop {
    enum guest_walk_status status; /* GUEST_WALK_OK: nowhere */
    gva_t gva;                     /* the next byte, for CR2 */
    uint32_t error_code;           /* of GUEST_WALK_PAGE_FAULT */
};

/* What decides, besides memory, about fetching and decoding an instruction. */
struct insn_key {
    uint64_t linear; /* of the first byte */
    uint64_t cr0;
    uint64_t cr3;
    uint64_t cr4;
    uint64_t efer;
    enum mmio_mode mode;
    bool user; /* CPL is 3 */
};

/*
 * Fetches 15 bytes from key->linear on into *fetch, across the end of a page where needed, by
 * aligned reads of 8 bytes only. Code outside RAM is GUEST_WALK_UNREADABLE. When *stop tells of an
 * end, fetch->count bytes are there; whether more are needed only the decoder can tell
 * (MMIO_TRUNCATED).
 */
void guest_fetch_code(const struct guest_paging *paging, const struct guest_memory *memory,
                      const struct insn_key *key, struct mmio_fetch *fetch,
                      struct guest_fetch_stop *stop);

#define INSN_WORDS_MAX   8 /* five levels and 15 bytes within one page */
#define INSN_CACHE_LINES 8

/* The words that a fetch has read. */
struct insn_log {
    unsigned count; /* may exceed INSN_WORDS_MAX: then the words are not all here */
    struct insn_word {
        hpa_t where;
        uint64_t value;
    } words[INSN_WORDS_MAX];
};

/* One for each vCPU; only its CPU uses it. All zero is empty. */
struct insn_cache {
    struct insn_line {
        struct insn_key key;
        struct insn_log log; /* count 0: empty */
        struct mmio_insn insn;
    } lines[INSN_CACHE_LINES];
};

static inline void insn_log_begin(struct insn_log *log)
{
    log->count = 0;
}

/* Notes a word of 8 bytes; the reader of guest memory calls it while a log is open. */
static inline void insn_log_add(struct insn_log *log, hpa_t where, uint64_t value)
{
    if (log->count < INSN_WORDS_MAX) {
        log->words[log->count] = (struct insn_word){where, value};
    }
    log->count++;
}

/* Reads an aligned word of RAM that was logged; slot: its number in the log, 0 to 7. */
typedef uint64_t (*insn_peek_fn)(void *context, unsigned slot, hpa_t where);

/* The cache's line for an instruction. */
static inline unsigned insn_cache_line(const struct insn_key *key)
{
    return (unsigned)(key->linear ^ key->linear >> 3 ^ key->linear >> 12) % INSN_CACHE_LINES;
}

static inline bool insn_key_equal(const struct insn_key *a, const struct insn_key *b)
{
    return a->linear == b->linear && a->cr3 == b->cr3 && a->cr0 == b->cr0 && a->cr4 == b->cr4 &&
           a->efer == b->efer && a->mode == b->mode && a->user == b->user;
}

/*
 * The decoded instruction if it would be fetched and decoded the same now, else NULL. Inline, so
 * that `peek` is, too: it is the better part of an access to an emulated device.
 */
static inline __attribute__((always_inline)) const struct mmio_insn *
insn_cache_find(const struct insn_cache *cache, const struct insn_key *key, insn_peek_fn peek,
                void *context)
{
    const struct insn_line *line = &cache->lines[insn_cache_line(key)];
    const struct insn_log *log = &line->log;
    if (log->count == 0 || !insn_key_equal(&line->key, key)) {
        return NULL;
    }
    for (unsigned i = 0; i < log->count; i++) {
        if (peek(context, i, log->words[i].where) != log->words[i].value) {
            return NULL;
        }
    }
    return &line->insn;
}

/*
 * Keeps an instruction that was decoded (MMIO_OK) from what guest_fetch_code() fetched with this
 * key while *log noted all reads. One across two pages, or under PAE paging, whose PDPTE registers
 * are no part of the key, may not be kept.
 */
void insn_cache_keep(struct insn_cache *cache, const struct insn_key *key,
                     const struct insn_log *log, const struct mmio_insn *insn);

/* Forgets everything: when the VM's RAM is to lie elsewhere. */
void insn_cache_flush(struct insn_cache *cache);

#endif
