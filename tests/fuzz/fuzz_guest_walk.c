/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/guest_walk.c kernel/guest_rights.c */
/*
 * Walks arbitrary page tables in arbitrary modes: the number of reads is bounded, addresses are
 * within the width, only accessed and dirty flags change and only when asked, and rights are
 * monotonic.
 *
 * Input: CR0, CR4, EFER, RFLAGS (4 bytes each), CR3 (8), gva (8), PKRU, PKRS (4), physical bits,
 * access (bit 7: 1 GiB pages); then words of guest RAM: number (2 bytes), value (8).
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "kernel/cpu_regs.h"
#include "kernel/guest_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM_SIZE  0x4000
#define READS_MAX (16 * 10)

static uint64_t ram[RAM_SIZE / 8];
static unsigned reads;

static bool read(void *context, gpa_t gpa, uint64_t *value)
{
    (void)context;
    reads++;
    assert(gpa.v % 8 == 0 && gpa.v >> 52 == 0 && reads <= READS_MAX);
    if (gpa.v >= RAM_SIZE) {
        return false;
    }
    *value = ram[gpa.v / 8];
    return true;
}

static bool update(void *context, gpa_t gpa, uint64_t expected, uint64_t value, bool *changed)
{
    (void)context;
    uint64_t flags = BIT(5) | BIT(6) | BIT(37) | BIT(38);
    assert(gpa.v % 8 == 0 && gpa.v < RAM_SIZE);
    assert(((expected ^ value) & ~flags) == 0 && (expected & ~value) == 0);
    *changed = ram[gpa.v / 8] != expected;
    if (!*changed) {
        ram[gpa.v / 8] = value;
    }
    return true;
}

static const struct guest_memory memory = {.read = read, .update = update};
static struct guest_paging paging;

static enum guest_walk_status walk(uint64_t gva, uint32_t access, struct guest_translation *t)
{
    reads = 0;
    enum guest_walk_status status = guest_walk(&paging, &memory, GVA(gva), access, t);
    if (status == GUEST_WALK_OK) {
        assert(t->gpa.v >> 52 == 0 && t->page_size >= PAGE_SIZE);
        assert((t->gpa.v & (PAGE_SIZE - 1)) == (gva & (PAGE_SIZE - 1)));
    } else if (status == GUEST_WALK_PAGE_FAULT) {
        assert((t->error_code & (PF_ERROR_P | PF_ERROR_RSVD)) != PF_ERROR_RSVD);
        assert(((t->error_code & PF_ERROR_US) != 0) == ((access & GUEST_ACCESS_USER) != 0));
        assert(((t->error_code & PF_ERROR_WR) != 0) == ((access & 3) == GUEST_ACCESS_WRITE));
    }
    return status;
}

/* What may be written may be read; what users may do supervisors may, but for SMEP and SMAP. */
static void check_monotonic(uint64_t gva, uint32_t who)
{
    struct guest_translation t;
    if (walk(gva, who | GUEST_ACCESS_WRITE, &t) == GUEST_WALK_OK) {
        assert(walk(gva, who | GUEST_ACCESS_READ, &t) == GUEST_WALK_OK);
    }
    if ((paging.cr4 & (CR4_SMAP | CR4_SMEP)) == 0 &&
        walk(gva, who | GUEST_ACCESS_USER, &t) == GUEST_WALK_OK) {
        assert(walk(gva, who & ~GUEST_ACCESS_USER, &t) == GUEST_WALK_OK);
    }
}

static void check_flags(uint64_t gva, uint32_t access)
{
    static uint64_t before[RAM_SIZE / 8];
    struct guest_translation first;
    struct guest_translation second;
    memcpy(before, ram, sizeof(ram));
    enum guest_walk_status status = walk(gva, access & ~GUEST_ACCESS_SET_AD, &first);
    assert(memcmp(before, ram, sizeof(ram)) == 0);
    enum guest_walk_status again = walk(gva, access | GUEST_ACCESS_SET_AD, &second);
    assert(again == status || again == GUEST_WALK_UNREADABLE);
    if (status != GUEST_WALK_OK) {
        assert(memcmp(before, ram, sizeof(ram)) == 0);
    } else if (again == GUEST_WALK_OK) {
        assert(first.gpa.v == second.gpa.v && first.page_size == second.page_size);
    }
}

static uint64_t take(const uint8_t **data, size_t *size, size_t bytes)
{
    uint64_t value = 0;
    bytes = MIN(bytes, *size);
    memcpy(&value, *data, bytes);
    *data += bytes;
    *size -= bytes;
    return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    paging = (struct guest_paging){.cr0 = take(&data, &size, 4)};
    paging.cr4 = take(&data, &size, 4);
    paging.efer = take(&data, &size, 4);
    paging.rflags = take(&data, &size, 4);
    paging.cr3 = take(&data, &size, 8);
    uint64_t gva = take(&data, &size, 8);
    paging.pkru = (uint32_t)take(&data, &size, 4);
    paging.pkrs = (uint32_t)take(&data, &size, 4);
    paging.physical_bits = (uint8_t)(32 + take(&data, &size, 1) % 21);
    uint64_t access = take(&data, &size, 1);
    paging.page_1g = (access & 0x80) != 0;
    access = (access & 3) == 3 ? access & 0x1c : access & 0x1f;
    memset(ram, 0, sizeof(ram));
    while (size > 0) {
        uint64_t number = take(&data, &size, 2);
        ram[number % ARRAY_SIZE(ram)] = take(&data, &size, 8);
    }
    for (unsigned i = 0; i < 4; i++) {
        paging.pdpte[i] = ram[(paging.cr3 & 0x3fe0) / 8 + i] & (BIT(paging.physical_bits) - 1);
    }
    if ((access & GUEST_ACCESS_USER) != 0) {
        access &= ~(uint64_t)GUEST_ACCESS_IMPLICIT;
    }
    check_monotonic(gva, (uint32_t)access & 0xc);
    check_flags(gva, (uint32_t)access);
    return 0;
}
