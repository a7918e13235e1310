/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/guest_walk.c kernel/guest_rights.c tests/unit/kernel/guest_ram.c */
/* Translation by a guest's page tables in every mode; reserved bits; accessed and dirty flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu_regs.h"
#include "kernel/msr.h"
#include "tests/unit/kernel/guest_ram.h"

#define P  BIT(0)
#define W  BIT(1)
#define U  BIT(2)
#define A  BIT(5)
#define D  BIT(6)
#define PS BIT(7)
#define NX BIT(63)

/* Tables in guest RAM, by their level. */
#define TABLE(level) (RAM_BASE + (uint64_t)(level)*0x1000)

static struct guest_ram ram;
static struct guest_memory memory;
static struct guest_paging paging;
static struct guest_translation t;

static int setup(void **state)
{
    (void)state;
    memset(&ram, 0, sizeof(ram));
    memory = guest_ram_memory(&ram);
    paging = (struct guest_paging){.cr0 = CR0_PE, .physical_bits = 40, .page_1g = true};
    return 0;
}

static void set_mode(enum guest_paging_mode mode)
{
    paging.cr0 = CR0_PE | CR0_PG | CR0_WP;
    paging.cr4 = mode == GUEST_PAGING_32BIT ? CR4_PSE : CR4_PAE;
    paging.cr4 |= mode == GUEST_PAGING_5LEVEL ? CR4_LA57 : 0;
    paging.efer = EFER_NXE | (mode >= GUEST_PAGING_4LEVEL ? EFER_LMA | EFER_LME : 0);
    paging.cr3 = TABLE(mode == GUEST_PAGING_5LEVEL ? 5 : mode == GUEST_PAGING_4LEVEL ? 4 : 2);
    memset(paging.pdpte, 0, sizeof(paging.pdpte));
}

/* Where the 64-bit entry of a level for gva is; tables link as TABLE() says. */
static uint64_t *entry_at(unsigned level, uint64_t gva)
{
    return guest_ram_word(&ram, TABLE(level) + ((gva >> (12 + 9 * (level - 1))) & 511) * 8);
}

static void set_32bit_entry(uint64_t gpa, uint32_t value)
{
    uint64_t *word = guest_ram_word(&ram, gpa & ~UINT64_C(7));
    unsigned shift = (gpa & 4) != 0 ? 32 : 0;
    *word = (*word & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)value << shift;
}

/* Links tables from the mode's root down to `level`, whose entry for gva becomes `entry`. */
static void map(enum guest_paging_mode mode, uint64_t gva, unsigned level, uint64_t entry)
{
    unsigned root = mode == GUEST_PAGING_5LEVEL ? 5 : mode == GUEST_PAGING_4LEVEL ? 4 : 2;
    set_mode(mode);
    if (mode == GUEST_PAGING_PAE) {
        paging.pdpte[gva >> 30] = TABLE(2) | P;
    }
    for (unsigned l = root; l > level; l--) {
        *entry_at(l, gva) = TABLE(l - 1) | P | W | U;
    }
    *entry_at(level, gva) = entry;
}

static enum guest_walk_status walk(uint64_t gva, uint32_t access)
{
    return guest_walk(&paging, &memory, GVA(gva), access, &t);
}

static void expect(uint64_t gva, uint64_t gpa, uint64_t page_size)
{
    assert_int_equal(walk(gva, GUEST_ACCESS_READ), GUEST_WALK_OK);
    assert_int_equal(t.gpa.v, gpa);
    assert_int_equal(t.page_size, page_size);
}

static void expect_fault(uint64_t gva, uint32_t access, uint64_t error_code)
{
    assert_int_equal(walk(gva, access), GUEST_WALK_PAGE_FAULT);
    assert_int_equal(t.error_code, error_code);
}

static void modes_follow_pg_pae_lma_and_la57(void **state)
{
    (void)state;
    assert_int_equal(guest_paging_mode(&paging), GUEST_PAGING_NONE);
    for (enum guest_paging_mode mode = GUEST_PAGING_32BIT; mode <= GUEST_PAGING_5LEVEL; mode++) {
        set_mode(mode);
        assert_int_equal(guest_paging_mode(&paging), mode);
    }
    paging.cr0 &= ~CR0_PG;
    assert_int_equal(guest_paging_mode(&paging), GUEST_PAGING_NONE);
}

