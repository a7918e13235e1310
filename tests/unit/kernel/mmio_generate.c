/* SPDX-License-Identifier: Apache-2.0 */
/* Random instructions; see the header. */
#include "tests/unit/kernel/mmio_generate.h"

#include <string.h>

#define NONE 0xff

enum row_kind { PLAIN, LOCKABLE, STRING_SI, STRING_DI, STRING_BOTH, MOFFS, STACK, NO_PREFIX };

struct row {
    uint8_t map; /* 0 one-byte, 1 0F, 2 0F 38 */
    uint8_t opcode;
    uint8_t extension; /* ModRM.reg, NONE: a register */
    uint8_t immediate; /* bytes; 4: 2 with operand size 16 */
    uint8_t kind;
    bool bit_offset; /* a register operand adds to the address */
};

/* clang-format off */
static const struct row rows[] = {
    {0, 0x00, NONE, 0, LOCKABLE, 0}, {0, 0x01, NONE, 0, LOCKABLE, 0},
    {0, 0x02, NONE, 0, PLAIN, 0}, {0, 0x03, NONE, 0, PLAIN, 0}, {0, 0x08, NONE, 0, LOCKABLE, 0},
    {0, 0x09, NONE, 0, LOCKABLE, 0}, {0, 0x0a, NONE, 0, PLAIN, 0}, {0, 0x0b, NONE, 0, PLAIN, 0},
    {0, 0x10, NONE, 0, LOCKABLE, 0}, {0, 0x11, NONE, 0, LOCKABLE, 0},
    {0, 0x12, NONE, 0, PLAIN, 0}, {0, 0x13, NONE, 0, PLAIN, 0}, {0, 0x18, NONE, 0, LOCKABLE, 0},
    {0, 0x19, NONE, 0, LOCKABLE, 0}, {0, 0x1a, NONE, 0, PLAIN, 0}, {0, 0x1b, NONE, 0, PLAIN, 0},
    {0, 0x20, NONE, 0, LOCKABLE, 0}, {0, 0x21, NONE, 0, LOCKABLE, 0},
    {0, 0x22, NONE, 0, PLAIN, 0}, {0, 0x23, NONE, 0, PLAIN, 0}, {0, 0x28, NONE, 0, LOCKABLE, 0},
    {0, 0x29, NONE, 0, LOCKABLE, 0}, {0, 0x2a, NONE, 0, PLAIN, 0}, {0, 0x2b, NONE, 0, PLAIN, 0},
    {0, 0x30, NONE, 0, LOCKABLE, 0}, {0, 0x31, NONE, 0, LOCKABLE, 0},
    {0, 0x32, NONE, 0, PLAIN, 0}, {0, 0x33, NONE, 0, PLAIN, 0}, {0, 0x38, NONE, 0, PLAIN, 0},
    {0, 0x39, NONE, 0, PLAIN, 0}, {0, 0x3a, NONE, 0, PLAIN, 0}, {0, 0x3b, NONE, 0, PLAIN, 0},
    {0, 0x63, NONE, 0, PLAIN, 0}, {0, 0x80, 0, 1, LOCKABLE, 0}, {0, 0x80, 1, 1, LOCKABLE, 0},
    {0, 0x80, 2, 1, LOCKABLE, 0}, {0, 0x80, 3, 1, LOCKABLE, 0}, {0, 0x80, 4, 1, LOCKABLE, 0},
    {0, 0x80, 5, 1, LOCKABLE, 0}, {0, 0x80, 6, 1, LOCKABLE, 0}, {0, 0x80, 7, 1, PLAIN, 0},
    {0, 0x81, 0, 4, LOCKABLE, 0}, {0, 0x81, 1, 4, LOCKABLE, 0}, {0, 0x81, 2, 4, LOCKABLE, 0},
    {0, 0x81, 3, 4, LOCKABLE, 0}, {0, 0x81, 4, 4, LOCKABLE, 0}, {0, 0x81, 5, 4, LOCKABLE, 0},
    {0, 0x81, 6, 4, LOCKABLE, 0}, {0, 0x81, 7, 4, PLAIN, 0}, {0, 0x83, 0, 1, LOCKABLE, 0},
    {0, 0x83, 1, 1, LOCKABLE, 0}, {0, 0x83, 2, 1, LOCKABLE, 0}, {0, 0x83, 3, 1, LOCKABLE, 0},
    {0, 0x83, 4, 1, LOCKABLE, 0}, {0, 0x83, 5, 1, LOCKABLE, 0}, {0, 0x83, 6, 1, LOCKABLE, 0},
    {0, 0x83, 7, 1, PLAIN, 0}, {0, 0x84, NONE, 0, PLAIN, 0}, {0, 0x85, NONE, 0, PLAIN, 0},
    {0, 0x86, NONE, 0, LOCKABLE, 0}, {0, 0x87, NONE, 0, LOCKABLE, 0},
    {0, 0x88, NONE, 0, PLAIN, 0}, {0, 0x89, NONE, 0, PLAIN, 0}, {0, 0x89, NONE, 0, PLAIN, 0},
    {0, 0x8a, NONE, 0, PLAIN, 0}, {0, 0x8b, NONE, 0, PLAIN, 0}, {0, 0x8b, NONE, 0, PLAIN, 0},
    {0, 0x8f, 0, 0, STACK, 0}, {0, 0xa0, NONE, 0, MOFFS, 0}, {0, 0xa1, NONE, 0, MOFFS, 0},
    {0, 0xa2, NONE, 0, MOFFS, 0}, {0, 0xa3, NONE, 0, MOFFS, 0},
    {0, 0xa4, NONE, 0, STRING_BOTH, 0}, {0, 0xa5, NONE, 0, STRING_BOTH, 0},
    {0, 0xaa, NONE, 0, STRING_DI, 0}, {0, 0xab, NONE, 0, STRING_DI, 0},
    {0, 0xac, NONE, 0, STRING_SI, 0}, {0, 0xad, NONE, 0, STRING_SI, 0},
    {0, 0xae, NONE, 0, STRING_DI, 0}, {0, 0xaf, NONE, 0, STRING_DI, 0}, {0, 0xc6, 0, 1, PLAIN, 0},
    {0, 0xc7, 0, 4, PLAIN, 0}, {0, 0xf6, 0, 1, PLAIN, 0}, {0, 0xf6, 1, 1, PLAIN, 0},
    {0, 0xf6, 2, 0, LOCKABLE, 0}, {0, 0xf6, 3, 0, LOCKABLE, 0}, {0, 0xf7, 0, 4, PLAIN, 0},
    {0, 0xf7, 1, 4, PLAIN, 0}, {0, 0xf7, 2, 0, LOCKABLE, 0}, {0, 0xf7, 3, 0, LOCKABLE, 0},
    {0, 0xfe, 0, 0, LOCKABLE, 0}, {0, 0xfe, 1, 0, LOCKABLE, 0}, {0, 0xff, 0, 0, LOCKABLE, 0},
    {0, 0xff, 1, 0, LOCKABLE, 0}, {0, 0xff, 6, 0, STACK, 0}, {1, 0x40, NONE, 0, PLAIN, 0},
    {1, 0x41, NONE, 0, PLAIN, 0}, {1, 0x42, NONE, 0, PLAIN, 0}, {1, 0x43, NONE, 0, PLAIN, 0},
    {1, 0x44, NONE, 0, PLAIN, 0}, {1, 0x45, NONE, 0, PLAIN, 0}, {1, 0x46, NONE, 0, PLAIN, 0},
    {1, 0x47, NONE, 0, PLAIN, 0}, {1, 0x48, NONE, 0, PLAIN, 0}, {1, 0x49, NONE, 0, PLAIN, 0},
    {1, 0x4a, NONE, 0, PLAIN, 0}, {1, 0x4b, NONE, 0, PLAIN, 0}, {1, 0x4c, NONE, 0, PLAIN, 0},
    {1, 0x4d, NONE, 0, PLAIN, 0}, {1, 0x4e, NONE, 0, PLAIN, 0}, {1, 0x4f, NONE, 0, PLAIN, 0},
    {1, 0xa3, NONE, 0, PLAIN, 1}, {1, 0xab, NONE, 0, LOCKABLE, 1},
    {1, 0xb0, NONE, 0, LOCKABLE, 0}, {1, 0xb1, NONE, 0, LOCKABLE, 0},
    {1, 0xb3, NONE, 0, LOCKABLE, 1}, {1, 0xb6, NONE, 0, PLAIN, 0}, {1, 0xb7, NONE, 0, PLAIN, 0},
    {1, 0xba, 4, 1, PLAIN, 0}, {1, 0xba, 5, 1, LOCKABLE, 0}, {1, 0xba, 6, 1, LOCKABLE, 0},
    {1, 0xba, 7, 1, LOCKABLE, 0}, {1, 0xbb, NONE, 0, LOCKABLE, 1}, {1, 0xbe, NONE, 0, PLAIN, 0},
    {1, 0xbf, NONE, 0, PLAIN, 0}, {1, 0xc0, NONE, 0, LOCKABLE, 0},
    {1, 0xc1, NONE, 0, LOCKABLE, 0}, {1, 0xc3, NONE, 0, NO_PREFIX, 0},
    {2, 0xf0, NONE, 0, PLAIN, 0}, {2, 0xf1, NONE, 0, PLAIN, 0},
};
/* clang-format on */

