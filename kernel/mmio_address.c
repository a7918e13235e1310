/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear addresses of a decoded instruction's memory operands; see mmio_decode.h. SDM volume 1,
 * "Specifying an Offset", "Address Calculations in 64-Bit Mode".
 */
#include "kernel/mmio_decode.h"

static uint64_t size_mask(unsigned size)
{
    return size >= 8 ? ~UINT64_C(0) : BIT(size * 8) - 1;
}

static int64_t sign_extend(uint64_t value, unsigned size)
{
    unsigned shift = 64 - size * 8;
    return (int64_t)(value << shift) >> shift;
}

/* Bit tests with the bit's number in a register reach beyond the operand: SDM "Bit(BitBase,
 * BitOffset)". Distance in bytes of the word that holds the bit. */
static uint64_t bit_displacement(const struct mmio_insn *insn, const struct mmio_cpu *cpu)
{
    unsigned log2_bits = insn->size == 2 ? 4 : (insn->size == 4 ? 5 : 6);
    int64_t bit = sign_extend(cpu->gpr[insn->reg & 15], insn->size);
    return (uint64_t)(bit >> log2_bits) * insn->size;
}

static uint64_t explicit_offset(const struct mmio_insn *insn, const struct mmio_cpu *cpu)
{
    uint64_t offset = (uint64_t)insn->displacement;
    if (insn->base <= MMIO_R15) {
        offset += cpu->gpr[insn->base];
    } else if (insn->base == MMIO_REG_RIP) {
        offset += cpu->rip + insn->length;
    }
    if (insn->index <= MMIO_R15) {
        offset += cpu->gpr[insn->index] << insn->scale;
    }
    if (insn->op >= MMIO_OP_BT && insn->op <= MMIO_OP_BTC && (insn->flags & MMIO_IMMEDIATE) == 0) {
        offset += bit_displacement(insn, cpu);
    }
    if (insn->op == MMIO_OP_POP && insn->base == MMIO_RSP) {
        offset += insn->size; /* POP increments RSP before it computes the address */
    }
    return offset & size_mask(insn->address_size);
}

static bool is_stack_side(const struct mmio_insn *insn, enum mmio_side side)
{
    return (insn->op == MMIO_OP_PUSH && side == MMIO_DESTINATION) ||
           (insn->op == MMIO_OP_POP && side == MMIO_SOURCE);
}

static bool is_movs_destination(const struct mmio_insn *insn, enum mmio_side side)
{
    return insn->op == MMIO_OP_MOVS && side == MMIO_DESTINATION;
}

static uint64_t offset_of(const struct mmio_insn *insn, const struct mmio_cpu *cpu,
                          enum mmio_side side)
{
    if (insn->op < MMIO_OP_MOVS) {
        return explicit_offset(insn, cpu);
    }
    if (is_movs_destination(insn, side)) {
        return cpu->gpr[MMIO_RDI] & size_mask(insn->address_size);
    }
    if (is_stack_side(insn, side)) {
        uint64_t pushed = insn->op == MMIO_OP_PUSH ? insn->size : 0;
        return (cpu->gpr[MMIO_RSP] - pushed) & size_mask(cpu->stack_size);
    }
    return explicit_offset(insn, cpu);
}

enum mmio_segment mmio_address_segment(const struct mmio_insn *insn, enum mmio_side side)
{
    if (is_movs_destination(insn, side)) {
        return MMIO_ES;
    }
    return is_stack_side(insn, side) ? MMIO_SS : (enum mmio_segment)insn->segment;
}

static __attribute__((noinline)) gva_t any_address(const struct mmio_insn *insn,
                                                   const struct mmio_cpu *cpu, enum mmio_side side)
{
    uint64_t offset = offset_of(insn, cpu, side);
    enum mmio_segment segment = mmio_address_segment(insn, side);
    if (insn->mode == MMIO_MODE_64) {
        return GVA(segment >= MMIO_FS ? offset + cpu->segment_base[segment] : offset);
    }
    return GVA((offset + cpu->segment_base[segment]) & UINT32_MAX);
}

/* The common case first; the other takes three times as long. */
gva_t mmio_address(const struct mmio_insn *insn, const struct mmio_cpu *cpu, enum mmio_side side)
{
    bool flat = insn->mode == MMIO_MODE_64 && insn->segment < MMIO_FS;
    if (flat && insn->op < MMIO_OP_BT && insn->address_size == 8 && insn->base != MMIO_REG_RIP) {
        uint64_t base = insn->base <= MMIO_R15 ? cpu->gpr[insn->base] : 0;
        uint64_t index = insn->index <= MMIO_R15 ? cpu->gpr[insn->index] << insn->scale : 0;
        return GVA(base + index + (uint64_t)insn->displacement);
    }
    return any_address(insn, cpu, side);
}
