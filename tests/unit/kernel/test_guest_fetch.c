/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/guest_fetch.c kernel/guest_walk.c kernel/guest_rights.c kernel/mmio_decode.c */
/* links: kernel/mmio_decode_any.c kernel/mmio_modrm.c kernel/mmio_forms.c */
/* links: tests/unit/kernel/guest_ram.c */
/* Fetching code within and across pages; a cached instruction is always what a fetch would give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu_regs.h"
#include "kernel/guest_fetch.h"
#include "kernel/msr.h"
#include "tests/unit/kernel/guest_ram.h"

#define P  BIT(0)
#define W  BIT(1)
#define U  BIT(2)
#define NX BIT(63)

/* Linear pages 0x10 and 0x11 are the last two pages of RAM, in reverse order. */
#define CODE     UINT64_C(0x10000)
#define TABLE(l) (RAM_BASE + (uint64_t)(l)*0x1000)
#define FIRST    (RAM_BASE + RAM_SIZE - 0x1000)
#define SECOND   (RAM_BASE + RAM_SIZE - 0x2000)

static struct guest_ram ram;
static struct guest_paging paging;
static struct insn_key key;
static struct insn_log log_of_reads;
static struct insn_cache cache;
static struct mmio_fetch fetch;
static struct guest_fetch_stop stop;

static bool logging_read(void *context, gpa_t gpa, uint64_t *value)
{
    struct guest_memory memory = guest_ram_memory(context);
    if (!memory.read(memory.context, gpa, value)) {
        return false;
    }
    insn_log_add(&log_of_reads, HPA(gpa.v), *value);
    return true;
}

static const struct guest_memory memory = {.read = logging_read, .context = &ram};

static uint64_t peek(void *context, unsigned slot, hpa_t where)
{
    assert_ptr_equal(context, &ram);
    assert_in_range(slot, 0, INSN_WORDS_MAX - 1);
    return *guest_ram_word(&ram, where.v);
}

static void set_key(uint64_t linear)
{
    key =
        (struct insn_key){linear, paging.cr0, paging.cr3, paging.cr4, paging.efer, key.mode, false};
}

static int setup(void **state)
{
    (void)state;
    memset(&ram, 0, sizeof(ram));
    paging = (struct guest_paging){.cr0 = CR0_PE | CR0_PG, .cr4 = CR4_PAE, .physical_bits = 40};
    paging.efer = EFER_LMA | EFER_LME | EFER_NXE;
    paging.cr3 = TABLE(4);
    for (unsigned level = 4; level > 1; level--) {
        *guest_ram_word(&ram, TABLE(level)) = TABLE(level - 1) | P | W | U;
    }
    *guest_ram_word(&ram, TABLE(1) + 0x10 * 8) = FIRST | P | U;
    *guest_ram_word(&ram, TABLE(1) + 0x11 * 8) = SECOND | P | U;
    uint8_t *first = (uint8_t *)guest_ram_word(&ram, FIRST);
    uint8_t *second = (uint8_t *)guest_ram_word(&ram, SECOND);
    for (unsigned i = 0; i < PAGE_SIZE; i++) {
        first[i] = (uint8_t)(i * 7);
        second[i] = (uint8_t)(i * 7 + 0x80);
    }
    memset(&cache, 0, sizeof(cache));
    key.mode = MMIO_MODE_64;
    set_key(CODE);
    return 0;
}

static uint8_t *code_at(uint64_t linear)
{
    uint64_t gpa = (linear < CODE + PAGE_SIZE ? FIRST : SECOND) + linear % PAGE_SIZE;
    return (uint8_t *)guest_ram_word(&ram, gpa & ~UINT64_C(7)) + gpa % 8;
}

static void do_fetch(uint64_t linear)
{
    set_key(linear);
    insn_log_begin(&log_of_reads);
    guest_fetch_code(&paging, &memory, &key, &fetch, &stop);
}

static void code_is_fetched_at_every_offset_across_words_and_pages(void **state)
{
    (void)state;
    for (uint64_t offset = 0; offset < PAGE_SIZE + 16; offset++) {
        do_fetch(CODE + offset);
        assert_int_equal(stop.status, GUEST_WALK_OK);
        assert_int_equal(fetch.count, MMIO_INSN_MAX);
        for (unsigned i = 0; i < MMIO_INSN_MAX; i++) {
            assert_int_equal(fetch.bytes[i], *code_at(CODE + offset + i));
        }
    }
}

static void a_fault_on_the_second_page_is_told_with_what_is_there(void **state)
{
    (void)state;
    *guest_ram_word(&ram, TABLE(1) + 0x11 * 8) |= NX;
    do_fetch(CODE + PAGE_SIZE - 3);
    assert_int_equal(fetch.count, 3);
    assert_int_equal(stop.status, GUEST_WALK_PAGE_FAULT);
    assert_int_equal(stop.gva.v, CODE + PAGE_SIZE);
    assert_int_equal(stop.error_code, PF_ERROR_P | PF_ERROR_ID);
    assert_int_equal(fetch.bytes[2], *code_at(CODE + PAGE_SIZE - 1));
    do_fetch(CODE + PAGE_SIZE - MMIO_INSN_MAX);
    assert_int_equal(stop.status, GUEST_WALK_OK);
}

