/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/guest_walk.c kernel/guest_rights.c tests/unit/kernel/guest_ram.c */
/*
 * Access rights: every combination of the flags of two levels, control bits, kinds of access and
 * modes, against a model that follows the manual's list under "Determination of Access Rights" item
 * by item; protection keys by table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "tests/unit/kernel/guest_ram.h"

#define P           BIT(0)
#define W           BIT(1)
#define U           BIT(2)
#define NX          BIT(63)

#define PF_ERROR_PK BIT(5)

#define DIRECTORY   (RAM_BASE + 0x2000)
#define TABLE       (RAM_BASE + 0x1000)

static struct guest_ram ram;
static struct guest_memory memory;
static struct guest_paging paging;

static int setup(void **state)
{
    (void)state;
    memset(&ram, 0, sizeof(ram));
    memory = guest_ram_memory(&ram);
    paging = (struct guest_paging){.physical_bits = 40};
    return 0;
}

/* One case: rights at the directory and the table, and the state of the vCPU. */
struct situation {
    bool w2, w1, u2, u1, nx2, nx1;
    bool wp, smep, smap, nxe, ac;
    uint32_t access;
};

/* The number's bits are the case's. False: a combination that cannot be. */
static bool situation_of(unsigned number, bool has_nx, struct situation *s)
{
    bool bits[12];
    for (unsigned i = 0; i < ARRAY_SIZE(bits); i++) {
        bits[i] = (number >> i & 1) != 0;
    }
    *s = (struct situation){bits[0], bits[1], bits[2], bits[3], bits[4],  bits[5],
                            bits[6], bits[7], bits[8], bits[9], bits[10], 0};
    s->access = (number >> 12) % 3;
    s->access |= (number / (3 << 12)) % 3 == 0 ? GUEST_ACCESS_USER : 0;
    s->access |= (number / (3 << 12)) % 3 == 1 ? GUEST_ACCESS_IMPLICIT : 0;
    return (s->nxe && has_nx) || (!s->nx1 && !s->nx2);
}

/* SDM, "Determination of Access Rights". */
static bool model_allows(const struct situation *s)
{
    bool user_mode_address = s->u1 && s->u2;
    bool writable = s->w1 && s->w2;
    bool executable = !s->nx1 && !s->nx2;
    bool explicit_access = (s->access & GUEST_ACCESS_IMPLICIT) == 0;
    uint32_t kind = s->access & 3;
    if ((s->access & GUEST_ACCESS_USER) != 0) {
        switch (kind) {
        case GUEST_ACCESS_READ:
            return user_mode_address;
        case GUEST_ACCESS_WRITE:
            return user_mode_address && writable;
        default:
            return user_mode_address && executable;
        }
    }
    if (kind == GUEST_ACCESS_FETCH) {
        return user_mode_address ? !s->smep && executable : executable;
    }
    bool smap_allows = !s->smap || (s->ac && explicit_access);
    if (kind == GUEST_ACCESS_READ) {
        return user_mode_address ? smap_allows : true;
    }
    if (!s->wp) {
        return user_mode_address ? smap_allows : true;
    }
    return user_mode_address ? smap_allows && writable : writable;
}

static uint32_t model_error_code(const struct situation *s, bool pae)
{
    uint64_t code = PF_ERROR_P;
    code |= (s->access & GUEST_ACCESS_USER) != 0 ? PF_ERROR_US : 0;
    if ((s->access & 3) == GUEST_ACCESS_WRITE) {
        code |= PF_ERROR_WR;
    }
    if ((s->access & 3) == GUEST_ACCESS_FETCH && (s->smep || (s->nxe && pae))) {
        code |= PF_ERROR_ID;
    }
    return (uint32_t)code;
}

static void apply(const struct situation *s, bool pae)
{
    paging.cr0 = CR0_PG | CR0_PE | (s->wp ? CR0_WP : 0);
    paging.cr4 = (s->smep ? CR4_SMEP : 0) | (s->smap ? CR4_SMAP : 0) | (pae ? CR4_PAE : 0);
    paging.efer = s->nxe ? EFER_NXE : 0;
    paging.rflags = s->ac ? RFLAGS_AC : 0;
    uint64_t upper = TABLE | P | (s->w2 ? W : 0) | (s->u2 ? U : 0) | (s->nx2 ? NX : 0);
    uint64_t lower = 0x7000 | P | (s->w1 ? W : 0) | (s->u1 ? U : 0) | (s->nx1 ? NX : 0);
    *guest_ram_word(&ram, DIRECTORY) = upper;
    *guest_ram_word(&ram, TABLE) = lower;
    paging.cr3 = DIRECTORY;
    paging.pdpte[0] = DIRECTORY | P;
}

static void check_all(bool pae)
{
    unsigned checked = 0;
    for (unsigned number = 0; number < 9 << 12; number++) {
        struct situation s;
        struct guest_translation t;
        if (!situation_of(number, pae, &s)) {
            continue;
        }
        apply(&s, pae);
        enum guest_walk_status status = guest_walk(&paging, &memory, GVA(0x123), s.access, &t);
        if (model_allows(&s)) {
            assert_int_equal(status, GUEST_WALK_OK);
            assert_int_equal(t.gpa.v, 0x7123);
        } else {
            assert_int_equal(status, GUEST_WALK_PAGE_FAULT);
            assert_int_equal(t.error_code, model_error_code(&s, pae));
        }
        checked++;
    }
    assert_in_range(checked, 9 << 10, 9 << 12);
}

static void rights_of_pae_paging_are_the_manuals(void **state)
{
    (void)state;
    check_all(true);
}

