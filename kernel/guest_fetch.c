/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching a guest's code and remembering what it decodes to; see the header. */
#include "kernel/guest_fetch.h"

/* Appends `bytes` bytes from gpa on, all within one page. False: no RAM there. */
static bool fetch_within_page(const struct guest_memory *memory, uint64_t gpa, unsigned bytes,
                              struct mmio_fetch *fetch)
{
    while (bytes > 0) {
        uint64_t word;
        unsigned offset = (unsigned)gpa & 7;
        unsigned step = MIN(bytes, 8 - offset);
        if (!memory->read(memory->context, GPA(gpa - offset), &word)) {
            return false;
        }
        word >>= 8 * offset;
        __builtin_memcpy(&fetch->bytes[fetch->count], &word, sizeof(word));
        fetch->count = (uint8_t)(fetch->count + step);
        gpa += step;
        bytes -= step;
    }
    return true;
}

_Static_assert(MMIO_INSN_MAX + sizeof(uint64_t) <= MMIO_FETCH_SIZE, "whole words may be appended");

void guest_fetch_code(const struct guest_paging *paging, const struct guest_memory *memory,
                      const struct insn_key *key, struct mmio_fetch *fetch,
                      struct guest_fetch_stop *stop)
{
    uint32_t access = GUEST_ACCESS_FETCH | (key->user ? GUEST_ACCESS_USER : 0);
    fetch->count = 0;
    while (fetch->count < MMIO_INSN_MAX) {
        struct guest_translation t;
        uint64_t at = key->linear + fetch->count;
        at = key->mode == MMIO_MODE_64 ? at : (uint32_t)at;
        uint64_t left = PAGE_SIZE - (at & (PAGE_SIZE - 1));
        unsigned bytes = (unsigned)MIN(left, (uint64_t)MMIO_INSN_MAX - fetch->count);
        *stop =
            (struct guest_fetch_stop){guest_walk(paging, memory, GVA(at), access, &t), GVA(at), 0};
        if (stop->status != GUEST_WALK_OK) {
            stop->error_code = t.error_code;
            return;
        }
        if (!fetch_within_page(memory, t.gpa.v, bytes, fetch)) {
            stop->status = GUEST_WALK_UNREADABLE;
            return;
        }
    }
}

/* The PDPTE registers are no part of the key. */
static bool is_pae(const struct insn_key *key)
{
    struct guest_paging paging = {.cr0 = key->cr0, .cr4 = key->cr4, .efer = key->efer};
    return guest_paging_mode(&paging) == GUEST_PAGING_PAE;
}

/* Words of a fetch of `bytes` bytes. */
static unsigned code_words(const struct insn_key *key, unsigned bytes)
{
    return ((unsigned)(key->linear & 7) + bytes + 7) / 8;
}

void insn_cache_keep(struct insn_cache *cache, const struct insn_key *key,
                     const struct insn_log *log, const struct mmio_insn *insn)
{
    bool one_page = (key->linear & (PAGE_SIZE - 1)) <= PAGE_SIZE - MMIO_INSN_MAX;
    if (log->count > INSN_WORDS_MAX || !one_page || is_pae(key)) {
        return;
    }
    struct insn_line *line = &cache->lines[insn_cache_line(key)];
    *line = (struct insn_line){*key, *log, *insn};
    /* The words of code come last; those behind the instruction do not matter. */
    line->log.count -= code_words(key, MMIO_INSN_MAX) - code_words(key, insn->length);
}

void insn_cache_flush(struct insn_cache *cache)
{
    for (unsigned i = 0; i < INSN_CACHE_LINES; i++) {
        cache->lines[i].log.count = 0;
    }
}
