/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading streams, and rings; see the header. A call moves at most BULKHEAD_TRANSFER_MAX bytes, in
 * pieces that fit on the stack. What a guest writes into a ring's header is read once and believed
 * only as far as it makes sense; the hypervisor's own positions are kept here.
 */
#include "kernel/manage_stream.h"

#include "kernel/doorbell.h"
#include "kernel/hypercall.h"
#include "kernel/log.h"
#include "kernel/manage_text.h"
#include "kernel/string.h"
#include "kernel/vm.h"
#include "kernel/vm_input.h"

#define PIECE       512

#define RING_HEAD   offsetof(struct bulkhead_ring, head)
#define RING_TAIL   offsetof(struct bulkhead_ring, tail)
#define RING_MISSED offsetof(struct bulkhead_ring, missed)

/* Up to `size` bytes of a stream that has an end and goes on. */
static size_t read_stream(uint64_t stream, const struct vm *vm, uint64_t *position,
                          uint64_t *missed, uint8_t *to, size_t size)
{
    if (stream == BULKHEAD_STREAM_LOG) {
        return log_read(position, missed, (char *)to, size);
    }
    uint64_t from = *position;
    size_t got = vm_console_read(vm, position, to, size);
    *missed += *position > from + got ? *position - from - got : 0;
    return got;
}

static uint64_t stream_end(uint64_t stream, const struct vm *vm)
{
    return stream == BULKHEAD_STREAM_LOG ? log_position()
                                         : __atomic_load_n(&vm->console.written, __ATOMIC_ACQUIRE);
}

/* ---- BULKHEAD_CALL_READ ---- */

static uint32_t read_pieces(struct vm *caller, uint64_t stream, const struct vm *vm,
                            struct bulkhead_chunk *chunk, gpa_t to, uint64_t size)
{
    uint8_t piece[PIECE];
    uint32_t done = 0;
    while (done < size) {
        size_t got = read_stream(stream, vm, &chunk->next, &chunk->missed, piece,
                                 MIN(sizeof(piece), size - done));
        if (got == 0) {
            break;
        }
        vm_write_memory(caller, GPA(to.v + done), piece, got);
        done += (uint32_t)got;
    }
    return done;
}

int64_t manage_read(struct vcpu *vcpu)
{
    struct vm *caller = vcpu->vm;
    uint64_t stream = vcpu->regs[VCPU_RDI];
    uint64_t number = vcpu->regs[VCPU_RSI];
    gpa_t to = GPA(vcpu->regs[VCPU_R10]);
    struct bulkhead_chunk chunk = {.size = sizeof(chunk), .next = vcpu->regs[VCPU_RDX]};
    uint64_t size = MIN(vcpu->regs[VCPU_R8], sizeof(chunk) + BULKHEAD_TRANSFER_MAX);
    if (stream > BULKHEAD_STREAM_PLAN || stream == BULKHEAD_STREAM_INPUT || size < sizeof(chunk)) {
        return -BULKHEAD_EINVAL;
    }
    if (number >= (stream == BULKHEAD_STREAM_LOG ? 1 : vm_count())) {
        return -BULKHEAD_ENOENT;
    }
    if (!vm_is_ram(caller, to, size)) {
        return -BULKHEAD_EFAULT;
    }
    const struct vm *vm = vm_get((uint32_t)number);
    gpa_t data = GPA(to.v + sizeof(chunk));
    size -= sizeof(chunk);
    if (stream == BULKHEAD_STREAM_CONSOLE || stream == BULKHEAD_STREAM_LOG) {
        chunk.end = stream_end(stream, vm);
        chunk.next = MIN(chunk.next, chunk.end);
        chunk.length = read_pieces(caller, stream, vm, &chunk, data, size);
    } else {
        struct manage_text text = {caller, data, chunk.next, size, 0, 0};
        if (stream == BULKHEAD_STREAM_PLAN) {
            manage_text_plan(&text, vm);
        } else {
            manage_text_crash(&text, vm);
        }
        chunk.length = (uint32_t)text.written;
        chunk.end = text.length;
        chunk.next = MIN(chunk.next, text.length) + text.written;
    }
    vm_write_memory(caller, to, &chunk, sizeof(chunk));
    return chunk.length;
}

