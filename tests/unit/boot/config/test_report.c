/* SPDX-License-Identifier: Apache-2.0 */
/* links: boot/config/report.c kernel/printf.c */
/*
 * Problems: their one text, their limits, and what untrusted names may do to a console.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "boot/config/report.h"

static struct config_report report;
static char line[CONFIG_LINE_SIZE];

static int start(void **state)
{
    (void)state;
    config_report_init(&report);
    return 0;
}

static void a_problem_is_one_line(void **state)
{
    (void)state;
    struct config_problem *p = config_report_add(&report, CONFIG_ERROR, "/chosen/x", "memory");
    config_problem_value(p, "\"%s\"", "1X");
    config_problem_what(p, "is not a size");
    config_problem_remedy(p, "write %s", "512M");
    assert_string_equal(config_problem_format(p, line, sizeof(line)),
                        "error: /chosen/x: memory = \"1X\": is not a size; write 512M");
}

static void parts_that_are_empty_leave_no_trace(void **state)
{
    (void)state;
    struct config_problem *p = config_report_add(&report, CONFIG_WARNING, "/chosen", NULL);
    config_problem_what(p, "has no VM");
    assert_string_equal(config_problem_format(p, line, sizeof(line)),
                        "warning: /chosen: has no VM");
    p = config_report_add(&report, CONFIG_ERROR, "/", "cpus");
    config_problem_what(p, "is missing");
    assert_string_equal(config_problem_format(p, line, sizeof(line)), "error: /: cpus: is missing");
}

static void control_characters_do_not_reach_the_console(void **state)
{
    (void)state;
    struct config_problem *p = config_report_add(&report, CONFIG_ERROR, "/a\x1b[31m", "b\n\x80");
    config_problem_what(p, "%s", "c\r");
    assert_string_equal(config_problem_format(p, line, sizeof(line)), "error: /a?[31m: b??: c?");
}

static void the_longest_problem_fits_a_line(void **state)
{
    (void)state;
    char lots[400];
    memset(lots, 'x', sizeof(lots) - 1);
    lots[sizeof(lots) - 1] = '\0';
    struct config_problem *p = config_report_add(&report, CONFIG_WARNING, lots, lots);
    config_problem_value(p, "%s", lots);
    config_problem_what(p, "%s", lots);
    config_problem_remedy(p, "%s", lots);
    config_problem_format(p, line, sizeof(line));
    assert_int_equal(strlen(line), strlen("warning: : : ") + strlen(" = ; ") + CONFIG_NODE_SIZE -
                                       1 + CONFIG_PROPERTY_SIZE - 1 + CONFIG_VALUE_SIZE - 1 +
                                       2 * (CONFIG_WORDS_SIZE - 1));
}

static void problems_past_the_last_slot_are_counted(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CONFIG_PROBLEM_MAX + 5; i++) {
        assert_int_equal(config_report_room(&report), i < CONFIG_PROBLEM_MAX);
        config_problem_what(config_report_add(&report, CONFIG_ERROR, "/", NULL), "%u", i);
    }
    assert_int_equal(report.count, CONFIG_PROBLEM_MAX);
    assert_int_equal(report.errors, CONFIG_PROBLEM_MAX + 5);
    assert_string_equal(report.problems[CONFIG_PROBLEM_MAX - 1].what, "63");
    assert_string_equal(config_report_summary(&report, line, sizeof(line)),
                        "69 errors and 0 warnings (5 more than are shown)");
}

static void summaries_count(void **state)
{
    (void)state;
    assert_string_equal(config_report_summary(&report, line, sizeof(line)), "no problems");
    config_report_add(&report, CONFIG_ERROR, "/", NULL);
    config_report_add(&report, CONFIG_WARNING, "/", NULL);
    config_report_add(&report, CONFIG_WARNING, "/", NULL);
    assert_string_equal(config_report_summary(&report, line, sizeof(line)),
                        "1 error and 2 warnings");
}

static void sizes_are_shown_in_the_largest_unit_that_divides(void **state)
{
    (void)state;
    char text[CONFIG_SIZE_TEXT];
    assert_string_equal(config_format_size(0, text, sizeof(text)), "0 bytes");
    assert_string_equal(config_format_size(1000, text, sizeof(text)), "1000 bytes");
    assert_string_equal(config_format_size(KIB(4), text, sizeof(text)), "4 KiB");
    assert_string_equal(config_format_size(MIB(1536), text, sizeof(text)), "1536 MiB");
    assert_string_equal(config_format_size(GIB(2048), text, sizeof(text)), "2 TiB");
    assert_string_equal(config_format_size(UINT64_MAX, text, sizeof(text)),
                        "18446744073709551615 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_problem_is_one_line, start),
        cmocka_unit_test_setup(parts_that_are_empty_leave_no_trace, start),
        cmocka_unit_test_setup(control_characters_do_not_reach_the_console, start),
        cmocka_unit_test_setup(the_longest_problem_fits_a_line, start),
        cmocka_unit_test_setup(problems_past_the_last_slot_are_counted, start),
        cmocka_unit_test_setup(summaries_count, start),
        cmocka_unit_test_setup(sizes_are_shown_in_the_largest_unit_that_divides, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
