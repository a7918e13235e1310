/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opcode tables of the MMIO decoder. SDM volume 2, "One-Byte Opcode Map", "Two-byte Opcode
 * Map", "Three-byte Opcode Map", "Opcode Extensions for One- and Two-byte Opcodes by Group Number".
 */
#include "kernel/mmio_decode_internal.h"

/* clang-format off */
#define READ   MMIO_READS
#define WRITE  MMIO_WRITES
#define UPDATE (MMIO_READS | MMIO_WRITES | MMIO_FORM_LOCKABLE)
#define TO_REG (MMIO_READS | MMIO_TO_REGISTER)
#define SETS   MMIO_FLAGS_OUT
#define NEEDS  MMIO_FLAGS_IN
#define BYTE   MMIO_FORM_BYTE
#define NO_REG MMIO_FORM_NO_REG
#define IMM    (MMIO_IMMEDIATE | MMIO_FORM_NO_REG)
#define IMM8   (MMIO_IMMEDIATE | MMIO_FORM_NO_REG | MMIO_FORM_IMM8)
#define STRING MMIO_STRING

/* Kind, op, flags: a row without its opcode. */
#define PREFIX             MMIO_FORM_PREFIX, 0, 0
#define REX                MMIO_FORM_REX, 0, MMIO_FORM_SIXTEEN
#define ESCAPE             MMIO_FORM_ESCAPE, 0, 0
#define GROUP(group)       MMIO_FORM_GROUP, (group), 0
#define MODRM(op, flags)   MMIO_FORM_MODRM, (op), (flags)
#define MOFFS(op, flags)   MMIO_FORM_MOFFS, (op), (flags)
#define STRINGS(op, flags) MMIO_FORM_STRING, (op), (flags) | STRING | NEEDS
#define CMOV               MMIO_FORM_MODRM, MMIO_OP_CMOV, TO_REG | NEEDS | MMIO_FORM_SIXTEEN

/* A row of each map, and one of a group: its number and ModRM's reg. */
#define MAP_0F(opcode)     (MMIO_MAP_0F | (opcode))
#define MAP_0F38(opcode)   (MMIO_MAP_0F38 | (opcode))
#define OF_GROUP(group, reg) (MMIO_MAP_GROUPS | (group) << 3 | (reg))

/* The four forms with ModRM of an arithmetic instruction: Eb,Gb Ev,Gv Gb,Eb Gv,Ev. */
#define ARITHMETIC(opcode, op, flags)                                                              \
    {(opcode), MODRM((op), UPDATE | BYTE | (flags))},                                              \
    {(opcode) + 1, MODRM((op), UPDATE | (flags))},                                                 \
    {(opcode) + 2, MODRM((op), TO_REG | BYTE | (flags))},                                          \
    {(opcode) + 3, MODRM((op), TO_REG | (flags))}

/* The eight arithmetic instructions with an immediate. */
#define ARITHMETIC_GROUP(group, flags)                                                             \
    {OF_GROUP(group, 0), MODRM(MMIO_OP_ADD, UPDATE | SETS | (flags))},                             \
    {OF_GROUP(group, 1), MODRM(MMIO_OP_OR, UPDATE | SETS | (flags))},                              \
    {OF_GROUP(group, 2), MODRM(MMIO_OP_ADC, UPDATE | SETS | NEEDS | (flags))},                     \
    {OF_GROUP(group, 3), MODRM(MMIO_OP_SBB, UPDATE | SETS | NEEDS | (flags))},                     \
    {OF_GROUP(group, 4), MODRM(MMIO_OP_AND, UPDATE | SETS | (flags))},                             \
    {OF_GROUP(group, 5), MODRM(MMIO_OP_SUB, UPDATE | SETS | (flags))},                             \
    {OF_GROUP(group, 6), MODRM(MMIO_OP_XOR, UPDATE | SETS | (flags))},                             \
    {OF_GROUP(group, 7), MODRM(MMIO_OP_CMP, READ | SETS | (flags))}