/* An instruction while it is put together. */
struct draft {
    const struct row *row;
    bool operand_16;
    bool address_32;
    bool lock;
    uint8_t repeat;
    uint8_t segment; /* 0x64, 0x65 or 0 */
    uint8_t rex;
    uint64_t segment_base;
    uint64_t target;
};

uint64_t generate_number(struct generator *generator, uint64_t bound)
{
    generator->random = generator->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (generator->random >> 20) % bound;
}

static uint64_t random_value(struct generator *g)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     0x7f,
                                     0x80,
                                     0x7fff,
                                     0x8000,
                                     0x7fffffff,
                                     0x80000000,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     UINT64_MAX};
    uint64_t high = generate_number(g, BIT(32));
    switch (generate_number(g, 3)) {
    case 0:
        return edges[generate_number(g, ARRAY_SIZE(edges))];
    default:
        return high << 32 | generate_number(g, BIT(32));
    }
}

static void put(struct generated *out, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size && out->length < sizeof(out->bytes); i++) {
        out->bytes[out->length++] = (uint8_t)(value >> (8 * i));
    }
}

static bool one_in(struct generator *g, uint64_t n)
{
    return generate_number(g, n) == 0;
}

static void put_prefixes(struct generator *g, struct draft *d, struct generated *out)
{
    static const uint8_t ignored[] = {0x26, 0x2e, 0x36, 0x3e};
    bool string = d->row->kind >= STRING_SI && d->row->kind <= STRING_BOTH;
    uint64_t order = generate_number(g, 5);
    d->operand_16 = one_in(g, 4);
    d->address_32 = one_in(g, 6);
    d->lock = one_in(g, d->row->kind == LOCKABLE ? 3 : 30);
    d->repeat = one_in(g, string ? 2 : 8) ? (uint8_t)(0xf2 + generate_number(g, 2)) : 0;
    d->segment = one_in(g, 6) ? (uint8_t)(0x64 + generate_number(g, 2)) : 0;
    for (unsigned i = 0; i < 5; i++) {
        switch ((i + order) % 5) {
        case 0:
            put(out, 0x66, d->operand_16 ? 1 : 0);
            break;
        case 1:
            put(out, 0x67, d->address_32 ? 1 : 0);
            break;
        case 2:
            put(out, 0xf0, d->lock ? 1 : 0);
            break;
        case 3:
            put(out, d->repeat, d->repeat != 0 ? 1 : 0);
            break;
        default:
            put(out, ignored[generate_number(g, 4)], one_in(g, 10) ? 1 : 0);
            put(out, d->segment, d->segment != 0 ? 1 : 0);
            put(out, ignored[generate_number(g, 4)], one_in(g, 10) ? 1 : 0);
            break;
        }
    }
    if (one_in(g, 12)) { /* a REX prefix that does not count */
        put(out, 0x40 + generate_number(g, 16), 1);
        put(out, 0x2e, 1);
    }
    if (one_in(g, 2)) {
        d->rex = (uint8_t)(0x40 + generate_number(g, 16));
        put(out, d->rex, 1);
    }
}

