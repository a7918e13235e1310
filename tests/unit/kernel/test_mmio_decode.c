/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/mmio_decode.c kernel/mmio_decode_any.c kernel/mmio_modrm.c kernel/mmio_forms.c */
/*
 * Decoding by table in all three modes, and what is refused. What instructions then do is
 * test_mmio_execute.c's, addresses are test_mmio_address.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/mmio_decode_internal.h"

#define M16 MMIO_MODE_16
#define M32 MMIO_MODE_32
#define M64 MMIO_MODE_64

struct row {
    const char *text;
    uint8_t mode;
    uint8_t length;
    uint8_t bytes[15];
    uint8_t op;
    uint8_t size;
    uint8_t reg_size;
    uint8_t reg;
    uint64_t immediate;
};

/* clang-format off */
static const struct row table[] = {
    {"mov ax, [bx+si]", M16, 2, {0x8b, 0x00}, MMIO_OP_LOAD, 2, 2, MMIO_RAX, 0},
    {"mov eax, [bx+si]", M16, 3, {0x66, 0x8b, 0x00}, MMIO_OP_LOAD, 4, 4, MMIO_RAX, 0},
    {"mov [bp-2], dx", M16, 3, {0x89, 0x56, 0xfe}, MMIO_OP_STORE, 2, 2, MMIO_RDX, 0},
    {"mov dh, [0x1234]", M16, 4, {0x8a, 0x36, 0x34, 0x12}, MMIO_OP_LOAD, 1, 1, MMIO_DH, 0},
    {"mov ax, [0x1234] (moffs)", M16, 3, {0xa1, 0x34, 0x12}, MMIO_OP_LOAD, 2, 2, MMIO_RAX, 0},
    {"mov [0x12345678], al (moffs)", M16, 6, {0x67, 0xa2, 0x78, 0x56, 0x34, 0x12},
     MMIO_OP_STORE, 1, 1, MMIO_RAX, 0},
    {"mov word [0x1234], 0x8678", M16, 6, {0xc7, 0x06, 0x34, 0x12, 0x78, 0x86},
     MMIO_OP_STORE, 2, 2, 0, UINT64_C(0xffffffffffff8678)},
    {"mov dword [0x1234], 0x12345678", M16, 9,
     {0x66, 0xc7, 0x06, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12}, MMIO_OP_STORE, 4, 4, 0, 0x12345678},
    {"mov ax, [ecx*4+0x10]", M16, 8, {0x67, 0x8b, 0x04, 0x8d, 0x10, 0, 0, 0},
     MMIO_OP_LOAD, 2, 2, MMIO_RAX, 0},
    {"movzx eax, word [bx]", M16, 4, {0x66, 0x0f, 0xb7, 0x07}, MMIO_OP_LOAD, 2, 4, MMIO_RAX, 0},
    {"push word [0x1234]", M16, 4, {0xff, 0x36, 0x34, 0x12}, MMIO_OP_PUSH, 2, 2, 0, 0},
    {"rep stosd", M16, 3, {0xf3, 0x66, 0xab}, MMIO_OP_STOS, 4, 4, MMIO_RAX, 0},
    {"movnti [bx], ecx", M16, 3, {0x0f, 0xc3, 0x0f}, MMIO_OP_STORE, 4, 4, MMIO_RCX, 0},

    {"mov eax, [ebp+8]", M32, 3, {0x8b, 0x45, 0x08}, MMIO_OP_LOAD, 4, 4, MMIO_RAX, 0},
    {"mov [0xfee000b0], eax", M32, 6, {0x89, 0x05, 0xb0, 0x00, 0xe0, 0xfe},
     MMIO_OP_STORE, 4, 4, MMIO_RAX, 0},
    {"mov [0xfee000b0], eax (moffs)", M32, 5, {0xa3, 0xb0, 0x00, 0xe0, 0xfe},
     MMIO_OP_STORE, 4, 4, MMIO_RAX, 0},
    {"mov dword [0xfee000b0], 0", M32, 10,
     {0xc7, 0x05, 0xb0, 0x00, 0xe0, 0xfe, 0, 0, 0, 0}, MMIO_OP_STORE, 4, 4, 0, 0},
    {"mov [eax], ah", M32, 2, {0x88, 0x20}, MMIO_OP_STORE, 1, 1, MMIO_AH, 0},
    {"mov ax, [esp+4]", M32, 5, {0x66, 0x8b, 0x44, 0x24, 0x04}, MMIO_OP_LOAD, 2, 2, MMIO_RAX, 0},
    {"mov edx, [eax+ecx*8+0x1000]", M32, 7, {0x8b, 0x94, 0xc8, 0x00, 0x10, 0, 0},
     MMIO_OP_LOAD, 4, 4, MMIO_RDX, 0},
    {"mov eax, [bx]", M32, 3, {0x67, 0x8b, 0x07}, MMIO_OP_LOAD, 4, 4, MMIO_RAX, 0},
    {"or dword [eax], 1", M32, 3, {0x83, 0x08, 0x01}, MMIO_OP_OR, 4, 4, 0, 1},
    {"add byte [eax], 0xff", M32, 3, {0x82, 0x00, 0xff}, MMIO_OP_ADD, 1, 1, 0, UINT64_MAX},
    {"test word [eax], 0x8000", M32, 5, {0x66, 0xf7, 0x00, 0x00, 0x80},
     MMIO_OP_TEST, 2, 2, 0, UINT64_C(0xffffffffffff8000)},
    {"push dword [eax]", M32, 2, {0xff, 0x30}, MMIO_OP_PUSH, 4, 4, 0, 0},
    {"pop dword [eax]", M32, 2, {0x8f, 0x00}, MMIO_OP_POP, 4, 4, 0, 0},
    {"rep movsd", M32, 2, {0xf3, 0xa5}, MMIO_OP_MOVS, 4, 4, MMIO_RAX, 0},
    {"lodsb", M32, 1, {0xac}, MMIO_OP_LODS, 1, 1, MMIO_RAX, 0},
    {"movsx ecx, byte [eax]", M32, 3, {0x0f, 0xbe, 0x08}, MMIO_OP_LOADS, 1, 4, MMIO_RCX, 0},

    {"mov eax, [rdi]", M64, 2, {0x8b, 0x07}, MMIO_OP_LOAD, 4, 4, MMIO_RAX, 0},
    {"mov r9, [r13+0]", M64, 4, {0x4d, 0x8b, 0x4d, 0x00}, MMIO_OP_LOAD, 8, 8, 9, 0},
    {"mov eax, [0xffffffffff5fc020]", M64, 7, {0x8b, 0x04, 0x25, 0x20, 0xc0, 0x5f, 0xff},
     MMIO_OP_LOAD, 4, 4, MMIO_RAX, 0},
    {"mov eax, [rip+0x1000]", M64, 6, {0x8b, 0x05, 0x00, 0x10, 0, 0},
     MMIO_OP_LOAD, 4, 4, MMIO_RAX, 0},
    {"mov rax, [moffs64]", M64, 10, {0x48, 0xa1, 1, 2, 3, 4, 5, 6, 7, 8},
     MMIO_OP_LOAD, 8, 8, MMIO_RAX, 0},
    {"mov qword [rax], -1", M64, 7, {0x48, 0xc7, 0x00, 0xff, 0xff, 0xff, 0xff},
     MMIO_OP_STORE, 8, 8, 0, UINT64_MAX},
    {"mov [rax], spl", M64, 3, {0x40, 0x88, 0x20}, MMIO_OP_STORE, 1, 1, MMIO_RSP, 0},
    {"movsxd rax, dword [rdi]", M64, 3, {0x48, 0x63, 0x07}, MMIO_OP_LOADS, 4, 8, MMIO_RAX, 0},
    {"movbe [rdi], eax", M64, 4, {0x0f, 0x38, 0xf1, 0x07}, MMIO_OP_MOVBE_STORE, 4, 4, MMIO_RAX, 0},
    {"lock cmpxchg [rdi], ecx", M64, 4, {0xf0, 0x0f, 0xb1, 0x0f},
     MMIO_OP_CMPXCHG, 4, 4, MMIO_RCX, 0},
    {"bts dword [rdi], 31", M64, 4, {0x0f, 0xba, 0x2f, 0x1f}, MMIO_OP_BTS, 4, 4, 0, 31},
    {"push qword [rdi]", M64, 2, {0xff, 0x37}, MMIO_OP_PUSH, 8, 8, 0, 0},
    {"lock add dword fs:[eax+ecx+1], 1", M64, 15,
     {0x36, 0x64, 0x67, 0xf0, 0x81, 0x84, 0x08, 1, 0, 0, 0, 1, 0, 0, 0}, MMIO_OP_ADD, 4, 4, 0, 1},
};
/* clang-format on */

