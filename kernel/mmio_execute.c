/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes decoded memory instructions on a vCPU's registers; see the header. Flags that the manual
 * calls undefined are as Intel's processors leave them: AF 0 after logic, all but CF unchanged by
 * bit tests.
 */
#include "kernel/mmio_execute.h"

#include "kernel/cpu_regs.h"

#define STATUS_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

static uint64_t size_mask(unsigned size)
{
    static const uint64_t masks[] = {
        [1] = UINT8_MAX, [2] = UINT16_MAX, [4] = UINT32_MAX, [8] = UINT64_MAX};
    return masks[size];
}

static uint64_t read_register(const struct mmio_cpu *cpu, unsigned reg, unsigned size)
{
    if (reg >= MMIO_AH) {
        return (cpu->gpr[reg - MMIO_AH] >> 8) & 0xff;
    }
    return cpu->gpr[reg] & size_mask(size);
}

/* 32-bit results clear the upper half; shorter ones leave the rest as it is. */
static inline void write_register(struct mmio_cpu *cpu, unsigned reg, unsigned size, uint64_t value)
{
    if (size >= 4) {
        cpu->gpr[reg] = value & size_mask(size);
    } else if (reg >= MMIO_AH) {
        uint64_t *gpr = &cpu->gpr[reg - MMIO_AH];
        *gpr = (*gpr & ~UINT64_C(0xff00)) | (value & 0xff) << 8;
    } else {
        uint64_t mask = size_mask(size);
        cpu->gpr[reg] = (cpu->gpr[reg] & ~mask) | (value & mask);
    }
}

static void set_flags(struct mmio_cpu *cpu, uint64_t which, uint64_t flags)
{
    cpu->rflags = (cpu->rflags & ~which) | (flags & which);
}

/* ZF, SF and PF of a result. */
static uint64_t result_flags(uint64_t result, unsigned size)
{
    uint64_t flags = result == 0 ? RFLAGS_ZF : 0;
    flags |= (result >> (size * 8 - 1)) != 0 ? RFLAGS_SF : 0;
    return flags | (__builtin_parity((unsigned)result & 0xff) != 0 ? 0 : RFLAGS_PF);
}

/* carries: bit n is the carry (borrow) out of bit n; overflow: the sign bit tells. */
static uint64_t arithmetic_flags(uint64_t result, uint64_t carries, uint64_t overflow,
                                 unsigned size)
{
    unsigned top = size * 8 - 1;
    uint64_t flags = result_flags(result, size);
    flags |= (carries >> top & 1) != 0 ? RFLAGS_CF : 0;
    flags |= (carries >> 3 & 1) != 0 ? RFLAGS_AF : 0;
    return flags | ((overflow >> top & 1) != 0 ? RFLAGS_OF : 0);
}

static uint64_t add(uint64_t a, uint64_t b, bool carry, unsigned size, uint64_t *flags)
{
    uint64_t result = (a + b + carry) & size_mask(size);
    uint64_t carries = (a & b) | ((a | b) & ~result);
    *flags = arithmetic_flags(result, carries, (a ^ result) & (b ^ result), size);
    return result;
}

static uint64_t subtract(uint64_t a, uint64_t b, bool borrow, unsigned size, uint64_t *flags)
{
    uint64_t result = (a - b - borrow) & size_mask(size);
    uint64_t borrows = (~a & b) | (~(a ^ b) & result);
    *flags = arithmetic_flags(result, borrows, (a ^ b) & (a ^ result), size);
    return result;
}

/* The instructions with two operands and a result of their size, and those like them. */
static uint64_t compute(enum mmio_op op, uint64_t a, uint64_t b, unsigned size,
                        struct mmio_cpu *cpu)
{
    bool carry = (cpu->rflags & RFLAGS_CF) != 0;
    uint64_t which = STATUS_FLAGS;
    uint64_t flags = 0;
    uint64_t result;
    switch (op) {
    case MMIO_OP_ADD:
    case MMIO_OP_XADD:
        result = add(a, b, false, size, &flags);
        break;
    case MMIO_OP_ADC:
        result = add(a, b, carry, size, &flags);
        break;
    case MMIO_OP_SUB:
    case MMIO_OP_CMP:
        result = subtract(a, b, false, size, &flags);
        break;
    case MMIO_OP_SBB:
        result = subtract(a, b, carry, size, &flags);
        break;
    case MMIO_OP_OR:
        result = a | b;
        flags = result_flags(result, size);
        break;
    case MMIO_OP_XOR:
        result = a ^ b;
        flags = result_flags(result, size);
        break;
    case MMIO_OP_INC:
        result = add(a, 1, false, size, &flags);
        which &= ~RFLAGS_CF;
        break;
    case MMIO_OP_DEC:
        result = subtract(a, 1, false, size, &flags);
        which &= ~RFLAGS_CF;
        break;
    case MMIO_OP_NEG:
        result = subtract(0, a, false, size, &flags);
        break;
    case MMIO_OP_NOT:
        result = ~a & size_mask(size);
        which = 0;
        break;
    default: /* MMIO_OP_AND, MMIO_OP_TEST */
        result = a & b;
        flags = result_flags(result, size);
        break;
    }
    set_flags(cpu, which, flags);
    return result;
}