static void rights_of_32_bit_paging_are_the_manuals(void **state)
{
    (void)state;
    check_all(false);
}

/* A page of 1 GiB at gva 0 with a key, in 4-level paging. */
static void map_with_key(bool user, unsigned key)
{
    paging.cr0 = CR0_PG | CR0_PE;
    paging.cr4 = CR4_PAE | CR4_PKE | CR4_PKS;
    paging.efer = EFER_LMA | EFER_NXE;
    paging.page_1g = true;
    paging.cr3 = DIRECTORY;
    *guest_ram_word(&ram, DIRECTORY) = TABLE | P | W | U;
    *guest_ram_word(&ram, TABLE) = P | W | (user ? U : 0) | BIT(7) | (uint64_t)key << 59;
}

struct key_case {
    bool user_page;
    uint32_t access;
    uint64_t cr4;
    bool wp;
    uint32_t pkru; /* of key 5: 1 access, 2 write disabled */
    uint32_t pkrs;
    bool allowed;
};

/* clang-format off */
static const struct key_case key_cases[] = {
    /* PKRU governs user pages, for either mode's data accesses. */
    {true, GUEST_ACCESS_READ, CR4_PKE | CR4_PKS, true, 0, 3, true},
    {true, GUEST_ACCESS_READ, CR4_PKE | CR4_PKS, true, 1, 0, false},
    {true, GUEST_ACCESS_READ | GUEST_ACCESS_USER, CR4_PKE, true, 1, 0, false},
    {true, GUEST_ACCESS_READ | GUEST_ACCESS_USER, CR4_PKE, true, 2, 0, true},
    {true, GUEST_ACCESS_WRITE | GUEST_ACCESS_USER, CR4_PKE, true, 2, 0, false},
    {true, GUEST_ACCESS_WRITE | GUEST_ACCESS_USER, CR4_PKE, false, 2, 0, false},
    {true, GUEST_ACCESS_WRITE, CR4_PKE, true, 2, 0, false},
    {true, GUEST_ACCESS_WRITE, CR4_PKE, false, 2, 0, true}, /* WP = 0 */
    {true, GUEST_ACCESS_WRITE, CR4_PKE, false, 1, 0, false},
    {true, GUEST_ACCESS_WRITE | GUEST_ACCESS_USER, 0, true, 3, 3, true},
    /* Fetches have no key. */
    {true, GUEST_ACCESS_FETCH | GUEST_ACCESS_USER, CR4_PKE, true, 3, 0, true},
    {false, GUEST_ACCESS_FETCH, CR4_PKS, true, 0, 3, true},
    /* IA32_PKRS governs supervisor pages. */
    {false, GUEST_ACCESS_READ, CR4_PKE | CR4_PKS, true, 3, 0, true},
    {false, GUEST_ACCESS_READ, CR4_PKS, true, 0, 1, false},
    {false, GUEST_ACCESS_READ, CR4_PKS, true, 0, 2, true},
    {false, GUEST_ACCESS_WRITE, CR4_PKS, true, 0, 2, false},
    {false, GUEST_ACCESS_WRITE, CR4_PKS, false, 0, 2, true},
    {false, GUEST_ACCESS_WRITE, CR4_PKE, true, 3, 3, true},
};
/* clang-format on */

static void protection_keys_deny_data_accesses_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(key_cases); i++) {
        const struct key_case *c = &key_cases[i];
        struct guest_translation t;
        map_with_key(c->user_page, 5);
        paging.cr4 = CR4_PAE | c->cr4;
        paging.cr0 |= c->wp ? CR0_WP : 0;
        paging.pkru = c->pkru << 10;
        paging.pkrs = c->pkrs << 10;
        enum guest_walk_status status = guest_walk(&paging, &memory, GVA(0), c->access, &t);
        if ((status == GUEST_WALK_OK) != c->allowed) {
            fail_msg("case %zu", i);
        }
        if (!c->allowed) {
            assert_int_equal(status, GUEST_WALK_PAGE_FAULT);
            assert_int_equal(t.error_code & (PF_ERROR_P | PF_ERROR_PK), PF_ERROR_P | PF_ERROR_PK);
        }
    }
}

static void each_key_has_its_own_two_bits(void **state)
{
    (void)state;
    struct guest_translation t;
    for (unsigned key = 0; key < 16; key++) {
        map_with_key(true, key);
        paging.pkru = ~(UINT32_C(3) << (2 * key));
        assert_int_equal(guest_walk(&paging, &memory, GVA(0), GUEST_ACCESS_WRITE, &t),
                         GUEST_WALK_OK);
        paging.pkru = UINT32_C(1) << (2 * key);
        assert_int_equal(guest_walk(&paging, &memory, GVA(0), GUEST_ACCESS_READ, &t),
                         GUEST_WALK_PAGE_FAULT);
    }
}

static void pae_paging_has_no_keys(void **state)
{
    (void)state;
    struct situation s = {.w1 = true, .w2 = true, .u1 = true, .u2 = true};
    struct guest_translation t;
    apply(&s, true);
    paging.cr4 |= CR4_PKE;
    paging.pkru = UINT32_MAX;
    assert_int_equal(guest_walk(&paging, &memory, GVA(0), GUEST_ACCESS_WRITE, &t), GUEST_WALK_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, NULL)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rights_of_pae_paging_are_the_manuals),
        TEST(rights_of_32_bit_paging_are_the_manuals),
        TEST(protection_keys_deny_data_accesses_only),
        TEST(each_key_has_its_own_two_bits),
        TEST(pae_paging_has_no_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
