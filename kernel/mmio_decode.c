/* SPDX-License-Identifier: Apache-2.0 */
/* The MMIO decoder's entrance, and its short cut for the common MOV; see the header. */
#include "kernel/mmio_decode_internal.h"

#define NOT_COMMON 16

/*
 * An address made of a base register and a displacement, or of a displacement alone. bytes: opcode,
 * ModRM, what follows. Returns the number of bytes behind ModRM, or NOT_COMMON.
 */
static inline unsigned decode_common_address(uint64_t bytes, unsigned rex, struct mmio_insn *insn)
{
    unsigned modrm = (uint8_t)(bytes >> 8);
    unsigned rm = modrm & 7;
    insn->base = (uint8_t)(rm | (rex & MMIO_REX_B) << 3);
    if (rm == MMIO_RSP) {
        bool bare = modrm < 0x40 && (uint8_t)(bytes >> 16) == 0x25 && (rex & MMIO_REX_X) == 0;
        insn->base = MMIO_REG_NONE;
        insn->displacement = (int32_t)(bytes >> 24);
        return bare ? 5 : NOT_COMMON; /* SIB without base and index */
    }
    if (modrm >= 0x80) {
        insn->displacement = (int32_t)(bytes >> 16);
        return modrm >= 0xc0 ? NOT_COMMON : 4;
    }
    if (modrm >= 0x40) {
        insn->displacement = (int8_t)(bytes >> 16);
        return 1;
    }
    return rm == MMIO_RBP ? NOT_COMMON : 0; /* RIP-relative */
}

/*
 * MOV between a register and memory in 64-bit mode, of 4 or 8 bytes, with at most a REX prefix and
 * an address as above: what nearly all MMIO is, in a third of the instructions. False: not that, or
 * not all there.
 */
static bool decode_common_mov(const struct mmio_fetch *fetch, struct mmio_insn *insn)
{
    static const struct mmio_insn load = {.flags = MMIO_READS | MMIO_TO_REGISTER,
                                          .op = MMIO_OP_LOAD,
                                          .mode = MMIO_MODE_64,
                                          .address_size = 8,
                                          .segment = MMIO_DS,
                                          .index = MMIO_REG_NONE};
    static const struct mmio_insn store = {.flags = MMIO_WRITES,
                                           .op = MMIO_OP_STORE,
                                           .mode = MMIO_MODE_64,
                                           .address_size = 8,
                                           .segment = MMIO_DS,
                                           .index = MMIO_REG_NONE};
    uint64_t bytes = mmio_load(fetch->bytes, 8);
    unsigned rex = 0;
    unsigned length = 2;
    if ((bytes & 0xf0) == 0x40) {
        rex = (uint8_t)bytes;
        bytes >>= 8;
        length = 3;
    }
    if ((bytes & 0xfd) != 0x89) { /* 0x89 or 0x8b */
        return false;
    }
    *insn = (bytes & 2) != 0 ? load : store;
    length += decode_common_address(bytes, rex, insn);
    if (length > fetch->count || length >= NOT_COMMON) {
        return false;
    }
    unsigned reg = ((bytes >> 11) & 7) | (rex & MMIO_REX_R) << 1;
    insn->length = (uint8_t)length;
    insn->size = insn->reg_size = (uint8_t)(4 + ((rex & MMIO_REX_W) >> 1));
    insn->reg = (uint8_t)reg;
    if (reg == MMIO_RSP) {
        insn->flags |= MMIO_USES_RSP;
    }
    return true;
}

enum mmio_status mmio_decode(const struct mmio_fetch *fetch, enum mmio_mode mode,
                             struct mmio_insn *insn)
{
    if (mode == MMIO_MODE_64 && decode_common_mov(fetch, insn)) {
        return MMIO_OK;
    }
    return mmio_decode_any(fetch, mode, insn);
}

const char *mmio_status_name(enum mmio_status status)
{
    static const char *const names[] = {
        [MMIO_OK] = "decoded",
        [MMIO_TRUNCATED] = "truncated",
        [MMIO_TOO_LONG] = "longer than 15 bytes",
        [MMIO_INVALID] = "invalid",
        [MMIO_NO_MEMORY] = "without a memory operand",
        [MMIO_UNSUPPORTED] = "not supported",
    };
    return (size_t)status < ARRAY_SIZE(names) ? names[status] : "unknown";
}
