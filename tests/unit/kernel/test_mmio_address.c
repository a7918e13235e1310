/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/mmio_decode.c kernel/mmio_decode_any.c kernel/mmio_modrm.c kernel/mmio_forms.c */
/* links: kernel/mmio_address.c */
/*
 * Linear addresses in 16- and 32-bit code, worked out by hand: every ModRM form, default segments
 * and overrides, wrapping. 64-bit mode is checked against the processor in test_mmio_execute.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/mmio_decode.h"

#define M16 MMIO_MODE_16
#define M32 MMIO_MODE_32
#define M64 MMIO_MODE_64

/* Segment bases, told apart by one digit. */
#define ES UINT64_C(0x10000000)
#define CS UINT64_C(0x20000000)
#define SS UINT64_C(0x30000000)
#define DS UINT64_C(0x40000000)
#define FS UINT64_C(0x50000000)
#define GS UINT64_C(0x60000000)

static uint64_t gpr[16];
static struct mmio_cpu cpu;

static int setup(void **state)
{
    (void)state;
    static const uint64_t registers[16] = {
        [MMIO_RAX] = 0x11110010, [MMIO_RCX] = 0x22220020, [MMIO_RDX] = 0x33330030,
        [MMIO_RBX] = 0x04441000, [MMIO_RSP] = 0x05552000, [MMIO_RBP] = 0x06664000,
        [MMIO_RSI] = 0x07770200, [MMIO_RDI] = 0x08880003,
    };
    memcpy(gpr, registers, sizeof(gpr));
    cpu = (struct mmio_cpu){
        .gpr = gpr, .rip = 0x7000, .segment_base = {ES, CS, SS, DS, FS, GS}, .stack_size = 2};
    return 0;
}

struct row {
    const char *text;
    uint8_t mode;
    uint8_t bytes[12];
    uint64_t address;
};

static uint64_t address_of(enum mmio_mode mode, const uint8_t *bytes, enum mmio_side side)
{
    struct mmio_fetch fetch = {.count = 12};
    struct mmio_insn insn;
    memcpy(fetch.bytes, bytes, 12);
    assert_int_equal(mmio_decode(&fetch, mode, &insn), MMIO_OK);
    return mmio_address(&insn, &cpu, side).v;
}

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t address = address_of((enum mmio_mode)rows[i].mode, rows[i].bytes, MMIO_SOURCE);
        if (address != rows[i].address) {
            fail_msg("%s: %lx, not %lx", rows[i].text, (unsigned long)address,
                     (unsigned long)rows[i].address);
        }
    }
}

/* clang-format off */
static void forms_with_16_bit_addresses_add_up(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"[bx+si]", M16, {0x8b, 0x00}, DS + 0x1200},
        {"[bx+di]", M16, {0x8b, 0x01}, DS + 0x1003},
        {"[bp+si]", M16, {0x8b, 0x02}, SS + 0x4200},
        {"[bp+di]", M16, {0x8b, 0x03}, SS + 0x4003},
        {"[si]", M16, {0x8b, 0x04}, DS + 0x0200},
        {"[di]", M16, {0x8b, 0x05}, DS + 0x0003},
        {"[0x1234]", M16, {0x8b, 0x06, 0x34, 0x12}, DS + 0x1234},
        {"[bx]", M16, {0x8b, 0x07}, DS + 0x1000},
        {"[bx+si-1]", M16, {0x8b, 0x40, 0xff}, DS + 0x11ff},
        {"[bp+2]", M16, {0x8b, 0x46, 0x02}, SS + 0x4002},
        {"[bp-0x8000]", M16, {0x8b, 0x86, 0x00, 0x80}, SS + 0xc000},
        {"[bx+0xf000], wraps at 64 KiB", M16, {0x8b, 0x87, 0x00, 0xf0}, DS + 0},
        {"[di+0x7f]", M16, {0x8b, 0x45, 0x7f}, DS + 0x82},
        {"moffs", M16, {0xa1, 0x34, 0x92}, DS + 0x9234},
        {"[bx] in 32-bit code", M32, {0x67, 0x8b, 0x07}, DS + 0x1000},
        {"moffs in 32-bit code", M32, {0x67, 0xa1, 0x34, 0x92}, DS + 0x9234},
        {"es:[bp+2]", M16, {0x26, 0x8b, 0x46, 0x02}, ES + 0x4002},
        {"cs:[bx]", M16, {0x2e, 0x8b, 0x07}, CS + 0x1000},
        {"ss:[bx]", M16, {0x36, 0x8b, 0x07}, SS + 0x1000},
        {"ds:[bp+2]", M16, {0x3e, 0x8b, 0x46, 0x02}, DS + 0x4002},
        {"fs:[bx]", M16, {0x64, 0x8b, 0x07}, FS + 0x1000},
        {"gs:[bx]", M16, {0x65, 0x8b, 0x07}, GS + 0x1000},
        {"the last override counts", M16, {0x65, 0x26, 0x8b, 0x07}, ES + 0x1000},
        {"stosb", M16, {0xaa}, ES + 0x0003},
        {"stosb knows no override", M16, {0x64, 0xaa}, ES + 0x0003},
        {"lodsb", M16, {0xac}, DS + 0x0200},
        {"fs: lodsb", M16, {0x64, 0xac}, FS + 0x0200},
    };
    check(rows, ARRAY_SIZE(rows));
}