static enum mmio_status decode(enum mmio_mode mode, const void *bytes, unsigned count,
                               struct mmio_insn *insn)
{
    struct mmio_fetch fetch = {.count = (uint8_t)count};
    memset(fetch.bytes, 0, sizeof(fetch.bytes));
    memcpy(fetch.bytes, bytes, count);
    return mmio_decode(&fetch, mode, insn);
}

static void instructions_decode_as_the_manual_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        const struct row *row = &table[i];
        struct mmio_insn insn;
        enum mmio_status status = decode((enum mmio_mode)row->mode, row->bytes, 15, &insn);
        if (status != MMIO_OK || insn.length != row->length || insn.op != row->op ||
            insn.size != row->size || insn.reg_size != row->reg_size || insn.reg != row->reg ||
            insn.immediate != row->immediate || insn.mode != row->mode) {
            fail_msg("%s: %s, length %u, op %u, size %u of %u, register %u, immediate %lx",
                     row->text, mmio_status_name(status), insn.length, insn.op, insn.size,
                     insn.reg_size, insn.reg, (unsigned long)insn.immediate);
        }
    }
}

static void what_was_not_fetched_is_missed_and_never_guessed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        const struct row *row = &table[i];
        for (unsigned count = 0; count < row->length; count++) {
            for (unsigned fill = 0; fill < 256; fill += 5) {
                struct mmio_fetch fetch = {.count = (uint8_t)count};
                struct mmio_insn insn;
                memset(fetch.bytes, (int)fill, sizeof(fetch.bytes));
                memcpy(fetch.bytes, row->bytes, count);
                assert_int_equal(mmio_decode(&fetch, (enum mmio_mode)row->mode, &insn),
                                 MMIO_TRUNCATED);
            }
        }
    }
}