static uint64_t bit_test(const struct mmio_insn *insn, struct mmio_cpu *cpu, uint64_t value,
                         uint64_t number)
{
    uint64_t bit = BIT(number & (insn->size * 8u - 1));
    set_flags(cpu, RFLAGS_CF, (value & bit) != 0 ? RFLAGS_CF : 0);
    switch (insn->op) {
    case MMIO_OP_BTS:
        return value | bit;
    case MMIO_OP_BTR:
        return value & ~bit;
    case MMIO_OP_BTC:
        return value ^ bit;
    default:
        return value;
    }
}

static uint64_t compare_exchange(const struct mmio_insn *insn, struct mmio_cpu *cpu, uint64_t value)
{
    uint64_t accumulator = read_register(cpu, MMIO_RAX, insn->size);
    compute(MMIO_OP_CMP, accumulator, value, insn->size, cpu);
    if (accumulator == value) {
        return read_register(cpu, insn->reg, insn->size);
    }
    write_register(cpu, MMIO_RAX, insn->size, value);
    return value; /* the processor writes back what it has read */
}

/* SDM volume 1, "EFLAGS Condition Codes" */
static bool condition_holds(uint64_t rflags, unsigned condition)
{
    bool less = ((rflags & RFLAGS_SF) != 0) != ((rflags & RFLAGS_OF) != 0);
    const bool holds[] = {
        (rflags & RFLAGS_OF) != 0,
        (rflags & RFLAGS_CF) != 0,
        (rflags & RFLAGS_ZF) != 0,
        (rflags & (RFLAGS_CF | RFLAGS_ZF)) != 0,
        (rflags & RFLAGS_SF) != 0,
        (rflags & RFLAGS_PF) != 0,
        less,
        less || (rflags & RFLAGS_ZF) != 0,
    };
    return holds[(condition >> 1) & 7] != ((condition & 1) != 0);
}

static uint64_t swap_bytes(uint64_t value, unsigned size)
{
    return __builtin_bswap64(value) >> (64 - size * 8);
}

static void execute_cmov(const struct mmio_insn *insn, struct mmio_cpu *cpu, uint64_t value)
{
    if (!condition_holds(cpu->rflags, (unsigned)insn->immediate)) {
        value = read_register(cpu, insn->reg, insn->size);
    }
    write_register(cpu, insn->reg, insn->size, value); /* 32 bits: also when it does not hold */
}

static uint64_t sign_extend(uint64_t value, unsigned size)
{
    unsigned shift = 64 - size * 8;
    return (uint64_t)((int64_t)(value << shift) >> shift);
}

/* Adds to a register as wide as addresses are. */
static void advance(struct mmio_cpu *cpu, unsigned reg, unsigned size, uint64_t distance)
{
    write_register(cpu, reg, size, cpu->gpr[reg] + distance);
}

static void execute_push_pop(const struct mmio_insn *insn, struct mmio_cpu *cpu)
{
    uint64_t distance = insn->op == MMIO_OP_PUSH ? -(uint64_t)insn->size : insn->size;
    advance(cpu, MMIO_RSP, cpu->stack_size, distance);
}

/* After an element of a REP instruction: is there another? */
static bool repeats(const struct mmio_insn *insn, struct mmio_cpu *cpu)
{
    if ((insn->flags & (MMIO_REP | MMIO_REPNE)) == 0) {
        return false;
    }
    advance(cpu, MMIO_RCX, insn->address_size, ~UINT64_C(0));
    if (mmio_rep_finished(insn, cpu)) {
        return false;
    }
    bool equal = (cpu->rflags & RFLAGS_ZF) != 0;
    return insn->op != MMIO_OP_SCAS || equal == ((insn->flags & MMIO_REP) != 0);
}

