/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MMIO decoder for every instruction: prefixes, opcode, operands. Bytes are read without
 * looking at their count, which the buffer allows; whether they were all there is checked once, at
 * the end.
 */
#include "kernel/mmio_decode_internal.h"

/* Longest read behind the prefixes: opcode 3, ModRM, SIB, displacement 4, immediate 4; MOFFS 8. */
_Static_assert(MMIO_INSN_MAX + 3 + 1 + 1 + 4 + 4 <= MMIO_FETCH_SIZE, "reads stay in the buffer");

/* In 64-bit mode the overrides of ES, CS, SS and DS are ignored. */
static void take_segment(struct mmio_decoder *d, enum mmio_mode mode, enum mmio_segment segment)
{
    if (mode != MMIO_MODE_64 || segment >= MMIO_FS) {
        d->segment = (uint8_t)segment;
    }
}

static void take_prefix(struct mmio_decoder *d, enum mmio_mode mode, uint8_t byte)
{
    d->rex = 0; /* a REX prefix counts only right before the opcode */
    switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
        take_segment(d, mode, (enum mmio_segment)((byte >> 3) & 3));
        break;
    case 0x64:
    case 0x65:
        take_segment(d, mode, byte == 0x64 ? MMIO_FS : MMIO_GS);
        break;
    case 0x66:
        d->operand_size = true;
        break;
    case 0x67:
        d->address_size = true;
        break;
    case 0xf0:
        d->lock = true;
        break;
    default:
        d->repeat = byte;
        break;
    }
}

/* The row of an opcode with what its map adds, or of a group's member. */
static const struct mmio_form *look_up(unsigned opcode)
{
    static const struct mmio_form unsupported = {.kind = MMIO_FORM_UNSUPPORTED};
    size_t low = 0;
    size_t high = mmio_form_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (mmio_forms[middle].opcode <= opcode) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const struct mmio_form *form = &mmio_forms[low];
    unsigned distance = opcode - form->opcode;
    return distance < ((form->flags & MMIO_FORM_SIXTEEN) != 0 ? 16 : 1) ? form : &unsupported;
}

static const struct mmio_form *next_form(struct mmio_decoder *d, unsigned map)
{
    d->opcode = *d->next++;
    return look_up(map | d->opcode);
}

/* Finds the form of the instruction; d->next is then behind the opcode. False: only prefixes. */
static bool find_form(struct mmio_decoder *d, const uint8_t *bytes, enum mmio_mode mode)
{
    const uint8_t *end = bytes + MMIO_INSN_MAX;
    const struct mmio_form *form;
    for (;;) {
        if (d->next == end) {
            return false;
        }
        form = next_form(d, 0);
        if (form->kind == MMIO_FORM_REX && mode == MMIO_MODE_64) {
            d->rex = d->opcode;
        } else if (form->kind == MMIO_FORM_PREFIX) {
            take_prefix(d, mode, d->opcode);
        } else {
            break;
        }
    }
    if (form->kind == MMIO_FORM_ESCAPE) {
        form = next_form(d, MMIO_MAP_0F);
        if (form->kind == MMIO_FORM_ESCAPE) {
            form = next_form(d, MMIO_MAP_0F38);
        }
    }
    d->flags = form->flags;
    if (form->kind == MMIO_FORM_GROUP) {
        form = look_up(MMIO_MAP_GROUPS | (unsigned)form->op << 3 | ((*d->next >> 3) & 7));
        d->flags |= form->flags;
        d->next += form->kind == MMIO_FORM_UNSUPPORTED; /* ModRM has been looked at */
    }
    d->form = form;
    return true;
}

/* What the form and the prefixes say against each other. */
static enum mmio_status check_form(const struct mmio_decoder *d, enum mmio_mode mode)
{
    uint32_t flags = d->flags;
    bool mode_64 = mode == MMIO_MODE_64;
    if (d->lock && (flags & MMIO_FORM_LOCKABLE) == 0) {
        return MMIO_INVALID;
    }
    if ((flags & (MMIO_FORM_MOVNTI | MMIO_FORM_NO_REP | MMIO_FORM_ONLY_64 | MMIO_FORM_NOT_64)) ==
        0) {
        return MMIO_OK;
    }
    if (((flags & MMIO_FORM_MOVNTI) != 0 && (d->operand_size || d->repeat != 0)) ||
        ((flags & MMIO_FORM_NOT_64) != 0 && mode_64)) {
        return MMIO_INVALID;
    }
    if (((flags & MMIO_FORM_NO_REP) != 0 && d->repeat != 0) ||
        ((flags & MMIO_FORM_ONLY_64) != 0 && !mode_64)) {
        return MMIO_UNSUPPORTED;
    }
    return MMIO_OK;
}

static unsigned operand_size_of(const struct mmio_decoder *d, enum mmio_mode mode)
{
    if ((d->flags & MMIO_FORM_BYTE) != 0) {
        return 1;
    }
    if (mode == MMIO_MODE_16 && (d->flags & MMIO_FORM_MOVNTI) == 0) {
        return d->operand_size ? 4 : 2;
    }
    if ((d->rex & MMIO_REX_W) != 0) {
        return 8;
    }
    if (d->operand_size) {
        return 2;
    }
    return mode == MMIO_MODE_64 && (d->flags & MMIO_FORM_STACK) != 0 ? 8 : 4;
}