static void bytes_behind_the_instruction_do_not_matter(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        const struct row *row = &table[i];
        for (unsigned fill = 0; fill < 256; fill++) {
            struct mmio_fetch fetch = {.count = row->length};
            struct mmio_insn insn;
            memset(fetch.bytes, (int)fill, sizeof(fetch.bytes));
            memcpy(fetch.bytes, row->bytes, row->length);
            assert_int_equal(mmio_decode(&fetch, (enum mmio_mode)row->mode, &insn), MMIO_OK);
            assert_int_equal(insn.op, row->op);
            assert_int_equal(insn.immediate, row->immediate);
        }
    }
}

struct refusal {
    const char *text;
    uint8_t mode;
    uint8_t status;
    uint8_t count;
    uint8_t bytes[15];
};

/* clang-format off */
static const struct refusal refusals[] = {
    {"lock on a load", M64, MMIO_INVALID, 3, {0xf0, 0x8b, 0x07}},
    {"lock on a comparison", M32, MMIO_INVALID, 3, {0xf0, 0x39, 0x00}},
    {"lock on a bit test", M64, MMIO_INVALID, 4, {0xf0, 0x0f, 0xa3, 0x07}},
    {"lock to a register", M64, MMIO_INVALID, 3, {0xf0, 0x03, 0x07}},
    {"movnti with 66", M64, MMIO_INVALID, 4, {0x66, 0x0f, 0xc3, 0x07}},
    {"opcode 82 in 64-bit mode", M64, MMIO_INVALID, 3, {0x82, 0x00, 0x01}},
    {"16 bytes", M64, MMIO_TOO_LONG, 15,
     {0x36, 0x36, 0x64, 0x67, 0xf0, 0x81, 0x84, 0x08, 1, 0, 0, 0, 1, 0, 0}},
    {"15 prefixes", M64, MMIO_TOO_LONG, 15,
     {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66}},
    {"14 prefixes", M64, MMIO_TRUNCATED, 14,
     {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66}},
    {"register operand", M64, MMIO_NO_MEMORY, 2, {0x8b, 0xc0}},
    {"inc eax or a REX prefix", M32, MMIO_UNSUPPORTED, 1, {0x48}},
    {"arpl outside 64-bit mode", M32, MMIO_UNSUPPORTED, 2, {0x63, 0x00}},
    {"movups", M64, MMIO_UNSUPPORTED, 3, {0x0f, 0x10, 0x07}},
    {"movdqu", M64, MMIO_UNSUPPORTED, 4, {0xf3, 0x0f, 0x6f, 0x07}},
    {"vmovdqu", M64, MMIO_UNSUPPORTED, 4, {0xc5, 0xfa, 0x6f, 0x07}},
    {"evex", M64, MMIO_UNSUPPORTED, 6, {0x62, 0xf1, 0x7c, 0x48, 0x10, 0x07}},
    {"crc32", M64, MMIO_UNSUPPORTED, 5, {0xf2, 0x0f, 0x38, 0xf1, 0x07}},
    {"shl", M64, MMIO_UNSUPPORTED, 3, {0xc1, 0x27, 0x04}},
    {"mul", M64, MMIO_UNSUPPORTED, 2, {0xf7, 0x27}},
    {"cmps", M64, MMIO_UNSUPPORTED, 1, {0xa6}},
    {"call", M64, MMIO_UNSUPPORTED, 2, {0xff, 0x17}},
    {"ff, then nothing", M64, MMIO_TRUNCATED, 1, {0xff}},
    {"0f, then nothing", M64, MMIO_TRUNCATED, 1, {0x0f}},
    {"fld", M64, MMIO_UNSUPPORTED, 2, {0xd9, 0x07}},
    {"nothing", M64, MMIO_TRUNCATED, 0, {0}},
};
/* clang-format on */

