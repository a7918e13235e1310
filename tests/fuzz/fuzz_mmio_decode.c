/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/mmio_decode.c kernel/mmio_decode_any.c kernel/mmio_modrm.c kernel/mmio_forms.c */
/* links: kernel/mmio_address.c kernel/mmio_execute.c */
/*
 * Feeds arbitrary code bytes to the MMIO decoder and executes what it decodes: reads stay in the
 * buffer, results are well-formed, depend on the bytes of the instruction only, and change what
 * they announce only.
 *
 * Input: mode, number of bytes fetched, the 15 bytes; registers follow, zeros where missing.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/mmio_execute.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ELEMENTS_MAX 8 /* of a REP instruction that are executed */

static bool is_size(unsigned size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

static void check_form(const struct mmio_insn *insn, const struct mmio_fetch *fetch)
{
    assert(insn->length >= 1 && insn->length <= fetch->count);
    assert(insn->op < MMIO_OP_COUNT && (insn->flags & (MMIO_READS | MMIO_WRITES)) != 0);
    assert(is_size(insn->size) && is_size(insn->reg_size) && insn->size <= insn->reg_size);
    assert(insn->reg <= MMIO_BH && (insn->reg < MMIO_AH || insn->reg_size == 1));
    assert(insn->base <= MMIO_R15 || insn->base == MMIO_REG_NONE || insn->base == MMIO_REG_RIP);
    assert(insn->index <= MMIO_R15 || insn->index == MMIO_REG_NONE);
    assert(insn->scale <= 3 && insn->segment < MMIO_SEGMENTS);
    assert(insn->address_size >= 2 && insn->address_size <= 8);
    assert(insn->mode == MMIO_MODE_64 ? insn->address_size > 2 : insn->address_size < 8);
    assert(insn->mode == MMIO_MODE_64 || insn->size < 8);
}

static bool same(const struct mmio_insn *a, const struct mmio_insn *b)
{
    return a->flags == b->flags && a->op == b->op && a->length == b->length && a->size == b->size &&
           a->reg_size == b->reg_size && a->reg == b->reg && a->mode == b->mode &&
           a->address_size == b->address_size && a->segment == b->segment && a->base == b->base &&
           a->index == b->index && a->scale == b->scale && a->displacement == b->displacement &&
           a->immediate == b->immediate;
}

/* Fewer, other and more bytes behind the instruction give the same; one byte less does not do. */
static void check_dependence(const struct mmio_fetch *fetch, enum mmio_mode mode,
                             const struct mmio_insn *insn)
{
    struct mmio_fetch other;
    struct mmio_insn again;
    memset(other.bytes, 0xcc, sizeof(other.bytes));
    memcpy(other.bytes, fetch->bytes, insn->length);
    other.count = insn->length;
    assert(mmio_decode(&other, mode, &again) == MMIO_OK && same(insn, &again));
    other.count = MMIO_INSN_MAX;
    assert(mmio_decode(&other, mode, &again) == MMIO_OK && same(insn, &again));
    other.count = (uint8_t)(insn->length - 1);
    assert(mmio_decode(&other, mode, &again) == MMIO_TRUNCATED);
}

/* What was refused is refused whatever follows. */
static void check_refusal(const struct mmio_fetch *fetch, enum mmio_mode mode,
                          enum mmio_status status)
{
    struct mmio_fetch other;
    struct mmio_insn insn;
    for (unsigned fill = 0; fill < 256; fill += 51) {
        memset(other.bytes, (int)fill, sizeof(other.bytes));
        memcpy(other.bytes, fetch->bytes, fetch->count);
        other.count = fetch->count;
        assert(mmio_decode(&other, mode, &insn) == status);
        other.count = MMIO_INSN_MAX;
        assert(mmio_decode(&other, mode, &insn) == status);
    }
}

static void execute(const struct mmio_insn *insn, uint64_t gpr[16], uint64_t value)
{
    struct mmio_cpu cpu = {.gpr = gpr, .rip = gpr[1], .rflags = gpr[2], .stack_size = 8};
    cpu.stack_size = insn->mode == MMIO_MODE_64 ? 8 : (gpr[3] & 1) != 0 ? 4 : 2;
    memcpy(cpu.segment_base, gpr, sizeof(cpu.segment_base));
    for (unsigned element = 0; element < ELEMENTS_MAX; element++) {
        uint64_t out = 0;
        uint64_t rsp = gpr[MMIO_RSP];
        uint64_t rflags = cpu.rflags;
        gva_t source = mmio_address(insn, &cpu, MMIO_SOURCE);
        gva_t destination = mmio_address(insn, &cpu, MMIO_DESTINATION);
        assert(insn->mode == MMIO_MODE_64 || (source.v | destination.v) >> 32 == 0);
        assert(mmio_address_segment(insn, MMIO_DESTINATION) < MMIO_SEGMENTS);
        if (mmio_rep_finished(insn, &cpu) || mmio_execute(insn, &cpu, value, &out)) {
            element = ELEMENTS_MAX;
        }
        assert(insn->size == 8 || out >> (insn->size * 8) == 0);
        assert(rsp == gpr[MMIO_RSP] || (insn->flags & MMIO_USES_RSP) != 0);
        assert(rflags == cpu.rflags || (insn->flags & MMIO_FLAGS_OUT) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mmio_fetch *fetch = calloc(1, sizeof(*fetch)); /* of its own: overruns are seen */
    uint64_t registers[17] = {0};
    struct mmio_insn insn;
    if (size < 2 || fetch == NULL) {
        free(fetch);
        return 0;
    }
    enum mmio_mode mode = (enum mmio_mode)(data[0] % 3);
    size_t bytes = size - 2 < MMIO_INSN_MAX ? size - 2 : MMIO_INSN_MAX;
    fetch->count = data[1] % (MMIO_INSN_MAX + 1);
    memcpy(fetch->bytes, data + 2, bytes);
    if (size > 2 + MMIO_INSN_MAX) {
        size_t rest = size - 2 - MMIO_INSN_MAX;
        memcpy(registers, data + 2 + MMIO_INSN_MAX, MIN(rest, sizeof(registers)));
    }
    enum mmio_status status = mmio_decode(fetch, mode, &insn);
    assert(mmio_status_name(status) != NULL);
    if (status == MMIO_OK) {
        check_form(&insn, fetch);
        check_dependence(fetch, mode, &insn);
        execute(&insn, registers, registers[16]);
    } else if (status != MMIO_TRUNCATED) {
        check_refusal(fetch, mode, status);
    }
    free(fetch);
    return 0;
}
