/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes the instruction of an EPT violation, so that a device can answer it (SDM volume 2,
 * "Instruction Format"). The handler of EPT violations calls mmio_decode(), checks mmio_address()
 * against the exit's guest linear address, talks to the device and has kernel/mmio_execute.h
 * complete the instruction. Pure. The instruction length in the VMCS is not valid for these exits.
 *
 * Decoded: what compilers and kernels use on device memory. MOV (register, immediate, moffs),
 * MOVZX, MOVSX, MOVSXD, MOVBE, MOVNTI, CMOVcc; ADD OR ADC SBB AND SUB XOR CMP TEST, INC DEC NOT
 * NEG; XCHG, XADD, CMPXCHG, BT BTS BTR BTC; MOVS, STOS, LODS, SCAS with REP; PUSH and POP of
 * memory. Everything else is MMIO_UNSUPPORTED: x87, SSE and AVX moves, shifts, multiplication,
 * CMPS, CMPXCHG8B, INS, OUTS, far pointers, segment registers.
 */
#ifndef KERNEL_MMIO_DECODE_H
#define KERNEL_MMIO_DECODE_H

#include "kernel/types.h"

#define MMIO_INSN_MAX   15 /* bytes of the longest instruction */
#define MMIO_FETCH_SIZE 32

/*
 * Code at CS:RIP. count: how many bytes were fetched, fewer than 15 when the rest could not be (the
 * next page is not mapped); what lies behind them does not matter.
 */
struct mmio_fetch {
    uint8_t bytes[MMIO_FETCH_SIZE];
    uint8_t count; /* 0-15 */
};

/* Default sizes: real, virtual-8086 and CS.D=0 code; CS.D=1 code; CS.L=1 with EFER.LMA. */
enum mmio_mode { MMIO_MODE_16, MMIO_MODE_32, MMIO_MODE_64 };

enum mmio_status {
    MMIO_OK,
    MMIO_TRUNCATED,   /* goes on beyond what was fetched */
    MMIO_TOO_LONG,    /* more than 15 bytes: the processor raises #GP */
    MMIO_INVALID,     /* the processor raises #UD */
    MMIO_NO_MEMORY,   /* does not access memory: not the instruction that caused the exit */
    MMIO_UNSUPPORTED, /* not emulated */
};

/* For messages: "truncated", "unsupported"... */
const char *mmio_status_name(enum mmio_status status);

/* Registers by their encoding, as in every array of general-purpose registers here. */
enum mmio_reg {
    MMIO_RAX,
    MMIO_RCX,
    MMIO_RDX,
    MMIO_RBX,
    MMIO_RSP,
    MMIO_RBP,
    MMIO_RSI,
    MMIO_RDI,
    MMIO_R8,
    MMIO_R15 = 15,
    MMIO_AH = 16,
    MMIO_CH,
    MMIO_DH,
    MMIO_BH,
    MMIO_REG_NONE = 0xff, /* base and index only */
    MMIO_REG_RIP = 0xfe,  /* base only */
};

enum mmio_segment {
    MMIO_ES,
    MMIO_CS,
    MMIO_SS,
    MMIO_DS,
    MMIO_FS,
    MMIO_GS,
    MMIO_SEGMENTS,
};

enum mmio_op {
    MMIO_OP_LOAD,  /* register of reg_size = memory, zero-extended */
    MMIO_OP_LOADS, /* ... sign-extended */
    MMIO_OP_STORE,
    MMIO_OP_ADD, /* in the order of their encoding */
    MMIO_OP_OR,
    MMIO_OP_ADC,
    MMIO_OP_SBB,
    MMIO_OP_AND,
    MMIO_OP_SUB,
    MMIO_OP_XOR,
    MMIO_OP_CMP,
    MMIO_OP_TEST,
    MMIO_OP_INC,
    MMIO_OP_DEC,
    MMIO_OP_NOT,
    MMIO_OP_NEG,
    MMIO_OP_XCHG,
    MMIO_OP_XADD,
    MMIO_OP_CMPXCHG,
    MMIO_OP_BT,
    MMIO_OP_BTS,
    MMIO_OP_BTR,
    MMIO_OP_BTC,
    MMIO_OP_CMOV, /* immediate: the condition */
    MMIO_OP_MOVBE_LOAD,
    MMIO_OP_MOVBE_STORE,
    MMIO_OP_MOVS,
    MMIO_OP_STOS,
    MMIO_OP_LODS,
    MMIO_OP_SCAS,
    MMIO_OP_PUSH,
    MMIO_OP_POP,
    MMIO_OP_COUNT,
};