static void what_cannot_be_emulated_is_refused_with_the_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        const struct refusal *row = &refusals[i];
        struct mmio_insn insn;
        enum mmio_status status = decode((enum mmio_mode)row->mode, row->bytes, row->count, &insn);
        if (status != row->status) {
            fail_msg("%s: %s", row->text, mmio_status_name(status));
        }
    }
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    for (enum mmio_status status = MMIO_OK; status <= MMIO_UNSUPPORTED; status++) {
        assert_non_null(mmio_status_name(status));
    }
    assert_string_equal(mmio_status_name(MMIO_TRUNCATED), "truncated");
    assert_string_equal(mmio_status_name((enum mmio_status)99), "unknown");
}

static void expect_same(const struct mmio_fetch *fetch, const struct mmio_insn *a,
                        const struct mmio_insn *b)
{
    bool same = a->flags == b->flags && a->op == b->op && a->length == b->length &&
                a->size == b->size && a->reg_size == b->reg_size && a->reg == b->reg &&
                a->mode == b->mode && a->address_size == b->address_size &&
                a->segment == b->segment && a->base == b->base && a->index == b->index &&
                a->scale == b->scale && a->displacement == b->displacement &&
                a->immediate == b->immediate;
    if (!same) {
        fail_msg("%02x %02x %02x %02x", fetch->bytes[0], fetch->bytes[1], fetch->bytes[2],
                 fetch->bytes[3]);
    }
}

/* Of count bytes, by the short cut and by the full decoder. */
static void compare_decoders(struct mmio_fetch *fetch)
{
    struct mmio_insn common = {.flags = 0};
    struct mmio_insn any = {.flags = 0};
    enum mmio_status status = mmio_decode_any(fetch, M64, &any);
    assert_int_equal(mmio_decode(fetch, M64, &common), status);
    if (status == MMIO_OK) {
        expect_same(fetch, &common, &any);
    }
}