static void a_fault_on_the_first_page_leaves_nothing(void **state)
{
    (void)state;
    do_fetch(CODE - 1);
    assert_int_equal(fetch.count, 0);
    assert_int_equal(stop.status, GUEST_WALK_PAGE_FAULT);
    assert_int_equal(stop.gva.v, CODE - 1);
    assert_int_equal(stop.error_code, PF_ERROR_ID);
}

static void user_code_is_fetched_with_user_rights(void **state)
{
    (void)state;
    *guest_ram_word(&ram, TABLE(1) + 0x10 * 8) &= ~U;
    key.user = true;
    insn_log_begin(&log_of_reads);
    guest_fetch_code(&paging, &memory, &key, &fetch, &stop);
    assert_int_equal(stop.error_code, PF_ERROR_P | PF_ERROR_US | PF_ERROR_ID);
    do_fetch(CODE);
    assert_int_equal(stop.status, GUEST_WALK_OK);
}

static void code_outside_ram_cannot_be_fetched(void **state)
{
    (void)state;
    *guest_ram_word(&ram, TABLE(1) + 0x11 * 8) = 0xfee00000 | P;
    do_fetch(CODE + PAGE_SIZE - 4);
    assert_int_equal(fetch.count, 4);
    assert_int_equal(stop.status, GUEST_WALK_UNREADABLE);
    assert_int_equal(stop.gva.v, CODE + PAGE_SIZE);
}

static void outside_64_bit_mode_code_wraps_at_4_gib(void **state)
{
    (void)state;
    paging.cr0 = CR0_PE;
    key.mode = MMIO_MODE_32;
    do_fetch(UINT64_C(0xfffffffc));
    assert_int_equal(stop.status, GUEST_WALK_UNREADABLE);
    assert_int_equal(stop.gva.v, 0xfffffffc);
    do_fetch(BIT(32) + FIRST + 8);
    assert_int_equal(stop.status, GUEST_WALK_OK);
    assert_int_equal(fetch.bytes[0], 8 * 7);
}

static void compatibility_mode_code_wraps_at_4_gib(void **state)
{
    (void)state;
    *guest_ram_word(&ram, TABLE(3) + 3 * 8) = TABLE(2) | P;
    *guest_ram_word(&ram, TABLE(2) + 511 * 8) = TABLE(1) | P;
    *guest_ram_word(&ram, TABLE(1) + 511 * 8) = FIRST | P;
    *guest_ram_word(&ram, TABLE(1)) = SECOND | P;
    key.mode = MMIO_MODE_32;
    do_fetch(UINT64_C(0xfffffffc));
    assert_int_equal(stop.status, GUEST_WALK_OK);
    assert_int_equal(fetch.count, MMIO_INSN_MAX);
    assert_int_equal(fetch.bytes[3], (uint8_t)(4095 * 7));
    assert_int_equal(fetch.bytes[4], 0x80);
}

/* Puts MOV EAX, [RDI+disp8] at the address, fetches, decodes and keeps it. */
static struct mmio_insn put_and_keep(uint64_t linear, uint8_t displacement)
{
    struct mmio_insn insn;
    *code_at(linear) = 0x8b;
    *code_at(linear + 1) = 0x47;
    *code_at(linear + 2) = displacement;
    do_fetch(linear);
    assert_int_equal(mmio_decode(&fetch, key.mode, &insn), MMIO_OK);
    insn_cache_keep(&cache, &key, &log_of_reads, &insn);
    return insn;
}

static const struct mmio_insn *find(void)
{
    return insn_cache_find(&cache, &key, peek, &ram);
}

static void a_kept_instruction_is_found_again(void **state)
{
    (void)state;
    assert_null(find());
    put_and_keep(CODE + 6, 0x10);
    assert_non_null(find());
    assert_int_equal(find()->displacement, 0x10);
    assert_int_equal(find()->length, 3);
    insn_cache_flush(&cache);
    assert_null(find());
}

static void any_word_that_changed_makes_it_miss(void **state)
{
    (void)state;
    put_and_keep(CODE + 6, 0x10); /* in two words */
    static const uint64_t read[] = {TABLE(4), TABLE(3), TABLE(2), TABLE(1) + 0x10 * 8,
                                    FIRST,    FIRST + 8};
    for (size_t i = 0; i < ARRAY_SIZE(read); i++) {
        *guest_ram_word(&ram, read[i]) ^= BIT(40);
        assert_null(find());
        *guest_ram_word(&ram, read[i]) ^= BIT(40);
        assert_non_null(find());
    }
    *guest_ram_word(&ram, FIRST + 16) ^= 1; /* behind the instruction */
    *guest_ram_word(&ram, TABLE(1)) ^= 1;
    assert_non_null(find());
}

