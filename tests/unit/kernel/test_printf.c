/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/printf.c kernel/string.c */
/* ksnprintf against the C library's snprintf: same text, same length, same cut. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/printf.h"

#define SAME(...)                                                                                  \
    do {                                                                                           \
        char ours[128];                                                                            \
        char theirs[128];                                                                          \
        memset(ours, '#', sizeof(ours));                                                           \
        int a = ksnprintf(ours, sizeof(ours), __VA_ARGS__);                                        \
        int b = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                                     \
        assert_string_equal(ours, theirs);                                                         \
        assert_int_equal(a, b);                                                                    \
    } while (0)

static void integers_print_as_in_the_c_library(void **state)
{
    (void)state;
    SAME("%d %d %d", 0, INT_MIN, INT_MAX);
    SAME("%ld %lld", LONG_MIN, LLONG_MAX);
    SAME("%u %lu %llx", UINT_MAX, ULONG_MAX, 0xfedcba9876543210ULL);
    SAME("%5d|%-5d|%05d|%05d", 42, 42, 42, -42);
    SAME("%8x|%08x|%-8x|%X", 0xbeef, 0xbeef, 0xbeef, 0xbeefu);
    SAME("%.3d|%8.3d", 7, 7);
    SAME("%hhx %hx", (unsigned char)0xff, (unsigned short)0xabcd);
    SAME("%zu", (size_t)123456);
    SAME("%*d|%-*d|", 6, 1, 6, 1);
}

static void strings_honour_width_and_precision(void **state)
{
    (void)state;
    SAME("%s|%10s|%-10s|%.2s|%.*s", "abc", "abc", "abc", "abc", 1, "abc");
    SAME("%c%c%%", 'x', 'y');
    char unterminated[3] = {'a', 'b', 'c'};
    SAME("%.3s", unterminated);
}

static void a_long_text_is_cut_and_its_whole_length_returned(void **state)
{
    (void)state;
    char buf[6] = "#####";
    assert_int_equal(ksnprintf(buf, 5, "%s", "abcdefgh"), 8);
    assert_string_equal(buf, "abcd");
    assert_int_equal(ksnprintf(NULL, 0, "%d", 1234), 4);
    char one[1] = {'#'};
    assert_int_equal(ksnprintf(one, 1, "xyz"), 3);
    assert_int_equal(one[0], 0);
}

static void null_string_is_named(void **state)
{
    (void)state;
    char buf[16];
    const char *volatile nothing = NULL;
    ksnprintf(buf, sizeof(buf), "%s", nothing);
    assert_string_equal(buf, "(null)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_print_as_in_the_c_library),
        cmocka_unit_test(strings_honour_width_and_precision),
        cmocka_unit_test(a_long_text_is_cut_and_its_whole_length_returned),
        cmocka_unit_test(null_string_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
