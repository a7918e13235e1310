/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/fault_plan.c */
/* Faults on purpose: the words, and a generator that does the same for the same seed. */
#include "kernel/fault_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char bad[FAULT_WORD_SIZE];

static bool parse(const char *text, struct fault_plan *plan)
{
    return fault_plan_parse(text, strlen(text), plan, bad);
}

static void every_kind_has_a_word(void **state)
{
    (void)state;
    struct fault_plan plan;
    assert_true(parse("seed=7 nmi=1s,mc=20ms drop=10, double=3 read-rtc=4 read-pci=5 read-kbc=6 "
                      "read-uart=8 memory=2s restart=500us",
                      &plan));
    assert_int_equal(plan.seed, 7);
    static const uint64_t expected[FAULT_KIND_COUNT] = {
        [FAULT_NMI] = 1000000,    [FAULT_MC] = 20000,    [FAULT_DROP] = 10,
        [FAULT_DOUBLE] = 3,       [FAULT_READ_RTC] = 4,  [FAULT_READ_PCI] = 5,
        [FAULT_READ_KBC] = 6,     [FAULT_RESTART] = 500, [FAULT_READ_UART] = 8,
        [FAULT_MEMORY] = 2000000,
    };
    assert_memory_equal(plan.values, expected, sizeof(expected));
}

static void poison_is_a_list_of_pages(void **state)
{
    (void)state;
    struct fault_plan plan;
    assert_true(parse("poison=0x12345678 drop=2 poison=0xFffffffffffff,poison=0x0", &plan));
    assert_int_equal(plan.values[FAULT_POISON], 3);
    assert_int_equal(plan.poison[0], 0x12345000);
    assert_int_equal(plan.poison[1], 0xffffffffff000);
    assert_int_equal(plan.poison[2], 0);
    assert_true(parse("poison=0x1000 off poison=0x2000", &plan));
    assert_int_equal(plan.values[FAULT_POISON], 1);
    assert_int_equal(plan.poison[0], 0x2000);

    char text[FAULT_WORD_SIZE * (FAULT_POISON_MAX + 1)] = "";
    for (unsigned i = 0; i < FAULT_POISON_MAX; i++) {
        strcat(text, "poison=0x1000 ");
    }
    assert_true(parse(text, &plan));
    assert_int_equal(plan.values[FAULT_POISON], FAULT_POISON_MAX);
    strcat(text, "poison=0x9000 ");
    assert_false(parse(text, &plan));
    assert_string_equal(bad, "poison=0x9000");
}

static void nothing_and_off_are_no_faults(void **state)
{
    (void)state;
    static const struct fault_plan none = {.seed = 1};
    static const char *const texts[] = {"", " ,", "off", "nmi=1s drop=2 off"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct fault_plan plan = {.seed = 99, .values = {1, 2, 3}};
        assert_true(parse(texts[i], &plan));
        assert_memory_equal(&plan, &none, sizeof(plan));
    }
}

static void what_makes_no_sense_is_named_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const words[] = {
        "nmi",
        "nmi=",
        "nmi=1",
        "nmi=1m",
        "nmi=99us",
        "nmi=3601s",
        "nmi=1s2",
        "nmi=-1s",
        "drop=0",
        "drop=1x",
        "drop=",
        "drop=1000001",
        "seed=",
        "seed=x",
        "seed=1x",
        "seed=4294967296",
        "of",
        "offf",
        "Nmi=1s",
        "read=1",
        "read-uart=0",
        "poison=4096",
        "poison=0x",
        "poison=0X1000",
        "poison=0x12345678901234",
        "poison=0x1000g",
        "poison=",
        "memory=5",
        "=1",
        "nmi=18446744073709551617us",
        "nmi=99999999999999999999999999s",
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        char text[64];
        struct fault_plan plan = {.seed = 5, .values = {1, 2, 3}};
        const struct fault_plan before = plan;
        strcpy(text, "drop=5 ");
        strcat(text, words[i]);
        assert_false(parse(text, &plan));
        assert_memory_equal(bad, words[i], strlen(bad));
        assert_true(strlen(bad) != 0);
        assert_memory_equal(&plan, &before, sizeof(plan));
    }
}

static void only_the_given_length_is_read(void **state)
{
    (void)state;
    struct fault_plan plan;
    assert_true(fault_plan_parse("drop=123", 7, &plan, bad));
    assert_int_equal(plan.values[FAULT_DROP], 12);
}

static void the_same_seed_gives_the_same_row(void **state)
{
    (void)state;
    uint64_t a = fault_seed(7);
    uint64_t b = fault_seed(7);
    uint64_t c = fault_seed(8);
    unsigned same = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t value = fault_random(&a);
        assert_int_equal(value, fault_random(&b));
        same += value == fault_random(&c);
    }
    assert_int_equal(same, 0);
    /* The one seed that would make the state 0. */
    uint64_t zero = fault_seed(UINT64_MAX);
    assert_int_not_equal(zero, 0);
    assert_int_not_equal(fault_random(&zero), fault_random(&zero));
}

static void rates_and_pauses_are_what_was_asked_for(void **state)
{
    (void)state;
    struct fault_plan plan;
    assert_true(parse("drop=10 double=1 nmi=100ms", &plan));
    uint64_t random = fault_seed(plan.seed);
    unsigned hits = 0;
    uint64_t sum = 0;
    for (unsigned i = 0; i < 10000; i++) {
        hits += fault_hits(&plan, FAULT_DROP, &random);
        assert_true(fault_hits(&plan, FAULT_DOUBLE, &random));
        assert_false(fault_hits(&plan, FAULT_READ_RTC, &random));
        uint64_t pause = fault_pause_us(&plan, FAULT_NMI, &random);
        assert_in_range(pause, 50000, 150000);
        sum += pause;
    }
    assert_in_range(hits, 850, 1150);
    assert_in_range(sum / 10000, 98000, 102000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_word),
        cmocka_unit_test(poison_is_a_list_of_pages),
        cmocka_unit_test(nothing_and_off_are_no_faults),
        cmocka_unit_test(what_makes_no_sense_is_named_and_changes_nothing),
        cmocka_unit_test(only_the_given_length_is_read),
        cmocka_unit_test(the_same_seed_gives_the_same_row),
        cmocka_unit_test(rates_and_pauses_are_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