/* Sorted by opcode. */
const struct mmio_form mmio_forms[] = {
    ARITHMETIC(0x00, MMIO_OP_ADD, SETS),
    ARITHMETIC(0x08, MMIO_OP_OR, SETS),
    {0x0f, ESCAPE},
    ARITHMETIC(0x10, MMIO_OP_ADC, SETS | NEEDS),
    ARITHMETIC(0x18, MMIO_OP_SBB, SETS | NEEDS),
    ARITHMETIC(0x20, MMIO_OP_AND, SETS),
    {0x26, PREFIX},
    ARITHMETIC(0x28, MMIO_OP_SUB, SETS),
    {0x2e, PREFIX},
    ARITHMETIC(0x30, MMIO_OP_XOR, SETS),
    {0x36, PREFIX},
    {0x38, MODRM(MMIO_OP_CMP, READ | BYTE | SETS)},
    {0x39, MODRM(MMIO_OP_CMP, READ | SETS)},
    {0x3a, MODRM(MMIO_OP_CMP, TO_REG | BYTE | SETS)},
    {0x3b, MODRM(MMIO_OP_CMP, TO_REG | SETS)},
    {0x3e, PREFIX},
    {0x40, REX},
    {0x63, MODRM(MMIO_OP_LOADS, TO_REG | MMIO_FORM_FROM32 | MMIO_FORM_ONLY_64)},
    {0x64, PREFIX}, {0x65, PREFIX}, {0x66, PREFIX}, {0x67, PREFIX},
    {0x80, GROUP(MMIO_GROUP_80)},
    {0x81, GROUP(MMIO_GROUP_81)},
    {0x82, MMIO_FORM_GROUP, MMIO_GROUP_80, MMIO_FORM_NOT_64},
    {0x83, GROUP(MMIO_GROUP_83)},
    {0x84, MODRM(MMIO_OP_TEST, READ | BYTE | SETS)},
    {0x85, MODRM(MMIO_OP_TEST, READ | SETS)},
    {0x86, MODRM(MMIO_OP_XCHG, UPDATE | BYTE | MMIO_LOCKED)},
    {0x87, MODRM(MMIO_OP_XCHG, UPDATE | MMIO_LOCKED)},
    {0x88, MODRM(MMIO_OP_STORE, WRITE | BYTE)},
    {0x89, MODRM(MMIO_OP_STORE, WRITE)},
    {0x8a, MODRM(MMIO_OP_LOAD, TO_REG | BYTE)},
    {0x8b, MODRM(MMIO_OP_LOAD, TO_REG)},
    {0x8f, GROUP(MMIO_GROUP_8F)},
    {0xa0, MOFFS(MMIO_OP_LOAD, TO_REG | BYTE)},
    {0xa1, MOFFS(MMIO_OP_LOAD, TO_REG)},
    {0xa2, MOFFS(MMIO_OP_STORE, WRITE | BYTE)},
    {0xa3, MOFFS(MMIO_OP_STORE, WRITE)},
    {0xa4, STRINGS(MMIO_OP_MOVS, READ | WRITE | BYTE)},
    {0xa5, STRINGS(MMIO_OP_MOVS, READ | WRITE)},
    {0xaa, STRINGS(MMIO_OP_STOS, WRITE | BYTE)},
    {0xab, STRINGS(MMIO_OP_STOS, WRITE)},
    {0xac, STRINGS(MMIO_OP_LODS, TO_REG | BYTE)},
    {0xad, STRINGS(MMIO_OP_LODS, TO_REG)},
    {0xae, STRINGS(MMIO_OP_SCAS, TO_REG | BYTE | SETS)},
    {0xaf, STRINGS(MMIO_OP_SCAS, TO_REG | SETS)},
    {0xc6, GROUP(MMIO_GROUP_C6)},
    {0xc7, GROUP(MMIO_GROUP_C7)},
    {0xf0, PREFIX}, {0xf2, PREFIX}, {0xf3, PREFIX},
    {0xf6, GROUP(MMIO_GROUP_F6)},
    {0xf7, GROUP(MMIO_GROUP_F7)},
    {0xfe, GROUP(MMIO_GROUP_FE)},
    {0xff, GROUP(MMIO_GROUP_FF)},

    {MAP_0F(0x38), ESCAPE},
    {MAP_0F(0x40), CMOV},
    {MAP_0F(0xa3), MODRM(MMIO_OP_BT, READ | SETS)},
    {MAP_0F(0xab), MODRM(MMIO_OP_BTS, UPDATE | SETS)},
    {MAP_0F(0xb0), MODRM(MMIO_OP_CMPXCHG, UPDATE | BYTE | SETS)},
    {MAP_0F(0xb1), MODRM(MMIO_OP_CMPXCHG, UPDATE | SETS)},
    {MAP_0F(0xb3), MODRM(MMIO_OP_BTR, UPDATE | SETS)},
    {MAP_0F(0xb6), MODRM(MMIO_OP_LOAD, TO_REG | MMIO_FORM_FROM8)},
    {MAP_0F(0xb7), MODRM(MMIO_OP_LOAD, TO_REG | MMIO_FORM_FROM16)},
    {MAP_0F(0xba), GROUP(MMIO_GROUP_0FBA)},
    {MAP_0F(0xbb), MODRM(MMIO_OP_BTC, UPDATE | SETS)},
    {MAP_0F(0xbe), MODRM(MMIO_OP_LOADS, TO_REG | MMIO_FORM_FROM8)},
    {MAP_0F(0xbf), MODRM(MMIO_OP_LOADS, TO_REG | MMIO_FORM_FROM16)},
    {MAP_0F(0xc0), MODRM(MMIO_OP_XADD, UPDATE | BYTE | SETS)},
    {MAP_0F(0xc1), MODRM(MMIO_OP_XADD, UPDATE | SETS)},
    {MAP_0F(0xc3), MODRM(MMIO_OP_STORE, WRITE | MMIO_FORM_MOVNTI)},

    {MAP_0F38(0xf0), MODRM(MMIO_OP_MOVBE_LOAD, TO_REG | MMIO_FORM_NO_REP)},
    {MAP_0F38(0xf1), MODRM(MMIO_OP_MOVBE_STORE, WRITE | MMIO_FORM_NO_REP)},

    ARITHMETIC_GROUP(MMIO_GROUP_80, BYTE | IMM8),
    ARITHMETIC_GROUP(MMIO_GROUP_81, IMM),
    ARITHMETIC_GROUP(MMIO_GROUP_83, IMM8),
    {OF_GROUP(MMIO_GROUP_8F, 0), MODRM(MMIO_OP_POP, READ | WRITE | MMIO_FORM_STACK | NO_REG)},
    {OF_GROUP(MMIO_GROUP_C6, 0), MODRM(MMIO_OP_STORE, WRITE | BYTE | IMM8)},
    {OF_GROUP(MMIO_GROUP_C7, 0), MODRM(MMIO_OP_STORE, WRITE | IMM)},
    {OF_GROUP(MMIO_GROUP_F6, 0), MODRM(MMIO_OP_TEST, READ | SETS | BYTE | IMM8)},
    {OF_GROUP(MMIO_GROUP_F6, 1), MODRM(MMIO_OP_TEST, READ | SETS | BYTE | IMM8)},
    {OF_GROUP(MMIO_GROUP_F6, 2), MODRM(MMIO_OP_NOT, UPDATE | BYTE | NO_REG)},
    {OF_GROUP(MMIO_GROUP_F6, 3), MODRM(MMIO_OP_NEG, UPDATE | SETS | BYTE | NO_REG)},
    {OF_GROUP(MMIO_GROUP_F7, 0), MODRM(MMIO_OP_TEST, READ | SETS | IMM)},
    {OF_GROUP(MMIO_GROUP_F7, 1), MODRM(MMIO_OP_TEST, READ | SETS | IMM)},
    {OF_GROUP(MMIO_GROUP_F7, 2), MODRM(MMIO_OP_NOT, UPDATE | NO_REG)},
    {OF_GROUP(MMIO_GROUP_F7, 3), MODRM(MMIO_OP_NEG, UPDATE | SETS | NO_REG)},
    {OF_GROUP(MMIO_GROUP_FE, 0), MODRM(MMIO_OP_INC, UPDATE | SETS | NEEDS | BYTE | NO_REG)},
    {OF_GROUP(MMIO_GROUP_FE, 1), MODRM(MMIO_OP_DEC, UPDATE | SETS | NEEDS | BYTE | NO_REG)},
    {OF_GROUP(MMIO_GROUP_FF, 0), MODRM(MMIO_OP_INC, UPDATE | SETS | NEEDS | NO_REG)},
    {OF_GROUP(MMIO_GROUP_FF, 1), MODRM(MMIO_OP_DEC, UPDATE | SETS | NEEDS | NO_REG)},
    {OF_GROUP(MMIO_GROUP_FF, 6), MODRM(MMIO_OP_PUSH, READ | WRITE | MMIO_FORM_STACK | NO_REG)},
    {OF_GROUP(MMIO_GROUP_0FBA, 4), MODRM(MMIO_OP_BT, READ | SETS | IMM8)},
    {OF_GROUP(MMIO_GROUP_0FBA, 5), MODRM(MMIO_OP_BTS, UPDATE | SETS | IMM8)},
    {OF_GROUP(MMIO_GROUP_0FBA, 6), MODRM(MMIO_OP_BTR, UPDATE | SETS | IMM8)},
    {OF_GROUP(MMIO_GROUP_0FBA, 7), MODRM(MMIO_OP_BTC, UPDATE | SETS | IMM8)},
};
const size_t mmio_form_count = ARRAY_SIZE(mmio_forms);
