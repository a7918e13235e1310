/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the MMIO decoder share: the opcode tables, one row an opcode, as in SDM volume
 * 2, "Opcode Map", and the state while an instruction is taken apart. Not for anyone else.
 */
#ifndef KERNEL_MMIO_DECODE_INTERNAL_H
#define KERNEL_MMIO_DECODE_INTERNAL_H

#include "kernel/mmio_decode.h"

/* "REX Prefix Fields" */
#define MMIO_REX_W 8u
#define MMIO_REX_R 4u
#define MMIO_REX_X 2u
#define MMIO_REX_B 1u

enum mmio_form_kind {
    MMIO_FORM_UNSUPPORTED, /* what an opcode without a row has */
    MMIO_FORM_PREFIX,
    MMIO_FORM_REX, /* in 64-bit mode; else unsupported (INC and DEC of a register) */
    MMIO_FORM_ESCAPE,
    MMIO_FORM_MODRM,  /* the memory operand is ModRM's r/m, the register operand its reg */
    MMIO_FORM_GROUP,  /* ... and reg selects a row of the group `op` */
    MMIO_FORM_MOFFS,  /* the address follows the opcode; the register is AL, AX, EAX or RAX */
    MMIO_FORM_STRING, /* rSI and rDI */
};

enum mmio_group {
    MMIO_GROUP_80, /* Eb,Ib */
    MMIO_GROUP_81, /* Ev,Iz */
    MMIO_GROUP_83, /* Ev,Ib */
    MMIO_GROUP_8F,
    MMIO_GROUP_C6,
    MMIO_GROUP_C7,
    MMIO_GROUP_F6,
    MMIO_GROUP_F7,
    MMIO_GROUP_FE,
    MMIO_GROUP_FF,
    MMIO_GROUP_0FBA,
    MMIO_GROUPS,
};

/* Besides the flags of struct mmio_insn: */
#define MMIO_FORM_BYTE     BIT(16) /* operands are bytes whatever the operand size */
#define MMIO_FORM_IMM8     BIT(17) /* the immediate is one byte, sign-extended */
#define MMIO_FORM_LOCKABLE BIT(18)
#define MMIO_FORM_FROM8    BIT(19) /* memory is 1 byte, the register of operand size */
#define MMIO_FORM_FROM16   BIT(20)
#define MMIO_FORM_FROM32   BIT(21) /* ... 4 bytes, or 2 with operand size 2 */
#define MMIO_FORM_STACK    BIT(22) /* operand size is 8 in 64-bit mode without REX.W as well */
#define MMIO_FORM_NO_REG   BIT(23) /* ModRM's reg names no register */
#define MMIO_FORM_MOVNTI   BIT(24) /* never 2 bytes; #UD with prefixes 66, F2 and F3 */
#define MMIO_FORM_NO_REP   BIT(25) /* another instruction with REPNE or REP */
#define MMIO_FORM_ONLY_64  BIT(26) /* another instruction outside 64-bit mode */
#define MMIO_FORM_NOT_64   BIT(27) /* #UD in 64-bit mode */
#define MMIO_FORM_SIXTEEN  BIT(28) /* the row is for sixteen opcodes from its own on */

/* What is added to an opcode byte in struct mmio_form. Groups: group << 3 | ModRM's reg instead. */
#define MMIO_MAP_0F     0x100u
#define MMIO_MAP_0F38   0x200u
#define MMIO_MAP_GROUPS 0x300u

struct mmio_form {
    uint16_t opcode;
    uint8_t kind; /* enum mmio_form_kind */
    uint8_t op;   /* enum mmio_op, or enum mmio_group */
    uint32_t flags;
};

extern const struct mmio_form mmio_forms[]; /* sorted by opcode */
extern const size_t mmio_form_count;

struct mmio_decoder {
    const uint8_t *next;
    const struct mmio_form *form;
    uint32_t flags; /* of the form, and of the group it was found by */
    uint8_t opcode; /* its last byte */
    uint8_t modrm;
    uint8_t rex; /* with 0x40 when there is one */
    bool operand_size;
    bool address_size;
    bool lock;
    uint8_t repeat;  /* 0xf2 or 0xf3, the last one */
    uint8_t segment; /* override, MMIO_SEGMENTS: none */
};

static inline uint64_t mmio_load(const uint8_t *bytes, unsigned size)
{
    uint16_t word;
    uint32_t dword;
    uint64_t qword;
    switch (size) {
    case 1:
        return *bytes;
    case 2:
        __builtin_memcpy(&word, bytes, sizeof(word));
        return word;
    case 4:
        __builtin_memcpy(&dword, bytes, sizeof(dword));
        return dword;
    default:
        __builtin_memcpy(&qword, bytes, sizeof(qword));
        return qword;
    }
}

static inline int64_t mmio_load_signed(const uint8_t *bytes, unsigned size)
{
    switch (size) {
    case 1:
        return (int8_t)mmio_load(bytes, 1);
    case 2:
        return (int16_t)mmio_load(bytes, 2);
    case 4:
        return (int32_t)mmio_load(bytes, 4);
    default:
        return (int64_t)mmio_load(bytes, 8);
    }
}

/*
 * Decodes the memory operand of d->modrm into base, index, scale, segment and displacement.
 * d->next is behind ModRM and is left behind the displacement.
 */
void mmio_decode_address(struct mmio_decoder *d, struct mmio_insn *insn);

/* mmio_decode() for every instruction. */
enum mmio_status mmio_decode_any(const struct mmio_fetch *fetch, enum mmio_mode mode,
                                 struct mmio_insn *insn);

#endif