static unsigned address_size_of(const struct mmio_decoder *d, enum mmio_mode mode)
{
    static const uint8_t sizes[][2] = {{2, 4}, {4, 2}, {8, 4}};
    return sizes[mode][d->address_size];
}

static unsigned memory_size_of(uint32_t flags, unsigned operand_size)
{
    if ((flags & MMIO_FORM_FROM8) != 0) {
        return 1;
    }
    if ((flags & MMIO_FORM_FROM16) != 0) {
        return 2;
    }
    return (flags & MMIO_FORM_FROM32) != 0 ? MIN(operand_size, 4u) : operand_size;
}

static void decode_register(const struct mmio_decoder *d, struct mmio_insn *insn)
{
    unsigned reg = ((d->modrm >> 3) & 7) | ((d->rex & MMIO_REX_R) << 1);
    if ((d->flags & MMIO_FORM_NO_REG) != 0) {
        return;
    }
    /* Without any REX prefix bytes 4-7 are AH, CH, DH and BH. */
    bool high = insn->reg_size == 1 && d->rex == 0 && reg >= MMIO_RSP;
    insn->reg = (uint8_t)(high ? reg + MMIO_AH - MMIO_RSP : reg);
}

static enum mmio_status decode_modrm(struct mmio_decoder *d, struct mmio_insn *insn)
{
    d->modrm = *d->next++;
    if (d->modrm >= 0xc0) {
        return MMIO_NO_MEMORY;
    }
    mmio_decode_address(d, insn);
    decode_register(d, insn);
    return MMIO_OK;
}

static void decode_moffs(struct mmio_decoder *d, struct mmio_insn *insn)
{
    insn->base = MMIO_REG_NONE;
    insn->index = MMIO_REG_NONE;
    insn->segment = MMIO_DS;
    insn->displacement = (int64_t)mmio_load(d->next, insn->address_size);
    d->next += insn->address_size;
}

static void decode_string(const struct mmio_decoder *d, struct mmio_insn *insn)
{
    bool destination = insn->op == MMIO_OP_STOS || insn->op == MMIO_OP_SCAS;
    insn->base = destination ? MMIO_RDI : MMIO_RSI;
    insn->index = MMIO_REG_NONE;
    insn->segment = destination ? MMIO_ES : MMIO_DS;
    if (d->repeat != 0) {
        insn->flags |= d->repeat == 0xf3 ? MMIO_REP : MMIO_REPNE;
    }
}

static enum mmio_status decode_operands(struct mmio_decoder *d, struct mmio_insn *insn)
{
    switch (d->form->kind) {
    case MMIO_FORM_MODRM:
        return decode_modrm(d, insn);
    case MMIO_FORM_MOFFS:
        decode_moffs(d, insn);
        return MMIO_OK;
    case MMIO_FORM_STRING:
        decode_string(d, insn);
        return MMIO_OK;
    default:
        return MMIO_UNSUPPORTED;
    }
}

static bool uses_rsp(const struct mmio_insn *insn)
{
    return insn->base == MMIO_RSP || insn->reg == MMIO_RSP || insn->op == MMIO_OP_PUSH ||
           insn->op == MMIO_OP_POP;
}

static enum mmio_status decode(struct mmio_decoder *d, enum mmio_mode mode, struct mmio_insn *insn)
{
    uint32_t flags = d->flags;
    unsigned operand_size = operand_size_of(d, mode);
    *insn = (struct mmio_insn){
        .flags = (uint16_t)flags,
        .op = d->form->op,
        .size = (uint8_t)memory_size_of(flags, operand_size),
        .reg_size = (uint8_t)operand_size,
        .mode = (uint8_t)mode,
        .address_size = (uint8_t)address_size_of(d, mode),
        .immediate = d->form->op == MMIO_OP_CMOV ? d->opcode & 15 : 0, /* the condition */
    };
    enum mmio_status status = decode_operands(d, insn);
    if (status != MMIO_OK) {
        return status;
    }
    if ((flags & MMIO_IMMEDIATE) != 0) {
        unsigned size = (flags & MMIO_FORM_IMM8) != 0 ? 1 : MIN(operand_size, 4u);
        insn->immediate = (uint64_t)mmio_load_signed(d->next, size);
        d->next += size;
    }
    if (d->segment != MMIO_SEGMENTS && insn->segment != MMIO_ES) {
        insn->segment = d->segment;
    }
    insn->flags |= (uint16_t)((d->lock ? MMIO_LOCKED : 0) | (uses_rsp(insn) ? MMIO_USES_RSP : 0));
    return check_form(d, mode);
}

enum mmio_status mmio_decode_any(const struct mmio_fetch *fetch, enum mmio_mode mode,
                                 struct mmio_insn *insn)
{
    struct mmio_decoder d = {.next = fetch->bytes, .segment = MMIO_SEGMENTS};
    enum mmio_status status = MMIO_TOO_LONG;
    if (find_form(&d, fetch->bytes, mode)) {
        status = decode(&d, mode, insn);
    }
    size_t length = (size_t)(d.next - fetch->bytes);
    if (length > fetch->count) {
        return fetch->count < MMIO_INSN_MAX ? MMIO_TRUNCATED : MMIO_TOO_LONG;
    }
    insn->length = (uint8_t)length;
    return status;
}