#define MMIO_READS       BIT(0) /* reads memory (MOVS, PUSH, POP: the source) */
#define MMIO_WRITES      BIT(1) /* writes memory (MOVS, PUSH, POP: the destination) */
#define MMIO_FLAGS_IN    BIT(2) /* needs mmio_cpu.rflags */
#define MMIO_FLAGS_OUT   BIT(3) /* changes mmio_cpu.rflags */
#define MMIO_USES_RSP    BIT(4) /* reads or writes gpr[MMIO_RSP] */
#define MMIO_IMMEDIATE   BIT(5) /* the other operand is `immediate`, not `reg` */
#define MMIO_TO_REGISTER BIT(6) /* the destination and left operand is `reg` */
#define MMIO_LOCKED      BIT(7) /* LOCK, or an XCHG */
#define MMIO_REP         BIT(8) /* REP or REPE */
#define MMIO_REPNE       BIT(9)
#define MMIO_STRING      BIT(10)

struct mmio_insn {
    uint16_t flags;
    uint8_t op;           /* enum mmio_op */
    uint8_t length;       /* 1-15 bytes */
    uint8_t size;         /* of the memory access: 1, 2, 4 or 8 bytes */
    uint8_t reg_size;     /* of the register operand */
    uint8_t reg;          /* enum mmio_reg, 0-19 */
    uint8_t mode;         /* enum mmio_mode */
    uint8_t address_size; /* 2, 4 or 8 bytes */
    uint8_t segment;      /* enum mmio_segment after overrides; in 64-bit mode DS stands for SS */
    uint8_t base;         /* enum mmio_reg with NONE and RIP */
    uint8_t index;        /* enum mmio_reg with NONE */
    uint8_t scale;        /* shift: 0-3 */
    int64_t displacement;
    uint64_t immediate; /* sign-extended to 64 bits */
};

/* *insn is complete only with MMIO_OK. Never reads beyond fetch->bytes. */
enum mmio_status mmio_decode(const struct mmio_fetch *fetch, enum mmio_mode mode,
                             struct mmio_insn *insn);

/*
 * The vCPU as far as an instruction needs it. What is costly to read may be left out:
 * gpr[MMIO_RSP] without MMIO_USES_RSP, rflags without MMIO_FLAGS_*; segment bases in 64-bit mode
 * but FS and GS where insn.segment says so; stack_size but for PUSH and POP.
 */
struct mmio_cpu {
    uint64_t *gpr; /* 16 */
    uint64_t rip;  /* of the instruction */
    uint64_t rflags;
    uint64_t segment_base[MMIO_SEGMENTS];
    uint8_t stack_size; /* bytes of the stack pointer: 8 in 64-bit mode, else by SS.B 4 or 2 */
};

/* Only MOVS, PUSH and POP have two memory operands; for others both sides are the same address. */
enum mmio_side { MMIO_SOURCE, MMIO_DESTINATION };

/*
 * Linear address of a memory operand, by the registers as they are before the instruction (REP:
 * before the next element). Bit tests with a register operand: of the word that holds the bit.
 * Segment limits and canonical form are not checked: for the operand that caused the exit the
 * processor has done so; the other one is translated by the caller, who checks it.
 */
gva_t mmio_address(const struct mmio_insn *insn, const struct mmio_cpu *cpu, enum mmio_side side);

/* Segment register of a side; bases of ES, CS, SS and DS do not matter in 64-bit mode. */
enum mmio_segment mmio_address_segment(const struct mmio_insn *insn, enum mmio_side side);

#endif