static void forms_with_32_bit_addresses_add_up(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"[eax]", M32, {0x8b, 0x00}, DS + 0x11110010},
        {"[ebp+8]", M32, {0x8b, 0x45, 0x08}, SS + 0x06664008},
        {"[ebp-0x10000]", M32, {0x8b, 0x85, 0x00, 0x00, 0xff, 0xff}, SS + 0x06654000},
        {"[esp]", M32, {0x8b, 0x04, 0x24}, SS + 0x05552000},
        {"[esp+4]", M32, {0x8b, 0x44, 0x24, 0x04}, SS + 0x05552004},
        {"[0xa0000010], wraps at 4 GiB", M32, {0x8b, 0x05, 0x10, 0, 0, 0xd0}, 0x10000010},
        {"[eax+ecx]", M32, {0x8b, 0x04, 0x08}, DS + 0x33330030},
        {"[ebx+ecx*2]", M32, {0x8b, 0x04, 0x4b}, DS + 0x48881040},
        {"[ecx*4+0x10]", M32, {0x8b, 0x04, 0x8d, 0x10, 0, 0, 0}, DS + 0x88880090},
        {"[ebp+eax*8+1]", M32, {0x8b, 0x44, 0xc5, 0x01}, SS + 0x8eee4081},
        {"[ebx+ebp]: the base decides", M32, {0x8b, 0x04, 0x2b}, DS + 0x0aaa5000},
        {"[edi+8*esi-8]", M32, {0x8b, 0x44, 0xf7, 0xf8}, DS + 0x44400ffb},
        {"[disp32] by SIB", M32, {0x8b, 0x04, 0x25, 0x78, 0x56, 0x34, 0x12}, DS + 0x12345678},
        {"moffs", M32, {0xa1, 0x78, 0x56, 0x34, 0x12}, DS + 0x12345678},
        {"[eax] in 16-bit code", M16, {0x67, 0x8b, 0x00}, DS + 0x11110010},
        {"fs:[disp32]", M32, {0x64, 0x8b, 0x05, 0x10, 0, 0, 0}, FS + 0x10},
        {"cs:[ebp]", M32, {0x2e, 0x8b, 0x45, 0x00}, CS + 0x06664000},
        {"offset wraps before the base is added", M32, {0x8b, 0x84, 0x80, 0x00, 0x00, 0x00, 0xf0},
         DS + 0x45550050},
        {"scasd", M32, {0xaf}, ES + 0x08880003},
        {"lodsd", M32, {0xad}, DS + 0x07770200},
    };
    check(rows, ARRAY_SIZE(rows));
}

static void only_fs_and_gs_have_a_base_in_64_bit_mode(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"[rax]", M64, {0x8b, 0x00}, 0x11110010},
        {"[rsp]", M64, {0x8b, 0x04, 0x24}, 0x05552000},
        {"es:[rax]", M64, {0x26, 0x8b, 0x00}, 0x11110010},
        {"gs:[rax]", M64, {0x65, 0x8b, 0x00}, GS + 0x11110010},
        {"gs: es: [rax], ES is ignored", M64, {0x65, 0x26, 0x8b, 0x00}, GS + 0x11110010},
        {"stosb", M64, {0xaa}, 0x08880003},
        {"fs: lodsb", M64, {0x64, 0xac}, FS + 0x07770200},
        {"[rip-6]: the next instruction counts", M64, {0x8b, 0x05, 0xfa, 0xff, 0xff, 0xff}, 0x7000},
        {"... an immediate too", M64, {0x83, 0x05, 0xf9, 0xff, 0xff, 0xff, 0x01}, 0x7000},
    };
    check(rows, ARRAY_SIZE(rows));
}
/* clang-format on */

