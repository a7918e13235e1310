/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/config/value.c boot/config/nearest.c kernel/printf.c */
/*
 * Values of properties and the text forms inside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "boot/config/value.h"

#define STRINGS(text) ((struct config_value){(const uint8_t *)(text), sizeof(text)})
#define BYTES(...)                                                                                 \
    ((struct config_value){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

static void assert_formatted(struct config_value value, const char *expected)
{
    char text[64];
    config_value_format(&value, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void strings_need_terminator_and_printable_text(void **state)
{
    (void)state;
    assert_int_equal(config_value_string_count(&STRINGS("one")), 1);
    assert_int_equal(config_value_string_count(&STRINGS("one\0two")), 2);
    assert_string_equal(config_value_string(&STRINGS("one\0two"), 1), "two");
    assert_int_equal(config_value_string_count(&STRINGS("")), 1);
    assert_int_equal(config_value_string_count(&BYTES('a', 'b')), 0);
    assert_int_equal(config_value_string_count(&BYTES('a', 0, 0)), 0);
    assert_int_equal(config_value_string_count(&BYTES(0, 0)), 0);
    assert_int_equal(config_value_string_count(&BYTES('a', 7, 0)), 0);
    assert_int_equal(config_value_string_count(&BYTES('a', 0x80, 0)), 0);
    assert_int_equal(config_value_string_count(&(struct config_value){NULL, 0}), 0);
}

static void cells_are_big_endian_and_whole(void **state)
{
    (void)state;
    struct config_value value = BYTES(0x12, 0x34, 0x56, 0x78, 0, 0, 0, 9);
    assert_int_equal(config_value_cell_count(&value), 2);
    assert_int_equal(config_value_cell(&value, 0), 0x12345678);
    assert_int_equal(config_value_cell(&value, 1), 9);
    assert_int_equal(config_value_cell_count(&BYTES(1, 2, 3)), 0);
}

static void values_are_shown_as_in_a_source(void **state)
{
    (void)state;
    assert_formatted(STRINGS("512M"), "\"512M\"");
    assert_formatted(STRINGS("a\0b"), "\"a\", \"b\"");
    assert_formatted(BYTES(0, 0, 0, 2, 0xf0, 0, 0, 1), "<2 0xf0000001>");
    assert_formatted(BYTES(1, 0xab, 3), "[01 ab 03]");
    assert_formatted((struct config_value){NULL, 0}, "");
}

static void long_values_are_cut_with_dots(void **state)
{
    (void)state;
    char text[12];
    struct config_value value = STRINGS("0123456789abcdef");
    config_value_format(&value, text, sizeof(text));
    assert_string_equal(text, "\"0123456...");
}

static void numbers_are_decimal_or_hexadecimal(void **state)
{
    (void)state;
    uint64_t number;
    assert_true(config_parse_number("0", &number) && number == 0);
    assert_true(config_parse_number("42", &number) && number == 42);
    assert_true(config_parse_number("0xFf", &number) && number == 255);
    assert_true(config_parse_number("18446744073709551615", &number) && number == UINT64_MAX);
    assert_false(config_parse_number("18446744073709551616", &number));
    assert_false(config_parse_number("0x10000000000000000", &number));
    assert_false(config_parse_number("", &number));
    assert_false(config_parse_number("0x", &number));
    assert_false(config_parse_number("12a", &number));
    assert_false(config_parse_number("-1", &number));
}

static void ranges_are_inclusive_and_ordered(void **state)
{
    (void)state;
    uint32_t first;
    uint32_t last;
    assert_true(config_parse_range("0x60", &first, &last) && first == 0x60 && last == 0x60);
    assert_true(config_parse_range("0x2f8-0x2ff", &first, &last));
    assert_true(first == 0x2f8 && last == 0x2ff);
    assert_false(config_parse_range("9-8", &first, &last));
    assert_false(config_parse_range("1-", &first, &last));
    assert_false(config_parse_range("-1", &first, &last));
    assert_false(config_parse_range("1-2-3", &first, &last));
    assert_false(config_parse_range("0x100000000", &first, &last));
    char text[CONFIG_RANGE_TEXT];
    assert_string_equal(config_format_range(0x60, 0x60, text, sizeof(text)), "0x60");
    assert_string_equal(config_format_range(0xcf8, 0xcff, text, sizeof(text)), "0xcf8-0xcff");
}

static void sizes_have_a_unit(void **state)
{
    (void)state;
    uint64_t bytes;
    assert_true(config_parse_size("4K", &bytes) && bytes == 4096);
    assert_true(config_parse_size("512M", &bytes) && bytes == MIB(512));
    assert_true(config_parse_size("2GiB", &bytes) && bytes == GIB(2));
    assert_true(config_parse_size("1T", &bytes) && bytes == BIT(40));
    assert_false(config_parse_size("512", &bytes));
    assert_false(config_parse_size("512MB", &bytes));
    assert_false(config_parse_size("512 M", &bytes));
    assert_false(config_parse_size("512X", &bytes));
    assert_false(config_parse_size("M", &bytes));
    assert_false(config_parse_size("99999999999T", &bytes));
}

static void pci_addresses_are_as_lspci_prints_them(void **state)
{
    (void)state;
    struct vm_pci_function f;
    assert_true(config_parse_pci("00:1f.2", &f));
    assert_true(f.segment == 0 && f.bus == 0 && f.device == 0x1f && f.function == 2);
    assert_true(config_parse_pci("0001:a0:02.7", &f));
    assert_true(f.segment == 1 && f.bus == 0xa0 && f.device == 2 && f.function == 7);
    assert_false(config_parse_pci("00:20.0", &f));
    assert_false(config_parse_pci("00:02.8", &f));
    assert_false(config_parse_pci("100:02.0", &f));
    assert_false(config_parse_pci("00:02", &f));
    assert_false(config_parse_pci("00:02.0 ", &f));
    assert_false(config_parse_pci("1:2:3:4.0", &f));
    assert_false(config_parse_pci("", &f));
    assert_false(config_parse_pci(":", &f));
}

static void edit_distance_counts_edits_and_swaps(void **state)
{
    (void)state;
    assert_int_equal(config_edit_distance("memory", "memory"), 0);
    assert_int_equal(config_edit_distance("memroy", "memory"), 1);
    assert_int_equal(config_edit_distance("emmory", "memory"), 1);
    assert_int_equal(config_edit_distance("memry", "memory"), 1);
    assert_int_equal(config_edit_distance("mamory", "memory"), 1);
    assert_int_equal(config_edit_distance("", "cpus"), 4);
    assert_int_equal(config_edit_distance("a-name-that-is-far-too-long-to-be-meant", "cpus"),
                     CONFIG_NAME_MAX);
}

static void nearest_is_the_best_of_those_that_may_be_meant(void **state)
{
    (void)state;
    struct config_nearest nearest = {.wrong = "memroy"};
    config_nearest_offer(&nearest, "cpus");
    assert_null(nearest.best);
    config_nearest_offer(&nearest, "memery");
    config_nearest_offer(&nearest, "memory");
    assert_string_equal(nearest.best, "memory");
    struct config_nearest none = {.wrong = "xyz"};
    config_nearest_offer(&none, "cpu");
    assert_null(none.best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_need_terminator_and_printable_text),
        cmocka_unit_test(cells_are_big_endian_and_whole),
        cmocka_unit_test(values_are_shown_as_in_a_source),
        cmocka_unit_test(long_values_are_cut_with_dots),
        cmocka_unit_test(numbers_are_decimal_or_hexadecimal),
        cmocka_unit_test(ranges_are_inclusive_and_ordered),
        cmocka_unit_test(sizes_have_a_unit),
        cmocka_unit_test(pci_addresses_are_as_lspci_prints_them),
        cmocka_unit_test(edit_distance_counts_edits_and_swaps),
        cmocka_unit_test(nearest_is_the_best_of_those_that_may_be_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