static void without_paging_linear_addresses_are_physical(void **state)
{
    (void)state;
    expect(0x12345678, 0x12345678, GIB(4));
    expect(UINT64_C(0xabcd00001234567), 0x1234567, GIB(4));
    assert_int_equal(ram.reads, 0);
}

static void paging_of_32_bits_maps_4_kib_and_4_mib(void **state)
{
    (void)state;
    set_mode(GUEST_PAGING_32BIT);
    set_32bit_entry(TABLE(2) + 0x301 * 4, TABLE(1) | P | W | U);
    set_32bit_entry(TABLE(1) + 0x3ff * 4, 0xfedcb000 | P);
    set_32bit_entry(TABLE(2) + 0x300 * 4, 0x80400000 | P | PS);
    expect(0xc07ff123, 0xfedcb123, PAGE_SIZE);
    expect(0xc0123456, 0x80523456, MIB(4));
    expect(UINT64_C(0xffffffffc0123456), 0x80523456, MIB(4));
    expect_fault(0xc0400000, GUEST_ACCESS_READ, 0);
    expect_fault(0x00400000, GUEST_ACCESS_READ, 0);
}

static void pages_of_4_mib_reach_40_bits_and_no_further_than_the_processor(void **state)
{
    (void)state;
    set_mode(GUEST_PAGING_32BIT);
    set_32bit_entry(TABLE(2), 0x00400000 | P | PS | 0xab << 13);
    expect(0x123, UINT64_C(0xab00400123), MIB(4));
    paging.physical_bits = 52;
    expect(0x123, UINT64_C(0xab00400123), MIB(4));
    set_32bit_entry(TABLE(2), 0x00400000 | P | PS | BIT(21));
    expect_fault(0, GUEST_ACCESS_READ, PF_ERROR_P | PF_ERROR_RSVD);
    paging.physical_bits = 36;
    set_32bit_entry(TABLE(2), 0x00400000 | P | PS | BIT(16));
    expect(0, UINT64_C(0x800400000), MIB(4));
    set_32bit_entry(TABLE(2), 0x00400000 | P | PS | BIT(17));
    expect_fault(0, GUEST_ACCESS_READ, PF_ERROR_P | PF_ERROR_RSVD);
    paging.physical_bits = 32;
    set_32bit_entry(TABLE(2), 0x00400000 | P | PS | BIT(13));
    expect_fault(0, GUEST_ACCESS_READ, PF_ERROR_P | PF_ERROR_RSVD);
}

static void without_pse_the_ps_flag_is_ignored(void **state)
{
    (void)state;
    set_mode(GUEST_PAGING_32BIT);
    paging.cr4 = 0;
    set_32bit_entry(TABLE(2), TABLE(1) | P | PS);
    set_32bit_entry(TABLE(1) + 4, 0x7000 | P);
    expect(0x1abc, 0x7abc, PAGE_SIZE);
}

static void pae_maps_4_kib_and_2_mib_by_its_registers(void **state)
{
    (void)state;
    map(GUEST_PAGING_PAE, 0xc0201000, 1, UINT64_C(0xff12345000) | P);
    expect(0xc0201fff, UINT64_C(0xff12345fff), PAGE_SIZE);
    expect(UINT64_C(0x1c0201fff), UINT64_C(0xff12345fff), PAGE_SIZE);
    expect_fault(0x80201000, GUEST_ACCESS_READ, 0);
    map(GUEST_PAGING_PAE, 0x40000000, 2, UINT64_C(0xff00200000) | P | PS);
    expect(0x401fffff, UINT64_C(0xff003fffff), MIB(2));
}

static void four_levels_map_4_kib_2_mib_and_1_gib(void **state)
{
    (void)state;
    uint64_t gva = UINT64_C(0xffff800000000000) | UINT64_C(0x3456789abc);
    map(GUEST_PAGING_4LEVEL, gva, 1, UINT64_C(0xff12345000) | P | NX);
    expect(gva, UINT64_C(0xff12345abc), PAGE_SIZE);
    map(GUEST_PAGING_4LEVEL, gva, 2, UINT64_C(0xff00200000) | P | PS);
    expect(gva, UINT64_C(0xff00200000) + (gva & (MIB(2) - 1)), MIB(2));
    map(GUEST_PAGING_4LEVEL, gva, 3, UINT64_C(0xffc0000000) | P | PS | BIT(12));
    expect(gva, UINT64_C(0xffc0000000) + (gva & (GIB(1) - 1)), GIB(1));
}