static void put_opcode(const struct draft *d, struct generated *out)
{
    put(out, 0x0f, d->row->map > 0 ? 1 : 0);
    put(out, 0x38, d->row->map > 1 ? 1 : 0);
    put(out, d->row->opcode, 1);
}

/* Is the operand size 16? */
static bool is_16(const struct draft *d)
{
    return d->operand_16 && (d->rex & 8) == 0;
}

/* Distance that the bit number in a register adds to the address. */
static uint64_t bit_distance(const struct draft *d, uint64_t number)
{
    if (!d->row->bit_offset) {
        return 0;
    }
    if ((d->rex & 8) != 0) {
        return (uint64_t)((int64_t)number >> 6) * 8;
    }
    return d->operand_16 ? (uint64_t)(int64_t)((int16_t)number >> 4) * 2
                         : (uint64_t)(int64_t)((int32_t)number >> 5) * 4;
}

/* Makes gpr[reg] such that the address comes out right; `rest` is what the other parts add up to.
 */
static void fit_register(const struct draft *d, struct generated *out, unsigned reg, uint64_t rest)
{
    uint64_t value = d->target - d->segment_base - rest;
    uint64_t *gpr = &out->state.gpr[reg];
    *gpr = d->address_32 ? (*gpr & ~UINT64_C(0xffffffff)) | (uint32_t)value : value;
}

