/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Basic types shared by the loader, the kernel, the emulated devices and the host's unit tests.
 * Addresses of different spaces are different types, so that mixing them does not compile.
 */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Host-physical, guest-physical and guest-virtual (linear) addresses. */
typedef struct {
    uint64_t v;
} hpa_t;
typedef struct {
    uint64_t v;
} gpa_t;
typedef struct {
    uint64_t v;
} gva_t;

#define HPA(x)        ((hpa_t){(x)})
#define GPA(x)        ((gpa_t){(x)})
#define GVA(x)        ((gva_t){(x)})

#define KIB(n)        ((uint64_t)(n) << 10)
#define MIB(n)        ((uint64_t)(n) << 20)
#define GIB(n)        ((uint64_t)(n) << 30)
#define PAGE_SHIFT    12
#define PAGE_SIZE     KIB(4)
#define PAGE_SIZE_2M  MIB(2)
#define PAGE_SIZE_1G  GIB(1)
#define BIT(n)        (UINT64_C(1) << (n))
#define MASK(hi, lo)  ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Value of the field `mask` in `reg`, shifted down; and `val` shifted up into the field. */
#define FIELD_GET(mask, reg) (((reg) & (mask)) / ((mask) & (~(mask) + 1)))
#define FIELD_SET(mask, val) (((uint64_t)(val) * ((mask) & (~(mask) + 1))) & (mask))

static inline uint64_t align_down(uint64_t value, uint64_t power_of_two)
{
    return value & ~(power_of_two - 1);
}

/* Wraps to 0 when the result exceeds 64 bits: check sizes first. */
static inline uint64_t align_up(uint64_t value, uint64_t power_of_two)
{
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

static inline bool is_aligned(uint64_t value, uint64_t power_of_two)
{
    return (value & (power_of_two - 1)) == 0;
}

/* A function of a file that is made for speed which itself need not be: made for size. */
#define COLD      __attribute__((cold, noinline))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