/* ---- BULKHEAD_CALL_RING ---- */

int64_t manage_ring(struct vcpu *vcpu)
{
    static const uint8_t first_of[] = {
        [BULKHEAD_STREAM_CONSOLE] = 0,
        [BULKHEAD_STREAM_INPUT] = VM_MAX,
        [BULKHEAD_STREAM_LOG] = 2 * VM_MAX,
    };
    struct vm *caller = vcpu->vm;
    uint64_t stream = vcpu->regs[VCPU_RDI];
    uint64_t number = vcpu->regs[VCPU_RSI];
    gpa_t gpa = GPA(vcpu->regs[VCPU_RDX]);
    uint64_t size = vcpu->regs[VCPU_R10];
    if (stream >= ARRAY_SIZE(first_of)) {
        return -BULKHEAD_EINVAL;
    }
    if (number >= (stream == BULKHEAD_STREAM_LOG ? 1 : vm_count())) {
        return -BULKHEAD_ENOENT;
    }
    if (size != 0) {
        bool fits = size >= BULKHEAD_RING_MIN && size <= BULKHEAD_RING_MAX &&
                    (size & (size - 1)) == 0 && is_aligned(gpa.v, sizeof(struct bulkhead_ring));
        if (!fits) {
            return -BULKHEAD_EINVAL;
        }
        if (!vm_is_ram(caller, gpa, sizeof(struct bulkhead_ring) + size)) {
            return -BULKHEAD_EFAULT;
        }
    }
    static const struct bulkhead_ring empty;
    struct manage_ring *ring = &caller->rings.ring[first_of[stream] + number];
    spin_lock(&caller->rings.lock);
    caller->rings.open += (size != 0) - (uint32_t)(ring->size != 0);
    *ring = (struct manage_ring){.gpa = gpa, .size = (uint32_t)size};
    if (size != 0) {
        vm_write_memory(caller, gpa, &empty, sizeof(empty));
    }
    spin_unlock(&caller->rings.lock);
    return 0;
}

/* ---- BULKHEAD_CALL_EVENTS ---- */

/* One access, so that another vCPU of the owner never sees half of a number. */
static void write_header(const struct vm *owner, const struct manage_ring *ring, uint64_t field,
                         uint64_t value)
{
    *vm_map_word(owner, GPA(ring->gpa.v + field)) = value;
}

static uint64_t read_header(const struct vm *owner, const struct manage_ring *ring, uint64_t field)
{
    return *vm_map_word(owner, GPA(ring->gpa.v + field));
}

/* Where byte number ring->count lies, and how many may follow it there in one piece. */
static gpa_t ring_at(const struct manage_ring *ring, uint64_t left, uint64_t *length)
{
    uint64_t offset = ring->count & (ring->size - 1);
    *length = MIN(MIN(left, PIECE), ring->size - offset);
    return GPA(ring->gpa.v + sizeof(struct bulkhead_ring) + offset);
}

/* A VM's console or the log into its ring; returns how many bytes. */
static uint64_t fill(const struct vm *owner, struct manage_ring *ring, uint64_t stream,
                     const struct vm *vm, uint64_t budget)
{
    uint8_t piece[PIECE];
    uint64_t used = ring->count - read_header(owner, ring, RING_TAIL);
    uint64_t left = used > ring->size ? 0 : MIN(ring->size - used, budget);
    uint64_t before = ring->count;
    uint64_t missed = ring->missed;
    while (left > 0) {
        uint64_t length;
        gpa_t to = ring_at(ring, left, &length);
        size_t got = read_stream(stream, vm, &ring->position, &ring->missed, piece, length);
        if (got == 0) {
            break;
        }
        vm_write_memory(owner, to, piece, got);
        ring->count += got;
        left -= got;
    }
    if (ring->missed != missed) {
        write_header(owner, ring, RING_MISSED, ring->missed);
    }
    if (ring->count != before) {
        write_header(owner, ring, RING_HEAD, ring->count); /* after the data */
    }
    return ring->count - before;
}

