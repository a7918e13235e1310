/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's stack and code for snapshots; see the header. */
#include "kernel/backtrace.h"

#include "kernel/cpu_regs.h"
#include "kernel/string.h"

#define RIGHTS (CR4_SMAP | CR4_SMEP | CR4_PKE | CR4_PKS)

struct reader {
    struct guest_paging paging;
    const struct guest_memory *memory;
    uint32_t word;
};

/* The aligned 8 bytes at a linear address. */
static bool read_aligned(const struct reader *r, uint64_t linear, uint64_t *value)
{
    struct guest_translation t;
    return guest_walk(&r->paging, r->memory, GVA(linear), GUEST_ACCESS_READ, &t) == GUEST_WALK_OK &&
           r->memory->read(r->memory->context, t.gpa, value);
}

/* Copies size bytes from base + offset on; returns how many could be read. */
static uint32_t read_bytes(const struct reader *r, uint64_t base, uint64_t offset, void *to,
                           uint32_t size)
{
    uint8_t *out = to;
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++) {
        uint64_t linear = base + offset + i;
        if (r->word != 8) {
            linear = (uint32_t)linear;
        }
        if ((i == 0 || (linear & 7) == 0) && !read_aligned(r, align_down(linear, 8), &value)) {
            return i;
        }
        out[i] = (uint8_t)(value >> 8 * (linear & 7));
    }
    return size;
}

static bool read_word(const struct reader *r, uint64_t base, uint64_t offset, uint64_t *value)
{
    *value = 0;
    return read_bytes(r, base, offset, value, r->word) == r->word;
}

/* A frame pointer points at the caller's, and above that is the return address. */
static void take_frames(const struct reader *r, uint64_t base, struct vcpu_snapshot *s)
{
    uint64_t frame = s->regs[VCPU_RBP];
    s->frames[s->frame_count++] = s->rip;
    while (r->word != 2 && s->frame_count < SNAPSHOT_FRAMES && is_aligned(frame, r->word)) {
        uint64_t next;
        uint64_t address;
        if (!read_word(r, base, frame, &next) || !read_word(r, base, frame + r->word, &address) ||
            address == 0) {
            return;
        }
        s->frames[s->frame_count++] = address;
        if (next <= frame) {
            return; /* the end, or garbage */
        }
        frame = next;
    }
}

static void take_stack(const struct reader *r, uint64_t base, struct vcpu_snapshot *s)
{
    uint64_t at = align_down(s->regs[VCPU_RSP], r->word);
    while (s->stack_count < SNAPSHOT_STACK && read_word(r, base, at, &s->stack[s->stack_count])) {
        s->stack_count++;
        at += r->word;
    }
}

void backtrace_take(const struct backtrace_source *source, struct vcpu_snapshot *snapshot)
{
    struct reader r = {source->paging, &source->memory, snapshot->word};
    r.paging.cr4 &= ~(uint64_t)RIGHTS;
    snapshot->frame_count = 0;
    snapshot->stack_count = 0;
    take_frames(&r, source->stack_base, snapshot);
    take_stack(&r, source->stack_base, snapshot);
    snapshot->code_count =
        read_bytes(&r, source->code_base, snapshot->rip, snapshot->code, SNAPSHOT_CODE);
}