static void movs_push_and_pop_have_two_addresses(void **state)
{
    (void)state;
    static const uint8_t movs[12] = {0x64, 0xa4};
    static const uint8_t push[12] = {0xff, 0x37};
    static const uint8_t pop[12] = {0x8f, 0x07};
    static const uint8_t pop_stack[12] = {0x8f, 0x04, 0x24};
    static const uint8_t load[12] = {0x8b, 0x07};
    assert_int_equal(address_of(M16, movs, MMIO_SOURCE), FS + 0x0200);
    assert_int_equal(address_of(M16, movs, MMIO_DESTINATION), ES + 0x0003);
    assert_int_equal(address_of(M16, push, MMIO_SOURCE), DS + 0x1000);
    assert_int_equal(address_of(M16, push, MMIO_DESTINATION), SS + 0x1ffe);
    assert_int_equal(address_of(M16, pop, MMIO_SOURCE), SS + 0x2000);
    assert_int_equal(address_of(M16, pop, MMIO_DESTINATION), DS + 0x1000);
    assert_int_equal(address_of(M16, load, MMIO_DESTINATION), DS + 0x1000);
    cpu.stack_size = 4;
    assert_int_equal(address_of(M32, pop_stack, MMIO_DESTINATION), SS + 0x05552004);
    gpr[MMIO_RSP] = 0;
    assert_int_equal(address_of(M32, push, MMIO_DESTINATION), SS - 4);
    cpu.stack_size = 8;
    assert_int_equal(address_of(M64, push, MMIO_DESTINATION), UINT64_MAX - 7);
}

static void a_bit_number_in_a_register_moves_the_address(void **state)
{
    (void)state;
    static const uint8_t bt32[12] = {0x0f, 0xa3, 0x13};
    static const uint8_t bt16[12] = {0x66, 0x0f, 0xa3, 0x13};
    static const uint8_t bt_imm[12] = {0x0f, 0xba, 0x23, 0xff};
    gpr[MMIO_RDX] = 0xffffffff;
    assert_int_equal(address_of(M32, bt32, MMIO_SOURCE), DS + 0x04441000 - 4);
    gpr[MMIO_RDX] = 64;
    assert_int_equal(address_of(M32, bt32, MMIO_SOURCE), DS + 0x04441000 + 8);
    gpr[MMIO_RDX] = 0xdead8000;
    assert_int_equal(address_of(M32, bt16, MMIO_SOURCE), DS + 0x04441000 - 0x1000);
    assert_int_equal(address_of(M32, bt_imm, MMIO_SOURCE), DS + 0x04441000);
}

static void segments_of_both_sides_are_told(void **state)
{
    (void)state;
    struct mmio_fetch fetch = {.bytes = {0x64, 0xa4}, .count = 2};
    struct mmio_insn insn;
    assert_int_equal(mmio_decode(&fetch, M64, &insn), MMIO_OK);
    assert_int_equal(mmio_address_segment(&insn, MMIO_SOURCE), MMIO_FS);
    assert_int_equal(mmio_address_segment(&insn, MMIO_DESTINATION), MMIO_ES);
    fetch = (struct mmio_fetch){.bytes = {0xff, 0x37}, .count = 2};
    assert_int_equal(mmio_decode(&fetch, M32, &insn), MMIO_OK);
    assert_int_equal(mmio_address_segment(&insn, MMIO_SOURCE), MMIO_DS);
    assert_int_equal(mmio_address_segment(&insn, MMIO_DESTINATION), MMIO_SS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, NULL)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(forms_with_16_bit_addresses_add_up),
        TEST(forms_with_32_bit_addresses_add_up),
        TEST(only_fs_and_gs_have_a_base_in_64_bit_mode),
        TEST(movs_push_and_pop_have_two_addresses),
        TEST(a_bit_number_in_a_register_moves_the_address),
        TEST(segments_of_both_sides_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