static void the_short_cut_decodes_exactly_as_the_full_decoder(void **state)
{
    (void)state;
    struct mmio_fetch fetch = {.count = 15};
    for (unsigned rex = 0x3f; rex < 0x50; rex++) {
        unsigned at = rex == 0x3f ? 0 : 1;
        fetch.bytes[0] = (uint8_t)rex;
        for (unsigned opcode = 0; opcode < 256; opcode++) {
            bool mov = opcode == 0x89 || opcode == 0x8b;
            fetch.bytes[at] = (uint8_t)opcode;
            for (unsigned i = 0; i < 65536; i += mov ? 1 : 257) {
                uint32_t rest = i * 0x9e3779b9u;
                fetch.bytes[at + 1] = (uint8_t)i;
                fetch.bytes[at + 2] = (uint8_t)(i >> 8);
                memcpy(&fetch.bytes[at + 3], &rest, sizeof(rest));
                compare_decoders(&fetch);
            }
        }
    }
}

static void flags_tell_what_must_be_known_of_the_vcpu(void **state)
{
    (void)state;
    struct mmio_insn insn;
    static const uint8_t mov[] = {0x8b, 0x07};
    static const uint8_t mov_rsp[] = {0x8b, 0x27};
    static const uint8_t from_stack[] = {0x8b, 0x04, 0x24};
    static const uint8_t adc[] = {0x11, 0x07};
    static const uint8_t xchg[] = {0x87, 0x07};
    static const uint8_t rep_stos[] = {0xf3, 0xab};
    static const uint8_t repne_scas[] = {0xf2, 0xae};
    assert_int_equal(decode(M64, mov, sizeof(mov), &insn), MMIO_OK);
    assert_int_equal(insn.flags, MMIO_READS | MMIO_TO_REGISTER);
    decode(M64, mov_rsp, sizeof(mov_rsp), &insn);
    assert_int_equal(insn.flags, MMIO_READS | MMIO_TO_REGISTER | MMIO_USES_RSP);
    decode(M64, from_stack, sizeof(from_stack), &insn);
    assert_int_equal(insn.flags, MMIO_READS | MMIO_TO_REGISTER | MMIO_USES_RSP);
    decode(M64, adc, sizeof(adc), &insn);
    assert_int_equal(insn.flags, MMIO_READS | MMIO_WRITES | MMIO_FLAGS_IN | MMIO_FLAGS_OUT);
    decode(M64, xchg, sizeof(xchg), &insn);
    assert_int_equal(insn.flags, MMIO_READS | MMIO_WRITES | MMIO_LOCKED);
    decode(M64, rep_stos, sizeof(rep_stos), &insn);
    assert_int_equal(insn.flags, MMIO_WRITES | MMIO_STRING | MMIO_FLAGS_IN | MMIO_REP);
    decode(M64, repne_scas, sizeof(repne_scas), &insn);
    assert_int_equal(insn.flags, MMIO_READS | MMIO_TO_REGISTER | MMIO_STRING | MMIO_FLAGS_IN |
                                     MMIO_FLAGS_OUT | MMIO_REPNE);
}

/* The decoder searches by halves. */
static void the_table_is_sorted_and_ranges_do_not_overlap(void **state)
{
    (void)state;
    for (size_t i = 1; i < mmio_form_count; i++) {
        unsigned span = mmio_forms[i - 1].flags & MMIO_FORM_SIXTEEN ? 16 : 1;
        assert_in_range(mmio_forms[i].opcode, mmio_forms[i - 1].opcode + span, UINT16_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instructions_decode_as_the_manual_says),
        cmocka_unit_test(what_was_not_fetched_is_missed_and_never_guessed),
        cmocka_unit_test(bytes_behind_the_instruction_do_not_matter),
        cmocka_unit_test(what_cannot_be_emulated_is_refused_with_the_reason),
        cmocka_unit_test(every_status_has_a_name),
        cmocka_unit_test(the_short_cut_decodes_exactly_as_the_full_decoder),
        cmocka_unit_test(flags_tell_what_must_be_known_of_the_vcpu),
        cmocka_unit_test(the_table_is_sorted_and_ranges_do_not_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
