/* SPDX-License-Identifier: Apache-2.0 */
/* links: kernel/panic_record.c */
/* The record of a run: written, found again, believed only when it is whole; names of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/panic_record.h"

static struct panic_record record;
static uint64_t head;

static int set_up(void **state)
{
    (void)state;
    memset(&record, 0xa5, sizeof(record));
    panic_record_init(&record, 1700000000);
    head = 0;
    return 0;
}

/* As kernel/log.c does it: a byte for the level, text, a line feed. */
static void print(const char *text)
{
    record.ring[head++ % PANIC_RECORD_RING] = 0x03;
    for (; *text != '\0'; text++) {
        record.ring[head++ % PANIC_RECORD_RING] = *text;
    }
    record.ring[head++ % PANIC_RECORD_RING] = '\n';
    panic_record_update(&record, head);
}

static void begin_panic(void)
{
    record.state = PANIC_RECORD_PANIC;
    record.panic_at = head;
}

static void expect_line(uint64_t *position, const char *text)
{
    char line[PANIC_RECORD_LINE];
    assert_true(panic_record_line(&record, position, line));
    assert_string_equal(line, text);
}

static void what_was_never_written_is_no_record(void **state)
{
    (void)state;
    memset(&record, 0, sizeof(record));
    assert_int_equal(panic_record_check(&record), PANIC_RECORD_NONE);
    memset(&record, 0xff, sizeof(record));
    assert_int_equal(panic_record_check(&record), PANIC_RECORD_NONE);
}

static void a_run_without_lines_or_that_ended_has_nothing_to_tell(void **state)
{
    (void)state;
    assert_int_equal(panic_record_check(&record), PANIC_RECORD_NONE);
    print("hello");
    assert_int_equal(panic_record_check(&record), PANIC_RECORD_LOG);
    record.state = PANIC_RECORD_ENDED;
    panic_record_update(&record, head);
    assert_int_equal(panic_record_check(&record), PANIC_RECORD_NONE);
}

static void a_panic_is_a_report_and_begins_where_it_began(void **state)
{
    (void)state;
    char line[PANIC_RECORD_LINE];
    print("before");
    begin_panic();
    print("PANIC: now");
    print("backtrace");
    assert_int_equal(panic_record_check(&record), PANIC_RECORD_REPORT);
    uint64_t position = panic_record_panic(&record);
    expect_line(&position, "PANIC: now");
    expect_line(&position, "backtrace");
    assert_false(panic_record_line(&record, &position, line));
    position = panic_record_first(&record);
    expect_line(&position, "before");
}

static void any_flipped_bit_of_a_panic_is_noticed(void **state)
{
    (void)state;
    print("before");
    begin_panic();
    print("PANIC: now");
    uint8_t *bytes = (uint8_t *)&record;
    for (size_t i = 0; i < sizeof(record); i += i < 2048 ? 1 : 251) {
        bytes[i] ^= (uint8_t)(1U << i % 8);
        enum panic_record_verdict verdict = panic_record_check(&record);
        assert_int_equal(verdict,
                         i < sizeof(record.magic) ? PANIC_RECORD_NONE : PANIC_RECORD_BROKEN);
        bytes[i] ^= (uint8_t)(1U << i % 8);
    }
    assert_int_equal(panic_record_check(&record), PANIC_RECORD_REPORT);
}

static void any_flipped_bit_of_a_log_s_header_is_noticed(void **state)
{
    (void)state;
    print("hello");
    uint8_t *bytes = (uint8_t *)&record;
    for (size_t i = sizeof(record.magic); i < PANIC_RECORD_HEADER; i++) {
        bytes[i] ^= 0x10;
        assert_int_equal(panic_record_check(&record), PANIC_RECORD_BROKEN);
        bytes[i] ^= 0x10;
    }
}

static void states_and_positions_that_make_no_sense_are_broken(void **state)
{
    (void)state;
    print("hello");
    record.state = 77;
    panic_record_update(&record, head);
    assert_int_equal(panic_record_check(&record), PANIC_RECORD_BROKEN);
    record.state = PANIC_RECORD_PANIC;
    record.panic_at = head + 1;
    panic_record_update(&record, head);
    assert_int_equal(panic_record_check(&record), PANIC_RECORD_BROKEN);
}