/* The ring's bytes into a VM's UART; returns how many. */
static uint64_t drain(const struct vm *owner, struct manage_ring *ring, struct vm *vm,
                      uint64_t budget)
{
    uint8_t piece[PIECE];
    uint64_t waiting = read_header(owner, ring, RING_HEAD) - ring->count;
    uint64_t left = waiting > ring->size ? 0 : MIN(waiting, budget);
    uint64_t before = ring->count;
    while (left > 0) {
        uint64_t length;
        gpa_t from = ring_at(ring, left, &length);
        vm_read_memory(owner, from, piece, length);
        size_t taken = vm_console_input(vm, piece, length);
        ring->count += taken;
        left -= taken;
        if (taken < length) {
            break;
        }
    }
    if (ring->count != before) {
        write_header(owner, ring, RING_TAIL, ring->count);
    }
    return ring->count - before;
}

/* All rings, beginning where the last call ended; notes in happened[] which moved. */
static uint32_t move_rings(struct vm *owner, uint64_t happened[BULKHEAD_EVENT_COUNT])
{
    struct manage_rings *rings = &owner->rings;
    uint64_t budget = BULKHEAD_TRANSFER_MAX;
    spin_lock(&rings->lock);
    uint32_t first = rings->next;
    for (uint32_t i = 0; rings->open != 0 && i < MANAGE_RINGS && budget > 0; i++) {
        uint32_t index = (first + i) % MANAGE_RINGS;
        struct manage_ring *ring = &rings->ring[index];
        struct vm *vm = vm_get(index % VM_MAX);
        enum bulkhead_event event = BULKHEAD_EVENT_CONSOLE;
        uint64_t moved = 0;
        if (ring->size == 0) {
            continue;
        }
        if (index == 2 * VM_MAX) {
            event = BULKHEAD_EVENT_LOG;
            moved = fill(owner, ring, BULKHEAD_STREAM_LOG, NULL, budget);
        } else if (index >= VM_MAX) {
            event = BULKHEAD_EVENT_ROOM;
            moved = drain(owner, ring, vm, budget);
        } else {
            moved = fill(owner, ring, BULKHEAD_STREAM_CONSOLE, vm, budget);
        }
        if (moved != 0) {
            happened[event] |= BIT(index % VM_MAX);
            rings->next = index + 1;
        }
        budget -= moved;
    }
    spin_unlock(&rings->lock);
    return (uint32_t)(BULKHEAD_TRANSFER_MAX - budget);
}

/* Bits of a taken mask: these VMs' next byte is to be told again. */
static void watch_consoles(uint64_t mask)
{
    for (uint32_t i = 0; i < vm_count(); i++) {
        if (mask & BIT(i)) {
            vm_console_watch(&vm_get(i)->console);
        }
    }
}

int64_t manage_events(struct vcpu *vcpu)
{
    struct bulkhead_events events = {.size = sizeof(events)};
    uint64_t moved[BULKHEAD_EVENT_COUNT] = {0};
    if (!vm_is_ram(vcpu->vm, GPA(vcpu->regs[VCPU_RDI]),
                   MIN(vcpu->regs[VCPU_RSI], sizeof(events)))) {
        return -BULKHEAD_EFAULT;
    }
    if (vcpu->regs[VCPU_RSI] < 8) {
        return -BULKHEAD_EINVAL;
    }
    events.moved = move_rings(vcpu->vm, moved);
    doorbell_take(vcpu->vm, events.happened);
    watch_consoles(events.happened[BULKHEAD_EVENT_CONSOLE]);
    int64_t count = 0;
    for (uint32_t i = 0; i < BULKHEAD_EVENT_COUNT; i++) {
        events.happened[i] |= moved[i];
        for (uint64_t rest = events.happened[i]; rest != 0; rest &= rest - 1) {
            count++;
        }
    }
    if (count == 0) {
        doorbell_arm(vcpu->vm);
    }
    hypercall_give(vcpu, VCPU_RDI, VCPU_RSI, &events, sizeof(events));
    return count;
}