/* What ModRM and SIB say. */
struct operand {
    unsigned reg;
    unsigned base;  /* NONE */
    unsigned index; /* NONE */
    unsigned scale;
    unsigned displacement_size;
    bool rip;
};

static void put_sib(struct generator *g, const struct draft *d, struct generated *out,
                    struct operand *o)
{
    unsigned index = one_in(g, 3) ? 4 : (unsigned)generate_number(g, 8);
    unsigned base = one_in(g, 4) ? 5 : (unsigned)generate_number(g, 8);
    o->scale = (unsigned)generate_number(g, 4);
    put(out, o->scale << 6 | index << 3 | base, 1);
    o->index = index | ((d->rex & 2) != 0 ? 8 : 0);
    o->index = o->index == 4 ? NONE : o->index;
    o->base = base | ((d->rex & 1) != 0 ? 8 : 0);
    if (base == 5 && o->displacement_size == 0) {
        o->base = NONE;
        o->displacement_size = 4;
    }
}

static struct operand put_modrm(struct generator *g, const struct draft *d, struct generated *out)
{
    static const unsigned sizes[] = {0, 1, 4};
    unsigned reg = d->row->extension != NONE ? d->row->extension : (unsigned)generate_number(g, 8);
    unsigned mod = (unsigned)generate_number(g, 3);
    unsigned rm = one_in(g, 3) ? 4 : (unsigned)generate_number(g, 8);
    struct operand o = {.index = NONE, .displacement_size = sizes[mod]};
    o.reg = reg | ((d->rex & 4) != 0 ? 8 : 0);
    o.base = rm | ((d->rex & 1) != 0 ? 8 : 0);
    put(out, mod << 6 | reg << 3 | rm, 1);
    if (rm == 4) {
        put_sib(g, d, out, &o);
    } else if (rm == 5 && mod == 0) {
        o.rip = true;
        o.base = NONE;
        o.displacement_size = 4;
    }
    return o;
}

static unsigned immediate_size(const struct draft *d)
{
    return d->row->immediate == 4 && is_16(d) ? 2 : d->row->immediate;
}

/* The displacement makes the address come out right; the other parts add up to `rest`. */
static bool put_fitting_displacement(const struct draft *d, struct generated *out, uint64_t rest)
{
    uint64_t displacement = d->target - d->segment_base - rest;
    if (!d->address_32 && (uint64_t)(int64_t)(int32_t)displacement != displacement) {
        return false;
    }
    put(out, displacement, 4);
    return true;
}

static bool put_address_without_base(struct generator *g, const struct draft *d,
                                     struct generated *out, const struct operand *o)
{
    uint64_t rest = bit_distance(d, out->state.gpr[o->reg]);
    if (o->rip) {
        uint64_t code = (uint64_t)(uintptr_t)g->memory->code;
        rest += code + out->length + 4 + immediate_size(d);
    } else if (o->index != NONE) {
        if (o->index == 4 || (d->row->bit_offset && o->index == o->reg)) {
            return false;
        }
        out->state.gpr[o->index] &= d->address_32 ? ~UINT64_C(0xffffff00) : 0xff;
        rest += out->state.gpr[o->index] << o->scale;
    }
    return put_fitting_displacement(d, out, rest);
}