static void a_full_ring_begins_with_a_whole_line(void **state)
{
    (void)state;
    char text[64];
    char line[PANIC_RECORD_LINE];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "line %u", i);
        print(text);
    }
    uint64_t position = panic_record_first(&record);
    unsigned first = 0;
    assert_true(panic_record_line(&record, &position, line));
    assert_int_equal(sscanf(line, "line %u", &first), 1);
    unsigned next = first + 1;
    for (; panic_record_line(&record, &position, line); next++) {
        snprintf(text, sizeof(text), "line %u", next);
        assert_string_equal(line, text);
    }
    assert_int_equal(next, 5000);
    assert_in_range(first, 1, 4999);
    assert_true(5000 - first > PANIC_RECORD_RING / 12);
}

static void a_panic_that_filled_the_ring_is_shown_from_its_oldest_line(void **state)
{
    (void)state;
    begin_panic();
    for (unsigned i = 0; i < 5000; i++) {
        print("more");
    }
    assert_int_equal(panic_record_panic(&record), panic_record_first(&record));
}

static void what_does_not_print_does_not_reach_the_reader(void **state)
{
    (void)state;
    print("a\x1b[2Jb\x80\xff"
          "c\td");
    uint64_t position = 0;
    expect_line(&position, "a[2Jb\?\?cd");
}

static void a_long_line_is_cut_and_the_next_one_whole(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    print(text);
    print("next");
    uint64_t position = 0;
    text[PANIC_RECORD_LINE - 1] = '\0';
    expect_line(&position, text);
    expect_line(&position, "next");
}

static void the_end_of_all_positions_is_an_end(void **state)
{
    (void)state;
    char line[PANIC_RECORD_LINE];
    memset(record.ring, 'x', sizeof(record.ring));
    record.head = UINT64_MAX;
    uint64_t position = 0;
    assert_true(panic_record_line(&record, &position, line));
    assert_false(panic_record_line(&record, &position, line));
}

static void the_checksum_is_the_usual_crc_32(void **state)
{
    (void)state;
    memset(record.ring, 0, sizeof(record.ring));
    begin_panic();
    panic_record_update(&record, 0);
    assert_int_equal(record.content, 0x011ffca6); /* CRC-32 of 32,768 zero bytes */
}

static void names_of_files_have_one_form(void **state)
{
    (void)state;
    assert_int_equal(panic_file_number("crash-017.txt"), 17);
    assert_int_equal(panic_file_number("CRASH-999.TXT"), 999);
    static const char *const others[] = {"",
                                         "crash-1.txt",
                                         "crash-0017.txt",
                                         "crash-01a.txt",
                                         "machine.dtb",
                                         "crash-017.txt~",
                                         "crash-000.txt",
                                         "crash-017"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        assert_int_equal(panic_file_number(others[i]), 0);
    }
}

static void a_new_file_never_has_the_number_of_another(void **state)
{
    (void)state;
    uint32_t victim = 77;
    assert_int_equal(panic_file_choose(NULL, 0, &victim), 1);
    assert_int_equal(victim, 0);
    assert_int_equal(panic_file_choose((uint32_t[]){3, 9, 4}, 3, &victim), 10);
    assert_int_equal(victim, 0);
    assert_int_equal(panic_file_choose((uint32_t[]){12, 5, 6, 7, 8, 9, 10, 11}, 8, &victim), 13);
    assert_int_equal(victim, 5);
    assert_int_equal(panic_file_choose((uint32_t[]){999, 1}, 2, &victim), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_never_written_is_no_record, set_up),
        cmocka_unit_test_setup(a_run_without_lines_or_that_ended_has_nothing_to_tell, set_up),
        cmocka_unit_test_setup(a_panic_is_a_report_and_begins_where_it_began, set_up),
        cmocka_unit_test_setup(any_flipped_bit_of_a_panic_is_noticed, set_up),
        cmocka_unit_test_setup(any_flipped_bit_of_a_log_s_header_is_noticed, set_up),
        cmocka_unit_test_setup(states_and_positions_that_make_no_sense_are_broken, set_up),
        cmocka_unit_test_setup(a_full_ring_begins_with_a_whole_line, set_up),
        cmocka_unit_test_setup(a_panic_that_filled_the_ring_is_shown_from_its_oldest_line, set_up),
        cmocka_unit_test_setup(what_does_not_print_does_not_reach_the_reader, set_up),
        cmocka_unit_test_setup(a_long_line_is_cut_and_the_next_one_whole, set_up),
        cmocka_unit_test_setup(the_end_of_all_positions_is_an_end, set_up),
        cmocka_unit_test_setup(the_checksum_is_the_usual_crc_32, set_up),
        cmocka_unit_test_setup(names_of_files_have_one_form, set_up),
        cmocka_unit_test_setup(a_new_file_never_has_the_number_of_another, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