static void any_difference_of_the_key_makes_it_miss(void **state)
{
    (void)state;
    put_and_keep(CODE, 0x10);
    const struct insn_key good = key;
    for (unsigned i = 0; i < 7; i++) {
        key = good;
        key.linear += i == 0 ? 0x8000 : 0; /* the same line */
        key.cr0 ^= i == 1 ? CR0_WP : 0;
        key.cr3 ^= i == 2 ? 0x1000 : 0;
        key.cr4 ^= i == 3 ? CR4_SMEP : 0;
        key.efer ^= i == 4 ? EFER_NXE : 0;
        key.mode = i == 5 ? MMIO_MODE_32 : key.mode;
        key.user = i == 6;
        assert_null(find());
    }
    key = good;
    assert_non_null(find());
}

static void what_cannot_be_verified_is_not_kept(void **state)
{
    (void)state;
    put_and_keep(CODE + PAGE_SIZE - MMIO_INSN_MAX, 0x10);
    assert_non_null(find());
    put_and_keep(CODE + PAGE_SIZE - MMIO_INSN_MAX + 1,
                 0x10); /* its fetch looked at the next page */
    assert_null(find());
    struct mmio_insn insn = put_and_keep(CODE, 0x10);
    key.efer &= ~EFER_LMA; /* PAE paging */
    insn_cache_keep(&cache, &key, &log_of_reads, &insn);
    assert_null(find());
    key.efer |= EFER_LMA;
    insn_cache_flush(&cache);
    log_of_reads.count = INSN_WORDS_MAX + 1;
    insn_cache_keep(&cache, &key, &log_of_reads, &insn);
    assert_null(find());
}

static void a_log_counts_on_beyond_its_words(void **state)
{
    (void)state;
    struct insn_log log;
    insn_log_begin(&log);
    for (unsigned i = 0; i < 100; i++) {
        insn_log_add(&log, HPA(8 * i), i);
    }
    assert_int_equal(log.count, 100);
    assert_int_equal(log.words[INSN_WORDS_MAX - 1].value, INSN_WORDS_MAX - 1);
}

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t bound)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (random_state >> 20) % bound;
}

static void disturb(void)
{
    static const uint64_t words[] = {TABLE(4), TABLE(3), TABLE(2), TABLE(1) + 0x10 * 8,
                                     TABLE(1) + 0x11 * 8};
    if (random_below(2) == 0) {
        *guest_ram_word(&ram, words[random_below(5)]) ^= BIT(random_below(16));
    } else {
        *code_at(CODE + random_below(64)) ^= (uint8_t)random_below(256);
    }
}

/* What is found in the cache, and when nothing is, what gets into it, must be what decoding gives.
 */
static void a_hit_is_always_what_decoding_afresh_gives(void **state)
{
    (void)state;
    unsigned hits = 0;
    struct insn_cache kept = cache;
    for (unsigned step = 0; step < 200000; step++) {
        if (random_below(32) == 0) {
            setup(state);
            cache = kept; /* old entries, other memory */
        }
        if (random_below(3) == 0) {
            disturb();
        }
        struct mmio_insn fresh;
        do_fetch(CODE + random_below(12));
        bool decoded = mmio_decode(&fetch, key.mode, &fresh) == MMIO_OK;
        const struct mmio_insn *found = find();
        if (found != NULL) {
            hits++;
            assert_true(decoded);
            assert_int_equal(found->op, fresh.op);
            assert_int_equal(found->length, fresh.length);
            assert_int_equal(found->reg, fresh.reg);
            assert_int_equal(found->base, fresh.base);
            assert_int_equal(found->displacement, fresh.displacement);
            assert_int_equal(found->immediate, fresh.immediate);
        } else if (decoded) {
            insn_cache_keep(&cache, &key, &log_of_reads, &fresh);
        }
        kept = cache;
    }
    assert_true(hits > 1000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, NULL)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(code_is_fetched_at_every_offset_across_words_and_pages),
        TEST(a_fault_on_the_second_page_is_told_with_what_is_there),
        TEST(a_fault_on_the_first_page_leaves_nothing),
        TEST(user_code_is_fetched_with_user_rights),
        TEST(code_outside_ram_cannot_be_fetched),
        TEST(outside_64_bit_mode_code_wraps_at_4_gib),
        TEST(compatibility_mode_code_wraps_at_4_gib),
        TEST(a_kept_instruction_is_found_again),
        TEST(any_word_that_changed_makes_it_miss),
        TEST(any_difference_of_the_key_makes_it_miss),
        TEST(what_cannot_be_verified_is_not_kept),
        TEST(a_log_counts_on_beyond_its_words),
        TEST(a_hit_is_always_what_decoding_afresh_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