static void five_levels_add_nine_bits(void **state)
{
    (void)state;
    uint64_t gva = UINT64_C(0xff7f456789abcdef);
    map(GUEST_PAGING_5LEVEL, gva, 1, UINT64_C(0x8765000) | P);
    expect(gva, UINT64_C(0x8765def), PAGE_SIZE);
}

static void non_canonical_addresses_are_no_page_fault(void **state)
{
    (void)state;
    set_mode(GUEST_PAGING_4LEVEL);
    assert_int_equal(walk(BIT(47), 0), GUEST_WALK_NON_CANONICAL);
    assert_int_equal(walk(UINT64_C(0xffff7fffffffffff), 0), GUEST_WALK_NON_CANONICAL);
    assert_int_equal(walk(BIT(47) - 1, 0), GUEST_WALK_PAGE_FAULT);
    set_mode(GUEST_PAGING_5LEVEL);
    assert_int_equal(walk(BIT(47), 0), GUEST_WALK_PAGE_FAULT);
    assert_int_equal(walk(BIT(56), 0), GUEST_WALK_NON_CANONICAL);
    assert_int_equal(walk(UINT64_C(0xfeffffffffffffff), 0), GUEST_WALK_NON_CANONICAL);
    assert_int_equal(ram.reads, 2);
}

static void a_missing_entry_faults_at_every_level(void **state)
{
    (void)state;
    for (unsigned level = 1; level <= 5; level++) {
        map(GUEST_PAGING_5LEVEL, 0x1000, level, NX | W | U | BIT(45));
        expect_fault(0x1000, GUEST_ACCESS_WRITE | GUEST_ACCESS_USER, PF_ERROR_WR | PF_ERROR_US);
    }
}

/* Bits that are reserved in an entry of a mode and level, as the manual's tables of formats say. */
static uint64_t reserved(enum guest_paging_mode mode, unsigned level, bool ps)
{
    uint64_t bits = MASK(51, 40);
    bits |= mode == GUEST_PAGING_PAE ? MASK(62, 52) : 0;
    if (!ps || level == 1) {
        return bits;
    }
    static const uint64_t by_level[] = {0, 0, MASK(20, 13), MASK(29, 13), BIT(7), BIT(7)};
    return bits | by_level[level];
}

static void check_reserved_bits(enum guest_paging_mode mode, unsigned level, bool ps)
{
    uint64_t leaf = level == 1 || (ps && level < 4) ? 0 : TABLE(level - 1);
    for (unsigned bit = 12; bit < 64; bit++) {
        memset(ram.words, 0, sizeof(ram.words));
        *entry_at(level > 1 ? level - 1 : 1, 0) = P | W | U;
        map(mode, 0, level, (leaf | P | W | U | (ps ? PS : 0)) ^ BIT(bit));
        uint64_t entry = *entry_at(level, 0);
        enum guest_walk_status status = walk(0, GUEST_ACCESS_READ);
        if ((entry & reserved(mode, level, ps)) != 0) {
            assert_int_equal(status, GUEST_WALK_PAGE_FAULT);
            assert_int_equal(t.error_code, PF_ERROR_P | PF_ERROR_RSVD);
        } else {
            bool fault = status == GUEST_WALK_PAGE_FAULT && (t.error_code & PF_ERROR_RSVD) != 0;
            assert_false(fault);
        }
    }
}

static void reserved_bits_fault_at_every_level_of_every_mode(void **state)
{
    (void)state;
    for (unsigned ps = 0; ps < 2; ps++) {
        check_reserved_bits(GUEST_PAGING_PAE, 1, ps != 0);
        check_reserved_bits(GUEST_PAGING_PAE, 2, ps != 0);
        for (unsigned level = 1; level <= 5; level++) {
            check_reserved_bits(GUEST_PAGING_4LEVEL, MIN(level, 4u), ps != 0);
            check_reserved_bits(GUEST_PAGING_5LEVEL, level, ps != 0);
        }
    }
}

static void execute_disable_is_reserved_without_nxe(void **state)
{
    (void)state;
    for (unsigned level = 1; level <= 4; level++) {
        map(GUEST_PAGING_4LEVEL, 0, 1, P);
        *entry_at(level, 0) |= NX;
        paging.efer &= ~EFER_NXE;
        expect_fault(0, GUEST_ACCESS_FETCH, PF_ERROR_P | PF_ERROR_RSVD);
        *entry_at(level, 0) = 0;
    }
}