static bool execute_string(const struct mmio_insn *insn, struct mmio_cpu *cpu, uint64_t value,
                           uint64_t *out)
{
    bool down = (cpu->rflags & RFLAGS_DF) != 0;
    uint64_t distance = down ? -(uint64_t)insn->size : insn->size;
    uint64_t accumulator = read_register(cpu, MMIO_RAX, insn->size);
    if (insn->op == MMIO_OP_LODS) {
        write_register(cpu, MMIO_RAX, insn->size, value);
    } else if (insn->op == MMIO_OP_SCAS) {
        compute(MMIO_OP_CMP, accumulator, value, insn->size, cpu);
    }
    *out = insn->op == MMIO_OP_STOS ? accumulator : value;
    if (insn->op == MMIO_OP_MOVS || insn->op == MMIO_OP_LODS) {
        advance(cpu, MMIO_RSI, insn->address_size, distance);
    }
    if (insn->op != MMIO_OP_LODS) {
        advance(cpu, MMIO_RDI, insn->address_size, distance);
    }
    return !repeats(insn, cpu);
}

static void execute_arithmetic(const struct mmio_insn *insn, struct mmio_cpu *cpu, uint64_t value,
                               uint64_t *out)
{
    bool to_register = (insn->flags & MMIO_TO_REGISTER) != 0;
    uint64_t other = (insn->flags & MMIO_IMMEDIATE) != 0
                         ? insn->immediate & size_mask(insn->size)
                         : read_register(cpu, insn->reg, insn->size);
    uint64_t result = compute((enum mmio_op)insn->op, to_register ? other : value,
                              to_register ? value : other, insn->size, cpu);
    if (insn->op == MMIO_OP_XADD) {
        write_register(cpu, insn->reg, insn->size, value);
    }
    if (to_register && insn->op != MMIO_OP_CMP) {
        write_register(cpu, insn->reg, insn->size, result);
    }
    *out = result;
}

bool mmio_rep_finished(const struct mmio_insn *insn, const struct mmio_cpu *cpu)
{
    return (insn->flags & (MMIO_REP | MMIO_REPNE)) != 0 &&
           (cpu->gpr[MMIO_RCX] & size_mask(insn->address_size)) == 0;
}

/* Everything but plain loads and stores. */
static COLD bool execute_other(const struct mmio_insn *insn, struct mmio_cpu *cpu, uint64_t value,
                               uint64_t *out)
{
    bool immediate = (insn->flags & MMIO_IMMEDIATE) != 0;
    switch (insn->op) {
    case MMIO_OP_LOADS:
        write_register(cpu, insn->reg, insn->reg_size, sign_extend(value, insn->size));
        break;
    case MMIO_OP_XCHG:
        *out = read_register(cpu, insn->reg, insn->size);
        write_register(cpu, insn->reg, insn->size, value);
        break;
    case MMIO_OP_CMPXCHG:
        *out = compare_exchange(insn, cpu, value);
        break;
    case MMIO_OP_BT:
    case MMIO_OP_BTS:
    case MMIO_OP_BTR:
    case MMIO_OP_BTC:
        *out = bit_test(insn, cpu, value, immediate ? insn->immediate : cpu->gpr[insn->reg]);
        break;
    case MMIO_OP_CMOV:
        execute_cmov(insn, cpu, value);
        break;
    case MMIO_OP_MOVBE_LOAD:
        write_register(cpu, insn->reg, insn->size, swap_bytes(value, insn->size));
        break;
    case MMIO_OP_MOVBE_STORE:
        *out = swap_bytes(cpu->gpr[insn->reg], insn->size);
        break;
    case MMIO_OP_PUSH:
    case MMIO_OP_POP:
        execute_push_pop(insn, cpu);
        break;
    case MMIO_OP_MOVS:
    case MMIO_OP_STOS:
    case MMIO_OP_LODS:
    case MMIO_OP_SCAS:
        return execute_string(insn, cpu, value, out);
    default:
        execute_arithmetic(insn, cpu, value, out);
        break;
    }
    return true;
}

bool mmio_execute(const struct mmio_insn *insn, struct mmio_cpu *cpu, uint64_t value, uint64_t *out)
{
    value &= size_mask(insn->size);
    *out = value;
    if (insn->op == MMIO_OP_LOAD) {
        write_register(cpu, insn->reg, insn->reg_size, value);
        return true;
    }
    if (insn->op == MMIO_OP_STORE) {
        bool immediate = (insn->flags & MMIO_IMMEDIATE) != 0;
        *out = immediate ? insn->immediate & size_mask(insn->size)
                         : read_register(cpu, insn->reg, insn->size);
        return true;
    }
    return execute_other(insn, cpu, value, out);
}