/* False: these choices cannot reach the target. */
static bool put_address(struct generator *g, const struct draft *d, struct generated *out,
                        const struct operand *o)
{
    if (o->base == NONE) {
        return put_address_without_base(g, d, out, o);
    }
    uint64_t rest = bit_distance(d, out->state.gpr[o->reg]);
    rest += o->index != NONE ? out->state.gpr[o->index] << o->scale : 0;
    if (d->row->kind == STACK && o->base == 4) { /* RSP stays what it is */
        rest += out->state.gpr[4];
        rest += d->row->opcode == 0x8f ? (is_16(d) ? 2 : 8) : 0; /* POP increments it first */
        return o->displacement_size == 4 && put_fitting_displacement(d, out, rest);
    }
    if (o->base == o->index || (d->row->bit_offset && o->base == o->reg)) {
        return false;
    }
    uint64_t random = generate_number(g, BIT(32));
    uint64_t displacements[] = {0, (uint64_t)(int8_t)random, 0, 0, (uint64_t)(int32_t)random};
    uint64_t displacement = displacements[o->displacement_size];
    fit_register(d, out, o->base, rest + displacement);
    put(out, displacement, o->displacement_size);
    return true;
}

static bool put_operands(struct generator *g, struct draft *d, struct generated *out)
{
    uint64_t other = d->target ^ 512;
    struct operand operand;
    switch (d->row->kind) {
    case MOFFS:
        put(out, d->target - d->segment_base, d->address_32 ? 4 : 8);
        return true;
    case STRING_DI:
        d->segment_base = 0; /* no override of ES */
        fit_register(d, out, 7, 0);
        break;
    case STRING_SI:
        fit_register(d, out, 6, 0);
        break;
    case STRING_BOTH:
        fit_register(d, out, 6, 0);
        out->state.gpr[7] = other;
        break;
    default:
        operand = put_modrm(g, d, out);
        if (!put_address(g, d, out, &operand)) {
            return false;
        }
        put(out, random_value(g), immediate_size(d));
        return true;
    }
    out->string = true;
    /* With 32-bit addresses not 0: processors differ in what they then clear. */
    uint64_t *rcx = &out->state.gpr[1];
    *rcx = d->address_32 ? (*rcx & ~UINT64_C(0xffffffff)) + 1 + generate_number(g, 6)
                         : generate_number(g, 7);
    return true;
}

static bool is_valid(const struct draft *d)
{
    if (d->lock && d->row->kind != LOCKABLE) {
        return false;
    }
    return d->row->kind != NO_PREFIX || (!d->operand_16 && d->repeat == 0);
}

static bool try_generate(struct generator *g, struct generated *out)
{
    struct draft d = {.row = &rows[generate_number(g, ARRAY_SIZE(rows))]};
    *out = (struct generated){.length = 0};
    for (unsigned i = 0; i < 16; i++) {
        out->state.gpr[i] = random_value(g);
    }
    out->state.gpr[4] = (uint64_t)(uintptr_t)g->memory->stack + NATIVE_STACK_SIZE / 2;
    out->state.rflags = 0x202 | (generate_number(g, 0x1000) & 0xcd5);
    put_prefixes(g, &d, out);
    put_opcode(&d, out);
    d.segment_base = d.segment == 0x64 ? g->memory->fs_base : 0;
    d.segment_base = d.segment == 0x65 ? g->memory->gs_base : d.segment_base;
    d.target = (uint64_t)(uintptr_t)g->memory->data + 1024 + 8 * generate_number(g, 256);
    if (d.address_32 && d.target - d.segment_base > UINT32_MAX) {
        return false;
    }
    bool crc32 = d.row->map == 2 && d.repeat != 0; /* another instruction */
    if (crc32 || !put_operands(g, &d, out) || out->length > 15) {
        return false;
    }
    out->address = d.target;
    out->valid = is_valid(&d);
    return true;
}

void generate(struct generator *generator, struct generated *out)
{
    while (!try_generate(generator, out)) {
    }
}