static void gigabyte_pages_are_reserved_where_the_processor_has_none(void **state)
{
    (void)state;
    map(GUEST_PAGING_4LEVEL, 0, 3, GIB(1) | P | PS);
    expect(0, GIB(1), GIB(1));
    paging.page_1g = false;
    expect_fault(0, GUEST_ACCESS_READ, PF_ERROR_P | PF_ERROR_RSVD);
}

static void tables_outside_ram_are_told_with_their_address(void **state)
{
    (void)state;
    map(GUEST_PAGING_4LEVEL, 0x5000, 2, UINT64_C(0xfee00000) | P | W);
    assert_int_equal(walk(0x5000, 0), GUEST_WALK_UNREADABLE);
    assert_int_equal(t.gpa.v, 0xfee00028);
    paging.cr3 = 0;
    assert_int_equal(walk(0x5000, 0), GUEST_WALK_UNREADABLE);
    assert_int_equal(t.gpa.v, 0);
    set_mode(GUEST_PAGING_32BIT);
    paging.cr3 = 0xfee00000;
    assert_int_equal(walk(0x400000, 0), GUEST_WALK_UNREADABLE);
    assert_int_equal(t.gpa.v, 0xfee00004);
}

static void cr3_keeps_pcid_and_lam_bits_out_of_the_address(void **state)
{
    (void)state;
    map(GUEST_PAGING_4LEVEL, 0x5000, 1, 0x9000 | P);
    paging.cr3 |= 0xfff | CR3_LAM_U48 | CR3_LAM_U57;
    expect(0x5000, 0x9000, PAGE_SIZE);
}

static void flags_in_entries_stay_without_being_asked_for(void **state)
{
    (void)state;
    map(GUEST_PAGING_4LEVEL, 0, 1, P | W);
    struct guest_ram before = ram;
    assert_int_equal(walk(0, GUEST_ACCESS_WRITE), GUEST_WALK_OK);
    assert_memory_equal(before.words, ram.words, sizeof(ram.words));
}

static void accessed_is_set_at_all_levels_and_dirty_in_the_last_by_writes(void **state)
{
    (void)state;
    map(GUEST_PAGING_4LEVEL, 0, 1, P | W);
    assert_int_equal(walk(0, GUEST_ACCESS_READ | GUEST_ACCESS_SET_AD), GUEST_WALK_OK);
    assert_int_equal(*entry_at(1, 0), P | W | A);
    for (unsigned level = 2; level <= 4; level++) {
        assert_int_equal(*entry_at(level, 0), TABLE(level - 1) | P | W | U | A);
    }
    assert_int_equal(ram.updates, 4);
    assert_int_equal(walk(0, GUEST_ACCESS_WRITE | GUEST_ACCESS_SET_AD), GUEST_WALK_OK);
    assert_int_equal(*entry_at(1, 0), P | W | A | D);
    assert_int_equal(*entry_at(2, 0), TABLE(1) | P | W | U | A);
    assert_int_equal(walk(0, GUEST_ACCESS_WRITE | GUEST_ACCESS_SET_AD), GUEST_WALK_OK);
    assert_int_equal(ram.updates, 5);
}

static void a_faulting_access_sets_no_flag(void **state)
{
    (void)state;
    map(GUEST_PAGING_4LEVEL, 0, 1, P);
    expect_fault(0, GUEST_ACCESS_WRITE | GUEST_ACCESS_SET_AD, PF_ERROR_P | PF_ERROR_WR);
    assert_int_equal(ram.updates, 0);
}

static void flags_of_32_bit_entries_leave_the_neighbour_alone(void **state)
{
    (void)state;
    set_mode(GUEST_PAGING_32BIT);
    set_32bit_entry(TABLE(2), TABLE(1) | P | W);
    set_32bit_entry(TABLE(2) + 4, 0xaaaaaaaa);
    set_32bit_entry(TABLE(1) + 4, 0x7000 | P | W);
    set_32bit_entry(TABLE(1), 0x55555554);
    assert_int_equal(walk(0x1000, GUEST_ACCESS_WRITE | GUEST_ACCESS_SET_AD), GUEST_WALK_OK);
    assert_int_equal(*guest_ram_word(&ram, TABLE(2)),
                     UINT64_C(0xaaaaaaaa) << 32 | TABLE(1) | P | W | A);
    assert_int_equal(*guest_ram_word(&ram, TABLE(1)),
                     (UINT64_C(0x7000) | P | W | A | D) << 32 | 0x55555554);
    /* A neighbour that changes meanwhile is kept, and the walk begins again. */
    set_32bit_entry(TABLE(1) + 4, 0x7000 | P | W);
    ram.change_updates = 1;
    ram.change = 0xff000000;
    assert_int_equal(walk(0x1000, GUEST_ACCESS_READ | GUEST_ACCESS_SET_AD), GUEST_WALK_OK);
    assert_int_equal(*guest_ram_word(&ram, TABLE(1)),
                     (UINT64_C(0x7000) | P | W | A) << 32 | 0xaa555554);
}

