/* SPDX-License-Identifier: Apache-2.0 */
/* What MTRRs say about memory; see the header. All but mtrr_read() is pure. */
#include "kernel/mtrr.h"

#include "kernel/cpu.h"
#include "kernel/cpu_regs.h"
#include "kernel/msr.h"

#define LOW_END MIB(1) /* of what the fixed ranges cover */

uint32_t mtrr_msr(unsigned place)
{
    static const uint16_t msrs[MTRR_PLACE_VARIABLE] = {
        MSR_IA32_MTRRCAP,
        MSR_IA32_MTRR_DEF_TYPE,
        MSR_IA32_MTRR_FIX64K_00000,
        MSR_IA32_MTRR_FIX16K_80000,
        MSR_IA32_MTRR_FIX16K_A0000,
        MSR_IA32_MTRR_FIX4K_C0000,
        MSR_IA32_MTRR_FIX4K_C0000 + 1,
        MSR_IA32_MTRR_FIX4K_C0000 + 2,
        MSR_IA32_MTRR_FIX4K_C0000 + 3,
        MSR_IA32_MTRR_FIX4K_C0000 + 4,
        MSR_IA32_MTRR_FIX4K_C0000 + 5,
        MSR_IA32_MTRR_FIX4K_C0000 + 6,
        MSR_IA32_MTRR_FIX4K_F8000,
    };
    return place < MTRR_PLACE_VARIABLE ? msrs[place]
                                       : MSR_IA32_MTRR_PHYSBASE0 + (place - MTRR_PLACE_VARIABLE);
}

bool mtrr_enabled(const struct mtrrs *mtrrs)
{
    return (mtrrs->value[MTRR_PLACE_DEF] & MTRR_DEF_ENABLE) != 0;
}

/* SDM "Fixed Range MTRRs": eight types a register, of 64, 16 or 4 KiB each. */
static uint8_t fixed_type(const struct mtrrs *mtrrs, uint64_t at, uint64_t *until)
{
    unsigned index = (unsigned)(at / KIB(64));
    uint64_t size = KIB(64);
    if (at >= 0xc0000) {
        index = 24 + (unsigned)((at - 0xc0000) / KIB(4));
        size = KIB(4);
    } else if (at >= 0x80000) {
        index = 8 + (unsigned)((at - 0x80000) / KIB(16));
        size = KIB(16);
    }
    *until = align_down(at, size) + size;
    return (uint8_t)(mtrrs->value[MTRR_PLACE_FIXED + index / 8] >> index % 8 * 8);
}

/* SDM "MTRR Precedences". */
static uint8_t both(uint8_t a, uint8_t b)
{
    if (a == b) {
        return a;
    }
    bool through =
        (a == MTRR_TYPE_WT && b == MTRR_TYPE_WB) || (a == MTRR_TYPE_WB && b == MTRR_TYPE_WT);
    return through ? MTRR_TYPE_WT : MTRR_TYPE_UC;
}

/* Whether a variable range covers `at`; *until is brought down to where that may change. */
static bool covers(const struct mtrrs *mtrrs, uint64_t base, uint64_t mask, uint64_t at,
                   uint64_t *until)
{
    uint64_t bits = MASK(mtrrs->physical_bits - 1, PAGE_SHIFT);
    mask &= bits;
    if (mask == 0) {
        return true;
    }
    uint64_t size = mask & (~mask + 1);
    uint64_t first = base & mask;
    uint64_t change = align_down(at, size) + size; /* a mask with gaps: looked at piece by piece */
    if (mask + size == bits + PAGE_SIZE) {
        change = at < first ? first : at - first < size ? first + size : UINT64_MAX;
    }
    *until = MIN(*until, change);
    return (at & mask) == first;
}

static uint8_t type_at(const struct mtrrs *mtrrs, uint64_t at, uint64_t *until)
{
    uint64_t def = mtrrs->value[MTRR_PLACE_DEF];
    if (at < LOW_END && (def & MTRR_DEF_FIXED_ENABLE)) {
        return fixed_type(mtrrs, at, until);
    }
    bool found = false;
    uint8_t type = (uint8_t)FIELD_GET(MTRR_DEF_TYPE, def);
    *until = at < LOW_END ? LOW_END : UINT64_MAX;
    for (unsigned i = MTRR_PLACE_VARIABLE; i < MTRR_PLACES; i += 2) {
        uint64_t base = mtrrs->value[i];
        uint64_t mask = mtrrs->value[i + 1];
        if ((mask & MTRR_MASK_VALID) && covers(mtrrs, base, mask, at, until)) {
            type = found ? both(type, (uint8_t)base) : (uint8_t)base;
            found = true;
        }
    }
    return type;
}

uint64_t mtrr_run(const struct mtrrs *mtrrs, uint64_t from, uint64_t end, uint8_t *type)
{
    uint64_t until = from;
    *type = type_at(mtrrs, from, &until);
    while (until < end) {
        uint64_t next = until;
        if (type_at(mtrrs, until, &next) != *type) {
            return until;
        }
        until = next;
    }
    return end;
}

const char *mtrr_type_name(uint8_t type)
{
    static const char names[][3] = {"UC", "WC", "?", "?", "WT", "WP", "WB"};
    return type < ARRAY_SIZE(names) ? names[type] : "?";
}

unsigned mtrr_difference(const struct mtrrs *a, const struct mtrrs *b)
{
    unsigned place = 0;
    while (place < MTRR_PLACES && a->value[place] == b->value[place]) {
        place++;
    }
    return place;
}

void mtrr_read(struct mtrrs *mtrrs)
{
    *mtrrs = (struct mtrrs){.physical_bits = cpu_cpuid(0x80000008, 0).eax & 0xff};
    if (!(cpu_cpuid(1, 0).edx & CPUID_1_EDX_MTRR)) {
        return;
    }
    uint64_t cap = cpu_rdmsr(MSR_IA32_MTRRCAP);
    uint64_t pairs = MIN(FIELD_GET(MTRR_CAP_COUNT, cap), MTRR_VARIABLE_MAX);
    for (unsigned i = 0; i < MTRR_PLACE_VARIABLE + 2 * pairs; i++) {
        bool fixed = i >= MTRR_PLACE_FIXED && i < MTRR_PLACE_VARIABLE;
        mtrrs->value[i] = fixed && !(cap & MTRR_CAP_FIXED) ? 0 : cpu_rdmsr(mtrr_msr(i));
    }
}
