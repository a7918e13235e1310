/* SPDX-License-Identifier: Apache-2.0 */
/* The addressing forms of the MMIO decoder. SDM volume 2, "ModR/M and SIB Bytes". */
#include "kernel/mmio_decode_internal.h"

/* "16-Bit Addressing Forms with the ModR/M Byte" */
static void decode_address_16(struct mmio_decoder *d, struct mmio_insn *insn)
{
    static const uint8_t bases[] = {MMIO_RBX, MMIO_RBX, MMIO_RBP, MMIO_RBP,
                                    MMIO_RSI, MMIO_RDI, MMIO_RBP, MMIO_RBX};
    static const uint8_t indices[] = {MMIO_RSI,      MMIO_RDI,      MMIO_RSI,      MMIO_RDI,
                                      MMIO_REG_NONE, MMIO_REG_NONE, MMIO_REG_NONE, MMIO_REG_NONE};
    unsigned mod = d->modrm >> 6;
    unsigned rm = d->modrm & 7;
    unsigned displacement = mod;
    insn->base = bases[rm];
    insn->index = indices[rm];
    if (mod == 0 && rm == 6) {
        insn->base = MMIO_REG_NONE;
        displacement = 2;
    }
    insn->segment = insn->base == MMIO_RBP ? MMIO_SS : MMIO_DS;
    insn->displacement = displacement == 0 ? 0 : mmio_load_signed(d->next, displacement);
    d->next += displacement;
}

/* "32-Bit Addressing Forms with the SIB Byte". Returns the size of the displacement. */
static unsigned decode_sib(struct mmio_decoder *d, struct mmio_insn *insn, unsigned displacement)
{
    uint8_t sib = *d->next++;
    unsigned index = ((sib >> 3) & 7) | ((d->rex & MMIO_REX_X) << 2);
    insn->index = (uint8_t)(index == MMIO_RSP ? MMIO_REG_NONE : index);
    insn->scale = sib >> 6;
    if ((sib & 7) == MMIO_RBP && displacement == 0) {
        insn->base = MMIO_REG_NONE;
        return 4;
    }
    insn->base = (uint8_t)((sib & 7) | ((d->rex & MMIO_REX_B) << 3));
    return displacement;
}

/* "32-Bit Addressing Forms with the ModR/M Byte", "RIP-Relative Addressing" */
static void decode_address_32(struct mmio_decoder *d, struct mmio_insn *insn)
{
    static const uint8_t displacements[] = {0, 1, 4};
    unsigned rm = d->modrm & 7;
    unsigned displacement = displacements[d->modrm >> 6];
    insn->index = MMIO_REG_NONE;
    if (rm == MMIO_RSP) {
        displacement = decode_sib(d, insn, displacement);
    } else if (rm == MMIO_RBP && displacement == 0) {
        insn->base = insn->mode == MMIO_MODE_64 ? MMIO_REG_RIP : MMIO_REG_NONE;
        displacement = 4;
    } else {
        insn->base = (uint8_t)(rm | ((d->rex & MMIO_REX_B) << 3));
    }
    bool stack = insn->mode != MMIO_MODE_64 && (insn->base == MMIO_RSP || insn->base == MMIO_RBP);
    insn->segment = stack ? MMIO_SS : MMIO_DS;
    insn->displacement = displacement == 0 ? 0 : mmio_load_signed(d->next, displacement);
    d->next += displacement;
}

void mmio_decode_address(struct mmio_decoder *d, struct mmio_insn *insn)
{
    if (insn->address_size == 2) {
        decode_address_16(d, insn);
    } else {
        decode_address_32(d, insn);
    }
}