static void a_32_bit_entry_that_changes_before_its_flags_are_set_is_walked_again(void **state)
{
    (void)state;
    set_mode(GUEST_PAGING_32BIT);
    set_32bit_entry(TABLE(2), TABLE(1) | P | W);
    set_32bit_entry(TABLE(1), 0x8000 | P | W);
    ram.change_read = 4; /* directory, table, directory again, table again */
    ram.change = 0xf000;
    assert_int_equal(walk(0, GUEST_ACCESS_WRITE | GUEST_ACCESS_SET_AD), GUEST_WALK_OK);
    assert_int_equal(t.gpa.v, 0x7000);
    assert_int_equal(*guest_ram_word(&ram, TABLE(1)), 0x7000 | P | W | A | D);
}

static void an_entry_that_changes_meanwhile_is_walked_again(void **state)
{
    (void)state;
    map(GUEST_PAGING_4LEVEL, 0, 1, 0x8000 | P | W);
    for (unsigned level = 2; level <= 4; level++) {
        *entry_at(level, 0) |= A;
    }
    ram.change_updates = 1;
    ram.change = 0xf000; /* the page moves from 0x8000 to 0x7000 */
    assert_int_equal(walk(0, GUEST_ACCESS_WRITE | GUEST_ACCESS_SET_AD), GUEST_WALK_OK);
    assert_int_equal(t.gpa.v, 0x7000);
    assert_int_equal(*entry_at(1, 0), 0x7000 | P | W | A | D);
    /* It may also go away. */
    *entry_at(1, 0) = P | W;
    ram.change_updates = 1;
    ram.change = P;
    expect_fault(0, GUEST_ACCESS_WRITE | GUEST_ACCESS_SET_AD, PF_ERROR_WR);
}

static void a_guest_that_never_stops_changing_entries_cannot_hold_us(void **state)
{
    (void)state;
    map(GUEST_PAGING_4LEVEL, 0, 1, 0x8000 | P | W);
    ram.change_updates = UINT32_MAX;
    ram.change = BIT(52);
    assert_int_equal(walk(0, GUEST_ACCESS_WRITE | GUEST_ACCESS_SET_AD), GUEST_WALK_UNREADABLE);
    assert_true(ram.reads < 1000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, NULL)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(modes_follow_pg_pae_lma_and_la57),
        TEST(without_paging_linear_addresses_are_physical),
        TEST(paging_of_32_bits_maps_4_kib_and_4_mib),
        TEST(pages_of_4_mib_reach_40_bits_and_no_further_than_the_processor),
        TEST(without_pse_the_ps_flag_is_ignored),
        TEST(pae_maps_4_kib_and_2_mib_by_its_registers),
        TEST(four_levels_map_4_kib_2_mib_and_1_gib),
        TEST(five_levels_add_nine_bits),
        TEST(non_canonical_addresses_are_no_page_fault),
        TEST(a_missing_entry_faults_at_every_level),
        TEST(reserved_bits_fault_at_every_level_of_every_mode),
        TEST(execute_disable_is_reserved_without_nxe),
        TEST(gigabyte_pages_are_reserved_where_the_processor_has_none),
        TEST(tables_outside_ram_are_told_with_their_address),
        TEST(cr3_keeps_pcid_and_lam_bits_out_of_the_address),
        TEST(flags_in_entries_stay_without_being_asked_for),
        TEST(accessed_is_set_at_all_levels_and_dirty_in_the_last_by_writes),
        TEST(a_faulting_access_sets_no_flag),
        TEST(flags_of_32_bit_entries_leave_the_neighbour_alone),
        TEST(a_32_bit_entry_that_changes_before_its_flags_are_set_is_walked_again),
        TEST(an_entry_that_changes_meanwhile_is_walked_again),
        TEST(a_guest_that_never_stops_changing_entries_cannot_hold_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
